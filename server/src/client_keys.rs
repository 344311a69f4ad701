//! The client keys of desks that may pull and publish: added and removed from the command line, also while the server runs.

use std::collections::HashSet;
use std::path::Path;

use kapok_wire::tls::Pin;

use crate::Error;
use crate::db::Db;

/// Reads a key's SHA-256 as `kapok-desk` prints it.
///
/// # Errors
/// [`Error::BadFingerprint`] if it is not 64 hexadecimal digits.
pub fn parse(text: &str) -> Result<Pin, Error> {
    text.trim().parse().map_err(|_| Error::BadFingerprint)
}

/// Registers a client key. Twice is once.
///
/// # Errors
/// [`Error::NoServer`] if no server was started in `data`, or the database's errors.
pub fn add(data: &Path, key: Pin) -> Result<(), Error> {
    Db::open_existing(data)?.write(|tx| {
        tx.execute("INSERT INTO client_key (fingerprint) VALUES (?) ON CONFLICT DO NOTHING", [key.0])?;
        Ok(())
    })
}

/// Removes a client key; its next request is refused.
///
/// # Errors
/// [`Error::UnknownKey`] if it was not registered: whoever removes a stolen key must not take a slip of the pen for
/// done. Else as [`add`].
pub fn remove(data: &Path, key: Pin) -> Result<(), Error> {
    let remove = "DELETE FROM client_key WHERE fingerprint = ?";
    match Db::open_existing(data)?.write(|tx| Ok::<_, Error>(tx.execute(remove, [key.0])?))? {
        0 => Err(Error::UnknownKey),
        _ => Ok(()),
    }
}

/// All registered client keys, in order.
///
/// # Errors
/// As [`add`].
pub fn list(data: &Path) -> Result<Vec<Pin>, Error> {
    let mut keys: Vec<_> = registered(&Db::open_existing(data)?)?.into_iter().collect();
    keys.sort();
    Ok(keys)
}

pub(crate) fn registered(db: &Db) -> Result<HashSet<Pin>, Error> {
    db.read(|connection| {
        let mut all = connection.prepare_cached("SELECT fingerprint FROM client_key")?;
        all.query_map([], |row| row.get("fingerprint").map(Pin))?.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_printed() {
        let key = Pin([0xa7; 32]);
        assert_eq!(parse(&key.to_string()).unwrap(), key);
        assert_eq!(parse(&key.to_string().to_uppercase()).unwrap(), key);
        assert_eq!(parse(&format!(" {key}\n")).unwrap(), key, "copied with the space around it");
        for bad in ["", "a7", &"g".repeat(64), &"a".repeat(65), &"é".repeat(64)] {
            assert!(matches!(parse(bad), Err(Error::BadFingerprint)), "{bad}");
        }
    }
}
