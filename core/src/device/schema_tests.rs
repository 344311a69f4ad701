//! The schemas that `docs/schema/` shows are those of fresh stores.
//!
//! Each page is what SQLite says about a store that all steps made, so it stays true when a step is added. Written by
//! `cargo test -p kapok-core -- --ignored write_schema`.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use super::VAULT_STEPS;
use super::queues::{QUEUE_STEPS, RECORD_STEPS};
use crate::vault::Migrations;

const STORES: [(&str, Migrations); 3] = [("vault", VAULT_STEPS), ("queue", QUEUE_STEPS), ("device", RECORD_STEPS)];

fn page(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/schema/{name}.sql"))
}

/// Every statement of a fresh store, in order of name.
fn fresh(steps: Migrations) -> String {
    let mut db = Connection::open_in_memory().unwrap();
    assert!(steps.run(&mut db).unwrap());
    let mut all = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name").unwrap();
    let all = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let ours = all.map(Result::unwrap).filter(|sql| !sql.starts_with("CREATE TABLE sqlite_"));
    ours.map(|sql| format!("{sql};\n")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_schemas_in_the_documentation_are_those_of_fresh_stores() {
    for (name, steps) in STORES {
        let shown = fs::read_to_string(page(name)).unwrap();
        assert_eq!(shown, fresh(steps), "docs/schema/{name}.sql: write it again");
    }
}

#[test]
#[ignore = "writes the pages"]
fn write_schema() {
    for (name, steps) in STORES {
        fs::write(page(name), fresh(steps)).unwrap();
    }
}
