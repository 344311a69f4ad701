//! The command line of the desk. What it can do lies in the library; this only asks, calls and prints.

mod cli;

fn main() -> std::process::ExitCode {
    cli::run()
}
