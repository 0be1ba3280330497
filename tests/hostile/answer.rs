//! Answers laid out in a guest's memory, as the canonical ABI has them.

use std::fmt::Write as _;

use crate::guest::{Guest, words};

/// Where an answer's lists stand; see [`crate::guest`].
const WRITES: u32 = 280;
const EFFECTS: u32 = 288;
const TIMERS: u32 = 296;
const RAISES: u32 = 304;

/// Where there is room: above everything that the guest has and that the host hands over.
const ROOM: u32 = 100_000;

/// Whose fact.
pub const CUSTOMER: u32 = 0;
/// The tenant's.
pub const TENANT: u32 = 1;

/// An effect that is asked for.
#[derive(Clone, Copy)]
pub struct Asks<'a> {
    pub id: &'a str,
    pub action: &'a str,
    /// 0 check, 1 reversible, 2 deferred.
    pub mode: u32,
    pub body: &'a str,
    pub undo: Option<&'a str>,
}

/// A reservation, with its undo, that nobody could object to.
pub const RESERVES: Asks<'_> = Asks { id: "hold", action: "reserve", mode: 1, body: "{}", undo: Some("release") };

/// An answer in the making.
pub struct Answer {
    data: String,
    end: u32,
}

impl Answer {
    pub fn new() -> Self {
        Self { data: String::new(), end: ROOM }
    }

    /// Approves, and asks for one reservation: what every governor that hears back has done before.
    pub fn that_reserves() -> String {
        let mut answer = Self::new();
        answer.asks(&[RESERVES]);
        answer.data
    }

    /// Places a text.
    pub fn text(&mut self, text: &str) -> [u32; 2] {
        let (at, length) = (self.end, u32::try_from(text.len()).unwrap());
        let escaped: String = text.bytes().fold(String::new(), |mut escaped, byte| {
            let _ = write!(escaped, "\\{byte:02x}");
            escaped
        });
        let _ = write!(self.data, "(data (i32.const {at}) \"{escaped}\")");
        self.end += length.next_multiple_of(8);
        [at, length]
    }

    /// Places the entries of a list, one after the other, and says where they are.
    fn list(&mut self, list: u32, entries: &[Vec<u32>]) {
        let (at, count) = (self.end, u32::try_from(entries.len()).unwrap());
        let entries = entries.concat();
        self.end += u32::try_from(entries.len() * 4).unwrap().next_multiple_of(8);
        let _ = write!(
            self.data,
            "(data (i32.const {at}) \"{}\") (data (i32.const {list}) \"{}\")",
            words(&entries),
            words(&[at, count])
        );
    }

    /// The entry of a write: which sort it is, and what follows from its ninth byte on.
    fn write(sort: u32, parts: &[&[u32]]) -> Vec<u32> {
        let mut entry = vec![sort, 0];
        parts.iter().for_each(|part| entry.extend_from_slice(part));
        entry.resize(10, 0);
        entry
    }

    /// Sets facts of the customer.
    pub fn sets(&mut self, facts: &[(&str, &str)]) {
        let mut entries = Vec::new();
        for (name, value) in facts {
            let (name, value) = (self.text(name), self.text(value));
            entries.push(Self::write(0, &[&[CUSTOMER], &name, &value]));
        }
        self.list(WRITES, &entries);
    }

    /// One write of any sort, whose parts are words.
    pub fn writes(&mut self, sort: u32, parts: &[&[u32]]) {
        self.list(WRITES, &[Self::write(sort, parts)]);
    }

    /// Asks for effects.
    pub fn asks(&mut self, effects: &[Asks<'_>]) {
        let mut entries = Vec::new();
        for asks in effects {
            let (id, action, key) = (self.text(asks.id), self.text(asks.action), self.text("inv-1"));
            let (body, undo) = (self.text(asks.body), self.text(asks.undo.unwrap_or_default()));
            let undoes = u32::from(asks.undo.is_some());
            entries.push([&id[..], &action, &[asks.mode], &key, &body, &[undoes], &undo, &body].concat());
        }
        self.list(EFFECTS, &entries);
    }

    /// Sets timers: names, when they are due, and what comes back with them.
    pub fn timers(&mut self, timers: &[(&str, &str, &str)]) {
        let mut entries = Vec::new();
        for (name, due, data) in timers {
            let (name, due, data) = (self.text(name), self.text(due), self.text(data));
            entries.push([&name[..], &due, &[1], &data].concat());
        }
        self.list(TIMERS, &entries);
    }

    /// Raises events.
    pub fn raises(&mut self, events: &[(&str, &str)]) {
        let mut entries = Vec::new();
        for (kind, data) in events {
            let (kind, data) = (self.text(kind), self.text(data));
            entries.push([kind, data].concat());
        }
        self.list(RAISES, &entries);
    }

    /// Refuses, with a code and a sentence.
    pub fn refuses(&mut self, code: &str, sentence: &str) {
        let reason = [self.text(code), self.text(sentence)].concat();
        let _ = write!(self.data, "(data (i32.const 260) \"\\02\") (data (i32.const 264) \"{}\")", words(&reason));
    }

    /// A governor that answers so.
    pub fn component(&self) -> Vec<u8> {
        self.component_asking(RESERVES.action)
    }

    /// A governor that answers so, and declares this action.
    pub fn component_asking(&self, action: &str) -> Vec<u8> {
        Guest { more: &self.data, action, ..Guest::default() }.build()
    }
}

/// A governor that answers as this says.
pub fn answering(make: impl Fn(&mut Answer) + 'static) -> impl Fn() -> Vec<u8> {
    move || {
        let mut answer = Answer::new();
        make(&mut answer);
        answer.component()
    }
}
