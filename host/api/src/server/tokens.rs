//! Tokens: who holds one may do what it says, for as long as it is good.
//!
//! A secret is 256 random bits, so its plain SHA-256 is as hard to turn back as any slower hash, and that is all that is
//! kept. It is looked up by that hash: how long that takes tells nothing about the secrets there are. Every secret says
//! what it is (`syndic_<role>_…`) and ends in a checksum, so that scanners find the ones that leaked.
//!
//! The book of them is in memory; what is kept is read once, at the start, and every change is durable before it counts.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use syndic_core::Time;
use syndic_ledger::sha256;

use super::caller::{Caller, Role};
use super::service::{KeptToken, Service, Unavailable};
use crate::{NewToken, TokenBody, TokenLine};

/// For how long a token is good where nothing is said: leaked ones end by themselves.
const DAYS_DEFAULT: u32 = 90;

/// Ten years. A token for ever is one that nobody remembers.
const DAYS_MAX: u32 = 3_650;

/// Bytes of a token's name: it stands in receipts.
const NAME_MAX_BYTES: usize = 64;

/// Work roles of one token: whoever does the work of so many is not one agent.
const WORK_ROLES_MAX: usize = 16;

/// Bytes of a work role: as many as any other name may have.
const WORK_ROLE_MAX_BYTES: usize = 256;

/// Tokens there may be: all of them are in memory.
const TOKENS_MAX: usize = 10_000;

const DAY_MS: i64 = 86_400_000;

/// Makes a token.
///
/// # Errors
/// A sentence: what is wrong with the wish, or that there is no randomness here.
pub fn mint(wish: &TokenBody, now: Time) -> Result<(NewToken, KeptToken), String> {
    let role = Role::named(&wish.role)
        .ok_or_else(|| format!("`role` is one of {}, not `{}`", Role::ALL.map(Role::name).join(", "), wish.role))?;
    check_text("name", &wish.name, NAME_MAX_BYTES)?;
    if let Some(tenant) = &wish.tenant {
        check_text("tenant", tenant, 256)?;
    }
    let days = match wish.days.unwrap_or(DAYS_DEFAULT) {
        days @ 1..=DAYS_MAX => days,
        other => return Err(format!("`days` is from 1 to {DAYS_MAX}, not {other}")),
    };
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|why| format!("this machine gives no randomness: {why}"))?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let body = format!("syndic_{role}_{random}");
    let secret = format!("{body}_{}", checksum(&body));
    let hash = sha256(secret.as_bytes()).to_string();
    let token = TokenLine {
        id: hash[..12].to_owned(),
        name: wish.name.clone(),
        role: role.name().into(),
        tenant: wish.tenant.clone(),
        work_roles: work_roles(role, &wish.work_roles)?,
        created: now.to_string(),
        expires: now.plus_ms(i64::from(days) * DAY_MS).to_string(),
    };
    Ok((NewToken { secret, token: token.clone() }, KeptToken { hash, line: token }))
}

/// The work roles of somebody with a role, each once and in their order.
///
/// # Errors
/// A sentence: what is wrong with them.
pub fn work_roles(role: Role, wanted: &[String]) -> Result<Vec<String>, String> {
    if role != Role::Agent && !wanted.is_empty() {
        return Err("work roles are an agent's: an operator acts in any, and nobody else does work items".into());
    }
    wanted.iter().try_for_each(|name| check_text("work_roles", name, WORK_ROLE_MAX_BYTES))?;
    let roles: BTreeSet<&String> = wanted.iter().collect();
    if roles.len() > WORK_ROLES_MAX {
        return Err(format!("a token has at most {WORK_ROLES_MAX} work roles, not {}", roles.len()));
    }
    Ok(roles.into_iter().cloned().collect())
}

fn checksum(body: &str) -> String {
    sha256(body.as_bytes()).to_string()[..8].to_owned()
}

fn check_text(name: &str, text: &str, most: usize) -> Result<(), String> {
    if text.is_empty() || text.len() > most || text.chars().any(char::is_control) {
        return Err(format!("`{name}` is a text of 1 to {most} bytes without control characters"));
    }
    Ok(())
}

struct Known {
    caller: Caller,
    expires: Time,
    kept: KeptToken,
}

/// Every token there is, by the hash of its secret.
#[derive(Default)]
pub(crate) struct Tokens(RwLock<HashMap<String, Known>>);

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// There is none such, or no more.
    Unknown,
    /// Its time is over.
    Expired,
}

