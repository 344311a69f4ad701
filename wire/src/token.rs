//! Unlinkable upload tokens: VOPRF over Ristretto255 with SHA-512 (RFC 9497), by the crate `voprf`.
//!
//! The device draws a batch blind at enrolment and spends one an upload. The issuer recognises its own tokens but
//! cannot tell which enrolment one came from: it saw only blinded elements. The proof that comes with a batch shows
//! that every device gets the same key, which the signed bundle names.

use sha2::{Digest as _, Sha256};
use voprf::{BlindedElement, EvaluationElement, Group, Proof, Ristretto255, VoprfClient, VoprfServer};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::bytes::Reader;
use crate::sizes::TOKEN_BATCH;
use crate::{TokenKeyId, rng};

/// Length of a group element, in bytes.
pub const ELEMENT: usize = 32;
/// Length of the batch proof, in bytes.
pub const PROOF: usize = 64;
/// Length of a serialised blinding state, in bytes.
const STATE: usize = 64;

/// Why a batch of tokens could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// An element, proof or key is not a valid encoding.
    #[error("the token data are malformed; enrol again")]
    Malformed,
    /// The batch was made with another key than the bundle names.
    #[error("the server made the tokens with another key than the bundle names; tell the organisation")]
    WrongKey,
}

/// A token: a nonce that the device chose and the issuer's function of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Random, chosen by the device; never seen by the issuer before it is spent.
    pub nonce: [u8; 32],
    /// The VOPRF output for the nonce.
    pub output: [u8; 64],
    /// Which issuer key made it.
    pub key: TokenKeyId,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token [redacted]")
    }
}

/// An issuer's public key, as the bundle carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerKey(pub [u8; ELEMENT]);

impl IssuerKey {
    /// The short name by which a token says which key made it.
    #[must_use]
    pub fn id(&self) -> TokenKeyId {
        let digest: [u8; 32] = Sha256::digest(self.0).into();
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        TokenKeyId(id)
    }
}

/// A device's half-drawn batch: nonces and blinding states, kept until the issuer's answer is in.
///
/// It can be stored between attempts, so that a lost answer is asked for again with the same elements.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Blinding {
    nonces: Vec<[u8; 32]>,
    states: Vec<[u8; STATE]>,
}

impl Blinding {
    /// Draws a batch of [`TOKEN_BATCH`] nonces.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if the group refuses an input, which 32-byte nonces never cause.
    pub fn make() -> Result<Self, TokenError> {
        let mut nonces = Vec::new();
        let mut states = Vec::new();
        for _ in 0..TOKEN_BATCH {
            let nonce = rng::bytes::<32>();
            let blinded =
                VoprfClient::<Ristretto255>::blind(&nonce, &mut rng::system()).map_err(|_| TokenError::Malformed)?;
            nonces.push(nonce);
            states.push(to_array(&blinded.state.serialize())?);
        }
        Ok(Self { nonces, states })
    }

    /// The blinded elements to send, 32 bytes each.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if a stored state does not decode.
    pub fn elements(&self) -> Result<Vec<[u8; ELEMENT]>, TokenError> {
        // The serialised state is the blind followed by the blinded element.
        self.states.iter().map(|state| to_array(state.split_at(STATE - ELEMENT).1)).collect()
    }

