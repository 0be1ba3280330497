//! Writes, syncs, moves and removes what it is told: a process small enough to know what a power cut must leave of it.
//!
//! `scribe "write a one" "fsync a" "rename a b"` works in the folder it is started in and stops at the first error.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    for told in std::env::args().skip(1) {
        let words: Vec<&str> = told.split(' ').collect();
        if let Err(why) = act(&words) {
            let _ = writeln!(io::stderr(), "{told}: {why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn act(words: &[&str]) -> io::Result<()> {
    let new = || OpenOptions::new().create(true).write(true).truncate(false).clone();
    match *words {
        ["write", file, text] => new().open(file)?.write_all(text.as_bytes()),
        ["write-at", file, at, text] => {
            let mut file = new().open(file)?;
            file.seek(SeekFrom::Start(number(at)?))?;
            file.write_all(text.as_bytes())
        }
        ["append", file, text] => new().append(true).open(file)?.write_all(text.as_bytes()),
        ["fill", file, text, count] => {
            new().open(file)?.write_all(text.repeat(usize::try_from(number(count)?).unwrap_or(0)).as_bytes())
        }
        ["empty", file] => File::create(file).map(drop),
        ["shorten", file, length] => new().open(file)?.set_len(number(length)?),
        ["fsync", path] => File::open(path)?.sync_all(),
        ["fdatasync", path] => File::open(path)?.sync_data(),
        ["folder", folder] => fs::create_dir(folder),
        ["rename", from, to] => fs::rename(from, to),
        ["remove", file] => fs::remove_file(file),
        ["remove-all", folder] => fs::remove_dir_all(folder),
        ["say", text] => writeln!(io::stdout(), "{text}"),
        _ => Err(io::Error::other("that is nothing to do")),
    }
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(io::Error::other)
}
