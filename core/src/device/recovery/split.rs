//! Splitting and combining: checks around the crate that does the arithmetic (ADR 16).

use std::convert::Infallible;

use kapok_wire::rng;
use rand_core_10::{TryCryptoRng, TryRng};
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use super::error::ShareError;
use super::share::{RecoveryShare, ShareSet};
use crate::error::{Error, Result};
use crate::vault::RecoverySecret;

/// People at most.
pub(super) const MOST: u8 = 10;

/// Splits a secret into `people` shares, of which any `needed` give it back and fewer say nothing.
pub(super) fn split(secret: &RecoverySecret, people: u8, needed: u8) -> Result<Vec<RecoveryShare>> {
    fit(people, needed)?;
    let set = ShareSet { needed, people, id: rng::bytes() };
    // EXPOSE: this is what sharing it is.
    let values = Gf256::split_bytes(needed.into(), people.into(), secret.expose(), System).map_err(|_| Error::Store)?;
    values.into_iter().map(Zeroizing::new).map(|value| RecoveryShare::new(set, &value).ok_or(Error::Store)).collect()
}

/// Whether so many people can share.
pub(super) fn fit(people: u8, needed: u8) -> Result<(), ShareError> {
    if (2..=MOST).contains(&people) && (2..=people).contains(&needed) {
        Ok(())
    } else {
        Err(ShareError::Numbers { most: MOST })
    }
}

/// Puts the secret together. What it opens is for the vault to say: shares do not know whether they are genuine.
pub(super) fn combine(shares: &[RecoveryShare]) -> Result<RecoverySecret> {
    let first = shares.first().ok_or(ShareError::TooFew { missing: 2 })?;
    for (at, share) in shares.iter().enumerate() {
        share.fits(shares.get(..at).unwrap_or_default())?;
    }
    let needed = first.needed();
    let missing = usize::from(needed).saturating_sub(shares.len());
    if missing > 0 {
        return Err(ShareError::TooFew { missing: u8::try_from(missing).unwrap_or(MOST) }.into());
    }
    let values: Vec<_> = shares.iter().take(needed.into()).map(RecoveryShare::expose_value).collect();
    // The crate takes vectors of its own; they are wiped like ours.
    let mut plain: Vec<Vec<u8>> = values.iter().map(|value| value.to_vec()).collect();
    let secret = Gf256::combine_bytes(&plain).map(Zeroizing::new);
    zeroize::Zeroize::zeroize(&mut plain);
    RecoverySecret::from_slice(&secret.map_err(|_| ShareError::OtherDevice)?).ok_or(ShareError::OtherDevice.into())
}

/// The system's generator in the shape that the crate takes.
struct System;

impl TryRng for System {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(rng::bytes()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(rng::bytes()))
    }
    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        rng::fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for System {}
