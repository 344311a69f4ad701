//! Fictional people and what happened to them: every name, word and byte here is made up and serves as a marker.

use kapok_core::report::{Answers, Moment, Pack};
use kapok_core::{CreateOptions, HalfFrames, KdfParams, Passphrase};
use serde_json::json;

use crate::scan::Marker;

/// The form that is filled.
pub const FORM: &str = "detention_quick";
/// File name of the photo.
pub const PHOTO_NAME: &str = "រូបថតសាកល្បងផ្សារ.jpg";
/// File name of the recording.
pub const VOICE_NAME: &str = "invented-testimony-of-nobody.wav";

const NAME: &str = "សាកល្បង តារាប្រលោម";
const WORDS: [&str; 8] = [
    NAME,
    "Fictional Person Example",
    "ក្បែរវត្តប្រលោមលោកគ្មានពិត",
    "white car of an invented make",
    "គេនាំគាត់ទៅកាន់ទីកន្លែងប្រឌិត",
    "invented sentence about an invented arrest",
    "បងស្រីគំរូប្រលោម",
    "000-555-0199 fictional number",
];

/// What unlocks every vault of these tests.
pub const PASSPHRASE: &str = "paper lantern over the fictional river";

/// It, as the device takes it.
///
/// # Panics
/// Never: the text is fixed.
#[must_use]
pub fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into()).unwrap()
}

/// A small device: 2 MiB of vault, `slots` of pool for each vault.
///
/// # Panics
/// Never: the sizes are fixed.
#[must_use]
pub fn options(slots: u32) -> CreateOptions {
    CreateOptions { half: HalfFrames::new(4).unwrap(), pool_slots: 4 * slots, kdf: KdfParams::FLOOR }
}

/// Answers of report `n`: every number makes other ones, of another length.
///
/// # Panics
/// If the form does not take them.
#[must_use]
pub fn answers(pack: &Pack, n: u64) -> Answers {
    let filler = "កក្កដា ".repeat(usize::try_from(n % 97).unwrap_or(0) * 3);
    let file = json!({
        "person.names": [format!("{NAME} {n}"), WORDS[1]],
        "person.sex": "female",
        "reporter_relation": "spouse",
        "arrest.date": "2026-11-23",
        "arrest.place": {"province": "12", "kind": "street", "text": WORDS[2]},
        "arrest.forces": [{"force": "plain_clothes", "vehicle_text": WORDS[3]}],
        "narrative": format!("{n}. {} {} {filler}", WORDS[4], WORDS[5]),
        "reporter_contact": {"channel": "phone", "value": WORDS[7], "who_may_answer": WORDS[6]},
    });
    let moment = Moment::parse("2026-11-24").unwrap();
    Answers::parse(pack, FORM, file.to_string().as_bytes(), &moment).unwrap().0
}

/// Answers with as long a text as a form takes.
///
/// # Panics
/// If the form does not take it.
#[must_use]
pub fn long_answers(pack: &Pack) -> Answers {
    let file = json!({ "narrative": "ក".repeat(20_000) }).to_string();
    Answers::parse(pack, FORM, file.as_bytes(), &Moment::parse("2026-11-24").unwrap()).unwrap().0
}

/// Which report these answers are of: they say everything that [`answers`] says for it, or nothing is answered.
///
/// # Panics
/// If they are torn: partly of one report, partly of another.
#[must_use]
pub fn number_of(pack: &Pack, found: &Answers) -> u64 {
    if found.is_empty() {
        return 0;
    }
    let narrative = found.get("narrative");
    let text = narrative.get().and_then(serde_json::Value::as_str).expect("a narrative");
    let n = text.split_once(". ").expect("a number").0.parse().expect("a number");
    assert!(*found == answers(pack, n), "the answers of report {n} are torn");
    n
}

/// A photo: the head of a JPEG with words in it, then bytes that look like nothing, the same ones each time.
#[must_use]
pub fn photo(len: usize) -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xe1\x00\x30Exif\0\0invented camera of nobody, gate of a market".to_vec();
    bytes.extend(noise(7, len.saturating_sub(bytes.len())));
    bytes
}

/// A recording, in the same way.
#[must_use]
pub fn voice(len: usize) -> Vec<u8> {
    let mut bytes = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00".to_vec();
    bytes.extend(noise(11, len.saturating_sub(bytes.len())));
    bytes
}

/// Bytes that neither compress nor repeat.
#[must_use]
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut dice = Dice(seed);
    (0..len).map(|_| (dice.roll() >> 32) as u8).collect()
}

/// Everything that must not be readable anywhere: eight phrases, two file names, words of the photo's head, and
/// pieces of photo and recording from their beginning, middle and end.
#[must_use]
pub fn markers(photo: &[u8], voice: &[u8]) -> Vec<Marker> {
    let mut markers: Vec<_> = WORDS.iter().chain(&[PHOTO_NAME, VOICE_NAME]).map(|words| Marker::text(words)).collect();
    markers.push(Marker::text("invented camera of nobody, gate of a market"));
    for (name, file) in [("photo", photo), ("voice", voice)] {
        for (place, at) in [("start", 60), ("middle", file.len() / 2), ("end", file.len() - 32)] {
            markers.push(Marker::bytes(&format!("{name}, {place}"), &file[at..at + 32]));
        }
    }
    markers
}

/// Random numbers that can be repeated.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The next number (splitmix64).
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}
