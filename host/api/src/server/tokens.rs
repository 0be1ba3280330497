//! Tokens: who holds one may do what it says, for as long as it is good.
//!
//! A secret is 256 random bits, so its plain SHA-256 is as hard to turn back as any slower hash, and that is all that is
//! kept. It is looked up by that hash: how long that takes tells nothing about the secrets there are. Every secret says
//! what it is (`syndic_<role>_…`) and ends in a checksum, so that scanners find the ones that leaked.
//!
//! The book of them is in memory; what is kept is read once, at the start, and every change is durable before it counts.

use std::collections::HashMap;
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
        created: now.to_string(),
        expires: now.plus_ms(i64::from(days) * DAY_MS).to_string(),
    };
    Ok((NewToken { secret, token: token.clone() }, KeptToken { hash, line: token }))
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
        let (name, tenant) = (line.name.clone(), line.tenant.clone());
        let caller = Caller { name, role, tenant, counted: kept.hash.clone() };
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
        TokenBody { name: "shop".into(), role: "ingest".into(), tenant: Some("acme".into()), days: Some(1) }
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
    }
}
