//! Looks for markers in what a child process can write to in its memory.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use crate::scan::{Hit, Scanner};

/// Searches every readable and writable mapping of a process that stands still: hits, and how many bytes there were.
///
/// # Errors
/// If the process is gone or may not be looked at.
pub fn scan(pid: u32, scanner: &Scanner) -> io::Result<(Vec<Hit>, u64)> {
    let (mut hits, mut total) = (Vec::new(), 0);
    each_mapping(pid, |range, from, bytes| {
        total += bytes.len() as u64;
        hits.extend(scanner.scan_plain(bytes, (&PathBuf::from(range), from)));
    })?;
    Ok((hits, total))
}

/// Gives every readable and writable mapping of a process that stands still: its range in words, where it begins, and its
/// bytes. Only a parent may ask, on most systems.
///
/// # Errors
/// If the process is gone or may not be looked at.
pub fn each_mapping(pid: u32, mut give: impl FnMut(&str, u64, &[u8])) -> io::Result<()> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut memory = File::open(format!("/proc/{pid}/mem"))?;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let Some((from, to)) = range.split_once('-') else { continue };
        let number = |text| u64::from_str_radix(text, 16).map_err(|_| io::ErrorKind::InvalidData);
        let (from, to) = (number(from)?, number(to)?);
        memory.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        // A guard page in the middle ends the reading of its mapping.
        if memory.by_ref().take(to - from).read_to_end(&mut bytes).is_ok() || !bytes.is_empty() {
            give(range, from, &bytes);
        }
    }
    Ok(())
}
