//! `doctor --server`: looks at a daemon that runs, from where its callers are.
//!
//! It knows what the daemon tells anybody with this token. What only the machine there can tell (its disk, its limits)
//! is told by `doctor` on that machine.

use syndic_api::Stats;
use syndic_cli::client::Remote;
use syndic_cli::{Failure, FailureKind};

use super::doctor::{Findings, Found, stopped};
use Found::{Ill, Odd, Well};

/// What can be seen from outside.
pub(super) fn visit(daemon: &Remote) -> Findings {
    let mut findings = Findings::new();
    for (what, path) in [("process", "/healthz"), ("ready", "/readyz")] {
        match daemon.text(path) {
            Ok(said) => findings.push((what, Well(format!("it says `{}`", said.trim())))),
            Err(failure) => {
                // Whoever cannot be reached has nothing more to say.
                findings.push((what, Ill(failure)));
                return findings;
            }
        }
    }
    match daemon.get("/v1/stats").and_then(syndic_cli::client::Told::read::<Stats>) {
        Err(failure) => findings.push(("token", Ill(failure))),
        Ok(stats) => {
            findings.push(("token", Well("it lets in whoever looks".into())));
            findings.extend(standing(&stats));
        }
    }
    findings
}

fn standing(stats: &Stats) -> Findings {
    let (healthy, all) = (stats.governors_healthy, stats.total_governors);
    let governors = if healthy == all {
        Well(format!("{all} are healthy"))
    } else {
        let failure = Failure::new(FailureKind::Unreachable, format!("{healthy} of {all} governors are healthy"));
        Ill(failure.because("the others were not loaded, or left their slots").hint("its log names them"))
    };
    let host = match &stats.error_state {
        None => Well(format!("{} receipts, root {}", stats.receipts, stats.root_hash)),
        Some(why) => Ill(Failure::new(FailureKind::Unreachable, "the host has stopped")
            .because(why)
            .hint("its log says more; what was acknowledged is safe, and a restart goes on with it")),
    };
    let waits = [
        (stats.stuck_events, "stuck: an effect could not be undone", "`syndic event stuck` lists them"),
        (stats.undelivered_effects, "undelivered: nobody answered", "`syndic event undelivered` lists them"),
        (stats.quarantined, "quarantined: a version traps on them", "`syndic event quarantined` lists them"),
    ];
    let waits = waits.into_iter().filter(|(count, ..)| *count > 0);
    let odd = waits.map(|(count, what, hint)| ("events", Odd(format!("{count} {what}"), hint)));
    [("governors", governors), ("host", host)].into_iter().chain(odd).chain(stopped(stats.stopped_cases())).collect()
}
