//! Header and slots of `vault.kpk`: the first page of the file, and its copy at the end.
//!
//! The salt and the slots are the only way into everything else, and a disk loses whole pages. So the page stands twice, as
//! far apart as the file allows, and whichever copy is good mends the other once a passphrase has shown that it is good.
//! Files of the first months have no copy, and get one when they are opened.

use std::io;

use super::block_file::{BlockFile, ReadAt};
use super::frame::FRAME;
use super::header::{FIXED, Fixed, HEADER_AREA, HalfFrames, VaultHeader};
use super::keys::RootKey;
use super::slots::{self, Found, PageSide, SLOTS, SlotArea, SlotAreas, SlotContent, SlotPayload, SlotPlace};
use crate::error::{Error, Result};

/// A header that the file has, checked as far as possible without a key, and the slots of both pages.
pub(super) struct Head {
    pub(super) header: VaultHeader,
    pub(super) fixed: Fixed,
    areas: SlotAreas,
    front: PageState,
    back: PageState,
}

/// A vault's slot that a key opened.
pub(super) struct FoundVault {
    pub(super) number: u8,
    pub(super) payload: SlotPayload,
    /// Which of [`SlotPlace::copies_of`] opened.
    pub(super) opened: [bool; 4],
}

/// How a page is, in the eyes of one header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PageState {
    Good,
    /// It has another header, or one that cannot be read.
    OtherHeader,
    /// The medium does not give it.
    Unreadable,
    /// The file ends before it.
    Missing,
}

/// One copy, as it was read.
struct Page {
    fixed: [u8; FIXED],
    area: SlotArea,
}

impl Page {
    fn read(file: &dyn ReadAt, at: u64) -> io::Result<Self> {
        let (mut fixed, mut area) = ([0; FIXED], [0; HEADER_AREA - FIXED]);
        file.read_at(at, &mut fixed)?;
        file.read_at(at + FIXED as u64, &mut area)?;
        Ok(Self { fixed, area })
    }
}

impl Head {
    /// The headers that the file may have: one, unless a page is damaged in a way that only a passphrase can tell. The
    /// front page's comes first.
    ///
    /// # Errors
    /// [`Error::Erased`] if an erasing was begun; else what is wrong with the front page, if the back page is no better.
    pub(super) fn read_all(file: &dyn ReadAt, len: u64) -> Result<Vec<Self>> {
        if len < HEADER_AREA as u64 {
            return Err(Error::WrongLength);
        }
        let front = Page::read(file, 0);
        let back = Page::read(file, len - HEADER_AREA as u64);
        let judged = [judge(&front, len, PageSide::Front), judge(&back, len, PageSide::Back)];
        if judged.contains(&Err(Error::Erased)) {
            return Err(Error::Erased);
        }
        let [first, second] = judged;
        let mut headers: Vec<_> = first.iter().chain(&second).copied().collect();
        headers.dedup();
        if headers.is_empty() {
            return Err(first.err().unwrap_or(Error::BadFormat));
        }
        Ok(headers.into_iter().map(|header| Self::of(header, &front, &back, len)).collect())
    }

    fn of(header: VaultHeader, front: &io::Result<Page>, back: &io::Result<Page>, len: u64) -> Self {
        let fixed = header.encode();
        let state = |page: &io::Result<Page>| match page {
            Ok(page) if page.fixed == *fixed.bytes() => PageState::Good,
            Ok(_) => PageState::OtherHeader,
            Err(_) => PageState::Unreadable,
        };
        // What cannot be read is tried all the same, as something that opens to nothing.
        let area = |page: &io::Result<Page>| page.as_ref().map_or_else(|_| kapok_wire::rng::bytes(), |page| page.area);
        let back_state = if len < file_len(header.half) { PageState::Missing } else { state(back) };
        Self {
            header,
            fixed,
            areas: SlotAreas { front: area(front), back: area(back) },
            front: state(front),
            back: back_state,
        }
    }

    /// What this key opens, and where it lies.
    pub(super) fn find(&self, root: &RootKey) -> Result<Found> {
        slots::unlock(root, self.fixed.bytes(), &self.areas, |_| {})
    }

