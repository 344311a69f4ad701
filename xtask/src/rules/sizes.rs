//! One idea per file: no Rust file over 600 lines, tests included. A long file is split by idea, never by number.

use crate::files::{self, SourceFile};
use crate::rules::none_of;
use crate::run::Done;

const LIMIT: usize = 600;

/// Checks the project's own files and prints their median, which should stay at 150 or below.
pub(crate) fn run() -> Done {
    let files = files::all()?;
    let mut lengths: Vec<(usize, &str)> = rust(&files).map(|file| (lines(file), file.path.as_str())).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).map_or(0, |(lines, _)| *lines);
    let longest = lengths.last().map_or(0, |(lines, _)| *lines);
    println!("{} Rust files, median {median} lines, longest {longest}", lengths.len());
    none_of(too_long(&files), "files too long to hold one idea")
}

fn rust(files: &[SourceFile]) -> impl Iterator<Item = &SourceFile> {
    files.iter().filter(|file| file.has_extension("rs"))
}

fn lines(file: &SourceFile) -> usize {
    file.text().map_or(0, |text| text.lines().count())
}

fn too_long(files: &[SourceFile]) -> Vec<String> {
    let long = rust(files).filter(|file| lines(file) > LIMIT);
    long.map(|file| format!("{}: {} lines, at most {LIMIT}", file.path, lines(file))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_601_lines_is_found_and_one_of_600_is_not() {
        let long = files::fake("a/src/long.rs", &"\n".repeat(601));
        let fits = files::fake("a/src/fits.rs", &"\n".repeat(600));
        let page = files::fake("docs/long.md", &"\n".repeat(2_000));
        assert_eq!(too_long(&[long, fits, page]), ["a/src/long.rs: 601 lines, at most 600"]);
    }
}
