//! Where things lie in `vault.kpk`, by its format page alone (`docs/formats/container.md`).

use std::ops::Range;

/// Header and slots; a second copy of them stands at the end.
pub const PAGE: usize = 4_096;
/// The part of a page that is the header.
pub const HEADER: usize = 64;
/// Halves of all regions.
pub const HALVES: usize = 8;
/// What a half is a multiple of.
pub const FRAME: usize = 65_536;

/// Where the pages of header and slots begin: in front, and behind the regions if the file goes so far.
///
/// # Panics
/// If the file has no header.
#[must_use]
pub fn pages(file: &[u8]) -> Vec<usize> {
    let back = PAGE + HALVES * half(file);
    if file.len() >= back + PAGE { vec![0, back] } else { vec![0] }
}

/// Where the halves lie: two of each region, one after the other.
///
/// # Panics
/// If the file has no header.
#[must_use]
pub fn halves(file: &[u8]) -> Vec<Range<usize>> {
    let half = half(file);
    (0..HALVES).map(|number| PAGE + number * half..PAGE + (number + 1) * half).collect()
}

fn half(file: &[u8]) -> usize {
    u32::from_be_bytes(file[56..60].try_into().unwrap()) as usize * FRAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_its_pages_and_its_halves() {
        let mut file = vec![0; 2 * PAGE + HALVES * FRAME];
        file[59] = 1;
        assert_eq!(pages(&file), [0, PAGE + HALVES * FRAME]);
        let halves = halves(&file);
        assert_eq!((halves.len(), halves[0].start, halves[7].end), (8, PAGE, file.len() - PAGE));
        file.truncate(PAGE + HALVES * FRAME);
        assert_eq!(pages(&file), [0], "a file from before the second page");
    }
}
