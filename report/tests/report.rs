//! The crate from outside, as phone and desk use it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "test helpers may panic too")]

#[path = "report/bad_packs.rs"]
mod bad_packs;
#[path = "report/filling.rs"]
mod filling;
#[path = "report/how_to.rs"]
mod how_to;
#[path = "report/leaks.rs"]
mod leaks;
#[path = "report/new_packs.rs"]
mod new_packs;
#[path = "report/printing.rs"]
mod printing;
#[path = "report/refusing.rs"]
mod refusing;
#[path = "report/round_trip.rs"]
mod round_trip;
#[path = "report/vectors.rs"]
mod vectors;

use kapok_report::{Answers, Envelope, Moment, Pack, ReportId, Warning};

pub(crate) fn now() -> Moment {
    Moment::parse("2026-11-24T18:30").unwrap()
}

pub(crate) fn envelope() -> Envelope {
    Envelope::new("6f0c2d7e-9a0b-4a31-9a53-1f0e6d3d8d10".parse::<ReportId>().unwrap(), now(), "km")
}

pub(crate) fn answers(pack: &Pack, text: &str) -> (Answers, Vec<Warning>) {
    Answers::parse(pack, "detention_quick", text.as_bytes(), &now()).unwrap()
}
