//! What is reported in the demo: an invented arrest in Khmer, a photo and a recording, and the ten markers that
//! must not be found anywhere outside the sealed report.

use std::fs;
use std::path::{Path, PathBuf};

use crate::demo::scan::Marker;
use crate::demo::{photo, speech};
use crate::run::Done;

/// The eight questions, answered in Khmer.
const ANSWERS: &str = include_str!("answers.json");

/// Words of the answers that serve as markers.
const WORDS: [&str; 6] = ["សាកល្បង តារា", "តាគំរូ", "ក្បែរវត្តប្រលោមលោក", "រថយន្តពណ៌ស គ្មានផ្លាកលេខ", "មិនមានអ្នកណាបង្ហាញដីកាទេ", "បងស្រីគំរូ"];

const PHOTO_NAME: &str = "រូបថតផ្សារ";

/// The files that the reporter has before the report begins.
pub(crate) struct Story {
    pub(crate) answers: PathBuf,
    pub(crate) photo: PathBuf,
    pub(crate) recording: PathBuf,
}

impl Story {
    /// Makes the files in `folder`.
    pub(crate) fn make(folder: &Path) -> Done<Self> {
        let story = Self {
            answers: folder.join("answers.json"),
            photo: folder.join(format!("{PHOTO_NAME}.jpg")),
            recording: folder.join("testimony.wav"),
        };
        fs::write(&story.answers, ANSWERS)?;
        photo::make(&story.photo, "ច្រកទ្វារផ្សារ")?;
        speech::make(&story.recording)?;
        Ok(story)
    }

    /// Who was taken; the desk has to show it.
    pub(crate) fn name(&self) -> &'static str {
        let [name, ..] = WORDS;
        name
    }

    /// Six phrases, a file name, a word of the EXIF data, and a piece each of photo and recording.
    pub(crate) fn markers(&self) -> Done<Vec<Marker>> {
        let mut markers: Vec<Marker> = WORDS.iter().map(|words| Marker::text(words)).collect();
        markers.push(Marker::text(PHOTO_NAME));
        markers.push(Marker::text(photo::DESCRIPTION));
        for (name, file) in [("a piece of the photo", &self.photo), ("a piece of the recording", &self.recording)] {
            let bytes = fs::read(file)?;
            markers.push(Marker::bytes(name, &bytes, bytes.len() / 2)?);
        }
        Ok(markers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_word_is_in_the_answers_as_the_phone_gets_them() {
        for words in WORDS {
            assert!(ANSWERS.contains(words), "{words}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(ANSWERS).unwrap().is_object());
    }
}