    /// Turns the issuer's answer into tokens, after checking its proof against `key`.
    ///
    /// # Errors
    /// [`TokenError::WrongKey`] if the proof does not hold for `key`; [`TokenError::Malformed`] for bad encodings
    /// or another number of elements than was sent.
    pub fn finish(&self, evaluation: &Evaluation, key: &IssuerKey) -> Result<Vec<Token>, TokenError> {
        let mut clients = Vec::new();
        for state in &self.states {
            clients.push(VoprfClient::<Ristretto255>::deserialize(state).map_err(|_| TokenError::Malformed)?);
        }
        let mut elements = Vec::new();
        for element in &evaluation.elements {
            elements.push(EvaluationElement::<Ristretto255>::deserialize(element).map_err(|_| TokenError::Malformed)?);
        }
        if elements.len() != clients.len() {
            return Err(TokenError::Malformed);
        }
        let proof = Proof::<Ristretto255>::deserialize(&evaluation.proof).map_err(|_| TokenError::Malformed)?;
        let public = Ristretto255::deserialize_elem(&key.0).map_err(|_| TokenError::Malformed)?;
        let outputs = VoprfClient::batch_finalize(&self.nonces, &clients, &elements, &proof, public)
            .map_err(|_| TokenError::WrongKey)?;
        let mut tokens = Vec::new();
        for (nonce, output) in self.nonces.iter().zip(outputs) {
            let output = output.map_err(|_| TokenError::Malformed)?;
            tokens.push(Token { nonce: *nonce, output: to_array(&output)?, key: key.id() });
        }
        Ok(tokens)
    }

    /// The batch as bytes for an encrypted store: 96 bytes a token. Secret.
    #[must_use]
    pub fn to_bytes(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut out = zeroize::Zeroizing::new(Vec::with_capacity(self.nonces.len() * (32 + STATE)));
        for (nonce, state) in self.nonces.iter().zip(&self.states) {
            out.extend(nonce);
            out.extend(state);
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] if the length is not that of a whole batch.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TokenError> {
        let mut r = Reader::new(bytes);
        let mut blinding = Self { nonces: Vec::new(), states: Vec::new() };
        for _ in 0..TOKEN_BATCH {
            blinding.nonces.push(r.array().ok_or(TokenError::Malformed)?);
            blinding.states.push(r.array().ok_or(TokenError::Malformed)?);
        }
        r.rest().is_empty().then_some(blinding).ok_or(TokenError::Malformed)
    }
}

impl std::fmt::Debug for Blinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blinding [redacted]")
    }
}

/// The issuer's answer to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// One evaluated element for each blinded one, in the same order.
    pub elements: Vec<[u8; ELEMENT]>,
    /// Shows that all of them were made with the public key.
    pub proof: [u8; PROOF],
}

/// The server's side: makes and recognises tokens.
pub struct Issuer(VoprfServer<Ristretto255>);

impl Issuer {
    /// An issuer whose key derives from `seed`: the same seed gives the same key.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] in the practically impossible case that the seed maps to no key.
    pub fn derive(seed: &[u8; 32]) -> Result<Self, TokenError> {
        VoprfServer::new_from_seed(seed, b"kapok/2026-11/wire/token-issuer")
            .map(Self)
            .map_err(|_| TokenError::Malformed)
    }

    /// The public key for the bundle.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] never happens for a derived key.
    pub fn public_key(&self) -> Result<IssuerKey, TokenError> {
        to_array(&Ristretto255::serialize_elem(self.0.get_public_key())).map(IssuerKey)
    }

    /// Evaluates a device's blinded elements.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] for an empty batch, more than [`TOKEN_BATCH`] elements, or a bad encoding.
    pub fn evaluate(&self, blinded: &[[u8; ELEMENT]]) -> Result<Evaluation, TokenError> {
        if blinded.is_empty() || blinded.len() > usize::from(TOKEN_BATCH) {
            return Err(TokenError::Malformed);
        }
        let mut elements = Vec::new();
        for element in blinded {
            elements.push(BlindedElement::<Ristretto255>::deserialize(element).map_err(|_| TokenError::Malformed)?);
        }
        let result = self.0.batch_blind_evaluate(&mut rng::system(), &elements).map_err(|_| TokenError::Malformed)?;
        Ok(Evaluation {
            elements: result.messages.iter().map(|m| to_array(&m.serialize())).collect::<Result<_, _>>()?,
            proof: to_array(&result.proof.serialize())?,
        })
    }

