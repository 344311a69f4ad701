//! The functions as SQLite calls them, and SQLite on top of them.
#![expect(unsafe_code, reason = "the functions under test are called as C calls them")]

use std::process::Command;
use std::thread;

use rusqlite::Connection;

use super::*;

/// A block of `asked` bytes, all of them `fill`.
fn filled(asked: c_int, fill: u8) -> *mut c_void {
    let content = allocate(asked);
    assert!(!content.is_null());
    // SAFETY: so many bytes were asked for.
    unsafe { content.cast::<u8>().write_bytes(fill, asked as usize) };
    content
}

/// The first `len` bytes of a block.
fn bytes(content: *mut c_void, len: usize) -> Vec<u8> {
    // SAFETY: the tests ask for no more than they have written.
    unsafe { core::slice::from_raw_parts(content.cast::<u8>(), len).to_vec() }
}

#[test]
fn a_block_is_aligned_knows_its_length_and_holds_what_is_written() {
    for asked in [1, 7, 8, 9, 100, 4_096, 1 << 20] {
        let content = filled(asked, 0xa5);
        assert_eq!(content as usize % 16, 0);
        // SAFETY: just allocated.
        assert_eq!(unsafe { size(content) }, round_up(asked));
        assert_eq!(bytes(content, asked as usize), vec![0xa5; asked as usize]);
        // SAFETY: just allocated, not used again.
        unsafe { free(content) };
    }
}

#[test]
fn a_block_that_grows_or_shrinks_keeps_its_beginning() {
    let mut content = filled(24, 0x5a);
    for asked in [25, 4_000, 64, 64, 8, 1 << 16, 24] {
        // SAFETY: the last one given.
        content = unsafe { reallocate(content, asked) };
        // SAFETY: just given.
        assert_eq!(unsafe { size(content) }, round_up(asked));
        assert_eq!(bytes(content, 8), [0x5a; 8]);
    }
    // SAFETY: the last one given.
    unsafe { free(content) };
}

#[test]
fn what_cannot_be_given_is_refused_and_the_old_block_stays() {
    for asked in [0, -1, c_int::MIN, c_int::MAX] {
        assert!(allocate(asked).is_null());
        assert_eq!(round_up(asked), 0);
    }
    let content = filled(16, 0x11);
    // SAFETY: just allocated; a refusal leaves it.
    assert!(unsafe { reallocate(content, c_int::MAX) }.is_null());
    assert_eq!(bytes(content, 16), [0x11; 16]);
    // SAFETY: still ours. Null is nothing to free and has no length.
    unsafe { free(content) };
    // SAFETY: null is allowed.
    unsafe { free(ptr::null_mut()) };
    // SAFETY: null is allowed.
    assert_eq!(unsafe { size(ptr::null_mut()) }, 0);
    // SAFETY: null means a new block.
    let new = unsafe { reallocate(ptr::null_mut(), 8) };
    // SAFETY: just given.
    unsafe { free(new) };
}

#[test]
fn many_threads_find_it_in_force_and_use_it() {
    let threads: Vec<_> = (0..8)
        .map(|number: i64| {
            thread::spawn(move || {
                assert_eq!(install(), Ok(()));
                let db = Connection::open_in_memory().unwrap();
                db.execute_batch("CREATE TABLE t (a TEXT)").unwrap();
                for round in 0..200 {
                    db.execute("INSERT INTO t VALUES (?1)", [format!("{number} {}", "x".repeat(round * 13))]).unwrap();
                }
                let sum: i64 = db.query_row("SELECT sum(length(a)) FROM t", [], |row| row.get(0)).unwrap();
                assert_eq!(sum, 200 * 2 + 13 * 199 * 200 / 2);
                assert_eq!(install(), Ok(()));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Every test of this module once more, where each access to freed or foreign memory is noticed.
#[test]
fn valgrind_finds_no_wrong_access() {
    const INSIDE: &str = "KAPOK_INSIDE_VALGRIND";
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=no"]);
    valgrind.arg(std::env::current_exe().unwrap()).arg("--test-threads=1").env(INSIDE, "1");
    match valgrind.output() {
        Ok(ended) => assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr)),
        Err(error) => println!("valgrind is not installed ({}): not checked", error.kind()),
    }
}
