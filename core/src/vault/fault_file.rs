//! A file in memory that fails like a disk: writes since the last flush may be lost, torn or reordered at any sector.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

use super::block_file::{BlockFile, ReadAt};

/// What a disk writes at once.
pub(crate) const SECTOR: usize = 512;

#[derive(Default)]
struct State {
    /// What survives a power cut.
    durable: Vec<u8>,
    /// What a running process reads.
    cached: Vec<u8>,
    /// Sectors written since the last flush, oldest first.
    pending: Vec<(usize, Vec<u8>)>,
    syncs: usize,
    written: usize,
    fail_write: Option<(usize, ErrorKind)>,
    fail_sync: Option<ErrorKind>,
    /// What reads fail with, and how many more of them.
    fail_read: Option<(ErrorKind, usize)>,
    ignore_sync: bool,
}

#[derive(Clone, Default)]
pub(crate) struct FaultFile(Arc<Mutex<State>>);

impl FaultFile {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { durable: bytes.clone(), cached: bytes, ..State::default() })))
    }

    pub(crate) fn random(len: usize) -> Self {
        let mut bytes = vec![0; len];
        kapok_wire::rng::fill(&mut bytes);
        Self::of(bytes)
    }

    pub(crate) fn file(&self) -> Arc<dyn BlockFile> {
        Arc::new(self.clone())
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with(|state| state.cached.clone())
    }

    pub(crate) fn syncs(&self) -> usize {
        self.with(|state| state.syncs)
    }

    pub(crate) fn bytes_written(&self) -> usize {
        self.with(|state| state.written)
    }

    pub(crate) fn flip(&self, offset: usize, mask: u8) {
        self.with(|state| state.cached[offset] ^= mask);
    }

    /// Every write after `bytes` more bytes fails, the one that crosses the line after a part of it.
    pub(crate) fn fail_write_after(&self, bytes: usize, kind: ErrorKind) {
        self.with(|state| state.fail_write = Some((state.written + bytes, kind)));
    }

    pub(crate) fn fail_sync(&self, kind: Option<ErrorKind>) {
        self.with(|state| state.fail_sync = kind);
    }

    pub(crate) fn fail_read(&self, kind: Option<ErrorKind>) {
        self.with(|state| state.fail_read = kind.map(|kind| (kind, usize::MAX)));
    }

    /// The next `count` reads fail, then the medium is well again.
    pub(crate) fn fail_reads(&self, count: usize) {
        self.with(|state| state.fail_read = Some((ErrorKind::Other, count)));
    }

    /// A disk that says "flushed" and is not.
    pub(crate) fn ignore_sync(&self, yes: bool) {
        self.with(|state| state.ignore_sync = yes);
    }

    pub(crate) fn heal(&self) {
        self.with(|state| (state.fail_write, state.fail_sync, state.fail_read) = (None, None, None));
    }

    /// The disk after a power cut: of the sectors not yet flushed, those that `kept` says arrived.
    pub(crate) fn after_power_cut(&self, mut kept: impl FnMut(usize) -> bool) -> Self {
        self.with(|state| {
            let mut bytes = state.durable.clone();
            for (number, (offset, sector)) in state.pending.iter().enumerate() {
                if kept(number) {
                    bytes[*offset..*offset + sector.len()].copy_from_slice(sector);
                }
            }
            Self::of(bytes)
        })
    }
}

impl ReadAt for FaultFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.with(|state| {
            if let Some((kind, left)) = state.fail_read {
                state.fail_read = left.checked_sub(1).filter(|left| *left > 0).map(|left| (kind, left));
                return Err(kind.into());
            }
            let offset = usize::try_from(offset).unwrap();
            let end = offset + buffer.len();
            buffer.copy_from_slice(state.cached.get(offset..end).ok_or(ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }
}

impl BlockFile for FaultFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(|state| {
            let offset = usize::try_from(offset).unwrap();
            assert!(offset + bytes.len() <= state.cached.len(), "a format wrote past the end of its file");
            let room = state.fail_write.map_or(usize::MAX, |(limit, _)| limit.saturating_sub(state.written));
            let taken = &bytes[..room.min(bytes.len())];
            state.written += taken.len();
            state.cached[offset..offset + taken.len()].copy_from_slice(taken);
            for (number, sector) in taken.chunks(SECTOR).enumerate() {
                state.pending.push((offset + number * SECTOR, sector.to_vec()));
            }
            match state.fail_write {
                Some((_, kind)) if taken.len() < bytes.len() => Err(kind.into()),
                _ => Ok(()),
            }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|state| {
            state.syncs += 1;
            if let Some(kind) = state.fail_sync {
                return Err(kind.into());
            }
            if !state.ignore_sync {
                state.durable = state.cached.clone();
                state.pending.clear();
            }
            Ok(())
        })
    }
}
