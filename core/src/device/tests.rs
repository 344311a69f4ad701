//! What a device promises between creation and outbox; the network has its own tests.

use std::fs;
use std::io::{Cursor, Read};

use kapok_report::{Body, ClockTrust, EvidenceKind, EvidenceOrigin, ShortCode, Triage};
use kapok_seal::media::{ChunkOpener, ItemKey, padded_count};
use kapok_seal::{Content, open_packet};
use kapok_wire::{Digest, Lane, ObjectId};

use super::outbox::{Job, Outcome};
use super::testing::*;
use super::*;
use crate::policy::{Asked, Facts, Finished, Metered, Panic, Reason, Seen, Transport, UserHold};

const NAME: &str = "សុខ ដារ៉ា";

fn meta(name: &str) -> NewAttachment {
    NewAttachment { file_name: name.to_owned(), kind: None, origin: EvidenceOrigin::CapturedInApp }
}

/// Bytes that are neither constant nor compressible.
fn recording(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    kapok_wire::rng::fill(&mut bytes);
    bytes
}

fn all_jobs(device: &Device) -> Vec<Job> {
    device.own().next_batch(true, true, 1_000).unwrap()
}

#[test]
fn a_draft_survives_locking_and_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let made = device(folder.path());
    let id = draft(&made, NAME);
    made.lock();
    assert_eq!(made.drafts(), Err(Error::Locked));
    drop(made);
    let device = reopened(folder.path());
    device.unlock(&passphrase(), &Still).unwrap();
    assert!(device.answers(id).unwrap().to_json().contains(NAME));
    assert_eq!(device.drafts().unwrap()[0].answers, 1);
}

#[test]
fn a_finished_report_opens_at_the_desk_whole_and_at_the_device_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let id = draft(&device, NAME);
    let photo = recording(150_000);
    let view = device.attach_stream(id, &mut Cursor::new(&photo), &meta("រូបថត.jpg"), None, NOW).unwrap();
    assert_eq!(view.size, 150_000);
    let finished = device.finish(id, NOW).unwrap();

    assert_eq!(device.answers(id).err(), Some(Error::NoSuchDraft));
    assert_eq!(device.finished().unwrap()[0].code, finished.code);
    let state = &device.outbox().unwrap()[0];
    assert_eq!(
        (state.code.as_deref(), state.state, state.objects),
        (Some(&*finished.code), ReportState::OnThisPhone, 4)
    );

    let jobs = all_jobs(&device);
    let packet = device.own().sealed_area(&jobs[0]).unwrap();
    let opened = open_packet(&packet, &organisation.keys).unwrap();
    let inline = |part: Result<Option<Content>, _>| match part {
        Ok(Some(Content::Inline(bytes))) => bytes.expose().to_vec(),
        other => panic!("expected inline content, found {other:?}"),
    };
    let body = Body::parse(&inline(opened.triage), &inline(opened.identities)).unwrap();
    assert!(body.answer("person.names").get().unwrap().to_string().contains(NAME));

    let item = &body.triage.evidence[0];
    let private = &body.identities.evidence[&item.evidence_id];
    let key = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, private.key.expose()).unwrap();
    let key = ItemKey::from_bytes(&key.try_into().unwrap());
    let mut opener = ChunkOpener::new(&key, item.size, view.sha256).unwrap();
    let mut found = Vec::new();
    while let Some(id) = opener.next_id() {
        let job = jobs.iter().find(|job| job.object == id).unwrap();
        let mut area = device.own().sealed_area(job).unwrap();
        found.extend_from_slice(opener.open_next(&mut area).unwrap());
    }
    opener.finish().unwrap();
    assert_eq!(found, photo);
}

#[test]
fn media_objects_number_is_a_padme_number_and_padding_continues_the_last_attachment() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, NAME);
    for chunks in [4, 5] {
        let bytes = recording(chunks * 65_264);
        device.attach_stream(id, &mut Cursor::new(bytes), &meta("a"), None, NOW).unwrap();
    }
    device.finish(id, NOW).unwrap();
    let media = all_jobs(&device).iter().filter(|job| job.lane == Lane::Media).count();
    assert_eq!(media, padded_count(9) as usize);
    assert_eq!(media, 10);
}

