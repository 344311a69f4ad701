//! `phone`: which phones were invited, and what it means that one of them is lost. The label of `invite --for`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;

use inquire::{InquireError, Select, Text};
use kapok_desk::{Error, Folder, Keyring, Phone, PhoneLabel, PhoneList, PhoneRecord, Phones, WriteLock};
use kapok_report::printable;
use kapok_wire::Digest;
use kapok_wire::registration::InviteRegistration;
use serde_json::{Value as Json, json};

use super::Session;
use super::args::PhoneCommand;
use super::output::note;
use super::times::last_second;
use super::words::{Lang, Words};

/// Longest line that may hold a label, in bytes: far more than one has, so that a cut line is refused by its length.
const LINE_MAX: u64 = 4_096;

/// A record that was written for an invite of which the server does not know yet.
pub(super) struct Kept {
    phones: Phones,
    path: PathBuf,
    _lock: WriteLock,
}

impl Kept {
    /// Keeps what the desk calls the phone of an invite. Before the invite is registered: none is shown that is not kept.
    pub(super) fn write(
        session: &Session,
        folder: &Folder,
        label: PhoneLabel,
        invite: InviteRegistration,
    ) -> Result<Self, Error> {
        let lock = folder.lock()?;
        let phones = Phones::of(folder);
        let path = phones.add(&PhoneRecord {
            made: session.zone.day(session.now),
            invite: Digest(invite.secret_hash),
            expires: invite.expires,
            label,
            lost: None,
        })?;
        Ok(Self { phones, path, _lock: lock })
    }

    /// There is no such invite after all. If the file stays, the list has a phone too many, which can be forgotten.
    pub(super) fn take_back(&self) {
        let _ = self.phones.take_back(&self.path);
    }
}

/// The label that `--for` names. Arguments can be read by other programs and stay in the history of a shell, so `-` asks for it.
pub(super) fn label(session: &Session, given: &str) -> Result<PhoneLabel, Error> {
    if given != "-" {
        return PhoneLabel::parse(given);
    }
    if io::stdin().is_terminal() {
        return PhoneLabel::parse(&Text::new(session.words.get("ask_phone_label")).prompt().map_err(stopped)?);
    }
    let mut line = String::new();
    let read = io::stdin().lock().take(LINE_MAX).read_line(&mut line);
    // What is no text is no label either.
    PhoneLabel::parse(if read.is_ok() { &line } else { "" })
}

pub(super) fn phone(session: &Session, command: &PhoneCommand) -> Result<(), Error> {
    match command {
        PhoneCommand::List => list(session),
        PhoneCommand::Lost { number, yes } => lost(session, *number, *yes),
        PhoneCommand::Forget { number, yes } => forget(session, *number, *yes),
    }
}

/// The records, opened, and the keys that this passphrase did not open.
struct Opened {
    phones: Phones,
    list: PhoneList,
    locked: usize,
    _lock: Option<WriteLock>,
}

impl Opened {
    /// Opens every record and says which do not open, whatever was asked. To write means to hold the folder from the
    /// listing on: a number means the same until the end.
    fn of(session: &Session, to_write: bool) -> Result<Self, Error> {
        let folder = session.folder()?;
        let mut keys = Keyring::unlock(&folder, session.passphrase()?)?;
        let lock = if to_write { Some(folder.lock()?) } else { None };
        let phones = Phones::of(&folder);
        let list = phones.list(&mut keys)?;
        let words = &session.words;
        if !list.closed.is_empty() {
            note(&words.fill("phone_closed", &[&list.closed.len()]));
        }
        for closed in &list.closed {
            let why = words.get(&format!("phone_{}", closed.why.word())).to_owned();
            note(&format!("  {}  {why}", printable(&closed.file)));
        }
        if keys.refused() > 0 {
            note(&words.fill("keys_refused", &[&keys.refused()]));
        }
        Ok(Self { phones, list, locked: keys.refused(), _lock: lock })
    }
}

fn list(session: &Session) -> Result<(), Error> {
    let opened = Opened::of(session, false)?;
    let phones = || (1..).zip(&opened.list.phones);
    if opened.list.phones.is_empty() && opened.list.closed.is_empty() {
        note(session.words.get("phone_none"));
    }
    let closed = opened.list.closed.iter();
    let closed: Vec<Json> = closed.map(|one| json!({ "file": one.file, "why": one.why.word() })).collect();
    session.out.result(
        &json!({
            "phones": phones().map(|(number, phone)| document(session, number, phone)).collect::<Vec<_>>(),
            "unopened": closed,
            "locked_keys": opened.locked,
        }),
        &phones().map(|(number, phone)| line(session, number, phone)).collect::<Vec<_>>(),
    )
}

