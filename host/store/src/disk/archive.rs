//! The archive: receipts, which are written once, in order, and never change or go.
//!
//! In sled's tree each of them would be written again several times, whenever a neighbour comes and its page is made
//! anew. Here they are appended to a file, some at a time in a compressed block, and a second file says for each where
//! its block begins. How much of either file counts is kept with what was folded: what stands behind that is of a fold
//! that did not come to its end, and is written over.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use lz4_flex::block::{compress, decompress};
use syndic_core::failpoint;

use super::file::{OurFile, Watch};

pub(super) const FILES: [&str; 2] = ["receipts", "receipts-at"];

/// Bytes of receipts in one block, before compression: whoever reads one reads its block.
const BLOCK_BYTES: usize = 64 * 1024;

/// The first number, how many there are, bytes compressed and bytes before.
const HEAD_BYTES: usize = 8 + 4 + 4 + 4;

/// How far the archive reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Receipts; they are numbered from 1.
    pub(super) count: u64,
    /// Bytes of blocks.
    pub(super) bytes: u64,
}

pub(super) struct Archive {
    blocks: OurFile,
    places: OurFile,
    /// The blocks that were read last with their places, the newest at the end: whoever reads a receipt often reads the
    /// next one.
    recent: Mutex<Vec<(u64, Arc<Block>)>>,
}

/// Blocks that are remembered: one for each of a few who read at once, each at another place.
const RECENT_MAX: usize = 4;

/// A block, unpacked.
pub(super) struct Block {
    first: u64,
    values: Vec<Vec<u8>>,
}

impl Archive {
    pub(super) fn open(folder: &Path, watch: &Arc<dyn Watch>) -> io::Result<Self> {
        let [blocks, places] = FILES;
        let (blocks, places) = (OurFile::open(folder, blocks, watch)?, OurFile::open(folder, places, watch)?);
        Ok(Self { blocks, places, recent: Mutex::default() })
    }

    /// Whether the files reach as far as they should.
    pub(super) fn reaches(&self, extent: Extent) -> io::Result<bool> {
        Ok(self.blocks.len()? >= extent.bytes && self.places.len()? >= extent.count * 8)
    }

    /// The receipt of a number, which is within the extent.
    pub(super) fn get(&self, number: u64) -> io::Result<Vec<u8>> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked every time: a place that is damaged is noticed, whatever is remembered.
        let place = self.place(number)?;
        let known = recent().iter().find(|(at, _)| *at == place).map(|(_, block)| Arc::clone(block));
        let block = match known {
            Some(block) => block,
            None => {
                let block = Arc::new(self.block(place)?);
                let mut recent = recent();
                if recent.len() == RECENT_MAX {
                    recent.remove(0);
                }
                recent.push((place, Arc::clone(&block)));
                block
            }
        };
        block.value(number).cloned().ok_or_else(damaged)
    }

    fn file(&self, blocks: bool) -> &OurFile {
        if blocks { &self.blocks } else { &self.places }
    }

    /// Bytes of one of its files, as they are: of the blocks, or of where they are.
    pub(super) fn raw(&self, blocks: bool, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
        self.file(blocks).read_at(at, bytes)
    }

    /// Lays such bytes down again. They count once an extent says so.
    pub(super) fn lay(&self, blocks: bool, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file(blocks).write_at(bytes, at)
    }

    /// Everything that was laid down survives a power cut when this returns.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.blocks.sync().and_then(|()| self.places.sync())
    }

    /// Where the block of a receipt begins.
    fn place(&self, number: u64) -> io::Result<u64> {
        let place = self.places.read_at((number - 1) * 8, 8)?;
        Ok(u64::from_le_bytes(place.try_into().map_err(|_| damaged())?))
    }

    fn block(&self, place: u64) -> io::Result<Block> {
        let head = self.blocks.read_at(place, HEAD_BYTES)?;
        Block::unpack(&head, |bytes| self.blocks.read_at(place + HEAD_BYTES as u64, bytes)).ok_or_else(damaged)
    }

    /// Appends receipts after an extent, in the order of their numbers, and makes them durable. Returns how far it
    /// reaches then.
    pub(super) fn append<'a>(
        &self,
        mut extent: Extent,
        values: impl Iterator<Item = &'a Vec<u8>>,
    ) -> io::Result<Extent> {
        failpoint!("store.archive.begun");
        let before = extent;
        let mut values = values.peekable();
        let mut places = Vec::new();
        while values.peek().is_some() {
            let (mut body, mut count) = (Vec::new(), 0);
            while let Some(value) = values.next_if(|_| body.len() < BLOCK_BYTES) {
                body.extend((value.len() as u32).to_le_bytes());
                body.extend(value);
                places.extend(extent.bytes.to_le_bytes());
                count += 1;
            }
            let packed = compress(&body);
            let mut block = (extent.count + 1).to_le_bytes().to_vec();
            for number in [count, packed.len() as u32, body.len() as u32] {
                block.extend(number.to_le_bytes());
            }
            block.extend(packed);
            self.blocks.write_at(&block, extent.bytes)?;
            failpoint!("store.archive.block");
            extent = Extent { count: extent.count + u64::from(count), bytes: extent.bytes + block.len() as u64 };
        }
        if extent != before {
            self.places.write_at(&places, before.count * 8)?;
            failpoint!("store.archive.sync", self.sync()?);
            failpoint!("store.archive.synced");
        }
        Ok(extent)
    }
}

impl Block {
    fn unpack(head: &[u8], body: impl FnOnce(usize) -> io::Result<Vec<u8>>) -> Option<Self> {
        let (first, rest) = head.split_first_chunk()?;
        let [count, packed, unpacked] = *rest.as_chunks::<4>().0 else { return None };
        let [count, packed, unpacked] = [count, packed, unpacked].map(u32::from_le_bytes);
        let body = decompress(&body(packed as usize).ok()?, unpacked as usize).ok()?;
        let (mut values, mut rest) = (Vec::new(), body.as_slice());
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk()?;
            let (value, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            values.push(value.to_vec());
            rest = after;
        }
        Some(Self { first: u64::from_le_bytes(*first), values })
    }

    fn value(&self, number: u64) -> Option<&Vec<u8>> {
        self.values.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a block of receipts is damaged")
}
