//! Runs `kapok-measure`, one process a measurement, and reads its line of JSON.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::run::{Cmd, Done, Failure, root};

/// Runs of each side; the median is told.
pub(crate) const RUNS: usize = 5;

/// Builds the programs in the release profile and empties the working folder.
pub(crate) fn prepare() -> Done {
    Cmd::cargo("build --release --workspace --bins --locked --quiet").stream()?;
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder)?;
    Ok(())
}

/// A release program.
pub(crate) fn program(name: &str) -> PathBuf {
    root().join("target/release").join(name)
}

/// Where measurements write. On the disk that holds the project: a memory disk would flush for nothing.
pub(crate) fn folder() -> PathBuf {
    root().join("target/bench")
}

/// A fresh name below [`folder`].
pub(crate) fn fresh(name: &str) -> Done<PathBuf> {
    let path = folder().join(name);
    if path.is_dir() {
        fs::remove_dir_all(&path)?;
    } else if path.exists() {
        fs::remove_file(&path)?;
    }
    Ok(path)
}

/// Runs one measurement, in front of which `wrapper` may stand.
pub(crate) fn run(wrapper: &[&str], words: &[&str]) -> Done<Value> {
    let own = program("kapok-measure").display().to_string();
    let mut all = wrapper.iter().copied().chain([own.as_str()]).chain(words.iter().copied());
    let first = all.next().unwrap_or_default().to_owned();
    let line = all.fold(Cmd::new(first), |cmd, word| cmd.arg(word)).capture()?;
    serde_json::from_str(line.trim()).map_err(|error| Failure::new(format!("kapok-measure printed no JSON: {error}")))
}

/// A number of a measurement.
pub(crate) fn number(value: &Value, name: &str) -> Done<f64> {
    value.get(name).and_then(Value::as_f64).ok_or_else(|| Failure::new(format!("the measurement has no `{name}`")))
}

/// A part of a measurement, which has numbers of its own.
pub(crate) fn part<'a>(value: &'a Value, name: &str) -> Done<&'a Value> {
    value.get(name).ok_or_else(|| Failure::new(format!("the measurement has no `{name}`")))
}

/// The median of `numbers`.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn a_missing_number_is_named() {
        let said = number(&serde_json::json!({ "a": 1 }), "b").unwrap_err().to_string();
        assert!(said.contains("`b`"));
    }
}
