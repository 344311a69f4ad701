//! Overwrites what a call leaves on the stack.
//!
//! Keys lie in boxes that are wiped, but ciphers and hashes work with copies in their frames, and the compiler makes some when a
//! value is moved. Those stay until another call happens to reach as deep in the same thread, which in a thread that
//! waits for work can be never.

use std::mem::MaybeUninit;

use zeroize::Zeroize as _;

/// How deep it reaches, in words: 96 KiB. A thread that reads, saves or unlocks was seen to use 60 KiB from its beginning; hosts'
/// threads have 512 KiB and more.
const WORDS: usize = 12 * 1024;

/// Does `work` and then overwrites what lies below. What `work` gives back is outside of that: it may hold keys in boxes only.
///
/// Costs a few microseconds. `work` must be in a frame of its own for this, so neither function may be inlined.
#[inline(never)]
pub(crate) fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    overwrite();
    done
}

#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite() {
    // Wiping is a volatile write, which no compiler leaves out.
    MaybeUninit::<[u64; WORDS]>::uninit().zeroize();
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::hint::black_box;
    use std::os::unix::fs::FileExt as _;
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    const LETTERS: usize = 64;

    /// Letter `at` of a text that stands nowhere in the program.
    fn letter(at: usize, seed: u8) -> u8 {
        (at as u8).wrapping_mul(37) ^ seed
    }

    /// A function that leaves the text of `seed` about `depth` KiB below.
    #[inline(never)]
    fn leave(seed: u8, depth: usize) {
        let mut frame = [0; 1024];
        if depth > 0 {
            leave(seed, depth - 1);
        } else {
            frame.iter_mut().zip(0..LETTERS).for_each(|(byte, at)| *byte = letter(at, seed));
        }
        black_box(&mut frame);
    }

    /// How often the text stands in this process.
    fn count(seed: u8) -> usize {
        let memory = File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        for line in fs::read_to_string("/proc/self/maps").unwrap().lines().filter(|line| line.contains(" rw")) {
            let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
            let mut page = [0; 4096];
            for at in (from..to).step_by(page.len()) {
                if memory.read_exact_at(&mut page, at).is_ok() {
                    found += page
                        .windows(LETTERS)
                        .filter(|text| (0..LETTERS).all(|at| text[at] == letter(at, seed)))
                        .count();
                }
            }
        }
        found
    }

    /// Counts while a thread that did `work` stands still.
    fn after(work: impl FnOnce() + Send + 'static, seed: u8) -> usize {
        let ((done, wait), (release, hold)) = (channel(), channel::<()>());
        let thread = thread::spawn(move || {
            work();
            done.send(()).unwrap();
            hold.recv().unwrap();
        });
        wait.recv().unwrap();
        let found = count(seed);
        release.send(()).unwrap();
        thread.join().unwrap();
        found
    }

    #[test]
    fn what_a_call_leaves_on_its_stack_is_overwritten() {
        for depth in [0, 8, 80] {
            // Control: without it, the text is there.
            assert!(after(move || leave(101, depth), 101) > 0, "{depth} KiB");
            assert_eq!(after(move || wiped(|| leave(57, depth)), 57), 0, "{depth} KiB");
        }
    }

    #[test]
    fn the_result_gets_out() {
        assert_eq!(wiped(|| vec![7; 3]), [7; 3]);
    }
}
