//! Tries everything that lies anywhere as every kind of key, without knowing the right one.
//!
//! A search for known keys finds what one thought of. This takes each window of the bytes as the key of an attachment, as
//! the key of an age file, and as an identity of the desk, and looks whether it fits what was sent. A window with few
//! different bytes is passed over: of 32 random bytes, fewer than 18 are different less than once in 10^9 times.

use std::collections::BTreeSet;

use bech32::{Bech32, Hrp};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use kapok_seal::Identity;
use kapok_seal::media::ItemKey;
use sha2::Sha256;

/// Fewest different bytes of a window that can be a key, by its length.
const DIFFERENT: [(usize, u32); 2] = [(32, 18), (16, 8)];
const AGE: &[u8] = b"age-encryption.org/v1\n";
const MAC: &[u8] = b"\n--- ";

/// What was sent.
#[derive(Clone, Default)]
pub struct Sent {
    /// Ids of objects: the first chunk of an attachment has one that its key gives.
    pub objects: BTreeSet<[u8; 16]>,
    /// Heads of age files, up to the code over them, and that code.
    pub heads: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whom they are sealed to.
    pub recipients: BTreeSet<String>,
}

impl Sent {
    /// Adds every age file that begins somewhere in `bytes`.
    ///
    /// # Panics
    /// If one is cut.
    pub fn add_age_files(&mut self, bytes: &[u8]) {
        for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(AGE)) {
            let file = &bytes[at..];
            // The code covers everything up to and with the three dashes.
            let mac = file.windows(MAC.len()).position(|text| text == MAC).unwrap() + MAC.len();
            let line = file[mac..].split(|byte| *byte == b'\n').next().unwrap();
            self.heads.push((file[..mac - 1].to_vec(), line.to_vec()));
        }
    }
}

/// How many windows fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Solved {
    /// As the key of an attachment that was sent.
    pub item_keys: usize,
    /// As the key of an age file that was sent.
    pub file_keys: usize,
    /// As an identity that opens what was sent.
    pub identities: usize,
    /// Windows that were tried.
    pub tried: u64,
}

impl Solved {
    /// All that fit.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.item_keys + self.file_keys + self.identities
    }
}

/// Tries the windows of `bytes`: symmetric keys at every place, or at every `step`th; identities, which are slow to try, at every
/// eighth of these, since in memory they lie at even places.
#[must_use]
pub fn solve(bytes: &[u8], sent: &Sent, step: usize) -> Solved {
    let mut solved = Solved::default();
    let [(item, of_item), (file, of_file)] = DIFFERENT;
    for at in (0..bytes.len().saturating_sub(file - 1)).step_by(step) {
        let window = &bytes[at..at + file];
        if different(window) < of_file {
            continue;
        }
        solved.tried += 1;
        let of_head = head_key(window);
        solved.file_keys += usize::from(sent.heads.iter().any(|(head, mac)| base64(&code(&of_head, head)) == *mac));
        let Some(window) = bytes.get(at..at + item).filter(|window| different(window) >= of_item) else { continue };
        let window: &[u8; 32] = window.try_into().unwrap();
        solved.item_keys += usize::from(sent.objects.contains(&ItemKey::from_bytes(window).object_id(0).0));
        if at.is_multiple_of(8 * step) && !sent.recipients.is_empty() {
            solved.identities += usize::from(is_identity(window, &sent.recipients));
        }
    }
    solved
}

fn different(window: &[u8]) -> u32 {
    let mut seen = [0_u64; 4];
    window.iter().for_each(|byte| seen[usize::from(byte >> 6)] |= 1 << (byte & 63));
    seen.iter().map(|bits| bits.count_ones()).sum()
}

/// As the age format has it: the code over the head is made with a key derived from the file key.
fn head_key(window: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, window).expand(b"header", &mut key).unwrap();
    key
}

fn code(key: &[u8; 32], head: &[u8]) -> [u8; 32] {
    let mut code = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    code.update(head);
    code.finalize().into_bytes().into()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes).into_bytes()
}

/// Prefixes of recipients and of the identities that belong to them. Deriving a recipient is what takes longest, so only the kinds
/// to which something was sealed are tried.
const KINDS: [(&str, &str); 2] = [("age1pq1", "age-secret-key-pq-"), ("age1", "age-secret-key-")];

fn is_identity(window: &[u8; 32], recipients: &BTreeSet<String>) -> bool {
    let kind = |recipient: &String| KINDS.iter().find(|(of, _)| recipient.starts_with(of)).map(|(_, prefix)| *prefix);
    let prefixes: BTreeSet<_> = recipients.iter().filter_map(kind).collect();
    prefixes.into_iter().any(|prefix| {
        let text = bech32::encode::<Bech32>(Hrp::parse(prefix).unwrap(), window).unwrap().to_uppercase();
        let identity: Option<Identity> = text.parse().ok();
        identity.is_some_and(|identity| recipients.contains(&identity.to_recipient().to_string()))
    })
}

#[cfg(test)]
mod tests {
    use kapok_seal::{Recipients, seal_envelope};
    use kapok_tests::story::noise;

    use super::*;

    #[test]
    fn keys_are_found_wherever_they_lie_and_nothing_else_is() {
        [Identity::make_pq(), Identity::make_x25519()].into_iter().for_each(is_found);
    }

    fn is_found(identity: Identity) {
        let recipients = Recipients::new(vec![identity.to_recipient()]).unwrap();
        let (item, mut sent) = (ItemKey::make(), Sent::default());
        sent.objects.insert(item.object_id(0).0);
        sent.add_age_files(&seal_envelope(&recipients, b"a fictional report").unwrap());
        sent.recipients.insert(identity.to_recipient().to_string());
        assert_eq!(sent.heads.len(), 1);
        // A file key of our own, for a head of our own.
        let (key, head) = (noise(9, 16), b"age-encryption.org/v1\n-> a fictional stanza\n---".to_vec());
        let code = base64(&code(&head_key(&key), &head));
        sent.heads.push((head, code));

        let mut bytes = noise(4, 3_000);
        let nothing = solve(&bytes, &sent, 1);
        assert_eq!((nothing.keys(), nothing.tried > 2_900), (0, true));
        bytes[101..117].copy_from_slice(&key);
        bytes[1_203..1_235].copy_from_slice(item.expose());
        // EXPOSE: planted, so that the solver can find it.
        let text = identity.expose().to_lowercase();
        let (_, seed) = bech32::decode(&text).unwrap();
        bytes[2_000..2_032].copy_from_slice(&seed);
        let solved = solve(&bytes, &sent, 1);
        assert_eq!((solved.item_keys, solved.file_keys, solved.identities), (1, 1, 1));
    }
}
