//! Packets sealed and opened, the size law, and what strangers may send.

use std::collections::HashSet;

use kapok_wire::sizes::TEXT_SEALED;
use proptest::prelude::*;

use super::layout::{FRAME, Layout, split};
use super::seal::{Padding, seal};
use super::*;
use crate::envelope::seal_envelope;
use crate::limits::{CONTENT_MAX, RECIPIENTS_MAX};
use crate::{ClassRecipients, Error, Identity, Recipients, SecretBytes};

struct Desk {
    triage: Vec<Identity>,
    people: Vec<Identity>,
}

impl Desk {
    fn new(make: fn() -> Identity, each: usize) -> Self {
        let some = || (0..each).map(|_| make()).collect();
        Self { triage: some(), people: some() }
    }

    fn recipients(&self) -> ClassRecipients {
        let class = |all: &[Identity]| Recipients::new(all.iter().map(Identity::to_recipient).collect()).unwrap();
        ClassRecipients { triage: class(&self.triage), identities: class(&self.people) }
    }
}

fn inline(part: Result<Option<Content>, Error>) -> SecretBytes {
    match part.unwrap().unwrap() {
        Content::Inline(content) => content,
        Content::Overflow(_) => panic!("overflowed"),
    }
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    kapok_wire::rng::fill(&mut bytes);
    bytes
}

/// Length `0..` picked from a seed, text-like or incompressible.
fn generated(seed: usize, len: usize) -> Vec<u8> {
    if seed.is_multiple_of(3) {
        return random(len);
    }
    let words = ["ផ្សារ ", "ភូមិឧទាហរណ៍ ", "seen ", "at night ", "Example "];
    let mut text = String::new();
    while text.len() < len {
        text.push_str(words[usize::from(kapok_wire::rng::bytes::<1>()[0]) % words.len()]);
    }
    text.into_bytes()[..len].to_vec()
}

#[test]
fn each_class_opens_its_part_and_not_the_other() {
    for make in [Identity::make_pq as fn() -> Identity, Identity::make_x25519] {
        let desk = Desk::new(make, 2);
        let sealed = seal_packet(b"what happened", b"to whom", &desk.recipients()).unwrap();
        assert!(sealed.overflow.is_empty());
        let area = sealed.packet.as_slice();
        let opened = open_packet(area, &desk.triage[1..]).unwrap();
        assert_eq!(inline(opened.triage).expose(), b"what happened");
        assert!(opened.identities.unwrap().is_none());
        let opened = open_packet(area, &desk.people[..1]).unwrap();
        assert!(opened.triage.unwrap().is_none());
        assert_eq!(inline(opened.identities).expose(), b"to whom");
        let opened = open_packet(area, &[make()]).unwrap();
        assert!(opened.triage.unwrap().is_none() && opened.identities.unwrap().is_none());
    }
}

#[test]
fn empty_parts_and_the_most_recipients_work() {
    let desk = Desk::new(Identity::make_pq, RECIPIENTS_MAX);
    let sealed = seal_packet(b"", b"", &desk.recipients()).unwrap();
    let opened = open_packet(sealed.packet.as_slice(), &desk.people).unwrap();
    assert_eq!(inline(opened.identities).expose(), b"");
}

#[test]
fn a_thousand_reports_of_any_length_have_one_shape() {
    let desk = Desk::new(Identity::make_pq, 2);
    let recipients = desk.recipients();
    let mut shapes = HashSet::new();
    let mut unpadded = HashSet::new();
    let mut overflowed = 0;
    for seed in 0..1_000_usize {
        let total = 1 + seed * seed * 56_319 / (999 * 999);
        let (triage, people) = (generated(seed, total - total / 4), generated(seed + 1, total / 4));
        let sealed = seal_packet(&triage, &people, &recipients).unwrap();
        overflowed += usize::from(!sealed.overflow.is_empty());
        let (a, b) = split(sealed.packet.as_slice()).unwrap();
        shapes.insert((sealed.packet.len(), a.len(), b.len()));
        // Control, on short ones: without padding the lengths inside tell reports apart.
        if seed % 50 == 0 && sealed.overflow.is_empty() {
            let bare = seal(&triage, &people, &recipients, Padding::Off).unwrap();
            let (a, b) = split(bare.packet.as_slice()).unwrap();
            unpadded.insert((a.len(), b.len()));
        }
    }
    let layout = Layout::of(&recipients).unwrap();
    assert_eq!(shapes, HashSet::from([(TEXT_SEALED, layout.triage, layout.identities)]));
    assert_eq!(FRAME + layout.triage + layout.identities, TEXT_SEALED);
    assert!((100..900).contains(&overflowed), "{overflowed} of 1,000 overflowed: the sample is one-sided");
    assert!(unpadded.len() > 3, "{unpadded:?}");
}

