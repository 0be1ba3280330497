//! Every durable boundary is a failpoint, and behind every one of them the next process finds what it needs.
//!
//! At each point, at several of its hits, a host's process is ended as `kill -9` would end it, has its power cut, or is
//! told that the operation failed. Then another process takes over and plays the stream to its end; and it must look as
//! if nothing had happened.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on has failed; it tells a table")]

mod canaries;
mod child;
mod life;
mod oracle;
mod power;
mod scene;
mod table;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::oracle::Reference;
use crate::scene::{Case, Scene};
use crate::table::Table;

/// Processes at once. They wait for the disk more than they work.
const JOBS: usize = 4;

#[test]
fn wherever_a_host_is_stopped_the_next_one_finds_what_it_needs() {
    let desk = tempfile::tempdir().unwrap();
    let reference = Reference::play(desk.path());
    let scenes = Scene::all(desk.path(), &reference);
    let cases: Vec<Case> = scenes.iter().flat_map(Scene::cases).collect();
    let (next, table) = (AtomicUsize::new(0), Mutex::new(Table::new(&scenes)));
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let found = case.run(desk.path(), &reference);
                    table.lock().unwrap().add(case, found);
                }
            });
        }
    });
    let table = table.into_inner().unwrap();
    println!("{table}");
    assert!(table.wrong().is_empty(), "\n{}\n", table.wrong().join("\n\n"));
}
