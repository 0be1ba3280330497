//! Tokens: made, listed and revoked, in a data directory that nobody serves, or at the daemon that does.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use syndic_api::server::{KeptToken, mint};
use syndic_api::{NewToken, TokenBody, TokenLine};
use syndic_cli::args::{Configured, TokenVerb, TokenWish};
use syndic_cli::client::Remote;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_engine::Host;
use syndic_store::SledStore;

use crate::look::read;
use crate::run::{Plan, WallClock, host_over, open, runtime};
use crate::service::{keep_token, kept_tokens};
use crate::settings::{Settings, all_but_last};
use crate::show::Show;
use crate::trouble;

pub(crate) fn run(verb: TokenVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        TokenVerb::Create { wish: TokenWish { name, role, tenant, work_role, days }, place, by } => {
            let wish = TokenBody { name, role, tenant, work_roles: work_role, days };
            let new = match place.remote()? {
                Some(remote) => remote.post("/v1/tokens", &json!(wish))?.read::<NewToken>()?,
                None => Kept::open(&place.configured, show)?.create(&wish, &by)?,
            };
            show.aside("Keep it: it is shown this once.");
            show.result(&new, |_| new.secret.clone())?;
        }
        TokenVerb::List { place } => {
            let lines = match place.remote()? {
                Some(remote) => remote.get("/v1/tokens")?.read::<Vec<TokenLine>>()?,
                None => Kept::open(&place.configured, show)?.list()?,
            };
            list(&lines, show)?;
        }
        TokenVerb::Revoke { id, place, by } => {
            let line = match place.remote()? {
                Some(remote) => remote.delete(&format!("/v1/tokens/{}", Remote::coded(&id)))?.read::<TokenLine>()?,
                None => Kept::open(&place.configured, show)?.revoke(&id, &by)?,
            };
            show.result(&line, |_| format!("revoked: {} of {}", line.id, plain(&line.name)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(lines: &[TokenLine], show: &Show) -> Result<(), Failure> {
    if show.json {
        return lines.iter().try_for_each(|line| show.result(line, |_| String::new()));
    }
    let row = |line: &TokenLine| {
        let tenant = line.tenant.as_deref().map_or_else(|| "all".into(), |tenant| plain(tenant).into_owned());
        let roles =
            if line.work_roles.is_empty() { "-".into() } else { plain(&line.work_roles.join(", ")).into_owned() };
        let name = plain(&line.name).into_owned();
        vec![line.id.clone(), name, line.role.clone(), roles, tenant, line.expires.clone()]
    };
    let headings = ["token", "name", "role", "work roles", "tenant", "expires"];
    show.line(&tables::table(&headings, &[], lines.iter().map(row)).to_string())
}

/// A host of a directory that nobody else serves. It takes no turns.
struct Kept {
    host: Arc<Host>,
    store: Arc<SledStore>,
}

impl Kept {
    fn open(configured: &Configured, show: &Show) -> Result<Self, Failure> {
        let settings = Settings::read(configured);
        let settings = settings.map_err(|wrong| all_but_last(wrong, |failure| show.aside(&format!("{failure}\n"))))?;
        let store = open(&settings.data, settings.fold_bytes).map_err(|failure| match failure.kind {
            FailureKind::Unreachable => {
                failure.hint("where a daemon serves it, ask that one: `--server URL --token …`")
            }
            _ => failure,
        })?;
        let clock = Arc::new(WallClock::new(runtime()?.handle().clone()));
        let (host, store) = host_over(Plan::of(&settings)?, store, &clock, Arc::new(()))?;
        Ok(Self { host, store })
    }

    fn create(&self, wish: &TokenBody, by: &str) -> Result<NewToken, Failure> {
        let now = self.host.ports().clock.now();
        let (new, kept) =
            mint(wish, now).map_err(|why| Failure::new(FailureKind::Usage, "no token was made").because(why))?;
        self.keep(&kept, true, by)?;
        Ok(new)
    }

    fn list(&self) -> Result<Vec<TokenLine>, Failure> {
        let mut lines: Vec<TokenLine> = read(kept_tokens(&*self.store))?.into_iter().map(|kept| kept.line).collect();
        lines.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        Ok(lines)
    }

    fn revoke(&self, id: &str, by: &str) -> Result<TokenLine, Failure> {
        let mut tokens = read(kept_tokens(&*self.store))?.into_iter().filter(|kept| kept.line.id == id);
        let Some(kept) = tokens.next() else {
            return Err(Failure::new(FailureKind::No, format!("there is no token `{id}`"))
                .because("it was never made here, or was revoked")
                .hint("`syndic token list` shows those there are"));
        };
        self.keep(&kept, false, by)?;
        Ok(kept.line)
    }

    fn keep(&self, token: &KeptToken, keep: bool, by: &str) -> Result<(), Failure> {
        let kept = keep_token(&self.host, token, keep, by).map_err(|halt| trouble::halted(&halt))?;
        kept.map_err(|why| {
            Failure::new(FailureKind::Usage, "nobody can be called that").because(why).hint("see `--by`")
        })
    }
}