fn lost(session: &Session, number: usize, yes: bool) -> Result<(), Error> {
    let ask = must_ask(yes)?;
    let opened = Opened::of(session, true)?;
    let phone = opened.list.numbered(number)?;
    // Again is success, and asks nothing: nothing is written.
    if ask && phone.record.lost.is_none() {
        agree(session, &line(session, number, phone), "ask_phone_lost")?;
    }
    let today = session.zone.day(session.now);
    let added = opened.phones.write_off(phone, today)?;
    let mut phone = phone.clone();
    phone.record.lost = phone.record.lost.or(Some(today));
    let (mut lines, mut texts) = (Vec::new(), serde_json::Map::new());
    let languages = session.lang.map_or_else(|| vec![Lang::Km, Lang::En], |one| vec![one]);
    for lang in languages {
        let told = what_it_means(session, &Words::of(lang), number, &phone.record);
        lines.push(format!("— {} —", if lang == Lang::Km { "ខ្មែរ" } else { "English" }));
        lines.extend(told.iter().map(|text| format!("  {text}")));
        texts.insert(lang.code().to_owned(), json!(told));
    }
    let document = document(session, number, &phone);
    session.out.result(&json!({ "phone": document, "added": added, "text": texts }), &lines)
}

fn forget(session: &Session, number: usize, yes: bool) -> Result<(), Error> {
    let ask = must_ask(yes)?;
    let opened = Opened::of(session, true)?;
    let phone = opened.list.numbered(number)?;
    if ask {
        agree(session, &line(session, number, phone), "ask_phone_forget")?;
    }
    opened.phones.forget(phone)?;
    if !opened.list.closed.is_empty() {
        note(session.words.get("phone_closed_stay"));
    }
    note(session.words.get("phone_copies"));
    let document = document(session, number, phone);
    session.out.result(&json!({ "forgotten": document }), &[session.words.fill("phone_forgotten", &[&number])])
}

/// What a person has to know of a phone that is written off, in the order in which it frightens.
fn what_it_means(session: &Session, words: &Words, number: usize, record: &PhoneRecord) -> Vec<String> {
    let date = |day| session.zone.date(day);
    let label = printable(record.label.as_str());
    let since = record.lost.map(date).unwrap_or_default();
    let last = last_second(record.expires);
    let invite = if session.now > last {
        words.get("phone_said_invite_over").to_owned()
    } else {
        words.fill("phone_said_invite", &[&session.zone.minute(last)])
    };
    vec![
        // The label last: what it says must not be taken for a place to fill in.
        words.fill("phone_said_off", &[&number, &date(record.made), &since, &label]),
        words.get("phone_said_content").to_owned(),
        words.get("phone_said_open").to_owned(),
        words.get("phone_said_send").to_owned(),
        words.get("phone_said_keys").to_owned(),
        invite,
        words.get("phone_said_new").to_owned(),
    ]
}

fn line(session: &Session, number: usize, phone: &Phone) -> String {
    let (words, record) = (&session.words, &phone.record);
    let mut parts = vec![
        format!("{number}. {}", printable(record.label.as_str())),
        words.fill("phone_invited", &[&session.zone.date(record.made)]),
    ];
    let last = last_second(record.expires);
    if session.now <= last {
        parts.push(words.fill("phone_invite_until", &[&session.zone.minute(last)]));
    }
    if let Some(day) = record.lost {
        parts.push(words.fill("phone_lost", &[&session.zone.date(day)]));
    }
    parts.join("  ")
}

fn document(session: &Session, number: usize, phone: &Phone) -> Json {
    let record = &phone.record;
    json!({
        "number": number,
        "label": record.label.as_str(),
        "invite": record.invite.to_string(),
        "made": session.zone.date(record.made),
        "expires": session.zone.rfc3339(last_second(record.expires)),
        "written_off": record.lost.map(|day| session.zone.date(day)),
    })
}

/// Whether to ask; without anybody to ask the command line has to agree. Before a passphrase is typed for nothing.
fn must_ask(yes: bool) -> Result<bool, Error> {
    if yes || io::stdin().is_terminal() { Ok(!yes) } else { Err(Error::SayYes) }
}

/// Asks about `what`. Anything but a clear yes is a no, and the no stands first, where the cursor is.
fn agree(session: &Session, what: &str, question: &str) -> Result<(), Error> {
    let words = &session.words;
    note(what);
    let (no, yes) = (words.get("ask_no"), words.get("ask_yes"));
    let select =
        Select::new(words.get(question), vec![no, yes]).with_help_message(words.get("ask_help")).without_filtering();
    if select.prompt().map_err(stopped)? == yes { Ok(()) } else { Err(Error::Stopped) }
}

fn stopped(error: InquireError) -> Error {
    match error {
        InquireError::OperationInterrupted | InquireError::OperationCanceled => Error::Stopped,
        _ => Error::SayYes,
    }
}