impl Tokens {
    /// The tokens that are kept. One whose role is unknown here is a newer program's, and lets nobody in.
    pub(crate) async fn load(service: &dyn Service) -> Result<Self, Unavailable> {
        let tokens = Self::default();
        service.tokens().await?.into_iter().for_each(|kept| tokens.put(kept));
        Ok(tokens)
    }

    fn put(&self, kept: KeptToken) {
        let line = &kept.line;
        let (Some(role), Ok(expires)) = (Role::named(&line.role), Time::parse(&line.expires)) else { return };
        let (name, tenant, work_roles) = (line.name.clone(), line.tenant.clone(), line.work_roles.clone());
        let caller = Caller { name, role, tenant, work_roles, counted: kept.hash.clone() };
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(kept.hash.clone(), Known { caller, expires, kept });
    }

    /// Who holds a secret.
    pub(crate) fn holder(&self, secret: &str, now: Time) -> Result<Caller, NotTaken> {
        let hash = sha256(secret.as_bytes()).to_string();
        self.holder_of(&hash, now)
    }

    fn holder_of(&self, hash: &str, now: Time) -> Result<Caller, NotTaken> {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match book.get(hash) {
            None => Err(NotTaken::Unknown),
            Some(known) if known.expires <= now => Err(NotTaken::Expired),
            Some(known) => Ok(known.caller.clone()),
        }
    }

    /// Whether a caller who was let in by a token is let in still.
    pub(crate) fn still(&self, caller: &Caller, now: Time) -> bool {
        caller.counted.starts_with("local/") || self.holder_of(&caller.counted, now).is_ok()
    }

    /// Every token, the oldest first.
    pub(crate) fn list(&self) -> Vec<TokenLine> {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<TokenLine> = book.values().map(|known| known.kept.line.clone()).collect();
        lines.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        lines
    }

    /// The work roles of whoever is called so, over all good tokens of that name that may touch a tenant. None: nobody
    /// here is called so, or it is an operator, who acts in any.
    pub(crate) fn work_roles_of(&self, name: &str, tenant: &str, now: Time) -> Option<Vec<String>> {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let good = book.values().filter(|known| known.expires > now).map(|known| &known.caller);
        let theirs: Vec<&Caller> = good.filter(|caller| caller.name == name && caller.may_touch(tenant)).collect();
        if theirs.is_empty() || theirs.iter().any(|caller| caller.role == Role::Operator) {
            return None;
        }
        let roles: BTreeSet<&String> = theirs.iter().flat_map(|caller| &caller.work_roles).collect();
        Some(roles.into_iter().cloned().collect())
    }

    /// Whether no more fit.
    pub(crate) fn is_full(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len() >= TOKENS_MAX
    }

    /// Takes a new token up, once it is durable.
    pub(crate) async fn add(&self, service: &dyn Service, kept: KeptToken, by: &str) -> Result<(), Unavailable> {
        service.keep_token(kept.clone(), true, by.to_owned()).await?;
        self.put(kept);
        Ok(())
    }

