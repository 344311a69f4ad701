//! What the desk tells the server about an invite: a hash and an hour, never the secret.

use crate::bytes::{Reader, pad_to};
use crate::sizes::ANSWER;
use crate::{Hour, Problem};

const VERSION: u8 = 1;

/// The body of `POST /v1/invites`. On the wire: 1,024 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteRegistration {
    /// SHA-256 of the invite's secret.
    pub secret_hash: [u8; 32],
    /// Last hour in which it may be used.
    pub expires: Hour,
}

impl InviteRegistration {
    /// The 1,024 bytes on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.secret_hash);
        out.extend(self.expires.0.to_be_bytes());
        pad_to(out, ANSWER).expect("41 bytes fit 1,024")
    }

    /// Reads a registration.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for any other length, version or padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() != ANSWER {
            return Err(Problem::Malformed);
        }
        Self::decode_fields(bytes).ok_or(Problem::Malformed)
    }

    fn decode_fields(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        let registration = Self { secret_hash: r.array()?, expires: Hour(r.u64()?) };
        (version == VERSION && r.rest_is_zero()).then_some(registration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        let registration = InviteRegistration { secret_hash: [6; 32], expires: Hour(498_072) };
        crate::vectors::write_hex("registration", "body", &registration.encode()[..41]);
    }

    #[test]
    fn the_committed_vector_still_reads() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/registration.json")).unwrap();
        let mut body = crate::vectors::hex(vectors["body"].as_str().unwrap());
        body.resize(ANSWER, 0);
        let expected = InviteRegistration { secret_hash: [6; 32], expires: Hour(498_072) };
        assert_eq!(InviteRegistration::decode(&body), Ok(expected));
        assert_eq!(expected.encode(), body);
    }

    #[test]
    fn a_registration_has_a_fixed_length_and_reads_back() {
        let registration = InviteRegistration { secret_hash: [6; 32], expires: Hour(498_072) };
        let body = registration.encode();
        assert_eq!(body.len(), ANSWER);
        assert_eq!(InviteRegistration::decode(&body), Ok(registration));
        for at in [0, 41, ANSWER - 1] {
            let mut bad = body.clone();
            bad[at] ^= 2;
            assert_eq!(InviteRegistration::decode(&bad), Err(Problem::Malformed), "byte {at}");
        }
        assert_eq!(InviteRegistration::decode(&body[1..]), Err(Problem::Malformed));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), ANSWER)) {
            let _ = InviteRegistration::decode(&bytes);
            bytes[0] = 1;
            let _ = InviteRegistration::decode(&bytes);
        }
    }
}
