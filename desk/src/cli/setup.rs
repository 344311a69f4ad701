//! `init`, `key`, `bundle`, `fingerprint`: keys and the bundle, on one machine or on several.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_desk::limits::KEY_ARGUMENT_MAX;
use kapok_desk::{
    BundlePlan, Doing, Error, Folder, InitRequest, OrgKey, ServerCard, add_key, adopt, init as make_desk, new_key,
    prove_each, read_key, read_note, sign,
};
use kapok_wire::bundle::UntrustedNote;
use kapok_wire::sizes::THRESHOLD;
use serde_json::{Value as Json, json};

use super::args::{BundleCommand, BundleNewArgs, InitArgs, KeyCommand};
use super::files::{free, named, read_named, write_named};
use super::output::note;
use super::{Session, failure};

pub(super) fn init(session: &Session, args: &InitArgs) -> Result<(), Error> {
    let card = read_named("--server-card", &args.server_card, Doing::ReadCard)?;
    let folder = match &args.bundle {
        Some(path) => adopt(&session.dir, &card, &read_named("--bundle", path, Doing::ReadBundle)?)?,
        None => {
            // Before a passphrase is asked for, so that nobody types one for nothing.
            ServerCard::parse(&card)?;
            let passphrase = session.new_passphrase()?;
            let (folder, proof) = make_desk(
                &session.dir,
                &InitRequest {
                    card: &card,
                    organisation: args.organisation.as_deref().unwrap_or_default(),
                    valid_days: args.valid_days,
                    passphrase: &passphrase,
                    work_factor: kapok_seal::WORK_FACTOR,
                    now: session.now,
                },
            )?;
            note(&session.words.fill("test_decryption", &[&proof.proven, &proof.elsewhere]));
            note(session.words.get("init_trying_out"));
            folder
        }
    };
    print_fingerprint(session, &folder)
}

pub(super) fn fingerprint(session: &Session) -> Result<(), Error> {
    print_fingerprint(session, &session.folder()?)
}

fn print_fingerprint(session: &Session, folder: &Folder) -> Result<(), Error> {
    let pin = folder.fingerprint()?;
    // The value alone is the result, so that a script can take it as it is.
    note(&session.words.fill("fingerprint", &[&pin]));
    session.out.result(&json!({ "fingerprint": pin.to_string() }), &[pin.to_string()])
}

pub(super) fn key(session: &Session, command: KeyCommand) -> Result<(), Error> {
    match command {
        KeyCommand::New { role, out } => {
            free(&out)?;
            let role = kapok_desk::Role::from(role);
            let passphrase = session.new_passphrase()?;
            let public = named("--out", new_key(&out, role, &passphrase, kapok_seal::WORK_FACTOR))?;
            session.out.result(&json!({ "role": role.word(), "public": public }), &[public])
        }
        KeyCommand::Add { file } => {
            let folder = session.folder()?;
            let passphrase = session.passphrase()?;
            let class = named("FILE", add_key(&folder, &file, &passphrase))?;
            let word = kapok_desk::Role::Desk(class).word();
            session.out.result(&json!({ "added": word }), &[word.to_owned()])
        }
    }
}

pub(super) fn bundle(session: &Session, command: BundleCommand) -> Result<(), Error> {
    match command {
        BundleCommand::New(args) => bundle_new(session, &args),
        BundleCommand::Sign { key, bundle } => bundle_sign(session, &key, &bundle),
        BundleCommand::Check { bundle, key } => bundle_check(session, &bundle, &key),
    }
}

fn bundle_new(session: &Session, args: &BundleNewArgs) -> Result<(), Error> {
    let card = ServerCard::parse(&read_named("--server-card", &args.server_card, Doing::ReadCard)?)?;
    let sequence = match args.sequence {
        Some(sequence) => sequence,
        None => match session.folder().and_then(|folder| folder.bundle()) {
            Ok(bundle) => bundle.content().sequence.saturating_add(1),
            Err(Error::NoDesk | Error::NoBundle) => 1,
            Err(e) => return Err(e),
        },
    };
    let public =
        |argument, keys: &[String]| keys.iter().map(|key| public_key(argument, key)).collect::<Result<Vec<_>, _>>();
    let roots: [String; 3] = public("--root", &args.root)?.try_into().map_err(|_| Error::ThreeRoots)?;
    let plan = BundlePlan {
        organisation: args.organisation.clone(),
        sequence,
        valid_days: args.valid_days,
        roots,
        triage: public("--triage", &args.triage)?,
        identities: public("--identities", &args.identities)?,
    };
    let text = plan.note(&card, session.now)?;
    write_named("--out", &args.out, Doing::WriteBundle, text.as_str().as_bytes())?;
    print_bundle(session, &text, None, None)
}

fn bundle_sign(session: &Session, key: &Path, bundle: &Path) -> Result<(), Error> {
    let shown = named("BUNDLE", read_note(bundle))?;
    // What is about to be signed is shown first: the holder of a root key decides by it.
    for line in describe(session, &shown) {
        note(&line);
    }
    let passphrase = session.passphrase()?;
    let key = named("--key", read_key(key, &passphrase))?;
    let signed = sign(&shown, &key)?;
    kapok_desk::replace(bundle, signed.note.as_str().as_bytes())
        .map_err(|error| Error::Io { what: Doing::WriteBundle, kind: error.kind() })?;
    let said = if signed.added { "signed" } else { "signed_before" };
    let mut lines = vec![session.words.fill(said, &[&signed.root])];
    lines.extend(progress_of_signing(session, signed.note.signers()));
    lines.push(after_signing(session, signed.note.signers()));
    session.out.result(&signatures_json(&signed.note), &lines)
}

