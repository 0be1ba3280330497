//! The nets that cases run on here: the marketplace's, and small ones written for a story.

use syndic_engine::cases::CaseNet;
use syndic_nets::format::read;
use syndic_nets::model::Library;
use syndic_nets::{Budget, Net, marketplace};

/// The five phases.
pub const PHASES: [&str; 5] =
    ["vendor-onboarding", "product-listing", "customer-purchase", "fulfillment", "post-sales-support"];

pub fn parsed(name: &str) -> Net {
    let (_, text) = marketplace::FILES.iter().find(|(file, _)| *file == name).expect("a net of that name");
    read(text).expect("a net")
}

pub fn admitted(net: &Net) -> CaseNet {
    let library = Library(PHASES.map(parsed).to_vec());
    CaseNet::admit(net, &library, &Budget::default()).unwrap_or_else(|why| panic!("{}: {why}", net.name))
}

/// A net of the marketplace.
pub fn phase(name: &str) -> CaseNet {
    admitted(&parsed(name))
}

/// A net of these lines, with its conditions declared for it.
pub fn small(data: &str, tasks: &str) -> CaseNet {
    let mut places: Vec<&str> = tasks.split('"').filter(|word| word.starts_with("P_") && !word.contains(' ')).collect();
    places.sort_unstable();
    places.dedup();
    let conditions: String = places.iter().map(|place| format!("{place} = \"\"\n")).collect();
    let text = format!("net = \"small\"\n[data]\n{data}\n[conditions]\n{conditions}\n{tasks}");
    admitted(&read(&text).unwrap_or_else(|wrong| panic!("{wrong}: {:?}", wrong.mistakes)))
}

/// One user task with a promise.
pub fn desk() -> CaseNet {
    small(
        "",
        r#"
        [task.T_Decide]
        kind = "user"
        roles = ["judge"]
        sla = "4 h"
        escalation = "chief"
        takes = "P_open"
        outcome.yes = { gives = "P_end" }
        outcome.no = { gives = "P_end" }
        "#,
    )
}
