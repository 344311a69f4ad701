//! The command line of the desk. What it can do lies in the library; this only asks, calls and prints.

mod cli;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// Opened reports and passphrases pass through strings and buffers of libraries, which free them as they are.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> std::process::ExitCode {
    cli::run()
}
