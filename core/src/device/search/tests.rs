//! What is found, what is not, and that nothing of it is left.

use std::fs;
use std::io::Cursor;
use std::time::Instant;

use kapok_report::{Answers, EvidenceOrigin, Moment};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::testing::*;
use super::super::{Error, NewAttachment};
use super::*;
use crate::policy::Profile;
use crate::time::Time;

fn answers(device: &Device, file: &Json) -> Answers {
    let moment = Moment::parse("2026-11-24").unwrap();
    Answers::parse(device.pack(), "detention_quick", file.to_string().as_bytes(), &moment).unwrap().0
}

fn add(device: &Device, file: &Json) -> DraftId {
    let id = device.new_draft("detention_quick", "km", NOW).unwrap();
    device.save_answers(id, &answers(device, file), NOW).unwrap();
    id
}

/// Each place as words, in order.
fn places(device: &Device, text: &str) -> Vec<String> {
    let name = |hit: Hit| match hit.place {
        HitPlace::Answer { draft, question } => format!("{} {question}", draft.number()),
        HitPlace::Note(draft) => format!("{} note", draft.number()),
        HitPlace::FileName { draft, .. } => format!("{} file", draft.number()),
        HitPlace::Finished(row) => format!("finished {}", row.number()),
    };
    device.search(text, 100).unwrap().into_iter().map(name).collect()
}

/// The snippet with brackets around its marks.
fn marked(hit: &Hit) -> String {
    let letters: Vec<char> = hit.snippet.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    for mark in &hit.marks {
        out.extend(&letters[at..mark.start]);
        out.push('[');
        out.extend(&letters[mark.clone()]);
        out.push(']');
        at = mark.end;
    }
    out.extend(&letters[at..]);
    out
}

#[test]
fn words_names_labels_remarks_notes_and_file_names_are_found_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 4, 128);
    Organisation::make().enrol(&device);
    let one = add(
        &device,
        &json!({
            "person.names": ["Example Rabbit", "ទន្សាយ គំរូ"],
            "reporter_relation": "spouse",
            "arrest.place": {"province": "12", "text": "ក្បែរវត្តប្រលោមលោក"},
            "arrest.forces": [{"force": "plain_clothes", "vehicle_text": "រថយន្តពណ៌ស"}],
            "person.health": ["chronic_illness"],
            "narrative": {"s": "val", "v": "They came at dawn.", "note": "told by a neighbour"},
            "reporter_contact": {"channel": "phone", "value": "០០០ ១២៣"},
            "unknown.key": {"inner": ["something tangerine"]},
        }),
    );
    let meta = NewAttachment {
        file_name: "Photo ផ្សារ.JPG".into(), kind: None, origin: EvidenceOrigin::ImportedFile
    };
    device.attach_stream(one, &mut Cursor::new([1; 10]), &meta, None, NOW).unwrap();
    device.set_note(one, "the market case", NOW).unwrap();
    let two = add(&device, &json!({"person.names": "Example Otter"}));
    device.set_note(two, "second market case", NOW).unwrap();
    device.finish(two, NOW).unwrap();

    let pack = device.pack();
    let label = |key: &str, lang: &str| pack.label(key, lang).unwrap().text.clone();
    for (text, found) in [
        ("rabbit", "1 person.names"),
        ("ទន្សាយ", "1 person.names"),
        (&label("V-RELATION.spouse", "en"), "1 reporter_relation"),
        (&label("V-RELATION.spouse", "km"), "1 reporter_relation"),
        (&label("V-PROVINCE.12", "en"), "1 arrest.place"),
        (&label("V-HEALTH.chronic_illness", "km"), "1 person.health"),
        (&label("V-FORCE.plain_clothes", "en"), "1 arrest.forces"),
        ("ពណ៌ស", "1 arrest.forces"),
        ("ប្រលោមលោក", "1 arrest.place"),
        ("neighbour", "1 narrative"),
        ("123", "1 reporter_contact"),
        ("tangerine", "1 unknown.key"),
        ("photo ផ្សារ", "1 file"),
        ("the market", "1 note"),
    ] {
        assert_eq!(places(&device, text), [found], "{text}");
    }
    assert_eq!(places(&device, "market"), ["1 note", "finished 1"], "drafts first");
    assert_eq!(places(&device, "otter"), [] as [&str; 0], "a finished report is forgotten");
    // Codes and the way a name was written down are no words.
    for text in ["chronic_illness", "khmr", "usual", "", " \u{200b}", "rabbit otter"] {
        assert_eq!(places(&device, text), [] as [&str; 0], "{text}");
    }
    // All words, in any order and in any part of the draft; each question once.
    assert_eq!(places(&device, "DAWN rabbit"), ["1 narrative", "1 person.names"]);
    assert_eq!(places(&device, "a").iter().filter(|place| *place == "1 narrative").count(), 1);
}

