//! The graph is an argument: what is not linked into the server cannot read a report there.

use crate::files::{self, SourceFile};
use crate::metadata::{Graph, Kind, Package};
use crate::rules::none_of;
use crate::run::Done;

/// The arrows of the architecture: each own package and what it may depend on.
/// A new package needs its row here, so nobody adds an arrow without seeing this list.
const ARROWS: &[(&str, &[&str])] = &[
    ("kapok-wire", &[]),
    ("kapok-seal", &["kapok-wire"]),
    ("kapok-report", &["kapok-wire"]),
    ("kapok-memory", &[]),
    ("kapok-core", &["kapok-memory", "kapok-report", "kapok-seal", "kapok-wire"]),
    ("kapok-server", &["kapok-wire"]),
    ("kapok-desk", &["kapok-report", "kapok-seal", "kapok-wire"]),
    ("kapok-cli", &["kapok-core"]),
    ("xtask", &[]),
];

/// Arrows that tests of one crate may use in addition; nothing of this is linked into a program.
const IN_TESTS: &[(&str, &str)] =
    &[("kapok-cli", "kapok-desk"), ("kapok-cli", "kapok-server"), ("kapok-desk", "kapok-server")];

/// The end-to-end proofs and the measured claims may see everything; nothing that is shipped may depend on them.
const SEES_ALL: &[&str] = &["kapok-tests", "kapok-prove"];

const NEVER_IN_SERVER: &[&str] = &["kapok-seal", "kapok-report", "kapok-core", "age", "age-core"];

/// The one crate that may hold unsafe code, and the lints about it: each place needs `#[expect]` and a safety comment.
const MAY_BE_UNSAFE: &str = "memory/Cargo.toml";
const FORBID: &str = "unsafe_code = \"forbid\"";
const DENY: &str = "unsafe_code = \"deny\"";
const DOCUMENTED: &str = "undocumented_unsafe_blocks = \"deny\"";

/// Packages that must not be in the lock file at all, with the reason. The last field limits it to versions.
const NEVER: &[(&str, &str, &str)] = &[
    ("rsa", "", "no fixed version of its timing advisory"),
    ("openssl", "", "one TLS stack only: rustls"),
    ("openssl-sys", "", "one TLS stack only: rustls"),
    ("native-tls", "", "it would trust the system's certificates"),
    ("aws-lc-rs", "", "one crypto provider only: ring"),
    ("aws-lc-sys", "", "one crypto provider only: ring"),
    ("ml-kem", "0.2.", "does not build with hpke; its presence means a wrong age version"),
];

/// Checks the real graph.
pub(crate) fn run() -> Done {
    let graph = Graph::load()?;
    let mut findings = broken(&graph);
    findings.extend(without_lints(&files::all()?));
    let count = graph.packages.len();
    println!("{count} packages in the lock file, {} of them ours", graph.own().count());
    none_of(findings, "the dependency graph")
}

fn broken(graph: &Graph) -> Vec<String> {
    let mut findings = Vec::new();
    for package in graph.own() {
        findings.extend(wrong_arrows(graph, package));
    }
    let server = graph.linked_into("kapok-server");
    for name in NEVER_IN_SERVER.iter().filter(|name| server.contains(**name)) {
        findings.push(format!("kapok-server links {name}: the server must not be able to read a report"));
    }
    for package in graph.packages.values() {
        for (name, version, why) in NEVER {
            if package.name == *name && package.version.starts_with(version) {
                findings.push(format!("{name} {} must not be used: {why}", package.version));
            }
        }
    }
    let sqlite = graph.packages.values().filter(|p| p.name == "libsqlite3-sys").count();
    if sqlite != 1 {
        findings.push(format!(
            "{sqlite} versions of libsqlite3-sys, must be one: two SQLites in one program corrupt files"
        ));
    }
    findings
}

