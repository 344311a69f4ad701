//! A real pseudo-terminal around the program, through `script`: what is typed goes in, what is shown comes out.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::device::{PASSPHRASE, TestDevice};

pub(crate) const ENTER: &str = "\r";
pub(crate) const DOWN: &str = "\u{1b}[B";
pub(crate) const ESC: &str = "\u{1b}";
pub(crate) const CTRL_C: &str = "\u{3}";
pub(crate) const CTRL_R: &str = "\u{12}";
const OPEN_PAGE: &str = "\u{1b}[?1049h";
pub(crate) const CLOSE_PAGE: &str = "\u{1b}[?1049l";
const CLEAR: &str = "\u{1b}[2J";
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
    /// How much of what was shown an earlier `expect` has used up.
    seen: usize,
}

impl Terminal {
    /// Runs `kapok ARGS` on a terminal of its own.
    pub(crate) fn start(device: &TestDevice, args: &str) -> Self {
        let line = format!("stty cols 100 rows 40; exec '{}' {args}", env!("CARGO_BIN_EXE_kapok"));
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"])
            .env("HOME", device.home().parent().unwrap())
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`script` of util-linux is installed");
        let (keys, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let shown = Arc::new(Mutex::new(Vec::new()));
        let writer = shown.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                writer.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Self { child, keys, shown, seen: 0 }
    }

    /// The same with the passphrase on descriptor 3.
    pub(crate) fn unlocked(device: &TestDevice, args: &str) -> Self {
        let pass = device.file("pass", format!("{PASSPHRASE}\n").as_bytes());
        let home = device.home();
        Self::start(device, &format!("--home '{}' {args} --passphrase-fd 3 3<'{}'", home.display(), pass.display()))
    }

    /// Waits until `text` is shown, after what was expected before.
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        let start = Instant::now();
        loop {
            let all = self.shown();
            if let Some(at) = all.get(self.seen..).and_then(|rest| rest.find(text)) {
                self.seen += at + text.len();
                // The prompt reads keys a moment after it is drawn.
                std::thread::sleep(Duration::from_millis(100));
                return self;
            }
            assert!(start.elapsed() < LIMIT, "`{text}` was not shown, but: {:?}", all.get(self.seen..));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses Enter at every question until `text` is shown.
    pub(crate) fn enter_until(&mut self, text: &str) -> &mut Self {
        for _ in 0..100 {
            if self.shown().contains(text) {
                return self;
            }
            self.press(ENTER);
            // The prompt reads keys a moment after it is drawn.
            std::thread::sleep(Duration::from_millis(150));
        }
        panic!("`{text}` was not shown, but: {:?}", self.shown().get(self.seen..));
    }

    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// Everything that was ever shown.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// What was shown and stays: all but the pages apart, which the terminal forgets.
    pub(crate) fn stays(&self) -> String {
        let shown = self.shown();
        let mut parts = shown.split(OPEN_PAGE);
        let before = parts.next().unwrap_or_default().to_owned();
        parts.fold(before, |stays, part| stays + part.split_once(CLOSE_PAGE).map_or("", |(_, after)| after))
    }

    /// What stands on the page apart that is open now, since it was cleared last.
    pub(crate) fn on_page(&self) -> String {
        let shown = self.shown();
        let since = shown.rfind(CLEAR).map_or(0, |at| at + CLEAR.len());
        let page = shown.get(since..).unwrap_or_default();
        let open = shown.rfind(OPEN_PAGE) > shown.rfind(CLOSE_PAGE);
        if open { page.to_owned() } else { String::new() }
    }

    pub(crate) fn exit_code(mut self) -> i32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(start.elapsed() < LIMIT, "still running: {:?}", self.shown());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
