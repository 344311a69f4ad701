//! Upload bodies: a head of 256 bytes in front of a sealed area, the same bytes over every route.
//!
//! The head lies inside the body and not in HTTP headers, so that a relay, Tor or a courier's file carries exactly
//! what a direct connection carries. The format is described in `docs/formats/upload.md`.

use crate::bytes::Reader;
use crate::sizes::HEAD;
use crate::token::Token;
use crate::{Digest, Lane, ObjectId, Problem, UploadId};

const VERSION: u8 = 1;

/// What the server needs to know about an object, and all it gets to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which of the two body lengths.
    pub lane: Lane,
    /// The upload this object belongs to.
    pub upload: UploadId,
    /// The object's own id: storing is put-if-absent by this id.
    pub object: ObjectId,
    /// SHA-256 of the sealed area.
    pub digest: Digest,
    /// The token that opens the upload.
    pub token: Token,
}

impl Head {
    /// The 256 bytes in front of the sealed area.
    #[must_use]
    pub fn encode(&self) -> [u8; HEAD] {
        let mut out = Vec::with_capacity(HEAD);
        out.extend([VERSION, self.lane.code()]);
        out.extend([0; 14]);
        out.extend(self.upload.0);
        out.extend(self.object.0);
        out.extend(self.digest.0);
        out.extend(self.token.nonce);
        out.extend(self.token.output);
        out.extend(self.token.key.0);
        out.resize(HEAD, 0);
        out.try_into().expect("resized to HEAD above")
    }

    /// Reads the first [`HEAD`] bytes of a body, so that a server can look at the token before it takes the rest;
    /// `None` if version, lane or a reserved byte is wrong. Neither token nor digest is checked here.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        let lane = Lane::from_code(r.u8()?)?;
        let reserved = r.array::<14>()?;
        let head = Self {
            lane,
            upload: UploadId(r.array()?),
            object: ObjectId(r.array()?),
            digest: Digest(r.array()?),
            token: Token { nonce: r.array()?, output: r.array()?, key: crate::TokenKeyId(r.array()?) },
        };
        (version == VERSION && reserved == [0; 14] && r.rest_is_zero()).then_some(head)
    }
}

/// A checked upload body: the head, and the sealed area whose digest the head names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The decoded head.
    pub head: Head,
    /// The sealed area: 16,128 or 65,280 bytes.
    pub sealed: &'a [u8],
}

/// Joins head and sealed area to the body that goes on the wire.
///
/// # Errors
/// [`Problem::Malformed`] if `sealed` has not the length of the head's lane or not the head's digest.
pub fn encode_body(head: &Head, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
    if sealed.len() != head.lane.sealed_len() || Digest::of(sealed) != head.digest {
        return Err(Problem::Malformed);
    }
    let mut out = Vec::with_capacity(head.lane.body_len());
    out.extend(head.encode());
    out.extend(sealed);
    Ok(out)
}

/// Takes a body from the wire apart and checks its length, version, reserved bytes and digest.
///
/// # Errors
/// [`Problem::Malformed`] if any of them is wrong. The token is *not* checked here: only its issuer can.
pub fn decode_body(bytes: &[u8]) -> Result<Body<'_>, Problem> {
    let (head, sealed) = bytes.split_at_checked(HEAD).ok_or(Problem::Malformed)?;
    let head = Head::decode(head).ok_or(Problem::Malformed)?;
    if sealed.len() != head.lane.sealed_len() || Digest::of(sealed) != head.digest {
        return Err(Problem::Malformed);
    }
    Ok(Body { head, sealed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TokenKeyId;
    use proptest::prelude::*;

    fn head(lane: Lane, sealed: &[u8]) -> Head {
        Head {
            lane,
            upload: UploadId([1; 16]),
            object: ObjectId([2; 16]),
            digest: Digest::of(sealed),
            token: Token { nonce: [3; 32], output: [4; 64], key: TokenKeyId([5; 8]) },
        }
    }

    #[test]
    fn a_body_has_exactly_one_of_two_lengths_and_reads_back() {
        for (lane, len) in [(Lane::Text, 16_384), (Lane::Media, 65_536)] {
            let sealed = vec![9; lane.sealed_len()];
            let head = head(lane, &sealed);
            let body = encode_body(&head, &sealed).unwrap();
            assert_eq!(body.len(), len);
            assert_eq!(decode_body(&body).unwrap(), Body { head, sealed: &sealed });
        }
    }

    #[test]
    fn the_committed_vector_still_reads() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/upload.json")).unwrap();
        let sealed = vec![9; Lane::Text.sealed_len()];
        let expected: Vec<u8> = crate::vectors::hex(vectors["head"].as_str().unwrap());
        assert_eq!(head(Lane::Text, &sealed).encode().to_vec(), expected);
    }

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        let sealed = vec![9; Lane::Text.sealed_len()];
        crate::vectors::write_hex("upload", "head", &head(Lane::Text, &sealed).encode());
    }

    #[test]
    fn any_changed_byte_is_malformed() {
        let sealed = vec![9; Lane::Text.sealed_len()];
        let body = encode_body(&head(Lane::Text, &sealed), &sealed).unwrap();
        // Ids and token are the sender's to choose; version, lane, reserved bytes, digest and content are not.
        for at in [0, 1, 2, 15, 48, 79, 184, 255, 256, 16_383] {
            let mut bad = body.clone();
            bad[at] ^= 1;
            assert_eq!(decode_body(&bad), Err(Problem::Malformed), "byte {at}");
        }
        assert!(decode_body(&body).is_ok(), "control: the untouched body is accepted");
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let _ = decode_body(&bytes);
        }
    }
}
