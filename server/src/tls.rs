//! Certificates and the two TLS configurations: TLS 1.3 and HTTP/2 only, nothing resumed.
//!
//! No tickets are sent: a ticket would let an observer of the server's memory link two connections of one device.
//! On the desk port a certificate is a container for a key: no chain, no name, no date is checked, only that the
//! key is registered and that the client can sign with it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use kapok_wire::tls::{Pin, pin_of};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, date_time_ymd,
};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, ServerConfig, SignatureScheme,
};

use crate::Error;
use crate::keys::Keys;

/// Names in a certificate are seen by anyone who probes the port, so they say nothing.
fn params(common_name: &str, names: Vec<String>) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(names).map_err(|_| Error::Certificate)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    // Clocks of phones are often wrong by years; what limits trust in time is the bundle, which can be replaced.
    params.not_before = date_time_ymd(1970, 1, 2);
    params.not_after = date_time_ymd(2099, 12, 31);
    Ok(params)
}

fn root_params() -> Result<CertificateParams, Error> {
    let mut params = params("Root", Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

/// The self-signed root over `key`, DER.
pub(crate) fn make_root(key: &KeyPair) -> Result<Vec<u8>, Error> {
    let root = root_params()?.self_signed(key).map_err(|_| Error::Certificate)?;
    Ok(root.der().to_vec())
}

/// True if `root` is a certificate over `key`.
pub(crate) fn is_root_of(root: &[u8], key: &KeyPair) -> bool {
    let spki = kapok_wire::Digest::of(&key.subject_public_key_info()).0;
    pin_of(&CertificateDer::from(root)) == Some(Pin(spki))
}

/// The leaf certificate for this start's names and addresses.
pub(crate) struct Leaf {
    certificate: CertificateDer<'static>,
    pub(crate) pin: Pin,
}

impl Leaf {
    /// Signs the server's key for `names` and `addresses`.
    pub(crate) fn issue(keys: &Keys, names: &[String], addresses: &[IpAddr]) -> Result<Self, Error> {
        let all = names.iter().cloned().chain(addresses.iter().map(IpAddr::to_string)).collect();
        let mut params = params("Server", all)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let issuer = Issuer::new(root_params()?, &keys.tls_root_key);
        let leaf = params.signed_by(&keys.tls_key, &issuer).map_err(|_| Error::Certificate)?;
        let pin = pin_of(leaf.der()).ok_or(Error::Certificate)?;
        Ok(Self { certificate: leaf.der().clone(), pin })
    }

    /// The device port: anyone may connect; what they may do depends on tokens and invites.
    pub(crate) fn device_config(&self, keys: &Keys) -> Result<ServerConfig, Error> {
        self.config(keys, None)
    }

    /// The desk port: only the registered keys get through the handshake.
    pub(crate) fn desk_config(&self, keys: &Keys, registered: HashSet<Pin>) -> Result<ServerConfig, Error> {
        let verifier = DeskVerifier { registered, provider: Arc::new(ring::default_provider()) };
        self.config(keys, Some(Arc::new(verifier)))
    }

    fn config(&self, keys: &Keys, clients: Option<Arc<dyn ClientCertVerifier>>) -> Result<ServerConfig, Error> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(keys.tls_key.serialize_der()));
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|_| Error::Certificate)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let chain = vec![self.certificate.clone()];
        let mut config = builder.with_single_cert(chain, key).map_err(|_| Error::Certificate)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }
}

/// Accepts a client whose key was registered at the time of the handshake.
#[derive(Debug)]
struct DeskVerifier {
    registered: HashSet<Pin>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for DeskVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let shown = pin_of(end_entity).ok_or(TlsError::InvalidCertificate(CertificateError::BadEncoding))?;
        if self.registered.contains(&shown) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, TlsError> {
        Err(TlsError::General("TLS 1.2 is never spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
