//! The verbs of cases and work items: commands are made into events and go through the same door as any; looking reads
//! the store, or asks the daemon.

mod command;
mod shown;

use std::process::ExitCode;

use serde_json::{Map, Value, json};
use syndic_api::{CaseFile, CaseLine, WorkLine};
use syndic_cli::args::{CaseVerb, Held, Item, Order, There, Variable, WorkVerb};
use syndic_cli::client::Remote;
use syndic_cli::{Failure, FailureKind};

use crate::look::{open, read};
use crate::remote;
use crate::show::Show;
use command::Wish;

pub(crate) use shown::case_file;
use shown::{case_lines, work_lines};

pub(crate) fn case(verb: CaseVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        CaseVerb::Show { id, tenant, place } => {
            let file = match place.there()? {
                There::Data(data) => {
                    let store = open(&data)?;
                    let key = shown::the_case(&store, &id, tenant.as_deref())?;
                    read(case_file(&store, &key))?.ok_or_else(|| shown::no_such_case(&id))?
                }
                There::Server(daemon) => {
                    let whose = tenant.map(|tenant| format!("?tenant={}", Remote::coded(&tenant))).unwrap_or_default();
                    daemon.get(&format!("/v1/cases/{}{whose}", Remote::coded(&id)))?.read::<CaseFile>()?
                }
            };
            show.result(&file, |paint| shown::case(&file, paint))?;
            Ok(ExitCode::SUCCESS)
        }
        CaseVerb::List { status, net, tenant, limit, place } => {
            let wanted = |line: &CaseLine| {
                status.as_ref().is_none_or(|status| line.status == *status)
                    && net.as_ref().is_none_or(|net| line.net == *net)
            };
            // One more than is shown tells that there are more.
            let looked_for = limit.saturating_add(1);
            let mut lines = match place.there()? {
                There::Data(data) => read(case_lines(&open(&data)?, tenant.as_deref(), None, looked_for, wanted))?,
                There::Server(daemon) => {
                    let about = [("status", status.as_deref()), ("net", net.as_deref()), ("tenant", tenant.as_deref())];
                    remote::list(&daemon, "/v1/cases", &about, looked_for)?
                }
            };
            if lines.len() > limit {
                lines.truncate(limit);
                show.aside(&format!("there are more than these {limit}: `--limit` shows more"));
            }
            let none = status.map_or_else(|| "no such case".to_owned(), |status| format!("none is {status}"));
            shown::cases(&lines, &none, show)
        }
        CaseVerb::Launch { net, id, tenant, set, rehearse, at } => {
            let mut data = json!({"net": net, "data": values(set)});
            if let Some(rehearse) = rehearse {
                data["rehearse"] = rehearse;
            }
            command::carry_out(Wish::new("syndic.case.launch", id, tenant, None, data), at, show)
        }
        CaseVerb::Cancel(order) => of_case("syndic.case.cancel", order, json!({}), show),
        CaseVerb::Suspend(order) => of_case("syndic.case.suspend", order, json!({}), show),
        CaseVerb::Resume(order) => of_case("syndic.case.resume", order, json!({}), show),
        CaseVerb::Repair { order, set, retry, fire } => {
            let mut data = json!({});
            if !set.is_empty() {
                data["data"] = values(set);
            }
            put(&mut data, "retry", retry);
            put(&mut data, "fire", fire);
            of_case("syndic.case.repair", order, data, show)
        }
    }
}

pub(crate) fn work(verb: WorkVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        WorkVerb::List { role, tenant, holder, all, limit, place } => {
            let wanted = |line: &WorkLine| {
                role.as_ref().is_none_or(|role| line.roles.is_empty() || line.roles.contains(role))
                    && holder.as_ref().is_none_or(|holder| line.holder.as_ref() == Some(holder))
            };
            let lines = match place.there()? {
                There::Data(data) => read(work_lines(&open(&data)?, tenant.as_deref(), None, limit, wanted))?,
                There::Server(daemon) => {
                    let about = [
                        ("role", role.as_deref()),
                        ("holder", holder.as_deref()),
                        ("mine", all.then_some("false")),
                        ("tenant", tenant.as_deref()),
                    ];
                    remote::list(&daemon, "/v1/work", &about, limit)?
                }
            };
            shown::works(&lines, show)
        }
        WorkVerb::Take(held) => of_held("syndic.work.take", held, show),
        WorkVerb::Start(held) => of_held("syndic.work.start", held, show),
        WorkVerb::Heartbeat(held) => of_held("syndic.work.heartbeat", held, show),
        WorkVerb::Done { item, set, outcome } => {
            let mut data = json!({"data": values(set)});
            put(&mut data, "outcome", outcome);
            of_item("syndic.work.complete", item, data, show)
        }
        WorkVerb::Fail { item, reason } => of_item("syndic.work.fail", item, json!({"reason": reason}), show),
        WorkVerb::Release(item) => of_item("syndic.work.release", item, json!({}), show),
        WorkVerb::Suspend(item) => of_item("syndic.work.suspend", item, json!({}), show),
        WorkVerb::Resume(item) => of_item("syndic.work.resume", item, json!({}), show),
        WorkVerb::Delegate { item, to } => of_item("syndic.work.delegate", item, json!({"to": to}), show),
        WorkVerb::Prioritise { item, priority } => {
            of_item("syndic.work.prioritise", item, json!({"priority": priority}), show)
        }
    }
}

fn of_case(kind: &'static str, order: Order, mut data: Value, show: &Show) -> Result<ExitCode, Failure> {
    let Order { id, tenant, who, at } = order;
    data["reason"] = who.reason.into();
    command::carry_out(Wish::new(kind, id, tenant, Some(who.by), data), at, show)
}

fn of_held(kind: &'static str, Held { item, lease }: Held, show: &Show) -> Result<ExitCode, Failure> {
    let data = lease.map_or_else(|| json!({}), |minutes| json!({"lease_ms": i64::from(minutes) * 60_000}));
    of_item(kind, item, data, show)
}

fn of_item(kind: &'static str, item: Item, mut data: Value, show: &Show) -> Result<ExitCode, Failure> {
    let Item { work, tenant, by, role, at } = item;
    if syndic_core::command::item_of(&work).is_none() {
        return Err(Failure::new(FailureKind::Usage, format!("`{work}` is no work item"))
            .because("a work item is CASE/TASK/ATTEMPT")
            .hint("`syndic work list` shows those that are open"));
    }
    if !role.is_empty() {
        data["roles"] = json!(role);
    }
    command::carry_out(Wish::new(kind, work, tenant, Some(by), data), at, show)
}

fn put(data: &mut Value, name: &str, text: Option<String>) {
    if let Some(text) = text {
        data[name] = text.into();
    }
}

fn values(set: Vec<Variable>) -> Value {
    Value::Object(set.into_iter().collect::<Map<_, _>>())
}
