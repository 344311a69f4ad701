//! Opened bytes: zeroed when dropped, never printed.

use std::fmt;

use zeroize::Zeroizing;

/// Plaintext or key material in memory. Zeroed on drop; `Debug` shows nothing of it, not even its length.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes over `bytes`.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes. Each use says why in a line `// EXPOSE: …`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_bytes() {
        let secret = SecretBytes::new(Zeroizing::new(b"Sok Example".to_vec()));
        assert_eq!(format!("{secret:?}"), "SecretBytes([redacted])");
        assert_eq!(secret.expose(), b"Sok Example");
    }
}
