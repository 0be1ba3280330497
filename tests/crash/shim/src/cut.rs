//! The power goes: what was not synced is put back, and the process ends.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;

use crate::disk::Disk;
use crate::files::{Kept, SECTOR};
use crate::kernel;
use crate::wanted::Leaves;

/// What a page cache writes back at a time.
const PAGE: u64 = 4096;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most.max(1)
    }

    fn even(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// What was put back.
#[derive(Default)]
struct Back {
    sectors: u64,
    of_sectors: u64,
    changes: u64,
    of_changes: u64,
}

impl Disk {
    /// Does not return, and so does not give the lock back.
    pub(crate) fn power_goes(&mut self, at: &'static str) {
        let back = self.put_back();
        self.report(at, &back);
        kernel::die();
    }

    /// A process that ends by itself leaves unsynced things behind too.
    pub(crate) fn process_ends(&mut self) {
        match self.wanted.leaves {
            Some(_) => self.power_goes("the end"),
            None => self.report("the end", &Back::default()),
        }
    }

    fn put_back(&mut self) -> Back {
        let mut back = Back::default();
        let Some(leaves) = self.wanted.leaves else { return back };
        if leaves == Leaves::Carry {
            self.hand_over();
            return back;
        }
        let mut dice = Dice(self.wanted.seed);
        for file in self.files.values() {
            put_back_content(file, leaves, &mut dice, &mut back);
        }
        self.put_back_names(leaves, &mut dice, &mut back);
        back
    }

    /// The changes of one folder are kept in their order up to some point: a journal may break off, and does not skip.
    fn put_back_names(&mut self, leaves: Leaves, dice: &mut Dice, back: &mut Back) {
        let mut left = BTreeMap::new();
        for change in &self.changes {
            *left.entry(change.of).or_insert(0) += 1;
        }
        back.of_changes = self.changes.len() as u64;
        for count in left.values_mut() {
            *count = if leaves == Leaves::Drop { *count } else { dice.below(*count + 1) };
        }
        for change in std::mem::take(&mut self.changes).into_iter().rev() {
            if let Some(count) = left.get_mut(&change.of).filter(|count| **count > 0) {
                *count -= 1;
                back.changes += 1;
                self.grave.undo(change.what);
            }
        }
    }

    fn report(&self, at: &str, back: &Back) {
        let Some(path) = self.wanted.report.as_ref() else { return };
        let mut text = format!("{{\"at\":\"{at}\",\"calls\":{},\"opening\":{}", self.calls, self.opening);
        let put_back = [
            ("sectors_put_back", back.sectors),
            ("sectors_unsynced", back.of_sectors),
            ("changes_put_back", back.changes),
            ("changes_unsynced", back.of_changes),
        ];
        let counts = self.by_name.iter().map(|(name, count)| (*name, *count));
        for (name, count) in put_back.into_iter().chain(counts) {
            let _ = write!(text, ",\"{name}\":{count}");
        }
        text.push_str("}\n");
        write_file(path.as_os_str().as_bytes(), text.as_bytes());
    }
}

/// Writes a file anew, unnoted.
pub(crate) fn write_file(path: &[u8], text: &[u8]) {
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC;
    let file = CString::new(path).ok().and_then(|path| kernel::open(libc::AT_FDCWD, &path, flags));
    if let Some(file) = file {
        kernel::write_at(&file, text, 0);
    }
}

fn put_back_content(file: &Kept, leaves: Leaves, dice: &mut Dice, back: &mut Back) {
    let Some(durable) = file.length else { return };
    let now = file.length_now();
    let keeps_length = leaves != Leaves::Drop && dice.even();
    // A file that was cut shorter and is not after all has what was cut off.
    let cut_off = if now < durable && !keeps_length { now } else { u64::MAX };
    let (mut page, mut fate) = (u64::MAX, Fate::Lost);
    let mut end = durable;
    for (&sector, old) in &file.sectors {
        if sector * SECTOR / PAGE != page {
            page = sector * SECTOR / PAGE;
            fate = Fate::of_page(leaves, dice);
        }
        back.of_sectors += 1;
        if fate.loses(dice) || (sector + 1) * SECTOR > cut_off {
            back.sectors += 1;
            let mut old = old.clone();
            old.resize(SECTOR as usize, 0);
            kernel::write_at(&file.own, &old, sector * SECTOR);
        } else {
            end = end.max(((sector + 1) * SECTOR).min(now));
        }
    }
    kernel::set_length(&file.own, if keeps_length { now } else { end });
}

/// What becomes of a page.
#[derive(Clone, Copy)]
enum Fate {
    Lost,
    Kept,
    Torn,
}

impl Fate {
    fn of_page(leaves: Leaves, dice: &mut Dice) -> Self {
        match leaves {
            Leaves::Drop | Leaves::Carry => Self::Lost,
            Leaves::Half if dice.even() => Self::Kept,
            Leaves::Half => Self::Lost,
            Leaves::Torn => [Self::Lost, Self::Kept, Self::Torn][dice.below(3) as usize],
        }
    }

    fn loses(self, dice: &mut Dice) -> bool {
        match self {
            Self::Lost => true,
            Self::Kept => false,
            Self::Torn => dice.even(),
        }
    }
}
