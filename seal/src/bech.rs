//! Bech32 without its length limit: a post-quantum recipient is 1,959 characters.
//!
//! Only the canonical spelling is read (one case, the one age writes), so that equal keys are equal strings.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Checksum, Hrp};
use zeroize::Zeroizing;

/// Bech32's checksum over a string of any length.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Long {}

impl Checksum for Long {
    type MidstateRepr = u32;
    const CODE_LENGTH: usize = usize::MAX;
    const CHECKSUM_LENGTH: usize = bech32::Bech32::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = bech32::Bech32::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = bech32::Bech32::TARGET_RESIDUE;
}

/// The bytes behind `text`, if its prefix is `prefix` in the same case, exactly `N` bytes follow, and `text` is how
/// [`lower`] or [`upper`] would write them.
pub(crate) fn parse<const N: usize>(prefix: &str, text: &str) -> Option<Zeroizing<[u8; N]>> {
    let checked = CheckedHrpstring::new::<Long>(text).ok()?;
    if !text.starts_with(prefix) || checked.hrp().len() != prefix.len() || checked.byte_iter().len() != N {
        return None;
    }
    let mut bytes = Zeroizing::new([0; N]);
    for (slot, byte) in bytes.iter_mut().zip(checked.byte_iter()) {
        *slot = byte;
    }
    // The last character's spare bits must be zero; comparing with our own spelling also settles that.
    let again = if prefix.starts_with('A') { upper(prefix, bytes.as_slice()) } else { lower(prefix, bytes.as_slice()) };
    (again.as_str() == text).then_some(bytes)
}

/// `bytes` in lower case, as age writes recipients.
pub(crate) fn lower(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let hrp = Hrp::parse(prefix).expect("prefixes are constants of this crate");
    Zeroizing::new(bech32::encode_lower::<Long>(hrp, bytes).expect("no length limit is left to break"))
}

/// `bytes` in upper case, as age writes identities.
pub(crate) fn upper(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let hrp = Hrp::parse(prefix).expect("prefixes are constants of this crate");
    Zeroizing::new(bech32::encode_upper::<Long>(hrp, bytes).expect("no length limit is left to break"))
}
