//! A decision: a verdict, and everything that should follow from it.
//!
//! Plain data with public fields, built up by methods named after what the host will do. Values become JSON text at
//! once: the text is what crosses the boundary, and a tree that is built only to be printed costs fuel twice.
//!
//! Nothing is checked here. What the host would turn away (another slot's name, too many writes) the test kit turns
//! away too, with a sentence; a component that carries those checks would pay for them on every call.

use serde::Serialize;

use crate::{Effect, Event, Reason, Time, Verdict};

/// What a governor decides. The default abstains and asks for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// Changes to facts, in order; at most 64.
    pub writes: Vec<Write>,
    /// Actions asked for, in order; at most 16.
    pub effects: Vec<Effect>,
    /// Deadlines; at most 16.
    pub timers: Vec<Timer>,
    /// Events that follow; at most 4.
    pub raises: Vec<Raised>,
    /// A remark for the record.
    pub note: Option<String>,
}

/// Whose facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Facts about the customer the event concerns.
    Customer,
    /// Facts about the tenant as a whole.
    Tenant,
}

/// Names a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactName {
    /// Whose fact.
    pub subject: Subject,
    /// Its name: `<slot>.…` or `shared.…`.
    pub name: String,
}

/// One change to what the host keeps. Values, elements and contents are JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a fact; the value `null` deletes it.
    Set {
        /// The fact.
        fact: FactName,
        /// Its whole new value, as JSON.
        value: String,
    },
    /// Adds an element to a set, on behalf of this slot.
    Add {
        /// The set.
        fact: FactName,
        /// The element.
        element: String,
    },
    /// Takes back an element this slot added; one that only others added stays.
    Remove {
        /// The set.
        fact: FactName,
        /// The element.
        element: String,
    },
    /// Steps a counter; an absent one counts from 0.
    Increase {
        /// The counter.
        fact: FactName,
        /// How much to add; may be negative.
        by: i64,
    },
    /// This slot's own value of a fact that reads as the strictest of all slots' values.
    Stand {
        /// The fact.
        fact: FactName,
        /// One of the fact's declared values; none withdraws this slot's.
        value: Option<String>,
    },
    /// Asks for the tenant's next gapless integer of a series.
    Number {
        /// The series: `invoice`.
        series: String,
        /// A fact that this decision sets.
        fact: FactName,
        /// The JSON Pointer inside its value where the number goes.
        pointer: String,
    },
    /// Claims a key that is unique in the tenant for ever.
    Claim {
        /// The key: `payment:<idempotency key>`.
        key: String,
        /// What the key stands for, as JSON.
        content: String,
    },
}

/// A deadline the host keeps for this governor and this customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Its name; setting a name again replaces the timer.
    pub name: String,
    /// When it is due.
    pub due: Time,
    /// What comes back in [`TimerFired`](crate::payload::TimerFired), as JSON.
    pub data: Option<String>,
}

/// An event for the same customer, judged after this one is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The event kind.
    pub kind: String,
    /// Its data, a JSON object.
    pub data: String,
}

impl Decision {
    /// Yes.
    pub fn approve() -> Self {
        Self { verdict: Verdict::Approve, ..Self::default() }
    }

    /// Nothing to say; writes and effects added later still count.
    pub fn abstain() -> Self {
        Self::default()
    }