    /// Lets a token in no more, at once and from then on. None: there is none such.
    pub(crate) async fn revoke(
        &self,
        service: &dyn Service,
        id: &str,
        by: &str,
    ) -> Result<Option<TokenLine>, Unavailable> {
        let found = {
            let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let hash = book.iter().find(|(_, known)| known.kept.line.id == id).map(|(hash, _)| hash.clone());
            hash.and_then(|hash| book.remove(&hash))
        };
        let Some(known) = found else { return Ok(None) };
        // Should it not become durable, this process lets it in no more all the same.
        service.keep_token(known.kept.clone(), false, by.to_owned()).await?;
        Ok(Some(known.kept.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> TokenBody {
        let (tenant, work_roles) = (Some("acme".into()), Vec::new());
        TokenBody { name: "shop".into(), role: "ingest".into(), tenant, work_roles, days: Some(1) }
    }

    #[test]
    fn a_secret_says_what_it_is_and_only_its_hash_is_kept() {
        let now = Time::parse("2026-01-02T03:04:05Z").unwrap();
        let (new, kept) = mint(&wish(), now).unwrap();
        let (body, sum) = new.secret.rsplit_once('_').unwrap();
        assert!(body.starts_with("syndic_ingest_") && body.len() == "syndic_ingest_".len() + 64);
        assert_eq!(sum, checksum(body));
        assert!(!serde_json::to_string(&kept).unwrap().contains(&body[14..30]));
        assert_ne!(mint(&wish(), now).unwrap().0.secret, new.secret);
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let now = Time::parse("2026-01-02T03:04:05Z").unwrap();
        let (new, kept) = mint(&wish(), now).unwrap();
        let tokens = Tokens::default();
        tokens.put(kept);
        let holder = tokens.holder(&new.secret, now.plus_ms(DAY_MS - 1)).unwrap();
        assert_eq!((holder.name.as_str(), holder.role, holder.tenant.as_deref()), ("shop", Role::Ingest, Some("acme")));
        assert_eq!(tokens.holder(&new.secret, now.plus_ms(DAY_MS)), Err(NotTaken::Expired));
        assert_eq!(tokens.holder(&new.secret.replace("syndic", "Syndic"), now), Err(NotTaken::Unknown));
    }

    #[test]
    fn a_wish_that_makes_no_sense_says_which_part() {
        let now = Time::from_ms(0);
        let refused = |change: fn(&mut TokenBody)| {
            let mut wish = wish();
            change(&mut wish);
            mint(&wish, now).unwrap_err()
        };
        assert!(refused(|wish| wish.role = "root".into()).starts_with("`role` is one of admin, operator"));
        assert!(refused(|wish| wish.name = "a\nb".into()).starts_with("`name`"));
        assert!(refused(|wish| wish.tenant = Some(String::new())).starts_with("`tenant`"));
        assert!(refused(|wish| wish.days = Some(0)).starts_with("`days`"));
        assert!(refused(|wish| wish.work_roles = vec!["support".into()]).starts_with("work roles are an agent's"));
        let of_agent = |roles: Vec<String>| work_roles(Role::Agent, &roles);
        assert!(of_agent(vec![String::new()]).unwrap_err().starts_with("`work_roles` is a text"));
        assert!(of_agent(vec!["a\u{7}".into()]).unwrap_err().starts_with("`work_roles` is a text"));
        let numbered = |most: usize| of_agent((0..most).map(|nth| nth.to_string()).collect());
        assert_eq!(numbered(WORK_ROLES_MAX + 1).unwrap_err(), "a token has at most 16 work roles, not 17");
        assert_eq!(numbered(WORK_ROLES_MAX).unwrap().len(), WORK_ROLES_MAX);
        assert_eq!(of_agent(["b", "a", "b"].map(str::to_owned).into()).unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_token_that_an_earlier_version_kept_reads_and_has_no_work_roles() {
        let kept = r#"{"hash":"00","line":{"id":"00","name":"vera","role":"agent","tenant":null,
            "created":"2026-01-01T00:00:00Z","expires":"2026-04-01T00:00:00Z"}}"#;
        let tokens = Tokens::default();
        tokens.put(serde_json::from_str(kept).unwrap());
        let now = Time::parse("2026-01-02T03:04:05Z").unwrap();
        let vera = tokens.holder_of("00", now).unwrap();
        assert_eq!((vera.role, vera.work_roles), (Role::Agent, Vec::new()));
    }

    #[test]
    fn what_is_known_of_a_name_is_what_its_good_tokens_of_the_tenant_say() {
        let now = Time::parse("2026-01-02T03:04:05Z").unwrap();
        let tokens = Tokens::default();
        let has = |name: &str, role: &str, tenant: Option<&str>, roles: &[&str], days| {
            let (tenant, work_roles) =
                (tenant.map(str::to_owned), roles.iter().map(|role| (*role).to_owned()).collect());
            let wish = TokenBody { name: name.into(), role: role.into(), tenant, work_roles, days: Some(days) };
            tokens.put(mint(&wish, now).unwrap().1);
        };
        has("vera", "agent", Some("acme"), &["support"], 30);
        has("vera", "agent", None, &["finance"], 30);
        has("vera", "agent", Some("globex"), &["legal"], 30);
        has("vera", "agent", Some("acme"), &["admin"], 1);
        has("olga", "operator", None, &[], 30);
        has("shop", "ingest", None, &[], 30);
        let known = |name, tenant| tokens.work_roles_of(name, tenant, now.plus_ms(2 * DAY_MS));
        assert_eq!(known("vera", "acme").unwrap(), ["finance", "support"]);
        assert_eq!(known("vera", "initech").unwrap(), ["finance"]);
        assert_eq!(known("shop", "acme").unwrap(), [""; 0]);
        assert_eq!((known("olga", "acme"), known("nobody", "acme")), (None, None));
    }
}
