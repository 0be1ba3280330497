//! How a component becomes one that nobody wrote.

use syndic_tests::dice::Dice;

/// Bytes of the preamble of a module or component.
const HEAD_BYTES: usize = 8;

/// The kind of a section that is a core module.
const CORE_MODULE: u8 = 1;

/// A component with something else in it than there was. Some of `others` may have become part of it.
pub fn mutated(dice: &mut Dice, component: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    for _ in 0..dice.weighed(&[(6, 1), (2, 2), (1, 4)]) {
        match dice.weighed(&[(12, 0), (4, 1), (2, 2), (2, 3), (2, 4), (2, 5), (1, 6)]) {
            0 => flip(dice, &mut bytes),
            1 => number(dice, &mut bytes),
            2 => splice(dice, &mut bytes, others),
            3 => cut(dice, &mut bytes),
            4 => bytes = shuffled(dice, &bytes),
            5 => repeat(dice, &mut bytes),
            _ => bytes.truncate(HEAD_BYTES + dice.below(bytes.len().saturating_sub(HEAD_BYTES))),
        }
        if bytes.len() <= HEAD_BYTES {
            break;
        }
    }
    bytes
}

/// A place behind the preamble, for what is damaged there says nothing new; mostly one inside the last core module, whose
/// code is what may still be valid when it is another.
fn place(dice: &mut Dice, bytes: &[u8]) -> usize {
    let mut at = HEAD_BYTES;
    let mut module = None;
    for section in sections(bytes) {
        if section[0] == CORE_MODULE {
            module = Some((at, section.len()));
        }
        at += section.len();
    }
    match module {
        Some((at, length)) if dice.percent(85) => at + dice.below(length),
        _ => HEAD_BYTES + dice.below(bytes.len() - HEAD_BYTES),
    }
}

/// Turns a few bits.
fn flip(dice: &mut Dice, bytes: &mut [u8]) {
    for _ in 0..dice.weighed(&[(4, 1), (1, 3)]) {
        let at = place(dice, bytes);
        bytes[at] ^= 1 << dice.below(8);
    }
}

/// Writes a number that is at the edge of something.
fn number(dice: &mut Dice, bytes: &mut [u8]) {
    let edge = dice.pick(&[0x00, 0x01, 0x3f, 0x40, 0x7f, 0x80, 0xff]);
    let at = place(dice, bytes);
    let end = (at + 1 + dice.below(5)).min(bytes.len());
    bytes[at..end].fill(edge);
}

/// Puts a piece of another, or of itself, into it or over it.
fn splice(dice: &mut Dice, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    let Some(other) = dice.one(others) else { return };
    let from = dice.below(other.len());
    let piece = &other[from..(from + 1 + dice.below(64)).min(other.len())];
    let at = place(dice, bytes);
    let over = if dice.percent(50) { (at + piece.len()).min(bytes.len()) } else { at };
    bytes.splice(at..over, piece.iter().copied());
}

/// Takes a piece away.
fn cut(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let at = place(dice, bytes);
    let end = (at + 1 + dice.below(32)).min(bytes.len());
    bytes.drain(at..end);
}

/// Says a piece again, right behind it.
fn repeat(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let at = place(dice, bytes);
    let end = (at + 1 + dice.below(48)).min(bytes.len());
    let piece = bytes[at..end].repeat(1 + dice.below(3));
    bytes.splice(end..end, piece);
}

/// The same sections in another order, with one left out, said twice, or turned inside out.
fn shuffled(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let mut sections = sections(bytes);
    if sections.len() > 1 {
        let (one, other) = (dice.below(sections.len()), dice.below(sections.len()));
        match dice.below(4) {
            0 => sections.swap(one, other),
            1 => drop(sections.remove(one)),
            2 => sections.insert(other, sections[one]),
            _ => sections[one.min(other)..=one.max(other)].reverse(),
        }
    }
    [&bytes[..HEAD_BYTES], &sections.concat()].concat()
}

/// The sections of a component, each with its kind and length, as far as they can be told apart.
fn sections(bytes: &[u8]) -> Vec<&[u8]> {
    let mut sections = Vec::new();
    let mut at = HEAD_BYTES;
    while at < bytes.len() {
        let (mut length, mut shift, mut next) = (0_usize, 0, at + 1);
        while let Some(byte) = bytes.get(next) {
            length |= usize::from(byte & 0x7f) << shift;
            (next, shift) = (next + 1, shift + 7);
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        let end = next.saturating_add(length).min(bytes.len());
        sections.push(&bytes[at..end]);
        at = end;
    }
    sections
}
