//! Answers: JSON, entity tags, cursors.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use syndic_core::DedupKey;
use syndic_ledger::sha256;

use super::ask::Ask;
use super::problem::Problem;

/// A value as a JSON answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Response {
    let body = serde_json::to_vec(value).expect("a wire type is JSON");
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// A value as a JSON answer with an entity tag; 304 where the caller has that one already. Nobody in between may show it
/// to another caller.
pub(crate) fn conditional<T: Serialize>(ask: &Ask, value: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).expect("a wire type is JSON");
    let tag = format!("\"{}\"", sha256(&body));
    let known = ask.header(&IF_NONE_MATCH)?.unwrap_or_default();
    let matches =
        known.split(',').map(|known| known.trim().trim_start_matches("W/")).any(|known| known == tag || known == "*");
    let headers = [(ETAG, tag.as_str()), (CACHE_CONTROL, "private, no-cache")];
    if matches {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, [(CONTENT_TYPE, "application/json")], body).into_response())
}

/// A key as a word that a query carries as it is.
pub(crate) fn cursor_of(key: &DedupKey) -> String {
    let parts = serde_json::to_vec(&[&key.tenant, &key.source, &key.id]).expect("three texts are JSON");
    parts.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of such a word.
pub(crate) fn key_of(cursor: &str) -> Option<DedupKey> {
    let digits = cursor.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.chunks(2).map(byte).collect::<Option<_>>()?;
    let [tenant, source, id]: [String; 3] = serde_json::from_slice(&bytes).ok()?;
    Some(DedupKey { tenant, source, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_key_and_nothing_else_is_one() {
        let key = DedupKey { tenant: "é".into(), source: "/a b".into(), id: "\"".into() };
        assert_eq!(key_of(&cursor_of(&key)), Some(key));
        for cursor in ["", "7", "zz", "é0", "5b5d"] {
            assert_eq!(key_of(cursor), None, "{cursor}");
        }
    }
}
