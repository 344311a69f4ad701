//! Writing originals out: right bytes, harmless names, nothing outside, nothing overwritten.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use kapok_desk::{Error, ExtractDir, Extracted, Integrity, attachments, extract};

use super::fixture::{Desk, Plan, WORDS, noise};

/// Extracts all attachments of the one report.
fn extract_all(desk: &Desk, dir: &Path) -> Vec<Result<Extracted, Error>> {
    let index = desk.index();
    let attached = attachments(&index.reports[0]);
    let dir = ExtractDir::prepare(dir).unwrap();
    let write = |at, one| extract(one, at + 1, &desk.inbox(), &desk.here(), &dir, || Ok(()));
    attached.iter().enumerate().map(|(at, one)| write(at, one)).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn hostile_names_stay_inside_and_taken_names_get_numbers() {
    let desk = Desk::new();
    let originals = [noise(70_000, 1), noise(5, 2), noise(6, 3), noise(7, 4), noise(8, 5), Vec::new()];
    let [a, b, c, d, e, f] = originals.clone();
    let plan = Plan::new(1)
        .file(Some("../../../outside.jpg"), a)
        .file(Some("outside.jpg"), b)
        .file(Some("រូបថត ភស្តុតាង.jpg"), c)
        .file(Some("/"), d)
        .file(None, e)
        .file(Some("CON\0\n.jpg"), f);
    desk.inbox().store(&plan.seal(&desk)).unwrap();
    let dir = desk.dir.path().join("a/out");
    fs::create_dir(dir.parent().unwrap()).unwrap();
    ExtractDir::prepare(&dir).unwrap();
    fs::write(dir.join("outside.jpg"), b"was here before").unwrap();
    let expected =
        ["outside (2).jpg", "outside (3).jpg", "រូបថត ភស្តុតាង.jpg", "attachment-4.jpg", "attachment-5.jpg", "_CON.jpg"];
    for ((done, name), original) in extract_all(&desk, &dir).into_iter().zip(expected).zip(&originals) {
        assert_eq!(done.unwrap(), Extracted::Written(name.to_owned()));
        assert_eq!(&fs::read(dir.join(name)).unwrap(), original);
    }
    assert_eq!(fs::read(dir.join("outside.jpg")).unwrap(), b"was here before");
    assert_eq!(names(&dir).len(), 7, "no partial file is left");
    assert_eq!(names(desk.dir.path()), ["a", "desk"]);
    assert_eq!(names(dir.parent().unwrap()), ["out"]);
}

#[test]
fn extracted_files_are_for_their_owner_only_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).file(Some("a.jpg"), noise(9, 1)).seal(&desk)).unwrap();
    let dir = desk.dir.path().join("out");
    ExtractDir::prepare(&dir).unwrap();
    symlink(desk.dir.path().join("elsewhere"), dir.join("a.jpg")).unwrap();
    assert_eq!(extract_all(&desk, &dir)[0].as_ref().unwrap(), &Extracted::Written("a (2).jpg".to_owned()));
    assert!(!desk.dir.path().join("elsewhere").exists());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dir), mode(&dir.join("a (2).jpg"))), (0o700, 0o600));
}

#[test]
fn what_is_not_whole_or_not_right_is_not_written() {
    let desk = Desk::new();
    let records = Plan::new(1).file(Some("a.jpg"), noise(200_000, 1)).seal(&desk);
    assert_eq!(records.len(), 5);
    let dir = desk.dir.path().join("out");
    ExtractDir::prepare(&dir).unwrap();
    desk.inbox().store(&records[..2]).unwrap();
    let missing = Integrity::Missing { missing: 3, of: 4 };
    assert_eq!(extract_all(&desk, &dir)[0].as_ref().unwrap(), &Extracted::NotWritten(missing));
    // The last chunk was swapped by a server for another one that it holds under a right-looking id.
    let mut swapped = records.clone();
    swapped[4].sealed = records[3].sealed.clone();
    desk.inbox().store(&swapped).unwrap();
    assert_eq!(extract_all(&desk, &dir)[0].as_ref().unwrap(), &Extracted::NotWritten(Integrity::Damaged));
    assert_eq!(names(&dir), [""; 0], "nothing is left of the attempts");
    // Control: the right one is kept beside it and does.
    desk.inbox().store(&records).unwrap();
    assert_eq!(extract_all(&desk, &dir)[0].as_ref().unwrap(), &Extracted::Written("a.jpg".to_owned()));
}

