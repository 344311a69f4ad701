//! What a start says: lines for a person, and one line of JSON for scripts.
//!
//! On a terminal the JSON line is left out: nobody reads it there, and it buries what a person needs. A pipe or a file
//! gets both, since whoever starts a server from a script wants them in its log.

use std::path::{Path, PathBuf};

use kapok_server::{Server, client_keys};

use crate::args::DEFAULT_DATA;

/// What a running server says about itself.
pub(crate) struct Ready {
    listen: String,
    desk_listen: String,
    pin: String,
    data: PathBuf,
    card: PathBuf,
    /// No desk can pull yet.
    keyless: bool,
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A path as a shell takes it: in quotes if it has anything but plain characters.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

impl Ready {
    pub(crate) fn new(server: &Server, data: &Path) -> Self {
        Self {
            listen: server.listen().to_string(),
            desk_listen: server.desk_listen().to_string(),
            pin: server.pin().to_string(),
            data: data.to_owned(),
            card: absolute(server.card_path()),
            keyless: client_keys::list(data).is_ok_and(|keys| keys.is_empty()),
        }
    }

    /// All lines, in order.
    pub(crate) fn lines(&self, terminal: bool) -> Vec<String> {
        let mut lines = vec![
            format!("Devices connect to: {}", self.listen),
            format!("The desk connects to: {}", self.desk_listen),
            format!("Pin: {}", self.pin),
            format!("Data folder: {}", absolute(&self.data).display()),
            format!("Card for the desk: {}", self.card.display()),
        ];
        if self.keyless {
            let default = self.data == Path::new(DEFAULT_DATA);
            let data = if default { String::new() } else { format!(" --data {}", quoted(&self.data)) };
            lines.push(format!("No client key is registered yet; run: kapok-server desk add FINGERPRINT{data}"));
        }
        if terminal {
            lines.push("Ready. Ctrl-C stops it; what it has acknowledged is stored.".to_owned());
        } else {
            lines.push(self.json().to_string());
        }
        lines
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "ready": 1,
            "listen": self.listen,
            "desk_listen": self.desk_listen,
            "pin": self.pin,
            "card": self.card,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(data: &str) -> Ready {
        Ready {
            listen: "192.0.2.1:8443".to_owned(),
            desk_listen: "192.0.2.1:8444".to_owned(),
            pin: "ab".repeat(32),
            data: data.into(),
            card: "/invented/server-card.json".into(),
            keyless: true,
        }
    }

    #[test]
    fn a_terminal_gets_lines_for_a_person_and_a_pipe_ends_with_json() {
        let ready = ready("/invented");
        let person = ready.lines(true);
        for part in ["192.0.2.1:8443", "192.0.2.1:8444", &ready.pin, "Data folder: /invented", "Ctrl-C"] {
            assert!(person.iter().any(|line| line.contains(part)), "{part}");
        }
        assert!(!person.iter().any(|line| line.starts_with('{')));
        let script = ready.lines(false);
        let json: serde_json::Value = serde_json::from_str(script.last().unwrap()).unwrap();
        assert_eq!((&json["ready"], &json["listen"]), (&1.into(), &"192.0.2.1:8443".into()));
        assert_eq!(script[..5], person[..5], "a log has the same lines");
    }

    #[test]
    fn the_next_command_names_the_data_folder_if_it_is_not_the_default() {
        let hint = |data| ready(data).lines(true).into_iter().find(|line| line.contains("desk add")).unwrap();
        assert!(hint("/invented").ends_with("FINGERPRINT --data /invented"));
        // A shell must take it as one word, whatever is in it.
        for path in ["/a folder", "/a;b", "/$HOME", "/it's", "/ថត", "/a*", "~/a", "/a\"b", "/a\\b"] {
            let command = hint(path).split_once("--data ").unwrap().1.to_owned();
            let shell = std::process::Command::new("sh").arg("-c").arg(format!("printf %s {command}")).output();
            assert_eq!(String::from_utf8(shell.unwrap().stdout).unwrap(), path);
        }
        assert!(hint("/a folder").ends_with("'/a folder'"), "control: it is not the plain path");
        assert!(hint(DEFAULT_DATA).ends_with("FINGERPRINT"));
    }
}
