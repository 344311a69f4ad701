//! The program itself against a real server: from `init` to `show --extract`, with a device played by this test.

use std::io::{PipeWriter, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_desk::{Folder, ServerCard};
use kapok_server::{Config, Server, client_keys};
use kapok_wire::answer::Answer;
use kapok_wire::enrol::{EnrolAnswer, EnrolRequest};
use kapok_wire::pull::Record;
use kapok_wire::tls::{Pin, Trust, client_config};
use kapok_wire::token::{Blinding, IssuerKey, Token};
use kapok_wire::upload::{Head, encode_body};
use kapok_wire::{Digest, Invite, UploadId};

use super::fixture::{Desk, NAME, NARRATIVE, Plan, WORDS, make, noise};

/// One organisation: a server, and a desk folder that may not exist yet.
pub(super) struct Site {
    pub(super) dir: tempfile::TempDir,
    pub(super) server: Server,
}

impl Site {
    pub(super) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let floor = std::time::Duration::ZERO;
        let config =
            Config { listen: any, desk_listen: any, answer_floor: floor, ..Config::new(dir.path().join("server")) };
        Self { server: Server::start(config).await.unwrap(), dir }
    }

    pub(super) fn desk(&self) -> PathBuf {
        self.dir.path().join("desk")
    }

    /// Runs `kapok-desk` with the passphrase on a descriptor.
    pub(super) async fn run(&self, line: &str) -> Output {
        let (desk, line) = (self.desk(), line.replace("@CARD", self.server.card_path().to_str().unwrap()));
        tokio::task::spawn_blocking(move || run(&desk, &line, Some(WORDS))).await.unwrap()
    }

    pub(super) async fn ok(&self, line: &str) -> serde_json::Value {
        let output = self.run(&format!("{line} --json")).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(super) fn register(&self, fingerprint: &str) {
        client_keys::add(&self.dir.path().join("server"), client_keys::parse(fingerprint).unwrap()).unwrap();
    }
}

pub(super) fn run(desk: &Path, line: &str, words: Option<&[u8]>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-desk"));
    command.arg("--dir").arg(desk).args(line.split(' ')).env_remove("LC_ALL").env("LANG", "C").stdin(Stdio::null());
    let mut pipe: Option<(std::io::PipeReader, PipeWriter)> = None;
    if let Some(words) = words {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(&[words, b"\nnot part of it"].concat()).unwrap();
        // As standard input, since only that is inherited without unsafe code.
        command.stdin(Stdio::from(reader.try_clone().unwrap())).args(["--passphrase-fd", "0"]);
        assert!(reader.as_raw_fd() > 2);
        pipe = Some((reader, writer));
    }
    let output = command.output().unwrap();
    drop(pipe);
    output
}

/// Makes an invite with `--out` and gives the text in the file.
async fn invite_in_a_file(site: &Site) -> String {
    let path = site.dir.path().join("invite.txt");
    let line = format!("invite --hours 2 --out {}", path.display());
    let output = site.run(&line).await;
    let (image, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(image.contains('█') && !image.contains("KAPOK1"), "the code for a person, the text in the file only");
    assert!(said.contains("Good for one device, until ") && said.contains(":59 UTC+7."), "{said}");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("KAPOK1") && text.ends_with('\n') && text.lines().count() == 1, "{text}");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
        0o600
    );
    assert_eq!(site.run(&line).await.status.code(), Some(1), "a file is never written over");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    // Words and JSON name the same last moment, the end of the hour that the server checks. Each is compared with its own
    // invite, since an hour may end between the two.
    let last = |text: &str| {
        let seconds = Invite::decode(text).unwrap().expires.0 * 3_600 + 3_599;
        let at = time::OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
        at.to_offset(time::UtcOffset::from_hms(7, 0, 0).unwrap())
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap()
    };
    let minute = last(&text)[..16].replace('T', " ");
    assert!(said.contains(&format!("until {minute} UTC+7.")), "{minute}: {said}");
    let json = site.ok("invite --hours 2").await;
    assert_eq!(json["expires"], last(json["invite"].as_str().unwrap()));
    text.trim_end().to_owned()
}

