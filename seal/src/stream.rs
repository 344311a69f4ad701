//! One age file that is too large for memory: written and read as it goes.
//!
//! What a reader gives before its end is authentic but may be cut: whoever acts on it must have read to the end first, or
//! be able to undo.

use std::io::{self, BufRead, Chain, Cursor, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor};

use crate::envelope::{encryptor, stanzas_end_properly};
use crate::error::Error;
use crate::identity::Identity;
use crate::recipients::Recipients;

/// The longest header that is looked at: some five post-quantum recipients.
const HEADER_MAX: u64 = 16 << 10;

/// Seals what is written to it; nothing is whole before [`StreamSealer::finish`].
pub struct StreamSealer<W: Write>(StreamWriter<W>);

/// Opens while it is read.
pub struct StreamOpener<R: Read>(StreamReader<Chain<Cursor<Vec<u8>>, R>>);

impl<W: Write> StreamSealer<W> {
    /// Begins an age file to all of `recipients`.
    ///
    /// # Errors
    /// What the output fails at.
    pub fn begin(recipients: &Recipients, output: W) -> io::Result<Self> {
        let encryptor = encryptor(recipients).map_err(io::Error::other)?;
        Ok(Self(encryptor.wrap_output(output)?))
    }

    /// Writes the last chunk and gives the output back.
    ///
    /// # Errors
    /// What the output fails at.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for StreamSealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<R: BufRead> StreamOpener<R> {
    /// Reads the header; `None` if the file is sealed to somebody else.
    ///
    /// # Errors
    /// [`Error::EnvelopeHeader`], [`Error::EnvelopeMac`]: damaged, or never an age file.
    pub fn begin(mut input: R, identity: &Identity) -> Result<Option<Self>, Error> {
        let mut head = Vec::new();
        input.by_ref().take(HEADER_MAX).read_to_end(&mut head).map_err(|_| Error::EnvelopeHeader)?;
        // The age crate would go on reading for as long as a header goes on.
        if !stanzas_end_properly(&head) {
            return Err(Error::EnvelopeHeader);
        }
        let decryptor = Decryptor::new_buffered(Cursor::new(head).chain(input)).map_err(|_| Error::EnvelopeHeader)?;
        if decryptor.is_scrypt() {
            return Ok(None);
        }
        match decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)) {
            Ok(reader) => Ok(Some(Self(reader))),
            Err(DecryptError::NoMatchingKeys) => Ok(None),
            Err(DecryptError::InvalidMac) => Err(Error::EnvelopeMac),
            Err(_) => Err(Error::EnvelopeHeader),
        }
    }
}

impl<R: Read> Read for StreamOpener<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(identity: &Identity, content: &[u8]) -> Vec<u8> {
        let recipients = Recipients::new(vec![identity.to_recipient()]).unwrap();
        let mut sealer = StreamSealer::begin(&recipients, Vec::new()).unwrap();
        sealer.write_all(content).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(file: &[u8], identity: &Identity) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        StreamOpener::begin(file, identity).ok()??.read_to_end(&mut content).ok()?;
        Some(content)
    }

    #[test]
    fn what_is_sealed_opens_and_a_stranger_a_cut_and_an_extension_do_not() {
        let identity = Identity::make_pq();
        for len in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let content = vec![7; len];
            let mut file = sealed(&identity, &content);
            assert_eq!(opened(&file, &identity).as_ref(), Some(&content));
            assert!(StreamOpener::begin(&*file, &Identity::make_pq()).unwrap().is_none());
            assert_eq!(opened(&file[..file.len() - 1], &identity), None);
            file.push(0);
            assert_eq!(opened(&file, &identity), None, "{len}");
        }
    }

    #[test]
    fn a_header_without_end_is_refused_before_it_is_kept() {
        let endless = io::BufReader::new(Cursor::new(b"age-encryption.org/v1\n").chain(io::repeat(b'a')));
        assert_eq!(StreamOpener::begin(endless, &Identity::make_pq()).err(), Some(Error::EnvelopeHeader));
    }
}
