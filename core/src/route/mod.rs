//! Routes: the ways out of the device.

mod id;

pub use id::RouteId;
