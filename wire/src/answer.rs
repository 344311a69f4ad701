//! The answer to an upload: 1,024 bytes, whether accepted, stored before or refused.
//!
//! The receipt inside is the server's signed promise to show the object in its log. The device frees an object for
//! nothing less; the Merkle log that the promise refers to may come later without changing this format.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::bytes::{Reader, pad_to};
use crate::sizes::{ANSWER, ORIGIN_MAX};
use crate::{Digest, Hour, Problem};

const VERSION: u8 = 1;
const PROMISE: &[u8] = b"kapok receipt v1\n";

/// What the server says to an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The object is stored durably, now or before.
    Accepted(UntrustedReceipt),
    /// It is not.
    Refused(Problem),
}

/// Why an answer or a receipt cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not an answer in this format.
    #[error("the server's answer is malformed; nothing was freed, try again later")]
    Malformed,
    /// The promise is about other bytes than were sent.
    #[error("the receipt is for another object; nothing was freed, try again later")]
    OtherObject,
    /// The promise names a log that the bundle does not.
    #[error("the receipt names another log than the organisation's bundle; fetch the newest bundle")]
    OtherLog,
    /// The signature is not by the log key.
    #[error("the receipt is not signed by the organisation's log key; fetch the newest bundle")]
    BadSignature,
}

/// A promise as it arrived. Nothing may be freed for it before [`Self::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntrustedReceipt {
    hour: Hour,
    leaf: [u8; 32],
    signature: [u8; 64],
    origin: String,
}

/// A promise whose signature, log and leaf were checked against one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The hour in which the server stored the object.
    pub hour: Hour,
    /// The leaf that the log will show.
    pub leaf: [u8; 32],
    /// The answer's receipt fields, kept as evidence.
    pub bytes: Vec<u8>,
}

/// The log leaf of an object: RFC 6962's leaf hash over digest and hour.
#[must_use]
pub fn leaf(digest: Digest, hour: Hour) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(digest.0);
    hasher.update(hour.0.to_be_bytes());
    hasher.finalize().into()
}

fn promise(origin: &str, leaf: &[u8; 32], hour: Hour) -> Option<Vec<u8>> {
    let len = u8::try_from(origin.len()).ok().filter(|len| usize::from(*len) <= ORIGIN_MAX)?;
    let mut out = PROMISE.to_vec();
    out.push(len);
    out.extend(origin.as_bytes());
    out.extend(leaf);
    out.extend(hour.0.to_be_bytes());
    Some(out)
}

impl UntrustedReceipt {
    /// The server's side: promises to log `digest` as stored in `hour`.
    ///
    /// # Errors
    /// [`AnswerError::Malformed`] if `origin` is longer than [`ORIGIN_MAX`].
    pub fn sign(key: &SigningKey, origin: &str, digest: Digest, hour: Hour) -> Result<Self, AnswerError> {
        let leaf = leaf(digest, hour);
        let message = promise(origin, &leaf, hour).ok_or(AnswerError::Malformed)?;
        Ok(Self { hour, leaf, signature: key.sign(&message).to_bytes(), origin: origin.to_owned() })
    }

    /// The device's side: checks the promise for the object with `digest`, by the log the bundle names.
    ///
    /// # Errors
    /// Which of leaf, log and signature is wrong.
    pub fn verify(&self, key: &VerifyingKey, origin: &str, digest: Digest) -> Result<Receipt, AnswerError> {
        if self.leaf != leaf(digest, self.hour) {
            return Err(AnswerError::OtherObject);
        }
        if self.origin != origin {
            return Err(AnswerError::OtherLog);
        }
        let message = promise(origin, &self.leaf, self.hour).ok_or(AnswerError::Malformed)?;
        key.verify_strict(&message, &Signature::from_bytes(&self.signature)).map_err(|_| AnswerError::BadSignature)?;
        Ok(Receipt { hour: self.hour, leaf: self.leaf, bytes: self.encode() })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(105 + self.origin.len());
        out.extend(self.hour.0.to_be_bytes());
        out.extend(self.leaf);
        out.extend(self.signature);
        // `sign` and `decode` let no longer origin in.
        out.push(u8::try_from(self.origin.len()).unwrap_or(u8::MAX));
        out.extend(self.origin.as_bytes());
        out
    }

    fn decode(r: &mut Reader<'_>) -> Option<Self> {
        let hour = Hour(r.u64()?);
        let leaf = r.array()?;
        let signature = r.array()?;
        let len = usize::from(r.u8()?);
        if len > ORIGIN_MAX {
            return None;
        }
        let origin = std::str::from_utf8(r.take(len)?).ok()?.to_owned();
        Some(Self { hour, leaf, signature, origin })
    }
}

