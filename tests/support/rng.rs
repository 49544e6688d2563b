//! Seeded random numbers, so that every failure can be run again.

/// SplitMix64: small, and good enough to choose test inputs.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator for the suite called `name`, from `HAIRPIN_SEED` or a fixed seed; prints the seed.
    pub fn from_env(name: &str) -> Self {
        let seed = env("HAIRPIN_SEED").unwrap_or(1);
        println!("{name}: HAIRPIN_SEED={seed}");
        // Suites that share a seed draw different numbers.
        let salt = name.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(salt)
    }

    pub fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform from `low` to `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.u64() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A positive number whose logarithm is uniform.
    pub fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        self.uniform(low.ln(), high.ln()).exp()
    }

    /// Uniform from 0 to `bound`, which is included.
    pub fn up_to(&mut self, bound: u32) -> u32 {
        (self.u64() % (u64::from(bound) + 1)) as u32
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.up_to(n - 1) == 0
    }

    pub fn sign(&mut self) -> f64 {
        if self.one_in(2) { 1.0 } else { -1.0 }
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.u64() as usize % from.len()]
    }
}

/// A number from the environment.
pub fn env(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text}: must be a whole number")),
    )
}
