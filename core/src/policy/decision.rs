//! What [`decide`](super::decide) answers.

use std::collections::BTreeSet;
use std::time::Duration;

use super::reason::Reason;
use crate::route::RouteId;
use crate::time::Time;

/// May it leave?
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Yes, now, and only as the plan says.
    Allow(Plan),
    /// Only if the person says yes to these reasons.
    Confirm {
        /// What to ask about.
        reasons: BTreeSet<Reason>,
        /// What may be done after a yes.
        plan: Plan,
    },
    /// No.
    Hold {
        /// Everything that stands in the way. Empty only if nothing waits.
        reasons: BTreeSet<Reason>,
        /// How long the longest of the reasons that end by themselves still lasts: while no fact changes, asking
        /// earlier is useless. `None`: only a changed fact can help.
        recheck_after: Option<Duration>,
    },
}

/// What may leave, by which way, how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The way it takes.
    pub route: RouteId,
    /// Which lanes may be used.
    pub lanes: Lanes,
    /// How many objects may leave on one connection before the engine asks again.
    pub max_chunks: u16,
    /// The moment from which this holds. Never later than the `now` that was asked about: waiting is a Hold, so that a
    /// caller who overlooks this field sends nothing early.
    pub earliest: Time,
    /// Whether to send dummies along. No profile that is built does.
    pub cover: bool,
    /// Why a lane with work is not in `lanes`; empty if none is missing.
    pub left_out: BTreeSet<Reason>,
}

/// The lanes a plan may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lanes {
    /// Enrolment and bundle.
    pub errand: bool,
    /// Packets.
    pub text: bool,
    /// Media chunks.
    pub media: bool,
}

impl Lanes {
    /// No lane at all.
    pub const NONE: Self = Self { errand: false, text: false, media: false };

    /// The lanes of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { errand: self.errand || other.errand, text: self.text || other.text, media: self.media || other.media }
    }

    /// Whether every lane of `self` is also in `other`.
    #[must_use]
    pub fn within(self, other: Self) -> bool {
        self.errand <= other.errand && self.text <= other.text && self.media <= other.media
    }
}

impl Decision {
    /// The plan, if it may be carried out without asking anybody.
    #[must_use]
    pub fn allowed(&self) -> Option<&Plan> {
        match self {
            Self::Allow(plan) => Some(plan),
            Self::Confirm { .. } | Self::Hold { .. } => None,
        }
    }

    /// Every reason the person should see: for a hold, a question, or a lane left out.
    #[must_use]
    pub fn reasons(&self) -> &BTreeSet<Reason> {
        match self {
            Self::Allow(plan) => &plan.left_out,
            Self::Confirm { reasons, .. } | Self::Hold { reasons, .. } => reasons,
        }
    }
}
