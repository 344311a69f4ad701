//! The intake: everything that waits is stored with two flushes, and only then answered.
//!
//! One thread takes all waiting uploads as a batch, plans them, puts the new sealed areas into the object store (one
//! flush), commits their rows (one flush), and answers. While it flushes, the next batch gathers, so the number of
//! flushes an upload falls with load. A crash before the commit leaves bytes that no row knows. Nothing is ever
//! answered that a power cut could take back.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use axum::body::Bytes;
use kapok_wire::sizes::HEAD;
use kapok_wire::upload::Head;
use kapok_wire::{Digest, Hour, ObjectId, Problem, UploadId};
use rusqlite::{OptionalExtension as _, Transaction, params};
use tokio::sync::{oneshot, watch};

use crate::config::Clock;
use crate::db::Db;
use crate::limits::{BATCH, QUEUE};
use crate::objects::{Objects, Place};
use crate::rows;
use crate::rules::{Decision, Known, Plan, Spent};

/// Hour of storing, or why not.
pub(crate) type Outcome = Result<Hour, Problem>;

/// A checked upload on its way to the disk.
pub(crate) struct Upload {
    pub(crate) head: Head,
    /// The whole body, head included.
    pub(crate) body: Bytes,
}

impl Upload {
    fn sealed(&self) -> &[u8] {
        self.body.split_at_checked(HEAD).map_or(&[], |(_, sealed)| sealed)
    }
}

/// An upload and whoever waits for its outcome.
struct Waiting {
    upload: Upload,
    reply: oneshot::Sender<Outcome>,
}

/// What travels through the queue; `None` ends the thread.
type Job = Option<Waiting>;

/// The queue in front of the writer thread.
pub(crate) struct Intake {
    queue: SyncSender<Job>,
}

/// The writer thread, to be joined at the end.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: SyncSender<Job>,
    thread: JoinHandle<()>,
    ended: watch::Receiver<()>,
}

/// Starts the writer thread. It holds `lock` until it ends.
pub(crate) fn start(
    db: Db,
    objects: Arc<dyn Objects>,
    clock: Clock,
    lock: Arc<File>,
) -> std::io::Result<(Intake, Writer)> {
    let (queue, jobs) = sync_channel(QUEUE);
    let (running, ended) = watch::channel(());
    let run = move || {
        // Dropped in a panic too.
        let _running = running;
        run(&jobs, &db, &*objects, &clock);
        drop(lock);
    };
    let thread = std::thread::Builder::new().name("intake".to_owned()).spawn(run)?;
    Ok((Intake { queue: queue.clone() }, Writer { queue, thread, ended }))
}

impl Intake {
    /// Queues an upload. It is stored even if nobody waits for the outcome any more.
    pub(crate) fn submit(&self, upload: Upload) -> Result<oneshot::Receiver<Outcome>, Problem> {
        let (reply, outcome) = oneshot::channel();
        match self.queue.try_send(Some(Waiting { upload, reply })) {
            Ok(()) => Ok(outcome),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Problem::Busy),
        }
    }
}

impl Writer {
    /// Returns when the thread has ended, by a panic unless [`Self::stop`] was called.
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.clone();
        // Nothing is ever sent: the only change is that the thread drops its end.
        while ended.changed().await.is_ok() {}
    }

    /// Finishes what is queued, then ends the thread. Blocks.
    pub(crate) fn stop(self) {
        if self.queue.send(None).is_ok() && self.thread.join().is_err() {
            tracing::error!("The intake thread panicked.");
        }
    }
}

fn run(jobs: &Receiver<Job>, db: &Db, objects: &dyn Objects, clock: &Clock) {
    let mut running = true;
    while running {
        let Ok(first) = jobs.recv() else { return };
        let (mut uploads, mut replies) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Some(Waiting { upload, reply }) => {
                    uploads.push(upload);
                    replies.push(reply);
                }
                None => running = false,
            }
            next = if running && uploads.len() < BATCH { jobs.try_recv().ok() } else { None };
        }
        for (reply, outcome) in replies.into_iter().zip(store(db, objects, &uploads, clock.hour())) {
            // The client may be gone; its retry will find the object.
            let _ = reply.send(outcome);
        }
    }
}

