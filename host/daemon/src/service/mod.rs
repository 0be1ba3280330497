//! The host behind the HTTP doors: the server's port, over lanes and store.
//!
//! What is judged goes through the lanes; what is looked at is read from the store, which shows what is durable and
//! nothing else. Reading may have to wait for the disk, so it is done on threads that may.

mod backup;
mod cases;
mod files;
mod later;
mod nets;
mod slots;
mod staged;
mod tokens;

use std::sync::{Arc, Weak};
use std::time::Duration;

use syndic_api::server::{
    Accepted, Backup, CasesWanted, Denied, EventsWanted, Health, KeptToken, LoadWanted, Promise, Service, Stretch,
    SwapWanted, Target, Trail, Unavailable, UnloadWanted, WorkWanted,
};
use syndic_api::{
    CaseFile, CaseLine, EventFile, EventLine, FactLine, NetFile, NetLine, PastVersion, ProblemLine, QuarantinedLine,
    SlotLine, Stats, StuckLine, SwappedLine, TrialFile, UndeliveredLine, UnloadedLine, WorkLine,
};
use syndic_core::ports::{Act, CaseKey, Clock, Entry, Reads, StoreError, WorkKey};
use syndic_core::{DedupKey, Event, Report, Slot, State, Time};
use syndic_engine::{Halt, Order};
use syndic_store::SledStore;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::Instrument;

pub(crate) use files::event_file;
pub(crate) use tokens::{keep_token, kept_tokens};

use self::later::Later;
use self::nets::Proving;
use self::slots::Staging;
use crate::cases::case_file;
use crate::look::stats_of;
use crate::nets::{loaded_nets, net_file};
use crate::run::{Live, door};

/// Records looked at for one page of a list, so that a wish that nothing fulfils does not read the whole store.
const SCANNED_MAX: usize = 8_192;

/// Records read at a time: whoever writes waits for so many.
const AT_ONCE: usize = 64;

/// Receipts read at a time, for the same reason; each has its event and all that was decided with it.
const RECEIPTS_AT_ONCE: usize = 16;

/// Timers that are due and counted.
const TIMERS_DUE_MAX: usize = 1_000;

/// How soon the live stream tells of a receipt.
const GROWTH_SEEN: Duration = Duration::from_millis(50);

/// A host that lives, as the server sees it.
pub(crate) struct HostService {
    live: Arc<Live>,
    later: Arc<Later>,
    staging: Staging,
    proving: Proving,
    /// How many receipts the ledger has, as those know who wait for more.
    growth: watch::Sender<u64>,
}

impl HostService {
    pub(crate) fn new(live: Arc<Live>) -> Arc<Self> {
        let service = Arc::new(Self {
            later: Arc::new(Later::over(&*live.store)),
            live,
            staging: Staging::default(),
            proving: Proving::default(),
            growth: watch::Sender::new(0),
        });
        tokio::spawn(watch_growth(Arc::downgrade(&service)));
        service
    }

    /// Reads from the store.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&SledStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Promise<'_, T> {
        let store = Arc::clone(&self.live.store);
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || read(&store)).await {
                Ok(result) => result.map_err(|why| Unavailable(why.to_string())),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        })
    }
}

/// Looks whether the ledger has grown, for as long as anybody waits for it.
async fn watch_growth(service: Weak<HostService>) {
    while let Some(service) = service.upgrade() {
        if service.growth.receiver_count() > 0 {
            let head = service.read(|store| store.head()).await;
            let Ok(head) = head else { return };
            service.growth.send_replace(head.frontier.size());
        }
        drop(service);
        sleep(GROWTH_SEEN).await;
    }
}

fn unavailable(halt: &Halt) -> Unavailable {
    Unavailable(halt.to_string())
}

impl Service for HostService {
    fn now(&self) -> Time {
        self.live.clock.now()
    }

    fn health(&self) -> Health {
        self.live.lanes.halted().map_or(Health::Ready, |halt| Health::NotReady(halt.to_string()))
    }

