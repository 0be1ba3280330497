//! A component held to the contract, type by type.
//!
//! The runtime refuses what does not fit, and says so of the first thing it finds and in a machine's words. Here every
//! import and export is compared with `wit/governor.wit`, so that an author is told all of it at once: the interface,
//! the function, where in its type it differs, what is expected there and what was found, and what to do.

use serde::Serialize;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Interface, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey};

const CONTRACT: &str = include_str!("../../../../wit/governor.wit");

/// The package that governors are written against, and the version that this host keeps.
const PACKAGE: &str = "syndic:governor/";
const MAJOR: &str = "1";

/// What a core module begins with.
pub(super) const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// What to do about an export or an import that does not fit.
const REBUILD: &str = "build it against this host's contract, which `syndic governor new` writes to `vendor/wit`";

/// What a component imports and exports, by name, and all that is wrong with it.
pub(super) struct World {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) wrong: Vec<Wrong>,
}

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) fix: String,
}

fn wrong(what: String, fix: &str) -> Wrong {
    Wrong { what, fix: fix.to_owned() }
}

/// Reads a component's world and holds it to the contract.
///
/// # Errors
/// A sentence: it cannot be read as a component.
pub(super) fn world_of(component: &[u8]) -> Result<World, String> {
    if component.starts_with(CORE_MODULE) {
        return Err("it is a core module".to_owned());
    }
    match decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => Ok(held(&Side { resolve: &resolve, world })),
        Ok(DecodedWasm::WitPackage(..)) => Err("it is a WIT package, which describes components".to_owned()),
        Err(why) => Err(format!("{why:#}")),
    }
}

/// One of two worlds that are compared.
struct Side<'a> {
    resolve: &'a Resolve,
    world: WorldId,
}

/// A world held to the contract.
fn held(found: &Side<'_>) -> World {
    let (resolve, world) = contract(CONTRACT);
    let expected = Side { resolve: &resolve, world };
    let name = |(key, item): (&WorldKey, &WorldItem)| named(found, key, item);
    let world = &found.resolve.worlds[found.world];
    let imports: Vec<_> = world.imports.iter().map(name).collect();
    let exports: Vec<_> = world.exports.iter().map(name).collect();
    let mut wrong = exports_wrong(&exports, &expected, found);
    wrong.extend(imports.iter().flat_map(|(name, import)| import_wrong(name, *import, &expected, found)));
    let says = |items: &[(String, Option<&Interface>)]| items.iter().map(|(name, item)| says(name, *item)).collect();
    World { imports: says(&imports), exports: says(&exports), wrong }
}

fn contract(wit: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("governor.wit", wit).expect("the contract is WIT");
    let world = resolve.select_world(&[package], Some("governor")).expect("the contract has a world");
    (resolve, world)
}

fn named<'a>(side: &Side<'a>, key: &WorldKey, item: &WorldItem) -> (String, Option<&'a Interface>) {
    let interface = match item {
        WorldItem::Interface { id, .. } => Some(&side.resolve.interfaces[*id]),
        _ => None,
    };
    (side.resolve.name_world_key(key), interface)
}

fn says(name: &str, interface: Option<&Interface>) -> String {
    let functions: Vec<&str> = interface.into_iter().flat_map(|it| it.functions.keys().map(String::as_str)).collect();
    if functions.is_empty() { name.to_owned() } else { format!("{name}: {}", functions.join(", ")) }
}

/// The interface and the major version, where the name is of our package.
fn ours(name: &str) -> Option<(&str, &str)> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    Some((interface, version.split('.').next().unwrap_or(version)))
}

