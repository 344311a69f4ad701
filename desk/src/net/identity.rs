//! The desk's TLS identity: a key pair that the server registers by its fingerprint.
//!
//! It opens the desk port and nothing else: whoever steals it can pull sealed objects, register invites and offer
//! bundles, but reads nothing and cannot sign a bundle. So its file has no passphrase, and `pull` can run unattended.

use kapok_wire::tls::{ClientIdentity, Pin, pin_of};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::doing::Doing;
use crate::error::Error;
use crate::limits::IDENTITY_FILE_MAX;
use crate::store::durable;
use crate::store::folder::{CLIENT_CERTIFICATE, CLIENT_KEY, Folder};

/// A fresh identity: certificate and key, DER.
pub(crate) fn make() -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), Error> {
    let key = KeyPair::generate().map_err(|_| Error::Certificate)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(|_| Error::Certificate)?;
    // Anybody on the line may see it in older protocols, so it names nobody.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Desk");
    let certificate = params.self_signed(&key).map_err(|_| Error::Certificate)?;
    Ok((certificate.der().to_vec(), Zeroizing::new(key.serialize_der())))
}

impl Folder {
    /// The TLS identity of this desk.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Certificate`].
    pub fn client_identity(&self) -> Result<ClientIdentity, Error> {
        let read = |name| durable::read_at_most(&self.root().join(name), IDENTITY_FILE_MAX);
        let certificate = read(CLIENT_CERTIFICATE).map_err(Error::io(Doing::ReadCertificate))?;
        let key = read(CLIENT_KEY).map_err(Error::io(Doing::ReadTlsKey))?;
        Ok(ClientIdentity {
            certificate: CertificateDer::from(certificate),
            key: PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)),
        })
    }

    /// What `kapok-server desk add` wants: SHA-256 of the identity's public key info, printed in hex.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Certificate`].
    pub fn fingerprint(&self) -> Result<Pin, Error> {
        pin_of(&self.client_identity()?.certificate).ok_or(Error::Certificate)
    }
}