    /// True if `token` was made with this issuer's key. Constant time in the output.
    #[must_use]
    pub fn recognises(&self, token: &Token) -> bool {
        let Ok(expected) = self.0.evaluate(&token.nonce) else {
            return false;
        };
        let differing = expected.iter().zip(token.output).fold(0, |acc, (a, b)| acc | (a ^ b));
        differing == 0
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer [redacted]")
    }
}

fn to_array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], TokenError> {
    bytes.try_into().map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(seed: u8) -> Issuer {
        Issuer::derive(&[seed; 32]).unwrap()
    }

    #[test]
    fn a_batch_drawn_blind_is_recognised_by_its_issuer_and_by_no_other() {
        let blinding = Blinding::make().unwrap();
        let issuer_a = issuer(1);
        let evaluation = issuer_a.evaluate(&blinding.elements().unwrap()).unwrap();
        let tokens = blinding.finish(&evaluation, &issuer_a.public_key().unwrap()).unwrap();
        assert_eq!(tokens.len(), usize::from(TOKEN_BATCH));
        assert!(tokens.iter().all(|t| issuer_a.recognises(t)));
        assert!(!tokens.iter().any(|t| issuer(2).recognises(t)), "control: another key recognises none");
        let forged = Token { output: [0; 64], ..tokens[0].clone() };
        assert!(!issuer_a.recognises(&forged));
    }

    #[test]
    fn a_server_that_uses_another_key_for_one_device_is_caught() {
        let blinding = Blinding::make().unwrap();
        let tagging = issuer(3).evaluate(&blinding.elements().unwrap()).unwrap();
        let published = issuer(1).public_key().unwrap();
        assert_eq!(blinding.finish(&tagging, &published), Err(TokenError::WrongKey));
    }

    #[test]
    fn a_stored_batch_finishes_a_later_answer() {
        let blinding = Blinding::make().unwrap();
        let issuer = issuer(1);
        let again = Blinding::from_bytes(&blinding.to_bytes()).unwrap();
        let evaluation = issuer.evaluate(&blinding.elements().unwrap()).unwrap();
        let tokens = again.finish(&evaluation, &issuer.public_key().unwrap()).unwrap();
        assert!(issuer.recognises(&tokens[0]));
        assert!(Blinding::from_bytes(&[0; 95]).is_err());
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", issuer(1)), "Issuer [redacted]");
        assert_eq!(format!("{:?}", Blinding::make().unwrap()), "Blinding [redacted]");
        assert_eq!(format!("{:?}", token_of_the_vector()), "Token [redacted]");
    }

    fn token_of_the_vector() -> Token {
        let nonce = [7; 32];
        let output = to_array(&issuer(1).0.evaluate(&nonce).unwrap()).unwrap();
        Token { nonce, output, key: issuer(1).public_key().unwrap().id() }
    }

    #[test]
    #[ignore = "writes the vectors once"]
    fn write_vectors() {
        crate::vectors::write_hex("token-key", "public_key", &issuer(1).public_key().unwrap().0);
        crate::vectors::write_hex("token", "output", &token_of_the_vector().output);
    }

    #[test]
    fn the_committed_vectors_still_hold() {
        let hex = |text: &str, name: &str| {
            let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
            crate::vectors::hex(vectors[name].as_str().unwrap())
        };
        let key = IssuerKey(to_array(&hex(include_str!("../vectors/token-key.json"), "public_key")).unwrap());
        assert_eq!(issuer(1).public_key(), Ok(key));
        let output = to_array(&hex(include_str!("../vectors/token.json"), "output")).unwrap();
        assert!(issuer(1).recognises(&Token { nonce: [7; 32], output, key: key.id() }));
        assert_eq!(token_of_the_vector().output, output);
    }

    #[test]
    fn garbage_elements_are_refused() {
        assert_eq!(issuer(1).evaluate(&[[0xff; 32]]), Err(TokenError::Malformed));
        assert_eq!(issuer(1).evaluate(&[]), Err(TokenError::Malformed));
    }
}
