//! A body of a wrong length is refused before it is read. reqwest always sends what it has, so this speaks HTTP/2 by
//! hand with a body that stalls.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::timeout;

use crate::support::{World, tls};

/// Sends `first` and then nothing, but never says that it ended.
pub(crate) struct Stalled(pub(crate) Option<Bytes>);

impl Body for Stalled {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.take().map_or(Poll::Pending, |first| Poll::Ready(Some(Ok(Frame::data(first)))))
    }
}

/// Sends a stalled body that announces `length`.
async fn ask(world: &World, path: &str, length: Option<&str>) -> Option<Response<Incoming>> {
    let stream = tls(&world.server.card, 1).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut request = Request::post(format!("{}{path}", world.device.url));
    if let Some(length) = length {
        request = request.header("content-length", length);
    }
    let request = request.body(Stalled(Some(Bytes::from_static(&[1; 100])))).unwrap();
    let answer = timeout(Duration::from_millis(1_500), sender.send_request(request)).await;
    driver.abort();
    answer.ok().map(Result::unwrap)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_length_is_refused_without_reading_the_body() {
    let world = World::new().await;
    for length in [None, Some("16383"), Some("16385"), Some("65537"), Some("4000000000")] {
        let answer = ask(&world, "/v1/d", length).await.unwrap_or_else(|| panic!("no answer to {length:?}"));
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-length"], "1024", "{length:?}");
    }
    let enrolment = ask(&world, "/v1/enrol", Some("16385")).await.unwrap();
    assert_eq!(enrolment.headers()["content-length"], "65536");
    for length in ["16384", "65536"] {
        assert!(ask(&world, "/v1/d", Some(length)).await.is_none(), "control: {length} waits for the body");
    }
}
