//! Saving one answer durably: how long, how much is written, and beside it what the same disk does for plain SQLite.

use std::path::Path;
use std::time::Instant;

use kapok_core::{Clock as _, Device, DraftId, SystemClock};
use serde_json::json;

use super::plain::Plain;
use super::vaults::{add_draft, answers, create, fill, summary};
use super::{Outcome, Trouble, process};

/// Drafts that lie in the vault.
const DRAFTS: usize = 100;
/// Which story the draft tells that is saved again and again.
const STORY: usize = 1;

/// Saves `count` times. On standard error it says when saving begins and ends, so that a tracer can count flushes.
pub(crate) fn traced(folder: &Path, count: usize) -> Outcome {
    let (device, draft) = hundred(folder)?;
    let texts = (0..count).map(|number| answers(&device, STORY, number)).collect::<Result<Vec<_>, _>>()?;
    eprintln!("saving begins");
    for text in &texts {
        device.save_answers(draft, text, SystemClock.now())?;
    }
    eprintln!("saving ends");
    Ok(json!({ "count": count }))
}

/// Saves `count` times, and after each save lets plain SQLite insert and update a row as long as the draft's answers, and
/// a plain file take one flush of as many bytes as the save wrote.
pub(crate) fn beside(folder: &Path, file: &Path, count: usize) -> Outcome {
    let (device, draft) = hundred(folder)?;
    compare(&device, draft, file, count)
}

/// The same for a vault that is full to so many hundredths.
pub(crate) fn at(folder: &Path, file: &Path, percent: usize, count: usize) -> Outcome {
    let device = create(folder)?;
    let draft = fill(&device, percent as u64)?;
    compare(&device, draft, file, count)
}

fn hundred(folder: &Path) -> Result<(Device, DraftId), Trouble> {
    let device = create(folder)?;
    let mut drafts = Vec::new();
    for number in 0..DRAFTS {
        drafts.push(add_draft(&device, number)?);
    }
    let middle = drafts.get(DRAFTS / 2).ok_or("no draft")?;
    Ok((device, *middle))
}

fn compare(device: &Device, draft: DraftId, file: &Path, count: usize) -> Outcome {
    let now = SystemClock.now();
    // As many steps back as a draft keeps: each save after that costs the same.
    for number in 0..25 {
        device.save_answers(draft, &answers(device, STORY, number)?, now)?;
    }
    let before = process::written()?;
    device.save_answers(draft, &answers(device, STORY, 26)?, now)?;
    let bytes = usize::try_from(process::written()? - before)?;
    let row = device.answers(draft)?.to_json().len();
    let drafts = device.drafts()?.len();

    let mut plain = Plain::start(file, &[drafts, row, bytes])?;
    let (mut ours, mut insert, mut update, mut flush) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..count {
        let text = answers(device, STORY, number)?;
        let start = Instant::now();
        device.save_answers(draft, &text, now)?;
        ours.push(start.elapsed());
        insert.push(plain.time("insert")?);
        update.push(plain.time("update")?);
        flush.push(plain.time("flush")?);
    }
    plain.end()?;
    Ok(json!({
        "drafts": drafts,
        "row_bytes": row,
        "bytes": bytes,
        "kapok": summary(ours),
        "insert": summary(insert),
        "update": summary(update),
        "flush": summary(flush),
    }))
}
