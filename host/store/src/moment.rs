//! A moment of a store as a stream of bytes: how a store is copied that goes on being written to.
//!
//! [`Records::moment`] takes the last durable batch, and everything up to it, and nothing after. It is told frame by
//! frame: the archive's two files, which only ever grow, as far as they reached; the tree's pages; and at the end how far
//! all of it reaches and the ledger's root. [`receive`] lays a store out of such a stream, aside, and lets it stand only
//! when it was read whole, record by record, and its root is the one that was told. A stream that ends early, or is
//! changed on the way, leaves nothing behind.
//!
//! The stream holds the master that salts receipts, and everything else: who has it has the store.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syndic_core::ports::{Head, StoreError};
use syndic_ledger::Hash;

use crate::copy::{CopyError, stands_whole};
use crate::disk::{Disk, FOLD_BYTES, Laid, Reach, Still, Unopened, Unwatched, Watch, sync_files};
use crate::home::{FORMAT, FORMAT_TEXT, make_private_folder};
use crate::records::Records;
use crate::space::Pairs;

/// What a stream begins with; the store's format comes next, and a line's end.
const MAGIC: &str = "syndic backup 1, ";

/// Bytes of a frame's body, more or less: enough that frames cost nothing, few enough that readers and writers keep pace.
const FRAME_BYTES: usize = 256 * 1024;

/// No frame is larger; whoever reads one need not believe more.
const FRAME_MAX_BYTES: usize = 4 * FRAME_BYTES;

/// Kinds of frames.
const BLOCKS: u8 = b'b';
const PLACES: u8 = b'p';
const PAGES: u8 = b't';
const END: u8 = b'e';

/// Why there is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// One is being read, and there is room for the writes of one only.
    #[error("another backup is being taken")]
    Taken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store at one moment, frame by frame. Until it is dropped, what is written to the store gathers in memory.
pub struct Moment {
    still: Still,
    /// Where the ledger ended.
    pub head: Head,
    /// How long writers were held up.
    pub paused: Duration,
    next: Next,
}

/// What comes next.
enum Next {
    Beginning,
    Archive { blocks: bool, at: u64 },
    Pages { after: Option<Vec<u8>> },
    End,
    Nothing,
}

impl Records<Disk> {
    /// The store as it is durable now, for whoever reads it at leisure. It waits for a fold, which takes about a second;
    /// others write meanwhile.
    ///
    /// # Errors
    /// [`MomentError`].
    pub fn moment(&self) -> Result<Moment, MomentError> {
        let disk = &self.heart().space;
        let held = disk.hold().ok_or(MomentError::Taken)?;
        let (head, paused) = loop {
            let begun = self.heart().between_batches(|head| {
                let since = Instant::now();
                disk.begin_still().then(|| (head.clone(), since.elapsed()))
            })?;
            match begun {
                Some(begun) => break begun,
                // A fold began just before folds had to wait.
                None => disk.wait_for_fold(),
            }
        };
        Ok(Moment { still: disk.still(held), head, paused, next: Next::Beginning })
    }
}

impl Moment {
    /// The next bytes of the stream; none at its end.
    ///
    /// # Errors
    /// The store cannot be read, or had to go on.
    #[allow(clippy::should_implement_trait, reason = "an iterator of results would be read on after one that failed")]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        loop {
            let (bytes, next) = match &self.next {
                Next::Beginning => {
                    let line = format!("{MAGIC}{FORMAT_TEXT}{FORMAT}\n");
                    (Some(line.into_bytes()), Next::Archive { blocks: true, at: 0 })
                }
                Next::Archive { blocks, at } => self.archive(*blocks, *at)?,
                Next::Pages { after } => self.pages(after.as_deref())?,
                Next::End => (Some(frame(END, &self.end())), Next::Nothing),
                Next::Nothing => return Ok(None),
            };
            self.next = next;
            if bytes.is_some() {
                return Ok(bytes);
            }
        }
    }

    fn archive(&self, blocks: bool, at: u64) -> Result<(Option<Vec<u8>>, Next), StoreError> {
        let reach = self.still.reach();
        let end = if blocks { reach.archive_bytes } else { reach.archived * 8 };
        if at == end {
            let next = if blocks { Next::Archive { blocks: false, at: 0 } } else { Next::Pages { after: None } };
            return Ok((None, next));
        }
        let length = (end - at).min(FRAME_BYTES as u64);
        let bytes = self.still.archive(blocks, at, length as usize)?;
        let kind = if blocks { BLOCKS } else { PLACES };
        Ok((Some(frame(kind, &bytes)), Next::Archive { blocks, at: at + length }))
    }

    fn pages(&self, after: Option<&[u8]>) -> Result<(Option<Vec<u8>>, Next), StoreError> {
        let pages = self.still.pages(after, FRAME_BYTES)?;
        let Some((last, _)) = pages.last() else { return Ok((None, Next::End)) };
        let after = Some(last.clone());
        Ok((Some(frame(PAGES, &packed(&pages))), Next::Pages { after }))
    }

    fn end(&self) -> Vec<u8> {
        let Reach { batch, archived, archive_bytes } = self.still.reach();
        let numbers = [batch, archived, archive_bytes, self.head.frontier.size()].map(u64::to_le_bytes).concat();
        [numbers.as_slice(), &self.head.frontier.root().0].concat()
    }
}

/// Lays a store out of a stream in a directory that is missing or empty, and verifies all of it.
///
/// # Errors
/// [`CopyError`]. Then nothing is left in the directory.
pub fn receive(stream: &mut dyn Read, to: impl AsRef<Path>) -> Result<Head, CopyError> {
    let to = to.as_ref();
    stands_whole(to, |aside| laid(stream, aside).map(Some))
}

