//! `cargo xtask doc`: the Rust documentation without a warning, and Markdown pages whose links lead somewhere.
//!
//! Only links inside the project are followed. Links to other sites change without us and would make the check
//! depend on the network.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use crate::files::{self, SourceFile};
use crate::rules::none_of;
use crate::run::{Cmd, Done};

/// Builds the documentation and checks the links.
pub(crate) fn run() -> Done {
    rustdoc()?;
    links()
}

/// The Rust documentation; a warning is a failure.
pub(crate) fn rustdoc() -> Done {
    Cmd::cargo("doc --workspace --no-deps --locked --quiet").env("RUSTDOCFLAGS", "-D warnings").stream()
}

/// Links between the pages.
pub(crate) fn links() -> Done {
    let files = files::all()?;
    let pages = files.iter().filter(|file| file.has_extension("md")).count();
    println!("{pages} Markdown pages read");
    let mut findings = dead_links(&files);
    findings.extend(orphans(&files));
    none_of(findings, "pages and links between them")
}

/// Pages that no other page links to: nobody would find them.
fn orphans(files: &[SourceFile]) -> Vec<String> {
    let pages = || files.iter().filter(|file| file.has_extension("md"));
    let mut linked = BTreeSet::new();
    for page in pages() {
        let text = page.text().unwrap_or_default();
        let targets = links_of(text).into_iter().map(|link| link.split('#').next().unwrap_or_default());
        linked.extend(targets.filter(|path| !path.is_empty()).map(|path| resolve(&page.path, path)));
    }
    let lost = pages().filter(|page| page.path.starts_with("docs/") && !linked.contains(Path::new(&page.path)));
    lost.map(|page| format!("{}: no page links to it", page.path)).collect()
}

fn dead_links(files: &[SourceFile]) -> Vec<String> {
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    for file in files {
        let path = PathBuf::from(&file.path);
        known.extend(path.ancestors().map(Path::to_path_buf));
    }
    let mut dead = Vec::new();
    for file in files.iter().filter(|file| file.has_extension("md")) {
        let text = file.text().unwrap_or_default();
        for link in links_of(text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { PathBuf::from(&file.path) } else { resolve(&file.path, path) };
            let page = files.iter().find(|other| Path::new(&other.path) == target);
            let lost = !anchor.is_empty() && page.is_some_and(|page| !has_anchor(page, anchor));
            if !known.contains(&target) || lost {
                dead.push(format!("{}: {link}", file.path));
            }
        }
    }
    dead
}

/// What stands in `](…)` outside fenced code, except links to other sites.
fn links_of(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for part in line.split("](").skip(1) {
            let link = part.split([')', ' ']).next().unwrap_or_default();
            if !link.contains("://") && !link.starts_with("mailto:") {
                found.push(link);
            }
        }
    }
    found
}

fn resolve(from: &str, link: &str) -> PathBuf {
    let mut path = Path::new(from).parent().map(Path::to_path_buf).unwrap_or_default();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path
}

fn has_anchor(page: &SourceFile, anchor: &str) -> bool {
    let heads = page.text().unwrap_or_default().lines().filter(|line| line.starts_with('#'));
    heads.map(|head| slug(head.trim_start_matches('#'))).any(|slug| slug == anchor)
}

/// How page viewers make an anchor of a heading.
fn slug(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_and_a_page_without_a_link_are_found() {
        let index = files::fake(
            "docs/README.md",
            "[a](a.md) [up](../README.md) [b](missing.md) [c](a.md#a-head) [d](a.md#no-head) [f](formats/)",
        );
        let files = [
            index,
            files::fake("README.md", "[far](https://example.org) [self](#top)\n# Top\n```\n[x](y.md)\n```"),
            files::fake("docs/a.md", "## A head!\n"),
            files::fake("docs/formats/one.md", ""),
        ];
        assert_eq!(dead_links(&files), ["docs/README.md: missing.md", "docs/README.md: a.md#no-head"]);
        let lost = ["docs/README.md: no page links to it", "docs/formats/one.md: no page links to it"];
        assert_eq!(orphans(&files), lost);
    }
}
