//! What WASI's functions answer here, one by one.

use wasmtime::component::{ComponentType, LinkerInstance, Lower, Resource};
use wasmtime::{Result, StoreContextMut};

use super::world::{Stream, World};
use super::{Absent, Input, Output, Pollable, Trouble};
use crate::call::{Instance, Stop};
use crate::engine::HANDOVER_MAX_BYTES;
use crate::offer;

type Offer<'a> = LinkerInstance<'a, Instance>;
type Store<'a> = StoreContextMut<'a, Instance>;

/// Bytes that may be written to a stream at once.
const WRITE_MAX_BYTES: u64 = 64 * 1024;

/// How finely the clock is told, in nanoseconds: events have milliseconds.
const TICK_NS: u32 = 1_000_000;

/// What the two output streams are told apart by.
const OUT: u32 = 1;
const ERR: u32 = 2;

/// `wasi:io/streams.stream-error`.
#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(dead_code, reason = "no operation fails here, and the type says that one may")]
    LastOperationFailed(Resource<Trouble>),
    #[component(name = "closed")]
    Closed,
}

/// `wasi:clocks/wall-clock.datetime`.
#[derive(ComponentType, Lower)]
#[component(record)]
struct DateTime {
    seconds: u64,
    nanoseconds: u32,
}

type Streamed<T> = std::result::Result<T, StreamError>;

/// Offers one function, if it has an answer. Says whether it has.
pub(super) fn add(offer: &mut Offer<'_>, interface: &str, function: &str) -> Result<bool> {
    Ok(clocks(offer, interface, function)?
        || random(offer, interface, function)?
        || streams(offer, interface, function)?
        || command(offer, interface, function)?)
}

/// The world of a call that hands over so many bytes, which is paid for.
fn world<'a>(store: &'a mut Store<'_>, bytes: usize) -> Result<&'a mut World> {
    offer::pay(store, bytes)?;
    Ok(store.data_mut().world())
}

/// Time stands still while an event is judged.
fn clocks(offer: &mut Offer<'_>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("clocks/monotonic-clock", "now") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            Ok((world(&mut store, 0)?.now_ms().saturating_mul(u64::from(TICK_NS)),))
        })?,
        ("clocks/monotonic-clock", "resolution") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((u64::from(TICK_NS),))
        })?,
        ("clocks/monotonic-clock", "subscribe-instant" | "subscribe-duration") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (u64,)| pollable(&mut store))?;
        }
        ("clocks/wall-clock", "now") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            let now_ms = world(&mut store, 0)?.now_ms();
            let nanoseconds = u32::try_from(now_ms % 1_000).unwrap_or_default() * TICK_NS;
            Ok((DateTime { seconds: now_ms / 1_000, nanoseconds },))
        })?,
        ("clocks/wall-clock", "resolution") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((DateTime { seconds: 0, nanoseconds: TICK_NS },))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Chance, good or not, is the event's.
fn random(offer: &mut Offer<'_>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("random/random", "get-random-u64") | ("random/insecure", "get-insecure-random-u64") => {
            offer.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((world(&mut store, 0)?.throw(),)))?;
        }
        ("random/random", "get-random-bytes") | ("random/insecure", "get-insecure-random-bytes") => {
            offer.func_wrap(name, |mut store: Store<'_>, (length,): (u64,)| {
                let length = usize::try_from(length).ok().filter(|length| *length <= HANDOVER_MAX_BYTES);
                let length = length.ok_or(Stop::TooMuchChance)?;
                Ok((world(&mut store, length)?.bytes(length),))
            })?;
        }
        ("random/insecure-seed", "insecure-seed") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            let world = world(&mut store, 0)?;
            Ok(((world.throw(), world.throw()),))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// There is nothing to read; what is written is logged; everything is ready.
