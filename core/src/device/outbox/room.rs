//! Room in the queue: what was sent long ago makes way for what still waits.
//!
//! The queue file has a fixed size, and every receipt takes room in it. Without this, after some thousand objects no
//! receipt could be stored any more, so no slot would come free and nothing could be sent or finished again.

use kapok_wire::Lane;
use rusqlite::{Connection, params};

use crate::error::Result;

/// A report of which nothing waits and whose draft is forgotten.
const SENT: &str = "report.day IS NULL AND NOT EXISTS
    (SELECT 1 FROM object WHERE object.report = report.id AND object.slot IS NOT NULL)";

/// Unspent tokens that are kept when room is short: as many as packets fit the default pool.
const TOKENS_KEPT: u32 = 1_024;

/// Takes away spent tokens of reports that were sent. While the queue is more than half full, what is known of the chunks
/// of the oldest sent reports goes too, then tokens beyond any need; past three quarters the oldest sent reports
/// themselves. Nothing that waits is touched.
pub(super) fn make(db: &Connection) -> Result<()> {
    db.execute(
        &format!(
            "DELETE FROM token WHERE upload IN (SELECT upload FROM object JOIN report ON report.id = report WHERE {SENT})"
        ),
        [],
    )?;
    while quarters(db)? >= 2 && (forget_chunks(db)? || forget_tokens(db)?) {}
    while quarters(db)? >= 3 && forget_report(db)? {}
    Ok(())
}

/// Whole quarters of the queue that are full.
fn quarters(db: &Connection) -> Result<i64> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok((number("page_count")? - number("freelist_count")?) * 4 / number("max_page_count")?.max(1))
}

/// They came with invites that were used while others were left.
fn forget_tokens(db: &Connection) -> Result<bool> {
    let spare = "DELETE FROM token WHERE upload IS NULL AND nonce NOT IN
        (SELECT nonce FROM token WHERE upload IS NULL LIMIT ?1)";
    Ok(db.execute(spare, [TOKENS_KEPT])? > 0)
}

/// The packet's receipt stays: the packet names every chunk, so the desk can tell what is missing.
fn forget_chunks(db: &Connection) -> Result<bool> {
    let gone = db.execute(
        &format!(
            "DELETE FROM object WHERE lane = ?1 AND report =
                 (SELECT min(report.id) FROM report JOIN object ON object.report = report.id WHERE lane = ?1 AND {SENT})"
        ),
        params![Lane::Media.code()],
    )?;
    Ok(gone > 0)
}

fn forget_report(db: &Connection) -> Result<bool> {
    let oldest = format!("SELECT min(report.id) FROM report WHERE {SENT}");
    db.execute(&format!("DELETE FROM object WHERE report = ({oldest})"), [])?;
    Ok(db.execute(&format!("DELETE FROM report WHERE id = ({oldest})"), [])? > 0)
}
