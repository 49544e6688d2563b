//! Random numbers that depend on a seed, a purpose and a number of a stream alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The generator of one stream of a seed.
///
/// The key is spelt out, so that it does not depend on how a library stretches a seed; the purpose keeps streams of
/// different uses apart.
pub(crate) fn generator(seed: u64, purpose: [u8; 8], stream: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose);
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(stream);
    generator
}
