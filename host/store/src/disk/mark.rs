//! The mark: the number of the last batch that was acknowledged, beside what was written.
//!
//! Written in place after the barrier and not synced by itself: it outlives the process, and after a power cut it may
//! be behind what is durable, but never ahead. What ends before its mark was damaged, and did not just tear.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use syndic_core::failpoint;

use super::file::{OurFile, Watch};

pub(super) const FILE: &str = "mark";

/// A number of twenty digits and its CRC-32, within one sector.
const MARK_BYTES: usize = 20 + 1 + 8 + 1;

pub(super) struct Mark(OurFile);

impl Mark {
    /// The mark, and the number it shows: none where it is new or damaged, and so says nothing.
    pub(super) fn open(folder: &Path, watch: &Arc<dyn Watch>) -> io::Result<(Self, Option<u64>)> {
        let mark = OurFile::open(folder, FILE, watch)?;
        let mut text = String::new();
        let read = (&mark.file).take(MARK_BYTES as u64).read_to_string(&mut text);
        let number = text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let whole = read.is_ok() && text == shown(number);
        Ok((Self(mark), whole.then_some(number)))
    }

    pub(super) fn set(&self, number: u64) -> io::Result<()> {
        failpoint!("store.mark.set", self.0.write_at(shown(number).as_bytes(), 0)?);
        failpoint!("store.mark.written");
        Ok(())
    }
}

fn shown(number: u64) -> String {
    let digits = format!("{number:020}");
    format!("{digits} {:08x}\n", crc32fast::hash(digits.as_bytes()))
}
