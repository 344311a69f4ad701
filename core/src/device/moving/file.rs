//! The move file: parts in one age stream, each with its length and hash, and an end that counts them.
//!
//! Written and read in pieces of one slot, so that a full pool needs no memory. Format: `docs/formats/move-file.md`.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use kapok_seal::{Identity, Recipient, Recipients, StreamOpener, StreamSealer};
use kapok_wire::Lane;
use kapok_wire::sizes::{MEDIA_SEALED, TEXT_SEALED};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::digits::MoveSecret;
use super::error::MoveError;
use crate::error::{Error, Result};
use crate::vault::SlotNumber;

const MAGIC: &[u8; 7] = b"kapok-m";
const VERSION: u8 = 1;
/// Format id, version, secret, "sends while locked", zero.
const HEADER: usize = 64;
/// Kind, number, length.
const PART_HEADER: usize = 13;
const VAULT: u8 = 1;
const QUEUE: u8 = 2;
const PACKET: u8 = 3;
const CHUNK: u8 = 4;
const END: u8 = 255;
/// Number of parts, bytes before the end.
const END_LEN: usize = 12;
const HASH: usize = 32;
/// As many slots as a pool can have.
const SLOTS_MAX: usize = 1 << 18;

/// Slots in the order of the file, and what lies in each.
pub(super) type Slots = Vec<(Lane, SlotNumber)>;

/// What moves, without the slots' bytes.
pub(super) struct Content {
    pub(super) secret: MoveSecret,
    /// Whether the vault lends its queue to the sender.
    pub(super) lent: bool,
    pub(super) vault: Zeroizing<Vec<u8>>,
    pub(super) queue: Zeroizing<Vec<u8>>,
}

/// A file that was read to its end.
pub(super) struct Whole {
    pub(super) content: Content,
    pub(super) slots: Slots,
    /// SHA-256 of the file.
    pub(super) hash: [u8; 32],
}

/// Largest images that are taken into memory.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) vault: usize,
    pub(super) queue: usize,
}

/// Writes a file and gives its hash. `area` reads what lies in a slot.
pub(super) fn write(
    output: File,
    to: &Recipient,
    content: &Content,
    slots: &Slots,
    area: impl Fn(Lane, SlotNumber) -> Result<Vec<u8>>,
) -> Result<[u8; 32]> {
    let recipients = Recipients::new(vec![to.clone()])?;
    let output = Hashed { inner: BufWriter::new(output), hash: Sha256::new() };
    let sealer = StreamSealer::begin(&recipients, output).map_err(failed)?;
    let mut parts = Parts { sealer, written: 0, parts: 0 };
    let mut header = Zeroizing::new(Vec::with_capacity(HEADER));
    header.extend_from_slice(MAGIC);
    header.push(VERSION);
    // EXPOSE: it is in the file that its digits are derived from.
    header.extend_from_slice(content.secret.expose());
    header.push(u8::from(content.lent));
    header.resize(HEADER, 0);
    parts.put(&header)?;
    parts.part(VAULT, 0, &content.vault)?;
    parts.part(QUEUE, 0, &content.queue)?;
    for (lane, slot) in slots {
        parts.part(kind_of(*lane), slot.0, &Zeroizing::new(area(*lane, *slot)?))?;
    }
    let hashed = parts.end()?;
    let file = hashed.inner.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(hashed.hash.finalize().into())
}

fn kind_of(lane: Lane) -> u8 {
    match lane {
        Lane::Text => PACKET,
        Lane::Media => CHUNK,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: io::Error) -> Error {
    MoveError::WriteFailed(error.kind()).into()
}

struct Parts<W: Write> {
    sealer: StreamSealer<W>,
    written: u64,
    parts: u32,
}

impl<W: Write> Parts<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.sealer.write_all(bytes).map_err(failed)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn part(&mut self, kind: u8, number: u32, content: &[u8]) -> Result<()> {
        let mut header = vec![kind];
        header.extend_from_slice(&number.to_be_bytes());
        header.extend_from_slice(&(content.len() as u64).to_be_bytes());
        self.put(&header)?;
        self.put(content)?;
        let hash = Sha256::new().chain_update(&header).chain_update(content).finalize();
        self.put(&hash)?;
        self.parts += 1;
        Ok(())
    }

    fn end(mut self) -> Result<W> {
        let end = [&self.parts.to_be_bytes()[..], &self.written.to_be_bytes()].concat();
        self.part(END, 0, &end)?;
        let mut zeros = io::repeat(0).take(padded(self.written) - self.written);
        io::copy(&mut zeros, &mut self.sealer).map_err(failed)?;
        self.sealer.finish().map_err(failed)
    }
}

/// Padmé: only the leading bits of a length are kept, for at most 12 % more.
fn padded(len: u64) -> u64 {
    let Some(exponent) = len.checked_ilog2().filter(|exponent| *exponent > 0) else { return len };
    let kept = exponent.ilog2() + 1;
    let mask = (1_u64 << exponent.saturating_sub(kept)) - 1;
    len.checked_add(mask).map_or(len, |sum| sum & !mask)
}