#[test]
fn a_finish_that_was_cut_after_the_commit_point_is_ended_at_the_next_unlock() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    Organisation::make().enrol(&first);
    let id = draft(&first, NAME);
    // As a crash between the two stores leaves it: the queue has the report, the vault still the draft.
    let head = first.with_vault(|vault| vault.read(|db| drafts::head(db, id))).unwrap();
    let object = outbox::NewObject { object: ObjectId([1; 16]), lane: Lane::Text, slot: first.own_slot(0) };
    let report = outbox::NewReport { day: 20_000, finished: finished(), mark: head.mark, objects: vec![object] };
    first.own().add(&report).unwrap();
    drop(first);

    let again = reopened(folder.path());
    again.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(again.drafts().unwrap(), []);
    let code = ShortCode::of(&head.report_id).to_string();
    assert_eq!(again.finished().unwrap()[0].code, code);
    assert_eq!(again.outbox().unwrap()[0].code, Some(code));
    again.lock();
    again.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(again.finished().unwrap().len(), 1, "ending it twice adds nothing");
}

#[test]
fn without_an_organisation_finishing_is_refused_and_the_draft_kept() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let id = draft(&device, NAME);
    assert_eq!(device.finish(id, NOW).err(), Some(Error::NotEnrolled));
    assert!(device.answers(id).is_ok());
}

#[test]
fn an_empty_report_is_refused_and_kept_and_an_expired_bundle_still_seals() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let empty = device.new_draft("detention_quick", "en", NOW).unwrap();
    assert_eq!(device.finish(empty, NOW).err(), Some(Error::EmptyReport));
    assert_eq!(device.drafts().unwrap().len(), 1);
    let id = draft(&device, NAME);
    let late = Time(NOW.0 + 2_000_000);
    assert!(device.finish(id, late).unwrap().bundle_expired);
}

#[test]
fn a_clock_that_was_set_back_or_runs_beyond_the_calendar_is_marked_in_the_report_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let beyond = Time(u64::MAX);
    for (at, trust) in [
        (NOW, ClockTrust::Ok),
        (Time(NOW.0 - 60), ClockTrust::Suspect),
        (Time(0), ClockTrust::Suspect),
        (beyond, ClockTrust::Suspect),
    ] {
        let id = draft(&device, NAME);
        device.finish(id, at).unwrap();
        let job = all_jobs(&device).pop().unwrap();
        let opened = open_packet(&device.own().sealed_area(&job).unwrap(), &organisation.keys).unwrap();
        let Ok(Some(Content::Inline(triage))) = opened.triage else { panic!("a short report fits") };
        assert_eq!(Triage::parse(triage.expose()).unwrap().clock_trust, trust, "{at:?}");
    }
}

#[test]
fn odd_attachments_are_taken_or_refused_by_name_and_the_draft_stays() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let id = draft(&device, NAME);
    let files = tempfile::tempdir().unwrap();
    let empty = files.path().join("ទទេ");
    fs::write(&empty, b"").unwrap();
    let view = device.attach_file(id, &empty, None, NOW).unwrap();
    assert_eq!((view.size, view.mime.as_str()), (0, "application/octet-stream"));
    assert_eq!(format!("{view:?} {:?}", meta("a name")), "AttachmentView([redacted]) NewAttachment([redacted])");
    let jpeg = files.path().join("photo");
    fs::write(&jpeg, [0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F']).unwrap();
    let view = device.attach_file(id, &jpeg, None, NOW).unwrap();
    assert_eq!((view.kind, view.mime.as_str()), (EvidenceKind::Photo, "image/jpeg"));

    assert!(matches!(device.attach_file(id, files.path(), None, NOW), Err(Error::SourceFailed(_))));
    assert!(matches!(device.attach_file(id, &files.path().join("gone"), None, NOW), Err(Error::SourceFailed(_))));
    assert_eq!(device.attach_file(DraftId(99), &jpeg, None, NOW).err(), Some(Error::NoSuchDraft));
    assert_eq!(device.attachments(id).unwrap().len(), 2);
}

/// A file on a card that is pulled out.
struct Vanishing(usize);

impl Read for Vanishing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let read = buffer.len().min(self.0);
        self.0 -= read;
        Ok(read)
    }
}

