//! Those whose bytes are no component, or were one once.

use crate::guest::{APPROVE, evaluating};
use crate::row::Limit::Door;
use crate::row::{REFUSED, Row, row};

/// How a component begins.
const HEAD: [u8; 8] = *b"\0asm\x0d\0\x01\0";

fn door(does: &'static str, says: &'static str, made: impl Fn() -> Vec<u8> + 'static) -> Row {
    row(does, Door, REFUSED, says, made)
}

fn good() -> Vec<u8> {
    evaluating(APPROVE)
}

fn headed(rest: &[u8]) -> Vec<u8> {
    [&HEAD, rest].concat()
}

const NONE: &str = "it is not a component that this host can run";

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        door("is empty", "it is empty", Vec::new),
        door("is another kind of program", "it does not begin like WebAssembly", || b"\x7fELF\x02\x01\x01".to_vec()),
        door("is packed", "it does not begin like WebAssembly", || b"\x1f\x8b\x08\0\0\0\0\0".to_vec()),
        door("is a text", "it is WebAssembly text", || b"(component)".to_vec()),
        door("is a module", "it is a core module", || b"\0asm\x01\0\0\0".to_vec()),
        door("is of a version to come", "unknown binary version", || b"\0asm\x0e\0\x01\0".to_vec()),
        door("is machine code that somebody compiled", "it does not begin like WebAssembly", || [b"\x7fELF", &[0; 4000][..]].concat()),
        door("is a beginning and nothing else", "lacks `describe`", || HEAD.to_vec()),
        door("ends one byte too early", NONE, || { let mut bytes = good(); bytes.pop(); bytes }),
        door("ends in the middle", NONE, || { let bytes = good(); bytes[..bytes.len() / 2].to_vec() }),
        door("ends after its types", NONE, || good()[..900].to_vec()),
        door("goes on after its end", NONE, || [good(), vec![0xff; 64]].concat()),
        door("is twice the same", NONE, || [good(), good()].concat()),
        door("says that it is four gigabytes long", NONE, || headed(&[1, 0xff, 0xff, 0xff, 0xff, 0x0f])),
        door("says its length in too many bytes", NONE, || headed(&[1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0])),
        door("says that it has four billion types", NONE, || headed(&[7, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0])),
        door("has a section of no kind", NONE, || headed(&[99, 0])),
        door("has names that are no text", NONE, || headed(&[0, 3, 2, 0xff, 0xfe])),
        door("has one bit turned in its code", NONE, || {
            let mut bytes = good();
            let at = find(&bytes, b"\x41\x80\x02\x0b").expect("it answers from 256");
            bytes[at] ^= 0x80;
            bytes
        }),
        door("is 33 megabytes long", "over 33554432", || headed(&vec![0; 33 * 1024 * 1024])),
    ]
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