    fn submit(&self, event: Event, trail: &Trail) -> Promise<'_, Report> {
        let door = door(&event, trail);
        let pending = door.in_scope(|| self.live.lanes.submit(event));
        let told = async move { pending.map_err(|halt| unavailable(&halt))?.await.map_err(|halt| unavailable(&halt)) };
        Box::pin(told.instrument(door))
    }

    fn accept(&self, event: Event, trail: &Trail) -> Promise<'_, Accepted> {
        let door = door(&event, trail);
        let pending = door.in_scope(|| self.live.lanes.submit(event.clone()));
        let kept =
            async move { self.later.accept(&self.live, event, pending.map_err(|halt| unavailable(&halt))?).await };
        Box::pin(kept.instrument(door))
    }

    fn events_of_id(&self, id: String) -> Promise<'_, Vec<DedupKey>> {
        self.read(move |store| store.events_of_id(&id))
    }

    fn event(&self, key: DedupKey) -> Promise<'_, Option<EventFile>> {
        self.read(move |store| event_file(store, &key))
    }

    fn is_pending(&self, key: &DedupKey) -> bool {
        self.later.is_pending(&*self.live.store, key)
    }

    fn events(&self, wanted: EventsWanted) -> Promise<'_, Stretch<EventLine, DedupKey>> {
        self.read(move |store| events(store, &wanted))
    }

    fn order(&self, target: Target, act: Act) -> Promise<'_, Result<Report, Denied>> {
        let target = match target {
            Target::Event(key) => syndic_engine::Target::Event(key),
            Target::Letter(number) => syndic_engine::Target::Letter(number),
        };
        let pending = self.live.lanes.order(Order { target, act });
        Box::pin(async move {
            let done = pending.map_err(|halt| unavailable(&halt))?.await.map_err(|halt| unavailable(&halt))?;
            Ok(done.map_err(|denied| Denied(denied.to_string())))
        })
    }

    fn cases(&self, wanted: CasesWanted) -> Promise<'_, Stretch<CaseLine, CaseKey>> {
        self.read(move |store| cases::cases(store, &wanted))
    }

    fn case(&self, key: CaseKey) -> Promise<'_, Option<CaseFile>> {
        self.read(move |store| case_file(store, &key))
    }

    fn works(&self, wanted: WorkWanted) -> Promise<'_, Stretch<WorkLine, WorkKey>> {
        self.read(move |store| cases::works(store, &wanted))
    }

    fn nets(&self) -> Promise<'_, Vec<NetLine>> {
        self.read(|store| loaded_nets(store))
    }

    fn net(&self, name: String) -> Promise<'_, Option<NetFile>> {
        self.read(move |store| net_file(store, &name))
    }

    fn load_net(&self, wanted: LoadWanted) -> Promise<'_, Result<NetLine, Box<ProblemLine>>> {
        Box::pin(self.proving.load(&self.live, wanted))
    }

    fn unload_net(&self, wanted: UnloadWanted) -> Promise<'_, Result<UnloadedLine, Box<ProblemLine>>> {
        Box::pin(nets::unload(Arc::clone(&self.live), wanted))
    }

    fn stuck(&self) -> Promise<'_, Vec<StuckLine>> {
        self.read(|store| Ok(store.parked()?.into_iter().map(|(key, parked)| StuckLine::new(key, &parked)).collect()))
    }

    fn undelivered(&self, after: u64, limit: usize) -> Promise<'_, Vec<UndeliveredLine>> {
        self.read(move |store| {
            let letters = store.dead_letters(after, limit)?;
            Ok(letters.iter().map(|(number, letter)| UndeliveredLine::new(*number, letter)).collect())
        })
    }

    fn quarantined(&self) -> Promise<'_, Vec<QuarantinedLine>> {
        self.read(|store| {
            let poisons = store.poisons()?;
            let quarantined = poisons.iter().filter(|(_, poison)| poison.is_quarantined());
            Ok(quarantined.map(|(key, poison)| QuarantinedLine::new(key, poison)).collect())
        })
    }

    fn facts(&self, tenant: String, customer: Option<String>) -> Promise<'_, Vec<FactLine>> {
        self.read(move |store| {
            let facts = store.facts(&tenant, customer.as_deref())?;
            Ok(facts.iter().map(|(name, fact)| FactLine::new(name, fact)).collect())
        })
    }

    fn receipt(&self, sequence: u64) -> Promise<'_, Option<Entry>> {
        self.read(move |store| store.receipt(sequence))
    }

    fn receipts(&self, after: u64, limit: usize) -> Promise<'_, Vec<(u64, Entry)>> {
        self.read(move |store| {
            let (mut entries, mut next) = (Vec::new(), after.saturating_add(1));
            while entries.len() < limit {
                let some = store.receipts(next, (limit - entries.len()).min(RECEIPTS_AT_ONCE))?;
                let Some((last, _)) = some.last() else { break };
                next = last.saturating_add(1);
                entries.extend(some);
            }
            Ok(entries)
        })
    }

    fn grown(&self, beyond: u64) -> Promise<'_, u64> {
        let mut growth = self.growth.subscribe();
        Box::pin(async move {
            let grown = growth.wait_for(|size| *size > beyond).await;
            grown.map(|size| *size).map_err(|_| Unavailable("the ledger cannot be read".into()))
        })
    }

    fn stats(&self) -> Promise<'_, Stats> {
        let total = self.live.governors() as u64;
        let error = self.live.lanes.halted().map(|halt| halt.to_string());
        let (waiting, taken) = (self.live.lanes.waiting() as u64, self.live.lanes.taken() as u64);
        let (now, live) = (self.live.clock.now(), Arc::clone(&self.live));
        self.read(move |store| {
            let stats = stats_of(store, (total, total), error)?;
            let idle = stats.current_state.get(State::Idle.name()).copied().unwrap_or(0);
            let states = live.lanes.states(idle).into_iter();
            let due = store.due(now, TIMERS_DUE_MAX)?;
            let late = due.first().map_or(0, |first| now.ms() - first.due.ms());
            Ok(Stats {
                current_state: states.map(|(state, count)| (state.name().to_owned(), count)).collect(),
                pending_events: taken + store.raised(0, usize::MAX)?.len() as u64,
                waiting_events: waiting,
                timers_due: due.len() as u64,
                timers_late_ms: u64::try_from(late).unwrap_or(0),
                ..stats
            })
        })
    }

    fn slots(&self) -> Promise<'_, Vec<SlotLine>> {
        let host = Arc::clone(&self.live.host);
        self.read(move |store| crate::slots::slots(store, &host))
    }

    fn versions(&self, slot: String, after: u32, limit: usize) -> Promise<'_, Option<Vec<PastVersion>>> {
        let lineup = self.live.host.lineup();
        self.read(move |store| match Slot::new(&slot) {
            Ok(slot) if lineup.seating(&slot).is_some() => crate::slots::past(store, &slot, after, limit).map(Some),
            _ => Ok(None),
        })
    }

    fn trial(&self, slot: String, after: u64) -> Promise<'_, Option<TrialFile>> {
        self.read(move |store| match Slot::new(&slot) {
            Ok(slot) => crate::slots::trial_of(store, &slot, after),
            Err(_) => Ok(None),
        })
    }

    fn swap(&self, wanted: SwapWanted) -> Promise<'_, Result<SwappedLine, Box<ProblemLine>>> {
        Box::pin(self.staging.swap(&self.live, wanted))
    }

    fn tokens(&self) -> Promise<'_, Vec<KeptToken>> {
        self.read(kept_tokens)
    }

    fn keep_token(&self, token: KeptToken, keep: bool, by: String) -> Promise<'_, ()> {
        let live = Arc::clone(&self.live);
        Box::pin(async move {
            let kept = tokio::task::spawn_blocking(move || keep_token(&live.host, &token, keep, &by)).await;
            kept.map_err(|panic| Unavailable(panic.to_string()))?
                .map_err(|halt| unavailable(&halt))?
                .map_err(Unavailable)
        })
    }

    fn backup(&self, by: String) -> Promise<'_, Result<Backup, Denied>> {
        let (live, runtime) = (Arc::clone(&self.live), Handle::current());
        Box::pin(async move {
            let taken = tokio::task::spawn_blocking(move || backup::take(&live, &by, runtime)).await;
            taken.map_err(|panic| Unavailable(panic.to_string()))?
        })
    }
}

/// Events as they are wanted. What does not fit is passed over, and only so much of it for one page.
fn events(store: &SledStore, wanted: &EventsWanted) -> Result<Stretch<EventLine, DedupKey>, StoreError> {
    let (mut items, mut after, mut scanned) = (Vec::new(), wanted.after.clone(), 0);
    loop {
        let page = store.events(after.as_ref(), AT_ONCE)?;
        let whole = page.len() < AT_ONCE;
        scanned += page.len();
        for (key, known) in page {
            let fits = wanted.tenant.as_ref().is_none_or(|tenant| key.tenant == *tenant)
                && wanted.outcome.is_none_or(|outcome| known.report.outcome == outcome);
            if fits && items.len() == wanted.limit {
                return Ok(Stretch { items, next: after });
            }
            after = Some(key.clone());
            if fits {
                items.push(EventLine::new(key, &known));
            }
        }
        if whole || scanned >= SCANNED_MAX {
            return Ok(Stretch { items, next: after.filter(|_| !whole) });
        }
    }
}
