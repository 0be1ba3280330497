//! The world as one call sees it: when it is, what chance says, and the lines that are being written.

use crate::call::Level;
use crate::text::LINE_MAX_BYTES;

/// What a call's clock and chance come from. While a governor describes itself it is the first of January 1970, and
/// nothing is left to chance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    /// The lane's time, in milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// The context's seed.
    pub(crate) seed: u64,
}

/// A standard stream that is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Stream {
    pub(crate) fn level(self) -> Level {
        match self {
            Self::Out => Level::Info,
            Self::Err => Level::Warn,
        }
    }
}

/// The world of one call.
#[derive(Debug)]
pub(crate) struct World {
    moment: Moment,
    /// How much chance was asked for.
    thrown: u64,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl World {
    pub(crate) fn new(moment: Moment) -> Self {
        Self { moment, thrown: 0, out: Vec::new(), err: Vec::new() }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.moment.now_ms
    }

    /// The next number (SplitMix64 from the seed): the same for the same event, on every machine.
    pub(crate) fn throw(&mut self) -> u64 {
        self.thrown = self.thrown.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.moment.seed.wrapping_add(self.thrown);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count.next_multiple_of(8));
        while bytes.len() < count {
            bytes.extend_from_slice(&self.throw().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    /// Writes, and takes out the lines that are whole. One that is longer than the log would show is taken as it is.
    pub(crate) fn write(&mut self, stream: Stream, written: &[u8]) -> Vec<String> {
        let open = self.open(stream);
        let mut lines = Vec::new();
        for piece in written.split_inclusive(|byte| *byte == b'\n') {
            // What no log shows need not be kept.
            let room = (LINE_MAX_BYTES + 1).saturating_sub(open.len());
            open.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                lines.extend(line(open));
                open.clear();
            }
        }
        lines
    }

    /// What was written and not ended.
    pub(crate) fn rest(&mut self, stream: Stream) -> Option<String> {
        line(&std::mem::take(self.open(stream)))
    }

    fn open(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }
}

/// A line without its end, where there is something in it.
fn line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_seeds_own() {
        let throws = |seed| {
            let mut world = World::new(Moment { now_ms: 0, seed });
            (world.throw(), world.throw(), world.bytes(3))
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
        let (first, second, bytes) = throws(7);
        assert!(first != second && bytes.len() == 3);
    }

    #[test]
    fn what_is_written_becomes_lines() {
        let mut world = World::new(Moment::default());
        assert_eq!(world.write(Stream::Out, b"one"), Vec::<String>::new());
        assert_eq!(world.write(Stream::Out, b" line\n\ntwo\nthr"), ["one line", "two"]);
        assert_eq!(world.write(Stream::Err, b"\xff\n"), ["\u{fffd}"]);
        assert_eq!(world.rest(Stream::Out).as_deref(), Some("thr"));
        assert_eq!(world.rest(Stream::Out), None);
    }

    #[test]
    fn a_line_without_an_end_is_kept_as_far_as_a_log_would_show_it() {
        let mut world = World::new(Moment::default());
        for _ in 0..100 {
            assert!(world.write(Stream::Out, &[b'x'; 1_000]).is_empty());
        }
        assert_eq!(world.rest(Stream::Out).map(|line| line.len()), Some(LINE_MAX_BYTES + 1));
    }
}
