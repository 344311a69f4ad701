//! The dependency graph as plain data, read from `cargo metadata`. `cargo tree` prints the same graph for people;
//! this form can be built by hand in a test, so each rule over it can be shown to fail.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::run::{Cmd, Done, Failure};

/// How one package depends on another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// One package of the graph.
#[derive(Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Ours, with a manifest in this repository.
    pub(crate) own: bool,
    pub(crate) needs: BTreeSet<(Kind, String)>,
}

/// Packages by their cargo id.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<String, Package>,
}

impl Graph {
    /// The graph of this workspace for every target, as the lock file fixes it.
    pub(crate) fn load() -> Done<Self> {
        let json = Cmd::cargo("metadata --quiet --format-version 1 --locked").capture()?;
        let value: Value =
            serde_json::from_str(&json).map_err(|error| Failure::new(format!("cargo metadata is no JSON: {error}")))?;
        Ok(Self::parse(&value))
    }

    fn parse(value: &Value) -> Self {
        let members: BTreeSet<&str> = list(value, "workspace_members").iter().filter_map(Value::as_str).collect();
        let mut graph = Self::default();
        for package in list(value, "packages") {
            let id = text(package, "id");
            let own = members.contains(id);
            graph.packages.insert(
                id.to_owned(),
                Package {
                    name: text(package, "name").to_owned(),
                    version: text(package, "version").to_owned(),
                    own,
                    needs: BTreeSet::new(),
                },
            );
        }
        let nodes = value.get("resolve").map_or(&[][..], |resolve| list(resolve, "nodes"));
        for node in nodes {
            let Some(package) = graph.packages.get_mut(text(node, "id")) else {
                continue;
            };
            for dep in list(node, "deps") {
                for kind in list(dep, "dep_kinds") {
                    let kind = match kind.get("kind").and_then(Value::as_str) {
                        Some("dev") => Kind::Dev,
                        Some("build") => Kind::Build,
                        _ => Kind::Normal,
                    };
                    package.needs.insert((kind, text(dep, "pkg").to_owned()));
                }
            }
        }
        graph
    }

    pub(crate) fn own(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.own)
    }

    /// Names of everything that is linked into `name`: normal dependencies, and theirs.
    pub(crate) fn linked_into(&self, name: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = self.ids_of(name).collect();
        while let Some(id) = open.pop() {
            if let Some(package) = self.packages.get(id).filter(|_| seen.insert(id)) {
                let normal = package.needs.iter().filter(|(kind, _)| *kind == Kind::Normal);
                open.extend(normal.map(|(_, id)| id.as_str()));
            }
        }
        let package = seen.iter().filter_map(|&id| self.packages.get(id));
        package.map(|package| package.name.as_str()).collect()
    }

    fn ids_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(_, package): &(&String, &Package)| package.name == name;
        self.packages.iter().filter(named).map(|(id, _)| id.as_str())
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_three_kinds_are_told_apart_and_only_normal_ones_are_linked() {
        let graph = Graph::parse(&json!({
            "workspace_members": ["a"],
            "packages": [
                {"id": "a", "name": "ours", "version": "1.0.0"},
                {"id": "b", "name": "linked", "version": "1.0.0"},
                {"id": "c", "name": "only-tests", "version": "1.0.0"}],
            "resolve": {"nodes": [{"id": "a", "deps": [
                {"pkg": "b", "dep_kinds": [{"kind": null}]},
                {"pkg": "c", "dep_kinds": [{"kind": "dev"}]}]}]}
        }));
        assert_eq!(graph.linked_into("ours"), BTreeSet::from(["linked", "ours"]));
        assert_eq!(graph.own().count(), 1);
    }

    #[test]
    fn this_workspace_loads() {
        let graph = Graph::load().unwrap();
        assert!(graph.own().any(|package| package.name == "kapok-server"));
        assert!(graph.linked_into("kapok-server").contains("kapok-wire"));
    }
}