    /// The vault that this key opens.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], also for the key that erases.
    pub(super) fn find_vault(&self, root: &RootKey) -> Result<FoundVault> {
        match self.find(root)? {
            Found { number, content: SlotContent::Vault(payload), opened } => {
                Ok(FoundVault { number, payload, opened })
            }
            Found { content: SlotContent::Erase, .. } => Err(Error::WrongPassphrase),
        }
    }

    /// A passphrase of this key must not lead elsewhere than to slot `number`: one that opened two would hide a vault for good, or
    /// erase all.
    ///
    /// # Errors
    /// [`Error::SamePassphrase`].
    pub(super) fn refuse_taken(&self, root: &RootKey, number: u8) -> Result<()> {
        match self.find(root) {
            Err(Error::WrongPassphrase) => Ok(()),
            // A change that was cut.
            Ok(Found { number: found, content: SlotContent::Vault(_), .. }) if found == number => Ok(()),
            _ => Err(Error::SamePassphrase),
        }
    }

    /// Where a place lies in the file; `None` if the file ends before it.
    pub(super) fn offset(&self, place: SlotPlace) -> Option<u64> {
        match place.page {
            PageSide::Front => Some(place.offset()),
            PageSide::Back => (self.back != PageState::Missing).then(|| back_at(self.header.half) + place.offset()),
        }
    }

    /// Writes what is wrong with a page beside the slots. Only after a key has shown that this header is the right one.
    pub(super) fn mend(&self, file: &dyn BlockFile) -> Result<()> {
        let pages = [(self.front, 0, &self.areas.back), (self.back, back_at(self.header.half), &self.areas.front)];
        for (state, at, other) in pages {
            match state {
                PageState::Good | PageState::Missing => continue,
                PageState::OtherHeader => write(file, at, self.fixed.bytes())?,
                // Nothing of it is left to be kept.
                PageState::Unreadable => write(file, at, &page(&self.fixed, other))?,
            }
            file.sync().map_err(|error| Error::writing(&error, HEADER_AREA as u64))?;
        }
        Ok(())
    }

    /// Adds the copy to a file without one, which then grows by a page.
    pub(super) fn add_copy(&self, file: &dyn BlockFile) -> Result<()> {
        if self.back == PageState::Missing {
            let front = Page::read(file, 0)?;
            write(file, back_at(self.header.half), &page(&self.fixed, &front.area))?;
            file.sync().map_err(|error| Error::writing(&error, HEADER_AREA as u64))?;
        }
        Ok(())
    }
}

/// The page's header, if it can be this file's.
fn judge(page: &io::Result<Page>, len: u64, side: PageSide) -> Result<VaultHeader> {
    let page = page.as_ref().map_err(Error::from)?;
    let header = VaultHeader::decode(&page.fixed)?;
    let full = file_len(header.half);
    let fits = match side {
        // A file without a copy, or with a part of one, is as good as its front page.
        PageSide::Front => (back_at(header.half)..=full).contains(&len),
        PageSide::Back => len == full,
    };
    if fits { Ok(header) } else { Err(Error::WrongLength) }
}

fn page(fixed: &Fixed, area: &SlotArea) -> Vec<u8> {
    [fixed.bytes().as_slice(), area].concat()
}

fn write(file: &dyn BlockFile, at: u64, bytes: &[u8]) -> Result<()> {
    file.write_at(at, bytes).map_err(|error| Error::writing(&error, bytes.len() as u64))
}

/// Where the copy of the first page begins.
pub(super) fn back_at(half: HalfFrames) -> u64 {
    HEADER_AREA as u64 + u64::from(SLOTS) * 2 * u64::from(half.get()) * FRAME as u64
}

/// Length of a vault with halves of this size.
pub(super) fn file_len(half: HalfFrames) -> u64 {
    back_at(half) + HEADER_AREA as u64
}

/// Where a place lies in a whole file.
pub(super) fn offset(half: HalfFrames, place: SlotPlace) -> u64 {
    let page = match place.page {
        PageSide::Front => 0,
        PageSide::Back => back_at(half),
    };
    page + place.offset()
}
