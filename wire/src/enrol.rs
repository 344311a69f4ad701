//! Enrolment: an invite's secret and a batch of blinded elements against a batch of evaluated ones.

use crate::bytes::{Reader, pad_to};
use crate::sizes::{PAGE, TEXT_BODY, TOKEN_BATCH};
use crate::token::{ELEMENT, Evaluation, PROOF};
use crate::{InviteSecret, Problem};

const VERSION: u8 = 1;

/// A device asks for its tokens. On the wire: 16,384 bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct EnrolRequest {
    /// Proves the invite; good for one device.
    pub secret: InviteSecret,
    /// Blinded elements, [`TOKEN_BATCH`] of them from every device alike.
    pub blinded: Vec<[u8; ELEMENT]>,
}

impl EnrolRequest {
    /// The body of `POST /v1/enrol`.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if the batch has not exactly [`TOKEN_BATCH`] elements.
    pub fn encode(&self) -> Result<Vec<u8>, Problem> {
        if self.blinded.len() != usize::from(TOKEN_BATCH) {
            return Err(Problem::Malformed);
        }
        let mut out = vec![VERSION];
        // EXPOSE: the one place where the secret leaves the device, over the pinned channel.
        out.extend(self.secret.expose());
        out.extend(TOKEN_BATCH.to_be_bytes());
        out.extend(self.blinded.iter().flatten());
        pad_to(out, TEXT_BODY).ok_or(Problem::Malformed)
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for any other length, version, count or padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() != TEXT_BODY {
            return Err(Problem::Malformed);
        }
        Self::decode_fields(bytes).ok_or(Problem::Malformed)
    }

    fn decode_fields(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        let secret = InviteSecret::from_bytes(r.array()?);
        let blinded = elements(&mut r)?;
        (version == VERSION && r.rest_is_zero()).then_some(Self { secret, blinded })
    }
}

fn elements(r: &mut Reader<'_>) -> Option<Vec<[u8; ELEMENT]>> {
    // The count is checked before anything is allocated; every device sends the same.
    if r.u16()? != TOKEN_BATCH {
        return None;
    }
    (0..TOKEN_BATCH).map(|_| r.array()).collect()
}

/// The server's answer to an enrolment. On the wire: one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnrolAnswer {
    /// The evaluated batch.
    Tokens(Evaluation),
    /// Why there is none.
    Refused(Problem),
}

impl EnrolAnswer {
    /// The page on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Tokens(evaluation) => {
                out.extend(0u16.to_be_bytes());
                out.extend(TOKEN_BATCH.to_be_bytes());
                out.extend(evaluation.elements.iter().flatten());
                out.extend(evaluation.proof);
            }
            Self::Refused(problem) => out.extend(problem.code().to_be_bytes()),
        }
        out.resize(PAGE, 0);
        out
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for any other length, version, code, count or padding.
    pub fn decode(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() != PAGE {
            return Err(Problem::Malformed);
        }
        Self::decode_fields(bytes).ok_or(Problem::Malformed)
    }

    fn decode_fields(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return None;
        }
        let answer = match r.u16()? {
            0 => {
                let elements = elements(&mut r)?;
                Self::Tokens(Evaluation { elements, proof: r.array::<PROOF>()? })
            }
            code => Self::Refused(Problem::from_code(code)?),
        };
        r.rest_is_zero().then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Blinding, Issuer};
    use proptest::prelude::*;

    #[test]
    fn request_and_answer_have_fixed_lengths_and_read_back() {
        let blinding = Blinding::make().unwrap();
        let request = EnrolRequest { secret: InviteSecret::from_bytes([4; 32]), blinded: blinding.elements().unwrap() };
        let body = request.encode().unwrap();
        assert_eq!(body.len(), 16_384);
        assert_eq!(EnrolRequest::decode(&body).unwrap(), request);
        let evaluation = Issuer::derive(&[1; 32]).unwrap().evaluate(&request.blinded).unwrap();
        for answer in [EnrolAnswer::Tokens(evaluation), EnrolAnswer::Refused(Problem::InviteUsed)] {
            let page = answer.encode();
            assert_eq!(page.len(), PAGE);
            assert_eq!(EnrolAnswer::decode(&page), Ok(answer));
        }
    }

    /// A request whose elements count up: only their places matter here.
    fn counting() -> EnrolRequest {
        let blinded = (0..TOKEN_BATCH).map(|n| [n.to_be_bytes()[1]; ELEMENT]).collect();
        EnrolRequest { secret: InviteSecret::from_bytes([4; 32]), blinded }
    }

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        let body = counting().encode().unwrap();
        let digest = crate::Digest::of(&body).0;
        crate::vectors::write_hex("enrol", "request_sha256", &digest);
    }

    #[test]
    fn the_committed_vector_still_holds() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/enrol.json")).unwrap();
        let expected = crate::vectors::hex(vectors["request_sha256"].as_str().unwrap());
        let body = counting().encode().unwrap();
        assert_eq!(crate::Digest::of(&body).0.to_vec(), expected);
        assert_eq!(EnrolRequest::decode(&body), Ok(counting()));
    }

    #[test]
    fn another_count_is_refused_before_allocation() {
        let mut body = vec![0; TEXT_BODY];
        body[0] = 1;
        body[33..35].copy_from_slice(&u16::MAX.to_be_bytes());
        assert_eq!(EnrolRequest::decode(&body), Err(Problem::Malformed));
        assert_eq!(EnrolRequest::decode(&body[..100]), Err(Problem::Malformed));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), TEXT_BODY)) {
            let _ = EnrolRequest::decode(&bytes);
            let mut page = bytes.repeat(4);
            page[..5].copy_from_slice(&[1, 0, 0, 1, 0]);
            let _ = EnrolAnswer::decode(&page);
        }
    }
}
