//! The allocator that SQLite uses, put in force before `main`. The safety argument is in the crate's documentation; the
//! numbers below are its points.

use core::ffi::{c_int, c_void};
use core::hint::black_box;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::alloc::{GlobalAlloc as _, System};

use rusqlite::ffi;
use zeroizing_alloc::ZeroAlloc;

use crate::block::{HEAD, layout, rounded};

/// Not the process's allocator: that one may be another, or zero a second time.
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

/// SQLite was initialised with the table of this file and has not been shut down.
static IN_FORCE: AtomicBool = AtomicBool::new(false);

/// SQLite in this process does not wipe its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something else of this process gave SQLite another allocator.
    #[error("other code of this program gave SQLite its own memory functions; remove its sqlite3_config call")]
    OtherAllocator,
    /// SQLite cannot be initialised.
    #[error("SQLite does not start in this program; restart it")]
    NotStarted,
}

/// Makes sure that SQLite wipes what it gives back. To be called before a database that holds secrets is opened; may be called
/// often, from any thread, and costs one load after the first time.
///
/// # Errors
/// [`Error::OtherAllocator`] if other code took the place, and [`Error::NotStarted`]. No secret may be given to SQLite then.
pub fn install() -> Result<(), Error> {
    // In a static library the linker takes only what something refers to: this is what refers to the constructor.
    black_box(&raw const AT_START);
    if IN_FORCE.load(Ordering::Acquire) {
        return Ok(());
    }
    // SAFETY: SQLite documents it as safe to call at any time, from any thread, and any number of times.
    #[expect(unsafe_code, reason = "only the C function starts SQLite without opening a database")]
    let started = unsafe { ffi::sqlite3_initialize() };
    match (started, IN_FORCE.load(Ordering::Acquire)) {
        (ffi::SQLITE_OK, true) => Ok(()),
        (ffi::SQLITE_OK, false) => Err(Error::OtherAllocator),
        _ => Err(Error::NotStarted),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
compile_error!("name the section of constructors of this platform, or drafts would stay in memory after lock");

// SAFETY: these are the sections of pointers that the loader calls before `main`; glibc, musl and bionic pass arguments to
// them, which a C function without parameters ignores.
#[used]
#[cfg_attr(any(target_os = "linux", target_os = "android"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[expect(unsafe_code, reason = "sqlite3_config must run before anybody can open a database: point 1")]
static AT_START: extern "C" fn() = configure;

extern "C" fn configure() {
    let methods = ffi::sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(free),
        xRealloc: Some(reallocate),
        xSize: Some(size),
        xRoundup: Some(round_up),
        xInit: Some(begin),
        xShutdown: Some(end),
        pAppData: ptr::null_mut(),
    };
    // SAFETY: point 1. The option takes a pointer to such a table and copies it before it returns.
    #[expect(unsafe_code, reason = "the only way to give SQLite an allocator")]
    let answer = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods) };
    // Refused only if SQLite runs already. Then `begin` is never called, and `install` says so.
    let _ = answer;
}

extern "C" fn begin(_: *mut c_void) -> c_int {
    IN_FORCE.store(true, Ordering::Release);
    ffi::SQLITE_OK
}

extern "C" fn end(_: *mut c_void) {
    IN_FORCE.store(false, Ordering::Release);
}

extern "C" fn round_up(asked: c_int) -> c_int {
    // Zero makes SQLite refuse the allocation.
    rounded(asked).and_then(|content| c_int::try_from(content).ok()).unwrap_or(0)
}

extern "C" fn allocate(asked: c_int) -> *mut c_void {
    let Some((content, block)) = rounded(asked).and_then(|content| Some((content, layout(content)?))) else {
        return ptr::null_mut();
    };
    // SAFETY: the layout is never of size zero.
    #[expect(unsafe_code, reason = "memory for C")]
    let head = unsafe { HEAP.alloc(block) };
    if head.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the block begins with HEAD bytes, aligned for a usize: point 3.
    #[expect(unsafe_code, reason = "the length is kept in front of the content")]
    unsafe {
        head.cast::<usize>().write(content);
    }
    // SAFETY: the block is longer than HEAD.
    #[expect(unsafe_code, reason = "the content begins behind the head")]
    let content = unsafe { head.add(HEAD) };
    content.cast()
}

/// # Safety
/// `content` must be null, or a pointer that [`allocate`] or [`reallocate`] gave and that was not freed: point 2.
#[expect(unsafe_code, reason = "called by C with a pointer that we gave it")]
unsafe extern "C" fn free(content: *mut c_void) {
    // SAFETY: as this function's.
    let Some((head, len)) = (unsafe { opened(content) }) else { return };
    // Every length in a head has had a layout before.
    let Some(block) = layout(len) else { return };
    // SAFETY: `allocate` made the block with this layout. It is zeroed there, head and content: point 4.
    unsafe {
        HEAP.dealloc(head, block);
    }
}

/// # Safety
/// As [`free`]; `content` is freed unless null is returned.
#[expect(unsafe_code, reason = "called by C with a pointer that we gave it")]
unsafe extern "C" fn reallocate(content: *mut c_void, asked: c_int) -> *mut c_void {
    // SAFETY: as this function's.
    let Some((_, before)) = (unsafe { opened(content) }) else { return allocate(asked) };
    if rounded(asked) == Some(before) {
        return content;
    }
    let new = allocate(asked);
    let Some(after) = rounded(asked).filter(|_| !new.is_null()) else { return ptr::null_mut() };
    // SAFETY: both blocks have so many bytes of content, and the second was made while the first was in use.
    unsafe {
        ptr::copy_nonoverlapping(content.cast::<u8>(), new.cast::<u8>(), before.min(after));
    }
    // SAFETY: as this function's; it is not used again.
    unsafe {
        free(content);
    }
    new
}

/// # Safety
/// As [`free`].
#[expect(unsafe_code, reason = "called by C with a pointer that we gave it")]
unsafe extern "C" fn size(content: *mut c_void) -> c_int {
    // SAFETY: as this function's.
    let found = unsafe { opened(content) };
    found.and_then(|(_, len)| c_int::try_from(len).ok()).unwrap_or(0)
}

/// The block's beginning and the length of its content.
///
/// # Safety
/// As [`free`].
#[expect(unsafe_code, reason = "the length lies in front of what C has a pointer to")]
unsafe fn opened(content: *mut c_void) -> Option<(*mut u8, usize)> {
    if content.is_null() {
        return None;
    }
    // SAFETY: `allocate` gave out the address HEAD bytes behind the beginning of a block.
    let head = unsafe { content.cast::<u8>().sub(HEAD) };
    // SAFETY: `allocate` wrote it there, and nobody has written to it since: point 3.
    let len = unsafe { head.cast::<usize>().read() };
    Some((head, len))
}

#[cfg(test)]
mod tests;
