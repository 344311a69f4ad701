//! The evidence manifest: what is attached, described without naming it.
//!
//! Hash, size, kind and number of chunks travel with the triage document, so that the desk can check an attachment and
//! see that all of it arrived. The file's name and the key that opens the content travel with the identities.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zeroize::Zeroize as _;

/// What an attachment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A photo.
    Photo,
    /// Sound, a voice note included.
    Audio,
    /// A video.
    Video,
    /// A document.
    Document,
    /// A picture of a screen.
    Screenshot,
    /// A link.
    Link,
    /// Anything else, and kinds that a newer version wrote.
    #[serde(other)]
    Other,
}

impl EvidenceKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Photo, Self::Audio, Self::Video, Self::Document, Self::Screenshot, Self::Link, Self::Other];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
            Self::Screenshot => "screenshot",
            Self::Link => "link",
            Self::Other => "other",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind that a sniffed media type suggests.
    #[must_use]
    pub fn of_mime(mime: &str) -> Self {
        match mime.split('/').next() {
            Some("image") => Self::Photo,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            Some("text") => Self::Document,
            _ if mime == "application/pdf" => Self::Document,
            _ => Self::Other,
        }
    }
}

/// Where an attachment came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceOrigin {
    /// Captured in the app.
    CapturedInApp,
    /// A picture of a screen.
    Screenshot,
    /// Received from a person.
    ReceivedFromPerson,
    /// Recorded from a broadcast.
    RecordedBroadcast,
    /// Captured from the web.
    WebCapture,
    /// A file that was there before; also what a newer version wrote and this one does not know.
    #[serde(other)]
    ImportedFile,
}

/// The item key of an attachment, as base64 text made by the sealing layer: the form in which the sealed report carries
/// it, which is why this secret can be written and copied with its document. Wiped on drop; `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaKey(String);

impl MediaKey {
    /// Wraps the text of a key.
    #[must_use]
    pub fn from_base64(text: String) -> Self {
        Self(text)
    }

    /// The text of the key, for the sealing layer. Each use says why in a line `// EXPOSE: …`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for MediaKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKey([redacted])")
    }
}

/// One attachment as the caller describes it; [`crate::Body::build`] splits it between the documents.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// What anyone with the triage document may know.
    pub item: EvidenceItem,
    /// What only the holders of the identities document may know.
    pub private: EvidencePrivate,
}

/// The triage part of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceItem {
    /// Names the attachment within its report.
    pub evidence_id: String,
    /// What it is.
    pub kind: EvidenceKind,
    /// Media type, sniffed from the content.
    pub mime: String,
    /// Length of the original bytes.
    pub size: u64,
    /// SHA-256 of the original bytes, in hex.
    pub sha256: String,
    /// Where it came from.
    pub origin: EvidenceOrigin,
    /// Number of chunks with content (padding chunks not counted).
    pub chunks: u32,
    /// Members written by a newer version.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

/// The identities part of the manifest. `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidencePrivate {
    /// The file's name as it was on the device, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key that opens the content.
    pub key: MediaKey,
    /// Members written by a newer version.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

impl fmt::Debug for EvidencePrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EvidencePrivate([redacted])")
    }
}

impl EvidenceItem {
    /// The same item with every text reduced to what it is allowed to be: id and hash are hex or base64 letters, the
    /// media type is a media type. A file name that a caller put there by mistake does not reach the triage document.
    pub(crate) fn guarded(mut self) -> Self {
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        if !plain(&self.evidence_id) {
            self.evidence_id = kapok_wire::Digest::of(self.evidence_id.as_bytes()).to_string();
            self.evidence_id.truncate(16);
        }
        if !(self.sha256.len() == 64 && self.sha256.bytes().all(|b| b.is_ascii_hexdigit())) {
            self.sha256 = String::new();
        }
        if !is_mime(&self.mime) {
            self.mime = "application/octet-stream".into();
        }
        self.rest = BTreeMap::new();
        self
    }
}

fn is_mime(text: &str) -> bool {
    const TOP: [&str; 7] = ["application", "audio", "font", "image", "model", "text", "video"];
    let Some((top, sub)) = text.split_once('/') else { return false };
    TOP.contains(&top)
        && !sub.is_empty()
        && sub.len() <= 80
        && sub.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_key_nor_file_name() {
        let key = MediaKey::from_base64("AAAA".into());
        assert_eq!(format!("{key:?}"), "MediaKey([redacted])");
        let private = EvidencePrivate { name: Some("Sok Example.jpg".into()), key, rest: BTreeMap::new() };
        assert_eq!(format!("{private:?}"), "EvidencePrivate([redacted])");
    }
}
