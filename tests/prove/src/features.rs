//! What can be measured on bytes that should look like nothing: numbers for a classifier.
//!
//! Of the whole file and of each part of it: chi² of bytes and of byte pairs, entropy of every 4 KiB, compressibility, and
//! autocorrelation. Parts are given in their order, so that position counts, and sorted by each number, so that one odd part
//! shows wherever it lies.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

const PAGE: usize = 4_096;
/// Distances at which bytes are compared: neighbours, words, blocks of a cipher, and a page.
const LAGS: [usize; 6] = [1, 2, 4, 8, 16, PAGE];

/// The numbers of a file in `parts` equal parts. As many for every file of the same `parts`.
///
/// # Panics
/// If there is less than a page in a part.
#[must_use]
pub fn features(bytes: &[u8], parts: usize) -> Vec<f64> {
    let len = bytes.len() / parts;
    assert!(len >= PAGE, "too little to measure");
    let mut all = of(bytes);
    let each: Vec<_> = bytes.chunks_exact(len).take(parts).map(of).collect();
    all.extend(each.iter().flatten());
    for number in 0..each[0].len() {
        let mut column: Vec<_> = each.iter().map(|part| part[number]).collect();
        column.sort_by(f64::total_cmp);
        all.extend(column);
    }
    all
}

/// The numbers of one piece.
///
/// # Panics
/// If memory is full.
#[must_use]
pub fn of(bytes: &[u8]) -> Vec<f64> {
    let entropies: Vec<_> = bytes.chunks_exact(PAGE).map(entropy).collect();
    let count = entropies.len() as f64;
    let mean = entropies.iter().sum::<f64>() / count;
    let spread = (entropies.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / count).sqrt();
    let least = entropies.iter().copied().fold(f64::INFINITY, f64::min);
    let most = entropies.iter().copied().fold(0.0, f64::max);
    let mut out = vec![chi_bytes(bytes), chi_pairs(bytes), mean, spread, least, most, compressed(bytes)];
    out.extend(LAGS.map(|lag| correlation(bytes, lag)));
    out
}

/// Chi² of the byte counts against equal ones, as deviations from what chance gives.
fn chi_bytes(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    chi(&counts, bytes.len())
}

fn chi_pairs(bytes: &[u8]) -> f64 {
    let mut counts = vec![0_u32; 1 << 16];
    bytes.windows(2).for_each(|pair| counts[usize::from(u16::from_le_bytes([pair[0], pair[1]]))] += 1);
    chi(&counts, bytes.len() - 1)
}

fn chi(counts: &[u32], total: usize) -> f64 {
    let expected = total as f64 / counts.len() as f64;
    let sum: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    let freedom = counts.len() as f64 - 1.0;
    (sum - freedom) / (2.0 * freedom).sqrt()
}

/// Bits a byte.
fn entropy(page: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    page.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let total = page.len() as f64;
    let bits = |count: &u32| {
        let share = f64::from(*count) / total;
        if *count == 0 { 0.0 } else { -share * share.log2() }
    };
    counts.iter().map(bits).sum()
}

/// Length after deflating, as a share.
fn compressed(bytes: &[u8]) -> f64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len() as f64 / bytes.len() as f64
}

/// How much a byte tells about the one `lag` later: 0 is nothing, 1 or -1 everything.
fn correlation(bytes: &[u8], lag: usize) -> f64 {
    let centred = |byte: u8| f64::from(byte) - 127.5;
    let later = bytes.get(lag..).unwrap_or_default();
    let product: f64 = bytes.iter().zip(later).map(|(a, b)| centred(*a) * centred(*b)).sum();
    let power: f64 = bytes.iter().map(|byte| centred(*byte).powi(2)).sum();
    product / power.max(1.0)
}

#[cfg(test)]
mod tests {
    use kapok_tests::story::noise;

    use super::*;

    #[test]
    fn random_bytes_look_like_chance() {
        let all = of(&noise(3, 1 << 18));
        assert!(all[0].abs() < 5.0 && all[1].abs() < 5.0, "{all:?}");
        assert!(all[2] > 7.9 && all[4] > 7.9 && all[6] > 0.99, "{all:?}");
        assert!(all[7..].iter().all(|correlation| correlation.abs() < 0.02), "{all:?}");
    }

    #[test]
    fn each_number_sees_what_it_is_for() {
        let random = noise(3, 1 << 18);
        let mut biased = random.clone();
        biased.iter_mut().step_by(50).for_each(|byte| *byte = 7);
        assert!(chi_bytes(&biased) > 50.0);
        // Pairs that never meet, with even counts of bytes.
        let paired: Vec<u8> = random.iter().flat_map(|byte| [*byte, byte ^ 0x5a]).collect();
        assert!(chi_bytes(&paired).abs() < 10.0 && chi_pairs(&paired) > 50.0);
        let mut hole = random.clone();
        hole[PAGE * 3..PAGE * 4].fill(0);
        assert!(of(&hole)[4] < 0.1, "the least entropy of a page");
        let repeated: Vec<u8> = random[..PAGE].iter().copied().cycle().take(1 << 18).collect();
        assert!(correlation(&repeated, PAGE) > 0.9 && compressed(&repeated) < 0.1);
    }

    #[test]
    fn every_file_has_as_many_numbers() {
        let lens = [1 << 17, (1 << 17) + 4_099].map(|len| features(&noise(1, len), 4).len());
        assert_eq!(lens, [13 * 9; 2]);
    }
}