fn streams(offer: &mut Offer<'_>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("io/poll", "poll") => offer.func_wrap(name, |mut store: Store<'_>, (all,): (Vec<Resource<Pollable>>,)| {
            world(&mut store, 4 * all.len())?;
            Ok(((0_u32..).zip(&all).map(|(nth, _)| nth).collect::<Vec<u32>>(),))
        })?,
        ("io/poll", "[method]pollable.ready") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Pollable>,)| {
                world(&mut store, 0)?;
                Ok((true,))
            })?;
        }
        ("io/poll", "[method]pollable.block") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Pollable>,)| {
                world(&mut store, 0).map(|_| ())
            })?;
        }
        ("io/error", "[method]error.to-debug-string") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Trouble>,)| {
                world(&mut store, 0)?;
                Ok((String::new(),))
            })?;
        }
        ("io/streams", "[method]input-stream.read" | "[method]input-stream.blocking-read") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_, _): (Resource<Input>, u64)| {
                world(&mut store, 0)?;
                Ok((Streamed::<Vec<u8>>::Err(StreamError::Closed),))
            })?;
        }
        ("io/streams", "[method]input-stream.skip" | "[method]input-stream.blocking-skip") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_, _): (Resource<Input>, u64)| {
                world(&mut store, 0)?;
                Ok((Streamed::<u64>::Err(StreamError::Closed),))
            })?;
        }
        ("io/streams", "[method]input-stream.subscribe") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Input>,)| pollable(&mut store))?;
        }
        ("io/streams", "[method]output-stream.subscribe") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Output>,)| pollable(&mut store))?;
        }
        ("io/streams", "[method]output-stream.check-write") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Output>,)| {
                world(&mut store, 0)?;
                Ok((Streamed::Ok(WRITE_MAX_BYTES),))
            })?;
        }
        ("io/streams", "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush") => {
            offer.func_wrap(name, |mut store: Store<'_>, (to, written): (Resource<Output>, Vec<u8>)| {
                let stream = if to.rep() == ERR { Stream::Err } else { Stream::Out };
                let lines = world(&mut store, written.len())?.write(stream, &written);
                store.data_mut().hear(stream, &lines);
                Ok((Streamed::Ok(()),))
            })?;
        }
        ("io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => {
            offer.func_wrap(name, |mut store: Store<'_>, (_,): (Resource<Output>,)| {
                world(&mut store, 0)?;
                Ok((Streamed::Ok(()),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Nobody called it, with nothing, from nowhere.
fn command(offer: &mut Offer<'_>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("cli/environment", "get-environment") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((Vec::<(String, String)>::new(),))
        })?,
        ("cli/environment", "get-arguments") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((Vec::<String>::new(),))
        })?,
        ("cli/environment", "initial-cwd") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((None::<String>,))
        })?,
        ("cli/exit", "exit") => {
            type Status = (std::result::Result<(), ()>,);
            offer.func_wrap(name, |_: Store<'_>, (_,): Status| Err::<(), _>(Stop::Exit.into()))?;
        }
        ("cli/exit", "exit-with-code") => {
            offer.func_wrap(name, |_: Store<'_>, (_,): (u8,)| Err::<(), _>(Stop::Exit.into()))?;
        }
        ("cli/stdin", "get-stdin") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((Resource::<Input>::new_own(0),))
        })?,
        ("cli/stdout", "get-stdout") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((Resource::<Output>::new_own(OUT),))
        })?,
        ("cli/stderr", "get-stderr") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((Resource::<Output>::new_own(ERR),))
        })?,
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => {
            offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
                world(&mut store, 0)?;
                Ok((None::<Resource<Absent>>,))
            })?;
        }
        ("filesystem/preopens", "get-directories") => offer.func_wrap(name, |mut store: Store<'_>, (): ()| {
            world(&mut store, 0)?;
            Ok((Vec::<(Resource<Absent>, String)>::new(),))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn pollable(store: &mut Store<'_>) -> Result<(Resource<Pollable>,)> {
    world(store, 0)?;
    Ok((Resource::new_own(0),))
}
