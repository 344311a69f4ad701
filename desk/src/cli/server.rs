//! `publish`, `invite`, `pull`: what talks to the server.

use std::future::Future;

use kapok_desk::{Doing, Error, Link, Stored, make_invite, prove_at_hand, publishable, pull_all, qr};
use serde_json::json;

use super::Session;
use super::args::{InviteArgs, PublishArgs, PullArgs};
use super::files::{free, named, write_named};
use super::output::{note, progress};
use super::phone::{self, Kept};
use super::times::last_second;

fn wait<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::Io { what: Doing::Start, kind: error.kind() })?.block_on(work)
}

impl Session {
    fn link(&self) -> Result<Link, Error> {
        let folder = self.folder()?;
        Link::new(&folder.card()?, folder.client_identity()?)
    }
}

pub(super) fn publish(session: &Session, args: &PublishArgs) -> Result<(), Error> {
    let folder = session.folder()?;
    let bundle = named("--bundle", publishable(&folder, args.bundle.as_deref(), session.now))?;
    let proof = prove_at_hand(&folder, &bundle, &session.passphrase()?)?;
    note(&session.words.fill("test_decryption", &[&proof.proven, &proof.elsewhere]));
    if proof.elsewhere > 0 && !args.keys_elsewhere {
        return Err(Error::NotAllTested(proof.elsewhere));
    }
    let _lock = folder.lock()?;
    let link = session.link()?;
    wait(link.publish(bundle.note()))?;
    folder.set_bundle(&bundle)?;
    let sequence = bundle.content().sequence;
    session.out.result(
        &json!({ "sequence": sequence, "proven": proof.proven, "elsewhere": proof.elsewhere }),
        &[session.words.fill("bundle_published", &[&sequence])],
    )
}

pub(super) fn invite(session: &Session, args: &InviteArgs) -> Result<(), Error> {
    let folder = session.folder()?;
    if let Some(out) = &args.out {
        free(out)?;
    }
    let label = args.label.as_deref().map(|given| phone::label(session, given)).transpose()?;
    let (text, registration) = make_invite(&folder, args.hours, session.now)?;
    let image = qr(&text)?;
    let kept = label.map(|label| Kept::write(session, &folder, label, registration)).transpose()?;
    // Registered before it is shown: a printed invite works.
    let registered = session.link().and_then(|link| wait(link.register(registration)));
    if let Some(kept) = kept {
        match registered {
            Ok(()) => note(session.words.get("phone_kept")),
            // Nobody has seen the secret, so there is no phone to lose.
            Err(_) => kept.take_back(),
        }
    }
    registered?;
    // The server takes it until this hour is over.
    let last = last_second(registration.expires);
    let expires = session.zone.rfc3339(last);
    note(&session.words.fill("invite_expires", &[&session.zone.minute(last)]));
    let mut lines = vec![image];
    match &args.out {
        // In the file it is for one device; in the window it would stay for whoever scrolls back.
        Some(out) => {
            write_named("--out", out, Doing::WriteInvite, format!("{text}\n").as_bytes())?;
            note(session.words.get("invite_written"));
        }
        None => lines.extend([String::new(), text.clone()]),
    }
    session.out.result(&json!({ "invite": text, "expires": expires }), &lines)
}

pub(super) fn pull(session: &Session, args: &PullArgs) -> Result<(), Error> {
    let folder = session.folder()?;
    let _lock = folder.lock()?;
    let inbox = folder.inbox();
    inbox.sweep();
    let link = session.link()?;
    let words = |stored: &Stored| session.words.fill("pulled", &[&stored.new, &stored.known, &stored.repaired]);
    let pulled = wait(pull_all(&link, &inbox, args.again, |so_far| progress(&words(&so_far))));
    progress("\n");
    let pulled = pulled?;
    if pulled.restarted {
        note(session.words.get("pull_restarted"));
    }
    if pulled.not_given > 0 {
        note(&session.words.fill("pull_not_given", &[&pulled.not_given]));
    }
    let Stored { new, known, repaired } = pulled.stored;
    session.out.result(
        &json!({
            "new": new, "known": known, "repaired": repaired, "restarted": pulled.restarted,
            "not_given": pulled.not_given,
        }),
        &[words(&pulled.stored)],
    )
}