impl Answer {
    /// The 1,024 bytes on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Accepted(receipt) => {
                out.extend(0u16.to_be_bytes());
                out.extend(receipt.encode());
            }
            Self::Refused(problem) => out.extend(problem.code().to_be_bytes()),
        }
        out.resize(ANSWER, 0);
        out
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// [`AnswerError::Malformed`] for any other length, version, code or padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, AnswerError> {
        if bytes.len() != ANSWER {
            return Err(AnswerError::Malformed);
        }
        Self::decode_fields(bytes).ok_or(AnswerError::Malformed)
    }

    fn decode_fields(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return None;
        }
        let answer = match r.u16()? {
            0 => Self::Accepted(UntrustedReceipt::decode(&mut r)?),
            code => Self::Refused(Problem::from_code(code)?),
        };
        r.rest_is_zero().then_some(answer)
    }
}

/// What the server says to the desk about a registration or a publication. Padded like an upload's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// Done, now or before.
    Done,
    /// Not done.
    Refused(Problem),
}

impl Ack {
    /// The 1,024 bytes on the wire.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let code = match self {
            Self::Done => 0,
            Self::Refused(problem) => problem.code(),
        };
        let mut out = vec![VERSION];
        out.extend(code.to_be_bytes());
        out.resize(ANSWER, 0);
        out
    }

    /// Reads an acknowledgement.
    ///
    /// # Errors
    /// [`AnswerError::Malformed`] for any other length, version, code or padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, AnswerError> {
        let mut r = Reader::new(bytes);
        let (Some(VERSION), Some(code)) = (r.u8(), r.u16()) else {
            return Err(AnswerError::Malformed);
        };
        let ack = match code {
            0 => Self::Done,
            code => Self::Refused(Problem::from_code(code).ok_or(AnswerError::Malformed)?),
        };
        (bytes.len() == ANSWER && r.rest_is_zero()).then_some(ack).ok_or(AnswerError::Malformed)
    }
}

/// Pads the payload of a page (bundle, token answer, pulled objects) to its one length.
///
/// # Errors
/// [`AnswerError::Malformed`] if it is longer than a page.
pub fn page(payload: Vec<u8>) -> Result<Vec<u8>, AnswerError> {
    pad_to(payload, crate::sizes::PAGE).ok_or(AnswerError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORIGIN: &str = "log.example/kapok";

    fn receipt() -> (SigningKey, UntrustedReceipt) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let receipt = UntrustedReceipt::sign(&key, ORIGIN, Digest([1; 32]), Hour(498_000)).unwrap();
        (key, receipt)
    }

    #[test]
    fn accepted_and_refused_have_one_length_and_read_back() {
        let (_, receipt) = receipt();
        for answer in [Answer::Accepted(receipt), Answer::Refused(Problem::TokenSpent)] {
            let bytes = answer.encode();
            assert_eq!(bytes.len(), ANSWER);
            assert_eq!(Answer::decode(&bytes), Ok(answer));
        }
    }

    #[test]
    fn the_committed_vector_still_verifies() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/answer.json")).unwrap();
        let bytes = crate::vectors::hex(vectors["accepted"].as_str().unwrap());
        let mut padded = bytes.clone();
        padded.resize(ANSWER, 0);
        let (key, receipt) = receipt();
        assert_eq!(Answer::decode(&padded), Ok(Answer::Accepted(receipt.clone())));
        assert!(receipt.verify(&key.verifying_key(), ORIGIN, Digest([1; 32])).is_ok());
    }

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        let bytes = Answer::Accepted(receipt().1).encode();
        let end = bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
        crate::vectors::write_hex("answer", "accepted", &bytes[..end]);
    }

    #[test]
    fn a_receipt_holds_for_its_object_log_and_key_only() {
        let (key, receipt) = receipt();
        let public = key.verifying_key();
        assert!(receipt.verify(&public, ORIGIN, Digest([1; 32])).is_ok(), "control");
        assert_eq!(receipt.verify(&public, ORIGIN, Digest([2; 32])), Err(AnswerError::OtherObject));
        assert_eq!(receipt.verify(&public, "other", Digest([1; 32])), Err(AnswerError::OtherLog));
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert_eq!(receipt.verify(&other, ORIGIN, Digest([1; 32])), Err(AnswerError::BadSignature));
        let mut later = receipt;
        later.hour = Hour(498_001);
        assert_eq!(later.verify(&public, ORIGIN, Digest([1; 32])), Err(AnswerError::OtherObject));
    }

    proptest! {
        #[test]
        fn random_answers_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), ANSWER)) {
            let _ = Answer::decode(&bytes);
            bytes[..3].copy_from_slice(&[1, 0, 0]);
            let _ = Answer::decode(&bytes);
        }
    }
}