/// Stores a batch. If any step fails nothing of it is acknowledged: later uploads were decided on earlier ones.
fn store(db: &Db, objects: &dyn Objects, batch: &[Upload], now: Hour) -> Vec<Outcome> {
    match try_store(db, objects, batch, now) {
        Ok(outcomes) => outcomes,
        Err(failure) => {
            tracing::error!(what = failure.what(), "Uploads could not be stored; look at the disk.");
            vec![Err(Problem::Storage); batch.len()]
        }
    }
}

/// What failed, without the text of the layer below.
enum Failure {
    Database,
    Objects(std::io::ErrorKind),
}

impl Failure {
    fn what(&self) -> String {
        match self {
            Self::Database => "database".to_owned(),
            Self::Objects(kind) => format!("objects: {kind}"),
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(_: rusqlite::Error) -> Self {
        Self::Database
    }
}

fn try_store(db: &Db, objects: &dyn Objects, batch: &[Upload], now: Hour) -> Result<Vec<Outcome>, Failure> {
    // No other thread writes objects or tokens, so what is planned from this read is still true at the commit.
    let mut plan = Plan::default();
    let decisions = db.write(|tx| {
        let known = Rows(tx);
        batch.iter().map(|upload| plan.decide(&upload.head, now, &known)).collect::<Result<Vec<_>, rusqlite::Error>>()
    })?;
    let new: Vec<&Upload> =
        batch.iter().zip(&decisions).filter(|(_, d)| **d == Decision::Store).map(|(upload, _)| upload).collect();
    if !new.is_empty() {
        let areas: Vec<&[u8]> = new.iter().map(|upload| upload.sealed()).collect();
        let places = objects.put(&areas).map_err(|error| Failure::Objects(error.kind()))?;
        db.write(|tx| commit(tx, &new, &places, &plan, now))?;
    }
    let outcome = |decision: &Decision| match decision {
        Decision::Store => Ok(now),
        Decision::Known(hour) => Ok(*hour),
        Decision::Refuse(problem) => Err(*problem),
    };
    Ok(decisions.iter().map(outcome).collect())
}

fn commit(
    tx: &Transaction<'_>,
    new: &[&Upload],
    places: &[Place],
    plan: &Plan,
    now: Hour,
) -> Result<(), rusqlite::Error> {
    let mut object = tx
        .prepare_cached("INSERT INTO object (object, digest, lane, hour, segment, offset) VALUES (?, ?, ?, ?, ?, ?)")?;
    let mut segment = tx.prepare_cached(
        "INSERT INTO segment (segment, length) VALUES (?, ?)
         ON CONFLICT (segment) DO UPDATE SET length = max(length, excluded.length)",
    )?;
    for (upload, place) in new.iter().zip(places) {
        let head = &upload.head;
        let (hour, offset) = (rows::stored_hour(now), rows::stored_number(place.offset));
        object.execute(params![head.object.0, head.digest.0, head.lane.code(), hour, place.segment, offset])?;
        let end = place.offset + head.lane.sealed_len() as u64;
        segment.execute(params![place.segment, rows::stored_number(end)])?;
    }
    let mut token = tx.prepare_cached(
        "INSERT INTO token (nonce, upload, count) VALUES (?, ?, ?)
         ON CONFLICT (nonce) DO UPDATE SET count = excluded.count WHERE upload = excluded.upload",
    )?;
    for (nonce, spent) in plan.tokens() {
        token.execute(params![nonce, spent.upload.0, spent.count])?;
    }
    Ok(())
}

/// The database as the rules see it.
struct Rows<'a>(&'a Transaction<'a>);

impl Known for Rows<'_> {
    type Error = rusqlite::Error;

    fn object(&self, id: ObjectId) -> Result<Option<(Digest, Hour)>, Self::Error> {
        let mut find = self.0.prepare_cached("SELECT digest, hour FROM object WHERE object = ?")?;
        let row = |row: &rusqlite::Row<'_>| Ok((Digest(row.get("digest")?), rows::hour(row, "hour")?));
        find.query_row([id.0], row).optional()
    }

    fn token(&self, nonce: &[u8; 32]) -> Result<Option<Spent>, Self::Error> {
        let mut find = self.0.prepare_cached("SELECT upload, count FROM token WHERE nonce = ?")?;
        let row =
            |row: &rusqlite::Row<'_>| Ok(Spent { upload: UploadId(row.get("upload")?), count: row.get("count")? });
        find.query_row([nonce], row).optional()
    }
}

#[cfg(test)]
mod tests;
