//! Hexadecimal digits for values of fixed length: one way to write them and one to read them.
//!
//! People compare and retype such values (a fingerprint, a hash), so both cases read; lower case is written.

use std::fmt;

/// The text is not the value it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not {0} hexadecimal digits; copy it again, whole")]
pub struct HexError(
    /// Digits that the value has.
    pub usize,
);

/// Writes two digits a byte.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads exactly two digits a byte: no white space, no prefix.
pub(crate) fn parse<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let wrong = HexError(2 * N);
    if text.len() != 2 * N {
        return Err(wrong);
    }
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        for c in pair {
            *byte = *byte << 4 | digit(*c).ok_or(wrong)?;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Pin;
    use crate::{Digest, ObjectId};
    use proptest::prelude::*;

    #[test]
    fn a_value_is_read_as_it_is_printed_in_either_case() {
        let pin = Pin([0xa7; 32]);
        assert_eq!(pin.to_string(), "a7".repeat(32));
        assert_eq!(pin.to_string().parse(), Ok(pin));
        assert_eq!(pin.to_string().to_uppercase().parse(), Ok(pin));
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(ObjectId([0x0f; 16]).to_string().parse(), Ok(ObjectId([0x0f; 16])));
    }

    #[test]
    fn anything_else_is_refused_and_told_how_long_it_should_be() {
        let long = "a".repeat(65);
        let other = "g".repeat(64);
        let wide = "é".repeat(32);
        let spaced = format!(" {}", "a".repeat(63));
        for bad in ["", "a7", &long, &other, &wide, &spaced, &format!("+{}", "a".repeat(63))] {
            assert_eq!(bad.parse::<Pin>(), Err(HexError(64)), "{bad}");
            assert_eq!(bad.parse::<Digest>(), Err(HexError(64)), "{bad}");
            assert_eq!(bad.parse::<ObjectId>(), Err(HexError(32)), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_value_reads_back(bytes in any::<[u8; 32]>()) {
            prop_assert_eq!(Digest(bytes).to_string().parse(), Ok(Digest(bytes)));
        }

        #[test]
        fn random_text_never_panics(text in ".{0,80}") {
            let _ = text.parse::<Pin>();
        }
    }
}