fn import_wrong(name: &str, import: Option<&Interface>, expected: &Side<'_>, found: &Side<'_>) -> Vec<Wrong> {
    match (ours(name), import) {
        (Some(("types", MAJOR)), _) => Vec::new(),
        (Some(("host", MAJOR)), Some(import)) => {
            let has = interface(expected, "host");
            let function = |function: &Function| match has.functions.get(&function.name) {
                Some(known) => function_wrong(name, known, expected, function, found),
                None => {
                    let what =
                        format!("it imports the function `{}` of `{name}`, which this host lacks", function.name);
                    Some(wrong(what, "use a newer syndic, or do without it"))
                }
            };
            import.functions.values().filter_map(function).collect()
        }
        (Some(("host" | "types", version)), _) => vec![other_version("imports", name, version)],
        _ => {
            let what = format!("it imports `{name}`; a governor may import `{PACKAGE}host` and `{PACKAGE}types` only");
            vec![wrong(what, remedy(name))]
        }
    }
}

fn other_version(does: &str, name: &str, version: &str) -> Wrong {
    wrong(format!("it {does} `{name}`: version {MAJOR} is expected and {version} was found"), REBUILD)
}

/// What to do about a foreign import, in the languages that bring it in by themselves.
fn remedy(name: &str) -> &'static str {
    if name.starts_with("wasi:") {
        "in Rust build for `wasm32-unknown-unknown` (`syndic governor build` does), in JavaScript switch the engine's \
         features off, in Python componentize with `--stub-wasi`"
    } else {
        "drop it and build again"
    }
}

fn exports_wrong(exports: &[(String, Option<&Interface>)], expected: &Side<'_>, found: &Side<'_>) -> Vec<Wrong> {
    let asked = interface(expected, "judge");
    let judge = exports.iter().find(|(name, _)| matches!(ours(name), Some(("judge", _))));
    let Some((name, Some(judge))) = judge else {
        let functions: Vec<String> = asked.functions.keys().map(|name| format!("`{name}`")).collect();
        let functions = functions.join(", ");
        let what = format!("it exports no interface `{PACKAGE}judge@{MAJOR}.0.0`, whose functions are {functions}");
        return vec![wrong(what, &format!("{REBUILD}, and export its world `governor`"))];
    };
    if let Some((_, version)) = ours(name).filter(|(_, version)| *version != MAJOR) {
        return vec![other_version("exports", name, version)];
    }
    let function = |known: &Function| match judge.functions.get(&known.name) {
        Some(function) => function_wrong(name, known, expected, function, found),
        None => {
            let expected = signature(known, expected.resolve);
            let what = format!("its `{name}` lacks the function `{}`; expected is `{expected}`", known.name);
            Some(wrong(what, "export the whole world `governor`"))
        }
    };
    asked.functions.values().filter_map(function).collect()
}

fn interface<'a>(contract: &Side<'a>, name: &str) -> &'a Interface {
    let interfaces = contract.resolve.interfaces.iter().map(|(_, interface)| interface);
    interfaces.into_iter().find(|interface| interface.name.as_deref() == Some(name)).expect("it is in the contract")
}

fn function_wrong(
    interface: &str,
    known: &Function,
    expected: &Side<'_>,
    function: &Function,
    found: &Side<'_>,
) -> Option<Wrong> {
    let differ = Differ { expected: expected.resolve, found: found.resolve };
    let Difference { place, expected, found } = differ.functions(known, function)?;
    let what = format!(
        "the function `{}` of `{interface}`: {place} is expected to be `{expected}`, and `{found}` was found",
        known.name
    );
    Some(wrong(what, REBUILD))
}

/// Where two types part, and what stands there on each side.
struct Difference {
    place: String,
    expected: String,
    found: String,
}

/// Compares types of two worlds.
struct Differ<'a> {
    expected: &'a Resolve,
    found: &'a Resolve,
}

