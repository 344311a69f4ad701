//! Lengths of blocks: pure arithmetic, no memory.
//!
//! SQLite counts in C's `int`. A block of content `n` is a head of [`HEAD`] bytes and `n` bytes, `n` a multiple of eight.

use core::alloc::Layout;
use core::ffi::c_int;

/// Bytes in front of the content; the first of them hold its length. As long as the strictest alignment, so that the
/// content is as aligned as the block.
pub(crate) const HEAD: usize = 16;
const STEP: usize = 8;
/// The longest content: the largest multiple of [`STEP`] in an `int`.
const MOST: usize = (c_int::MAX as usize) / STEP * STEP;

/// Content bytes of the block for `asked` bytes. `None` if that is none, negative or more than an `int` can say.
pub(crate) fn rounded(asked: c_int) -> Option<usize> {
    let content = usize::try_from(asked).ok().filter(|asked| *asked > 0)?.checked_next_multiple_of(STEP)?;
    (content <= MOST).then_some(content)
}

/// The whole block of that content.
pub(crate) fn layout(content: usize) -> Option<Layout> {
    let whole = content.checked_add(HEAD).filter(|_| content <= MOST)?;
    Layout::from_size_align(whole, HEAD).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_up_to_eight_and_never_down() {
        for asked in (1..5_000).chain([65_536, 1 << 30, c_int::MAX - 7]) {
            let content = rounded(asked).unwrap();
            assert!(content >= asked as usize && content < asked as usize + STEP && content.is_multiple_of(STEP));
            assert_eq!(rounded(content as c_int), Some(content), "rounding again changes nothing");
        }
    }

    #[test]
    fn nothing_less_than_nothing_and_too_much_are_refused() {
        for asked in [0, -1, c_int::MIN, c_int::MAX, c_int::MAX - 6] {
            assert_eq!(rounded(asked), None, "{asked}");
        }
        for content in [MOST + 1, usize::MAX, usize::MAX - HEAD] {
            assert_eq!(layout(content), None, "{content}");
        }
    }

    #[test]
    fn a_block_has_room_for_head_and_content_and_every_length_fits_an_int() {
        for content in [8, 16, 4_104, MOST] {
            let block = layout(content).unwrap();
            assert_eq!((block.size(), block.align()), (HEAD + content, HEAD));
            assert_eq!(usize::try_from(c_int::try_from(content).unwrap()).unwrap(), content);
        }
        assert!(HEAD >= size_of::<usize>() && HEAD >= align_of::<usize>() && HEAD.is_power_of_two());
    }
}
