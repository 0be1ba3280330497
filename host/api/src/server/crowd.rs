//! Crowds: how many connections one address has at once.
//!
//! There is room for so many connections in all. Whoever opens them without saying anything would take it from
//! everybody else, so one address has a part of it. This machine's own address is not counted: behind it may be a proxy,
//! and behind that everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections by address.
pub(crate) struct Crowd {
    /// 0: nobody is counted.
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Crowd {
    /// At most so many from one address.
    pub(crate) fn of(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// One more from an address; nothing where it has too many. It counts until what this returns is dropped.
    pub(crate) fn let_in(self: &Arc<Self>, address: Option<IpAddr>) -> Option<One> {
        let Some(counted) = address.map(network).filter(|address| self.most > 0 && !address.is_loopback()) else {
            return Some(One(None));
        };
        let mut open = self.open();
        let there = open.entry(counted).or_default();
        if *there >= self.most {
            return None;
        }
        *there += 1;
        Some(One(Some((Arc::clone(self), counted))))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an address is counted under: one subscriber has a whole IPv6 /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into())
        }
        address => address,
    }
}

/// One connection, as long as it is open.
pub(crate) struct One(Option<(Arc<Crowd>, IpAddr)>);

impl Drop for One {
    fn drop(&mut self) {
        let Some((crowd, address)) = self.0.take() else { return };
        let mut open = crowd.open();
        if let Some(there) = open.get_mut(&address) {
            *there -= 1;
            if *there == 0 {
                open.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_part_of_the_room_and_this_machine_all_of_it() {
        let crowd = Crowd::of(2);
        let from = |address: &str| crowd.let_in(Some(address.parse().unwrap()));
        let (first, second) = (from("192.0.2.1"), from("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some() && from("192.0.2.1").is_none());
        let (one, other) = (from("2001:db8::1"), from("2001:db8::ffff:1"));
        assert!(one.is_some() && other.is_some() && from("2001:db8::2").is_none() && from("2001:db8:0:1::2").is_some());
        drop(first);
        assert!(from("192.0.2.1").is_some());
        let own: Vec<_> = (0..9).map(|_| from("127.0.0.1")).chain((0..9).map(|_| crowd.let_in(None))).collect();
        assert!(own.iter().all(Option::is_some));
        drop((second, one, other, own));
        assert!(crowd.open().is_empty(), "the table holds those who are there and nobody else");
    }
}
