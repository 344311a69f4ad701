//! Four key slots, all tried for every passphrase, none of which says what it is.
//!
//! A slot is `nonce[24] ‖ XChaCha20-Poly1305(payload[472]) ‖ tag[16]`, 512 bytes; an unused one is random. The payload is
//! `kind u8 ‖ region u8 ‖ data key[32] ‖ known regions u8 (bit n: region n) ‖ zero`. A vault lists only the regions it
//! was told of, and there is one kind of vault, so a decoy's slot reads like any other.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::header::FIXED;
use super::keys::{DataKey, RootKey, SlotKey};
use crate::error::{Error, Result};

/// Slots, and regions, of every container, used or not.
pub(crate) const SLOTS: u8 = 4;
/// Length of one slot.
pub(crate) const SLOT_LEN: usize = 512;

const NONCE: usize = 24;
const TAG: usize = 16;
const PAYLOAD: usize = SLOT_LEN - NONCE - TAG;
const KIND_VAULT: u8 = 1;
const AAD: &[u8] = b"kapok/2026-11/vault/slot-aad";

/// What a slot holds.
#[derive(Debug)]
pub(crate) struct SlotPayload {
    pub(crate) region: u8,
    pub(crate) key: DataKey,
    /// Bit n: this vault knows that region n is in use.
    pub(crate) known_regions: u8,
}

impl SlotPayload {
    fn encode(&self) -> Zeroizing<[u8; PAYLOAD]> {
        let mut out = Zeroizing::new([0; PAYLOAD]);
        // EXPOSE: the payload is sealed at once by the only caller.
        let fields: [&[u8]; 4] = [&[KIND_VAULT], &[self.region], self.key.expose(), &[self.known_regions]];
        for (byte, value) in out.iter_mut().zip(fields.iter().flat_map(|field| field.iter())) {
            *byte = *value;
        }
        out
    }

    fn decode(payload: &[u8; PAYLOAD]) -> Result<Self> {
        let [kind, region, rest @ ..] = payload;
        let (key, rest) = rest.split_at_checked(32).ok_or(Error::Damaged)?;
        let (known_regions, _) = rest.split_first().ok_or(Error::Damaged)?;
        // Authentic, so anything unknown was written by a release that knows more.
        if *kind != KIND_VAULT || *region >= SLOTS {
            return Err(Error::NewerVersion);
        }
        let key = DataKey::from_slice(key).ok_or(Error::Damaged)?;
        Ok(Self { region: *region, key, known_regions: *known_regions })
    }
}

/// The slot area of a header: four slots of 512 bytes.
pub(crate) type SlotArea = [u8; SLOT_LEN * SLOTS as usize];

/// Seals `payload` into a slot.
pub(crate) fn seal(root: &RootKey, fixed: &[u8; FIXED], slot: u8, payload: &SlotPayload) -> Result<[u8; SLOT_LEN]> {
    let nonce = kapok_wire::rng::bytes::<NONCE>();
    let mut body = payload.encode();
    let tag = cipher(&root.derive_slot(slot))
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), &aad(fixed, slot), body.as_mut())
        .map_err(|_| Error::BadSize)?;
    let mut out = [0; SLOT_LEN];
    let fields: [&[u8]; 3] = [&nonce, body.as_ref(), &tag];
    for (byte, value) in out.iter_mut().zip(fields.iter().flat_map(|field| field.iter())) {
        *byte = *value;
    }
    Ok(out)
}

/// Tries all four slots, whichever opens, and counts each try through `tried`.
///
/// No early exit: the work does not depend on where the vault lies, nor on whether there is one.
pub(crate) fn unlock(
    root: &RootKey,
    fixed: &[u8; FIXED],
    area: &SlotArea,
    mut tried: impl FnMut(u8),
) -> Result<SlotPayload> {
    let mut found = None;
    for (slot, bytes) in (0..SLOTS).zip(area.chunks_exact(SLOT_LEN)) {
        let opened = open_one(root, fixed, slot, bytes);
        tried(slot);
        found = found.or(opened);
    }
    SlotPayload::decode(&*found.ok_or(Error::WrongPassphrase)?)
}

