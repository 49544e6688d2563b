//! The kernels as they are shipped: PTX, which the driver compiles for the device at hand.

macro_rules! modules {
    ($($module:ident = $file:literal),+ $(,)?) => {
        /// A file of kernels.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Module {
            $(#[doc = $file] $module,)+
        }

        /// How many there are.
        pub(crate) const COUNT: usize = [$(Module::$module),+].len();

        impl Module {
            pub(crate) fn ptx(self) -> &'static str {
                match self {
                    $(Self::$module => include_str!(concat!("../ptx/", $file)),)+
                }
            }
        }
    };
}

modules! {
    Update = "update.ptx",
    Schedules = "schedules.ptx",
    Rates = "rates.ptx",
    Softmax = "softmax.ptx",
    Mlp = "mlp.ptx",
}
