//! The same stream through lanes: everything is sent at once, several turns are under way at a time, and then the hours
//! pass.

use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use syndic_core::ports::{Clock, Connector, Verb, Waiting};
use syndic_core::{Event, Report, Time};
use syndic_engine::{Bounds, Halt, Lanes};
use syndic_store::Watch;

use crate::provider::Provider;
use crate::stage::{Refused, Stage, event_of, host, order};
use crate::stream::{acts, lines, minute};

const HOUR_MS: i64 = 3_600_000;

/// When the service is up again, and when whatever waits has been tried.
const WELL_AFTER: usize = 6;
const HOURS: usize = 30;

/// A clock that goes on by the hour, and that nobody waits for.
struct Hours(AtomicI64);

impl Clock for Hours {
    fn now(&self) -> Time {
        Time::from_ms(self.0.load(Ordering::SeqCst))
    }

    fn wait_until(&self, _: Time) -> Waiting<'_> {
        Box::pin(ready(()))
    }
}

impl Stage {
    /// Sends the whole stream through the lanes of a host, lets the hours pass, and does what is left to a person. Tells
    /// what became of each event that was sent, and of each order.
    ///
    /// # Errors
    /// Something does not open, or the host stopped.
    pub fn lanes(folder: &Path, watch: Arc<dyn Watch>, tell: &mut dyn FnMut(Report)) -> Result<(), Refused> {
        let store = Arc::new(Self::store(folder, watch)?);
        let provider = Arc::new(Provider::open(&folder.join(Self::BOOK))?);
        let clock = Arc::new(Hours(AtomicI64::new(minute(0).ms())));
        let host = host(store, Arc::clone(&provider) as Arc<dyn Connector>, Arc::clone(&clock) as Arc<dyn Clock>)?;
        let lanes = Lanes::start(&host, Bounds { workers: 2, ..Bounds::default() })?;
        let events = lines().into_iter().filter_map(|line| Event::from_outside(line.as_bytes()).ok());
        let sent: Vec<_> = events.map(|event| lanes.submit(event)).collect::<Result<_, Halt>>()?;
        for pending in sent {
            tell(pending.wait()?);
        }
        lanes.rest()?;
        for hour in 0..HOURS {
            if hour == WELL_AFTER {
                provider.gets_well()?;
            }
            let now = clock.0.fetch_add(HOUR_MS, Ordering::SeqCst) + HOUR_MS;
            lanes.time_passes(Time::from_ms(now))?;
            lanes.rest()?;
        }
        for (verb, id) in acts() {
            if verb == Verb::Settle {
                provider.is_told_to_void(&id)?;
            }
            let ordered = lanes.order(order(event_of(id), verb))?.wait()?;
            ordered.into_iter().for_each(&mut *tell);
        }
        Ok(lanes.rest()?)
    }
}