/// Lays the store out, and says how many receipts its ledger should have and which root.
fn laid(stream: &mut dyn Read, aside: &Path) -> Result<(u64, Hash), CopyError> {
    let broken = |why: &str| CopyError::BrokenOff { why: why.to_owned() };
    let io = |source| CopyError::Io { dir: aside.to_owned(), source };
    let unlaid = |why: Unopened| CopyError::Io { dir: aside.to_owned(), source: io::Error::other(why) };
    beginning(stream)?;
    make_private_folder(aside).map_err(io)?;
    fs::write(aside.join("format"), format!("{FORMAT_TEXT}{FORMAT}\n")).map_err(io)?;
    let watch: Arc<dyn Watch> = Arc::new(Unwatched { fold_bytes: FOLD_BYTES });
    let store = Laid::begin(aside, &watch).map_err(unlaid)?;
    let mut reached = [0_u64; 2];
    loop {
        let (kind, body) = next_frame(stream)?;
        match kind {
            BLOCKS | PLACES => {
                let at = &mut reached[usize::from(kind == PLACES)];
                store.archive(kind == BLOCKS, *at, &body).map_err(unlaid)?;
                *at += body.len() as u64;
            }
            PAGES => store.pages(unpacked(&body).ok_or_else(|| broken("its pages do not read"))?).map_err(unlaid)?,
            END => {
                let (reach, receipts, root) = ended(&body).ok_or_else(|| broken("its end does not read"))?;
                if reached != [reach.archive_bytes, reach.archived.saturating_mul(8)] {
                    return Err(broken("a part of the archive is missing"));
                }
                store.seal(reach).map_err(unlaid)?;
                sync_files(aside).map_err(io)?;
                return Ok((receipts, root));
            }
            _ => return Err(broken("there is a frame of no kind")),
        }
    }
}

/// Reads the first line.
fn beginning(stream: &mut dyn Read) -> Result<(), CopyError> {
    let expected = format!("{MAGIC}{FORMAT_TEXT}");
    let mut line = vec![0; expected.len()];
    fill(stream, &mut line)?;
    if line != expected.as_bytes() {
        return Err(CopyError::BrokenOff { why: "it is no backup".into() });
    }
    let mut format = String::new();
    loop {
        let mut byte = [0];
        fill(stream, &mut byte)?;
        match byte[0] {
            b'\n' => break,
            digit if digit.is_ascii_digit() && format.len() < 20 => format.push(char::from(digit)),
            _ => return Err(CopyError::BrokenOff { why: "it is no backup".into() }),
        }
    }
    if format == FORMAT.to_string() {
        return Ok(());
    }
    Err(CopyError::BrokenOff { why: format!("it has store format {format}, and this syndic reads format {FORMAT}") })
}

fn fill(stream: &mut dyn Read, bytes: &mut [u8]) -> Result<(), CopyError> {
    stream.read_exact(bytes).map_err(|why| {
        let early = why.kind() == io::ErrorKind::UnexpectedEof;
        CopyError::BrokenOff { why: if early { "it ends too early".into() } else { why.to_string() } }
    })
}

/// A frame: its kind, the length of its body and a checksum over all of it, and the body.
fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a frame is a few hundred KiB");
    let checksum = crc32fast::hash(&[&[kind], body].concat());
    [&[kind], &length.to_le_bytes()[..], &checksum.to_le_bytes(), body].concat()
}

fn next_frame(stream: &mut dyn Read) -> Result<(u8, Vec<u8>), CopyError> {
    let mut head = [0; 9];
    fill(stream, &mut head)?;
    let number = |from: usize| u32::from_le_bytes(std::array::from_fn(|nth| head[from + nth]));
    let (kind, length, checksum) = (head[0], number(1) as usize, number(5));
    if length > FRAME_MAX_BYTES {
        return Err(CopyError::BrokenOff { why: "a frame is larger than any is".into() });
    }
    let mut body = vec![0; length];
    fill(stream, &mut body)?;
    if crc32fast::hash(&[&[kind], body.as_slice()].concat()) != checksum {
        return Err(CopyError::BrokenOff { why: "it was changed on the way".into() });
    }
    Ok((kind, body))
}

/// Pages, each with what it is filed under, both with their lengths.
fn packed(pages: &Pairs) -> Vec<u8> {
    let lengths =
        |filed: &[u8], page: &[u8]| [filed.len(), page.len()].map(|bytes| (bytes as u32).to_le_bytes()).concat();
    pages.iter().flat_map(|(filed, page)| [lengths(filed, page), filed.clone(), page.clone()].concat()).collect()
}

fn unpacked(mut body: &[u8]) -> Option<Pairs> {
    let mut pages = Pairs::new();
    while !body.is_empty() {
        let (filed, rest) = body.split_first_chunk()?;
        let (page, rest) = rest.split_first_chunk()?;
        let (filed, rest) = rest.split_at_checked(u32::from_le_bytes(*filed) as usize)?;
        let (page, rest) = rest.split_at_checked(u32::from_le_bytes(*page) as usize)?;
        pages.push((filed.to_vec(), page.to_vec()));
        body = rest;
    }
    Some(pages)
}

fn ended(body: &[u8]) -> Option<(Reach, u64, Hash)> {
    let (numbers, root) = body.split_at_checked(32)?;
    let root = Hash(root.try_into().ok()?);
    let [batch, archived, archive_bytes, receipts] =
        std::array::from_fn(|nth| u64::from_le_bytes(std::array::from_fn(|byte| numbers[nth * 8 + byte])));
    Some((Reach { batch, archived, archive_bytes }, receipts, root))
}
