//! The process that is stopped: it plays the stream, tells what it is told, and comes to its end at one point.

use std::env;
use std::io::{Write as _, stderr};
use std::path::Path;
use std::process::{abort, exit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use syndic_core::failpoint::{self, Act, POINTS};
use syndic_engine::Played;
use syndic_failpoints::{Refused, Stage};

use crate::life::{Deed, Stop};
use crate::power::Power;

/// Where a child's folder is named, and where it stops: `point hit deed;…`.
pub const FOLDER: &str = "SYNDIC_FAILPOINTS_FOLDER";
pub const STOPS: &str = "SYNDIC_FAILPOINTS_STOPS";

/// Says that it is to send the stream through lanes.
pub const LANES: &str = "SYNDIC_FAILPOINTS_LANES";

/// What it ends with where it says why it goes no further.
pub const REFUSED: i32 = 3;

/// Begins each line that tells what was played, and the one that tells how often each point was hit.
pub const TOLD: &str = "told ";
pub const HITS: &str = "hits ";

/// What is said in the moment in which the point is reached.
pub const REACHED: &str = "reached";

/// How often each point was hit.
static COUNTS: [AtomicU64; POINTS.len()] = [const { AtomicU64::new(0) }; POINTS.len()];

/// Does nothing where no other test runs it, in a process of its own.
#[test]
fn child() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let power = Arc::new(Power::of(&folder.join(Stage::STORE).join("store")));
    let stops = env::var(STOPS).unwrap();
    let stops: Vec<Stop> = stops.split_terminator(';').map(Stop::parse).collect();
    let (at, image) = (Arc::clone(&power), folder.join(Power::IMAGE));
    failpoint::watch(move |point| {
        let place = failpoint::place(point.name);
        let hit = 1 + COUNTS[place].fetch_add(1, Ordering::SeqCst);
        let Some(stop) = stops.iter().find(|stop| stop.is_at(place, hit)) else { return Act::GoOn };
        writeln!(stderr(), "{REACHED}").unwrap();
        match stop.deed {
            Deed::Crash => abort(),
            Deed::Cut => at.cut(&image),
            Deed::Error => Act::Fail,
            Deed::Skip => Act::Skip,
        }
    });
    let played = play(folder, power);
    let hits: Vec<u64> = COUNTS.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    println!("\n{HITS}{}", json!(hits));
    if let Err(why) = played {
        writeln!(stderr(), "{why}").unwrap();
        exit(REFUSED);
    }
    exit(0);
}

fn play(folder: &Path, power: Arc<Power>) -> Result<(), Refused> {
    if env::var_os(LANES).is_some() {
        return Stage::lanes(folder, power, &mut |report| println!("\n{TOLD}{}", json!({"report": report})));
    }
    let (stage, provider) = Stage::open(folder, power)?;
    stage.play(&provider, &mut |played| {
        let report = match &played {
            Played::Consequence(consequence) => &consequence.report,
            Played::Line(_, report) | Played::Recovered(report) | Played::Ordered(report) => report,
        };
        println!("\n{TOLD}{}", json!({"report": report}));
    })
}
