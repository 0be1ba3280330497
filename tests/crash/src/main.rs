//! `crash`: kills a real `syndic play`, or cuts its power, again and again, and says what went missing.

use std::process::ExitCode;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod tool;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> ExitCode {
    tool::main()
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
#[expect(clippy::print_stderr, reason = "it is a tool of the command line")]
fn main() -> ExitCode {
    eprintln!("skipped: power cuts are made for 64-bit Linux only");
    ExitCode::SUCCESS
}
