//! Keys on several machines: made apart, joined only by public parts and a file that goes from hand to hand.

use std::fs;
use std::path::{Path, PathBuf};

use kapok_desk::{Role, new_key};
use kapok_wire::bundle::Class;

use super::fixture::WORDS;
use super::program::{Site, run};

struct Machines {
    files: PathBuf,
    publics: Vec<String>,
}

/// Seven people make a key each. Quick ones: what a passphrase costs is tested elsewhere.
fn people(dir: &Path) -> Machines {
    let files = dir.join("machines");
    fs::create_dir(&files).unwrap();
    let roles = [(Role::Root, 3), (Role::Desk(Class::Triage), 2), (Role::Desk(Class::Identities), 2)];
    let mut publics = Vec::new();
    for (role, count) in roles {
        for number in 1..=count {
            let path = files.join(format!("{}-{number}.age", role.word()));
            let public = files.join(format!("{}-{number}.pub", role.word()));
            fs::write(&public, new_key(&path, role, WORDS, 2).unwrap() + "\n").unwrap();
            publics.push(format!("--{} {}", role.word(), public.display()));
        }
    }
    Machines { files, publics }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_signed_on_two_machines_is_published_from_a_third() {
    let site = Site::start().await;
    let people = people(site.dir.path());
    let at = |name: &str| people.files.join(name).display().to_string();
    let note = at("first.note");
    let new =
        format!("bundle new --server-card @CARD --organisation Example {} --out {note}", people.publics.join(" "));
    assert_eq!(site.ok(&new).await["signatures"], 0);
    assert_eq!(site.run(&new).await.status.code(), Some(1), "no file is overwritten");
    let two_roots = new.replacen(&people.publics[0], "", 1).replace("  ", " ").replace(&note, &at("other.note"));
    assert_eq!(site.run(&two_roots).await.status.code(), Some(2));
    let missing = site.run(&new.replacen("triage-1.pub", "triage-7.pub", 1).replace(&note, &at("other.note"))).await;
    assert_eq!(missing.status.code(), Some(9));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("what --triage gives is neither"));

    let check = format!("bundle check {note}");
    let unsigned = site.run(&format!("{check} --json")).await;
    assert_eq!(unsigned.status.code(), Some(8), "nobody signed");
    let document: serde_json::Value = serde_json::from_slice(&unsigned.stdout).expect("one document, not two");
    assert_eq!((&document["signatures"], &document["error"]["code"]), (&0.into(), &"unsigned".into()));
    let said = site.run(&check).await;
    let (listed, said) = (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert!(listed.contains("Good signatures: 0; needed: 2.\nNot signed by: root 1, root 2, root 3.\n"), "{listed}");
    assert!(said.contains("nobody has signed this bundle yet") && said.contains("`kapok-desk bundle sign"), "{said}");
    assert_eq!(site.ok(&format!("bundle sign --key {} {note}", at("root-1.age"))).await["signatures"], 1);
    let one = site.run(&check).await;
    assert_eq!(one.status.code(), Some(8), "one signature is not enough");
    let (listed, said) = (String::from_utf8(one.stdout).unwrap(), String::from_utf8(one.stderr).unwrap());
    assert!(listed.contains("Good signatures: 1; needed: 2.\nNot signed by: root 2, root 3.\n"), "{listed}");
    assert!(said.contains("good signatures on this bundle: 1, needed: 2"), "{said}");
    let again = site.run(&format!("bundle sign --key {} {note}", at("root-1.age"))).await;
    assert!(String::from_utf8(again.stdout).unwrap().starts_with("The key root 1 had signed before"));
    let signed = site.ok(&format!("bundle sign --key {} {note}", at("root-3.age"))).await;
    assert_eq!((&signed["signatures"], signed["signed_by"].as_array().unwrap().len()), (&2.into(), 2));
    let tried = site.ok(&format!("{check} --key {}", at("triage-2.age"))).await;
    assert_eq!((&tried["test_decryption"]["proven"], &tried["signatures"]), (&1.into(), &2.into()));

    // A key that the bundle does not name, or a file with a wrong passphrase, is heard of.
    let stranger = people.files.join("stranger.age");
    new_key(&stranger, Role::Desk(Class::Triage), WORDS, 2).unwrap();
    assert_eq!(site.run(&format!("{check} --key {}", stranger.display())).await.status.code(), Some(1));
    let wrong = run(&site.desk(), &format!("{check} --key {}", at("triage-2.age")), Some(b"others"));
    assert_eq!(wrong.status.code(), Some(3));

    let init = site.ok(&format!("init --server-card @CARD --bundle {note}")).await;
    site.register(init["fingerprint"].as_str().unwrap());
    assert_eq!(site.run("publish").await.status.code(), Some(9), "no key shows that reports can be opened");
    assert_eq!(site.ok(&format!("key add {}", at("triage-1.age"))).await["added"], "triage");
    assert_eq!(site.run("publish").await.status.code(), Some(1), "nothing shows that names can be opened");
    assert_eq!(site.ok(&format!("key add {}", at("identities-1.age"))).await["added"], "identities");
    assert_eq!(site.run("publish").await.status.code(), Some(1), "two keys were not tried");
    let published = site.ok("publish --keys-elsewhere").await;
    assert_eq!(published, serde_json::json!({"sequence": 1, "proven": 2, "elsewhere": 2}));
    assert!(site.ok("invite").await["invite"].as_str().unwrap().starts_with("KAPOK1"));

    // The next bundle counts on by itself, and the server refuses to go back.
    let next = at("second.note");
    let new = new.replace(&note, &next);
    site.ok(&new).await;
    for root in ["root-2.age", "root-3.age"] {
        site.ok(&format!("bundle sign --key {} {next}", at(root))).await;
    }
    assert_eq!(site.ok(&format!("publish --keys-elsewhere --bundle {next}")).await["sequence"], 2);
    assert_eq!(site.run(&format!("publish --keys-elsewhere --bundle {note}")).await.status.code(), Some(8));
    site.server.stop().await;
}

#[test]
fn key_new_prints_the_public_part_only_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("root.age");
    let line = format!("key new --role root --out {}", file.display());
    let made = run(dir.path(), &line, Some(WORDS));
    assert_eq!(made.status.code(), Some(0));
    let public = String::from_utf8(made.stdout).unwrap();
    assert_eq!(public.trim().len(), 44);
    let locked = fs::read(&file).unwrap();
    assert!(locked.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert_eq!(run(dir.path(), &line, Some(WORDS)).status.code(), Some(1));
    assert_eq!(run(dir.path(), &line.replace("root.age", "b.age"), Some(b"short")).status.code(), Some(3));
    assert_eq!(fs::read(&file).unwrap(), locked);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
