//! A region: two halves, each able to hold the whole content, of which one is always intact.
//!
//! A commit writes the *other* half and flushes once; the half that was read last is never touched. There is no
//! journal, no rename and no counter in the clear: the generation is inside the frames, and the higher whole one
//! wins. Writing in place with a journal was rejected because the journal shows that, and how often, one writes.
//!
//! A commit leaves the content before last in the other half. *Forgetting* therefore writes both halves and fills every
//! unused frame with random bytes. The first of its two writes is marked, so that a crash in between is
//! finished at the next opening.

use std::io;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::block_file::BlockFile;
use super::frame::{self, CommitId, DATA, FRAME, FrameCipher, Place, Stamp};
use super::header::{Fixed, HEADER_AREA, HalfFrames};
use super::keys::RegionKey;
use crate::error::{Error, Result};

/// The plain content of a region, wiped on drop.
pub(crate) type Content = Zeroizing<Vec<u8>>;

/// Top bit of the length: "the other half still has to be overwritten".
const FORGETTING: u64 = 1 << 63;

/// Which region of which file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RegionPlace {
    pub(crate) number: u8,
    pub(crate) half: HalfFrames,
}

/// A region whose newest half is known.
pub(crate) struct Region {
    file: Arc<dyn BlockFile>,
    cipher: FrameCipher,
    /// Opens halves that a change of passphrase has not reached yet.
    former: Option<FrameCipher>,
    place: RegionPlace,
    fingerprint: [u8; 8],
    active: u8,
    generation: u64,
    /// The other half may hold something that was to be forgotten.
    forgetting: bool,
}

/// Tries at reading a half that the medium does not give.
const READ_TRIES: u32 = 3;

/// A region as it was found.
pub(crate) struct Loaded {
    pub(crate) region: Region,
    pub(crate) content: Content,
    /// Only one half was whole: a write was cut, or the file is damaged. The content is that of the whole half.
    pub(crate) one_copy_bad: bool,
}

struct Half {
    stamp: Stamp,
    content: Content,
}

enum Bad {
    Unreadable(io::ErrorKind),
    NotAuthentic,
}

impl Region {
    /// Writes two empty halves into a fresh file; the caller flushes.
    pub(crate) fn format(file: Arc<dyn BlockFile>, fixed: &Fixed, place: RegionPlace, key: &RegionKey) -> Result<()> {
        let region = Self::unread(file, fixed, place, key);
        region.write_half(0, 1, &[], Leftover::Keep)?;
        region.write_half(1, 2, &[], Leftover::Keep)
    }

    /// Reads both halves and keeps the newer whole one. Writes nothing.
    pub(crate) fn load(file: Arc<dyn BlockFile>, fixed: &Fixed, place: RegionPlace, key: &RegionKey) -> Result<Loaded> {
        Self::load_changing(file, fixed, place, key, None)
    }

    /// As [`Region::load`], in the middle of a change of passphrase: halves may still lie under `former`.
    pub(crate) fn load_changing(
        file: Arc<dyn BlockFile>,
        fixed: &Fixed,
        place: RegionPlace,
        key: &RegionKey,
        former: Option<&RegionKey>,
    ) -> Result<Loaded> {
        let mut region = Self::unread(file, fixed, place, key);
        region.former = former.map(|key| FrameCipher::new(key, fixed.hash(), place.number));
        let (active, half, one_copy_bad) = match (region.read_half_patiently(0), region.read_half_patiently(1)) {
            (Ok(first), Ok(second)) if first.stamp.generation > second.stamp.generation => (0, first, false),
            (Ok(_), Ok(second)) => (1, second, false),
            (Ok(first), Err(_)) => (0, first, true),
            (Err(_), Ok(second)) => (1, second, true),
            (Err(Bad::Unreadable(kind)), Err(_)) | (Err(_), Err(Bad::Unreadable(kind))) => return Err(Error::Io(kind)),
            (Err(Bad::NotAuthentic), Err(Bad::NotAuthentic)) => return Err(Error::Damaged),
        };
        region.active = active;
        region.generation = half.stamp.generation;
        region.forgetting = half.stamp.length & FORGETTING != 0;
        Ok(Loaded { region, content: half.content, one_copy_bad })
    }

