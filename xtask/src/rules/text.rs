//! Words that must not stand in the project's files: names of package registries and paths of one machine (a
//! clone has to work anywhere), and sources of randomness that could be repeated or that go round the one module
//! for it.

use crate::files::{self, SourceFile};
use crate::rules::{lines_with_tests, none_of};
use crate::run::Done;

/// In two parts each, so that this file does not break its own rule.
const HOSTS: &[(&str, &str)] = &[
    ("crates", ".io"),
    ("registry.npm", "js.org"),
    ("pypi", ".org"),
    ("python", "hosted.org"),
    ("proxy.golang", ".org"),
    ("repo.maven", ".apache.org"),
];

const MACHINE_PATHS: &[(&str, &str)] = &[("/wo", "rk/"), ("/ro", "ot/"), ("/tmp/", "kapok"), ("/ho", "me/")];

/// A generator with a seed gives the same "random" key twice. Good in a test, fatal elsewhere.
const SEEDABLE: &[&str] =
    &["SeedableRng", "StdRng", "SmallRng", "ChaCha8Rng", "ChaCha12Rng", "ChaCha20Rng", "seed_from_u64"];

/// Only `wire/src/rng.rs` may name the system's generator; all else asks that module.
const SYSTEM_RNG: &[&str] = &["OsRng", "thread_rng", "getrandom::", "SysRng"];
const RNG_MODULE: &str = "wire/src/rng.rs";

/// The lock file is written by cargo and names the registry on every line.
const NOT_OURS: &[&str] = &["Cargo.lock"];

/// Checks the project's own files.
pub(crate) fn run() -> Done {
    let files = files::all()?;
    println!("{} files read", files.len());
    none_of(findings(&files), "words that must not stand here")
}

fn findings(files: &[SourceFile]) -> Vec<String> {
    let mut out = Vec::new();
    for file in files.iter().filter(|file| !NOT_OURS.contains(&file.path.as_str())) {
        for (at, (line, in_tests)) in lines_with_tests(file).enumerate() {
            let code = file.has_extension("rs") && !in_tests && file.path != "xtask/src/rules/text.rs";
            for word in wrong_words(line, code, file.path == RNG_MODULE) {
                out.push(format!("{}:{}: {word}", file.path, at + 1));
            }
        }
    }
    out
}

fn wrong_words(line: &str, code: bool, rng_module: bool) -> Vec<String> {
    let mut found = Vec::new();
    for (a, b) in HOSTS.iter().filter(|(a, b)| line.contains(&format!("{a}{b}"))) {
        found.push(format!("the registry host {a}{b}"));
    }
    for (a, b) in MACHINE_PATHS.iter().filter(|(a, b)| has_absolute(line, &format!("{a}{b}"))) {
        found.push(format!("the machine path {a}{b}"));
    }
    if code {
        found.extend(
            SEEDABLE.iter().filter(|word| line.contains(**word)).map(|word| format!("the seedable generator {word}")),
        );
    }
    if code && !rng_module {
        let direct = SYSTEM_RNG.iter().filter(|word| line.contains(**word));
        found.extend(direct.map(|word| format!("{word}: ask kapok_wire::rng instead")));
    }
    found
}

/// A path counts only where it begins: `docs/work/` names no machine.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~/}>*".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        findings(&[files::fake(path, text)]).len()
    }

    #[test]
    fn registry_hosts_are_found_everywhere_but_in_the_lock_file() {
        for (a, b) in HOSTS {
            let line = format!("see https://{a}{b}/x");
            assert_eq!(count("docs/a.md", &line), 1, "{line}");
            assert_eq!(count("Cargo.lock", &line), 0);
        }
    }

    #[test]
    fn paths_of_a_machine_are_found_and_paths_inside_the_project_are_not() {
        for (a, b) in MACHINE_PATHS {
            assert_eq!(count("a.sh", &format!("cd {a}{b}x")), 1);
            assert_eq!(count("a.md", &format!("see docs{a}{b}x")), 0);
        }
    }

    #[test]
    fn a_seedable_generator_is_found_in_code_and_allowed_in_tests() {
        let line = "let rng = StdRng::seed_from_u64(7);";
        assert_eq!(count("core/src/a.rs", line), 2);
        assert_eq!(count("core/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{line}\n}}")), 0);
        assert_eq!(count("core/src/a/tests.rs", line), 0);
        // A test file that is only named here does not excuse what follows.
        assert_eq!(count("core/src/a.rs", &format!("#[cfg(test)]\nmod tests;\n{line}")), 2);
    }

    #[test]
    fn the_system_generator_is_found_outside_its_one_module() {
        let line = "OsRng.fill_bytes(&mut key);";
        assert_eq!(count("core/src/a.rs", line), 1);
        assert_eq!(count(RNG_MODULE, line), 0);
    }
}
