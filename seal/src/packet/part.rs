//! The plaintext of one part: kind, length, body, zeros.

use zeroize::Zeroizing;

use super::overflow::OverflowStub;
use crate::deflate::deflate;
use crate::error::Error;
use crate::limits::CONTENT_MAX;

/// Kind and length, in bytes.
pub(super) const PREFIX: usize = 5;
const INLINE: u8 = 0;
const OVERFLOW: u8 = 1;

/// What a part turned out to hold, before inflating.
pub(super) enum Body<'a> {
    /// The deflated content itself.
    Inline(&'a [u8]),
    /// The key to where it lies.
    Overflow(OverflowStub),
}

/// Content compressed for a part of `room` bytes.
pub(super) enum Fitted {
    /// It fits: the part's plaintext, still without its zeros.
    Inline(Zeroizing<Vec<u8>>),
    /// It does not: the deflated content, to travel as an item.
    TooLong(Zeroizing<Vec<u8>>),
}

pub(super) fn fit(content: &[u8], room: usize) -> Result<Fitted, Error> {
    if content.len() > CONTENT_MAX {
        return Err(Error::ContentTooLong { max: CONTENT_MAX });
    }
    let deflated = deflate(content)?;
    if deflated.len() + PREFIX > room {
        return Ok(Fitted::TooLong(deflated));
    }
    encode(INLINE, &deflated).map(Fitted::Inline)
}

pub(super) fn encode_stub(stub: &OverflowStub) -> Result<Zeroizing<Vec<u8>>, Error> {
    encode(OVERFLOW, stub.expose_bytes().as_slice())
}

fn encode(kind: u8, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let len = u32::try_from(body.len()).map_err(|_| Error::SealFailed)?;
    let mut out = Zeroizing::new(Vec::with_capacity(PREFIX + body.len()));
    out.push(kind);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(body);
    Ok(out)
}

pub(super) fn decode(plaintext: &[u8]) -> Result<Body<'_>, Error> {
    let ([kind, len @ ..], rest) = plaintext.split_first_chunk::<PREFIX>().ok_or(Error::Malformed)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| Error::Malformed)?;
    let (body, zeros) = rest.split_at_checked(len).ok_or(Error::Malformed)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(Error::Malformed);
    }
    match *kind {
        INLINE => Ok(Body::Inline(body)),
        OVERFLOW => OverflowStub::from_bytes(body).map(Body::Overflow),
        _ => Err(Error::UnknownVersion),
    }
}
