//! Four key slots, each with a spare, all tried for every passphrase, none of which says what it is.
//!
//! A slot is `nonce[24] ‖ XChaCha20-Poly1305(payload) ‖ tag[16]`, 512 bytes, its spare 496; an unused one is random. The
//! payload of a vault is `1 ‖ region u8 ‖ data key[32] ‖ known regions u8 (bit n: region n) ‖ has a former key u8 ‖ former data
//! key[32] ‖ zero`. A vault lists only the regions it was told of, and there is one kind of vault, so a decoy's slot
//! reads like any other. The payload of the passphrase that erases everything is `2 ‖ zero`.
//!
//! The spare says the same as its slot, so that one damaged slot closes no vault, and a passphrase can be changed without an
//! instant in which neither opens ([`super::passphrase_change`]): a slot lies across two sectors, and writing it in
//! place could be cut. Each slot has a spare of its own, so that no vault's change can meet another's, of which it may
//! know nothing. Both stand once more in the copy of the page at the end of the file, which a disk does not lose together with
//! the first.

use chacha20poly1305::{Tag, XNonce};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::header::{FIXED, HEADER_AREA};
use super::keys::{DataKey, RootKey, SlotKey};
use crate::error::{Error, Result};

/// Slots, and regions, of every container, used or not.
pub(crate) const SLOTS: u8 = 4;
const SLOT_LEN: usize = 512;
const SPARE_LEN: usize = 496;

const NONCE: usize = 24;
const TAG: usize = 16;
const KIND_VAULT: u8 = 1;
const KIND_ERASE: u8 = 2;
const AAD: &[u8] = b"kapok/2026-11/vault/slot-aad";
const SPARE_AAD: &[u8] = b"kapok/2026-11/vault/spare-slot-aad";

/// Slots and spares: all of the header area behind the header.
pub(crate) type SlotArea = [u8; HEADER_AREA - FIXED];
/// Those of both pages.
pub(crate) struct SlotAreas {
    pub(crate) front: SlotArea,
    pub(crate) back: SlotArea,
}
const _: () = assert!(SLOTS as usize * (SLOT_LEN + SPARE_LEN) == HEADER_AREA - FIXED);

/// The first page of the file, or its copy at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageSide {
    Front,
    Back,
}

/// One of the places that can hold a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotPlace {
    pub(crate) number: u8,
    pub(crate) spare: bool,
    pub(crate) page: PageSide,
}

impl SlotPlace {
    /// All of them: the front page before the back, slots before spares.
    fn all() -> impl Iterator<Item = Self> {
        let kinds =
            [(PageSide::Front, false), (PageSide::Front, true), (PageSide::Back, false), (PageSide::Back, true)];
        kinds.into_iter().flat_map(|(page, spare)| (0..SLOTS).map(move |number| Self { number, spare, page }))
    }

    /// The four that say the same: slot and spare in front, then in the back.
    pub(crate) fn copies_of(number: u8) -> [Self; 4] {
        let front = [false, true].map(|spare| Self { number, spare, page: PageSide::Front });
        let [slot, spare] = front;
        [slot, spare, Self { page: PageSide::Back, ..slot }, Self { page: PageSide::Back, ..spare }]
    }

    /// Where it starts in its page.
    pub(crate) fn offset(self) -> u64 {
        (FIXED + self.start()) as u64
    }

    fn start(self) -> usize {
        let number = usize::from(self.number);
        if self.spare { usize::from(SLOTS) * SLOT_LEN + number * SPARE_LEN } else { number * SLOT_LEN }
    }

    fn len(self) -> usize {
        if self.spare { SPARE_LEN } else { SLOT_LEN }
    }

    fn payload_len(self) -> usize {
        self.len() - NONCE - TAG
    }

    /// The spare of this slot, in front.
    #[cfg(test)]
    pub(crate) fn spare_of(number: u8) -> Self {
        Self { number, spare: true, page: PageSide::Front }
    }

    /// Slot `number` itself, in front.
    #[cfg(test)]
    pub(crate) fn slot(number: u8) -> Self {
        Self { number, spare: false, page: PageSide::Front }
    }
}

/// What a slot holds.
#[derive(Debug)]
pub(crate) enum SlotContent {
    /// A way into a vault.
    Vault(SlotPayload),
    /// The passphrase that erases everything.
    Erase,
}

impl SlotContent {
    fn encode(&self, len: usize) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Vault(payload) => payload.encode(len),
            Self::Erase => {
                let mut out = Zeroizing::new(vec![0; len]);
                out.iter_mut().take(1).for_each(|kind| *kind = KIND_ERASE);
                out
            }
        }
    }

    fn decode(payload: &[u8]) -> Result<Self> {
        match payload.first() {
            Some(&KIND_VAULT) => SlotPayload::decode(payload).map(Self::Vault),
            Some(&KIND_ERASE) => Ok(Self::Erase),
            // Authentic, so anything unknown was written by a release that knows more.
            _ => Err(Error::NewerVersion),
        }
    }
}

