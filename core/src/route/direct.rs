//! Straight to the server: TLS 1.3 and HTTP/2, the organisation's root and pins, and nobody else's opinion.
//!
//! The one place in the program that builds an HTTP client. No proxies, redirects, cookies, compression, retries or
//! name lookups: addresses come from the bundle, and the resolver below knows nothing else. The host's environment
//! cannot change any of it. (A request that was still waiting for a connection when that broke is given a new one by
//! the library: it was not sent before, and the batch it belongs to is allowed.)

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kapok_wire::Lane;
use kapok_wire::bundle::{Endpoint, VerifiedBundle};
use kapok_wire::sizes::{ANSWER, PAGE, TEXT_BODY};
use kapok_wire::tls::{Trust, client_config};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, StatusCode, redirect, retry};
use rustls::ClientConfig;

use super::Route;
use super::classify::classify;
use super::error::RouteError;
use super::id::RouteId;
use super::outcome::Outcome;

/// How long a try may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For connection and handshake.
    pub connect: Duration,
    /// For the whole try, up to the last byte of the answer.
    pub whole: Duration,
}

impl Default for Timeouts {
    /// A chunk has to get through a mobile network that carries 1 kB/s.
    fn default() -> Self {
        Self { connect: Duration::from_secs(20), whole: Duration::from_secs(120) }
    }
}

/// The direct route to one endpoint. Keeps one connection; dropping the route closes it.
#[derive(Clone)]
pub struct DirectRoute {
    client: Client,
    origin: String,
}

impl std::fmt::Debug for DirectRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DirectRoute(…)")
    }
}

impl DirectRoute {
    /// The bundle's direct endpoints, in its order. Opens no connection.
    ///
    /// # Errors
    /// [`RouteError::BadEndpoint`] if one of them is not usable.
    pub fn all(bundle: &VerifiedBundle, timeouts: Timeouts) -> Result<Vec<Self>, RouteError> {
        bundle.direct_endpoints().map(|(endpoint, trust)| Self::new(endpoint, &trust, timeouts)).collect()
    }

    /// The route to one endpoint. Opens no connection.
    ///
    /// # Errors
    /// [`RouteError::BadEndpoint`] if name, addresses or certificates are not usable.
    pub fn new(endpoint: &Endpoint, trust: &Trust, timeouts: Timeouts) -> Result<Self, RouteError> {
        let config = client_config(trust, None).map_err(|_| RouteError::BadEndpoint)?;
        Self::with_config(&endpoint.name, &endpoint.addresses, config, timeouts)
    }

    /// Everything but the choice whom to trust, so that tests can show what pins are good for.
    pub(super) fn with_config(
        name: &str,
        addresses: &[SocketAddr],
        config: ClientConfig,
        timeouts: Timeouts,
    ) -> Result<Self, RouteError> {
        let origin = origin(name, addresses).ok_or(RouteError::BadEndpoint)?;
        let client = Client::builder()
            .tls_backend_preconfigured(config)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .dns_resolver(Arc::new(BundleAddresses { name: name.to_ascii_lowercase(), addresses: addresses.to_vec() }))
            .http2_prior_knowledge()
            .http2_initial_stream_window_size(WINDOW)
            .http2_initial_connection_window_size(WINDOW)
            .http2_max_header_list_size(HEADERS)
            .pool_max_idle_per_host(1)
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.whole)
            .build()
            .map_err(|_| RouteError::BadEndpoint)?;
        Ok(Self { client, origin })
    }

    /// Sends `body`, whose size the caller has checked, and reads exactly `len` bytes.
    async fn exchange(&self, path: &str, body: Option<Vec<u8>>, len: usize) -> Result<Vec<u8>, RouteError> {
        let url = format!("{}{path}", self.origin);
        let request = match body {
            Some(body) => self.client.post(url).header(CONTENT_TYPE, BINARY).body(body),
            None => self.client.get(url),
        };
        let failed = |error: reqwest::Error| RouteError::Failed(classify(&error));
        let response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(RouteError::Failed(Outcome::ServerFault));
        }
        read_exactly(response, len).await
    }
}

const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// What the server may send before it is read: two pages.
const WINDOW: u32 = 2 * 65_536;
/// Room for the few headers our server sends.
const HEADERS: u32 = 4_096;

/// Reads an answer of exactly `len` bytes; more is not even taken in.
async fn read_exactly(mut response: Response, len: usize) -> Result<Vec<u8>, RouteError> {
    let fault = RouteError::Failed(Outcome::ServerFault);
    if response.content_length().is_some_and(|said| usize::try_from(said) != Ok(len)) {
        return Err(fault);
    }
    let mut out = Vec::with_capacity(len);
    while let Some(piece) = response.chunk().await.map_err(|error| RouteError::Failed(classify(&error)))? {
        if piece.len() > len - out.len() {
            return Err(fault);
        }
        out.extend_from_slice(&piece);
    }
    if out.len() == len { Ok(out) } else { Err(fault) }
}

/// Scheme and authority. A name goes without a port: the port comes with each of its addresses. An address literal is
/// never looked up, so it has to be one of the addresses itself.
fn origin(name: &str, addresses: &[SocketAddr]) -> Option<String> {
    let server = rustls::pki_types::ServerName::try_from(name).ok()?;
    match server {
        rustls::pki_types::ServerName::DnsName(_) if !addresses.is_empty() => Some(format!("https://{name}")),
        rustls::pki_types::ServerName::IpAddress(ip) => {
            let ip = IpAddr::from(ip);
            let address = addresses.iter().find(|address| address.ip() == ip)?;
            Some(format!("https://{address}"))
        }
        _ => None,
    }
}

/// Knows the addresses of one name, from the bundle, and asks nobody for others.
struct BundleAddresses {
    name: String,
    addresses: Vec<SocketAddr>,
}

impl Resolve for BundleAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let known = if name.as_str() == self.name { self.addresses.clone() } else { Vec::new() };
        Box::pin(std::future::ready(Ok(Box::new(known.into_iter()) as Addrs)))
    }
}

impl Route for DirectRoute {
    fn id(&self) -> RouteId {
        RouteId::Direct
    }

    async fn post(&self, lane: Lane, body: Vec<u8>) -> Result<[u8; ANSWER], RouteError> {
        if body.len() != lane.body_len() {
            return Err(RouteError::WrongSize);
        }
        let answer = self.exchange("/v1/d", Some(body), ANSWER).await?;
        answer.try_into().map_err(|_| RouteError::Failed(Outcome::ServerFault))
    }

    async fn enrol(&self, request: Vec<u8>) -> Result<Vec<u8>, RouteError> {
        if request.len() != TEXT_BODY {
            return Err(RouteError::WrongSize);
        }
        self.exchange("/v1/enrol", Some(request), PAGE).await
    }

    async fn fetch_bundle(&self) -> Result<Vec<u8>, RouteError> {
        self.exchange("/v1/bundle", None, PAGE).await
    }
}
