//! Certificates made up for one test.

use kapok_wire::tls::{Pin, pin_of};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate authority.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) root: Vec<u8>,
}

/// A server's certificate and key.
pub(super) struct Leaf {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) pin: Pin,
}

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(super) enum Dates {
    Now,
    Over,
    NotYet,
}

impl Authority {
    pub(super) fn make() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), root }
    }

    pub(super) fn leaf(&self, name: &str) -> Leaf {
        self.leaf_of(name, &KeyPair::generate().unwrap(), Dates::Now)
    }

    pub(super) fn leaf_of(&self, name: &str, key: &KeyPair, dates: Dates) -> Leaf {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let (from, to) = match dates {
            Dates::Now => (2020, 2120),
            Dates::Over => (2020, 2021),
            Dates::NotYet => (2119, 2120),
        };
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let certificate = params.signed_by(key, &self.issuer).unwrap().der().clone();
        let pin = pin_of(&certificate).unwrap();
        Leaf { certificate, key: PrivateKeyDer::Pkcs8(key.serialize_der().into()), pin }
    }
}
