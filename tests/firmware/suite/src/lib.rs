//! Requests to the core and its answers, the same source on the host and on every chip.
#![no_std]
#![forbid(unsafe_code)]

/// Where requests come from and answers go.
pub trait Channel {
    /// What goes wrong with it.
    type Error;

    /// Fills `bytes`; `false` where the requests have ended.
    ///
    /// # Errors
    /// Requests that end in the middle, or cannot be read.
    fn read(&mut self, bytes: &mut [u8]) -> Result<bool, Self::Error>;

    /// Adds to the answers.
    ///
    /// # Errors
    /// Answers that cannot be written.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Answers all requests.
///
/// # Errors
/// What goes wrong with the channel.
pub fn answer<C: Channel>(channel: &mut C) -> Result<(), C::Error> {
    let mut kind = [0];
    while channel.read(&mut kind)? {
        channel.write(&kind)?;
    }
    Ok(())
}