#[test]
fn short_khmer_words_are_found_without_a_trigram() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    add(&device, &json!({"narrative": "គាត់ដើរតាមផ្លូវ"}));
    add(&device, &json!({"narrative": "បីនាក់"}));
    for (text, found) in [
        ("បី", vec!["2 narrative"]),
        ("ដើ", vec!["1 narrative"]),
        ("ត់", vec!["1 narrative"]),
        ("ា", vec!["2 narrative", "1 narrative"]),
    ] {
        assert_eq!(places(&device, text), found, "{text}");
    }
}

#[test]
fn a_snippet_is_one_line_around_the_match_and_cuts_no_letter() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let text = format!("{}\nភ្នំពេញ\n{}", "ស្ត្រី".repeat(60), "ក្រុង".repeat(60));
    add(&device, &json!({ "narrative": text }));
    let hit = &device.search("ភ្នំ", 1).unwrap()[0];
    assert!(marked(hit).contains(" [ភ្នំ]ពេញ ក្រុង"), "{}", marked(hit));
    assert!(hit.snippet.starts_with("…ស្ត្រី") && !hit.snippet.contains('\n'), "{}", hit.snippet);
    let inner = hit.snippet.trim_matches('…');
    assert!(hit.snippet.ends_with('…') && (inner.ends_with("ក្រុ") || inner.ends_with('ង')), "{inner}");
    assert!(text.replace('\n', " ").contains(inner), "nothing but the text");

    add(&device, &json!({"person.names": "Ann Banana"}));
    let hit = &device.search("an", 1).unwrap()[0];
    assert_eq!(marked(hit), "[An]n B[anan]a", "matches that meet are one");
    assert_eq!(format!("{hit:?} {:?}", hit.place), "Hit([redacted]) HitPlace([redacted])");
}

#[test]
fn every_change_is_found_at_once_and_what_is_gone_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 4, 128);
    Organisation::make().enrol(&device);
    let id = add(&device, &json!({"narrative": "papaya"}));
    assert_eq!(places(&device, "papaya"), ["1 narrative"]);
    device.save_answers(id, &answers(&device, &json!({"narrative": "durian"})), NOW).unwrap();
    assert_eq!((places(&device, "papaya"), places(&device, "durian")), (vec![], vec!["1 narrative".to_owned()]));
    device.undo(id, NOW).unwrap();
    assert_eq!((places(&device, "papaya").len(), places(&device, "durian").len()), (1, 0));
    device.set_note(id, "lychee", NOW).unwrap();
    let meta = NewAttachment { file_name: "rambutan.jpg".into(), kind: None, origin: EvidenceOrigin::ImportedFile };
    let view = device.attach_stream(id, &mut Cursor::new([1; 10]), &meta, None, NOW).unwrap();
    assert_eq!((places(&device, "lychee").len(), places(&device, "rambutan").len()), (1, 1));
    device.remove_attachment(id, view.evidence_id, NOW).unwrap();
    assert_eq!((places(&device, "lychee").len(), places(&device, "rambutan").len()), (1, 0));
    device.finish(id, NOW).unwrap();
    assert_eq!((places(&device, "papaya"), places(&device, "lychee")), (vec![], vec!["finished 1".to_owned()]));
    let mut settings = device.settings().unwrap();
    settings.kept_after_finish = Profile::Elevated;
    device.set_settings(&settings).unwrap();
    assert_eq!(places(&device, "lychee"), [] as [&str; 0]);
    let other = add(&device, &json!({"narrative": "longan"}));
    assert_eq!(places(&device, "longan").len(), 1);
    device.delete_draft(other).unwrap();
    assert_eq!(places(&device, "longan"), [] as [&str; 0]);
}

