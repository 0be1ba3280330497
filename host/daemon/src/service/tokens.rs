//! Where tokens are kept: in a register of the host's own, and every change of it with a receipt.

use serde_json::json;
use syndic_api::server::KeptToken;
use syndic_core::Text;
use syndic_core::ports::{Reads, StoreError};
use syndic_engine::{Deed, Halt, Host};

/// The register of tokens: by the hash of the secret, what is kept of each.
const REGISTER: &str = "token";

/// Tokens read at a time.
const AT_ONCE: usize = 512;

/// Every token that is kept.
pub(crate) fn kept_tokens(store: &impl Reads) -> Result<Vec<KeptToken>, StoreError> {
    let (mut tokens, mut after) = (Vec::new(), String::new());
    loop {
        let some = store.registers(REGISTER, &after, AT_ONCE)?;
        let Some((last, _)) = some.last() else { return Ok(tokens) };
        after = last.clone();
        for (key, text) in &some {
            let unread = |why| StoreError::Corrupt(format!("the token `{key}` does not read: {why}"));
            tokens.push(serde_json::from_str(text).map_err(unread)?);
        }
    }
}

/// Keeps a token, or forgets it, with a receipt that says who wanted it. It is durable on return.
///
/// # Errors
/// [`Halt`]: the store failed. A sentence, where nobody can be called so.
pub(crate) fn keep_token(host: &Host, token: &KeptToken, keep: bool, by: &str) -> Result<Result<(), String>, Halt> {
    let line = &token.line;
    let (name, reason) =
        if keep { ("create-token", "a token was wanted") } else { ("revoke-token", "a token was revoked") };
    let deed = Deed {
        name: name.into(),
        by: by.into(),
        reason: reason.into(),
        at: host.ports().clock.now(),
        id: None,
        details: json!({
            "id": line.id, "name": line.name, "role": line.role, "tenant": line.tenant, "work_roles": line.work_roles,
            "expires": line.expires,
        }),
    };
    let text = serde_json::to_string(token).expect("a token is JSON");
    let text = Text::strict(&text).expect("what we write keeps our own rules");
    let entry = (REGISTER.to_owned(), token.hash.clone(), keep.then_some(text));
    Ok(host.administer(&deed, vec![entry])?.map(drop))
}
