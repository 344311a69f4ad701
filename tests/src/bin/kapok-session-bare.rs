//! The control of `kapok-session`: the same with the heap of the system.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    kapok_tests::session::run()
}