/// Enrols and uploads as a device does.
async fn send(site: &Site, invite: &str, records: &[Record]) {
    let invite = Invite::decode(invite).unwrap();
    let card = ServerCard::parse(&std::fs::read(site.server.card_path()).unwrap()).unwrap();
    assert_eq!(invite.pin, site.server.pin());
    assert_eq!(invite.address, site.server.listen().to_string());
    let client = client(card.trust());
    let base = format!("https://{}", invite.address);
    let blinding = Blinding::make().unwrap();
    let request = EnrolRequest { secret: invite.secret, blinded: blinding.elements().unwrap() }.encode().unwrap();
    let page = post(&client, &format!("{base}/v1/enrol"), request).await;
    let EnrolAnswer::Tokens(evaluation) = EnrolAnswer::decode(&page).unwrap() else { panic!("no tokens") };
    let issuer = IssuerKey(STANDARD.decode(card.token_key()).unwrap().try_into().unwrap());
    let token: Token = blinding.finish(&evaluation, &issuer).unwrap().remove(0);
    for record in records {
        let digest = Digest::of(&record.sealed);
        let (upload, token) = (UploadId([7; 16]), token.clone());
        let head = Head { lane: record.lane, upload, object: record.object, digest, token };
        let answer = post(&client, &format!("{base}/v1/d"), encode_body(&head, &record.sealed).unwrap()).await;
        assert!(matches!(Answer::decode(&answer), Ok(Answer::Accepted(_))));
    }
}

fn client(trust: Trust) -> reqwest::Client {
    let config = client_config(&trust, None).unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(config).http2_prior_knowledge().no_proxy().build().unwrap()
}