    fn unread(file: Arc<dyn BlockFile>, fixed: &Fixed, place: RegionPlace, key: &RegionKey) -> Self {
        let cipher = FrameCipher::new(key, fixed.hash(), place.number);
        Self {
            file,
            cipher,
            former: None,
            place,
            fingerprint: key.derive_fingerprint(),
            active: 0,
            generation: 0,
            forgetting: false,
        }
    }

    /// Bytes of content that fit.
    pub(crate) fn capacity(&self) -> usize {
        self.place.half.get() as usize * DATA
    }

    /// Reads the half that was committed last, after memory was lost to a failed commit.
    pub(crate) fn reload(&self) -> Result<Content> {
        match self.read_half(self.active) {
            Ok(half) if half.stamp.generation == self.generation => Ok(half.content),
            Err(Bad::Unreadable(kind)) => Err(Error::Io(kind)),
            _ => Err(Error::Damaged),
        }
    }

    /// Makes `content` durable with one flush. After an error the content before this one is intact and active; a
    /// crash after an error may still show either.
    pub(crate) fn commit(&mut self, content: &[u8]) -> Result<()> {
        self.fits(content)?;
        let leftover = if self.forgetting { Leftover::Overwrite } else { Leftover::Keep };
        self.write_other(content, 0, leftover)
    }

    /// Makes `content` durable and everything before it unreadable, in both halves, with two flushes.
    ///
    /// [`Error::NotForgotten`] means: durable, but the second half is still to be overwritten. The next commit or the next
    /// opening does it.
    pub(crate) fn commit_forgetting(&mut self, content: &[u8]) -> Result<()> {
        self.fits(content)?;
        self.write_other(content, FORGETTING, Leftover::Overwrite)?;
        self.finish_forgetting(content)
    }

    /// Second half of forgetting, also after a crash between the two. `content` must be the active content.
    pub(crate) fn finish_forgetting(&mut self, content: &[u8]) -> Result<()> {
        if self.forgetting {
            self.write_other(content, 0, Leftover::Overwrite).map_err(|_| Error::NotForgotten)?;
        }
        Ok(())
    }

    /// Writes `content`, which must be the active content, under the region's key into both halves, so that nothing is left
    /// under a former key.
    pub(crate) fn reseal(&mut self, content: &[u8]) -> Result<()> {
        self.write_other(content, 0, Leftover::Overwrite)?;
        self.write_other(content, 0, Leftover::Overwrite)
    }

    /// Its number.
    pub(crate) fn number(&self) -> u8 {
        self.place.number
    }

    /// Of the key that it is sealed under.
    pub(crate) fn fingerprint(&self) -> [u8; 8] {
        self.fingerprint
    }

    /// Commits so far.
    #[cfg(test)]
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    fn fits(&self, content: &[u8]) -> Result<()> {
        if content.len() > self.capacity() { Err(Error::VaultFull) } else { Ok(()) }
    }

    fn write_other(&mut self, content: &[u8], mark: u64, leftover: Leftover) -> Result<()> {
        let (half, generation) = (1 - self.active, self.generation + 1);
        self.write_marked(half, generation, content, mark, leftover)?;
        self.file.sync().map_err(|error| Error::writing(&error, FRAME as u64))?;
        (self.active, self.generation, self.forgetting) = (half, generation, mark != 0);
        Ok(())
    }

    /// Writes a half without flushing or taking note of it.
    pub(super) fn write_half(&self, half: u8, generation: u64, content: &[u8], leftover: Leftover) -> Result<()> {
        self.write_marked(half, generation, content, 0, leftover)
    }