fn wrong_arrows(graph: &Graph, package: &Package) -> Vec<String> {
    let from = package.name.as_str();
    if SEES_ALL.contains(&from) {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else {
        return vec![format!("{from} has no row in xtask/src/rules/graph.rs: say what it may depend on")];
    };
    let mut wrong = Vec::new();
    for (kind, id) in &package.needs {
        let Some(to) = graph.packages.get(id).filter(|to| to.own && to.name != from) else { continue };
        let in_tests = *kind == Kind::Dev && IN_TESTS.contains(&(from, to.name.as_str()));
        if !in_tests && !allowed.contains(&to.name.as_str()) {
            wrong.push(format!("{from} → {} is no arrow of the architecture", to.name));
        }
    }
    wrong
}

/// `forbid(unsafe_code)` and the other lints reach a crate only through `[lints] workspace = true`. One crate has a table of
/// its own, in which nothing but that lint is weaker.
fn without_lints(files: &[SourceFile]) -> Vec<String> {
    let texts = |file| SourceFile::text(file).map(|text| (file.path.as_str(), text));
    let tables: Vec<_> = files.iter().filter(|file| file.path.ends_with("Cargo.toml")).filter_map(texts).collect();
    let root = tables.iter().find(|(_, text)| text.lines().any(|line| line == "[workspace]"));
    let wanted: Vec<_> = root.map(|(_, text)| lints(text, "workspace.lints.")).unwrap_or_default();
    let mut findings = Vec::new();
    for (path, text) in &tables {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let follows = lines.windows(2).any(|pair| pair == ["[lints]", "workspace = true"]);
        if lines.contains(&"[workspace]") {
            if !wanted.contains(&FORBID) {
                findings.push(format!("{path}: [workspace.lints.rust] must forbid unsafe_code"));
            }
        } else if *path == MAY_BE_UNSAFE {
            let own = lints(text, "lints.");
            let weaker = wanted.iter().map(|line| if *line == FORBID { DENY } else { *line });
            let missing = weaker.chain([DOCUMENTED]).filter(|line| !own.contains(line));
            findings.extend(missing.map(|line| format!("{path}: its lints need `{line}`")));
        } else if !follows {
            findings.push(format!("{path}: needs `[lints]` with `workspace = true`"));
        }
    }
    findings
}

/// The lints of the tables whose names begin so.
fn lints<'a>(text: &'a str, tables: &str) -> Vec<&'a str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        match line.strip_prefix('[') {
            Some(name) => inside = name.starts_with(tables),
            None if inside && line.contains('=') => found.push(line),
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small graph that keeps all rules; each test breaks one.
    fn good() -> Graph {
        let mut graph = Graph::default();
        for (name, version, own, needs) in [
            ("kapok-wire", "0.1.0", true, &[][..]),
            ("kapok-seal", "0.1.0", true, &["kapok-wire", "age"][..]),
            ("kapok-server", "0.1.0", true, &["kapok-wire", "libsqlite3-sys"][..]),
            ("age", "0.11.5", false, &[][..]),
            ("libsqlite3-sys", "0.40.0", false, &[][..]),
        ] {
            let package = Package {
                name: name.to_owned(),
                version: version.to_owned(),
                own,
                needs: needs.iter().map(|need| (Kind::Normal, (*need).to_owned())).collect(),
            };
            graph.packages.insert(name.to_owned(), package);
        }
        graph
    }

    fn add(graph: &mut Graph, id: &str, name: &str, version: &str) {
        let package = Package { name: name.to_owned(), version: version.to_owned(), ..Package::default() };
        graph.packages.insert(id.to_owned(), package);
    }

    fn need(graph: &mut Graph, from: &str, kind: Kind, to: &str) {
        graph.packages.get_mut(from).unwrap().needs.insert((kind, to.to_owned()));
    }

    #[test]
    fn a_graph_that_keeps_the_rules_passes() {
        assert_eq!(broken(&good()), Vec::<String>::new());
    }

    #[test]
    fn a_server_that_links_the_sealing_is_found_even_through_another_crate() {
        let mut graph = good();
        add(&mut graph, "helper", "helper", "1.0.0");
        need(&mut graph, "kapok-server", Kind::Normal, "helper");
        need(&mut graph, "helper", Kind::Normal, "age");
        assert!(broken(&graph).iter().any(|said| said.contains("links age")));
    }

    #[test]
    fn an_arrow_that_is_not_in_the_list_is_found_even_in_tests() {
        let mut graph = good();
        need(&mut graph, "kapok-wire", Kind::Dev, "kapok-seal");
        assert!(broken(&graph).iter().any(|said| said.contains("kapok-wire → kapok-seal")));
    }

    #[test]
    fn an_arrow_for_tests_is_not_allowed_in_the_program() {
        let mut graph = good();
        add(&mut graph, "kapok-desk", "kapok-desk", "0.1.0");
        graph.packages.get_mut("kapok-desk").unwrap().own = true;
        need(&mut graph, "kapok-desk", Kind::Dev, "kapok-server");
        assert!(broken(&graph).is_empty());
        need(&mut graph, "kapok-desk", Kind::Normal, "kapok-server");
        assert_eq!(broken(&graph).len(), 1);
    }

    #[test]
    fn every_banned_package_is_found() {
        for (name, version, _) in NEVER {
            let mut graph = good();
            add(&mut graph, "banned", name, &format!("{version}9.9"));
            assert_eq!(broken(&graph).len(), 1, "{name}");
        }
        let mut graph = good();
        add(&mut graph, "fine", "ml-kem", "0.3.4");
        assert!(broken(&graph).is_empty());
    }

    #[test]
    fn a_second_sqlite_is_found() {
        let mut graph = good();
        add(&mut graph, "second", "libsqlite3-sys", "0.30.1");
        assert!(broken(&graph).iter().any(|said| said.contains("libsqlite3-sys")));
    }

    #[test]
    fn a_crate_without_the_workspace_lints_is_found() {
        let good = files::fake("a/Cargo.toml", "[package]\n[lints]\nworkspace = true\n");
        let bad = files::fake("b/Cargo.toml", "[package]\n[dependencies]\nworkspace = true\n");
        let root = files::fake("Cargo.toml", "[workspace]\n[workspace.lints.rust]\nunsafe_code = \"warn\"\n");
        assert_eq!(without_lints(&[good, bad, root]).len(), 2);
    }

    #[test]
    fn the_one_crate_with_unsafe_code_has_every_other_lint() {
        let root = "[workspace]\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n[workspace.lints.clippy]\ntodo = \"deny\"\n";
        let own = "[lints.rust]\nunsafe_code = \"deny\"\n[lints.clippy]\ntodo = \"deny\"\nundocumented_unsafe_blocks = \"deny\"\n";
        let count = |path, own: &str| without_lints(&[files::fake("Cargo.toml", root), files::fake(path, own)]).len();
        assert_eq!(count(MAY_BE_UNSAFE, own), 0);
        assert_eq!(count("core/Cargo.toml", own), 1, "no other crate has a table of its own");
        for gone in own.lines().filter(|line| line.contains('=')) {
            assert_eq!(count(MAY_BE_UNSAFE, &own.replace(gone, "")), 1, "{gone}");
        }
    }
}