fn open_one(root: &RootKey, fixed: &[u8; FIXED], slot: u8, bytes: &[u8]) -> Option<Zeroizing<[u8; PAYLOAD]>> {
    let (nonce, rest) = bytes.split_at_checked(NONCE)?;
    let (sealed, tag) = rest.split_at_checked(PAYLOAD)?;
    let mut body = Zeroizing::new([0; PAYLOAD]);
    body.copy_from_slice(sealed);
    cipher(&root.derive_slot(slot))
        .decrypt_in_place_detached(
            XNonce::from_slice(nonce),
            &aad(fixed, slot),
            body.as_mut(),
            Tag::from_slice(tag.first_chunk::<TAG>()?),
        )
        .ok()?;
    Some(body)
}

fn cipher(key: &SlotKey) -> XChaCha20Poly1305 {
    // EXPOSE: the key schedule of the cipher, which wipes itself.
    XChaCha20Poly1305::new(key.expose().into())
}

fn aad(fixed: &[u8; FIXED], slot: u8) -> Vec<u8> {
    [AAD, fixed, &[slot]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(byte: u8) -> RootKey {
        RootKey::derive(&[byte; 32], &[2; 64], &[3; 32])
    }

    fn area_with(slot: u8, fixed: &[u8; FIXED]) -> SlotArea {
        let mut area = kapok_wire::rng::bytes::<{ SLOT_LEN * 4 }>();
        let payload = SlotPayload { region: 2, key: DataKey::from_slice(&[5; 32]).unwrap(), known_regions: 4 };
        let at = SLOT_LEN * usize::from(slot);
        area[at..at + SLOT_LEN].copy_from_slice(&seal(&root(1), fixed, slot, &payload).unwrap());
        area
    }

    fn tries(root: &RootKey, area: &SlotArea) -> (Vec<u8>, Result<SlotPayload>) {
        let mut tried = vec![];
        let result = unlock(root, &[0; FIXED], area, |slot| tried.push(slot));
        (tried, result)
    }

    #[test]
    fn a_slot_opens_wherever_it_lies_and_all_four_are_always_tried() {
        for slot in 0..SLOTS {
            let area = area_with(slot, &[0; FIXED]);
            let (tried, opened) = tries(&root(1), &area);
            let opened = opened.unwrap();
            assert_eq!(tried, [0, 1, 2, 3]);
            assert_eq!((opened.region, opened.known_regions), (2, 4));
            assert_eq!(opened.key.expose(), &[5; 32]);
            let (tried, refused) = tries(&root(2), &area);
            assert_eq!(tried, [0, 1, 2, 3]);
            assert_eq!(refused.unwrap_err(), Error::WrongPassphrase);
        }
    }

    #[test]
    fn a_slot_is_bound_to_the_header_and_to_its_place() {
        let area = area_with(0, &[0; FIXED]);
        // Control: untouched, it opens.
        assert!(tries(&root(1), &area).1.is_ok());
        let mut other = [0; FIXED];
        other[15] = 1;
        assert!(unlock(&root(1), &other, &area, |_| {}).is_err());
        let mut moved = area;
        moved.copy_within(0..SLOT_LEN, SLOT_LEN);
        moved[..SLOT_LEN].fill(0);
        assert!(tries(&root(1), &moved).1.is_err());
    }

    #[test]
    fn an_unknown_kind_asks_for_an_update() {
        let mut payload = *SlotPayload { region: 0, key: DataKey::make(), known_regions: 1 }.encode();
        assert!(SlotPayload::decode(&payload).is_ok());
        payload[0] = 9;
        assert_eq!(SlotPayload::decode(&payload).unwrap_err(), Error::NewerVersion);
    }

    #[test]
    fn debug_prints_no_key() {
        let text = format!("{:?}", SlotPayload { region: 0, key: DataKey::make(), known_regions: 1 });
        assert!(text.contains("redacted"), "{text}");
    }
}