#[test]
fn a_file_cannot_be_the_folder_to_extract_to() {
    let desk = Desk::new();
    let path = desk.dir.path().join("file");
    fs::write(&path, b"mine").unwrap();
    assert!(matches!(ExtractDir::prepare(&path), Err(Error::Io { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn an_extract_that_is_told_to_stop_leaves_nothing_unfinished() {
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).file(Some("a.jpg"), noise(300_000, 1)).seal(&desk)).unwrap();
    let dir = desk.dir.path().join("out");
    let held = ExtractDir::prepare(&dir).unwrap();
    let index = desk.index();
    let attached = attachments(&index.reports[0]);
    let chunks = std::cell::Cell::new(0);
    let go_on = || {
        chunks.set(chunks.get() + 1);
        if chunks.get() == 3 { Err(Error::Stopped) } else { Ok(()) }
    };
    let stopped = extract(&attached[0], 1, &desk.inbox(), &desk.here(), &held, go_on);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!((chunks.get(), names(&dir)), (3, Vec::new()));
    let written = extract(&attached[0], 1, &desk.inbox(), &desk.here(), &held, || Ok(()));
    assert_eq!(written.unwrap(), Extracted::Written("a.jpg".to_owned()), "control");
}

/// The program in the middle of an attachment: one chunk's file is a pipe, at which it waits for the test.
struct Held {
    program: Child,
    pipe: fs::File,
    chunk: Vec<u8>,
}

impl Held {
    /// Starts an extract of the one report and returns when it has begun to write and waits at the pipe.
    fn start(desk: &Desk, pipe: &Path, chunk: &[u8], dir: &Path) -> Self {
        let words = desk.dir.path().join("words");
        fs::write(&words, WORDS).unwrap();
        let code = desk.index().reports[0].code().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-desk"));
        command
            .arg("--dir")
            .arg(desk.folder.root())
            .args(["--passphrase-fd", "0", "show", &code, "--extract"])
            .arg(dir);
        command.stdin(fs::File::open(&words).unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut program = command.spawn().unwrap();
        // Opening a pipe waits for the other side. The program reads each chunk twice; to check all hashes it is let through.
        let open = || fs::OpenOptions::new().write(true).open(pipe).unwrap();
        open().write_all(chunk).unwrap();
        while !has_begun(dir) {
            assert!(program.try_wait().unwrap().is_none(), "the program has ended before it wrote");
            thread::sleep(Duration::from_millis(5));
        }
        Self { program, pipe: open(), chunk: chunk.to_vec() }
    }

    fn send(&self, signal: &str) {
        assert!(Command::new("kill").arg(signal).arg(self.program.id().to_string()).status().unwrap().success());
    }

    /// Lets it go on, and gives its exit code.
    fn go_on(mut self) -> Option<i32> {
        self.pipe.write_all(&self.chunk).unwrap();
        drop(self.pipe);
        self.program.wait().unwrap().code()
    }
}

/// True if a file that is not whole yet holds something.
fn has_begun(dir: &Path) -> bool {
    fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| {
        entry.file_name().to_string_lossy().starts_with(".partial-") && entry.metadata().is_ok_and(|of| of.len() > 0)
    })
}

/// A desk with one attachment of many chunks, the third of which is a pipe; and what has to go through that.
fn desk_with_a_pipe() -> (Desk, PathBuf, Vec<u8>) {
    let desk = Desk::new();
    let records = Plan::new(1).file(Some("a.jpg"), noise(5_000_000, 1)).seal(&desk);
    desk.inbox().store(&records).unwrap();
    let chunks = desk.folder.root().join("inbox/chunks");
    let third = records[3].object.to_string();
    let name = names(&chunks).into_iter().find(|name| name.starts_with(&third)).unwrap();
    let (pipe, chunk) = (chunks.join(&name), fs::read(chunks.join(&name)).unwrap());
    fs::remove_file(&pipe).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    (desk, pipe, chunk)
}

#[test]
fn a_polite_signal_ends_an_extract_and_leaves_nothing_unfinished() {
    let (desk, pipe, chunk) = desk_with_a_pipe();
    let dir = desk.dir.path().join("polite");
    // The third is what a closed terminal sends.
    for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let held = Held::start(&desk, &pipe, &chunk, &dir);
        assert!(has_begun(&dir), "control: there is something to take away");
        held.send(signal);
        // The signal has its own thread; some fifty chunks are still to come after this.
        thread::sleep(Duration::from_millis(100));
        assert_eq!(held.go_on(), Some(130), "{signal}");
        assert_eq!(names(&dir), [""; 0], "{signal}");
    }
    // Control: nobody signals, and it is written.
    let held = Held::start(&desk, &pipe, &chunk, &dir);
    assert_eq!(held.go_on(), Some(0));
    assert_eq!(names(&dir), ["a.jpg"]);
}

#[test]
fn a_second_signal_ends_an_extract_that_hangs_and_leaves_nothing_either() {
    let (desk, pipe, chunk) = desk_with_a_pipe();
    let dir = desk.dir.path().join("out");
    let mut held = Held::start(&desk, &pipe, &chunk, &dir);
    held.send("-INT");
    thread::sleep(Duration::from_millis(100));
    assert!(held.program.try_wait().unwrap().is_none() && has_begun(&dir), "control: it hangs at the pipe");
    held.send("-HUP");
    assert_eq!(held.program.wait().unwrap().code(), Some(130));
    assert_eq!(names(&dir), [""; 0]);
}

#[test]
fn a_kill_leaves_at_most_a_file_that_the_next_extract_takes_away() {
    let (desk, pipe, chunk) = desk_with_a_pipe();
    let dir = desk.dir.path().join("out");
    let mut held = Held::start(&desk, &pipe, &chunk, &dir);
    held.send("-KILL");
    held.program.wait().unwrap();
    let left = || names(&dir).into_iter().filter(|name| name.starts_with(".partial-")).count();
    assert_eq!(left(), 1, "nobody can hear that one");
    assert_eq!(ExtractDir::prepare(&dir).unwrap().swept(), 1);
    assert_eq!(left(), 0);
}