    fn write_marked(&self, half: u8, generation: u64, content: &[u8], mark: u64, leftover: Leftover) -> Result<()> {
        let stamp = Stamp { generation, length: content.len() as u64 | mark };
        let mut buffer = frame::buffer();
        let mut first: Option<CommitId> = None;
        let mut index = 0;
        // An empty content still has one frame: the stamp has to be somewhere.
        for data in content.chunks(DATA).chain(content.is_empty().then_some(content)) {
            let place = Place { half, index };
            let nonce = self.cipher.seal(place, first.as_ref(), stamp, data, &mut buffer).ok_or(Error::VaultFull)?;
            first.get_or_insert(nonce);
            self.write_frame(place, &buffer)?;
            index += 1;
        }
        if leftover == Leftover::Overwrite {
            for index in index..self.place.half.get() {
                kapok_wire::rng::fill(&mut buffer);
                self.write_frame(Place { half, index }, &buffer)?;
            }
        }
        Ok(())
    }

    /// The file has its full size, so a full disk can only show on file systems that copy on write; what is missing
    /// then is at least this frame.
    fn write_frame(&self, place: Place, frame: &[u8]) -> Result<()> {
        self.file.write_at(self.offset(place), frame).map_err(|error| Error::writing(&error, FRAME as u64))
    }

    /// A read that fails once may succeed the next time, and the half it hides may be the newer one.
    fn read_half_patiently(&self, half: u8) -> Result<Half, Bad> {
        for _ in 1..READ_TRIES {
            match self.read_half(half) {
                Err(Bad::Unreadable(_)) => {}
                read => return read,
            }
        }
        self.read_half(half)
    }

    fn read_half(&self, half: u8) -> Result<Half, Bad> {
        match (self.read_half_under(&self.cipher, half), &self.former) {
            (Err(Bad::NotAuthentic), Some(former)) => self.read_half_under(former, half),
            (read, _) => read,
        }
    }

    fn read_half_under(&self, cipher: &FrameCipher, half: u8) -> Result<Half, Bad> {
        let mut buffer = frame::buffer();
        let (first, stamp, length, mut content) = {
            let place = Place { half, index: 0 };
            self.read_frame(place, &mut buffer)?;
            let (first, stamp, data) = cipher.open(place, None, &mut buffer).ok_or(Bad::NotAuthentic)?;
            let length = usize::try_from(stamp.length & !FORGETTING).map_err(|_| Bad::NotAuthentic)?;
            if length > self.capacity() {
                return Err(Bad::NotAuthentic);
            }
            // Allocated once: a buffer that grows would leave unwiped copies behind.
            let mut content = Zeroizing::new(Vec::with_capacity(length));
            content.extend_from_slice(data.get(..length.min(DATA)).ok_or(Bad::NotAuthentic)?);
            (first, stamp, length, content)
        };
        let mut index = 1;
        while content.len() < length {
            let place = Place { half, index };
            self.read_frame(place, &mut buffer)?;
            let (_, other, data) = cipher.open(place, Some(&first), &mut buffer).ok_or(Bad::NotAuthentic)?;
            if other != stamp {
                return Err(Bad::NotAuthentic);
            }
            let left = length - content.len();
            content.extend_from_slice(data.get(..left.min(DATA)).ok_or(Bad::NotAuthentic)?);
            index += 1;
        }
        Ok(Half { stamp, content })
    }

    fn read_frame(&self, place: Place, buffer: &mut [u8]) -> Result<(), Bad> {
        self.file.read_at(self.offset(place), buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Bad::NotAuthentic,
            kind => Bad::Unreadable(kind),
        })
    }

    fn offset(&self, place: Place) -> u64 {
        let half = u64::from(self.place.number) * 2 + u64::from(place.half);
        let frame = half * u64::from(self.place.half.get()) + u64::from(place.index);
        HEADER_AREA as u64 + frame * FRAME as u64
    }
}

/// What to do with the frames of a half beyond the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftover {
    /// Leave them: random, or old ciphertext. A commit costs only what its content needs.
    Keep,
    /// Fill them with random bytes.
    Overwrite,
}
