//! The journal: every batch, whole and in order, before it is anywhere else. What is in it survives.
//!
//! It is two files that take turns. A batch is appended as a frame, with a checksum, and a sync of that one file makes
//! it durable. When a file has grown enough, the next batches go to the other one, from its beginning,
//! while what the first one holds is folded into the tree; so neither is ever made anew, which is what makes syncing
//! them cheap. Behind the last frame of a file stand the remains of older ones: batches are numbered without a gap, so
//! a frame that is not the next one ends the file.
//!
//! A frame that was torn by a power cut was never acknowledged. One that was damaged later looks the same; the
//! [`Mark`](super::mark::Mark) tells the two apart.

use std::io;
use std::path::Path;
use std::sync::Arc;

use syndic_core::failpoint;

use super::file::{OurFile, Watch};
use crate::space::Writes;

pub(super) const FILES: [&str; 2] = ["journal-a", "journal-b"];

/// Length of the rest, its checksum, and the batch's number.
const HEAD_BYTES: usize = 4 + 4 + 8;

pub(super) struct Journal {
    files: [OurFile; 2],
    active: usize,
    end: u64,
    /// The last frame, kept for its room.
    frame: Vec<u8>,
}

impl Journal {
    /// Opens the journal, and hands all batches after number `folded` to `each`, in order, as far as they follow one
    /// another. Returns the number of the last.
    pub(super) fn open(
        folder: &Path,
        folded: u64,
        watch: &Arc<dyn Watch>,
        mut each: impl FnMut(Writes),
    ) -> io::Result<(Self, u64)> {
        let [a, b] = FILES;
        let files = [OurFile::open(folder, a, watch)?, OurFile::open(folder, b, watch)?];
        let mut begun = Vec::new();
        for file in &files {
            begun.extend(Frame::read(file, 0)?.map(|first| (first.number, file)));
        }
        begun.sort_by_key(|(first, _)| *first);
        let mut last = folded;
        for (first, file) in begun {
            // A file is begun when everything before is synced in the other or folded. So after a gap there is nothing,
            // unless what was in the gap is damaged.
            if first > last + 1 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "batches of the journal are missing before others",
                ));
            }
            let (mut at, mut expected) = (0, first);
            while let Some(frame) = Frame::read(file, at)?.filter(|frame| frame.number == expected) {
                (at, expected) = (frame.end, expected + 1);
                if frame.number == last + 1 {
                    each(frame.writes()?);
                    last = frame.number;
                }
            }
        }
        // An earlier process may have been killed between a write and its barrier.
        files.iter().try_for_each(OurFile::sync)?;
        Ok((Self { files, active: 0, end: 0, frame: Vec::new() }, last))
    }

    /// Appends a batch, as it is: compressing it would cost more time than a disk that syncs fast needs for the rest.
    pub(super) fn append(&mut self, number: u64, writes: &Writes) -> io::Result<()> {
        let frame = &mut self.frame;
        frame.clear();
        frame.resize(8, 0);
        frame.extend(number.to_le_bytes());
        pack(writes, frame);
        let too_large = |_| io::Error::new(io::ErrorKind::FileTooLarge, "a batch of 4 GiB");
        let rest = u32::try_from(frame.len() - 8).map_err(too_large)?;
        let checksum = crc32fast::hash(&frame[8..]);
        frame[..4].copy_from_slice(&rest.to_le_bytes());
        frame[4..8].copy_from_slice(&checksum.to_le_bytes());
        failpoint!("store.journal.append", self.files[self.active].write_at(frame, self.end)?);
        self.end += frame.len() as u64;
        failpoint!("store.journal.appended");
        Ok(())
    }

    /// What was appended survives a power cut when this returns.
    pub(super) fn sync(&self) -> io::Result<()> {
        failpoint!("store.journal.sync", self.files[self.active].sync()?);
        failpoint!("store.journal.synced");
        Ok(())
    }

    /// Bytes in the file that is appended to.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.end).unwrap_or(usize::MAX)
    }

    /// Goes on in the other file, of which nothing is needed any more.
    pub(super) fn turn(&mut self) {
        self.active = 1 - self.active;
        self.end = 0;
    }
}

/// A frame, read.
struct Frame {
    number: u64,
    end: u64,
    body: Vec<u8>,
}

impl Frame {
    /// The frame at a place; none where there is no whole one.
    fn read(file: &OurFile, at: u64) -> io::Result<Option<Self>> {
        let left = file.len()?.saturating_sub(at);
        if left < HEAD_BYTES as u64 {
            return Ok(None);
        }
        let head = file.read_at(at, 8)?;
        let [rest, checksum] = [0, 4].map(|from| u32::from_le_bytes(std::array::from_fn(|nth| head[from + nth])));
        if rest < 8 || u64::from(rest) + 8 > left {
            return Ok(None);
        }
        let rest = file.read_at(at + 8, rest as usize)?;
        if crc32fast::hash(&rest) != checksum {
            return Ok(None);
        }
        let (number, body) = rest.split_at(8);
        let number = u64::from_le_bytes(std::array::from_fn(|nth| number[nth]));
        Ok(Some(Self { number, end: at + 8 + rest.len() as u64, body: body.to_vec() }))
    }

    fn writes(&self) -> io::Result<Writes> {
        unpack(&self.body).ok_or_else(|| io::Error::other("a batch of the journal does not read"))
    }
}

/// Every change: the key's length and bytes, and the value's, or a length no value has where it is removed.
fn pack(writes: &Writes, body: &mut Vec<u8>) {
    for (key, value) in writes {
        body.extend((key.len() as u32).to_le_bytes());
        body.extend(value.as_ref().map_or(REMOVED, |value| value.len() as u32).to_le_bytes());
        body.extend(key);
        body.extend(value.as_deref().unwrap_or_default());
    }
}

/// Stands for a removal. Keys and values are far shorter.
const REMOVED: u32 = u32::MAX;

fn unpack(mut body: &[u8]) -> Option<Writes> {
    let mut writes = Writes::new();
    while !body.is_empty() {
        let (key_bytes, rest) = body.split_first_chunk()?;
        let (value_bytes, rest) = rest.split_first_chunk()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_bytes) as usize)?;
        let (value, rest) = match u32::from_le_bytes(*value_bytes) {
            REMOVED => (None, rest),
            bytes => rest.split_at_checked(bytes as usize).map(|(value, rest)| (Some(value.to_vec()), rest))?,
        };
        writes.insert(key.to_vec(), value);
        body = rest;
    }
    Some(writes)
}
