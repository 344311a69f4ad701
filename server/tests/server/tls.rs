//! What the ports speak: TLS 1.3 with HTTP/2, and nothing else.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::support::{Process, start};

/// The first bytes that the server says after a handshake, if there is one.
async fn greeting(server: &Process, version: &'static SupportedProtocolVersion, alpn: &[&[u8]]) -> Option<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots.add(server.card.tls_root.clone().into()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let address = server.card.addresses[0];
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(address.ip().into(), stream).await.ok()?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.ok()?;
    let mut said = vec![0; 64];
    let length = stream.read(&mut said).await.ok()?;
    said.truncate(length);
    Some(said).filter(|said| !said.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tls_1_3_with_http_2_is_spoken() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    assert_eq!(greeting(&server, &rustls::version::TLS12, &[b"h2"]).await, None, "TLS 1.2");
    assert_eq!(greeting(&server, &rustls::version::TLS13, &[b"http/1.1"]).await, None, "HTTP/1.1");
    assert_eq!(greeting(&server, &rustls::version::TLS13, &[]).await, None, "no protocol named");
    assert!(greeting(&server, &rustls::version::TLS13, &[b"h2"]).await.is_some(), "control");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_gets_no_http_back() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let mut stream = TcpStream::connect(server.card.addresses[0]).await.unwrap();
    stream.write_all(b"GET /v1/bundle HTTP/1.1\r\nHost: server.example\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    // A TLS alert of seven bytes at most.
    assert!(said.len() <= 7 && !said.starts_with(b"HTTP"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_names_what_it_was_started_with_and_nothing_of_kapok() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = crate::support::binary(dir.path());
    command.args(["--name", "reports.example", "--public", "192.0.2.7:443"]);
    let server = crate::support::start_with(command);
    assert_eq!(server.card.name, "reports.example");
    assert_eq!(server.card.addresses, [crate::support::address("192.0.2.7:443")]);
    let root = server.card.tls_root.clone();
    assert!(!root.windows(5).any(|part| part.eq_ignore_ascii_case(b"kapok")));
    // The pin is that of the key, so another name does not change it.
    let pins = server.card.pins.clone();
    drop(server);
    assert_eq!(start(dir.path()).card.pins, pins);
}
