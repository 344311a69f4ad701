//! Compression before sealing: raw deflate, bounded on the way back.
//!
//! A packet is a constant size, so what compression does to lengths tells an onlooker nothing, except whether a long
//! report needed chunks at all.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits::CONTENT_MAX;

/// First output buffer of inflating, in bytes: most reports need no second one.
const FIRST_GUESS: usize = 16 << 10;

/// `content`, deflated at the best level.
pub(crate) fn deflate(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Stored blocks cost 5 bytes a block; this bound is never reached, so the buffer never moves.
    let mut out = Zeroizing::new(Vec::with_capacity(content.len() + content.len() / 64 + 256));
    match Compress::new(Compression::best(), false).compress_vec(content, &mut out, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => Ok(out),
        _ => Err(Error::SealFailed),
    }
}

/// What `deflated` holds, if that is one whole stream, nothing after it, and at most [`CONTENT_MAX`] bytes.
pub(crate) fn inflate(deflated: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut state = Decompress::new(false);
    let mut out = Zeroizing::new(Vec::with_capacity(FIRST_GUESS));
    loop {
        let used = usize::try_from(state.total_in()).map_err(|_| Error::Inflate)?;
        let rest = deflated.get(used..).ok_or(Error::Inflate)?;
        let before = (state.total_in(), out.len());
        match state.decompress_vec(rest, &mut out, FlushDecompress::None) {
            Ok(Status::StreamEnd) => {
                let whole = usize::try_from(state.total_in()) == Ok(deflated.len());
                return if whole && out.len() <= CONTENT_MAX { Ok(out) } else { Err(Error::Inflate) };
            }
            Ok(_) if out.len() > CONTENT_MAX => return Err(Error::Inflate),
            Ok(_) if out.len() == out.capacity() => out = doubled(&out),
            Ok(_) if (state.total_in(), out.len()) != before => {}
            // Room was left, nothing moved and no end came: the stream is cut.
            _ => return Err(Error::Inflate),
        }
    }
}

/// The same bytes with twice the room; the old buffer is zeroed, which growing in place would not do.
fn doubled(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut larger = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    larger.extend_from_slice(bytes);
    larger
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_around_every_border_survive() {
        for len in [0, 1, FIRST_GUESS - 1, FIRST_GUESS, FIRST_GUESS + 1, CONTENT_MAX - 1, CONTENT_MAX] {
            let mut random = vec![0; len];
            kapok_wire::rng::fill(&mut random);
            for content in [random, vec![b'k'; len]] {
                let deflated = deflate(&content).unwrap();
                assert_eq!(*inflate(&deflated).unwrap(), content);
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = deflate(&vec![0; CONTENT_MAX + 1]).unwrap();
        assert!(bomb.len() < 2_000);
        assert_eq!(inflate(&bomb).unwrap_err(), Error::Inflate);
        let huge = deflate(&vec![0; CONTENT_MAX * 64]).unwrap();
        assert_eq!(inflate(&huge).unwrap_err(), Error::Inflate);
        // Control: a reader without a limit takes all of it.
        let all = std::io::copy(&mut flate2::read::DeflateDecoder::new(huge.as_slice()), &mut std::io::sink());
        assert_eq!(all.unwrap(), CONTENT_MAX as u64 * 64);
    }

    #[test]
    fn a_cut_stream_and_trailing_bytes_are_refused() {
        let deflated = deflate(b"seen at the market, twice, at the market").unwrap();
        for len in 0..deflated.len() {
            assert_eq!(inflate(&deflated[..len]).unwrap_err(), Error::Inflate);
        }
        let mut longer = deflated.to_vec();
        longer.push(0);
        assert_eq!(inflate(&longer).unwrap_err(), Error::Inflate);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            if let Ok(content) = inflate(&bytes) {
                prop_assert!(content.len() <= CONTENT_MAX);
            }
        }

        #[test]
        fn a_flipped_bit_never_panics(flip in 0_usize..4_000, bit in 0_u8..8) {
            let mut deflated = deflate(&b"one two three ".repeat(300)).unwrap();
            let index = flip % deflated.len();
            deflated[index] ^= 1 << bit;
            let _ = inflate(&deflated);
        }
    }
}
