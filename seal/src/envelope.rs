//! One age file, sealed and opened in memory.
//!
//! Nothing is released before the last byte was authenticated: a reader of half a report could act on it.

use std::cell::Cell;
use std::io::{self, Read as _, Write};

use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::identity::Identity;
use crate::pq;
use crate::recipients::Recipients;
use crate::secret::SecretBytes;
use kapok_wire::bundle::Algorithm;

/// Version line and MAC line of a header, in bytes.
const HEADER_FRAME: usize = 22 + 48;
/// Stanza of one X25519 recipient, in bytes.
const X25519_STANZA: usize = 98;
/// Stanza of one post-quantum recipient, in bytes.
const PQ_STANZA: usize = 4 + pq::TAG.len() + (pq::ENC_LEN * 4).div_ceil(3) + 1 + 44;
/// The age crate adds a meaningless stanza of random length to every header, so that readers keep ignoring what they
/// do not know; this is its greatest length, in bytes.
const GREASE_MAX: usize = 190;
/// Nonce before the payload and tag after it, in bytes. A payload of one STREAM chunk (64 KiB) has one tag.
const PAYLOAD_FRAME: usize = 16 + 16;
/// Draws of the random stanza before giving up on one that fits.
const ATTEMPTS: usize = 4;

/// What the header and the frame of the payload take of an age file at most, in bytes: depends on recipients only.
pub(crate) fn overhead(recipients: &Recipients) -> usize {
    let stanza = match recipients.algorithm() {
        Algorithm::PostQuantum => PQ_STANZA,
        Algorithm::X25519 => X25519_STANZA,
    };
    HEADER_FRAME + recipients.len() * stanza + GREASE_MAX + PAYLOAD_FRAME
}

/// Seals `content` as an age file to all of `recipients`.
///
/// # Errors
/// [`Error::SealFailed`] if the age crate fails.
pub fn seal_envelope(recipients: &Recipients, content: &[u8]) -> Result<Vec<u8>, Error> {
    let mut file = Vec::new();
    let mut writer = encryptor(recipients)?.wrap_output(&mut file).map_err(|_| Error::SealFailed)?;
    writer.write_all(content).and_then(|()| writer.finish()).map_err(|_| Error::SealFailed)?;
    Ok(file)
}

/// Seals `content`, followed by zeros, as an age file of exactly `file_len` bytes.
///
/// The header's length varies by its random stanza and by how many recipients there are, so the zeros make up the difference.
/// `content` has to end otherwise than with a zero, or to know its own length.
///
/// # Errors
/// [`Error::SealFailed`] if the age crate fails, or `content` and the header do not fit `file_len`.
pub fn seal_to_length(recipients: &Recipients, content: &[u8], file_len: usize) -> Result<Vec<u8>, Error> {
    for _ in 0..ATTEMPTS {
        let written = Cell::new(0);
        let output = Counted { file: Vec::with_capacity(file_len), written: &written };
        let mut writer = encryptor(recipients)?.wrap_output(output).map_err(|_| Error::SealFailed)?;
        let Some(room) = file_len.checked_sub(written.get() + PAYLOAD_FRAME / 2) else { continue };
        let Some(zeros) = room.checked_sub(content.len()) else { continue };
        let mut zeros = io::repeat(0).take(u64::try_from(zeros).map_err(|_| Error::SealFailed)?);
        writer.write_all(content).map_err(|_| Error::SealFailed)?;
        io::copy(&mut zeros, &mut writer).map_err(|_| Error::SealFailed)?;
        let file = writer.finish().map_err(|_| Error::SealFailed)?.file;
        if file.len() == file_len {
            return Ok(file);
        }
    }
    Err(Error::SealFailed)
}

/// Opens an age file with whichever of `identities` fits; `None` if it is sealed to somebody else.
///
/// # Errors
/// [`Error::EnvelopeHeader`], [`Error::EnvelopeMac`], [`Error::EnvelopePayload`]: damaged, or never an age file.
pub fn open_envelope(file: &[u8], identities: &[Identity]) -> Result<Option<SecretBytes>, Error> {
    if !stanzas_end_properly(file) {
        return Err(Error::EnvelopeHeader);
    }
    let decryptor = Decryptor::new_buffered(file).map_err(|_| Error::EnvelopeHeader)?;
    if decryptor.is_scrypt() {
        return Ok(None);
    }
    let mut reader = match decryptor.decrypt(identities.iter().map(|identity| identity as &dyn age::Identity)) {
        Ok(reader) => reader,
        Err(DecryptError::NoMatchingKeys) => return Ok(None),
        Err(DecryptError::InvalidMac) => return Err(Error::EnvelopeMac),
        Err(DecryptError::Io(_)) => return Err(Error::EnvelopePayload),
        Err(_) => return Err(Error::EnvelopeHeader),
    };
    // The payload is shorter than the file that holds it, so this never grows and leaves no copy behind.
    let mut content = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut content).map_err(|_| Error::EnvelopePayload)?;
    Ok(Some(SecretBytes::new(content)))
}