#[test]
fn searching_writes_nothing_and_the_index_goes_with_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    add(&device, &json!({"narrative": "marker-tamarind"}));
    let path = folder.path().join("vault.kpk");
    let (file, content) = (fs::read(&path).unwrap(), device.with_vault(|vault| Ok(vault.bytes())).unwrap());
    assert_eq!(places(&device, "tamarind").len(), 1);
    assert!(fs::read(&path).unwrap() == file);
    assert!(device.with_vault(|vault| Ok(vault.bytes())).unwrap() == content, "nothing of the index is in the content");
    let tables = |device: &Device| -> u32 {
        let count = "SELECT count(*) FROM sqlite_schema";
        let tables = |_: &_, beside: &rusqlite::Connection| Ok(beside.query_row(count, [], |row| row.get(0))?);
        device.with_vault(|vault| vault.read_beside(tables)).unwrap()
    };
    assert!(tables(&device) > 3, "control: there is an index");
    device.lock();
    assert_eq!(device.search("tamarind", 1), Err(Error::Locked));
    device.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(tables(&device), 0);
    assert_eq!(places(&device, "tamarind").len(), 1);
}

#[test]
fn a_damaged_draft_hides_no_other_and_its_note_is_still_found() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let ids = [1, 2].map(|_| add(&device, &json!({"narrative": "mangosteen"})));
    device.set_note(ids[0], "a note", NOW).unwrap();
    let damage = "UPDATE draft SET answers = '{', revision = revision + 1 WHERE id = ?1";
    device.with_vault(|vault| vault.write(|db| Ok(db.execute(damage, [ids[0].0])?))).unwrap();
    assert_eq!(places(&device, "mangosteen"), ["2 narrative"]);
    assert_eq!(places(&device, "note"), ["1 note"]);
}

#[test]
fn a_limit_cuts_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    for _ in 0..5 {
        add(&device, &json!({"narrative": "guava", "person.names": "Guava Example"}));
    }
    let all = places(&device, "guava");
    assert_eq!((all.len(), all[0].as_str(), all[9].as_str()), (10, "5 narrative", "1 person.names"));
    for limit in 0..12 {
        assert_eq!(device.search("guava", limit).unwrap().len(), limit.min(10));
    }
}

#[test]
fn a_large_vault_is_indexed_step_by_step_and_what_changes_meanwhile_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 16, 64);
    let long = "ក្នុងភូមិ ".repeat(400);
    let ids: Vec<DraftId> =
        (0..50).map(|number| add(&device, &json!({"narrative": format!("{long} word{number}")}))).collect();
    let step =
        || device.with_vault(|vault| vault.read_beside(|db, beside| index::step(db, beside, device.pack()))).unwrap();
    assert!(!step(), "control: one step is not enough");
    // Indexed already, still to do, gone, and new.
    device.save_answers(ids[49], &answers(&device, &json!({"narrative": "lychee"})), NOW).unwrap();
    device.save_answers(ids[0], &answers(&device, &json!({"narrative": "rambutan"})), NOW).unwrap();
    device.delete_draft(ids[1]).unwrap();
    device.delete_draft(ids[48]).unwrap();
    assert!(!step());
    add(&device, &json!({"narrative": "longan"}));
    let steps = (0..100).take_while(|_| !step()).count();
    assert!((1..20).contains(&steps), "{steps}");
    for (text, found) in
        [("lychee", 1), ("rambutan", 1), ("longan", 1), ("word49", 0), ("word48", 0), ("word1 ", 10), ("ភូមិ", 46)]
    {
        assert_eq!(device.search(text, 100).unwrap().len(), found, "{text}");
        assert_eq!(device.search(text, 100).unwrap(), naive(&device, text), "{text}");
    }
}

/// What a search would find without an index: every source folded and looked through.
fn naive(device: &Device, text: &str) -> Vec<Hit> {
    let terms = fold::terms(text);
    if terms.is_empty() {
        return vec![];
    }
    let ids: Vec<i64> = device.drafts().unwrap().iter().rev().map(|draft| draft.id.0).collect();
    let page = |id: i64| {
        let pack = device.pack();
        let (_, sources) = device.with_vault(|vault| vault.read(|db| index::sources(db, pack, id))).unwrap().unwrap();
        let folded: Vec<String> = sources.iter().map(|source| fold::fold(&source.text)).collect();
        let all = terms.iter().all(|term| folded.iter().any(|text| text.contains(term.as_str())));
        if all { hits_of(&sources, &terms) } else { vec![] }
    };
    ids.into_iter().flat_map(page).collect()
}

