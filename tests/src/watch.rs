//! Somebody who looks at a clock while a test may hang, and ends the program when it does.
//!
//! A host that hangs cannot be made to stop from within, and a test program that hangs tells nobody why.

use std::io::Write;
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Ends the program where one thing takes longer than it may.
pub struct Watch(Sender<String>);

impl Watch {
    /// Begins to watch. Nothing may take longer than `limit`.
    ///
    /// # Panics
    /// There is no thread to be had.
    pub fn over(limit: Duration) -> Self {
        let (says, hears) = mpsc::channel::<String>();
        let watch = move || {
            let mut now = "beginning".to_owned();
            loop {
                match hears.recv_timeout(limit) {
                    Ok(next) => now = next,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        let _ = writeln!(std::io::stderr(), "over {limit:?} have gone by with: {now}");
                        process::abort();
                    }
                }
            }
        };
        thread::Builder::new().name("watch".to_owned()).spawn(watch).expect("there is a thread to be had");
        Self(says)
    }

    /// Something else begins.
    pub fn now(&self, what: impl Into<String>) {
        // The watcher ends only with the program.
        let _ = self.0.send(what.into());
    }
}