impl Differ<'_> {
    fn functions(&self, expected: &Function, found: &Function) -> Option<Difference> {
        if expected.params.len() != found.params.len() {
            let (expected, found) = (signature(expected, self.expected), signature(found, self.found));
            return Some(Difference { place: "it".to_owned(), expected, found });
        }
        let mut params = expected.params.iter().zip(&found.params);
        let param = params.find_map(|(one, other)| self.types(&format!("`{}`", one.name), &one.ty, &other.ty));
        param.or_else(|| self.optional("`result`", expected.result.as_ref(), found.result.as_ref()))
    }

    fn optional(&self, place: &str, expected: Option<&Type>, found: Option<&Type>) -> Option<Difference> {
        match (expected, found) {
            (None, None) => None,
            (Some(expected), Some(found)) => self.types(place, expected, found),
            (expected, found) => {
                let says = |ty: Option<&Type>, resolve| ty.map_or("nothing".to_owned(), |ty| type_name(ty, resolve));
                let (expected, found) = (says(expected, self.expected), says(found, self.found));
                Some(Difference { place: place.to_owned(), expected, found })
            }
        }
    }

    fn types(&self, place: &str, expected: &Type, found: &Type) -> Option<Difference> {
        let (expected, found) = (bare(expected, self.expected), bare(found, self.found));
        let other = || {
            let (expected, found) = (spelt(&expected, self.expected), spelt(&found, self.found));
            Some(Difference { place: place.to_owned(), expected, found })
        };
        let (Type::Id(one), Type::Id(two)) = (expected, found) else {
            return if expected == found { None } else { other() };
        };
        use TypeDefKind as Kind;
        match (&self.expected.types[one].kind, &self.found.types[two].kind) {
            (Kind::Record(one), Kind::Record(two)) => {
                let names = |fields: &[wit_parser::Field]| fields.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
                if names(&one.fields) != names(&two.fields) {
                    return other();
                }
                let mut fields = one.fields.iter().zip(&two.fields);
                fields.find_map(|(one, two)| self.types(&within(place, &one.name), &one.ty, &two.ty))
            }
            (Kind::Variant(one), Kind::Variant(two)) => {
                let names = |cases: &[wit_parser::Case]| cases.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
                if names(&one.cases) != names(&two.cases) {
                    return other();
                }
                let mut cases = one.cases.iter().zip(&two.cases);
                cases.find_map(|(one, two)| self.optional(&within(place, &one.name), one.ty.as_ref(), two.ty.as_ref()))
            }
            (Kind::Enum(one), Kind::Enum(two)) => {
                let names = |cases: &[wit_parser::EnumCase]| cases.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
                if names(&one.cases) == names(&two.cases) { None } else { other() }
            }
            (Kind::List(one), Kind::List(two)) => self.types(&within(place, "[…]"), one, two),
            (Kind::Option(one), Kind::Option(two)) => self.types(place, one, two),
            (Kind::Result(one), Kind::Result(two)) => self
                .optional(&within(place, "ok"), one.ok.as_ref(), two.ok.as_ref())
                .or_else(|| self.optional(&within(place, "error"), one.err.as_ref(), two.err.as_ref())),
            _ => other(),
        }
    }
}

/// A place inside another, with both in one pair of quotes.
fn within(place: &str, name: &str) -> String {
    let place = place.trim_end_matches('`');
    if name.starts_with('[') { format!("{place}{name}`") } else { format!("{place}.{name}`") }
}

/// A type behind the names it was given.
fn bare(ty: &Type, resolve: &Resolve) -> Type {
    match ty {
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::Type(inner) => bare(inner, resolve),
            _ => *ty,
        },
        _ => *ty,
    }
}

/// A type with what is in it, one level deep.
fn spelt(ty: &Type, resolve: &Resolve) -> String {
    let Type::Id(id) = ty else { return type_name(ty, resolve) };
    let list = |what: &str, names: Vec<&str>| format!("{what} {{{}}}", names.join(", "));
    match &resolve.types[*id].kind {
        TypeDefKind::Record(record) => list("record", record.fields.iter().map(|it| it.name.as_str()).collect()),
        TypeDefKind::Variant(variant) => list("variant", variant.cases.iter().map(|it| it.name.as_str()).collect()),
        TypeDefKind::Enum(cases) => list("enum", cases.cases.iter().map(|it| it.name.as_str()).collect()),
        _ => type_name(ty, resolve),
    }
}

/// A function as WIT writes it.
fn signature(function: &Function, resolve: &Resolve) -> String {
    let params = function.params.iter().map(|param| format!("{}: {}", param.name, type_name(&param.ty, resolve)));
    let params = params.collect::<Vec<_>>().join(", ");
    let result = function.result.as_ref().map(|ty| format!(" -> {}", type_name(ty, resolve))).unwrap_or_default();
    format!("func({params}){result}")
}

