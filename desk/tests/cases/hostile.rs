//! An inbox in any state: nothing crashes, nothing is deleted, what is right still opens.

use std::fs;
use std::path::PathBuf;

use kapok_desk::{Integrity, attachments};
use kapok_wire::pull::Record;
use kapok_wire::{Hour, Lane, ObjectId};
use proptest::prelude::*;

use super::fixture::{Desk, Plan, noise, number, seal_body};

fn files(desk: &Desk, folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(desk.folder.root().join("inbox").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn packet(sealed: Vec<u8>) -> Record {
    let object = ObjectId(kapok_wire::rng::bytes());
    let mut records = [Record { sequence: 0, hour: Hour(498_000), lane: Lane::Text, object, sealed }];
    number(&mut records);
    let [record] = records;
    record
}

#[test]
fn foreign_and_forged_packets_are_listed_and_kept() {
    let (desk, other) = (Desk::new(), Desk::new());
    let good = Plan::new(1).seal(&desk);
    desk.inbox().store(&good).unwrap();
    let mut flipped = good[0].sealed.clone();
    flipped[9_000] ^= 1;
    let mut newer = good[0].sealed.clone();
    newer[0] = 9;
    let strange = [
        packet(noise(Lane::Text.sealed_len(), 1)),
        packet(vec![0; Lane::Text.sealed_len()]),
        packet(newer),
        packet(Plan::new(2).seal(&other)[0].sealed.clone()),
    ];
    desk.inbox().store(&strange).unwrap();
    let mut not_reports = seal_body(&desk, b"not json", b"{}");
    number(&mut not_reports);
    desk.inbox().store(&not_reports).unwrap();
    desk.inbox().store(&[packet(flipped)]).unwrap();
    let index = desk.index();
    let mut reasons: Vec<_> = index.unopened.iter().map(|packet| format!("{:?}", packet.why)).collect();
    reasons.sort();
    // The first byte is the version, so noise and zeros count as another version of ours.
    assert_eq!(reasons, ["Newer", "Newer", "Newer", "NoKey", "NotAReport"]);
    // One flipped bit spoils one part at most; the other still opens and agrees with the good copy.
    assert_eq!(index.reports.len(), 1);
    assert_eq!(index.reports[0].copies, 2);
    assert!(index.reports[0].triage.content().is_some() && index.reports[0].identities.content().is_some());
    assert_eq!(files(&desk, "packets").len(), 7, "all are kept");
}

#[test]
fn lies_about_attachments_are_told_and_cost_nothing() {
    let desk = Desk::new();
    let (body, chunks) = Plan::new(1).file(Some("a.jpg"), noise(100, 1)).body();
    let change = |from: &str, to: &str| {
        let triage = String::from_utf8(body.triage.to_bytes()).unwrap();
        let identities = String::from_utf8(body.identities.to_bytes()).unwrap();
        assert!(triage.contains(from) || identities.contains(from), "{from}");
        (triage.replacen(from, to, 1).into_bytes(), identities.replacen(from, to, 1).into_bytes())
    };
    let hash = &body.triage.evidence[0].sha256;
    let key = body.identities.evidence["e0"].key.expose();
    for (from, to, expected) in [
        ("\"size\":100", "\"size\":18446744073709551615", Integrity::Unusable),
        ("\"size\":100", "\"size\":17179869185000", Integrity::Unusable),
        ("\"size\":100", "\"size\":17000000000", Integrity::Missing { missing: 260_480, of: 260_481 }),
        ("\"size\":100", "\"size\":99", Integrity::Damaged),
        (hash.as_str(), &"0".repeat(64), Integrity::HashMismatch),
        (hash.as_str(), "short", Integrity::Unusable),
        (key, "AAAA", Integrity::Unusable),
        (key, "not base64", Integrity::Unusable),
    ] {
        let (triage, identities) = change(from, to);
        let mut records = seal_body(&desk, &triage, &identities);
        records.extend(chunks.iter().cloned());
        number(&mut records);
        let fresh = Desk { dir: tempfile::tempdir().unwrap(), folder: desk.folder.clone() };
        for file in files(&desk, "packets") {
            fs::remove_file(file).unwrap();
        }
        fresh.inbox().store(&records).unwrap();
        let index = fresh.index();
        let attached = attachments(&index.reports[0]);
        let state = attached[0].open(&fresh.inbox(), &fresh.here(), |_| Ok(())).unwrap();
        assert_eq!(state, expected, "{from} {to}");
    }
}

#[test]
fn a_damaged_chunk_file_is_told_and_pulling_again_heals_it() {
    let desk = Desk::new();
    let records = Plan::new(1).file(None, noise(150_000, 1)).seal(&desk);
    desk.inbox().store(&records).unwrap();
    let state = || {
        let index = desk.index();
        attachments(&index.reports[0])[0].open(&desk.inbox(), &desk.here(), |_| Ok(())).unwrap()
    };
    assert_eq!(state(), Integrity::HashOk, "control");
    let chunks = files(&desk, "chunks");
    let mut bytes = fs::read(&chunks[0]).unwrap();
    bytes[500] ^= 4;
    fs::write(&chunks[0], bytes).unwrap();
    assert_eq!(state(), Integrity::Damaged);
    let (first, second) = (fs::read(&chunks[1]).unwrap(), fs::read(&chunks[2]).unwrap());
    fs::write(&chunks[1], second).unwrap();
    fs::write(&chunks[2], first).unwrap();
    assert_eq!(desk.inbox().store(&records).unwrap().repaired, 3);
    assert_eq!(state(), Integrity::HashOk);
    assert_eq!(desk.inbox().set_aside_count(), 3, "the damaged files are kept");
    fs::remove_file(&chunks[0]).unwrap();
    assert!(matches!(state(), Integrity::Missing { missing: 1, of: 3 }));
    assert!(desk.index().reports[0].triage.closed().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_damage_to_any_file_leaves_the_rest_readable(
        which in 0_usize..4, cut in any::<bool>(), at in 0_usize..70_000, bit in 0_u8..8,
    ) {
        let desk = Desk::new();
        desk.inbox().store(&Plan::new(1).file(None, noise(70_000, 1)).seal(&desk)).unwrap();
        desk.inbox().store(&Plan::new(2).seal(&desk)).unwrap();
        let all = [files(&desk, "packets"), files(&desk, "chunks")].concat();
        let mut bytes = fs::read(&all[which]).unwrap();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        fs::write(&all[which], bytes).unwrap();
        let index = desk.index();
        // A packet or a chunk is gone, never more.
        prop_assert_eq!(index.reports.len() + index.damaged_files, 2);
        for report in &index.reports {
            for one in attachments(report) {
                one.open(&desk.inbox(), &desk.here(), |_| Ok(())).unwrap();
            }
        }
        prop_assert_eq!(all.len(), 4);
        prop_assert!(all.iter().all(|file| file.exists()));
    }
}

#[test]
fn a_report_that_claims_terabytes_costs_the_desk_neither_time_nor_memory() {
    let desk = Desk::new();
    let plan = Plan::new(1).file(None, noise(10, 1));
    let (mut body, _) = plan.body();
    let (item, private) = (body.triage.evidence.remove(0), body.identities.evidence.remove("e0").unwrap());
    for at in 0..200 {
        let evidence_id = format!("e{at}");
        body.identities.evidence.insert(evidence_id.clone(), private.clone());
        body.triage.evidence.push(kapok_report::EvidenceItem { evidence_id, size: 17_000_000_000, ..item.clone() });
    }
    let mut records = seal_body(&desk, &body.triage.to_bytes(), &body.identities.to_bytes());
    number(&mut records);
    desk.inbox().store(&records).unwrap();
    let index = desk.index();
    let (all, here) = (attachments(&index.reports[0]), desk.here());
    let began = std::time::Instant::now();
    for one in &all {
        assert!(matches!(one.presence(&here), Integrity::Missing { missing, of } if missing == of && of > 260_000));
        assert_eq!(one.ids_here(&here), []);
    }
    assert_eq!(all.len(), 200);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
