//! Wrong servers: none gets a byte of a request, and each is called what it is.

use std::sync::Arc;

use kapok_wire::tls::{Pin, client_config};
use kapok_wire::{Lane, tls::Trust};
use rcgen::KeyPair;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

use super::super::{DirectRoute, Outcome, Route as _, RouteError, RouteRemedy, Timeouts};
use super::pki::{Authority, Dates};
use super::servers::{Offer, Reply, Script, Server, application_bytes, nobody, raw, real, settle};
use super::{HASTY, MARKER, NAME, PATIENT, body, route};

/// Our root and the key our server has.
struct Ours {
    authority: Authority,
    key: KeyPair,
    pin: Pin,
}

impl Ours {
    fn make() -> Self {
        let (authority, key) = (Authority::make(), KeyPair::generate().unwrap());
        let pin = authority.leaf_of(NAME, &key, Dates::Now).pin;
        Self { authority, key, pin }
    }

    /// Sends a body to `server` and says what it was taken for; nothing of the body may have arrived.
    async fn expect(&self, server: &Server, timeouts: Timeouts, expected: Outcome) {
        let route = route(&self.authority, self.pin, server, NAME, timeouts);
        let error = route.post(Lane::Text, body()).await.unwrap_err();
        assert_eq!(error, RouteError::Failed(expected));
        settle().await;
        assert_eq!((server.content(), server.requests().len()), (0, 0), "a wrong server was told something");
    }
}

#[tokio::test]
async fn a_foreign_authority_for_our_name_is_interception_and_its_key_is_kept_as_evidence() {
    let foreign = Authority::make().leaf(NAME);
    let shown = Some(foreign.pin);
    let server = real(foreign, Offer::default(), Reply::Good).await;
    Ours::make().expect(&server, PATIENT, Outcome::Intercepted { shown }).await;
    assert_eq!(server.connections(), 1, "it is not tried again by itself");
}

#[tokio::test]
async fn our_own_authority_with_a_key_that_is_not_pinned_is_interception() {
    let ours = Ours::make();
    for dates in [Dates::Now, Dates::Over] {
        let leaf = ours.authority.leaf_of(NAME, &KeyPair::generate().unwrap(), dates);
        let shown = Some(leaf.pin);
        let server = real(leaf, Offer::default(), Reply::Good).await;
        ours.expect(&server, PATIENT, Outcome::Intercepted { shown }).await;
    }
}

#[tokio::test]
async fn our_key_under_another_authority_or_another_name_is_interception() {
    let ours = Ours::make();
    for leaf in [
        Authority::make().leaf_of(NAME, &ours.key, Dates::Now),
        ours.authority.leaf_of("other.example", &ours.key, Dates::Now),
    ] {
        let server = real(leaf, Offer::default(), Reply::Good).await;
        ours.expect(&server, PATIENT, Outcome::Intercepted { shown: None }).await;
    }
}

#[tokio::test]
async fn our_own_certificate_out_of_its_dates_is_a_wrong_date_and_not_an_attack() {
    let ours = Ours::make();
    for dates in [Dates::Over, Dates::NotYet] {
        let leaf = ours.authority.leaf_of(NAME, &ours.key, dates);
        let server = real(leaf, Offer::default(), Reply::Good).await;
        ours.expect(&server, PATIENT, Outcome::WrongDate).await;
    }
}

#[tokio::test]
async fn a_server_without_tls_13_or_http_2_is_a_filter() {
    let ours = Ours::make();
    for offer in [
        Offer { version: &rustls::version::TLS12, ..Offer::default() },
        Offer { protocol: b"http/1.1", ..Offer::default() },
    ] {
        let server = real(ours.authority.leaf_of(NAME, &ours.key, Dates::Now), offer, Reply::Good).await;
        ours.expect(&server, PATIENT, Outcome::CaptiveOrFiltered).await;
    }
}

#[tokio::test]
async fn plain_http_a_redirect_and_garbage_are_a_portal_or_a_filter() {
    let ours = Ours::make();
    for words in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nlogin".as_slice(),
        b"HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n",
        b"\x00\xff\x13\x37 nothing that makes sense \xde\xad\xbe\xef",
        // A TLS alert: handshake_failure.
        b"\x15\x03\x03\x00\x02\x02\x28",
    ] {
        let server = raw(Script::Say(words)).await;
        ours.expect(&server, PATIENT, Outcome::CaptiveOrFiltered).await;
    }
}

#[tokio::test]
async fn silence_is_a_timeout_hanging_up_a_cut_and_nobody_unreachable() {
    let ours = Ours::make();
    ours.expect(&raw(Script::Silence).await, HASTY, Outcome::Timeout).await;
    ours.expect(&raw(Script::HangUp).await, PATIENT, Outcome::Cut).await;
    ours.expect(&nobody().await, PATIENT, Outcome::Unreachable).await;
}

#[test]
fn each_outcome_says_who_can_do_something() {
    let of = |outcome| RouteError::Failed(outcome).remedy();
    assert_eq!(of(Outcome::Intercepted { shown: None }), RouteRemedy::HostMustAct);
    assert_eq!(of(Outcome::CaptiveOrFiltered), RouteRemedy::HostMustAct);
    assert_eq!(of(Outcome::WrongDate), RouteRemedy::HostMustAct);
    for outcome in [Outcome::Cut, Outcome::Blocked, Outcome::Unreachable, Outcome::Timeout, Outcome::ServerFault] {
        assert_eq!(of(outcome), RouteRemedy::Transient);
    }
    assert_eq!(RouteError::BadEndpoint.remedy(), RouteRemedy::Permanent);
}

/// What nobody may ever use: takes every certificate.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let provider = ring::default_provider();
        verify_tls13_signature(message, certificate, signature, &provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn control_without_root_and_pins_the_foreign_server_gets_the_request_and_the_counter_shows_it() {
    let server = real(Authority::make().leaf(NAME), Offer::default(), Reply::Good).await;
    let mut config: ClientConfig = client_config(&Trust::PinOnly(Pin([0; 32])), None).unwrap();
    config.dangerous().set_certificate_verifier(Arc::new(Gullible));
    let route = DirectRoute::with_config(NAME, &[server.address], config, PATIENT).unwrap();
    route.post(Lane::Text, body()).await.unwrap();
    let told = server.requests();
    assert_eq!(told.len(), 1);
    assert!(told[0].body.starts_with(MARKER));
    assert!(server.content() > body().len());
}

#[test]
fn control_the_counter_of_the_raw_server_sees_application_records_and_plain_bytes() {
    assert_eq!(application_bytes(b"\x16\x03\x01\x00\x02hi"), 0);
    assert_eq!(application_bytes(b"\x16\x03\x01\x00\x02hi\x17\x03\x03\x00\x03abc"), 3);
    assert_eq!(application_bytes(b"POST /v1/d HTTP/1.1\r\n"), 21);
}
