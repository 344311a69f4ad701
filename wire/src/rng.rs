//! The one place that asks the operating system for randomness.
//!
//! Everything else takes bytes or an RNG as an argument, so that vectors and property tests can fix it.

use rand_core::{OsRng, RngCore};

/// Fills `buffer` from the operating system.
///
/// Aborts if the system has no randomness to give: no key may be made then, and no caller could go on.
pub fn fill(buffer: &mut [u8]) {
    OsRng.fill_bytes(buffer);
}

/// `N` fresh random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    fill(&mut out);
    out
}

/// The system's generator, for crates that want one of their own.
#[must_use]
pub fn system() -> impl rand_core::RngCore + rand_core::CryptoRng {
    OsRng
}
