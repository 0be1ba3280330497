//! Scenes: what a child finds when it begins; and the cases that are tried in each.

use std::fs;
use std::path::{Path, PathBuf};

use syndic_core::failpoint::POINTS;
use syndic_core::ports::Reads as _;
use syndic_failpoints::Stage;
use syndic_store::{MasterWanted, SledStore};

use crate::life::{Deed, End, How, Life, Stop, live};
use crate::oracle::Reference;
use crate::power::Power;

/// What a child finds.
pub struct Scene {
    pub name: &'static str,
    how: How,
    /// What is copied for it; nothing where the directory is to be made.
    left: Option<PathBuf>,
    /// How often it hits each point where nobody stops it.
    pub hits: Vec<u64>,
    /// Which of so many hits are tried.
    pick: fn(u64) -> Vec<u64>,
}

/// Where a child died before the scene begins: its point, and at which hit; and what is found unfinished.
struct Died(&'static str, &'static str, u64, &'static str);

/// In the middle of undoing two effects; and over the effect of a timer, and of an event that is judged again, when the
/// answer was not written yet.
const DIED: [Died; 3] = [
    Died("after a crash in an undo", "engine.undone.write", 7, "pair-1"),
    Died("after a crash in a timer", "engine.answer.write", 13, "TimerFired"),
    Died("after a crash in an act", "engine.answer.write", 37, "referred-0"),
];

impl Scene {
    pub fn all(desk: &Path, reference: &Reference) -> Vec<Self> {
        let made = Self {
            name: "a new directory",
            how: How::Play,
            left: None,
            hits: reference.hits.clone(),
            pick: |hits| vec![1, 2, hits.div_ceil(2), hits],
        };
        let mut lanes = Self {
            name: "a new directory, through lanes",
            how: How::Lanes,
            left: None,
            hits: Vec::new(),
            pick: |hits| vec![hits.div_ceil(3), hits],
        };
        lanes.count(desk);
        let taken_over = DIED.into_iter().map(|died| died.scene(desk));
        [made, lanes].into_iter().chain(taken_over).collect()
    }

    /// Every point that is hit, at each of the hits that are picked, with each deed.
    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let hit = self.hits.iter().enumerate().filter(|(_, hits)| **hits > 0);
        hit.flat_map(move |(place, hits)| {
            let mut picked = (self.pick)(*hits);
            picked.retain(|hit| hit <= hits);
            picked.sort_unstable();
            picked.dedup();
            let stops = picked.into_iter().flat_map(move |hit| Deed::WALKED.map(|deed| Stop { place, hit, deed }));
            // What fails fails alike, whatever was found before. Lanes leave to the disk what `play` leaves to it.
            let stops = stops.filter(|stop| match stop.deed {
                Deed::Error => self.left.is_none() || stop.hit == 1,
                Deed::Cut => self.how == How::Play,
                _ => true,
            });
            stops.map(move |stop| Case { scene: self, stop })
        })
    }

    /// Counts how often a child that nobody stops hits each point.
    fn count(&mut self, desk: &Path) {
        let folder = self.folder(desk);
        let life = live(folder.path(), self.how, &[]);
        self.hits = life.hits.filter(|_| life.end == End::Done).unwrap_or_else(|| panic!("{}", life.said));
    }

    /// A folder for a child to begin in.
    fn folder(&self, desk: &Path) -> tempfile::TempDir {
        let folder = tempfile::tempdir_in(desk).unwrap();
        if let Some(left) = &self.left {
            copy(left, folder.path());
        }
        folder
    }
}

impl Died {
    fn scene(self, desk: &Path) -> Scene {
        let Self(name, point, hit, unfinished) = self;
        let left = desk.join(name);
        fs::create_dir(&left).unwrap();
        let life = live(&left, How::Play, &[Stop::at(point, hit, Deed::Crash)]);
        assert!(life.reached && life.end == End::Aborted, "{name}: {}", life.said);
        // As if it had been killed over a snapshot of sled's, too.
        fs::write(left.join(Stage::STORE).join("store/snap.0000000000000001.generating"), "half").unwrap();
        let mut scene = Scene { name, how: How::Play, left: Some(left), hits: Vec::new(), pick: |hits| vec![1, hits] };
        let folder = scene.folder(desk);
        let store = SledStore::open(folder.path().join(Stage::STORE), MasterWanted::Kept).unwrap();
        let found = store.unfinished().unwrap();
        assert!(found.iter().any(|event| event.event.contains(unfinished)), "{name}: {found:?}");
        drop(store);
        scene.count(desk);
        scene
    }
}

/// One child that is stopped, and the one that takes over.
pub struct Case<'s> {
    pub scene: &'s Scene,
    pub stop: Stop,
}

/// How a case went: how the first child ended, or that it never came to the point.
pub enum Found {
    Stopped(End),
    NotReached,
    Wrong(String),
}

impl Case<'_> {
    pub fn run(&self, desk: &Path, reference: &Reference) -> Found {
        let mut stop = self.stop;
        loop {
            let folder = self.scene.folder(desk);
            let first = live(folder.path(), self.scene.how, &[stop]);
            if first.reached {
                return match take_over(folder.path(), self.scene.how, &first, stop.deed, reference) {
                    Ok(()) => Found::Stopped(first.end),
                    Err(why) => Found::Wrong(format!("{} in {}: {why}\n{}", stop.text(), self.scene.name, first.said)),
                };
            }
            // How much is written as one group is chance, and so is how many groups there are.
            match first.hits.map(|hits| hits[stop.place]) {
                Some(hits) if hits > 0 => stop.hit = hits.min(stop.hit - 1),
                _ => return Found::NotReached,
            }
        }
    }
}

/// What another child makes of what the first one left.
pub fn take_over(folder: &Path, how: How, first: &Life, deed: Deed, reference: &Reference) -> Result<(), String> {
    if !deed.ends().contains(&first.end) {
        return Err(format!("it ended otherwise: {:?}", first.end));
    }
    if deed == Deed::Cut {
        let (image, store) = (folder.join(Power::IMAGE), folder.join(Stage::STORE));
        for name in ["store", "store.new"].map(|name| store.join(name)).iter().filter(|name| name.exists()) {
            fs::remove_dir_all(name).unwrap();
        }
        if image.exists() {
            fs::rename(image, store.join("store")).unwrap();
        }
    }
    let second = live(folder, how, &[]);
    if second.end != End::Done {
        return Err(format!("the one that took over: {:?}: {}", second.end, second.said));
    }
    reference.check(folder, how, &first.told, &second.told)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// The points that no scene hits.
pub fn missed(scenes: &[Scene]) -> Vec<&'static str> {
    let is_hit = |place: usize| scenes.iter().any(|scene| scene.hits[place] > 0);
    POINTS.iter().enumerate().filter(|(place, _)| !is_hit(*place)).map(|(_, point)| point.name).collect()
}
