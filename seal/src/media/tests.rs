//! Sealing and opening together.

use std::collections::HashSet;
use std::convert::Infallible;

use proptest::prelude::*;

use super::super::{ChunkSealer, ItemSummary, MEDIA_SEALED, PushError, open_chunk, pad_chunk};
use super::*;

/// Chunks of `content`, pushed in pieces of `step` bytes.
fn seal(key: &ItemKey, content: &[u8], step: usize) -> (Vec<Vec<u8>>, ItemSummary) {
    let mut chunks = Vec::new();
    let mut sealer = ChunkSealer::new(key);
    let mut keep = |chunk: super::super::SealedChunk<'_>| {
        assert_eq!(chunk.id, key.object_id(chunk.index));
        assert_eq!(usize::try_from(chunk.index).unwrap(), chunks.len());
        chunks.push(chunk.area.to_vec());
        Ok::<(), Infallible>(())
    };
    for piece in content.chunks(step) {
        sealer.push(piece, &mut keep).unwrap();
    }
    let summary = sealer.finish(keep).unwrap();
    (chunks, summary)
}

fn open(key: &ItemKey, summary: ItemSummary, chunks: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let mut opener = ChunkOpener::new(key, summary.size, summary.sha256)?;
    let mut content = Vec::new();
    for chunk in chunks {
        content.extend_from_slice(opener.open_next(&mut chunk.clone())?);
    }
    opener.finish()?;
    Ok(content)
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    kapok_wire::rng::fill(&mut bytes);
    bytes
}

#[test]
fn every_length_around_a_border_comes_back() {
    for len in [0, 1, CHUNK_CONTENT - 1, CHUNK_CONTENT, CHUNK_CONTENT + 1, 3 * CHUNK_CONTENT, 300_000] {
        let content = random(len);
        for step in [1_000, 65_536, 1 << 20] {
            let key = ItemKey::make();
            let (chunks, summary) = seal(&key, &content, step);
            assert_eq!(summary.size, len as u64);
            assert_eq!(content_chunks(summary.size), Ok(summary.chunks));
            assert_eq!(chunks.len(), summary.chunks as usize);
            assert_eq!(summary.sha256, kapok_wire::Digest::of(&content).0);
            assert!(chunks.iter().all(|chunk| chunk.len() == MEDIA_SEALED));
            assert_eq!(open(&key, summary, &chunks).unwrap(), content);
        }
    }
}

#[test]
fn reading_into_the_space_gives_the_same_chunks() {
    let key = ItemKey::make();
    let content = random(150_000);
    let (pushed, summary) = seal(&key, &content, 7_777);
    let mut sealer = ChunkSealer::new(&key);
    let mut read = Vec::new();
    let mut rest = content.as_slice();
    while !rest.is_empty() {
        let space = sealer.space();
        let n = rest.len().min(space.len()).min(9_999);
        space[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        if let Some(chunk) = sealer.advance(n).unwrap() {
            read.push(chunk.area.to_vec());
        }
    }
    assert_eq!(sealer.advance(CHUNK_CONTENT + 1).unwrap_err(), Error::Malformed);
    let keep_last = |chunk: super::super::SealedChunk<'_>| {
        read.push(chunk.area.to_vec());
        Ok::<(), Infallible>(())
    };
    let again = sealer.finish(keep_last).unwrap();
    assert_eq!((read, again), (pushed, summary));
}

#[test]
fn padding_chunks_open_to_zeros_and_look_like_the_others() {
    let key = ItemKey::make();
    let (_, summary) = seal(&key, &random(9 * CHUNK_CONTENT), 65_536);
    assert_eq!((summary.chunks, summary.padded), (9, 10));
    let mut area = Box::new([1; MEDIA_SEALED]);
    assert_eq!(pad_chunk(&key, 9, &mut area).unwrap(), key.object_id(9));
    let distinct: HashSet<u8> = area.iter().copied().collect();
    assert_eq!(distinct.len(), 256);
    assert!(open_chunk(&key, 9, area.as_mut_slice()).unwrap().iter().all(|byte| *byte == 0));
}

#[test]
fn swapped_foreign_missing_and_surplus_chunks_are_refused() {
    let key = ItemKey::make();
    let (chunks, summary) = seal(&key, &random(2 * CHUNK_CONTENT), 65_536);
    let swapped = [chunks[1].clone(), chunks[0].clone()];
    assert_eq!(open(&key, summary, &swapped), Err(Error::ChunkDamaged));
    assert_eq!(open(&ItemKey::make(), summary, &chunks), Err(Error::ChunkDamaged));
    assert_eq!(open(&key, summary, &chunks[..1]), Err(Error::ItemIncomplete));
    let surplus = [chunks.clone(), chunks.clone()].concat();
    assert_eq!(open(&key, summary, &surplus), Err(Error::ChunkIndex));
    let wrong = ItemSummary { sha256: [0; 32], ..summary };
    assert_eq!(open(&key, wrong, &chunks), Err(Error::ItemHash));
    let short = ItemSummary { size: summary.size - 1, ..summary };
    assert!(matches!(open(&key, short, &chunks), Err(Error::Malformed | Error::ItemHash)));
    // Control: untouched, it opens.
    assert!(open(&key, summary, &chunks).is_ok());
}

#[test]
fn indexes_past_the_limit_are_refused() {
    let key = ItemKey::make();
    let mut area = Box::new([0; MEDIA_SEALED]);
    assert_eq!(pad_chunk(&key, crate::limits::CHUNKS_MAX, &mut area), Err(Error::ChunkIndex));
    assert_eq!(open_chunk(&key, u32::MAX, area.as_mut_slice()), Err(Error::ChunkIndex));
    assert!(pad_chunk(&key, crate::limits::CHUNKS_MAX - 1, &mut area).is_ok());
}

#[test]
fn a_sink_that_fails_stops_the_item() {
    let key = ItemKey::make();
    let mut sealer = ChunkSealer::new(&key);
    let stopped = sealer.push(&random(CHUNK_CONTENT), |_| Err("full"));
    assert!(matches!(stopped, Err(PushError::Sink("full"))));
}

#[test]
fn nothing_of_the_original_shows_in_a_chunk() {
    let key = ItemKey::make();
    let content = b"Sok Example, Example Village. ".repeat(4_000);
    let (chunks, _) = seal(&key, &content, 65_536);
    let shows = |hay: &[u8]| hay.windows(11).any(|window| window == b"Sok Example");
    assert!(!chunks.iter().any(|chunk| shows(chunk)));
    // Control: the same search finds it in the original.
    assert!(shows(&content));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_areas_never_open_or_panic(len in 0_usize..70_000, seed in any::<u8>(), flip in 0_usize..MEDIA_SEALED) {
        let key = ItemKey::from_bytes(&[seed; 32]);
        let mut bytes = random(len);
        prop_assert!(open_chunk(&key, 0, &mut bytes).is_err());
        let (mut chunks, _) = seal(&key, b"short", 5);
        chunks[0][flip] ^= 1 << (seed % 8);
        prop_assert_eq!(open_chunk(&key, 0, &mut chunks[0]).map(<[u8]>::len), Err(Error::ChunkDamaged));
        let cut = &mut chunks[0][..flip];
        prop_assert_eq!(open_chunk(&key, 0, cut).map(<[u8]>::len), Err(Error::WrongLength));
    }
}
