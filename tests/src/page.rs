//! The container, read by its format page (`docs/formats/container.md`) alone: nothing of the core is used here.
//!
//! So a test knows the keys that must be nowhere, which no interface of the device gives out; and a vault that this reads was
//! written as the page says.

use argon2::{Algorithm, Argon2, Params, Version};
use blake2::Blake2b512;
use chacha20::cipher::consts::U10;
use chacha20::hchacha;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rusqlite::{Connection, MAIN_DB};
use sha2::{Digest as _, Sha256, compress256};

mod write;

const FRAME: usize = 65_536;
const PAGE: usize = 4_096;
const HEADER: usize = 64;
const SLOT: usize = 512;
const SPARE: usize = 496;

/// What passphrase and device key open.
pub struct Opened {
    /// Every key on the way, by name, and what is as good as a key: the states into which ciphers and codes turn it.
    pub keys: Vec<(&'static str, Vec<u8>)>,
    /// Number of the vault's region.
    pub region: u8,
    /// The database, as the newer half holds it.
    pub database: Connection,
    place: Place,
}

/// Where the newer half lies, and under what.
struct Place {
    key: [u8; 32],
    hash: [u8; 32],
    /// Where in the file the region begins, and the length of a half.
    first: usize,
    half: usize,
    newest: u8,
    generation: u64,
}

impl Opened {
    /// The keys of all attachments of drafts.
    ///
    /// # Panics
    /// If the database has another schema.
    #[must_use]
    pub fn item_keys(&self) -> Vec<Vec<u8>> {
        let mut query = self.database.prepare("SELECT item_key FROM attachment").unwrap();
        let keys = query.query_map([], |row| row.get(0)).unwrap();
        keys.map(Result::unwrap).collect()
    }
}

/// Opens the vault of a passphrase (in its normal form). `device_key` is the content of `kapok-vault.key`.
///
/// # Panics
/// If the file is not as the page says, or the passphrase opens nothing.
#[must_use]
pub fn open(file: &[u8], passphrase: &[u8], device_key: &[u8]) -> Opened {
    let header = &file[..HEADER];
    assert!(header.starts_with(b"kapok-v\x01"), "not a container");
    let salt = &header[24..56];
    let mut slow = [0; 64];
    let params = Params::new(number(&header[12..16]), number(&header[16..20]), 1, Some(64)).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(passphrase, salt, &mut slow).unwrap();
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(&expand(device_key, &[b"kapok/2026-11/device-key/mac"])).unwrap();
    mac.update(&slow);
    let bound = mac.finalize().into_bytes();
    let mut root = [0; 32];
    let (extracted, hkdf) = Hkdf::<Sha256>::extract(Some(salt), &[slow.as_slice(), &bound].concat());
    hkdf.expand(b"kapok/2026-11/vault/kek", &mut root).unwrap();

    let slot_keys = [0, 1, 2, 3].map(|slot| expand(&root, &[b"kapok/2026-11/vault/slot", &[slot]]));
    let slots = file[HEADER..].chunks(SLOT).zip(&slot_keys).zip(0..);
    let opened = slots.map(|((sealed, key), slot)| {
        unseal(key, sealed, &[b"kapok/2026-11/vault/slot-aad".as_slice(), header, &[slot]].concat())
    });
    let payload = opened.flatten().next().expect("a slot that this passphrase opens");
    let (region, data) = (payload[1], &payload[2..34]);
    let region_key = expand(data, &[b"kapok/2026-11/vault/region", &[region]]);

    let half = number(&header[56..60]) as usize * FRAME;
    let first = PAGE + usize::from(region) * 2 * half;
    let mut keys = Keys::default();
    keys.add("first hash of Argon2", &first_hash(passphrase, header));
    keys.add("output of Argon2", &slow);
    keys.add("code of the device key", &bound);
    keys.add_mac_key("extracted key", &extracted);
    keys.add_mac_key("root key", &root);
    keys.add_mac_key("data key", data);
    keys.add("region key", &region_key);
    for (key, slot) in slot_keys.iter().zip(0_usize..) {
        keys.add("slot key", key);
        for page in [0, file.len() - PAGE] {
            let (slot, spare) = (HEADER + slot * SLOT, HEADER + 4 * SLOT + slot * SPARE);
            keys.add("slot's cipher key", &cipher_key(key, &file[page + slot..]));
            keys.add("slot's cipher key", &cipher_key(key, &file[page + spare..]));
        }
    }
    keys.add_frames(&region_key, &file[first..first + 2 * half]);

    let hash: [u8; 32] = Sha256::digest(header).into();
    let halves = [0, 1].map(|n| {
        let found = read_half(&file[first + usize::from(n) * half..][..half], &region_key, &hash, [region, n]);
        found.map(|(generation, content)| (generation, n, content))
    });
    let newest = halves.into_iter().flatten().max_by_key(|(generation, ..)| *generation);
    let (generation, newest, content) = newest.expect("a whole half");
    let mut database = Connection::open_in_memory().unwrap();
    // A vault that was never opened has no content.
    if !content.is_empty() {
        database.deserialize_read_exact(MAIN_DB, content.as_slice(), content.len(), false).unwrap();
    }
    let place = Place { key: region_key, hash, first, half, newest, generation };
    Opened { keys: keys.0, region, database, place }
}

impl Opened {
    /// The key of the vault's queue and what comes from it, with the content of `queue.kpk`.
    ///
    /// # Panics
    /// If the vault has none.
    #[must_use]
    pub fn queue_secrets(&self, file: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let key: Vec<u8> = self.database.query_row("SELECT key FROM queue_key", [], |row| row.get(0)).unwrap();
        let mut keys = Keys::default();
        keys.add_mac_key("queue's data key", &key);
        let region_key = expand(&key, &[b"kapok/2026-11/vault/region", &[self.region]]);
        keys.add("queue's region key", &region_key);
        let half = number(&file[56..60]) as usize * FRAME;
        let first = PAGE + usize::from(self.region) * 2 * half;
        keys.add_frames(&region_key, &file[first..first + 2 * half]);
        keys.0
    }
}

/// The key of an attachment and what comes from it (`docs/formats/media-chunk.md`).
///
/// # Panics
/// If it has another length than a key.
#[must_use]
pub fn item_secrets(key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut keys = Keys::default();
    keys.add("attachment's key", key);
    let (extracted, hkdf) = Hkdf::<Sha256>::extract(None, key);
    keys.add_mac_key("attachment's extracted key", &extracted);
    let mut chunk_key = [0; 32];
    hkdf.expand(b"kapok/2026-11/media/chunk-key", &mut chunk_key).unwrap();
    keys.add("attachment's chunk key", &chunk_key);
    keys.0
}

/// Secrets by name.
#[derive(Default)]
struct Keys(Vec<(&'static str, Vec<u8>)>);

impl Keys {
    fn add(&mut self, name: &'static str, key: &[u8]) {
        self.0.push((name, key.to_vec()));
    }

    fn add_frames(&mut self, region_key: &[u8; 32], halves: &[u8]) {
        for frame in halves.chunks(FRAME) {
            self.add("frame's cipher key", &cipher_key(region_key, frame));
        }
    }

    /// A key of HMAC-SHA256: also as it goes into the hash, and the two states with which alone one can go on.
    fn add_mac_key(&mut self, name: &'static str, key: &[u8]) {
        self.add(name, key);
        for pad in [0x36_u8, 0x5c] {
            let mut block = [pad; 64];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            self.add(name, &block[..key.len()]);
            let mut state = FIRST_STATE;
            compress256(&mut state, &[block.into()]);
            self.add(name, &state.map(u32::to_ne_bytes).concat());
        }
    }
}

/// What SHA-256 begins with (FIPS 180-4).
const FIRST_STATE: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// H0 of RFC 9106: whoever has it needs no passphrase.
fn first_hash(passphrase: &[u8], header: &[u8]) -> [u8; 64] {
    let number = |of: u32| of.to_le_bytes();
    let [memory, passes] = [12, 16].map(|at| u32::from_be_bytes(header[at..at + 4].try_into().unwrap()));
    let mut hash = Blake2b512::new();
    for part in [1, 64, memory, passes, 0x13, 2, u32::try_from(passphrase.len()).unwrap()] {
        hash.update(number(part));
    }
    hash.update(passphrase);
    hash.update(number(32));
    hash.update(&header[24..56]);
    hash.update([0; 8]);
    hash.finalize().into()
}

/// The key that XChaCha20 makes of a key and the first 16 bytes of a nonce: it opens this one ciphertext.
fn cipher_key(key: &[u8; 32], sealed: &[u8]) -> [u8; 32] {
    hchacha::<U10>(key.into(), sealed[..16].into()).into()
}

/// Generation and content of a half, if it is whole.
fn read_half(half: &[u8], key: &[u8; 32], hash: &[u8], place: [u8; 2]) -> Option<(u64, Vec<u8>)> {
    let (mut stamp, mut content, mut commit) = (None, Vec::new(), [0; 24]);
    for (frame, index) in half.chunks(FRAME).zip(0_u32..) {
        let label: &[u8] = b"kapok/2026-11/vault/frame";
        let plain = unseal(key, frame, &[label, hash, &place, &index.to_be_bytes(), &commit].concat())?;
        let (head, data) = plain.split_at(16);
        if *stamp.get_or_insert_with(|| head.to_vec()) != head {
            return None;
        }
        if index == 0 {
            commit.copy_from_slice(&frame[..24]);
        }
        content.extend_from_slice(data);
        let length = u64::from_be_bytes(head[8..].try_into().unwrap()) & !(1 << 63);
        let length = usize::try_from(length).unwrap();
        if content.len() >= length {
            content.truncate(length);
            return Some((u64::from_be_bytes(head[..8].try_into().unwrap()), content));
        }
    }
    None
}

fn unseal(key: &[u8; 32], sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.split_at(24);
    <XChaCha20Poly1305 as KeyInit>::new(key.into()).decrypt(nonce.into(), Payload { msg, aad }).ok()
}

fn expand(key: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::from_prk(key).unwrap().expand_multi_info(info, &mut out).unwrap();
    out
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().unwrap())
}
