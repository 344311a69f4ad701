//! What every file has to say about itself: a header in each module, a reason wherever a secret is read.
//!
//! Reviewers forget both; a search does not. Tests are exempt from the second: their secrets are made up.

use crate::files::{self, SourceFile};
use crate::rules::{lines_with_tests, none_of};
use crate::run::Done;

/// How far above a use its reason may stand: a call may take several lines.
const ABOVE: usize = 4;
/// Without the dot, so that this file does not break its own rule.
const READS: &[&str] = &["expose()", "expose_secret()", "expose_seed()"];

/// Checks the project's own files.
pub(crate) fn run() -> Done {
    let files = files::all()?;
    let rust: Vec<&SourceFile> = files.iter().filter(|file| file.has_extension("rs")).collect();
    println!("{} Rust files read", rust.len());
    let findings = rust.iter().flat_map(|file| without_header(file).into_iter().chain(without_reason(file))).collect();
    none_of(findings, "files that do not say why")
}

fn without_header(file: &SourceFile) -> Option<String> {
    let first = file.text().and_then(|text| text.lines().next()).unwrap_or_default();
    (!first.starts_with("//!")).then(|| format!("{}: begins without a `//!` header", file.path))
}

fn without_reason(file: &SourceFile) -> Vec<String> {
    let lines: Vec<(&str, bool)> = lines_with_tests(file).collect();
    let mut findings = Vec::new();
    for (at, (line, in_tests)) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let reads = !in_tests && READS.iter().any(|read| code.contains(&format!(".{read}")));
        let near = lines.get(at.saturating_sub(ABOVE)..=at).unwrap_or_default();
        if reads && !near.iter().any(|(line, _)| line.contains("// EXPOSE: ")) {
            findings.push(format!("{}:{}: reads a secret without `// EXPOSE: why`", file.path, at + 1));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_header_is_found() {
        assert!(without_header(&files::fake("a/src/a.rs", "use std::fs;\n")).is_some());
        assert!(without_header(&files::fake("a/src/a.rs", "//! What it is for.\n")).is_none());
    }

    #[test]
    fn a_secret_read_without_a_reason_is_found() {
        let count = |path, text: &str| without_reason(&files::fake(path, text)).len();
        assert_eq!(count("core/src/a.rs", "let key = secret.expose();"), 1);
        assert_eq!(count("core/src/a.rs", "// EXPOSE: it is wrapped.\nlet key = secret.expose();"), 0);
        assert_eq!(count("core/src/a.rs", "// EXPOSE: far away.\n\n\n\n\nlet key = secret.expose();"), 1);
        assert_eq!(count("core/src/a.rs", "/// As `secret.expose()`.\n"), 0);
        assert_eq!(count("core/src/a/tests.rs", "let key = secret.expose();"), 0);
        assert_eq!(count("core/src/a.rs", "#[cfg(test)]\nmod tests {\nlet key = secret.expose();\n}"), 0);
        assert_eq!(count("core/src/a.rs", "#[cfg(test)]\nmod tests;\nlet key = secret.expose();"), 1);
    }
}
