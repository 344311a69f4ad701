//! All reports in the inbox, found by trying every packet with the keys at hand.
//!
//! Nothing on disk says which packet belongs to whom, so there is nothing to keep up to date and nothing to steal. An
//! index file was rejected: it would be plaintext, or one more thing to seal.

use kapok_report::{Identities, ShortCode, Triage};
use kapok_seal::open_packet;
use kapok_wire::pull::Record;
use kapok_wire::{Hour, ObjectId};

use crate::error::Error;
use crate::keys::keyring::Keyring;
use crate::open::part::{self, Closed};
use crate::open::report::OpenedReport;
use crate::store::inbox::Inbox;

/// A packet that is kept but says nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unopened {
    /// The packet.
    pub object: ObjectId,
    /// When the server stored it.
    pub hour: Hour,
    /// Why.
    pub why: Closed,
}

/// What the inbox holds, as far as the keys open it.
#[derive(Debug)]
pub struct Index {
    /// Reports in the server's order.
    pub reports: Vec<OpenedReport>,
    /// Packets that stay closed.
    pub unopened: Vec<Unopened>,
    /// Packet files that are damaged on this disk: pull again.
    pub damaged_files: usize,
}

impl Index {
    /// Opens every packet. Keys that are still locked are unlocked when a packet needs them.
    ///
    /// # Errors
    /// [`Error::Io`] only: what does not open is part of the result.
    pub fn read(inbox: &Inbox, keys: &mut Keyring) -> Result<Self, Error> {
        let mut index = Self { reports: Vec::new(), unopened: Vec::new(), damaged_files: 0 };
        let mut found = Vec::new();
        index.damaged_files = inbox.packets(|record| {
            let place = (record.object, record.sequence, record.hour);
            match open(&record, inbox, keys)? {
                Ok(report) => found.push(report),
                Err(why) => index.unopened.push(Unopened { object: place.0, hour: place.2, why }),
            }
            Ok(())
        })?;
        found.sort_by_key(|report| (report.sequence, report.object));
        index.unopened.sort_by_key(|packet| (packet.hour, packet.object));
        for report in found {
            index.add(report);
        }
        Ok(index)
    }

    fn add(&mut self, mut report: OpenedReport) {
        if let Some(copy) = self.reports.iter_mut().find(|one| one.agrees_with(&report)) {
            copy.merge(report);
            return;
        }
        for other in self.reports.iter_mut().filter(|one| one.id == report.id) {
            other.contradicted = true;
            report.contradicted = true;
        }
        self.reports.push(report);
    }

    /// The reports with a code: usually one, more if somebody contradicts it or two ids share a code.
    pub fn with_code(&self, code: ShortCode) -> impl Iterator<Item = &OpenedReport> {
        self.reports.iter().filter(move |report| report.code() == code)
    }
}

fn open(record: &Record, inbox: &Inbox, keys: &mut Keyring) -> Result<Result<OpenedReport, Closed>, Error> {
    let opened = loop {
        match open_packet(&record.sealed, keys.identities()) {
            Ok(opened) => {
                let all_tried = !matches!((&opened.triage, &opened.identities), (Ok(None), _) | (_, Ok(None)));
                if all_tried || !keys.unlock_more()? {
                    break opened;
                }
            }
            Err(error) => return Ok(Err(part::why(&error))),
        }
    };
    let mut chunks = part::chunk_ids(&opened.triage);
    chunks.extend(part::chunk_ids(&opened.identities));
    let triage = part::complete(opened.triage, inbox, Triage::parse)?;
    let identities = part::complete(opened.identities, inbox, Identities::parse)?;
    let joined = OpenedReport::join(triage, identities, (record.object, record.sequence, record.hour));
    Ok(joined.map(|report| OpenedReport { chunks, ..report }))
}
