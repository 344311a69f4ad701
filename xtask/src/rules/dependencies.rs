//! Every direct dependency has its line in `docs/dependencies.md`: why, and what it replaces. A crate that nobody
//! can say this about should not come in.

use std::collections::BTreeSet;
use std::fs;

use crate::rules::none_of;
use crate::run::{Done, root};

/// Compares the version table with the page.
pub(crate) fn run() -> Done {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let page = fs::read_to_string(root().join("docs/dependencies.md"))?;
    println!("{} direct dependencies", used(&manifest).len());
    none_of(findings(&manifest, &page), "docs/dependencies.md")
}

fn findings(manifest: &str, page: &str) -> Vec<String> {
    let (used, told) = (used(manifest), told(page));
    let missing = used.difference(&told).map(|name| format!("{name} has no line: say why, and what it replaces"));
    let left_over = told.difference(&used).map(|name| format!("{name} has a line and is not used"));
    missing.chain(left_over).collect()
}

/// Names in `[workspace.dependencies]` except our own crates, which have a path.
fn used(manifest: &str) -> BTreeSet<&str> {
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    let pairs = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    pairs.filter(|(_, value)| !value.contains("path =")).map(|(name, _)| name.trim()).collect()
}

/// Names in the first column of the page's tables.
fn told(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "[workspace.dependencies]\nkapok-wire = { path = \"wire\" }\n# why\nage = \"1\"\n\n[profile.dev]\nx = 1\n";

    #[test]
    fn a_dependency_without_a_line_is_found_and_so_is_a_line_without_a_dependency() {
        assert!(findings(MANIFEST, "| `age` | why | what |").is_empty());
        assert_eq!(findings(MANIFEST, "").len(), 1);
        assert_eq!(findings(MANIFEST, "| `age` | a | b |\n| `gone` | a | b |").len(), 1);
    }
}
