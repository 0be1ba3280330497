//! A file of publishers, as OpenSSH keeps those whose signatures it accepts: `allowed_signers`.
//!
//! One line each: a name, options, the key. The same file serves `ssh-keygen -Y verify -f`. What it can say besides
//! (patterns for names, certificate authorities, times of the machine's own zone) is refused, because it would be
//! understood here in another way, or not at all.

use super::refused::short;
use super::{NAMESPACE, PublicKey, Publisher};
use crate::time::Time;

/// Reads a file of publishers.
///
/// # Errors
/// The first line that is wrong, by number, and why.
pub fn signers(text: &str) -> Result<Vec<Publisher>, String> {
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let signers = lines.filter_map(|(n, line)| signer(line).map_err(|why| format!("line {n}: {why}")).transpose());
    signers.collect()
}

/// Reads one line; none where it is about signatures for something else.
fn signer(line: &str) -> Result<Option<Publisher>, String> {
    let (name, rest) = line.split_once(char::is_whitespace).ok_or("a name and a key are asked for")?;
    if name.contains(['*', '?', '!', ',', '"']) {
        return Err(format!("`{}` is not one name", short(name)));
    }
    let rest = rest.trim_start();
    let is_key = ["ssh-", "sk-", "ecdsa-"].iter().any(|kind| rest.starts_with(kind));
    let (options, key) =
        if is_key { ("", rest) } else { rest.split_once(char::is_whitespace).ok_or("a key is asked for")? };
    let (mut valid_from, mut valid_until) = (None, None);
    for option in outside_quotes(options) {
        match option.split_once('=').map(|(option, value)| (option, value.trim_matches('"'))) {
            Some(("namespaces", names)) if names.split(',').any(|name| name == NAMESPACE) => {}
            Some(("namespaces", _)) => return Ok(None),
            Some(("valid-after", time)) => valid_from = Some(moment(time)?),
            Some(("valid-before", time)) => valid_until = Some(moment(time)?),
            _ => return Err(format!("the option `{}` is not understood here", short(option))),
        }
    }
    let key: PublicKey = key.parse()?;
    Ok(Some(Publisher { valid_from, valid_until, ..Publisher::new(name, key) }))
}

/// Options, parted by the commas that no quotes hold.
fn outside_quotes(options: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let parts = options.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    parts.filter(|option| !option.is_empty())
}

/// Reads `YYYYMMDD[HHMM[SS]]Z`.
fn moment(text: &str) -> Result<Time, String> {
    let wrong = || format!("`{}` is not a time like 20271231Z or 202712312359Z, in UTC", short(text));
    let digits = text.strip_suffix('Z').ok_or_else(wrong)?;
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let all = format!("{digits:0<14}");
    let [date, time] = [&all[..8], &all[8..]];
    let text = format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..]);
    Time::parse(&text).map_err(|_| wrong())
}
