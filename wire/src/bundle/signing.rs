//! A bundle on its way from one holder of a root key to the next: its text and its signatures, read once.
//!
//! For those who make bundles. What is read here is what the text says of itself, so devices take nothing from it: they
//! know the hashes of their root keys and verify an [`UntrustedBundle`].

use super::{Bundle, BundleError, RootHashes, UntrustedBundle, VerifiedBundle, root_keys};
use crate::note;

/// A bundle's text with any number of signatures, also none.
#[derive(Clone, Debug)]
pub struct UntrustedNote {
    note: UntrustedBundle,
    bundle: Bundle,
    signers: [bool; 3],
}

impl UntrustedNote {
    /// A bundle from a file; trailing zeros are padding.
    ///
    /// # Errors
    /// [`BundleError::Malformed`]; [`BundleError::BadField`] if its roots are not three different keys.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let note = UntrustedBundle::from_bytes(bytes)?;
        let (bundle, json) = note.read()?;
        let keys = root_keys(&bundle)?;
        let good = if json.signed { note::verify(&note.0, &keys).map_or(Vec::new(), |(_, good)| good) } else { vec![] };
        let signers = [0, 1, 2].map(|at| good.contains(&at));
        Ok(Self { note, bundle, signers })
    }

    /// The text and its signature lines, to write into a file or to sign.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.note.0
    }

    /// What it says.
    #[must_use]
    pub fn content(&self) -> &Bundle {
        &self.bundle
    }

    /// Which of the root keys that it names have signed it, in its order. Only good signatures count.
    #[must_use]
    pub fn signers(&self) -> [bool; 3] {
        self.signers
    }

    /// True if the text that is signed is exactly what this version writes for this content. A root key signs nothing
    /// that its program does not fully understand.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        let text = note::parts(&self.note.0).map_or("", |(text, _)| text);
        self.bundle.note_text().is_ok_and(|canonical| canonical == text)
    }

    /// Checks it as a device does that knows the root keys it names itself.
    ///
    /// # Errors
    /// As [`UntrustedBundle::verify`].
    pub fn verify_own(&self, now: u64) -> Result<VerifiedBundle, BundleError> {
        self.verify(&self.bundle.root_hashes()?, None, now)
    }

    /// [`Self::verify_own`], dates left to the caller.
    ///
    /// # Errors
    /// As [`UntrustedBundle::verify_undated`].
    pub fn verify_own_undated(&self) -> Result<VerifiedBundle, BundleError> {
        self.note.verify_undated(&self.bundle.root_hashes()?)
    }

    /// Checks it as a device does; see [`UntrustedBundle::verify`].
    ///
    /// # Errors
    /// As there.
    pub fn verify(
        &self,
        roots: &RootHashes,
        in_force: Option<&VerifiedBundle>,
        now: u64,
    ) -> Result<VerifiedBundle, BundleError> {
        self.note.verify(roots, in_force, now)
    }
}
