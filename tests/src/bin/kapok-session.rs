//! A child whose memory is searched, with a heap that is zeroed when it is freed, as in every program that holds secrets.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    kapok_tests::session::run()
}