async fn post(client: &reqwest::Client, url: &str, body: Vec<u8>) -> Vec<u8> {
    client.post(url).body(body).send().await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_init_to_extracted_originals_with_a_real_server() {
    let site = Site::start().await;
    let init = site.ok("init --server-card @CARD --organisation Example").await;
    assert_eq!(site.run("init --server-card @CARD --organisation Example").await.status.code(), Some(1));
    // Before the server knows this desk, nothing gets through; the exit code says to try later.
    assert_eq!(site.run("pull").await.status.code(), Some(5));
    let fingerprint = site.run("fingerprint").await;
    let (bare, hint) = (String::from_utf8(fingerprint.stdout).unwrap(), String::from_utf8(fingerprint.stderr).unwrap());
    assert_eq!(bare, format!("{}\n", init["fingerprint"].as_str().unwrap()), "a script takes it as it is");
    assert!(hint.contains(&format!("kapok-server desk add {} --data DIR", bare.trim())), "{hint}");
    site.register(bare.trim());
    assert_eq!(site.ok("publish").await["sequence"], 1);
    assert_eq!(site.ok("publish").await["proven"], 4, "again is success");
    let invite = invite_in_a_file(&site).await;

    let desk = Desk { dir: tempfile::tempdir().unwrap(), folder: Folder::open(&site.desk()).unwrap() };
    let plan = Plan::new(1).file(Some("../រូបថត.jpg"), noise(300_000, 1));
    send(&site, &invite, &plan.seal(&desk)).await;

    assert_eq!(site.ok("pull").await["new"], 6);
    assert_eq!(
        site.ok("pull").await,
        serde_json::json!({"new": 0, "known": 0, "repaired": 0, "restarted": false, "not_given": 0})
    );
    let list = site.ok("list").await;
    let code = list["reports"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(list["reports"][0]["attachments"][0]["integrity"], "complete");
    assert!(!list.to_string().contains(NARRATIVE), "a list tells no story");
    let shown = String::from_utf8(site.run(&format!("show {code}")).await.stdout).unwrap();
    assert_eq!(shown.matches(NAME).count(), 2, "in Khmer and in English");
    assert!(shown.contains("hash right") && shown.contains("— ខ្មែរ —") && shown.contains("— English —"), "{shown}");
    assert_eq!(site.ok("verify").await["orphan_chunks"], 0);

    let out = site.dir.path().join("out");
    let shown = site.ok(&format!("show {} --extract {}", code.to_lowercase(), out.display())).await;
    assert_eq!(shown["reports"][0]["attachments"][0]["written_as"], "រូបថត.jpg");
    assert_eq!(std::fs::read(out.join("រូបថត.jpg")).unwrap(), plan.files[0].1);
    assert_eq!(site.run("show ZZ-ZZZ").await.status.code(), Some(9));
    site.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_key_is_called_interception_and_gets_no_request() {
    let (site, impostor) = (Site::start().await, Site::start().await);
    // A card with the right root and name, and the impostor's address: its certificate is another one.
    let mut card: serde_json::Value = serde_json::from_slice(&std::fs::read(site.server.card_path()).unwrap()).unwrap();
    let path = site.desk();
    make(&path, card.to_string().as_bytes());
    card["desk_addresses"] = serde_json::json!([impostor.server.desk_listen()]);
    let root = card["tls_root"].clone();
    let pull = async |card: &serde_json::Value| {
        std::fs::write(path.join("server-card.json"), card.to_string()).unwrap();
        let output = site.run("pull").await;
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = pull(&card).await;
    assert!(code == Some(5) && said.contains("somebody may be in between"), "{said}");
    // The impostor's own root beside the right pins: the pin alone stops it.
    let theirs: serde_json::Value =
        serde_json::from_slice(&std::fs::read(impostor.server.card_path()).unwrap()).unwrap();
    card["tls_root"] = theirs["tls_root"].clone();
    let (code, said) = pull(&card).await;
    assert!(code == Some(5) && said.contains("somebody may be in between"), "{said}");
    // Control: the right server, and then this desk is known.
    card["tls_root"] = root;
    card["desk_addresses"] = serde_json::json!([site.server.desk_listen()]);
    let pin: Pin = Folder::open(&path).unwrap().fingerprint().unwrap();
    site.register(&pin.to_string());
    assert_eq!(pull(&card).await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    let site = Site::start().await;
    let folder = make(&site.desk(), &std::fs::read(site.server.card_path()).unwrap());
    site.register(&folder.fingerprint().unwrap().to_string());
    site.ok("publish").await;
    let invite = site.ok("invite").await["invite"].as_str().unwrap().to_owned();
    let desk = Desk { dir: tempfile::tempdir().unwrap(), folder };
    let records = Plan::new(1).file(None, noise(55 * 65_264, 1)).seal(&desk);
    send(&site, &invite, &records).await;
    let files = |of: &str| std::fs::read_dir(desk.folder.root().join("inbox").join(of)).unwrap().count();
    let mut seen = Vec::new();
    // A little later each time, until one pull got through before its kill.
    for round in 0_u64..100 {
        let path = site.desk();
        let kill = move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-desk"));
            let mut child =
                command.arg("--dir").arg(path).arg("pull").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(4 + 5 * round));
            child.kill().unwrap();
            child.wait().unwrap();
        };
        tokio::task::spawn_blocking(kill).await.unwrap();
        seen.push(files("packets") + files("chunks"));
        if seen.last() >= Some(&records.len()) {
            break;
        }
    }
    site.ok("pull").await;
    assert_eq!(files("packets") + files("chunks"), records.len(), "no half-written file is left, none is missing");
    assert_eq!(site.ok("pull --again").await["known"], records.len());
    assert_eq!(site.ok("verify").await["reports"][0]["attachments"][0]["integrity"], "hash_ok");
    // Control: the kills really came between the first object and the last.
    assert!(seen.iter().any(|count| (1..records.len()).contains(count)), "{seen:?}");
    site.server.stop().await;
}

#[test]
fn with_json_a_failure_is_a_document_and_there_is_never_a_second_one() {
    let desk = Desk::new();
    let path = desk.folder.root().to_owned();
    let fails = |dir: &Path, line: &str, words: Option<&[u8]>, code: &str, exit: i32| {
        let output = run(dir, &format!("{line} --json"), words);
        assert_eq!(output.status.code(), Some(exit), "{line}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = document["error"]["text"].as_str().unwrap();
        assert_eq!(document, serde_json::json!({"error": {"code": code, "exit": exit, "text": text}}));
        // People read the same on standard error.
        assert!(String::from_utf8(output.stderr).unwrap().contains(text), "{line}");
    };
    fails(&path, "list", Some(b"guess"), "wrong_passphrase", 3);
    fails(&path, "list", None, "no_passphrase", 2);
    fails(&path, "list", Some(b""), "passphrase_empty", 3);
    fails(&path, "list", Some(&[b'x'; 5_000]), "passphrase_long", 2);
    fails(&path, "list", Some(b"a long one \xff\xfe"), "passphrase_not_text", 3);
    fails(&path, "show ZZ-ZZZ", Some(WORDS), "no_such_report", 9);
    fails(&path, "pull", None, "unreachable", 5);
    fails(&desk.dir.path().join("nowhere"), "list", Some(WORDS), "no_desk", 9);
    let lock = desk.folder.lock().unwrap();
    fails(&path, "pull", None, "in_use", 10);
    drop(lock);
    // Control: without --json nothing is on standard output.
    assert!(run(&path, "list", Some(b"guess")).stdout.is_empty());
    // A result that shows what is missing is the one document.
    desk.inbox().store(&Plan::new(1).file(None, noise(99, 1)).seal(&desk)[..1]).unwrap();
    let output = run(&path, "verify --json", Some(WORDS));
    assert_eq!(output.status.code(), Some(5));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["error"].is_null());
    assert_eq!(document["reports"][0]["attachments"][0]["integrity"], "missing");
}

#[test]
fn exit_codes_and_refusals_without_a_server() {
    let desk = Desk::new();
    let path = desk.folder.root().to_owned();
    let code = |line: &str, words: Option<&[u8]>| run(&path, line, words).status.code();
    assert_eq!(code("list", Some(WORDS)), Some(0));
    assert_eq!(code("list", Some(b"guess")), Some(3));
    assert_eq!(code("list", None), Some(2), "no terminal and no descriptor");
    for (line, argument) in [
        ("bundle check no-such.note", "BUNDLE"),
        ("bundle sign --key no-such.age no-such.note", "BUNDLE"),
        ("key add no-such.age", "FILE"),
        ("key new --role root --out no-such-folder/a.age", "--out"),
        ("publish --bundle no-such.note", "--bundle"),
        ("init --server-card no-such.json --organisation Example", "--server-card"),
    ] {
        let output = run(&path, line, Some(WORDS));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(9), "{line}: {said}");
        assert!(said.contains(&format!("that {argument} names")) && !said.contains("no-such"), "{line}: {said}");
    }
    assert_eq!(code("nonsense", None), Some(2));
    assert_eq!(code("pull", None), Some(5));
    let lock = desk.folder.lock().unwrap();
    assert_eq!(code("pull", None), Some(10));
    drop(lock);
    let elsewhere = desk.dir.path().join("nowhere");
    assert_eq!(run(&elsewhere, "list", Some(WORDS)).status.code(), Some(9));
    assert!(!elsewhere.exists(), "reading makes no folder");
    // What is not whole is an exit code too.
    desk.inbox().store(&Plan::new(1).file(None, noise(99, 1)).seal(&desk)[..1]).unwrap();
    assert_eq!(code("verify", Some(WORDS)), Some(5));
}

#[test]
fn what_only_keys_elsewhere_open_is_not_called_right_and_not_called_wrong() {
    let desk = Desk::new();
    let path = desk.folder.root().to_owned();
    let plan = Plan::new(1).file(Some("a.jpg"), noise(70_000, 1));
    desk.inbox().store(&plan.seal(&desk)).unwrap();
    let verify = |line: &str| {
        let output = run(&path, line, Some(WORDS));
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), said)
    };
    let (code, [said, _]) = verify("verify");
    assert!(code == Some(0) && said.contains("whole and right") && said.contains(": 1 of 1."), "control: {said}");
    desk.keep_keys("triage");
    let (code, [said, notes]) = verify("verify --lang en");
    assert_eq!(code, Some(11), "{said}{notes}");
    assert!(said.contains("not checked, keys elsewhere") && said.contains("whole and right: 0 of 1."), "{said}");
    assert!(notes.contains("They may belong to reports that cannot be opened here"), "{notes}");
    assert!(notes.contains("because their keys are elsewhere: 1"), "{notes}");
    let (_, [json, _]) = verify("verify --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["reports"][0]["verdict"], &json["orphan_chunks"]), (&"not_checked".into(), &2.into()));
    // A packet that no key here opens at all counts too, and what is missing or wrong still beats it.
    desk.keep_keys("none");
    std::fs::copy(Desk::new().folder.root().join("keys/triage-1.age"), path.join("keys/triage-1.age")).unwrap();
    let (code, [said, notes]) = verify("verify");
    assert_eq!(code, Some(11), "{said}{notes}");
    assert!(said.contains("whole and right: 0 of 0.") && notes.contains("Kept, but not opened"), "{said}{notes}");
}

#[test]
fn a_report_that_was_destroyed_or_contradicted_is_not_right_and_never_passes_in_silence() {
    let desk = Desk::new();
    let path = desk.folder.root().to_owned();
    let verify = |line: &str| {
        let output = run(&path, line, Some(WORDS));
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    desk.inbox().store(&Plan::new(1).seal(&desk)).unwrap();
    let (code, said) = verify("verify");
    assert!(code == Some(0) && !said.contains("NOT RIGHT"), "control: {said}");
    // Both parts of another one are spoiled before this desk pulls it.
    let mut spoiled = Plan::new(2).seal(&desk);
    let len = spoiled[0].sealed.len();
    for at in 1..len {
        spoiled[0].sealed[at] ^= 1;
    }
    desk.inbox().store(&spoiled).unwrap();
    let (code, said) = verify("verify");
    assert!(code == Some(1) && said.contains("NOT RIGHT") && said.contains("whole and right: 1 of 1."), "{said}");
    let (code, json) = verify("verify --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["unopened"][0]["verdict"]), (Some(1), &"wrong".into()), "{json}");

    let desk = Desk::new();
    let path = desk.folder.root().to_owned();
    desk.inbox().store(&Plan::new(1).seal(&desk)).unwrap();
    let other = Plan { narrative: "Nothing happened.".to_owned(), ..Plan::new(1) };
    desk.inbox().store(&other.seal(&desk)).unwrap();
    let output = run(&path, "verify", Some(WORDS));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), said.matches("NOT RIGHT").count()), (Some(1), 2), "{said}");
    assert_eq!(said.matches("another report with this id says something else").count(), 2, "{said}");
}

#[test]
fn one_file_that_cannot_be_read_does_not_hide_the_other_reports() {
    let desk = Desk::new();
    let path = desk.folder.root().to_owned();
    desk.inbox().store(&Plan::new(1).seal(&desk)).unwrap();
    let code = desk.index().reports[0].code().to_string();
    let lines = ["list".to_owned(), format!("show {code}"), "verify".to_owned()];
    let run = |line: &str| {
        let output = run(&path, line, Some(WORDS));
        let [said, notes] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(said.contains(&code), "{line}: {said}{notes}");
        (output.status.code(), notes.contains("damaged or cannot be read"))
    };
    assert_eq!(lines.each_ref().map(|line| run(line)), [(Some(0), false); 3], "control");
    std::fs::create_dir(path.join("inbox/packets/foo")).unwrap();
    assert!(Command::new("mkfifo").arg(path.join("inbox/packets/pipe")).status().unwrap().success());
    assert_eq!(lines.each_ref().map(|line| run(line)), [(Some(0), true), (Some(0), true), (Some(5), true)]);
}
