//! The one TLS client configuration: TLS 1.3, the organisation's own root, pinned keys, no system trust.
//!
//! A pinned handshake is also the check for captive portals and interception: no third party is asked. The leaf's
//! public key is checked against the pins, then chain, name and dates by the usual verifier over our root only; both
//! must pass. Building the configuration opens no connection.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use sha2::{Digest as _, Sha256};

use crate::hex::{self, HexError};

/// SHA-256 of a certificate's subject public key info.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin(pub [u8; 32]);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hex::write(&self.0, f)
    }
}

impl std::str::FromStr for Pin {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::parse(text).map(Self)
    }
}

/// The handshake showed a key that is not pinned: interception, or a server whose key changed without a bundle.
///
/// Reported before any fault of the chain: that a certificate is out of date matters only if the key is ours.
/// It travels as [`Error::InvalidCertificate`] with [`CertificateError::Other`], so that the route can find it by
/// type, never by text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's key is not pinned; use another network, or ask the organisation in person")]
pub struct PinMismatch {
    /// What was shown, kept as evidence.
    pub shown: Pin,
}

/// Why no configuration could be built.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TlsError {
    /// The root or client certificate does not parse.
    #[error("a certificate or key of the connection is malformed; ask the organisation for a new bundle")]
    BadCertificate,
    /// Without a pin nobody could be recognised.
    #[error("there is no pin; ask the organisation for a new bundle")]
    NoPin,
}

/// The pin of a certificate, if it parses.
#[must_use]
pub fn pin_of(certificate: &CertificateDer<'_>) -> Option<Pin> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    Some(Pin(Sha256::digest(parsed.subject_public_key_info()).into()))
}

/// Whom a client accepts.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Our root, then the pins: what the bundle gives.
    RootAndPins {
        /// The organisation's own root certificate, DER.
        root: Vec<u8>,
        /// Accepted leaf keys, at least one.
        pins: Vec<Pin>,
    },
    /// The pin of an invite alone, to fetch the signed bundle with; no secret may be sent over it.
    PinOnly(Pin),
}

/// A client's own certificate, for mutual TLS on the desk's port.
#[derive(Debug)]
pub struct ClientIdentity {
    /// Certificate, DER.
    pub certificate: CertificateDer<'static>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

/// The configuration for every client of ours. HTTP/2 only; nothing is resumed, so no ticket links two connections.
///
/// # Errors
/// [`TlsError`] if a certificate does not parse or no pin is given.
pub fn client_config(trust: &Trust, identity: Option<ClientIdentity>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = PinnedVerifier::new(trust, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| TlsError::BadCertificate)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(own) => {
            builder.with_client_auth_cert(vec![own.certificate], own.key).map_err(|_| TlsError::BadCertificate)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Checks the leaf's key always, and the chain by our root where we know it.
#[derive(Debug)]
struct PinnedVerifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    pins: Vec<Pin>,
    provider: Arc<CryptoProvider>,
}

impl PinnedVerifier {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let (chain, pins) = match trust {
            Trust::PinOnly(pin) => (None, vec![*pin]),
            Trust::RootAndPins { root, pins } => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from(root.clone())).map_err(|_| TlsError::BadCertificate)?;
                let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                    .build()
                    .map_err(|_| TlsError::BadCertificate)?;
                (Some(chain), pins.clone())
            }
        };
        if pins.is_empty() {
            return Err(TlsError::NoPin);
        }
        Ok(Self { chain, pins, provider: provider.clone() })
    }
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = pin_of(end_entity).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if !self.pins.contains(&shown) {
            let mismatch = OtherError(Arc::new(PinMismatch { shown }));
            return Err(Error::InvalidCertificate(CertificateError::Other(mismatch)));
        }
        match &self.chain {
            Some(chain) => chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is never spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
