//! Names of routes.

/// A way to the server. More come with their own issues; a name never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteId {
    /// Straight to the server, over TLS that trusts the organisation's root and pins only.
    Direct,
}
