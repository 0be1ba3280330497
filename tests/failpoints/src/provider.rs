//! A provider who honours keys, and writes into a book of its own everything it does. The book outlives whoever asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, read_to_string};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use syndic_core::effect::Way;
use syndic_core::ports::{Answer, Answering, Connector, NoAnswer, Request};

/// One thing it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The connector key it was asked under.
    pub key: String,
    /// The action, or `void` for an undo.
    pub action: String,
    /// Whose order it was for.
    pub order: String,
    /// The key of the authorization that it voids or captures.
    pub of: Option<String>,
}

/// What the provider did, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book(pub Vec<Deed>);

/// What became of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Authorizations that are neither captured nor voided.
    pub open: BTreeSet<String>,
    /// Captures.
    pub captured: usize,
    /// Mails.
    pub mailed: usize,
}

impl Book {
    /// The book in a file; empty where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = match read_to_string(file) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text?,
        };
        let deeds = text.lines().map(|line| {
            let deed: Value = serde_json::from_str(line)?;
            let text = |name: &str| deed[name].as_str().map(str::to_owned);
            let (key, action) = (text("key").unwrap_or_default(), text("action").unwrap_or_default());
            let order = text("order").unwrap_or_default();
            Ok(Deed { key, action, order, of: text("of") })
        });
        deeds.collect::<io::Result<_>>().map(Self)
    }

    /// What became of each order.
    pub fn accounts(&self) -> BTreeMap<String, Accounts> {
        let mut accounts: BTreeMap<String, Accounts> = BTreeMap::new();
        for deed in &self.0 {
            let of = accounts.entry(deed.order.clone()).or_default();
            match deed.action.as_str() {
                "authorize-payment" => of.open.extend([deed.key.clone()]),
                "mail" => of.mailed += 1,
                "capture" | "void" => {
                    of.captured += usize::from(deed.action == "capture");
                    of.open.retain(|key| Some(key) != deed.of.as_ref());
                }
                _ => {}
            }
        }
        accounts
    }

    /// What the provider should never have been asked, in a sentence each.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let done = |action: &str, key: &Option<String>| {
            self.0.iter().filter(|deed| deed.action == action && deed.of == *key).count()
        };
        for deed in self.0.iter().filter(|deed| deed.action == "authorize-payment") {
            let key = Some(deed.key.clone());
            let (captured, voided) = (done("capture", &key), done("void", &key));
            if captured + voided > 1 {
                mistakes.push(format!("{}: captured {captured} and voided {voided} times", deed.order));
            }
        }
        for (order, accounts) in self.accounts() {
            if accounts.captured > 1 || accounts.mailed > 1 || accounts.open.len() > 1 {
                mistakes.push(format!("{order}: {accounts:?}"));
            }
        }
        mistakes
    }
}

/// The provider.
pub struct Provider(Mutex<Desk>);

struct Desk {
    book: File,
    /// The keys under which it did something.
    known: BTreeSet<String>,
    /// Authorizations, by order.
    open: BTreeMap<String, Vec<String>>,
}

impl Provider {
    /// A provider with a book in a file.
    ///
    /// # Errors
    /// The book cannot be read or written.
    pub fn open(file: &Path) -> io::Result<Self> {
        let deeds = Book::read(file)?.0;
        let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for deed in deeds.iter().filter(|deed| deed.action == "authorize-payment") {
            open.entry(deed.order.clone()).or_default().push(deed.key.clone());
        }
        let known = deeds.into_iter().map(|deed| deed.key).collect();
        let book = OpenOptions::new().append(true).create(true).open(file)?;
        Ok(Self(Mutex::new(Desk { book, known, open })))
    }
}

impl Connector for Provider {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        Box::pin(async move { self.desk().answer(request) })
    }
}

/// The same provider, where nobody has to be reached: as in `play`, nothing waits for the disk.
pub struct Rehearsal(pub Provider);

impl Connector for Rehearsal {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        self.0.call(request)
    }

    fn reaches_out(&self) -> bool {
        false
    }
}

impl Provider {
    /// From now on it answers what it did not, and undoes what it would not: a service that was down is up again. That
    /// stands in the book too.
    ///
    /// # Errors
    /// The book cannot be written.
    pub fn gets_well(&self) -> io::Result<()> {
        self.desk().note("well", "gets-well", "", None)
    }

    /// Whether it got well.
    pub fn is_well(&self) -> bool {
        self.desk().is_well()
    }

    /// Somebody voids an order's authorizations by hand.
    ///
    /// # Errors
    /// The book cannot be written.
    pub fn is_told_to_void(&self, order: &str) -> io::Result<()> {
        let mut desk = self.desk();
        let open = desk.open.get(order).cloned().unwrap_or_default();
        open.iter().try_for_each(|key| desk.note(&format!("by hand {key}"), "void", order, Some(key)))
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn is_well(&self) -> bool {
        self.known.contains("well")
    }

    fn answer(&mut self, request: &Request) -> Result<Answer, NoAnswer> {
        let body = request.body.value();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (key, story, order) = (request.key.to_string(), text("story"), text("order"));
        let silence = || NoAnswer { reason: format!("no answer within {} ms", request.timeout_ms) };
        let accepted = match (request.way, story.as_str()) {
            // It can not be reached.
            (Way::Do, "dead") if !self.is_well() => return Err(silence()),
            (Way::Do, story) => story != "declined",
            (Way::Undo, story) => story != "stuck-hard" && (story != "stuck" || self.is_well()),
        };
        if accepted {
            let action = if request.way == Way::Undo { "void" } else { &request.action };
            let authorization = body["authorization"].as_str().map(str::to_owned);
            let of = request.undoes.map(|key| key.to_string()).or(authorization);
            self.note(&key, action, &order, of.as_deref()).expect("the book can be written");
        }
        match (request.way, story.as_str()) {
            // Done, and nobody hears of it; in the words of the engine, which has no others left after a crash.
            (Way::Do, "silent") if !self.is_well() => Err(silence()),
            _ => Ok(Answer { accepted, body: json!({}) }),
        }
    }

    /// Writes down what it does, once under one key.
    fn note(&mut self, key: &str, action: &str, order: &str, of: Option<&str>) -> io::Result<()> {
        if !self.known.insert(key.to_owned()) {
            return Ok(());
        }
        if action == "authorize-payment" {
            self.open.entry(order.to_owned()).or_default().push(key.to_owned());
        }
        let deed = json!({"key": key, "action": action, "order": order, "of": of});
        // One write, so that a deed is in the book whole or not at all; and before anybody hears of it.
        self.book.write_all(format!("{deed}\n").as_bytes())
    }
}