/// Reads a file to its end, checks every length, hash and count, and gives each slot's sealed area to `take`.
pub(super) fn read(
    path: &Path,
    identity: &Identity,
    limits: Limits,
    mut take: impl FnMut(Lane, SlotNumber, &[u8]) -> Result<()>,
) -> Result<Whole> {
    let input = File::open(path).map_err(|error| Error::source(&error))?;
    // Read to its end below, so the buffer reads no byte that the hash should not have.
    let mut input = Hashed { inner: input, hash: Sha256::new() };
    let opener = StreamOpener::begin(BufReader::new(&mut input), identity).map_err(|_| MoveError::FileDamaged)?;
    let mut reader = Reader { inner: opener.ok_or(MoveError::OtherKey)?, read: 0 };

    let header = reader.bytes(HEADER)?;
    let (magic, rest) = header.split_at(MAGIC.len());
    let [version, rest @ ..] = rest else { return Err(damaged()) };
    if magic != MAGIC {
        return Err(damaged());
    }
    if *version != VERSION {
        return Err(Error::NewerVersion);
    }
    let (secret, rest) = rest.split_first_chunk::<32>().ok_or_else(damaged)?;
    let [lent @ (0 | 1), zero @ ..] = rest else { return Err(damaged()) };
    if zero.iter().any(|byte| *byte != 0) {
        return Err(damaged());
    }

    let vault = reader.part_of(VAULT, limits.vault)?;
    let queue = reader.part_of(QUEUE, limits.queue)?;
    let mut slots = Slots::new();
    let before_end = loop {
        let at = reader.read;
        let part = reader.part_header()?;
        let lane = match (part.kind, part.len) {
            (PACKET, len) if len == TEXT_SEALED as u64 => Lane::Text,
            (CHUNK, len) if len == MEDIA_SEALED as u64 => Lane::Media,
            (END, len) if len == END_LEN as u64 => {
                let parts = u32::try_from(slots.len() + 2).map_err(|_| damaged())?;
                let end = [&parts.to_be_bytes()[..], &at.to_be_bytes()].concat();
                if *reader.content(&part)? != end {
                    return Err(damaged());
                }
                break reader.read;
            }
            _ => return Err(damaged()),
        };
        if slots.len() == SLOTS_MAX {
            return Err(damaged());
        }
        let area = reader.content(&part)?;
        take(lane, SlotNumber(part.number), &area)?;
        slots.push((lane, SlotNumber(part.number)));
    };
    reader.zeros_to_end(padded(before_end))?;
    drop(reader);
    let content = Content { secret: MoveSecret::from_bytes(*secret), lent: *lent == 1, vault, queue };
    Ok(Whole { content, slots, hash: input.hash.finalize().into() })
}

fn damaged() -> Error {
    MoveError::FileDamaged.into()
}

struct PartHeader {
    kind: u8,
    number: u32,
    len: u64,
    bytes: Zeroizing<Vec<u8>>,
}

struct Reader<R: Read> {
    inner: R,
    read: u64,
}

impl<R: Read> Reader<R> {
    /// Memory is taken as it is filled, so a length that lies costs nothing.
    fn bytes(&mut self, len: usize) -> Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(vec![0; len]);
        self.inner.read_exact(&mut bytes).map_err(|_| damaged())?;
        self.read += len as u64;
        Ok(bytes)
    }

    fn part_header(&mut self) -> Result<PartHeader> {
        let bytes = self.bytes(PART_HEADER)?;
        let (kind, rest) = bytes.split_first().ok_or_else(damaged)?;
        let (number, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        let len = rest.first_chunk::<8>().ok_or_else(damaged)?;
        let (kind, number, len) = (*kind, u32::from_be_bytes(*number), u64::from_be_bytes(*len));
        Ok(PartHeader { kind, number, len, bytes })
    }

    /// A part's content, whose length was judged.
    fn content(&mut self, part: &PartHeader) -> Result<Zeroizing<Vec<u8>>> {
        let content = self.bytes(usize::try_from(part.len).map_err(|_| damaged())?)?;
        let hash = Sha256::new().chain_update(&*part.bytes).chain_update(&*content).finalize();
        if *self.bytes(HASH)? != *hash { Err(damaged()) } else { Ok(content) }
    }

    fn part_of(&mut self, kind: u8, most: usize) -> Result<Zeroizing<Vec<u8>>> {
        let part = self.part_header()?;
        if part.kind != kind || part.number != 0 {
            return Err(damaged());
        }
        if part.len > most as u64 {
            return Err(Error::VaultFull);
        }
        self.content(&part)
    }

    fn zeros_to_end(&mut self, end: u64) -> Result<()> {
        let mut buffer = vec![0; 4_096];
        loop {
            let read = self.inner.read(&mut buffer).map_err(|_| damaged())?;
            if read == 0 {
                return if self.read == end { Ok(()) } else { Err(damaged()) };
            }
            self.read += read as u64;
            if buffer.iter().take(read).any(|byte| *byte != 0) {
                return Err(damaged());
            }
        }
    }
}

/// Hashes what passes.
struct Hashed<T> {
    inner: T,
    hash: Sha256,
}

impl<T: Write> Write for Hashed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.split_at(written).0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashed<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hash.update(bytes.split_at(read).0);
        Ok(read)
    }
}