#[test]
fn an_attachment_that_vanishes_or_shrinks_while_read_leaves_the_draft_and_its_slots_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let id = draft(&device, NAME);
    let failed = device.attach_stream(id, &mut Vanishing(200_000), &meta("a"), None, NOW);
    assert!(matches!(failed, Err(Error::SourceFailed(_))));
    let short = device.attach_stream(id, &mut Cursor::new([7; 100]), &meta("a"), Some(101), NOW);
    assert_eq!(short, Err(Error::SourceChanged));
    assert_eq!(device.attachments(id).unwrap(), []);
    // 64 slots less the reserve: still free.
    device.attach_stream(id, &mut Cursor::new(recording(40 * 65_264)), &meta("a"), None, NOW).unwrap();
}

#[test]
fn a_full_pool_says_what_is_missing_before_or_while_reading_and_leaves_room_to_finish() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, NAME);
    let large = 60 * 65_264;
    for size in [Some(large as u64), None] {
        let refused = device.attach_stream(id, &mut Cursor::new(vec![1; large]), &meta("a"), size, NOW);
        assert!(matches!(refused, Err(Error::PoolFull { missing_bytes }) if missing_bytes > 0), "{refused:?}");
    }
    device.attach_stream(id, &mut Cursor::new(vec![1; 40 * 65_264]), &meta("a"), None, NOW).unwrap();
    device.finish(id, NOW).unwrap();
}

#[test]
fn a_token_opens_one_upload_of_64_chunks_and_repetitions_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 4, 256);
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let id = draft(&device, NAME);
    device.attach_stream(id, &mut Cursor::new(recording(100 * 65_264)), &meta("a"), None, NOW).unwrap();
    device.finish(id, NOW).unwrap();
    let jobs = all_jobs(&device);
    assert_eq!(jobs.len(), 1 + 104);
    assert_eq!(jobs[0].lane, Lane::Text, "text goes first");
    let mut uploads: Vec<_> = jobs.iter().map(|job| job.upload).collect();
    uploads.dedup();
    assert_eq!(uploads.len(), 3, "one for the packet, two for 104 chunks");
    assert_eq!(device.own().tokens_left().unwrap(), 256 - 3);
    let again = all_jobs(&device);
    assert_eq!(
        again.iter().map(|job| (job.object, job.upload)).collect::<Vec<_>>(),
        jobs.iter().map(|job| (job.object, job.upload)).collect::<Vec<_>>()
    );
    // A token that turns out to be spent is given up, and what is left gets another.
    device.own().record(&[(jobs[1].clone(), Outcome::Refused(kapok_wire::Problem::TokenSpent))]).unwrap();
    let third = all_jobs(&device);
    assert_ne!(third[1].upload, jobs[1].upload);
    assert!(third.iter().all(|job| organisation.issuer.recognises(&job.token)));
}

#[test]
fn only_a_verified_receipt_frees_an_object_and_its_slot_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let id = draft(&device, NAME);
    device.finish(id, NOW).unwrap();
    let job = all_jobs(&device).remove(0);
    let sealed = device.own().sealed_area(&job).unwrap();
    device.own().record(&[(job.clone(), Outcome::Unanswered)]).unwrap();
    assert_eq!(device.outbox().unwrap()[0].state, ReportState::OnThisPhone);

    let digest = Digest::of(&sealed);
    let receipt = organisation.receipt(digest);
    device.own().record(&[(job.clone(), Outcome::Receipted(digest, receipt))]).unwrap();
    assert_eq!(device.outbox().unwrap()[0].state, ReportState::ServerHasAll);
    assert_eq!(device.own().sealed_area(&job), Err(Error::SlotDamaged), "the slot holds random bytes now");
}

#[test]
fn a_clock_that_once_ran_far_ahead_is_set_right_by_a_receipts_hour() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let far = Time(NOW.0 + 3_000_000_000);
    device.own().note_batch(far, None).unwrap();
    assert_eq!(device.own().latest_time().unwrap(), Some(far), "control: without a receipt there is nothing to go by");
    device.own().note_batch(NOW, Some(NOW.hour())).unwrap();
    let latest = device.own().latest_time().unwrap().unwrap();
    assert!(latest < Time(NOW.0 + 2 * 86_400), "{latest:?}");
    assert_eq!(device.own().last_batch().unwrap(), Some(NOW));
}

