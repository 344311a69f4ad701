//! Where the demo plays: its folder, its programs, and how a command is shown, run and checked.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::demo::{children, trace};
use crate::run::{Cmd, Done, Failure, quoted, root};

/// Only for this demo; a real passphrase is typed or handed over on a file descriptor.
const PASSPHRASE: &str = "invented words for a demo only\n";

/// The demo's folder and programs.
pub(crate) struct Stage {
    folder: PathBuf,
    /// The build profile of the programs: `debug` or `release`.
    profile: &'static str,
    /// Whether programs run under `strace`; never while a speed is measured.
    pub(crate) traced: bool,
}

/// Whether a command gets a network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Net {
    Here,
    /// In a network namespace without any network, where the system allows that.
    None,
}

/// One call of one of the three programs.
pub(crate) struct Call<'a> {
    program: &'static str,
    args: Vec<&'a str>,
    net: Net,
    /// Ends with us.
    tied: bool,
    /// What was shown before is left out when it is printed; all of it is checked.
    fold: Option<Fold>,
    /// In front of the command, as `strace` with its options.
    wrapper: Vec<String>,
}

/// Lines of an output that are not printed again: from the first with these words to that before the other words.
#[derive(Clone, Copy)]
struct Fold {
    from: &'static str,
    to: &'static str,
}

impl Fold {
    fn apply<'a>(self, lines: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let (mut kept, mut inside) = (Vec::new(), false);
        for line in lines {
            if line.contains(self.to) {
                inside = false;
            } else if !inside && line.contains(self.from) {
                kept.push("(as above)");
                inside = true;
            }
            if !inside {
                kept.push(line);
            }
        }
        kept
    }
}

impl<'a> Call<'a> {
    pub(crate) fn new(program: &'static str, line: &'a str) -> Self {
        Self {
            program,
            args: line.split_whitespace().collect(),
            net: Net::Here,
            tied: false,
            fold: None,
            wrapper: Vec::new(),
        }
    }

    pub(crate) fn arg(mut self, arg: &'a str) -> Self {
        self.args.push(arg);
        self
    }

    /// More words, split at spaces.
    pub(crate) fn words(mut self, line: &'a str) -> Self {
        self.args.extend(line.split_whitespace());
        self
    }

    /// The same with the passphrase on standard input.
    pub(crate) fn secret(self) -> Self {
        self.arg("--passphrase-fd").arg("0")
    }

    /// Leaves out what it says from the line with `from` up to that with `to`.
    pub(crate) fn fold(mut self, from: &'static str, to: &'static str) -> Self {
        self.fold = Some(Fold { from, to });
        self
    }

    pub(crate) fn tied(mut self) -> Self {
        self.tied = true;
        self
    }

    pub(crate) fn net(mut self, net: Net) -> Self {
        self.net = net;
        self
    }

    pub(crate) fn wrapper(mut self, wrapper: Vec<String>) -> Self {
        self.wrapper = wrapper;
        self
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program)?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

impl Stage {
    /// The demo's stage below `target/`, so that two demos in two clones do not meet.
    pub(crate) fn new() -> Done<Self> {
        let stage = Self::at(root().join("target/demo"), "debug")?;
        Ok(Self { traced: trace::is_possible(), ..stage })
    }