#[test]
fn what_does_not_fit_travels_as_chunks_and_comes_back() {
    let desk = Desk::new(Identity::make_pq, 2);
    let (triage, people) = (random(600_000), random(20_000));
    let sealed = seal_packet(&triage, &people, &desk.recipients()).unwrap();
    let [first, second] = sealed.overflow.as_slice() else { panic!("two items") };
    // 10 chunks of content are 10 by Padmé; one is one.
    assert_eq!((first.chunks().len(), second.chunks().len()), (10, 1));
    let opened = open_packet(sealed.packet.as_slice(), &desk.triage).unwrap();
    let Content::Overflow(stub) = opened.triage.unwrap().unwrap() else { panic!("inline") };
    let sent: Vec<_> = first.chunks().collect();
    let ids: Vec<_> = sent.iter().map(|(id, _)| *id).collect();
    assert_eq!([stub.content_ids(), stub.padding_ids()].concat(), ids);
    let areas: Vec<&[u8]> = sent.iter().map(|(_, area)| area.as_slice()).collect();
    assert_eq!(stub.complete(areas.iter().copied()).unwrap().expose(), triage);
    assert_eq!(stub.complete(areas[1..].iter().copied()).unwrap_err(), Error::ChunkDamaged);
    assert_eq!(stub.complete(areas[..9].iter().copied()).unwrap_err(), Error::ItemIncomplete);
    assert_eq!(stub.complete([&areas[0][1..]]).unwrap_err(), Error::WrongLength);
}

#[test]
fn an_overflow_count_is_padded() {
    let desk = Desk::new(Identity::make_x25519, 1);
    let content = random(media_content(9));
    let sealed = seal_packet(&content, b"", &desk.recipients()).unwrap();
    assert_eq!(sealed.overflow[0].chunks().len(), 10);
}

fn media_content(chunks: usize) -> usize {
    crate::media::CHUNK_CONTENT * chunks - 1_000
}

#[test]
fn content_past_the_limit_is_refused_before_sealing() {
    let desk = Desk::new(Identity::make_x25519, 1);
    let longest = random(CONTENT_MAX);
    assert!(seal_packet(&longest, b"", &desk.recipients()).is_ok());
    let long = vec![0; CONTENT_MAX + 1];
    assert_eq!(seal_packet(b"", &long, &desk.recipients()).unwrap_err(), Error::ContentTooLong { max: CONTENT_MAX });
}

#[test]
fn one_damaged_part_leaves_the_other_readable() {
    let desk = Desk::new(Identity::make_pq, 1);
    let mut area = seal_packet(b"what happened", b"to whom", &desk.recipients()).unwrap().packet;
    area[TEXT_SEALED - 100] ^= 1;
    let both = [desk.triage, desk.people].concat_identities();
    let opened = open_packet(area.as_slice(), &both).unwrap();
    assert_eq!(inline(opened.triage).expose(), b"what happened");
    assert_eq!(opened.identities.unwrap_err(), Error::EnvelopePayload);
}

trait Concat {
    fn concat_identities(self) -> Vec<Identity>;
}

impl Concat for [Vec<Identity>; 2] {
    fn concat_identities(self) -> Vec<Identity> {
        self.into_iter().flatten().collect()
    }
}

