//! Pages: what sled keeps as one value is the pairs of a stretch of keys.
//!
//! sled copies a leaf of its tree for every change, and writes it anew for every tenth, however small the change. Most
//! changes have neighbours in the same fold: a customer's facts, a queue's entries, the keys of events that came one
//! after another. So neighbours share a page, and a fold makes one change for all of them.
//!
//! A page is filed under the last key that it may have, the last one of all under [`LAST`]: a key's page is the first
//! that is not filed below it, which sled finds without walking backwards. A page is nothing but its pairs, so two that
//! follow one another are one when they are put together.

use std::collections::BTreeMap;
use std::mem;

use crate::space::Pairs;

/// After every key there is.
pub(super) const LAST: [u8; 1] = [0xff];

/// Bytes a page may have, but for one of a single pair. sled keeps 16 pages in a leaf: a larger page makes it copy more
/// for every change, a smaller one has less of what changes together.
pub(super) const PAGE_MAX_BYTES: usize = 2 * 1024;

/// A page with less than this is put together with the next one, if both fit.
pub(super) const SMALL_BYTES: usize = PAGE_MAX_BYTES / 4;

/// A key and its value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// A page that does not read.
#[derive(Debug, thiserror::Error)]
#[error("a page is cut short")]
pub(super) struct CutShort;

/// The pairs of a page, in order.
pub(super) fn pairs(page: &[u8]) -> impl Iterator<Item = Result<Pair<'_>, CutShort>> {
    let mut rest = page;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let first = split_first_pair(rest).ok_or(CutShort);
        rest = first.as_ref().map_or(&[], |(_, after)| after);
        Some(first.map(|(pair, _)| pair))
    })
}

fn split_first_pair(page: &[u8]) -> Option<(Pair<'_>, &[u8])> {
    let (key_bytes, rest) = page.split_first_chunk()?;
    let (value_bytes, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(u16::from_le_bytes(*key_bytes).into())?;
    let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*value_bytes).into())?;
    Some(((key, value), rest))
}

/// The value of a key in its page.
pub(super) fn find<'a>(page: &'a [u8], key: &[u8]) -> Result<Option<&'a [u8]>, CutShort> {
    let not_below = pairs(page).find(|pair| !matches!(pair, Ok((found, _)) if *found < key));
    Ok(not_below.transpose()?.filter(|(found, _)| *found == key).map(|(_, value)| value))
}

/// A page with changes made to it, as pages in order with what they are filed under; the last is filed as it was. None
/// where nothing is left.
pub(super) fn changed<'a>(
    page: &'a [u8],
    filed: &[u8],
    changes: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
) -> Result<Pairs, CutShort> {
    let mut kept = pairs(page).collect::<Result<BTreeMap<_, _>, _>>()?;
    for (key, value) in changes {
        match value {
            Some(value) => kept.insert(key, value),
            None => kept.remove(key),
        };
    }
    Ok(cut(&kept, filed))
}

/// Cuts pairs into pages of about the same length, so that each has room for what comes between.
fn cut(pairs: &BTreeMap<&[u8], &[u8]>, filed: &[u8]) -> Pairs {
    let length = |key: &[u8], value: &[u8]| 2 + 2 + key.len() + value.len();
    let bytes: usize = pairs.iter().map(|(key, value)| length(key, value)).sum();
    let enough = bytes.div_ceil(bytes.div_ceil(PAGE_MAX_BYTES).max(1));
    let (mut pages, mut page, mut last) = (Vec::new(), Vec::new(), &[][..]);
    for (key, value) in pairs {
        if page.len() >= enough || !page.is_empty() && page.len() + length(key, value) > PAGE_MAX_BYTES {
            pages.push((last.to_vec(), mem::take(&mut page)));
        }
        page.extend((key.len() as u16).to_le_bytes());
        page.extend((value.len() as u16).to_le_bytes());
        page.extend_from_slice(key);
        page.extend_from_slice(value);
        last = key;
    }
    if !page.is_empty() {
        pages.push((filed.to_vec(), page));
    }
    pages
}