/// A type as WIT writes it.
fn type_name(ty: &Type, resolve: &Resolve) -> String {
    let inner = |ty: &Type| type_name(ty, resolve);
    let optional = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), inner);
    match ty {
        Type::Bool => "bool".into(),
        Type::U8 => "u8".into(),
        Type::U16 => "u16".into(),
        Type::U32 => "u32".into(),
        Type::U64 => "u64".into(),
        Type::S8 => "s8".into(),
        Type::S16 => "s16".into(),
        Type::S32 => "s32".into(),
        Type::S64 => "s64".into(),
        Type::F32 => "f32".into(),
        Type::F64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::ErrorContext => "error-context".into(),
        Type::Id(id) => {
            let def = &resolve.types[*id];
            match (&def.name, &def.kind) {
                (Some(name), _) => name.clone(),
                (None, TypeDefKind::List(ty)) => format!("list<{}>", inner(ty)),
                (None, TypeDefKind::Option(ty)) => format!("option<{}>", inner(ty)),
                (None, TypeDefKind::Result(result)) => {
                    format!("result<{}, {}>", optional(&result.ok), optional(&result.err))
                }
                (None, TypeDefKind::Tuple(tuple)) => {
                    format!("tuple<{}>", tuple.types.iter().map(inner).collect::<Vec<_>>().join(", "))
                }
                (None, TypeDefKind::Type(ty)) => inner(ty),
                (None, kind) => kind.as_str().to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is wrong with a world that differs from the contract so.
    fn wrong(from: &str, to: &str) -> Vec<String> {
        assert!(CONTRACT.contains(from), "the contract has no `{from}`");
        let (resolve, world) = contract(&CONTRACT.replace(from, to));
        held(&Side { resolve: &resolve, world }).wrong.into_iter().map(|wrong| wrong.what).collect()
    }

    #[track_caller]
    fn check(from: &str, to: &str, sentence: &str) {
        let wrong = wrong(from, to).join("\n");
        assert!(wrong.contains(sentence), "`{sentence}` is missing:\n{wrong}");
    }

    #[test]
    fn the_contract_is_as_the_contract_says() {
        assert_eq!(wrong("a", "a"), [""; 0]);
    }

    #[test]
    fn a_type_that_differs_is_named_by_its_place_with_both_types() {
        check(
            "    now: string,",
            "    now: u64,",
            "the function `evaluate` of `syndic:governor/judge@1.0.0`: `context.now` is expected to be `string`, and \
             `u64` was found",
        );
        check("    by: s64,", "    by: f64,", "`result.ok.writes[…].increase.by` is expected to be `s64`, and `f64`");
        check("    error,\n  }", "    fatal,\n  }", "`level` is expected to be `enum {debug, info, warn, error}`");
        check("    note: option<string>,", "", "`result.ok` is expected to be `record {verdict, writes, effects");
        check("log: func(level: level, message: string);", "log: func(message: string);", "the function `log` of");
    }

    #[test]
    fn a_function_that_is_missing_and_one_too_many_are_named() {
        check(
            "  migrate: func(from-schema: u32, facts: list<fact>) -> result<list<fact>, fault>;",
            "",
            "its `syndic:governor/judge@1.0.0` lacks the function `migrate`; expected is `func(from-schema: u32, facts: \
             list<fact>) -> result<list<fact>, fault>`",
        );
        check("  log: func(", "  dial: func(level: level);\n  log: func(", "`dial` of `syndic:governor/host@1.0.0`");
        check(
            "  export judge;",
            "",
            "it exports no interface `syndic:governor/judge@1.0.0`, whose functions are `describe`",
        );
        check("governor@1.0.0", "governor@2.0.0", "version 1 is expected and 2 was found");
        assert_eq!(wrong("governor@1.0.0", "governor@1.4.2"), [""; 0]);
    }
}
