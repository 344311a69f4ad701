//! A record as a file: one length, one form, and nothing of it without a key.

use kapok_seal::{Identity, seal_envelope};

use super::*;

fn keys(count: usize) -> (Vec<Identity>, Recipients) {
    let identities: Vec<_> = (0..count).map(|_| Identity::make_pq()).collect();
    let to = Recipients::new(identities.iter().map(Identity::to_recipient).collect()).unwrap();
    (identities, to)
}

fn record(label: &str) -> PhoneRecord {
    PhoneRecord {
        made: Day(20_750),
        invite: Digest([3; 32]),
        expires: Hour(498_000),
        label: PhoneLabel::parse(label).unwrap(),
        lost: None,
    }
}

#[test]
fn every_record_has_one_length_whatever_it_says_and_whoever_opens_it() {
    let long = "ញ្ញុំ".repeat(16);
    assert_eq!(long.chars().count(), PHONE_LABEL_MAX);
    let worst = "\"".repeat(PHONE_LABEL_MAX);
    let lost = |record: PhoneRecord| PhoneRecord { lost: Some(Day(u64::MAX)), ..record };
    for count in 1..=3 {
        let (identities, to) = keys(count);
        for one in [record("x"), record(&long), lost(record(&long)), lost(record(&worst))] {
            for _ in 0..4 {
                let file = seal(&one, &to).unwrap();
                assert_eq!(file.len(), PHONE_FILE);
                for identity in &identities {
                    let identity: Identity = identity.expose().parse().unwrap();
                    assert_eq!(open(&file, &[identity]), Ok(Some(one.clone())));
                }
            }
        }
    }
    let x25519 = Identity::make_x25519();
    let file = seal(&record("x"), &Recipients::new(vec![x25519.to_recipient()]).unwrap()).unwrap();
    assert_eq!((file.len(), open(&file, &[x25519])), (PHONE_FILE, Ok(Some(record("x")))));
    // Control: without the padding the length tells the label's.
    let (_, to) = keys(1);
    let shortest = |label: &str| (0..30).map(|_| seal_envelope(&to, &encode(&record(label))).unwrap().len()).min();
    assert!(shortest("x") < shortest(&long));
}

#[test]
fn the_committed_record_still_reads() {
    let text = include_str!("../../vectors/phone.json");
    let vector: serde_json::Value = serde_json::from_str(text).unwrap();
    let first = record("Test Person, ទូរស័ព្ទ \"2\"");
    let last = PhoneRecord { lost: Some(Day(20_751)), ..first.clone() };
    for (name, one) in [("invited", first), ("lost", last)] {
        let line = vector[name].as_str().unwrap();
        assert_eq!(str::from_utf8(&encode(&one)).unwrap(), line);
        assert_eq!(decode(&[line.as_bytes(), &[0; 9]].concat()), Ok(one.clone()));
        assert_eq!(decode(line.as_bytes()), Ok(one));
    }
}

#[test]
fn what_is_no_record_says_so_and_a_newer_one_too() {
    let good = encode(&record("a label"));
    let text = str::from_utf8(&good).unwrap().to_owned();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    for (content, fault) in [
        (with("\"kapok_phone\":1", "\"kapok_phone\":2"), PhoneFault::Newer),
        (with("\"kapok_phone\":1", "\"more\":[],\"kapok_phone\":7"), PhoneFault::Newer),
        (with("\"kapok_phone\":1", "\"kapok_phone\":0"), PhoneFault::Damaged),
        (with("\"kapok_phone\":1", "\"more\":[],\"kapok_phone\":1"), PhoneFault::Damaged),
        (with("a label", ""), PhoneFault::Damaged),
        (with("a label", " a label"), PhoneFault::Damaged),
        (with("a label", "a\\u202elabel"), PhoneFault::Damaged),
        (with("a label", &"x".repeat(81)), PhoneFault::Damaged),
        (with("0303", "03"), PhoneFault::Damaged),
        (with("20750", "-1"), PhoneFault::Damaged),
        (format!("{text}\0x"), PhoneFault::Damaged),
        (format!("{text}x"), PhoneFault::Damaged),
        (String::new(), PhoneFault::Damaged),
        ("{}".to_owned(), PhoneFault::Damaged),
    ] {
        assert_eq!(decode(content.as_bytes()), Err(fault), "{content}");
    }
    assert_eq!(decode(text.as_bytes()), Ok(record("a label")), "control");
}

#[test]
fn a_changed_file_is_damaged_and_another_persons_stays_closed() {
    let (identities, to) = keys(2);
    let file = seal(&record("a label"), &to).unwrap();
    // The version line, the middle, the payload, the tag.
    for at in [0, 30, 4_000, PHONE_FILE - 1] {
        let mut bad = file.clone();
        bad[at] ^= 1;
        assert!(!matches!(open(&bad, &identities), Ok(Some(_))), "byte {at}");
    }
    assert_eq!(open(&file[..PHONE_FILE - 1], &identities), Err(PhoneFault::Damaged));
    assert_eq!(open(&file, &keys(1).0), Ok(None));
    assert_eq!(open(&file, &identities), Ok(Some(record("a label"))), "control");
}

#[test]
fn a_label_has_characters_that_can_be_seen_and_not_too_many() {
    for label in ["x", "Test Person", "ឈ្មោះ\u{200b}សាកល្បង", &"ក".repeat(80)] {
        assert_eq!(PhoneLabel::parse(label).unwrap().as_str(), label);
    }
    assert_eq!(PhoneLabel::parse("  a  ").unwrap().as_str(), "a");
    for label in ["", "   ", "a\nb", "a\tb", "a\u{1b}[2J", "a\u{202e}b", "a\u{feff}", &"ក".repeat(81)] {
        assert!(matches!(PhoneLabel::parse(label), Err(Error::PhoneLabel { max: 80 })), "{label:?}");
    }
}

#[test]
fn a_record_does_not_print_its_label() {
    let printed = format!("{:?}", record("Test Person"));
    assert!(printed.contains("[redacted]") && !printed.contains("Test"), "{printed}");
}