/// Words in which the rules meet: Khmer with signs in both orders, quotation marks, operators of FTS5, digits.
fn words() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "ភ្នំ",
        "ពេញ",
        "ស្ត្រី",
        "ស្រ្តី",
        "ក",
        "ំុ",
        "\u{200b}",
        " ",
        "\n",
        "an",
        "An",
        "banana",
        "\"",
        "*",
        "AND",
        "NEAR(",
        "-",
        "0",
        "០",
        "'",
        "%",
        "_",
        "é",
        "e\u{301}",
        "^",
        ":",
        "😀",
        "\0",
    ]);
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_search_finds_what_a_scan_of_everything_finds(
        drafts in prop::collection::vec((words(), words()), 1..8),
        changed in words(),
        searches in prop::collection::vec(words(), 30),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        for (narrative, name) in &drafts {
            add(&device, &json!({"narrative": narrative, "person.names": [name]}));
        }
        let mut found = 0;
        for (number, text) in searches.iter().enumerate() {
            if number == 15 {
                device.save_answers(device.draft(1).unwrap(), &answers(&device, &json!({"narrative": changed})), NOW).unwrap();
            }
            let hits = device.search(text, usize::MAX).unwrap();
            found += hits.len();
            prop_assert_eq!(hits.iter().map(marked).collect::<Vec<_>>(), naive(&device, text).iter().map(marked).collect::<Vec<_>>());
            prop_assert!(hits == naive(&device, text), "{text:?}");
        }
        // Control: a part of what was written is found.
        let part: String = drafts[drafts.len() - 1].0.clone();
        if drafts.len() > 1 && !fold::terms(&part).is_empty() {
            prop_assert!(!device.search(&part, 1).unwrap().is_empty(), "{part:?} {found}");
        }
    }
}

/// Figures for a large vault. `cargo test -p kapok-core --lib -- --ignored --nocapture figures_of_search`
#[test]
#[ignore = "prints figures"]
fn figures_of_search() {
    for (drafts, finished) in [(0, 0), (0, 20_000), (0, 40_000), (500, 500), (20_000, 20_000)] {
        figures(drafts, finished);
    }
}

fn timed(what: &str, work: impl Fn() -> usize) {
    let start = Instant::now();
    let result = work();
    println!("  {what}: {:.2} ms ({result})", start.elapsed().as_secs_f64() * 1e3);
}

fn figures(drafts: usize, finished: usize) {
    const NARRATIVE: &str = "ប្រហែលម៉ោងប្រាំព្រឹក មានបុរសបីនាក់ស្លៀកពាក់ស៊ីវិលមកដល់ផ្ទះ ហើយនាំប្ដីខ្ញុំឡើងរថយន្តពណ៌ស។ ";
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 640, 64);
    let written = answers(
        &device,
        &json!({"narrative": NARRATIVE.repeat(2), "person.names": "Example Rabbit", "reporter_relation": "spouse"}),
    )
    .to_json();
    let fill = |db: &rusqlite::Connection| {
        for number in 0..drafts {
            let draft = super::super::drafts::create(db, ("detention_quick", 1), "km", Time(number as u64))?;
            let answers = written.replace("Rabbit", &format!("Rabbit {number}"));
            db.execute("UPDATE draft SET answers = ?1, answered = 3 WHERE id = ?2", (answers, draft.0))?;
        }
        for number in 0..finished {
            db.execute(
                "INSERT INTO finished (code, day, form_id, note) VALUES ('KQ-H7Q', 20000, 'detention_quick', ?1)",
                [format!("note {number}")],
            )?;
        }
        Ok(())
    };
    device.with_vault(|vault| vault.write(fill)).unwrap();
    let content = device.with_vault(|vault| Ok(vault.bytes())).unwrap().len();
    println!("{drafts} drafts and {finished} finished rows: {} KiB", content >> 10);
    device.lock();
    timed("unlock, KDF and loading", || device.unlock(&passphrase(), &Still).map_or(0, |()| 1));
    timed("1,000 finished rows", || device.finished_before(None, 1_000).unwrap().len());
    timed("all drafts", || device.drafts().unwrap().len());
    timed("first search", || device.search("rabbit 777", 20).unwrap().len());
    timed("English words", || device.search("rabbit 777", 20).unwrap().len());
    timed("a Khmer word in every draft", || device.search("ស៊ីវិល", 20).unwrap().len());
    timed("two letters", || device.search("បី", 20).unwrap().len());
    timed("two letters, nowhere", || device.search("ឈូ", 20).unwrap().len());
    timed("a word that is nowhere", || device.search("tamarind", 20).unwrap().len());
    device.new_draft("detention_quick", "km", NOW).unwrap();
    timed("after one change", || device.search("tamarind", 20).unwrap().len());
    let pages = |_: &_, beside: &rusqlite::Connection| {
        Ok(beside.pragma_query_value(None, "page_count", |row| row.get::<_, u32>(0))?)
    };
    println!("  index: {} KiB", 4 * device.with_vault(|vault| vault.read_beside(pages)).unwrap());
}
