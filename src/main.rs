//! The program `omnistock`: daemon and command line in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    omnistock::cli::main()
}
