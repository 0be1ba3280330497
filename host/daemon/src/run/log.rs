//! The log: what the daemon tells on stderr, for people or for programs.

use std::io::IsTerminal;

use syndic_cli::{Failure, FailureKind};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;

use crate::run::spans::Spans;
use crate::settings;

/// The log, whose level can change while it is written.
pub(crate) struct Log {
    level: Handle<LevelFilter, Registry>,
}

impl Log {
    /// From now on, everything at a level or above goes to stderr; and spans to where they are sent.
    ///
    /// # Errors
    /// Somebody else in this process logs already.
    pub(crate) fn to_stderr(wanted: &settings::Log, spans: Option<&Spans>) -> Result<Self, Failure> {
        let (filter, level) = reload::Layer::new(level(&wanted.level));
        let watched = std::io::stderr().is_terminal();
        // At `debug` each event is a tree of spans; how long one took is told as it closes.
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(watched);
        let lines = lines.with_span_events(FmtSpan::CLOSE);
        let pretty = wanted.format == "pretty" || (wanted.format == "auto" && watched);
        let lines = if pretty { lines.boxed() } else { lines.json().flatten_event(true).boxed() };
        // The level is that of lines alone: spans go to the collector whatever is told here.
        let set =
            tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans.map(Spans::layer)).try_init();
        set.map_err(|why| Failure::new(FailureKind::Unreachable, "the log cannot be written").because(why))?;
        Ok(Self { level })
    }

    /// Tells more, or less, from now on.
    pub(crate) fn set_level(&self, wanted: &settings::Log) {
        // It fails only where the log is gone, and then nobody hears of it either.
        let _ = self.level.reload(level(&wanted.level));
    }
}

fn level(name: &str) -> LevelFilter {
    name.parse().unwrap_or(LevelFilter::INFO)
}
