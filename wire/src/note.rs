//! C2SP signed notes with Ed25519 signatures: text, an empty line, one signature line a key.
//!
//! Only what the bundle needs: several known keys, a count of distinct good signatures. Lines of unknown keys are
//! ignored, as the specification asks, so that later signature types can be added without breaking old phones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::sizes::SIGNATURE_LINES_MAX;

const ED25519: u8 = 1;

/// A key that may sign notes: its name and public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    key: VerifyingKey,
}

/// Why a note is not accepted as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not text, empty line and signature lines.
    #[error("this is not a signed note; copy the whole file again")]
    Malformed,
    /// A key name is empty or holds spaces or plus signs.
    #[error("the key's name is empty or holds spaces or plus signs; choose another")]
    BadName,
}

impl NoteKey {
    /// A key by name.
    ///
    /// # Errors
    /// [`NoteError::BadName`] if `name` is empty or holds white space or a plus sign.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c == '+') {
            return Err(NoteError::BadName);
        }
        Ok(Self { name: name.to_owned(), key })
    }

    fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ED25519]);
        hasher.update(self.key.as_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        let [a, b, c, d, ..] = digest;
        [a, b, c, d]
    }
}

/// Adds a signature line for `key` to `note`, which is a bare text or a note that others signed before.
///
/// # Errors
/// [`NoteError::Malformed`] if `note` is neither; [`NoteError::BadName`] as in [`NoteKey::new`].
pub fn sign(note: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    let (text, lines) = parts(note)?;
    let id = NoteKey::new(name, key.verifying_key())?.id();
    let signature = key.sign(text.as_bytes()).to_bytes();
    let blob = STANDARD.encode([id.as_slice(), &signature].concat());
    Ok(format!("{text}\n{lines}— {name} {blob}\n"))
}

/// The note's text and the positions in `keys` of those that signed it.
///
/// # Errors
/// [`NoteError::Malformed`] if it is no note. Bad and unknown signatures are not errors: they do not count.
pub fn verify<'a>(note: &'a str, keys: &[NoteKey]) -> Result<(&'a str, Vec<usize>), NoteError> {
    let (text, lines) = split(note)?;
    let mut good = Vec::new();
    for line in lines.lines().take(SIGNATURE_LINES_MAX) {
        let Some((name, id, signature)) = parse_line(line) else {
            continue;
        };
        for (position, key) in keys.iter().enumerate() {
            if key.name == name
                && key.id() == id
                && !good.contains(&position)
                && key.key.verify_strict(text.as_bytes(), &signature).is_ok()
            {
                good.push(position);
            }
        }
    }
    Ok((text, good))
}

fn parse_line(line: &str) -> Option<(&str, [u8; 4], Signature)> {
    let (name, blob) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(blob).ok()?;
    let (id, signature) = bytes.split_at_checked(4)?;
    Some((name, id.try_into().ok()?, Signature::from_slice(signature).ok()?))
}

/// Text and signature lines; of a bare text, which nobody signed yet, there are none.
pub(crate) fn parts(note: &str) -> Result<(&str, &str), NoteError> {
    match split(note) {
        Err(_) if note.ends_with('\n') => Ok((note, "")),
        other => other,
    }
}

/// Text with its final newline, and the signature lines after the empty line.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.chars().any(|c| c != '\n' && c.is_control()) {
        return Err(NoteError::Malformed);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, rest) = note.split_at(at + 1);
    let lines = rest.strip_prefix('\n').ok_or(NoteError::Malformed)?;
    let signed = !lines.is_empty() && lines.ends_with('\n') && lines.lines().all(|line| line.starts_with("— "));
    signed.then_some((text, lines)).ok_or(NoteError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn public(seed: u8) -> NoteKey {
        NoteKey::new("root", key(seed).verifying_key()).unwrap()
    }

    /// The secret key of RFC 8032's first Ed25519 test.
    fn rfc8032_key() -> SigningKey {
        let seed = crate::vectors::hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        SigningKey::from_bytes(&seed.try_into().unwrap())
    }

    #[test]
    fn each_distinct_key_counts_once() {
        let note = sign("hello\n", "root", &key(1)).unwrap();
        let note = sign(&note, "root", &key(2)).unwrap();
        let note = sign(&note, "root", &key(2)).unwrap();
        let (text, good) = verify(&note, &[public(1), public(2), public(3)]).unwrap();
        assert_eq!(text, "hello\n");
        assert_eq!(good, [0, 1]);
    }

    #[test]
    fn a_changed_text_has_no_good_signature() {
        let note = sign("hello\n", "root", &key(1)).unwrap();
        assert_eq!(verify(&note, &[public(1)]).unwrap().1, [0], "control");
        assert_eq!(verify(&note.replace("hello", "hallo"), &[public(1)]).unwrap().1, [] as [usize; 0]);
    }

    #[test]
    fn the_format_is_the_specified_one() {
        let note = sign("a\n", "example.com/kapok", &rfc8032_key()).unwrap();
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/note.json")).unwrap();
        assert_eq!(note, vectors["note"].as_str().unwrap());
    }

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        let note = sign("a\n", "example.com/kapok", &rfc8032_key()).unwrap();
        crate::vectors::write("note", "note", &note);
    }

    proptest! {
        #[test]
        fn random_text_never_panics(text in "\\PC{0,200}", tail in "(\n\n— [a-z]{1,4} [A-Za-z0-9+/=]{0,99}\n)?") {
            let _ = verify(&format!("{text}{tail}"), &[public(1)]);
        }
    }
}