    /// No: a stable code, and a sentence for the person who asked.
    pub fn refuse(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Refuse(Reason::new(code, message)), ..Self::default() }
    }

    /// A person decides: a stable code, and a sentence that says what.
    pub fn refer(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Refer(Reason::new(code, message)), ..Self::default() }
    }

    /// Sets a customer fact.
    pub fn set(&mut self, name: impl Into<String>, value: &(impl Serialize + ?Sized)) -> &mut Self {
        self.write(Write::Set { fact: customer(name), value: json(value) })
    }

    /// Deletes a customer fact.
    pub fn delete(&mut self, name: impl Into<String>) -> &mut Self {
        self.write(Write::Set { fact: customer(name), value: "null".into() })
    }

    /// Sets a tenant fact. Only events that run in the tenant's own lane may (`ProductChanged`).
    pub fn set_tenant(&mut self, name: impl Into<String>, value: &(impl Serialize + ?Sized)) -> &mut Self {
        self.write(Write::Set { fact: tenant(name), value: json(value) })
    }

    /// Deletes a tenant fact, under the same rule as [`set_tenant`](Self::set_tenant).
    pub fn delete_tenant(&mut self, name: impl Into<String>) -> &mut Self {
        self.write(Write::Set { fact: tenant(name), value: "null".into() })
    }

    /// Adds an element to a set of the customer, on behalf of this slot.
    pub fn add(&mut self, name: impl Into<String>, element: impl Into<String>) -> &mut Self {
        self.write(Write::Add { fact: customer(name), element: element.into() })
    }

    /// Takes back an element this slot added to a set of the customer.
    pub fn remove(&mut self, name: impl Into<String>, element: impl Into<String>) -> &mut Self {
        self.write(Write::Remove { fact: customer(name), element: element.into() })
    }

    /// Adds an element to a set of the tenant, on behalf of this slot.
    pub fn add_tenant(&mut self, name: impl Into<String>, element: impl Into<String>) -> &mut Self {
        self.write(Write::Add { fact: tenant(name), element: element.into() })
    }

    /// Takes back an element this slot added to a set of the tenant.
    pub fn remove_tenant(&mut self, name: impl Into<String>, element: impl Into<String>) -> &mut Self {
        self.write(Write::Remove { fact: tenant(name), element: element.into() })
    }

    /// Steps a counter of the customer.
    pub fn increase(&mut self, name: impl Into<String>, by: i64) -> &mut Self {
        self.write(Write::Increase { fact: customer(name), by })
    }

    /// Steps a counter of the tenant.
    pub fn increase_tenant(&mut self, name: impl Into<String>, by: i64) -> &mut Self {
        self.write(Write::Increase { fact: tenant(name), by })
    }

    /// Stands for one of the declared values of a customer fact (`shared.access`); the strictest that stands is read.
    pub fn stand(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.write(Write::Stand { fact: customer(name), value: Some(value.into()) })
    }

    /// Withdraws what this slot stood for.
    pub fn withdraw(&mut self, name: impl Into<String>) -> &mut Self {
        self.write(Write::Stand { fact: customer(name), value: None })
    }

    /// Asks the committer to put the tenant's next gapless integer of `series` at `pointer` (RFC 6901) inside the
    /// value this decision sets for the customer fact `fact`.
    pub fn number(
        &mut self,
        series: impl Into<String>,
        fact: impl Into<String>,
        pointer: impl Into<String>,
    ) -> &mut Self {
        self.write(Write::Number { series: series.into(), fact: customer(fact), pointer: pointer.into() })
    }

    /// Claims a key, unique in the tenant for ever. The same key with equal content is a duplicate of the first event;
    /// with other content it is a violation.
    pub fn claim(&mut self, key: impl Into<String>, content: &(impl Serialize + ?Sized)) -> &mut Self {
        self.write(Write::Claim { key: key.into(), content: json(content) })
    }

    /// Asks for an action on the outside world.
    pub fn effect(&mut self, effect: Effect) -> &mut Self {
        self.effects.push(effect);
        self
    }

    /// Sets a timer; `&()` where nothing has to come back with it.
    pub fn timer(&mut self, name: impl Into<String>, due: Time, data: &(impl Serialize + ?Sized)) -> &mut Self {
        let data = Some(json(data)).filter(|text| text != "null");
        self.timers.push(Timer { name: name.into(), due, data });
        self
    }

    /// Raises an event for the same customer.
    #[inline(always)]
    pub fn raise(&mut self, event: Event) -> &mut Self {
        self.raises.push(Raised { kind: event.kind().to_owned(), data: event.data() });
        self
    }

    /// Raises an event of a kind the SDK does not know; `data` has to become a JSON object.
    pub fn raise_custom(&mut self, kind: impl Into<String>, data: &(impl Serialize + ?Sized)) -> &mut Self {
        self.raises.push(Raised { kind: kind.into(), data: json(data) });
        self
    }

    /// Leaves a remark for the record.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.note = Some(text.into());
        self
    }

    /// Adds another decision's writes, effects, timers, raises and note behind this one's; this verdict stays.
    pub fn extend(&mut self, other: Decision) -> &mut Self {
        self.writes.extend(other.writes);
        self.effects.extend(other.effects);
        self.timers.extend(other.timers);
        self.raises.extend(other.raises);
        self.note = other.note.or(self.note.take());
        self
    }

    fn write(&mut self, write: Write) -> &mut Self {
        self.writes.push(write);
        self
    }
}

fn customer(name: impl Into<String>) -> FactName {
    FactName { subject: Subject::Customer, name: name.into() }
}

fn tenant(name: impl Into<String>) -> FactName {
    FactName { subject: Subject::Tenant, name: name.into() }
}

/// JSON text of a value. The only values that have none are maps with keys that are not strings, which is a mistake in
/// the governor's types: it shows in the first test that touches them.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("a value that a governor writes has to have a JSON form")
}
