//! The pinned client of the desk port: mutual TLS 1.3, our own root and pins, no proxy, no redirect, HTTP/2.

use std::error::Error as StdError;

use kapok_wire::answer::Ack;
use kapok_wire::card::CardError;
use kapok_wire::pull::{Record, decode_records};
use kapok_wire::registration::InviteRegistration;
use kapok_wire::sizes::{ANSWER, PAGE, PULL_MAX};
use kapok_wire::tls::{ClientIdentity, PinMismatch, client_config};
use rustls::CertificateError;

use crate::error::Error;
use crate::limits::{CONNECT, SILENCE};
use crate::net::card::ServerCard;

/// A connection to the desk port. Building it connects to nothing.
#[derive(Debug)]
pub struct Link {
    client: reqwest::Client,
    base: String,
}

impl Link {
    /// A link to the server of `card` as `identity`.
    ///
    /// # Errors
    /// [`Error::Certificate`]; [`Error::Card`].
    pub fn new(card: &ServerCard, identity: ClientIdentity) -> Result<Self, Error> {
        let config = client_config(&card.trust(), Some(identity)).map_err(|_| Error::Certificate)?;
        let address = card.desk_addresses().first().ok_or(Error::Card(CardError::BadField("desk_addresses")))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .no_proxy()
            .https_only(true)
            .http2_prior_knowledge()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .resolve_to_addrs(card.name(), card.desk_addresses())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(|_| Error::Certificate)?;
        // A literal address of the sixth kind needs brackets; a name or an older address does not.
        let host = if card.name().contains(':') { format!("[{}]", card.name()) } else { card.name().to_owned() };
        Ok(Self { client, base: format!("https://{host}:{}", address.port()) })
    }

    /// The objects stored after `after`, as many as the server gives at once; none when all were pulled.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Intercepted`], [`Error::BadAnswer`], [`Error::Refused`].
    pub async fn pull(&self, after: u64) -> Result<Vec<Record>, Error> {
        let request = self.client.get(format!("{}/v1/q?after={after}", self.base));
        let bytes = answer(request, PULL_MAX).await?;
        decode_records(&bytes).map_err(|_| refusal(&bytes))
    }

    /// Registers an invite, by its hash. Again is success.
    ///
    /// # Errors
    /// As [`Self::pull`].
    pub async fn register(&self, invite: InviteRegistration) -> Result<(), Error> {
        let request = self.client.post(format!("{}/v1/invites", self.base)).body(invite.encode());
        acknowledged(&answer(request, ANSWER).await?)
    }

    /// Publishes a signed bundle. Again is success.
    ///
    /// # Errors
    /// As [`Self::pull`].
    pub async fn publish(&self, note: &str) -> Result<(), Error> {
        let mut page = note.as_bytes().to_vec();
        page.resize(PAGE.max(page.len()), 0);
        let request = self.client.put(format!("{}/v1/bundle", self.base)).body(page);
        acknowledged(&answer(request, ANSWER).await?)
    }
}

fn acknowledged(bytes: &[u8]) -> Result<(), Error> {
    match Ack::decode(bytes) {
        Ok(Ack::Done) => Ok(()),
        Ok(Ack::Refused(problem)) => Err(problem.into()),
        Err(_) => Err(Error::BadAnswer),
    }
}

/// What the server said instead of records.
fn refusal(bytes: &[u8]) -> Error {
    match Ack::decode(bytes) {
        Ok(Ack::Refused(problem)) => problem.into(),
        _ => Error::BadAnswer,
    }
}

/// Sends and reads the whole answer, at most `max` bytes of it.
async fn answer(request: reqwest::RequestBuilder, max: usize) -> Result<Vec<u8>, Error> {
    let mut response = request.send().await.map_err(|e| classify(&e))?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(Error::BadAnswer);
    }
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|e| classify(&e))? {
        if bytes.len() + part.len() > max {
            return Err(Error::BadAnswer);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// A wrong key is found by its type, never by a text: it means somebody in between.
fn classify(error: &reqwest::Error) -> Error {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => match reason {
            CertificateError::Other(other) if !other.0.is::<PinMismatch>() => Error::Unreachable,
            // Our own server, and a clock that is wrong here or there.
            CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. } => Error::Clock,
            _ => Error::Intercepted,
        },
        _ => Error::Unreachable,
    }
}

/// The TLS error below an error of the client. An I/O error names as its source the source of what it wraps, so what
/// it wraps has to be asked for separately, and may be wrapped again.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next: Option<&'a (dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
