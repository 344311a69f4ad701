//! Committed vectors: reading them, and the one ignored test that wrote them.

/// Bytes of a hex string.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes one vector file. Vectors are permanent: a format that needs new ones is a new version beside the old.
pub(crate) fn write(name: &str, key: &str, value: &str) {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    assert!(!std::path::Path::new(&path).exists(), "{name} is committed and stays as it is");
    let text = serde_json::to_string_pretty(&serde_json::json!({ key: value })).unwrap();
    std::fs::write(path, text + "\n").unwrap();
}

/// As [`write`], for bytes.
pub(crate) fn write_hex(name: &str, key: &str, bytes: &[u8]) {
    write(name, key, &to_hex(bytes));
}
