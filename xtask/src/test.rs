//! `cargo xtask test`: every check that a change must pass, in one order, the same at home and in CI.

use crate::run::{Cmd, Done};
use crate::steps::{self, Step};
use crate::{demo, deny, doc, prove, rules, tools};

/// One selection of packages for tests and demo, so that each crate is built once.
pub(crate) const BUILD: &str = "build --workspace --all-targets --locked --quiet";

const STEPS: &[Step] = &[
    Step { name: "tools", what: "programs that tests and demo need are here, or get installed", run: tools::run },
    Step { name: "fmt", what: "formatting", run: || Cmd::cargo("fmt --all --check").stream() },
    Step {
        name: "clippy",
        what: "lints; a warning is a failure",
        run: || Cmd::cargo("clippy --workspace --all-targets --locked --quiet -- -D warnings").stream(),
    },
    Step { name: "build", what: "everything, as the tests need it", run: || Cmd::cargo(BUILD).stream() },
    Step {
        name: "unit",
        what: "all tests of all crates",
        run: || Cmd::cargo("test --workspace --locked --quiet").stream(),
    },
    Step { name: "doc", what: "Rust documentation without a warning", run: doc::rustdoc },
    Step { name: "links", what: "links between the Markdown pages", run: doc::links },
    Step { name: "graph", what: "what may depend on what; the server cannot read", run: rules::graph::run },
    Step { name: "sizes", what: "no Rust file over 600 lines", run: rules::sizes::run },
    Step { name: "text", what: "no registry hosts, no machine paths, no seedable generators", run: rules::text::run },
    Step { name: "comments", what: "module headers, a reason at each secret that is read", run: rules::comments::run },
    Step {
        name: "deps",
        what: "each dependency has its reason in docs/dependencies.md",
        run: rules::dependencies::run,
    },
    Step { name: "deny", what: "licences, banned crates, sources", run: deny::run },
    Step {
        name: "prove",
        what: "every claim about the vault and its control, a little of each",
        run: || prove::run(&["--short".to_owned()], BUILD),
    },
    Step { name: "demo", what: "one report's whole way", run: || demo::play(BUILD) },
];

/// All steps, or those named.
pub(crate) fn run(only: &[String]) -> Done {
    if only == ["list"] {
        println!("{}", steps::list(STEPS));
        return Ok(());
    }
    steps::run_all(STEPS, only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_steps_share_a_name() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
