//! A request, as handlers see it: read whole, within its limits, every part of it checked against its row of the table.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::caller::Caller;
use super::problem::Problem;

/// What is asked, and by whom.
pub(crate) struct Ask {
    /// Who; none where the route is open and nobody said.
    pub(crate) caller: Option<Caller>,
    pub(crate) path: BTreeMap<String, String>,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Ask {
    /// The caller of a route that is not open.
    pub(crate) fn caller(&self) -> &Caller {
        self.caller.as_ref().expect("the guard lets nobody through to a route that is not open")
    }

    /// A part of the path.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A part of the path that is a number.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Problem> {
        let text = self.part(name);
        text.parse().map_err(|_| Problem::bad_request(format!("`{name}` is a number, not `{text}`")))
    }

    /// A member of the query.
    pub(crate) fn wish(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A member of the query, read.
    pub(crate) fn read_wish<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let unread = |text: &str| Problem::bad_request(format!("`{name}` does not read: `{text}`"));
        self.wish(name).map(|text| text.parse().map_err(|_| unread(text))).transpose()
    }

    /// How many are wanted.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        match self.read_wish("limit")?.unwrap_or(LIMIT_DEFAULT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            other => Err(Problem::bad_request(format!("`limit` is from 1 to {LIMIT_MAX}, not {other}"))),
        }
    }

    /// The tenant that is meant: the one asked for, or else the caller's own; none for all.
    pub(crate) fn tenant(&self) -> Result<Option<String>, Problem> {
        let caller = self.caller();
        match self.wish("tenant") {
            Some(tenant) if caller.may_touch(tenant) => Ok(Some(tenant.to_owned())),
            Some(tenant) => Err(not_for(caller, tenant)),
            None => Ok(caller.tenant.clone()),
        }
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Result<Option<&str>, Problem> {
        let unread = |_| Problem::bad_request(format!("the header `{name}` is not text"));
        self.headers.get(name).map(|value| value.to_str().map_err(unread)).transpose()
    }

    /// The media type of the body, in lower case and without its parameters.
    pub(crate) fn media_type(&self) -> Result<String, Problem> {
        let full = self.header(&axum::http::header::CONTENT_TYPE)?.unwrap_or_default();
        Ok(full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The body as JSON of one shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        match self.media_type()?.as_str() {
            "application/json" => {}
            other => {
                return Err(Problem::new(
                    "UnsupportedMediaType",
                    format!("the body must be application/json, not `{other}`"),
                ));
            }
        }
        serde_json::from_slice(&self.body).map_err(|why| Problem::bad_request(format!("the body does not read: {why}")))
    }
}

/// Items of a page, where nothing is said.
const LIMIT_DEFAULT: usize = 50;

/// The most items of a page: a list is looked at, a ledger is exported.
pub(crate) const LIMIT_MAX: usize = 500;

/// What is said to who asks for what belongs to another tenant.
pub(crate) fn not_for(caller: &Caller, tenant: &str) -> Problem {
    let own = caller.tenant.as_deref().unwrap_or_default();
    Problem::new("Forbidden", format!("`{}` is for the tenant `{own}` and not for `{tenant}`", caller.name))
}

/// The members of a query, each once and each expected.
pub(crate) fn read_query(query: &str, expected: &[&str]) -> Result<BTreeMap<String, String>, Problem> {
    let mut members = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if !expected.contains(&name.as_str()) {
            return Err(Problem::bad_request(format!("the query has no `{}`", name.escape_debug())));
        }
        if members.insert(name.clone(), value).is_some() {
            return Err(Problem::bad_request(format!("the query says `{name}` twice")));
        }
    }
    Ok(members)
}

fn decoded(text: &str) -> Result<String, Problem> {
    let text = text.replace('+', " ");
    match percent_decode_str(&text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Problem::bad_request("the query is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_each_expected_member_once() {
        let read = |query: &str| read_query(query, &["tenant", "limit"]).map_err(|problem| problem.line.detail);
        assert_eq!(read("tenant=a%26b+c&limit=").unwrap(), [("limit", ""), ("tenant", "a&b c")].map(owned).into());
        assert_eq!(read("tenant=a&tenant=b").unwrap_err(), "the query says `tenant` twice");
        assert_eq!(read("tenat=a").unwrap_err(), "the query has no `tenat`");
        assert_eq!(read("tenant=%ff").unwrap_err(), "the query is not UTF-8");
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.into(), value.into())
    }
}
