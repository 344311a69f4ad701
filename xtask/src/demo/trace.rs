//! Counts what a program really did, from outside: flushes, and bytes over TCP, by `strace`. Numbers that a program
//! prints about itself would be claims; these are the kernel's.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::run::{Cmd, Done};

/// What one program did.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    /// Successful `fsync` and `fdatasync`.
    pub(crate) flushes: u64,
    /// Bytes written to TCP, with TLS.
    pub(crate) sent: u64,
    /// Bytes read from TCP, with TLS.
    pub(crate) received: u64,
    /// How often the direction turned from sending to receiving: each turn is a wait of one round trip.
    pub(crate) round_trips: u64,
}

impl Counts {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            flushes: self.flushes + other.flushes,
            sent: self.sent + other.sent,
            received: self.received + other.received,
            round_trips: self.round_trips + other.round_trips,
        }
    }
}

/// The words in front of a command that make `strace` write to `file`. With `-D` the traced program keeps the
/// process number that we started, so that a SIGKILL hits it and not the tracer.
pub(crate) fn wrapper(file: &Path) -> Vec<String> {
    let calls = "trace=fsync,fdatasync,write,writev,sendto,sendmsg,read,readv,recvfrom,recvmsg";
    let words = ["strace", "-D", "-f", "-qq", "-yy", "-s", "0", "-e", "signal=none", "-e", calls, "-o"];
    let mut wrapper: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    wrapper.push(file.display().to_string());
    wrapper
}

/// Some sandboxes forbid tracing; then the table says "not measured".
pub(crate) fn is_possible() -> bool {
    Cmd::new("strace").words("-D -qq -o /dev/null true").capture().is_ok()
}

/// Reads what `strace` wrote.
pub(crate) fn read(file: &Path) -> Done<Counts> {
    Ok(count(&String::from_utf8_lossy(&fs::read(file)?)))
}

fn count(text: &str) -> Counts {
    let mut counts = Counts::default();
    let mut open: HashMap<&str, (&str, bool)> = HashMap::new();
    let mut sending = false;
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        // A call that another thread interrupted comes in two lines; the file is named in the first only.
        let (name, tcp) = match rest.strip_prefix("<... ") {
            Some(_) => match open.remove(thread) {
                Some(known) => known,
                None => continue,
            },
            None => {
                let name = rest.split('(').next().unwrap_or_default();
                let arg = rest.split(',').next().unwrap_or_default();
                (name, arg.contains("<TCP"))
            }
        };
        if rest.ends_with("<unfinished ...>") {
            open.insert(thread, (name, tcp));
            continue;
        }
        let result = rest.rsplit_once("= ").map_or("", |(_, value)| value);
        let Ok(result) = result.trim().parse::<u64>() else { continue };
        match name {
            "fsync" | "fdatasync" => counts.flushes += 1,
            "write" | "writev" | "sendto" | "sendmsg" if tcp => {
                counts.sent += result;
                sending = true;
            }
            "read" | "readv" | "recvfrom" | "recvmsg" if tcp && result > 0 => {
                counts.received += result;
                counts.round_trips += u64::from(sending);
                sending = false;
            }
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_kind_and_split_calls_are_joined() {
        let text = "\
11 sendto(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 100, 0, NULL, 0) = 100
12 fdatasync(5</x>) = 0
11 recvfrom(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, 0x7, 50, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
11 recvfrom(9<TCP:[127.0.0.1:1->127.0.0.1:2]>,  <unfinished ...>
12 write(1</dev/null>, \"\"..., 7) = 7
11 <... recvfrom resumed>\"\"..., 50, 0, NULL, NULL) = 40
12 fsync(5</x> <unfinished ...>
12 <... fsync resumed>) = 0
11 writev(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"\"..., iov_len=10}], 1) = 10
11 read(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 8) = 8
11 read(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 8) = 8
";
        let right = Counts { flushes: 2, sent: 110, received: 56, round_trips: 2 };
        assert_eq!(count(text), right);
    }

    #[test]
    fn a_real_flush_is_seen() {
        if !is_possible() {
            return;
        }
        let file = std::env::temp_dir().join(format!("trace-{}", std::process::id()));
        let target = file.with_extension("data");
        let words = wrapper(&file);
        let mut cmd = Cmd::new("strace");
        for word in words.iter().skip(1) {
            cmd = cmd.arg(word);
        }
        cmd.words("dd if=/dev/zero bs=1 count=1 conv=fdatasync")
            .arg(format!("of={}", target.display()))
            .capture()
            .unwrap();
        let counts = read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        fs::remove_file(&target).unwrap();
        assert_eq!(counts, Counts { flushes: 1, ..Counts::default() });
    }
}
