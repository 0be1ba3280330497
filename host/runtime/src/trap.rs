//! How a call failed, in one class and one sentence.
//!
//! The sentence goes into receipts, so it is the same whenever the same thing happens: it holds no address, no offset
//! and no path of the machine a component was built on. Where the component carries names and lines, it says where.

use std::fmt::Write as _;

use syndic_core::config::SlotConfig;
use syndic_core::ports::{Failure, FailureClass, ReadError};
use wasmtime::{Error, FrameInfo, Trap, WasmBacktrace};

use crate::bindings::types;
use crate::call::Stop;
use crate::limiter::OutOfMemory;
use crate::text::one_line;

/// Functions that only carry a panic out: naming them would hide who panicked.
const MACHINERY: &[&str] = &["core::", "std::", "alloc::", "rust_", "__rust", "__rdl", "__rg", "abort", "panic_"];

/// Bytes of a function's or file's name that are kept.
const PLACE_MAX_BYTES: usize = 200;

/// Marks an error that came before the first question.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be instantiated")]
pub(crate) struct NotInstantiated;

/// Names what ended a call.
pub(crate) fn classify(error: &Error, limits: &SlotConfig, last_error: Option<&str>) -> Failure {
    let (class, mut reason) = what(error, limits);
    // Where the wall clock caught it is an accident, and would be another one the next time.
    let place = if class == FailureClass::Deadline { None } else { place(error) };
    if let Some(place) = place {
        let _ = write!(reason, ", in {place}");
    }
    if let (FailureClass::Unreachable | FailureClass::Trap, Some(line)) = (class, last_error) {
        let _ = write!(reason, ", after it logged: {line}");
    }
    Failure { class, reason }
}

/// What a governor reported itself.
pub(crate) fn fault(fault: &types::Fault) -> Failure {
    let reason = format!("it reported `{}`: {}", one_line(&fault.code), one_line(&fault.message));
    Failure { class: FailureClass::Fault, reason }
}

/// An answer that does not convert.
pub(crate) fn bad_answer(reason: String) -> Failure {
    Failure::bad_answer(reason)
}

fn what(error: &Error, limits: &SlotConfig) -> (FailureClass, String) {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trapped(*trap, limits);
    }
    if let Some(grown) = error.downcast_ref::<OutOfMemory>() {
        return (FailureClass::OutOfMemory, grown.to_string());
    }
    match error.downcast_ref::<Stop>() {
        Some(Stop::Read(ReadError::Undeclared(name))) => {
            let name = ReadError::Undeclared(one_line(name).into_owned());
            (FailureClass::UndeclaredRead, name.to_string())
        }
        Some(stop @ (Stop::TooMuchChance | Stop::NoSuchWorld(_) | Stop::Exit)) => {
            (FailureClass::Trap, stop.to_string())
        }
        Some(stop @ Stop::TooManyReads) => (FailureClass::BadAnswer, stop.to_string()),
        Some(stop @ Stop::Describing(_)) => (FailureClass::UndeclaredRead, stop.to_string()),
        Some(stop @ Stop::Read(ReadError::Store(_))) => (FailureClass::Trap, stop.to_string()),
        None if error.downcast_ref::<NotInstantiated>().is_some() => {
            let again = "if it was built against another `syndic:governor@1`, build it again";
            (FailureClass::Trap, format!("{}; {again}", one_line(&format!("{error:#}"))))
        }
        None => {
            let cause = error.root_cause().to_string();
            (FailureClass::BadAnswer, format!("what it handed over cannot be read: {}", one_line(&cause)))
        }
    }
}

fn trapped(trap: Trap, limits: &SlotConfig) -> (FailureClass, String) {
    use FailureClass as Class;
    match trap {
        Trap::OutOfFuel => (Class::OutOfFuel, format!("it burned all its {} units of fuel", limits.fuel_max)),
        Trap::Interrupt => (Class::Deadline, format!("it ran into its deadline of {} ms", limits.deadline_ms)),
        Trap::StackOverflow => (Class::StackOverflow, "its stack overflowed".to_owned()),
        Trap::UnreachableCodeReached => (Class::Unreachable, "it executed `unreachable`".to_owned()),
        Trap::InvalidChar
        | Trap::StringOutOfBounds
        | Trap::ListOutOfBounds
        | Trap::InvalidDiscriminant
        | Trap::UnalignedPointer => (Class::BadAnswer, format!("what it handed over cannot be read: {}", words(trap))),
        _ => (Class::Trap, format!("it trapped: {}", words(trap))),
    }
}

