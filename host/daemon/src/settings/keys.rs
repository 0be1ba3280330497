//! Every key of the configuration: what it means, what it may be, and what holds where nobody says anything.
//!
//! This table is all there is to know of a key. Files, environment and flags are read by it, the reference and the
//! example are printed from it, and what is not in it is refused.

use std::fmt;

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path; a `*` stands for a name that the operator gives.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// What holds where nobody says otherwise, as it would be typed in a file; empty: nothing does.
    pub(crate) default: &'static str,
    pub(crate) takes: Takes,
    /// The version that knew it first.
    pub(crate) since: &'static str,
    pub(crate) doc: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A list of texts.
    Texts,
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number of a unit, from the first to the second.
    Count(&'static str, u64, u64),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Texts => f.write_str("list of texts"),
            Self::Path => f.write_str("path"),
            Self::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                f.write_str(&words.join(" or "))
            }
            Self::Count(unit, least, most) => write!(f, "{unit}, {least} to {most}"),
        }
    }
}

/// When a change of a value is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// At SIGHUP.
    Reload,
    /// At the next start.
    Restart,
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reload => "on SIGHUP",
            Self::Restart => "at the next start",
        })
    }
}

/// What a section is about.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

/// The sections, in the order in which they are printed.
#[rustfmt::skip]
pub(crate) const SECTIONS: &[Section] = &[
    Section { name: "host",       doc: "This process: where it keeps what it knows, and how much it takes on at once." },
    Section { name: "http",       doc: "The doors for programs: HTTP over TCP and over a unix socket." },
    Section { name: "limits",     doc: "How long things may take. They stand in the configuration that every receipt names." },
    Section { name: "slots",      doc: "Slots: `[slots.NAME]`, one of the eight or one of your own. They stand in the configuration that receipts name." },
    Section { name: "routes",     doc: "Who judges what: `[routes.KIND]` replaces the route of a kind, or adds one." },
    Section { name: "facts",      doc: "Conflicts: `[facts.\"shared.NAME\"]` says what happens where governors disagree on a shared fact." },
    Section { name: "calendar",   doc: "When everybody works: what a net means by `2 bd`, and at what time of the wall a day or a month is over. It stands in the configuration that receipts name. A deadline that is set is a moment, and no change moves it." },
    Section { name: "calendars",  doc: "When one tenant works: `[calendars.TENANT]`. What it does not say is as in `[calendar]`; its lists take the place of those there." },
    Section { name: "connectors", doc: "The outside world." },
    Section { name: "retention",  doc: "How long things are remembered." },
    Section { name: "log",        doc: "What is told on stderr." },
    Section { name: "otlp",       doc: "Where spans go: each event as a tree of its states, governors and effects, by OTLP over HTTP." },
];

const MS: &str = "milliseconds";
const BYTES: &str = "bytes";
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

const fn key(path: &'static str, kind: Kind, default: &'static str, takes: Takes, doc: &'static str) -> Key {
    Key { path, kind, default, takes, since: "0.1.0", doc }
}

use Kind::{Choice, Count, Path, Text, Texts};
use Takes::{Reload, Restart};