#[test]
fn an_engine_waits_its_delay_after_finish_and_the_exact_time_is_forgotten_when_all_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let id = draft(&device, NAME);
    device.finish(id, NOW).unwrap();
    assert_eq!(device.own().oldest_waiting().unwrap().unwrap().at, NOW);
    let facts = Facts { transport: Transport::Ethernet, metered: Metered::No, ..quiet() };
    let ends = |asked, now| {
        let options = SyncOptions { asked, ..SyncOptions::default() };
        device.decide(&facts, &options, now).unwrap().reasons().contains(&Reason::TooSoon)
    };
    // Seed 7 draws the longest delay of the profile, half an hour.
    let older = Finished { at: Time(NOW.0 - 1), seed: 7 };
    let report = outbox::NewReport { day: 1, finished: older, mark: [1; 16], objects: vec![] };
    device.own().add(&report).unwrap();
    assert_eq!(device.own().oldest_waiting().unwrap(), Some(older));
    assert!(ends(Asked::ByEngine, Time(NOW.0 + 1_798)));
    assert!(!ends(Asked::ByEngine, Time(NOW.0 + 1_801)));
    assert!(!ends(Asked::ByPerson, NOW), "a person need not wait");

    let job = all_jobs(&device).remove(0);
    let digest = Digest::of(&device.own().sealed_area(&job).unwrap());
    let receipt = organisation.receipt(digest);
    device.own().record(&[(job, Outcome::Receipted(digest, receipt))]).unwrap();
    assert_eq!(device.own().oldest_waiting().unwrap(), None);
}

/// A host that knows of nothing bad.
fn quiet() -> Facts {
    Facts {
        user_hold: UserHold::Released,
        intercepted: Seen::Never,
        filtered: Seen::Never,
        panic: Panic::Off,
        ..Facts::unknown()
    }
}

#[test]
fn the_users_hold_survives_a_restart_and_needs_no_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    first.lock();
    first.hold().unwrap();
    drop(first);
    let device = reopened(folder.path());
    assert!(device.queues.record().user_hold().unwrap());
    device.release().unwrap();
    assert!(!device.queues.record().user_hold().unwrap());
}

#[test]
fn an_errand_that_a_hold_cut_off_never_reads_as_done_even_if_the_hold_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let facts = Facts { transport: Transport::Ethernet, metered: Metered::No, ..quiet() };
    let options = SyncOptions::default();
    let allowed = device.decide_for(Some(&device.own()), crate::policy::Work::Errand, &facts, &options, NOW).unwrap();
    assert!(matches!(allowed, crate::policy::Decision::Allow(_)), "control: nothing holds any more: {allowed:?}");
    let SyncEnd::Held(told) = device.stopped(&device.own(), &facts, &options, NOW).unwrap().end else {
        panic!("it was held")
    };
    assert!(told.reasons().contains(&Reason::UserHold));
}

#[test]
fn setting_a_vault_aside_keeps_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    Organisation::make().enrol(&first);
    let id = draft(&first, NAME);
    first.finish(id, NOW).unwrap();
    drop(first);
    Device::set_aside(folder.path()).unwrap();
    let second = device(folder.path());
    assert_eq!(second.outbox().unwrap().len(), 1);
    assert_eq!(second.drafts().unwrap(), []);
}

#[test]
fn the_folder_holds_three_files_of_fixed_size_whatever_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let shape = || {
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()))
            .collect();
        files.sort();
        files
    };
    let before = shape();
    assert_eq!(before.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [POOL_FILE, QUEUE_FILE, VAULT_FILE]);
    Organisation::make().enrol(&device);
    let id = draft(&device, NAME);
    device.attach_stream(id, &mut Cursor::new(recording(500_000)), &meta("a"), None, NOW).unwrap();
    device.finish(id, NOW).unwrap();
    assert_eq!(shape(), before);
}
