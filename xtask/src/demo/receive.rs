//! The desk pulls, opens, shows the case, and compares every byte of the attachments with the originals.

use std::fs;
use std::path::{Path, PathBuf};

use crate::demo::stage::{Call, Stage, codes_in};
use crate::demo::story::Story;
use crate::demo::{chapter, check, photo};
use crate::run::{Cmd, Done};

/// Pulls and opens the report with this code.
pub(crate) fn run(stage: &Stage, story: &Story, code: &str) -> Done {
    chapter("The desk pulls and opens it");
    let desk = |line| Call::new("kapok-desk", "--dir desk").words(line);
    stage.run(&desk("pull"), 0)?;
    let list = stage.run(&desk("list").secret(), 0)?;
    check(codes_in(&list) == [code], "exactly one report arrived, in spite of the kill and the retries")?;
    let case = stage.run(&desk("show").arg(code).secret(), 0)?;
    check(case.contains(story.name()), "the desk reads the name that the phone can no longer show")?;
    let before = files_below(&stage.path("desk"))?.len();
    stage.run(&desk("verify").secret(), 0)?;
    check(files_below(&stage.path("desk"))?.len() == before, "opening wrote no file")?;

    let extract = desk("show").arg(code).words("--extract extracted").secret();
    stage.run(&extract.fold("— ខ្មែរ —", "— Attachments —"), 0)?;
    let extracted = files_below(&stage.path("extracted"))?;
    for original in [&story.photo, &story.recording] {
        let bytes = fs::read(original)?;
        let same = extracted.iter().any(|file| fs::read(file).is_ok_and(|copy| copy == bytes));
        let hash = Cmd::new("sha256sum").arg(original).capture()?;
        let hash = hash.split_whitespace().next().unwrap_or_default().to_owned();
        check(same, &format!("an attachment equals its original: {} bytes, SHA-256 {hash}", bytes.len()))?;
    }
    let place = photo::labels(&story.photo)?;
    let photos = extracted.iter().filter(|file| photo::labels(file).is_ok_and(|labels| labels == place));
    check(photos.count() == 1, &format!("the photo still says camera and place: {place}"))
}

fn files_below(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    Ok(files)
}
