//! Replies: one status, one content type, no other header; and the time at which they may leave.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use kapok_wire::Problem;
use kapok_wire::answer::Ack;
use tokio::time::{Instant, sleep_until};

/// A reply with these bytes.
pub(super) fn reply(bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

/// The acknowledgement of the desk's requests, and of what has no other form.
pub(super) fn ack(result: Result<(), Problem>) -> Response<Body> {
    let ack = match result {
        Ok(()) => Ack::Done,
        Err(problem) => Ack::Refused(problem),
    };
    reply(ack.encode())
}

/// Waits until a whole multiple of `floor` has passed `since`. Waiting for *at least* `floor` was rejected: under
/// load, whatever takes longer would show its own time again.
pub(super) async fn hold(floor: Duration, since: Instant) {
    if floor.is_zero() {
        return;
    }
    let steps = since.elapsed().as_nanos() / floor.as_nanos() + 1;
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    sleep_until(since + floor.saturating_mul(steps)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_leaves_at_a_multiple_of_the_floor() {
        let floor = Duration::from_millis(40);
        for work in [0, 10, 50] {
            let since = Instant::now();
            tokio::time::sleep(Duration::from_millis(work)).await;
            hold(floor, since).await;
            let steps = since.elapsed().as_millis() / 40;
            assert_eq!(steps, u128::from(work / 40 + 1), "after {work} ms of work");
        }
        let since = Instant::now();
        hold(Duration::ZERO, since).await;
        assert!(since.elapsed() < floor, "control: without a floor nothing waits");
    }
}