    /// An empty folder as a stage, for programs of this build profile, without tracing.
    pub(crate) fn at(folder: PathBuf, profile: &'static str) -> Done<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        for part in ["input", "log"] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(Self { folder, profile, traced: false })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// How a file is called from inside the folder.
    pub(crate) fn inside(&self, file: &Path) -> String {
        file.strip_prefix(&self.folder).unwrap_or(file).display().to_string()
    }

    fn program(&self, name: &str) -> PathBuf {
        root().join("target").join(self.profile).join(name)
    }

    /// Runs a call, prints it and what it says, and demands this exit code.
    pub(crate) fn run(&self, call: &Call<'_>, code: i32) -> Done<String> {
        show(call);
        let (status, said) = self.output(call)?;
        let lines = match call.fold {
            Some(fold) => fold.apply(said.lines()),
            None => said.lines().collect(),
        };
        for line in lines {
            println!("  {line}");
        }
        if status.code() == Some(code) {
            return Ok(said);
        }
        let what = format!("`{call}` ended with {status}, not {code}");
        Err(Failure::new(what).hint(said))
    }

    /// Runs a call that must be refused, with whatever exit code says so.
    pub(crate) fn run_refused(&self, call: &Call<'_>) -> Done<String> {
        show(call);
        let (status, said) = self.output(call)?;
        for line in said.lines() {
            println!("  {line}");
        }
        if !status.success() && status.code().is_some() {
            return Ok(said);
        }
        Err(Failure::new(format!("`{call}` was not refused")).hint(said))
    }

    /// The process for a call, without input and output.
    pub(crate) fn command(&self, call: &Call<'_>) -> Command {
        let mut words: Vec<String> = Vec::new();
        if call.tied {
            words.extend(children::tie().iter().map(|word| (*word).to_owned()));
        }
        if call.net == Net::None {
            words.extend(without_network().iter().map(|word| (*word).to_owned()));
        }
        words.extend(call.wrapper.iter().cloned());
        words.push(self.program(call.program).display().to_string());
        words.extend(call.args.iter().map(|&arg| arg.to_owned()));
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(&self.folder).env("LC_ALL", "en_US.UTF-8");
        command
    }

    /// How it ended, and what it said.
    fn output(&self, call: &Call<'_>) -> Done<(ExitStatus, String)> {
        let said = merged(self.command(call), PASSPHRASE.as_bytes());
        said.map_err(|error| Failure::new(format!("{} does not run: {error}", call.program)))
    }
}

/// Runs a command to its end. Results and notes come through one pipe, so they stand in the order in which a person
/// would have seen them; two pipes would lose it.
fn merged(mut command: Command, input: &[u8]) -> io::Result<(ExitStatus, String)> {
    let (mut said, both) = io::pipe()?;
    command.stdin(Stdio::piped()).stdout(both.try_clone()?).stderr(both);
    let mut child = command.spawn()?;
    // It holds our ends of the pipe, which would never end otherwise.
    drop(command);
    if let Some(mut stdin) = child.stdin.take() {
        // A command that needs no passphrase may have ended before it is written.
        let _written = stdin.write_all(input);
    }
    let mut bytes = Vec::new();
    said.read_to_end(&mut bytes)?;
    Ok((child.wait()?, String::from_utf8_lossy(&bytes).into_owned()))
}

/// Prints a call as one would type it.
pub(crate) fn show(call: &Call<'_>) {
    println!("\n  $ {call}");
}

/// The words that start a program without a network; empty where the system does not allow it.
pub(crate) fn without_network() -> &'static [&'static str] {
    const AS_ROOT: &[&str] = &["unshare", "--net"];
    const AS_USER: &[&str] = &["unshare", "--user", "--map-root-user", "--net"];
    let works = |words: &&[&str]| {
        let cmd = words.iter().skip(1).fold(Cmd::new("unshare"), |cmd, word| cmd.arg(word));
        cmd.arg("true").capture().is_ok()
    };
    [AS_ROOT, AS_USER].into_iter().find(works).unwrap_or_default()
}

/// All files below a folder and their bytes together.
pub(crate) fn size_of(folder: &Path) -> Done<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sum += size_of(&entry.path())?;
        } else if kind.is_file() {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

/// Every short code in a text, like `K7-PQ4`.
pub(crate) fn codes_in(text: &str) -> Vec<&str> {
    let part = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let is_code = |word: &&str| word.split_once('-').is_some_and(|(head, tail)| part(head, 2) && part(tail, 3));
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(is_code).collect()
}

/// The invite in what `kapok-desk invite --json` printed: the longest run of letters and digits.
pub(crate) fn invite_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.max_by_key(|word| word.len()).filter(|word| word.len() > 100).map(str::to_owned)
}

/// The first whole number in a text.
pub(crate) fn number_in(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_notes_stand_in_the_order_of_their_printing() {
        let mut command = Command::new("sh");
        command.args(["-c", "read word; echo $word; echo note >&2; echo result; echo last note >&2; exit 3"]);
        let (status, said) = merged(command, b"first\n").unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(3), "first\nnote\nresult\nlast note\n"));
    }

    #[test]
    fn a_fold_leaves_out_what_stands_between_and_says_so() {
        let fold = Fold { from: "— one —", to: "— two —" };
        let said = "note\n— one —\na\nb\n— two —\nc\n— two —";
        assert_eq!(fold.apply(said.lines()), ["note", "(as above)", "— two —", "c", "— two —"]);
        assert_eq!(fold.apply("a\nb".lines()), ["a", "b"], "control: nothing to leave out");
    }

    #[test]
    fn codes_and_numbers_are_found_and_other_words_are_not() {
        assert_eq!(codes_in("finished: K7-PQ4. ab-CDE, A1-B2C3, 2026-11-24"), ["K7-PQ4"]);
        assert_eq!(number_in("draft 12 saved"), Some("12"));
        assert_eq!(number_in("none"), None);
    }
}
