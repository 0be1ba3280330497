//! Pages of cases and of work items. What does not fit is passed over, and only so much of it for one page.

use syndic_api::server::{CasesWanted, Stretch, WorkWanted};
use syndic_api::{CaseLine, WorkLine};
use syndic_core::ports::{CaseKey, Reads, StoreError, WorkKey};

use super::{AT_ONCE, SCANNED_MAX};

pub(super) fn cases(store: &dyn Reads, wanted: &CasesWanted) -> Result<Stretch<CaseLine, CaseKey>, StoreError> {
    let CasesWanted { tenant, status, net, after, limit } = wanted;
    let fits = |line: &CaseLine| {
        status.as_ref().is_none_or(|status| line.status == *status) && net.as_ref().is_none_or(|net| line.net == *net)
    };
    stretch(after.clone(), *limit, fits, |after| {
        let page = store.cases(tenant.as_deref(), after, AT_ONCE)?;
        Ok(page.into_iter().map(|(key, record)| (CaseLine::new(&key, &record), key)).collect())
    })
}

pub(super) fn works(store: &dyn Reads, wanted: &WorkWanted) -> Result<Stretch<WorkLine, WorkKey>, StoreError> {
    let WorkWanted { tenant, after, limit, .. } = wanted;
    stretch(
        after.clone(),
        *limit,
        |line| wanted.fits(line),
        |after| {
            let page = store.works(tenant.as_deref(), after, AT_ONCE)?;
            Ok(page.into_iter().map(|(key, row)| (WorkLine::new(&key, &row), key)).collect())
        },
    )
}

/// The first so many that fit, behind one.
fn stretch<T, K: Clone>(
    mut after: Option<K>,
    limit: usize,
    fits: impl Fn(&T) -> bool,
    page: impl Fn(Option<&K>) -> Result<Vec<(T, K)>, StoreError>,
) -> Result<Stretch<T, K>, StoreError> {
    let (mut items, mut scanned) = (Vec::new(), 0);
    loop {
        let page = page(after.as_ref())?;
        let whole = page.len() < AT_ONCE;
        scanned += page.len();
        for (line, key) in page {
            let fits = fits(&line);
            if fits && items.len() == limit {
                return Ok(Stretch { items, next: after });
            }
            after = Some(key);
            if fits {
                items.push(line);
            }
        }
        if whole || scanned >= SCANNED_MAX {
            return Ok(Stretch { items, next: after.filter(|_| !whole) });
        }
    }
}