/// Whether every stanza has a body that ends in a short line, as the format demands. The age crate forgives this, for
/// files of its own early versions; two readers that disagree on what a file says are one too many.
pub(crate) fn stanzas_end_properly(file: &[u8]) -> bool {
    const FULL_LINE: usize = 64;
    let mut ended = true;
    for line in file.split(|byte| *byte == b'\n').skip(1) {
        let stanza = line.starts_with(b"-> ");
        if stanza || line.starts_with(b"---") {
            if !ended {
                return false;
            }
            if !stanza {
                return true;
            }
        }
        ended = !stanza && line.len() < FULL_LINE;
    }
    false
}

pub(crate) fn encryptor(recipients: &Recipients) -> Result<Encryptor, Error> {
    Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
        .map_err(|_| Error::SealFailed)
}

/// A file in memory whose length can be read while it is being written.
struct Counted<'a> {
    file: Vec<u8>,
    written: &'a Cell<usize>,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.extend_from_slice(bytes);
        self.written.set(self.file.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(identities: &[Identity]) -> Recipients {
        Recipients::new(identities.iter().map(Identity::to_recipient).collect()).unwrap()
    }

    #[test]
    fn each_recipient_opens_and_a_stranger_does_not() {
        for make in [Identity::make_pq, Identity::make_x25519] {
            let ours = [make(), make()];
            let file = seal_envelope(&class(&ours), b"seen at the market").unwrap();
            for identity in ours {
                let opened = open_envelope(&file, &[make(), identity]).unwrap().unwrap();
                assert_eq!(opened.expose(), b"seen at the market");
            }
            assert!(open_envelope(&file, &[make()]).unwrap().is_none());
            assert!(open_envelope(&file, &[]).unwrap().is_none());
        }
    }

    #[test]
    fn the_overhead_covers_every_header_and_wastes_little() {
        for (make, count) in
            [(Identity::make_pq as fn() -> Identity, 1), (Identity::make_pq, 3), (Identity::make_x25519, 2)]
        {
            let recipients = class(&(0..count).map(|_| make()).collect::<Vec<_>>());
            let lengths: Vec<_> = (0..200).map(|_| seal_envelope(&recipients, b"").unwrap().len()).collect();
            let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
            assert!(*most <= overhead(&recipients), "{most}");
            assert!(*least + GREASE_MAX >= overhead(&recipients), "{least}");
        }
    }

    #[test]
    fn the_length_is_exact_whatever_the_header_draws() {
        let recipients = class(&[Identity::make_pq()]);
        let longest = vec![7; 4_000 - overhead(&recipients)];
        for content in [&[][..], b"a", &longest] {
            assert_eq!(seal_to_length(&recipients, content, 4_000).unwrap().len(), 4_000);
        }
        // Control: a plain age file of the same content has no fixed length.
        let lengths: std::collections::HashSet<_> =
            (0..50).map(|_| seal_envelope(&recipients, b"a").unwrap().len()).collect();
        assert!(lengths.len() > 1);
    }

    #[test]
    fn a_stanza_without_its_last_short_line_is_refused() {
        let full = "A".repeat(64);
        for (stanzas, fine) in [
            ("-> a\nQQ\n", true),
            ("-> a\n\n-> b c\n\n", true),
            (&format!("-> a\n{full}\nQQ\n"), true),
            (&format!("-> a\n{full}\n\n"), true),
            ("-> a\n", false),
            ("-> a\n-> b\nQQ\n", false),
            (&format!("-> a\n{full}\n"), false),
        ] {
            assert_eq!(stanzas_end_properly(format!("age-encryption.org/v1\n{stanzas}--- mac\nrest").as_bytes()), fine);
        }
        assert!(!stanzas_end_properly(b"age-encryption.org/v1\n-> a\nQQ\n"));
        assert!(!stanzas_end_properly(b""));
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let identities = [Identity::make_x25519()];
        let file = seal_envelope(&class(&identities), b"seen at the market").unwrap();
        for index in 0..file.len() {
            let mut damaged = file.clone();
            damaged[index] ^= 1;
            let opened = open_envelope(&damaged, &identities);
            assert!(!matches!(opened, Ok(Some(_))), "byte {index}");
        }
    }
}
