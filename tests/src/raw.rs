//! A client that breaks the rules a device keeps: it sends what it likes under any id.

use kapok_desk::Folder;
use kapok_wire::answer::Answer;
use kapok_wire::enrol::{EnrolAnswer, EnrolRequest};
use kapok_wire::tls::{Trust, client_config};
use kapok_wire::token::{Blinding, Token};
use kapok_wire::upload::{Head, encode_body};
use kapok_wire::{Digest, Lane, ObjectId, Problem, UploadId, rng};

use crate::world::invite;

/// A connection to the device port, and tokens.
pub struct Raw {
    http: reqwest::Client,
    url: String,
    tokens: Vec<Token>,
}

impl Raw {
    /// Enrols with the organisation of `desk`. Trusts whom `trust` says, or the organisation's server.
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn enrolled(desk: &Folder, trust: Option<Trust>) -> Self {
        let card = desk.card().unwrap();
        let config = client_config(&trust.unwrap_or_else(|| card.trust()), None).unwrap();
        let client = reqwest::Client::builder().tls_backend_preconfigured(config).https_only(true).no_proxy();
        let url = format!("https://{}", card.device_address().unwrap());
        let mut raw = Self { http: client.build().unwrap(), url, tokens: Vec::new() };
        let (secret, blinding) = (invite(desk).await.secret, Blinding::make().unwrap());
        let body = EnrolRequest { secret, blinded: blinding.elements().unwrap() }.encode().unwrap();
        let page = raw.post("/v1/enrol", body).await;
        let EnrolAnswer::Tokens(evaluation) = EnrolAnswer::decode(&page).unwrap() else { panic!("not enrolled") };
        raw.tokens = blinding.finish(&evaluation, desk.bundle().unwrap().issuer()).unwrap();
        raw
    }

    /// Sends a sealed area as a new object with a new token.
    ///
    /// # Errors
    /// The server's refusal.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn send(&mut self, lane: Lane, sealed: &[u8]) -> Result<(), Problem> {
        let (upload, object) = (UploadId(rng::bytes()), ObjectId(rng::bytes()));
        let head = Head { lane, upload, object, digest: Digest::of(sealed), token: self.tokens.pop().unwrap() };
        let answer = self.post("/v1/d", encode_body(&head, sealed).unwrap()).await;
        match Answer::decode(&answer).unwrap() {
            Answer::Accepted(_) => Ok(()),
            Answer::Refused(problem) => Err(problem),
        }
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Vec<u8> {
        let response = self.http.post(format!("{}{path}", self.url)).body(body).send().await.unwrap();
        response.bytes().await.unwrap().to_vec()
    }
}