/// An area around two age files that a stranger made.
fn forged(triage: &[u8], people: &[u8]) -> Vec<u8> {
    let mut area = vec![1];
    for file in [triage, people] {
        area.extend_from_slice(&u16::try_from(file.len()).unwrap().to_be_bytes());
    }
    area.extend_from_slice(triage);
    area.extend_from_slice(people);
    area.resize(TEXT_SEALED, 0);
    area
}

#[test]
fn what_a_stranger_seals_is_bounded_and_typed() {
    let desk = Desk::new(Identity::make_x25519, 1);
    let class = desk.recipients().triage;
    let bomb = crate::deflate::deflate(&vec![0; CONTENT_MAX * 8]).unwrap();
    let part = |kind: u8, len: usize, body: &[u8]| {
        let mut part = vec![kind];
        part.extend_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
        part.extend_from_slice(body);
        part
    };
    let mut greedy_stub = vec![0; 72];
    greedy_stub[32..40].fill(0xff);
    for (plaintext, error) in [
        (part(0, bomb.len(), &bomb), Error::Inflate),
        (part(0, 3, b"\xff\xff\xff"), Error::Inflate),
        (part(0, 4, b"\xff\xff\xff"), Error::Malformed),
        (part(2, 0, b""), Error::UnknownVersion),
        (part(1, 71, &[0; 71]), Error::Malformed),
        (part(1, 73, &[0; 73]), Error::Malformed),
        (part(1, 72, &greedy_stub), Error::Malformed),
        (part(0, 2, b"\x03\x00not zero"), Error::Malformed),
        (b"\0\0\0\0".to_vec(), Error::Malformed),
        (Vec::new(), Error::Malformed),
    ] {
        let file = seal_envelope(&class, &plaintext).unwrap();
        let opened = open_packet(&forged(&file, b""), &desk.triage).unwrap();
        assert_eq!(opened.triage.unwrap_err(), error);
        assert_eq!(opened.identities.unwrap_err(), Error::EnvelopeHeader);
    }
    // Control: the same forgery with honest content opens.
    let honest = seal_envelope(&class, &part(0, 2, b"\x03\x00")).unwrap();
    assert_eq!(inline(open_packet(&forged(&honest, b""), &desk.triage).unwrap().triage).expose(), b"");
}

#[test]
fn wrong_frames_are_refused() {
    let desk = Desk::new(Identity::make_x25519, 1);
    let area = seal_packet(b"a", b"b", &desk.recipients()).unwrap().packet.to_vec();
    let opened = |area: &[u8]| open_packet(area, &desk.triage).err();
    assert_eq!(opened(&area), None);
    for len in [0, 1, 4, 5, TEXT_SEALED - 1] {
        assert_eq!(opened(&area[..len]), Some(Error::WrongLength));
    }
    assert_eq!(opened(&[&area[..], &[0]].concat()), Some(Error::WrongLength));
    for (index, value, error) in
        [(0, 2, Error::UnknownVersion), (1, 0xff, Error::Malformed), (3, 0xff, Error::Malformed)]
    {
        let mut changed = area.clone();
        changed[index] = value;
        assert_eq!(opened(&changed), Some(error));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_truncated_and_flipped_areas_never_panic(len in 0_usize..17_000, index in 0_usize..TEXT_SEALED, bit in 0_u8..8) {
        let desk = Desk::new(Identity::make_pq, 1);
        let noise = random(len);
        prop_assert!(open_packet(&noise, &desk.triage).is_err());
        let mut framed = random(TEXT_SEALED);
        framed[..5].copy_from_slice(&[1, 0, (len % 251) as u8, 0, 9]);
        prop_assert!(open_packet(&framed, &desk.triage).is_ok_and(|opened| opened.triage.is_err()));
        let mut area = seal_packet(b"what", b"whom", &desk.recipients()).unwrap().packet;
        area[index] ^= 1 << bit;
        let everyone = [desk.triage, desk.people].concat_identities();
        if let Ok(opened) = open_packet(area.as_slice(), &everyone) {
            let read = |part: &Result<Option<Content>, Error>| matches!(part, Ok(Some(_)));
            prop_assert!(!(read(&opened.triage) && read(&opened.identities)));
        }
    }
}
