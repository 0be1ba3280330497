//! Failpoints: the places at which a test ends the process, or has a step fail or be left out.
//!
//! [`failpoint!`](crate::failpoint!) marks a boundary: before it something had survived, and after it more has. All of
//! them are in one table, [`POINTS`], by a name that stays. Without the feature `failpoints` such a line is checked
//! against the table while it is compiled, and is nothing more. With it, whoever watches is asked at every
//! point and says how to go on, or does not return. The core itself ends nothing and counts nothing: that would be I/O.
//!
//! The crate `fail` is not used: it knows its points by what was run already, so that nothing can be checked against
//! them; it counts no hits; and a panic, which unwinds and runs every destructor, is its nearest to a crash.

mod points;

#[cfg(feature = "failpoints")]
mod watched;

pub use points::POINTS;
#[cfg(feature = "failpoints")]
pub use watched::{Act, Injected, reached, unwatch, watch};

/// A boundary.
#[derive(Debug, PartialEq, Eq)]
pub struct Point {
    /// Its name: crate, thing, and what is done to it or has been.
    pub name: &'static str,
    /// What has survived where the process ends here.
    pub left: &'static str,
}

/// A point's place in the table. Called while compiling, where a name that is not in the table ends the compilation.
pub const fn place(name: &str) -> usize {
    let mut place = 0;
    while place < POINTS.len() {
        if is_same(POINTS[place].name.as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("a failpoint that is not in the table")
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// A boundary, in a function that can fail.
///
/// - `failpoint!("name")`: here the process may end, or the function return the error of its kind.
/// - `failpoint!("name", else wrap)`: the same, where `wrap` makes the error.
/// - `failpoint!("name", step)`: the same before a step; which may be left out, too, as if it had been done.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::failpoint!($name, else ::core::convert::identity)
    };
    ($name:literal, else $wrap:expr) => {
        if $crate::failpoint::reached(const { $crate::failpoint::place($name) }) == $crate::failpoint::Act::Fail {
            return Err($wrap($crate::failpoint::Injected($name).into()));
        }
    };
    ($name:literal, $step:expr) => {
        match $crate::failpoint::reached(const { $crate::failpoint::place($name) }) {
            $crate::failpoint::Act::GoOn => $step,
            $crate::failpoint::Act::Skip => Default::default(),
            $crate::failpoint::Act::Fail => return Err($crate::failpoint::Injected($name).into()),
        }
    };
}

/// A boundary: see the text of this macro with the feature `failpoints`. Without it nothing happens here.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        const _: usize = $crate::failpoint::place($name);
    };
    ($name:literal, else $wrap:expr) => {
        const _: usize = $crate::failpoint::place($name);
    };
    ($name:literal, $step:expr) => {{
        const _: usize = $crate::failpoint::place($name);
        $step
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_a_name_of_its_own_and_says_what_is_left() {
        for (nth, point) in POINTS.iter().enumerate() {
            assert_eq!(place(point.name), nth, "{} is in the table twice", point.name);
            let of = point.name.split('.').next();
            assert!(matches!(of, Some("store" | "engine")), "{} is of no crate that has points", point.name);
            assert!(point.left.ends_with('.') && point.left.len() > 20, "{} says too little", point.name);
        }
    }
}
