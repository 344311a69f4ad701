//! How many chunks an item has: from its length, then rounded up so that the number tells little.

use super::CHUNK_CONTENT;
use crate::error::Error;
use crate::limits::CHUNKS_MAX;

/// Chunks that carry an item of `size` bytes. An empty item has one, so that its key still leads to an object and
/// "sent" means the same for it as for any other.
///
/// # Errors
/// [`Error::ItemTooLong`] past [`CHUNKS_MAX`].
pub fn content_chunks(size: u64) -> Result<u32, Error> {
    let chunks = size.div_ceil(CHUNK_CONTENT as u64).max(1);
    u32::try_from(chunks).ok().filter(|chunks| *chunks <= CHUNKS_MAX).ok_or(Error::ItemTooLong)
}

/// `chunks` rounded up by Padmé: the count keeps only its leading bits, so an onlooker learns O(log log n) of them, for
/// at most 12 % more chunks. A count past [`CHUNKS_MAX`], which [`content_chunks`] never gives, is returned as it is.
#[must_use]
pub fn padded_count(chunks: u32) -> u32 {
    let Some(exponent) = chunks.checked_ilog2().filter(|exponent| *exponent > 0) else { return chunks };
    let kept = exponent.ilog2() + 1;
    let mask = (1_u32 << exponent.saturating_sub(kept)) - 1;
    chunks.checked_add(mask).map_or(chunks, |sum| sum & !mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_values_come_out() {
        for (count, padded) in [(0, 0), (1, 1), (2, 2), (8, 8), (9, 10), (33, 36), (100, 104), (1_000, 1_024)] {
            assert_eq!(padded_count(count), padded);
        }
    }

    #[test]
    fn lengths_turn_into_chunks_at_the_borders() {
        let one = CHUNK_CONTENT as u64;
        for (size, chunks) in [(0, 1), (1, 1), (one, 1), (one + 1, 2), (one * 2, 2), (one << 31, CHUNKS_MAX)] {
            assert_eq!(content_chunks(size), Ok(chunks));
        }
        assert_eq!(content_chunks((one << 31) + 1), Err(Error::ItemTooLong));
        assert_eq!(content_chunks(u64::MAX), Err(Error::ItemTooLong));
    }

    proptest! {
        #[test]
        fn padding_is_small_stable_and_stays_in_range(count in 1_u32..=CHUNKS_MAX) {
            let padded = padded_count(count);
            prop_assert!(padded >= count && padded <= CHUNKS_MAX);
            prop_assert!(f64::from(padded) <= f64::from(count) * 1.12);
            prop_assert_eq!(padded_count(padded), padded);
        }

        #[test]
        fn few_counts_remain_distinguishable(exponent in 8_u32..30) {
            let (from, to) = (1_u32 << exponent, 1_u32 << (exponent + 1));
            let step = usize::try_from(((to - from) / 256).max(1)).unwrap();
            let distinct: std::collections::HashSet<_> = (from..to).step_by(step).map(padded_count).collect();
            prop_assert!(distinct.len() <= 33);
        }
    }
}