fn bundle_check(session: &Session, path: &Path, keys: &[std::path::PathBuf]) -> Result<(), Error> {
    let note = named("BUNDLE", read_note(path))?;
    let proof = if keys.is_empty() {
        None
    } else {
        let passphrase = session.passphrase()?;
        let keys =
            keys.iter().map(|path| named("--key", read_key(path, &passphrase))).collect::<Result<Vec<OrgKey>, _>>()?;
        let [(first_class, first), (second_class, second)] = prove_each(note.content(), &keys)?;
        // Keys were named to be tried; one that the bundle does not name is a mistake that must be heard.
        if first.proven + second.proven < keys.len() {
            return Err(Error::TestDecryption(if first.proven == 0 { first_class } else { second_class }));
        }
        Some((first.proven + second.proven, first.elsewhere + second.elsewhere))
    };
    // Printed in any case, so that what is wrong can be seen; a bundle that devices refuse is then an error.
    let accepted = note.verify_own(session.now).map(|_| ()).map_err(Error::from);
    print_bundle(session, &note, proof, accepted.as_ref().err())?;
    accepted
}

/// How far the signing is: good signatures, and which are missing.
fn progress_of_signing(session: &Session, signers: [bool; 3]) -> Vec<String> {
    let words = &session.words;
    let good = signers.iter().filter(|signed| **signed).count();
    let missing: Vec<String> = (1..).zip(signers).filter(|(_, signed)| !signed).map(|(at, _)| root(at)).collect();
    let mut lines = vec![words.fill("signatures", &[&good, &THRESHOLD])];
    if !missing.is_empty() {
        lines.push(words.fill("signatures_missing", &[&missing.join(", ")]));
    }
    lines
}

/// Who does what next.
fn after_signing(session: &Session, signers: [bool; 3]) -> String {
    let good = signers.iter().filter(|signed| **signed).count();
    session.words.get(if good < THRESHOLD { "signatures_next" } else { "signatures_enough" }).to_owned()
}

/// The word by which lists and sentences name one of the three root keys.
fn root(number: usize) -> String {
    format!("{} {number}", kapok_desk::Role::Root.word())
}

fn signatures_json(note: &UntrustedNote) -> Json {
    let roots = note.content().roots.iter().zip(note.signers());
    let by: Vec<&String> = roots.filter(|(_, signed)| *signed).map(|(root, _)| root).collect();
    json!({ "signatures": by.len(), "needed": THRESHOLD, "signed_by": by })
}

fn describe(session: &Session, note: &UntrustedNote) -> Vec<String> {
    let bundle = note.content();
    let mut lines = vec![
        format!("{} #{}", kapok_report::printable(&bundle.organisation), bundle.sequence),
        session.words.fill("bundle_expires", &[&session.zone.minute(bundle.not_after)]),
    ];
    for (at, (key, signed)) in (1..).zip(bundle.roots.iter().zip(note.signers())) {
        let state = session.words.get(if signed { "root_signed" } else { "root_unsigned" });
        lines.push(format!("{:<11} {key}  {state}", root(at)));
    }
    for (word, keys) in [("triage", &bundle.triage), ("identities", &bundle.identities)] {
        lines.extend(keys.recipients.iter().map(|key| format!("{word:<11} {}", abbreviated(key))));
    }
    for endpoint in &bundle.endpoints {
        lines.extend(endpoint.addresses.iter().map(|address| format!("{:<11} {address}", endpoint.kind)));
    }
    lines
}

/// A post-quantum key is 1,959 characters; its two ends and a digest tell it from others.
fn abbreviated(key: &str) -> String {
    let short: String = kapok_wire::Digest::of(key.as_bytes()).to_string().chars().take(16).collect();
    let start: String = key.chars().take(24).collect();
    format!("{start}… SHA-256 {short}")
}

fn print_bundle(
    session: &Session,
    note: &UntrustedNote,
    proof: Option<(usize, usize)>,
    refused: Option<&Error>,
) -> Result<(), Error> {
    let mut lines = describe(session, note);
    lines.extend(progress_of_signing(session, note.signers()));
    if refused.is_none() {
        // Else the error says what comes next.
        lines.push(after_signing(session, note.signers()));
    }
    if let Some((proven, elsewhere)) = proof {
        lines.push(session.words.fill("test_decryption", &[&proven, &elsewhere]));
    }
    let proof = proof.map(|(proven, elsewhere)| json!({ "proven": proven, "elsewhere": elsewhere }));
    let mut json = signatures_json(note);
    if let Some(members) = json.as_object_mut() {
        members.insert("bundle".to_owned(), json!(note.content()));
        members.insert("test_decryption".to_owned(), json!(proof));
        if let Some(refused) = refused {
            members.insert("error".to_owned(), failure::document(&session.words, refused));
        }
    }
    session.out.result(&json, &lines)
}

/// A key as typed, or the one line of the file that is named.
fn public_key(argument: &'static str, text: &str) -> Result<String, Error> {
    let path = Path::new(text);
    let typed = text.trim().to_owned();
    if text.len() > KEY_ARGUMENT_MAX
        || typed.starts_with("age1")
        || STANDARD.decode(&typed).is_ok_and(|key| key.len() == 32)
    {
        return Ok(typed);
    }
    if !path.is_file() {
        return Err(Error::NoPublicKey { argument });
    }
    let bytes = read_named(argument, path, Doing::ReadPublicKey)?;
    String::from_utf8(bytes).map(|text| text.trim().to_owned()).map_err(|_| Error::BadPublicKey("a file"))
}
