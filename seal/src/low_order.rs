//! Finds X25519 points that give every peer the same shared secret: zero.
//!
//! Such a "key" protects nothing, the age crate panics when it seals to one, and the format asks readers to refuse one
//! in a stanza. The age crate knows the test but offers it only inside unwrapping, so that is where it is asked: a
//! second implementation of the curve, or a copied list of points, would be one more thing to get wrong.

use age::Identity as _;
use age_core::format::Stanza;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::{bech, identity};

/// Whether `point` has low order. The scalar is no secret: any clamped scalar gives zero for these points only.
pub(crate) fn is_low_order(point: &[u8]) -> bool {
    let scalar = bech::upper(identity::X25519_PREFIX, &[0x40; 32]);
    let probe: age::x25519::Identity = scalar.parse().expect("a constant of the right length");
    let stanza =
        Stanza { tag: "X25519".to_owned(), args: vec![BASE64_STANDARD_NO_PAD.encode(point)], body: vec![0; 32] };
    // An error is a share of low order or of the wrong length; a usable share merely does not match.
    matches!(probe.unwrap_stanza(&stanza), Some(Err(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_one_and_their_second_spellings_are_of_low_order() {
        let mut one = [0; 32];
        one[0] = 1;
        let mut prime = [0xff; 32];
        prime[0] = 0xed;
        prime[31] = 0x7f;
        let mut zero_with_the_ignored_bit = [0; 32];
        zero_with_the_ignored_bit[31] = 0x80;
        for point in [[0; 32], one, prime, zero_with_the_ignored_bit] {
            assert!(is_low_order(&point));
        }
    }

    #[test]
    fn the_base_point_and_random_points_are_usable() {
        let mut base = [0; 32];
        base[0] = 9;
        assert!(!is_low_order(&base));
        for _ in 0..20 {
            assert!(!is_low_order(&kapok_wire::rng::bytes::<32>()));
        }
    }
}
