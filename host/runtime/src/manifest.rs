//! What a governor says of itself, checked once when it is loaded.
//!
//! Everything later trusts the manifest: routing asks it for kinds, reads are held against it, and its name and version
//! stand in receipts. So it is bounded and legible, or the component is not loaded.

use syndic_core::decision::{DeclaredRead, Manifest};
use syndic_core::fact::NAME_MAX_BYTES;

use crate::bindings::types;
use crate::convert;

/// Kinds one governor may judge.
const KINDS_MAX: usize = 64;
/// Facts and prefixes one governor may declare to read.
const READS_MAX: usize = 256;
/// Actions one governor may declare to ask for.
const EFFECTS_MAX: usize = 64;
/// Bytes of a name, a kind or an action.
const LABEL_MAX_BYTES: usize = 256;

/// The manifest in the core's words, where it is one.
pub(crate) fn checked(manifest: types::Manifest) -> Result<Manifest, String> {
    let reads = manifest.reads.into_iter().map(|read| DeclaredRead {
        scope: convert::scope(read.subject),
        name: read.name,
        exact: read.exact,
    });
    let manifest = Manifest {
        name: manifest.name,
        version: manifest.version,
        kinds: manifest.kinds,
        reads: reads.collect(),
        effects: manifest.effects,
        state_schema: manifest.state_schema,
    };
    check(&manifest)?;
    Ok(manifest)
}

fn check(manifest: &Manifest) -> Result<(), String> {
    label("name", &manifest.name)?;
    if let Err(error) = semver::Version::parse(&manifest.version) {
        let version = manifest.version.escape_debug();
        return Err(format!("its version `{version}` is not a semantic version like 1.0.0: {error}"));
    }
    labels("kind", &manifest.kinds, KINDS_MAX)?;
    labels("effect", &manifest.effects, EFFECTS_MAX)?;
    within("reads", manifest.reads.len(), READS_MAX)?;
    manifest.reads.iter().try_for_each(read)
}

fn read(read: &DeclaredRead) -> Result<(), String> {
    let stem = read.name.strip_suffix('*').unwrap_or(&read.name);
    let nothing = read.name.is_empty();
    if nothing || read.name.len() > NAME_MAX_BYTES || stem.chars().any(|c| c.is_control() || c == '*') {
        return Err(format!(
            "it declares to read `{}`: use a fact name of 1 to {NAME_MAX_BYTES} bytes, or the beginning of one and a `*`",
            read.name.escape_debug()
        ));
    }
    Ok(())
}

fn labels(what: &str, list: &[String], most: usize) -> Result<(), String> {
    within(&format!("{what}s"), list.len(), most)?;
    for (nth, text) in list.iter().enumerate() {
        label(what, text)?;
        if list[..nth].contains(text) {
            return Err(format!("it declares the {what} `{text}` twice"));
        }
    }
    Ok(())
}

fn label(what: &str, text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > LABEL_MAX_BYTES || text.chars().any(char::is_control) {
        let text = text.escape_debug();
        return Err(format!("its {what} `{text}` is not 1 to {LABEL_MAX_BYTES} bytes without control characters"));
    }
    Ok(())
}

fn within(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most {
        return Err(format!("it declares {count} {what}, over {most}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use syndic_core::fact::Scope;

    use super::*;

    fn manifest() -> Manifest {
        let read = |name: &str| DeclaredRead { scope: Scope::Customer, name: name.to_owned(), exact: false };
        Manifest {
            name: "Billing".to_owned(),
            version: "1.2.3-rc.1+build".to_owned(),
            kinds: vec!["CustomerSubscribes".to_owned()],
            reads: vec![read("billing.*"), read("shared.access")],
            effects: vec!["mail".to_owned()],
            state_schema: 1,
        }
    }

    fn refused(change: impl Fn(&mut Manifest)) -> String {
        let mut manifest = manifest();
        change(&mut manifest);
        check(&manifest).unwrap_err()
    }

    #[test]
    fn a_manifest_is_bounded_and_legible() {
        check(&manifest()).unwrap();
        assert!(refused(|m| m.name.clear()).contains("its name"));
        assert!(refused(|m| m.version = "1.0".to_owned()).contains("not a semantic version"));
        assert!(refused(|m| m.kinds = (0..65).map(|n| format!("K{n}")).collect()).contains("65 kinds, over 64"));
        assert!(refused(|m| m.kinds = vec!["A".to_owned(); 2]).contains("twice"));
        assert!(refused(|m| m.reads = vec![m.reads[0].clone(); 257]).contains("257 reads, over 256"));
        assert!(refused(|m| m.reads[0].name = "a*b".to_owned()).contains("`a*b`"));
        assert!(refused(|m| m.reads[0].name.clear()).contains("fact name"));
        assert!(refused(|m| m.effects = vec!["a\n".to_owned()]).contains("control characters"));
    }
}