/// The slot of a vault.
#[derive(Debug)]
pub(crate) struct SlotPayload {
    pub(crate) region: u8,
    pub(crate) key: DataKey,
    /// Bit n: this vault knows that region n is in use.
    pub(crate) known_regions: u8,
    /// The data key before a change of passphrase that is under way: halves may still be sealed under it.
    pub(crate) former: Option<DataKey>,
}

impl SlotPayload {
    /// The same vault under a new data key; this one is the former.
    pub(crate) fn with_new_key(self) -> Self {
        Self { key: DataKey::make(), former: Some(self.key), ..self }
    }

    fn encode(&self, len: usize) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; len]);
        // EXPOSE: the payload is sealed at once by the only caller.
        let former: &[u8] = self.former.as_ref().map_or(&[], |key| key.expose());
        let has_former = u8::from(self.former.is_some());
        let fields: [&[u8]; 5] =
            [&[KIND_VAULT, self.region], self.key.expose(), &[self.known_regions], &[has_former], former];
        for (byte, value) in out.iter_mut().zip(fields.iter().flat_map(|field| field.iter())) {
            *byte = *value;
        }
        out
    }

    fn decode(payload: &[u8]) -> Result<Self> {
        let ([kind, region], rest) = payload.split_first_chunk::<2>().ok_or(Error::Damaged)?;
        let (key, rest) = rest.split_at_checked(32).ok_or(Error::Damaged)?;
        let ([known_regions, has_former], rest) = rest.split_first_chunk::<2>().ok_or(Error::Damaged)?;
        // As above.
        if *kind != KIND_VAULT || *region >= SLOTS || *has_former > 1 {
            return Err(Error::NewerVersion);
        }
        let key = DataKey::from_slice(key).ok_or(Error::Damaged)?;
        let former = rest.get(..32).filter(|_| *has_former == 1).and_then(DataKey::from_slice);
        Ok(Self { region: *region, key, known_regions: *known_regions, former })
    }
}

/// Seals `content` for a place.
pub(crate) fn seal(root: &RootKey, fixed: &[u8; FIXED], place: SlotPlace, content: &SlotContent) -> Result<Vec<u8>> {
    seal_bytes(root, fixed, place, content.encode(place.payload_len()))
}

/// Seals a vault's payload for a place.
pub(crate) fn seal_vault(
    root: &RootKey,
    fixed: &[u8; FIXED],
    place: SlotPlace,
    payload: &SlotPayload,
) -> Result<Vec<u8>> {
    seal_bytes(root, fixed, place, payload.encode(place.payload_len()))
}

fn seal_bytes(root: &RootKey, fixed: &[u8; FIXED], place: SlotPlace, mut body: Zeroizing<Vec<u8>>) -> Result<Vec<u8>> {
    let nonce = kapok_wire::rng::bytes::<NONCE>();
    let tag = cipher(&root.derive_slot(place.number))
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), &aad(fixed, place), body.as_mut())
        .map_err(|_| Error::Store)?;
    Ok([&nonce, body.as_slice(), &tag].concat())
}

/// What a passphrase opened.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) number: u8,
    pub(crate) content: SlotContent,
    /// Which of [`SlotPlace::copies_of`] opened.
    pub(crate) opened: [bool; 4],
}

/// Tries all places, whichever opens, and counts each try through `tried`. The first that opens counts; an area that could
/// not be read is tried all the same, and opens to nothing.
///
/// No early exit: the work does not depend on where the vault lies, nor on whether there is one.
pub(crate) fn unlock(
    root: &RootKey,
    fixed: &[u8; FIXED],
    areas: &SlotAreas,
    mut tried: impl FnMut(SlotPlace),
) -> Result<Found> {
    let mut opened = Vec::with_capacity(4);
    for place in SlotPlace::all() {
        let area = match place.page {
            PageSide::Front => &areas.front,
            PageSide::Back => &areas.back,
        };
        let payload = open_one(root, fixed, place, area);
        tried(place);
        opened.extend(payload.map(|payload| (place, payload)));
        #[cfg(test)]
        if EARLY_EXIT.get() && !opened.is_empty() {
            break;
        }
    }
    let (first, payload) = opened.first().ok_or(Error::WrongPassphrase)?;
    Ok(Found {
        number: first.number,
        content: SlotContent::decode(payload)?,
        opened: SlotPlace::copies_of(first.number).map(|place| opened.iter().any(|(found, _)| *found == place)),
    })
}

