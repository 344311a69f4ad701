//! Turns the libraries' errors into an [`Outcome`], by type and never by text.

use std::error::Error;
use std::io;

use kapok_wire::tls::PinMismatch;
use rustls::CertificateError;

use super::outcome::Outcome;

/// What this error says about the network.
pub(super) fn classify(error: &reqwest::Error) -> Outcome {
    if let Some(tls) = find(error, |error| error.downcast_ref::<rustls::Error>()) {
        return from_tls(tls, error.is_connect());
    }
    if error.is_timeout() {
        return Outcome::Timeout;
    }
    match find(error, kind) {
        Some(io::ErrorKind::TimedOut) => Outcome::Timeout,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof,
        ) => Outcome::Cut,
        _ if error.is_connect() => Outcome::Unreachable,
        // A connection that ends with a request on it, without an error of its own.
        _ if error.is_request() || error.is_body() => Outcome::Cut,
        _ => Outcome::ServerFault,
    }
}

fn from_tls(error: &rustls::Error, connecting: bool) -> Outcome {
    match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            // The verifier reports a key that is not pinned first, so these are about our own certificate.
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Outcome::WrongDate,
            CertificateError::Other(other) => {
                let shown = other.0.downcast_ref::<PinMismatch>().map(|mismatch| mismatch.shown);
                Outcome::Intercepted { shown }
            }
            _ => Outcome::Intercepted { shown: None },
        },
        rustls::Error::NoCertificatesPresented => Outcome::Intercepted { shown: None },
        // Alerts, other versions, bytes that are no TLS: whoever answered is not our server.
        _ if connecting => Outcome::CaptiveOrFiltered,
        // After the handshake it is our server, or a line that spoils what it says.
        _ => Outcome::Cut,
    }
}

/// The first thing that `look` finds in the chain. Looks also inside [`io::Error`], whose `source` skips what it holds.
fn find<'a, T>(error: &'a (dyn Error + 'static), look: fn(&'a (dyn Error + 'static)) -> Option<T>) -> Option<T> {
    let mut next = Some(error);
    while let Some(error) = next {
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let found = look(error).or_else(|| held.and_then(|held| find(held, look)));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

/// The kind of an input-output error that is more than a wrapping.
fn kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let kind = error.downcast_ref::<io::Error>()?.kind();
    (kind != io::ErrorKind::Other).then_some(kind)
}