/// Every key, section by section.
#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    // ── this process ────────────────────────────────────────────────────
    key("host.data",           Path,                              "\"data\"",    Restart, "The data directory. It is made where it is missing, and serves one process at a time."),
    key("host.workers",        Count("threads", 1, 1_024),        "",            Restart, "Threads that take turns. Where it is not given: one per processor."),
    key("host.lane_max",       Count("events", 1, 1_000_000),     "256",         Restart, "Events that may wait in one lane, that is for one customer. What does not fit is turned away with a time to come back."),
    key("host.tenant_max",     Count("events", 1, 10_000_000),    "4096",        Restart, "Events that may wait in all lanes of one tenant."),
    key("host.host_max",       Count("events", 1, 100_000_000),   "16384",       Restart, "Events that may wait in all."),
    key("host.stuck_lane",     Choice(&["go-on", "hold"]),        "\"go-on\"",   Restart, "What a lane does while one of its events is stuck: it goes on, or waits until the event is settled."),
    key("host.drain_ms",       Count(MS, 0, HOUR),                "20000",       Reload,  "For how long what was taken may be finished after SIGTERM. What is left then is finished after the next start."),
    key("host.fold_bytes",     Count(BYTES, 4_096, 1 << 40),      "67108864",    Restart, "Bytes of changes that come together in memory before they are folded into the store. Few, for a machine with little memory; it costs time."),
    key("host.compiled_cache", Path,                              "",            Restart, "Where compiled governors are kept between starts. Where it is not given: in the user's cache folder. Empty: nowhere, and every start compiles them."),
    // ── the doors ───────────────────────────────────────────────────────
    key("http.listen",          Texts,                            "[\"127.0.0.1:7070\"]", Restart, "Addresses with their ports. Anything but this machine's own needs a certificate: tokens never cross a network in the clear."),
    key("http.certificate",     Path,                             "\"\"",            Restart, "The chain of certificates, as PEM. The file is read again at SIGHUP, and when it has changed."),
    key("http.key",             Path,                             "\"\"",            Restart, "The key of the certificate, as PEM."),
    key("http.loopback",        Text,                             "\"\"",            Restart, "What every program on this machine may do over TCP without a token: a role, or `role:tenant`; an agent with work roles as `agent+support+finance`. Empty: nothing."),
    key("http.socket",          Path,                             "\"\"",            Restart, "A unix socket. Empty: there is none."),
    key("http.users",           Texts,                            "[]",          Restart, "What users of this machine may do over the unix socket without a token: each `number:role`, or `number:role:tenant`; an agent with work roles as `number:agent+support+finance`. The kernel says who calls."),
    key("http.requests_max",    Count("a second", 0, 10_000_000), "1000",        Restart, "Requests that one caller may send in the long run; twice as many at once. A batch is one. 0 counts nobody."),
    key("http.connections_max", Count("connections", 1, 1_000_000), "1000",      Restart, "Connections there may be at once."),
    key("http.connections_per_address_max", Count("connections", 0, 1_000_000), "100", Restart, "Connections there may be at once from one address, or one IPv6 network of /64; more are closed unheard. This machine's own are not counted, for a proxy on it stands for everybody. 0 counts nobody's."),
    key("http.headers_ms",      Count(MS, 1, HOUR),               "15000",       Restart, "For the headers of a request to come; a connection may be idle for as long."),
    key("http.body_ms",         Count(MS, 1, HOUR),               "30000",       Restart, "For the body of a request to come."),
    key("http.answer_ms",       Count(MS, 1, HOUR),               "30000",       Restart, "For the answer to a request. An event whose outcome takes longer is judged all the same, and may be sent again."),
    // ── how long things may take ────────────────────────────────────────
    key("limits.startup_ms",         Count(MS, 1, HOUR),          "30000",       Restart, "For all governors to be healthy at start. Nothing is accepted before, and the start fails after."),
    key("limits.coordination_ms",    Count(MS, 1, HOUR),          "5000",        Restart, "For all governors to decide on an event."),
    key("limits.feedback_ms",        Count(MS, 1, HOUR),          "10000",       Restart, "For the effects of an event, and for governors to hear how they went."),
    key("limits.error_ms",           Count(MS, 1, HOUR),          "5000",        Restart, "For weighing what to undo."),
    key("limits.recovery_ms",        Count(MS, 1, HOUR),          "10000",       Restart, "For undoing everything. An event that is not undone by then is stuck."),
    key("limits.effect_ms",          Count(MS, 1, HOUR),          "2000",        Restart, "For one try of one effect."),
    key("limits.deferred_tries_max", Count("tries", 1, 1_000_000), "105",        Restart, "Tries of a deferred effect before it has expired."),
    key("limits.wait_first_ms",      Count(MS, 1, DAY),           "1000",        Restart, "Between the first try of something that goes on in the background and the second. It doubles from try to try."),
    key("limits.wait_most_ms",       Count(MS, 1, DAY),           "900000",      Restart, "The longest wait between two such tries."),
    key("limits.stuck_ms",           Count(MS, 0, 365 * DAY),     "86400000",    Restart, "For how long undoing is tried in the background before only an operator can settle the event."),
    key("limits.stale_max",          Count("times", 0, 1_000),    "3",           Restart, "How often a decision is made again because its facts moved meanwhile."),
    key("limits.ahead_max_ms",       Count(MS, 0, 400 * DAY),     "300000",      Restart, "How far ahead of the host's clock an event's time may be. It is refused beyond."),
    // ── slots ───────────────────────────────────────────────────────────
    key("slots.*.component",         Text,                        "\"bundled\"", Restart, "The governor: `bundled` is the one that came with this program, anything else is a component's file. It judges until another version is installed in its slot."),
    key("slots.*.fuel_max",          Count("units", 1, 1 << 53),  "20000000",    Restart, "Fuel for one call: about one unit an instruction."),
    key("slots.*.deadline_ms",       Count(MS, 1, HOUR),          "250",         Restart, "Wall time of one call."),
    key("slots.*.memory_max_bytes",  Count(BYTES, 65_536, 1 << 32), "67108864",  Restart, "All memories and tables of one call together."),
    key("slots.*.wasi",              Choice(&["refused", "deterministic"]), "\"refused\"", Restart, "Whether the governor may import WASI. Deterministic: its clock is the event's, its chance is seeded, what it prints is logged, and there are no files, no network and no environment."),
    key("slots.*.budget_calls",      Count("calls", 1, 1_000_000), "100",        Restart, "Over so many of its last calls a version may fail `budget_failures` times; then the host goes back to the one before."),
    key("slots.*.budget_failures",   Count("failures", 0, 1_000_000), "2",       Restart, "How often a version may fail in `budget_calls` calls. With one more it is taken back."),
    key("slots.*.gate_calls",        Count("calls", 0, 1 << 40),  "100",         Restart, "How often a version on trial is asked before it may be promoted."),
    key("slots.*.gate_different",    Count("differences", 0, 1 << 40), "0",      Restart, "How many differences that nobody explained a promoted version may have shown."),
    key("slots.*.gate_failed",       Count("failures", 0, 1 << 40), "0",         Restart, "How often a promoted version may have failed on trial."),
    key("slots.*.signature",         Choice(&["optional", "required"]), "\"optional\"", Restart, "Whether a component is installed only with a publisher's signature."),
    key("slots.*.publishers",        Texts,                       "",            Restart, "Whose signatures count: lines of OpenSSH's `allowed_signers`, like `acme ssh-ed25519 AAAA…`."),
    key("slots.*.pins",              Texts,                       "",            Restart, "The digests of the components that may be installed, `sha256:…`; none: any."),
    key("slots.*.values.*",          Text,                        "",            Restart, "What the governor reads with `config`, by name. Receipts name the configuration this stands in: keep secrets out."),
    // ── who judges what ─────────────────────────────────────────────────
    key("routes.*.slots",            Texts,                       "",            Restart, "The slots whose governors judge this kind."),
    key("routes.*.scope",            Choice(&["customer", "tenant"]), "\"customer\"", Restart, "Whose lane its events run in: the customer's, or the tenant's own. Only events there may set facts of the tenant."),
    // ── conflicts ───────────────────────────────────────────────────────
    key("facts.*.disagreement",      Choice(&["compensate", "slot-order", "strictest", "manual"]), "\"compensate\"", Restart, "Where two decisions of one event set it differently: everything is undone, the slot that stands first in `order` wins, it reads as the strictest value in `order` that stands, or an operator decides."),
    key("facts.*.order",             Texts,                       "",            Restart, "For `slot-order` the slots, first the one that wins; for `strictest` the values, strictest first."),
    key("facts.*.staleness",         Choice(&["optimistic", "last-write-wins"]), "\"optimistic\"", Restart, "Where it moved since it was read: the event is judged again, or a write of an event that is older than the fact is dropped and recorded. Never `last-write-wins` for money or access."),
    // ── calendars ───────────────────────────────────────────────────────
    key("calendar.zone",             Text,                        "\"UTC\"",   Reload, "The time zone, by its IANA name, like `Europe/Berlin`. The zones come with the program."),
    key("calendar.working_days",     Texts,                       "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]", Reload, "The days of the week on which there is work."),
    key("calendar.hours.open",       Text,                        "",            Reload, "When work begins on such a day, like `09:00`: what comes earlier waits until then. Where no hours are given, the whole day is working time."),
    key("calendar.hours.close",      Text,                        "",            Reload, "When it ends, like `17:00`; at most `24:00`."),
    key("calendar.holidays",         Texts,                       "[]",          Reload, "Days on which there is none all the same, like `2026-12-25`."),
    key("calendars.*.zone",          Text,                        "",            Reload, "The tenant's time zone."),
    key("calendars.*.working_days",  Texts,                       "",            Reload, "The days of the week on which it works."),
    key("calendars.*.hours.open",    Text,                        "",            Reload, "When its work begins."),
    key("calendars.*.hours.close",   Text,                        "",            Reload, "When its work ends."),
    key("calendars.*.holidays",      Texts,                       "",            Reload, "Days on which it does not work all the same: all of them, everybody's too."),
    // ── the outside world ───────────────────────────────────────────────
    key("connectors.services",       Choice(&["sandbox"]),        "\"sandbox\"", Restart, "Who answers for payments, identity checks, mail and the like. The sandbox plays all of them and reaches nobody."),
    // ── how long things are remembered ──────────────────────────────────
    key("retention.keys_days",       Count("days", 7, 3_650),     "30",          Restart, "How long an event is known by its key. Sent again later, it is a new event. Services that repeat themselves do so for days: it is never less than a week."),
    // ── what is told ────────────────────────────────────────────────────
    key("log.level",                 Choice(&["error", "warn", "info", "debug", "trace"]), "\"info\"", Reload, "How much is told. At `debug`, every event is."),
    key("log.format",                Choice(&["auto", "pretty", "json"]), "\"auto\"", Restart, "Lines for people, or one JSON object a line. Auto: lines where a person watches."),
    // ── where spans go ──────────────────────────────────────────────────
    key("otlp.endpoint",             Text,                        "\"\"",      Restart, "The collector's URL, like `http://localhost:4318`; `/v1/traces` is added. Empty: no span is made. One that is slow or gone holds nothing up: what it does not take is lost, and counted."),
    key("otlp.headers",              Texts,                       "[]",          Restart, "Headers that go with every batch, each `name=value`. They may be secret, so `config show` does not show them; give them as `SYNDIC_OTLP__HEADERS`, or in a file that nobody else reads."),
    key("otlp.service",              Text,                        "\"syndic\"", Restart, "What this host is called at the collector."),
    key("otlp.sampled_of_million",   Count("events", 0, 1_000_000), "1000000",   Restart, "Of a million events, so many are sent with their trees. Where a sender says of its own trace whether it is sampled, that holds."),
    key("otlp.timeout_ms",           Count(MS, 1, HOUR),          "5000",        Restart, "For the collector to take one batch; at the end, for it to take what is left."),
];

impl Key {
    /// The parts of its path.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('.')
    }

    /// Whether a path is this key's, whatever names stand in it.
    pub(crate) fn is_at(&self, path: &[String]) -> bool {
        self.parts().count() == path.len() && self.begins_with(path)
    }

    /// Whether its value may be a secret, and is not shown.
    pub(crate) fn is_secret(&self) -> bool {
        self.path == "otlp.headers"
    }

    /// Whether this key's path begins so.
    pub(crate) fn begins_with(&self, path: &[String]) -> bool {
        self.parts().count() >= path.len() && self.parts().zip(path).all(|(part, given)| part == "*" || part == given)
    }
}

/// The key at a path.
pub(crate) fn at(path: &[String]) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.is_at(path))
}
