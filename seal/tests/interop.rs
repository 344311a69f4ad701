//! Ours against the rest of the world: another age implementation, the public age vectors, and what earlier versions of
//! ourselves wrote.
//!
//! Needs Node and `npm ci --prefix tests/interop`; says so if either is missing.

#[cfg(test)]
mod cases {
    mod committed;
    mod node;
    mod other_age;
    mod public_vectors;
}
