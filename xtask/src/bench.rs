//! `cargo xtask bench`: measures beside a reference in one run, and writes the tables to `docs/bench.md`.
//!
//! Ratios come from one run on one machine, so that they mean the same on a laptop and on a server. Nothing here fails
//! because a number is low: a busy machine must not turn a check red. The goals stand beside the numbers.

mod binaries;
mod intake;
mod measure;
mod save;
mod seal;
mod vault;

use std::fmt::Write as _;
use std::fs;

use crate::machine;
use crate::run::{Done, Failure, root};
use crate::table::Table;

/// One measurement: its name, what it compares, and what runs it.
struct Measurement {
    name: &'static str,
    what: &'static str,
    run: fn() -> Done<Table>,
}

const MEASUREMENTS: &[Measurement] = &[
    Measurement {
        name: "seal",
        what: "Sealing a file of 256 MiB: `kapok attach` against the age crate, both from a file to a flushed file",
        run: seal::run,
    },
    Measurement {
        name: "save",
        what: "Saving one answer durably, with 100 drafts in the vault of some two kilobytes each, against plain SQLite with \
               100 rows as long (WAL, `synchronous=FULL`, pages of 4,096 bytes, a log that has stopped growing) and against \
               one `fdatasync` of the bytes that the save wrote; all by turns, so that what else the machine does meets each. \
               An SQLCipher build needs OpenSSL and minutes; an insert costs it 1.26 times what it costs plain SQLite, \
               which is the factor here. The flushes are counted by the kernel. On a busy machine every flush waits for a \
               turn and the medians draw near each other; the quickest tenth does not",
        run: save::run,
    },
    Measurement {
        name: "commit",
        what: "The same save where more of the vault's half of 4 MiB is used: a commit writes the whole content. \
               The columns after the fourth are the quickest tenth and ratios of it",
        run: save::fuller,
    },
    Measurement {
        name: "unlock",
        what: "Unlocking and listing 1,000 finished reports, from the moment that Argon2 has ended: the device key is asked \
               then. Beside it, opening a plain SQLite file with the same rows and listing them",
        run: vault::unlock,
    },
    Measurement {
        name: "memory",
        what: "Resident memory of a process that unlocks a vault of which 90 % is used. Argon2 has given its 64 MiB back \
               when the figures begin",
        run: vault::memory,
    },
    Measurement {
        name: "lock",
        what: "`lock` from one thread while another saves into a vault of almost 4 MiB, one save after the other",
        run: vault::lock,
    },
    Measurement {
        name: "intake",
        what: "Sealed 16 KiB packets into `kapok-server` over TLS, against plain SQLite inserts that are as durable \
               (WAL, `synchronous=FULL`, one transaction each). The server's answer floor is set to 0 for this; its \
               default only delays answers",
        run: intake::run,
    },
    Measurement { name: "binaries", what: "Programs, release profile, stripped", run: binaries::run },
];

/// Runs all measurements and writes the page, or runs those named and prints them only.
pub(crate) fn run(only: &[String]) -> Done {
    if let Some(unknown) = only.iter().find(|name| MEASUREMENTS.iter().all(|m| m.name != **name)) {
        let names: Vec<_> = MEASUREMENTS.iter().map(|m| m.name).collect();
        return Err(Failure::new(format!("no measurement is called `{unknown}`")).hint(names.join(", ")));
    }
    measure::prepare()?;
    let mut page = String::from(
        "# Measurements\n\nMade by `cargo xtask bench` in one run on one machine. Compare ratios, not milliseconds: they carry over.\n",
    );
    let mut section = |title: &str, table: &Table| {
        println!("\n{title}\n\n{table}");
        // Writing into a string cannot fail.
        let _written = write!(page, "\n{title}\n\n{}", table.markdown());
    };
    section("## Machine", &machine::describe());
    for measurement in MEASUREMENTS {
        if only.is_empty() || only.iter().any(|name| name == measurement.name) {
            let title = format!("## {}\n\n{}.", measurement.name, measurement.what);
            section(&title, &(measurement.run)()?);
        }
    }
    if only.is_empty() {
        fs::write(root().join("docs/bench.md"), page)?;
        println!("written to docs/bench.md");
    }
    Ok(())
}
