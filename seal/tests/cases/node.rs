//! Runs the scripts of `tests/interop`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// What `script` answers to `input`.
pub(super) fn node(script: &str, input: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop");
    assert!(
        folder.join("node_modules/age-encryption").is_dir() && folder.join("node_modules/cctv-age").is_dir(),
        "the other age implementation is missing: run `npm ci --prefix tests/interop` in the repository's root"
    );
    let mut child = Command::new("node")
        .arg(folder.join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node runs: install Node 20.19 or newer");
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(input.to_string().as_bytes()).expect("the script reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "{script} failed");
    serde_json::from_slice(&output.stdout).expect("the script writes JSON")
}

/// The bytes behind a base64 string; `None` for null.
pub(super) fn bytes(value: &Value) -> Option<Vec<u8>> {
    value.as_str().map(|text| BASE64_STANDARD.decode(text).expect("the script writes base64"))
}
