//! A key of the organisation: what it is for, and its secret.
//!
//! Locked, it is an age file behind a passphrase whose content is text: comment lines that say what it is, then the
//! secret. For desk keys that is exactly an age identity file, so `age -d` and `age -i` open reports without this
//! program. Root keys follow the same shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use kapok_seal::{Identity, Recipient, lock_with_passphrase, unlock_with_passphrase};
use kapok_wire::bundle::Class;
use zeroize::Zeroizing;

use crate::error::{Error, ExpectedKey};

/// Starts the line that carries a root key's secret.
const ROOT_PREFIX: &str = "KAPOK-ROOT-SECRET-1-";
const ROLE_LINE: &str = "# kapok key: ";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Signs bundles: two of three.
    Root,
    /// Opens one class of reports' parts.
    Desk(Class),
}

impl Role {
    /// The word in key files, file names and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Desk(class) => class.word(),
        }
    }

    /// The role with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Root, Self::Desk(Class::Triage), Self::Desk(Class::Identities)]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// A secret key in memory. Zeroed on drop, never printed.
pub enum OrgKey {
    /// Signs bundles.
    Root(SigningKey),
    /// Opens parts of a class.
    Desk(Class, Identity),
}

impl std::fmt::Debug for OrgKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OrgKey({}, [redacted])", self.role().word())
    }
}

impl OrgKey {
    /// A fresh key. Desk keys are post-quantum.
    #[must_use]
    pub fn make(role: Role) -> Self {
        match role {
            Role::Root => {
                let seed = Zeroizing::new(kapok_wire::rng::bytes::<32>());
                Self::Root(SigningKey::from_bytes(&seed))
            }
            Role::Desk(class) => Self::Desk(class, Identity::make_pq()),
        }
    }

    /// What it is for.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Root(_) => Role::Root,
            Self::Desk(class, _) => Role::Desk(*class),
        }
    }

    /// The public part, as `bundle new` takes it.
    #[must_use]
    pub fn public(&self) -> String {
        match self {
            Self::Root(key) => STANDARD.encode(key.verifying_key().as_bytes()),
            Self::Desk(_, identity) => identity.to_recipient().to_string(),
        }
    }

    /// Whom to seal to, for a desk key.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::Root(_) => None,
            Self::Desk(_, identity) => Some(identity.to_recipient()),
        }
    }

    /// The key as a file behind `passphrase`.
    ///
    /// # Errors
    /// [`Error::Seal`].
    pub fn lock(&self, passphrase: &[u8], work_factor: u8) -> Result<Vec<u8>, Error> {
        let mut text = Zeroizing::new(String::with_capacity(4_096));
        text.push_str(ROLE_LINE);
        text.push_str(self.role().word());
        text.push_str("\n# public key: ");
        text.push_str(&self.public());
        text.push('\n');
        match self {
            Self::Root(key) => {
                text.push_str(ROOT_PREFIX);
                // EXPOSE: the secret goes into the locked file and nowhere else.
                let secret = Zeroizing::new(key.to_bytes());
                let encoded = Zeroizing::new(STANDARD.encode(secret.as_slice()));
                text.push_str(&encoded);
            }
            // EXPOSE: as above.
            Self::Desk(_, identity) => text.push_str(&identity.expose()),
        }
        text.push('\n');
        Ok(lock_with_passphrase(text.as_bytes(), passphrase, work_factor)?)
    }

    /// Reads what [`Self::lock`] wrote.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`]; [`Error::NotThisKey`] if it opens but holds no key; [`Error::Seal`].
    pub fn unlock(file: &[u8], passphrase: &[u8]) -> Result<Self, Error> {
        let secret = unlock_with_passphrase(file, passphrase).map_err(|e| match e {
            kapok_seal::Error::WrongPassphrase => Error::WrongPassphrase,
            other => Error::Seal(other),
        })?;
        // EXPOSE: to read the key out of its text.
        str::from_utf8(secret.expose()).ok().and_then(parse).ok_or(Error::NotThisKey { expected: ExpectedKey::Any })
    }
}

fn parse(text: &str) -> Option<OrgKey> {
    let role = Role::from_word(text.lines().find_map(|line| line.strip_prefix(ROLE_LINE))?.trim())?;
    let line = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty())?.trim();
    match role {
        Role::Root => {
            let mut seed = Zeroizing::new([0; 32]);
            let bytes = Zeroizing::new(STANDARD.decode(line.strip_prefix(ROOT_PREFIX)?).ok()?);
            if bytes.len() != seed.len() {
                return None;
            }
            seed.copy_from_slice(&bytes);
            Some(OrgKey::Root(SigningKey::from_bytes(&seed)))
        }
        Role::Desk(class) => Some(OrgKey::Desk(class, line.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: u8 = 2;
    const ROLES: [Role; 3] = [Role::Root, Role::Desk(Class::Triage), Role::Desk(Class::Identities)];

    #[test]
    fn every_kind_of_key_survives_its_file() {
        for role in ROLES {
            let key = OrgKey::make(role);
            let file = key.lock(b"a few words", QUICK).unwrap();
            let again = OrgKey::unlock(&file, b"a few words").unwrap();
            assert_eq!((again.role(), again.public()), (role, key.public()));
            assert!(matches!(OrgKey::unlock(&file, b"others"), Err(Error::WrongPassphrase)));
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
    }

    #[test]
    fn a_key_does_not_print() {
        for role in ROLES {
            let key = OrgKey::make(role);
            assert_eq!(format!("{key:?}"), format!("OrgKey({}, [redacted])", role.word()));
        }
    }

    #[test]
    fn a_locked_desk_key_is_an_age_identity_file() {
        let file = OrgKey::make(Role::Desk(Class::Triage)).lock(b"words", QUICK).unwrap();
        let text = unlock_with_passphrase(&file, b"words").unwrap();
        let text = str::from_utf8(text.expose()).unwrap();
        assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("AGE-SECRET-KEY-PQ-1")), "{text}");
    }

    #[test]
    fn other_locked_texts_are_no_keys() {
        for text in ["", "# kapok key: root\n", "# kapok key: root\nKAPOK-ROOT-SECRET-1-AAAA\n", "# kapok key: x\nAGE"]
        {
            let file = lock_with_passphrase(text.as_bytes(), b"words", QUICK).unwrap();
            assert!(matches!(OrgKey::unlock(&file, b"words"), Err(Error::NotThisKey { .. })), "{text}");
        }
    }
}