fn words(trap: Trap) -> String {
    let text = trap.to_string();
    text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned()
}

/// The innermost function that is the governor's own, with file and line where the component carries them.
fn place(error: &Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let mut places = frames.iter().flat_map(places_in);
    let first = places.next()?;
    let own = std::iter::once(first.clone()).chain(places).find(|place| !place.is_machinery());
    own.unwrap_or(first).say()
}

#[derive(Clone)]
struct Place {
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

/// A frame's functions, the inlined ones first.
fn places_in(frame: &FrameInfo) -> Vec<Place> {
    let function = frame.func_name().map(demangled);
    if frame.symbols().is_empty() {
        return vec![Place { function, file: None, line: None }];
    }
    let place = |symbol: &wasmtime::FrameSymbol| Place {
        function: symbol.name().map(demangled).or_else(|| function.clone()),
        file: symbol.file().map(short_path),
        line: symbol.line(),
    };
    frame.symbols().iter().map(place).collect()
}

impl Place {
    fn is_machinery(&self) -> bool {
        let name = self.function.as_deref().unwrap_or_default().trim_start_matches('<');
        MACHINERY.iter().any(|prefix| name.starts_with(prefix))
    }

    fn say(&self) -> Option<String> {
        let function = self.function.as_ref().map(|name| format!("`{name}`"));
        let at = self.file.as_ref().map(|file| match self.line {
            Some(line) => format!("{file}:{line}"),
            None => file.clone(),
        });
        match (function, at) {
            (Some(function), Some(at)) => Some(format!("{function} ({at})")),
            (function, at) => function.or(at),
        }
    }
}

fn demangled(name: &str) -> String {
    short(&format!("{:#}", rustc_demangle::demangle(name)))
}

/// A source path without the folders of the machine it was built on: what stands before the crate's folder is cut.
fn short_path(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let is_local = path.starts_with(['/', '\\']) || path.contains(':') || parts.contains(&"..");
    let from = match parts.iter().rposition(|part| *part == "src") {
        _ if !is_local => 0,
        Some(src) => src.saturating_sub(1),
        None => parts.len() - 1,
    };
    short(&parts[from..].join("/"))
}

fn short(text: &str) -> String {
    one_line(&text[..text.floor_char_boundary(PLACE_MAX_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_nothing_of_the_machine_it_was_built_on() {
        for (path, said) in [
            ("src/lib.rs", "src/lib.rs"),
            ("governors/billing/src/lib.rs", "governors/billing/src/lib.rs"),
            ("/home/ann/shop/limit/src/a/b.rs", "limit/src/a/b.rs"),
            ("C:\\Users\\ann\\limit\\src\\lib.rs", "limit/src/lib.rs"),
            ("/home/ann/main.c", "main.c"),
            ("../../ann/main.c", "main.c"),
        ] {
            assert_eq!(short_path(path), said);
        }
    }

    #[test]
    fn names_are_said_as_their_authors_wrote_them() {
        assert_eq!(demangled("_ZN7billing8evaluate17h0123456789abcdefE"), "billing::evaluate");
        assert_eq!(demangled("go.main"), "go.main");
    }

    #[test]
    fn the_panic_machinery_is_not_who_panicked() {
        let is_machinery = |name: &str| Place { function: Some(name.into()), file: None, line: None }.is_machinery();
        assert!(is_machinery("core::panicking::panic_fmt") && is_machinery("rust_begin_unwind"));
        assert!(is_machinery("<core::option::Option<T>>::unwrap"));
        assert!(!is_machinery("billing::evaluate") && !is_machinery("evaluate"));
    }
}
