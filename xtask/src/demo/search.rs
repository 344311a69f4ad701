//! Every byte of every folder, searched for ten markers; and the same search over a planted plain file.

use std::fs;

use crate::demo::scan::{Found, Scanner, plant};
use crate::demo::stage::Stage;
use crate::demo::story::Story;
use crate::demo::{chapter, check, checked};
use crate::run::{Done, Failure};

/// Finds none of the markers in these folders, or fails.
pub(crate) fn run(stage: &Stage, story: &Story, when: &str, folders: &[&str]) -> Done {
    chapter(&format!("Every byte searched for ten markers, {when}"));
    let markers = story.markers()?;
    let scanner = Scanner::new(&markers)?;
    println!(
        "  (six phrases of the answers, the file name and the EXIF words of the photo, 32 bytes each of photo and recording)"
    );
    for folder in folders {
        let mut found = Found::default();
        scanner.scan(&stage.path(folder), &mut found)?;
        let Found { files, bytes, .. } = found;
        if bytes == 0 || markers.len() != 10 {
            return Err(Failure::new(format!("nothing was searched in `{folder}`")));
        }
        let seen = found.markers();
        check(seen == 0, &format!("{folder}: {seen} of 10 markers in {files} files, {bytes} bytes"))?;
    }
    Ok(())
}

/// The control: the search must find what lies there in plain.
pub(crate) fn control(stage: &Stage, story: &Story) -> Done {
    let folder = stage.path("planted");
    fs::create_dir_all(&folder)?;
    let markers = story.markers()?;
    plant(&folder.join("plain.bin"), &markers)?;
    let mut found = Found::default();
    Scanner::new(&markers)?.scan(&folder, &mut found)?;
    let forms: usize = markers.iter().map(|marker| marker.forms.len()).sum();
    if (found.markers(), found.forms()) != (markers.len(), forms) {
        return Err(Failure::new(format!("the search found only {} of {forms} planted forms", found.forms())));
    }
    checked(&format!("control, a file with all of them in plain: all 10 found, in all {forms} ways of writing them"));
    fs::remove_dir_all(folder)?;
    Ok(())
}
