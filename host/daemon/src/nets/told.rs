//! What is known of nets, and why one is not loaded, in the wire's shapes: the same whether a data directory is looked into
//! or a daemon asked.

use serde_json::{Map, Value, json};
use syndic_api::{NetFile, NetLine, NetMistake, ProblemLine, UnloadedLine};
use syndic_core::ports::{CaseStatus, Reads, StoreError};
use syndic_engine::cases::NotAdmitted;
use syndic_engine::{NetRecord, NotLoaded, NotUnloaded, UnloadedNet, nets};
use syndic_ledger::Digest;
use syndic_nets::format::NotANet;

use super::report;

/// Cases that are looked through to count those of one net; where there are more, nobody waits for it.
const COUNTED_MAX: usize = 8_192;

/// Cases read at a time.
const AT_ONCE: usize = 512;

/// Every net that stands under a name.
pub(crate) fn loaded_nets(store: &dyn Reads) -> Result<Vec<NetLine>, StoreError> {
    Ok(nets::nets(store)?.into_iter().map(|(name, record)| line(&name, &record, false)).collect())
}

/// One of them, with its text.
pub(crate) fn net_file(store: &dyn Reads, name: &str) -> Result<Option<NetFile>, StoreError> {
    let Some(record) = nets::known(store, name)? else { return Ok(None) };
    Ok(Some(NetFile { line: line(name, &record, false), text: nets::text_of(store, &record.digest)? }))
}

pub(crate) fn line(name: &str, record: &NetRecord, duplicate: bool) -> NetLine {
    NetLine {
        net: name.to_owned(),
        digest: Digest(record.digest).to_string(),
        loaded: record.at.clone(),
        by: record.by.clone(),
        receipt: record.receipt,
        duplicate,
    }
}

pub(crate) fn unloaded_line(store: &dyn Reads, unloaded: UnloadedNet) -> Result<UnloadedLine, StoreError> {
    let UnloadedNet { name: net, digest, receipt, duplicate } = unloaded;
    let under_way = under_way(store, &net)?;
    Ok(UnloadedLine { net, digest: digest.to_string(), receipt, duplicate, under_way })
}

/// How many cases are under way on nets of a name; none where there are too many cases to count them.
fn under_way(store: &dyn Reads, net: &str) -> Result<Option<u64>, StoreError> {
    let (mut count, mut looked, mut after) = (0, 0, None);
    loop {
        let page = store.cases(None, after.as_ref(), AT_ONCE)?;
        looked += page.len();
        let goes_on = |status| matches!(status, CaseStatus::Running | CaseStatus::Suspended | CaseStatus::Stopped);
        count += page.iter().filter(|(_, case)| case.net == net && goes_on(case.status)).count() as u64;
        match page.last() {
            Some(_) if looked >= COUNTED_MAX => return Ok(None),
            Some((last, _)) if page.len() == AT_ONCE => after = Some(last.clone()),
            _ => return Ok(Some(count)),
        }
    }
}

/// Whether a text is meant as PNML: it begins with a bracket, and a net file never does.
pub(crate) fn is_pnml(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// Why no PNML is loaded.
pub(crate) fn pnml_problem() -> ProblemLine {
    rejected("it is PNML, which does not say who does what", &json!({ "why": "pnml" }))
}

/// Why a net was not loaded.
pub(crate) fn load_problem(no: &NotLoaded) -> ProblemLine {
    match no {
        NotLoaded::Unreadable(why) => {
            let fields = json!({ "verdict": "unreadable", "mistakes": mistakes_of(why) });
            ProblemLine { fields: members(&fields), ..ProblemLine::new("NetUnreadable", why.to_string()) }
        }
        NotLoaded::NotAdmitted(net, NotAdmitted::Judged(judgement)) => {
            let report = report::of_plain(net, judgement);
            let why = report::sentence(&report).map_or_else(|| no.to_string(), str::to_owned);
            rejected(&why, &json!(report))
        }
        NotLoaded::NotAdmitted(net, why) => rejected(&why.to_string(), &json!({ "net": net, "why": why.name() })),
        NotLoaded::Another(_) => ProblemLine::new("IdempotencyViolation", no.to_string()),
        NotLoaded::Senseless(why) => ProblemLine::new("BadRequest", why),
    }
}

fn rejected(why: &str, fields: &Value) -> ProblemLine {
    ProblemLine { fields: members(fields), ..ProblemLine::new("NetRejected", why) }
}

/// Why a net was not unloaded.
pub(crate) fn unload_problem(no: &NotUnloaded) -> ProblemLine {
    let kind = match no {
        NotUnloaded::Unknown(_) => "NotFound",
        NotUnloaded::Another(_) => "IdempotencyViolation",
        NotUnloaded::Senseless(_) => "BadRequest",
    };
    ProblemLine::new(kind, no.to_string())
}

/// What is wrong with a text.
pub(crate) fn mistakes_of(why: &NotANet) -> Vec<NetMistake> {
    let told = |mistake: &syndic_nets::format::Mistake| NetMistake {
        line: mistake.line,
        column: mistake.column,
        message: mistake.what.clone(),
        hint: mistake.hint.clone(),
    };
    why.mistakes.iter().map(told).collect()
}

fn members(object: &Value) -> Map<String, Value> {
    object.as_object().cloned().unwrap_or_default()
}
