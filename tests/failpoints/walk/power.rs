//! What a power cut would leave of the store's files: of each, what it held at its last sync.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::abort;
use std::sync::Mutex;

use syndic_failpoints::Small;
use syndic_store::Watch;

type Files = BTreeMap<String, Vec<u8>>;

pub struct Power {
    store: PathBuf,
    synced: Mutex<Files>,
}

impl Power {
    /// Where a cut leaves its image, in the folder of a run.
    pub const IMAGE: &str = "image";

    /// The power of a store. What is in its files now is on the disk.
    pub fn of(store: &Path) -> Self {
        Self { store: store.to_owned(), synced: Mutex::new(files_of(store)) }
    }

    /// The power is cut now: what is left goes to a folder. Nothing is left of a store that has not got its name yet.
    pub fn cut(&self, image: &Path) -> ! {
        // Held to the end, so that nothing is synced any more, and so nothing acknowledged.
        let synced = self.synced.lock().unwrap();
        let mut files = files_of(&self.store);
        if files.is_empty() {
            abort();
        }
        // What was never seen to be synced was when the store was made; and what sled calls `snap.…` it has synced.
        for (name, bytes) in files.iter_mut().filter(|(name, _)| !name.starts_with("snap.")) {
            if let Some(synced) = synced.get(name) {
                bytes.clone_from(synced);
            }
        }
        fs::create_dir_all(image.join("blobs")).unwrap();
        files.iter().for_each(|(name, bytes)| fs::write(image.join(name), bytes).unwrap());
        abort()
    }
}

impl Watch for Power {
    fn fold_bytes(&self) -> usize {
        Small.fold_bytes()
    }

    fn write(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self, file: &str) -> io::Result<()> {
        // Before it is synced, so that what comes in between counts as lost.
        if let Ok(now) = fs::read(self.store.join(file)) {
            self.synced.lock().unwrap().insert(file.into(), now);
        }
        Ok(())
    }
}

/// The files of a folder; none where there is no folder. What goes away meanwhile is not there.
fn files_of(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|file| Some((file.file_name().into_string().ok()?, fs::read(file.path()).ok()?))).collect()
}
