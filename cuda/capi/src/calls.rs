//! What a call answers: a status, and words where it was refused.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use hairpin_core::ConfigError;
use hairpin_cuda::GpuError;

use crate::{HAIRPIN_CUDA_DEFECT, HAIRPIN_CUDA_NO_GPU, HAIRPIN_CUDA_OK, HAIRPIN_CUDA_REFUSED};

thread_local! {
    static WORDS: RefCell<CString> = RefCell::default();
}

/// Why a call was refused.
pub(crate) struct Refused {
    status: c_int,
    words: String,
}

impl Refused {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self {
            status: HAIRPIN_CUDA_REFUSED,
            words: words.into(),
        }
    }

    pub(crate) fn of_trial(trial: usize, error: &ConfigError) -> Self {
        Self::new(format!("the update of trial {trial}: {error}"))
    }
}

impl From<GpuError> for Refused {
    fn from(error: GpuError) -> Self {
        let status = match error {
            GpuError::NoDriver | GpuError::StubDriver | GpuError::NoDevice => HAIRPIN_CUDA_NO_GPU,
            _ => HAIRPIN_CUDA_REFUSED,
        };
        Self {
            status,
            words: error.to_string(),
        }
    }
}

/// Makes a call, and keeps its words where it is refused. A panic ends here.
pub(crate) fn answer(call: impl FnOnce() -> Result<(), Refused>) -> c_int {
    let refused = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return HAIRPIN_CUDA_OK,
        Ok(Err(refused)) => refused,
        Err(_) => Refused {
            status: HAIRPIN_CUDA_DEFECT,
            words: "a defect of hairpin: please report it with what was called".into(),
        },
    };
    let words = CString::new(refused.words.replace('\0', " ")).unwrap_or_default();
    WORDS.with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut() {
            *kept = words;
        }
    });
    refused.status
}

/// The words of the last call that was refused.
pub(crate) fn last_error() -> *const c_char {
    WORDS.with(|kept| {
        kept.try_borrow()
            .map_or(std::ptr::null(), |kept| kept.as_ptr())
    })
}
