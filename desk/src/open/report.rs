//! One opened report: what one person said at one time. It never changes; cases are made from reports, not here.

use kapok_report::{Identities, ReportId, ShortCode, Triage};
use kapok_wire::{Hour, ObjectId};

use crate::open::part::{Closed, Part};

/// One report as far as the keys at hand open it. `Debug` shows nothing of what it says.
pub struct OpenedReport {
    /// Its id, by either part.
    pub id: ReportId,
    /// The packet it was read from: the first of its copies.
    pub object: ObjectId,
    /// The server's order.
    pub sequence: u64,
    /// When the server stored it.
    pub hour: Hour,
    /// Packets that say exactly this: a retry or a courier's copy counts, and is shown, once.
    pub copies: usize,
    /// True if another report with this id says something else. Both are kept and shown.
    pub contradicted: bool,
    /// Chunks that carry its long texts, padding included.
    pub chunks: Vec<ObjectId>,
    /// What happened.
    pub triage: Part<Triage>,
    /// Whom it is about.
    pub identities: Part<Identities>,
}

impl std::fmt::Debug for OpenedReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedReport({})", self.code())
    }
}

impl OpenedReport {
    /// A report from its two parts; `Err` with the reason if neither is open.
    pub(crate) fn join(
        triage: Part<Triage>,
        identities: Part<Identities>,
        record: (ObjectId, u64, Hour),
    ) -> Result<Self, Closed> {
        let mut identities = identities;
        let id = match (triage.content(), identities.content()) {
            (Some(triage), Some(people)) => {
                // Anybody can seal a new part beside an old one; what is shown as one must name one report.
                if triage.report_id != people.report_id {
                    identities = Part::Closed(Closed::OtherReport);
                }
                triage.report_id
            }
            (Some(triage), None) => triage.report_id,
            (None, Some(people)) => people.report_id,
            (None, None) => {
                let reasons = [triage.closed(), identities.closed()];
                // What is wrong beats what is not whole yet, and that beats "no key": it was meant for this desk.
                let worst = |reason: &Closed| match reason {
                    Closed::NoKey => 0,
                    Closed::Missing { .. } => 1,
                    _ => 2,
                };
                return Err(reasons.into_iter().flatten().max_by_key(worst).unwrap_or(Closed::NoKey));
            }
        };
        let (object, sequence, hour) = record;
        Ok(Self { id, object, sequence, hour, copies: 1, contradicted: false, chunks: Vec::new(), triage, identities })
    }

    /// What people call it.
    #[must_use]
    pub fn code(&self) -> ShortCode {
        ShortCode::of(&self.id)
    }

    /// True if `other` says the same wherever both are open.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let agree = |a, b| matches!((a, b), (Some(a), Some(b)) if a == b) || a.is_none() || b.is_none();
        self.id == other.id
            && agree(self.triage.digest(), other.triage.digest())
            && agree(self.identities.digest(), other.identities.digest())
    }

    /// Takes up a copy: counts it, and takes from it what is closed here.
    pub(crate) fn merge(&mut self, other: Self) {
        self.copies += other.copies;
        self.chunks.extend(other.chunks);
        if other.sequence < self.sequence {
            (self.object, self.sequence, self.hour) = (other.object, other.sequence, other.hour);
        }
        if self.triage.content().is_none() {
            self.triage = other.triage;
        }
        if self.identities.content().is_none() {
            self.identities = other.identities;
        }
    }
}