#[cfg(test)]
thread_local! {
    /// The control of claim S8: the trying ends at the first place that opens.
    pub(super) static EARLY_EXIT: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn open_one(root: &RootKey, fixed: &[u8; FIXED], place: SlotPlace, area: &SlotArea) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = area.get(place.start()..place.start() + place.len())?;
    let (nonce, rest) = bytes.split_first_chunk::<NONCE>()?;
    let (sealed, tag) = rest.split_last_chunk::<TAG>()?;
    let mut body = Zeroizing::new(sealed.to_vec());
    cipher(&root.derive_slot(place.number))
        .decrypt_in_place_detached(XNonce::from_slice(nonce), &aad(fixed, place), body.as_mut(), Tag::from_slice(tag))
        .ok()?;
    Some(body)
}

fn cipher(key: &SlotKey) -> Cipher {
    // EXPOSE: the key schedule of the cipher, which wipes itself.
    Cipher::new(key.expose())
}

fn aad(fixed: &[u8; FIXED], place: SlotPlace) -> Vec<u8> {
    [if place.spare { SPARE_AAD } else { AAD }, fixed, &[place.number]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(byte: u8) -> RootKey {
        RootKey::derive(&[byte; 32], &[2; 64], &[3; 32])
    }

    fn payload() -> SlotPayload {
        let key = |byte| DataKey::from_slice(&[byte; 32]).unwrap();
        SlotPayload { region: 2, key: key(5), known_regions: 4, former: Some(key(6)) }
    }

    fn areas_with(place: SlotPlace, fixed: &[u8; FIXED], content: &SlotContent) -> SlotAreas {
        let mut areas = SlotAreas { front: kapok_wire::rng::bytes(), back: kapok_wire::rng::bytes() };
        let sealed = seal(&root(1), fixed, place, content).unwrap();
        let area = if place.page == PageSide::Front { &mut areas.front } else { &mut areas.back };
        area[place.start()..place.start() + place.len()].copy_from_slice(&sealed);
        areas
    }

    fn tries(root: &RootKey, areas: &SlotAreas) -> (Vec<SlotPlace>, Result<Found>) {
        let mut tried = vec![];
        let result = unlock(root, &[0; FIXED], areas, |place| tried.push(place));
        (tried, result)
    }

    #[test]
    fn a_slot_opens_wherever_it_lies_and_all_sixteen_are_always_tried() {
        let all: Vec<_> = SlotPlace::all().collect();
        assert_eq!(all.len(), 16);
        for place in SlotPlace::all() {
            let areas = areas_with(place, &[0; FIXED], &SlotContent::Vault(payload()));
            let (tried, opened) = tries(&root(1), &areas);
            let found = opened.unwrap();
            assert_eq!(found.opened, SlotPlace::copies_of(place.number).map(|copy| copy == place));
            assert_eq!((tried, found.number), (all.clone(), place.number));
            let SlotContent::Vault(payload) = found.content else { panic!("a vault was sealed") };
            assert_eq!((payload.region, payload.known_regions), (2, 4));
            assert_eq!((payload.key.expose(), payload.former.unwrap().expose()), (&[5; 32], &[6; 32]));
            let (tried, refused) = tries(&root(2), &areas);
            assert_eq!(tried, all);
            assert_eq!(refused.unwrap_err(), Error::WrongPassphrase);

            let areas = areas_with(place, &[0; FIXED], &SlotContent::Erase);
            let (tried, opened) = tries(&root(1), &areas);
            assert_eq!(tried, all);
            assert!(matches!(opened.unwrap().content, SlotContent::Erase));
        }
    }

    #[test]
    fn the_places_fill_the_header_area_without_a_gap() {
        let mut next = 64;
        for place in SlotPlace::all().take(8) {
            assert_eq!(place.offset(), next);
            next += place.len() as u64;
        }
        assert_eq!(next, 4_096);
    }

    #[test]
    fn a_slot_is_bound_to_the_header_and_to_its_place() {
        let first = SlotPlace::slot(0);
        let mut areas = areas_with(first, &[0; FIXED], &SlotContent::Vault(payload()));
        // Control: untouched, it opens.
        assert!(tries(&root(1), &areas).1.is_ok());
        let mut other = [0; FIXED];
        other[15] = 1;
        assert!(unlock(&root(1), &other, &areas, |_| {}).is_err());
        areas.front.copy_within(0..SLOT_LEN, SLOT_LEN);
        areas.front[..SLOT_LEN].fill(0);
        assert!(tries(&root(1), &areas).1.is_err());
    }

    #[test]
    fn an_unknown_kind_asks_for_an_update() {
        let plain = SlotContent::Vault(payload()).encode(100);
        assert!(SlotContent::decode(&plain).is_ok());
        for (at, value) in [(0, 9), (1, 4), (35, 2)] {
            let mut newer = plain.clone();
            newer[at] = value;
            assert_eq!(SlotContent::decode(&newer).unwrap_err(), Error::NewerVersion);
        }
    }

    #[test]
    fn debug_prints_no_key() {
        let text = format!("{:?}", payload());
        assert!(text.contains("redacted") && !text.contains('5'), "{text}");
    }
}
