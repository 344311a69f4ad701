//! The hold of another process, while this one is busy with the network.
//!
//! The core looks for it before each object. That is not enough for somebody who needs the sending to stop now: an
//! object on a slow line may take minutes. So what is under way gets a moment to end in order, and is then cut off;
//! dropping it is safe, because the core stores each outcome as it comes and the same object is sent again under the
//! same id.

use std::future::Future;
use std::time::Duration;

use kapok_core::{Device, Result};

/// Between two looks for a hold.
const LOOK: Duration = Duration::from_millis(200);
/// Time to end in order.
const GRACE: Duration = Duration::from_secs(2);

/// Carries out `work`; `None` if it was cut off by a hold.
pub(crate) async fn unless_held<T>(device: &Device, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    tokio::select! {
        done = work => done.map(Some),
        held = held(device) => {
            held?;
            Ok(None)
        }
    }
}

/// Waits, but no longer than until a hold.
pub(crate) async fn pause(device: &Device, wait: Duration) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(wait) => Ok(()),
        seen = seen(device) => seen,
    }
}

async fn held(device: &Device) -> Result<()> {
    seen(device).await?;
    tokio::time::sleep(GRACE).await;
    Ok(())
}

async fn seen(device: &Device) -> Result<()> {
    while !device.is_held()? {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
