//! SQLite's memory, emptied when it is given back. The one crate of the workspace that holds unsafe code.
//!
//! **Why.** Drafts lie in a database in memory while the vault is unlocked. SQLite copies what it reads into pages, cells,
//! sorters and strings, and gives all of that back to the system's heap as it is: whoever takes the memory of the phone after
//! [`install`] was left out finds hundreds of copies. SQLCipher does the same as this crate (`cipher_memory_security`), and
//! would bring a second cipher and OpenSSL for it.
//!
//! **How.** `sqlite3_config(SQLITE_CONFIG_MALLOC)` gives SQLite another allocator: a block carries its length in 16 bytes in
//! front of it, and all of it is zeroed before it goes back. Growing is always allocate, copy, zero, free. What SQLite
//! keeps for reuse inside of itself (lookaside of a connection, pages of its cache, prepared statements) lies in such
//! blocks too, and goes back at the latest when the connection is closed; between two uses in there it is not zeroed, so
//! only a closed connection leaves nothing. No shared page cache is configured, which would outlive connections.
//!
//! The rest of the process (strings of Rust, buffers of libraries) is the business of `#[global_allocator]`: every program
//! of ours that may hold a secret sets `zeroizing_alloc::ZeroAlloc(System)` there, as the cdylib of an app has to. A
//! library must not choose the allocator of a process, so this one does not.
//!
//! # Safety argument
//!
//! 1. **Time.** `sqlite3_config` is neither thread-safe nor allowed after SQLite was initialised, and any safe
//!    `Connection::open` initialises it. So it is not left to a moment that a host chooses: the linker's table of constructors
//!    calls it before `main`, or while the library is being loaded, when no code that could know this copy of SQLite has
//!    run. The constructor stores four words and calls nothing else. This also means that no host has to call anything
//!    first, and that a server in the same process (our tests) does no harm.
//! 2. **Whose blocks.** SQLite gives to `xFree`, `xRealloc` and `xSize` only what `xMalloc` or `xRealloc` of the table in
//!    force gave it. The table is put in force before the first allocation (1) and can be replaced only before
//!    initialisation or after `sqlite3_shutdown`, when there are no blocks. Both need unsafe code elsewhere, and [`install`]
//!    then says so.
//! 3. **Bounds.** All arithmetic is in `block.rs`, in pure functions that refuse overflow. A block of content `n` is
//!    `16 + n` bytes at an address that is a multiple of 16, so head and content are aligned for anything. The
//!    length in the head is written once, before the block is given out, and SQLite does not write in front of its content.
//! 4. **Zeroing** is that of `zeroizing_alloc`: a `memset` through a function pointer that is read with `read_volatile`,
//!    so the compiler cannot take it for a dead store; it covers head and content, which are exclusively ours
//!    then. That crate was read in whole at 0.1.1: it forwards `alloc` and `alloc_zeroed`, zeroes exactly `layout.size()`
//!    in `dealloc`, and leaves `realloc` to the default, which allocates, copies and deallocates.
//! 5. **Threads.** The allocator has no state but one atomic flag. Blocks may be freed by another thread than the one that
//!    made them, as with `malloc`.
//! 6. **Panics** do not cross into C: nothing here panics, and `extern "C"` would abort.
//!
//! Checked by unit tests of the arithmetic, by `tests/wiped` (a child's memory is searched after it closed a database; with
//! SQLite's own allocator the same search finds it), and by running the same under valgrind where it is installed. Miri
//! cannot run it: it does not call C code.

mod block;
mod sqlite;

pub use sqlite::{Error, install};
