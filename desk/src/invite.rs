//! Invites: made here, registered at the server by their hash, shown once.

use kapok_wire::registration::InviteRegistration;
use kapok_wire::{Hour, Invite, InviteSecret};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::error::Error;
use crate::store::folder::Folder;

/// A fresh invite of this desk's organisation and what the server has to know about it.
///
/// The secret lives in the invite alone; once it is printed, only its hash is anywhere.
///
/// # Errors
/// [`Error::NoBundle`], [`Error::Bundle`], [`Error::Card`], [`Error::Invite`].
pub fn make(folder: &Folder, hours: u64, now: u64) -> Result<(String, InviteRegistration), Error> {
    let card = folder.card()?;
    let secret = InviteSecret::make();
    let expires = Hour(Hour::from_unix_seconds(now).0.saturating_add(hours));
    let registration = InviteRegistration { secret_hash: secret.hash(), expires };
    let invite = Invite {
        roots: folder.bundle()?.content().root_hashes()?,
        pin: card.pin()?,
        secret,
        expires,
        address: card.device_address()?.to_string(),
    };
    Ok((invite.encode()?, registration))
}

/// The invite as a QR code in half blocks: two modules a character, dark on light whatever the terminal's colours.
///
/// # Errors
/// [`Error::QrTooLong`].
pub fn qr(text: &str) -> Result<String, Error> {
    // On a screen nothing gets dirty, so the lowest correction keeps the code small enough for 80 columns.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| Error::QrTooLong)?;
    // Terminals are mostly light on dark: the blocks are the light modules, the quiet zone included.
    let mut image = code.render::<Dense1x2>();
    image.dark_color(Dense1x2::Dark).light_color(Dense1x2::Light);
    Ok(image.quiet_zone(true).module_dimensions(1, 1).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_usual_invite_fits_a_terminal_of_80_columns() {
        let invite = Invite {
            roots: kapok_wire::bundle::RootHashes([[1; 32]; 3]),
            pin: kapok_wire::tls::Pin([2; 32]),
            secret: InviteSecret::make(),
            expires: Hour(498_000),
            address: "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535".to_owned(),
        };
        let image = qr(&invite.encode().unwrap()).unwrap();
        assert!(image.lines().all(|line| line.chars().count() <= 79), "{}", image.lines().next().unwrap().len());
        assert!(image.lines().count() <= 40);
        assert!(image.chars().all(|c| "█▀▄ \n".contains(c)));
        assert!(matches!(qr(&"A".repeat(9_000)), Err(Error::QrTooLong)));
    }
}
