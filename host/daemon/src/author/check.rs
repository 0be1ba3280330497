//! `governor check`: what a component is, whether the host would load it, and what it may do that another may not.

use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};
use syndic_cli::args::Check;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind};
use syndic_core::capability::{About, Capabilities, Widening, gained, spelt};
use syndic_core::config::SlotConfig;
use syndic_core::decision::Manifest;
use syndic_core::ports::COMPONENT_MAX_BYTES;
use syndic_core::ports::{GovernorRuntime as _, Installed};
use syndic_core::slot::{EFFECT_SETTLED, ROUTES, TIMER_FIRED};
use syndic_core::{Error, Slot};
use syndic_ledger::Digest;
use syndic_runtime::Runtime;

use super::component::{read, runtime, slot};
use super::contract::{CORE_MODULE, World, Wrong, world_of};
use crate::embedded::log_to_nobody;
use crate::show::Show;

/// Bytes of a component from which on compiling takes long enough to say so: an interpreter is in it, most likely.
const SLOW_BYTES: usize = 4 * 1024 * 1024;

pub(super) fn run(args: &Check, show: &Show) -> Result<ExitCode, Failure> {
    let bytes = read(&args.file)?;
    let file = args.file.display().to_string();
    let place = args.slot.as_deref().map(slot).transpose()?;
    let installed = place.as_ref().map(bundled).transpose()?;
    if bytes.len() > SLOW_BYTES {
        show.aside("compiling it; one as large as this may take a minute");
    }
    let (loaded, compile_ms) = load(place.as_ref(), &bytes)?;
    let world = world_of(&bytes);
    let wrong = match (&loaded, &world) {
        (Ok(_), _) => Vec::new(),
        (Err(_), Ok(world)) if !world.wrong.is_empty() => world.wrong.clone(),
        (Err(reason), _) => vec![Wrong { what: reason.clone(), fix: "mend that, and check it again".to_owned() }],
    };
    let Ok(governor) = loaded else {
        let kind = if is_readable(&bytes, &world) { FailureKind::No } else { FailureKind::Usage };
        return refused(&file, &wrong, kind, show);
    };
    let known = World { imports: Vec::new(), exports: Vec::new(), wrong: Vec::new() };
    let report = Report {
        file,
        bytes: bytes.len(),
        compile_ms,
        world: world.unwrap_or(known),
        wider: installed.as_ref().map(|before| Wider::of(&before.manifest, &governor.manifest)),
        unrouted: place.as_ref().map(|slot| unrouted(slot, &governor.manifest)).unwrap_or_default(),
        installed,
        governor,
    };
    report.show(show)?;
    let wider = report.wider.as_ref().is_some_and(Wider::is_wider);
    Ok(if wider && args.no_wider { ExitCode::from(FailureKind::No.code()) } else { ExitCode::SUCCESS })
}

/// Whether the file is what could be a governor, and is none, or is nothing that anybody could load.
fn is_readable(bytes: &[u8], world: &Result<World, String>) -> bool {
    bytes.starts_with(CORE_MODULE) || world.is_ok()
}

/// Loads it as the host would, and says how long compiling it took.
fn load(place: Option<&Slot>, bytes: &[u8]) -> Result<(Result<Installed, String>, u128), Failure> {
    let slot = place.cloned().map_or_else(|| slot("new"), Ok)?;
    // Compiled anew: how long that takes is a part of the answer.
    let runtime = Runtime::new(log_to_nobody())
        .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
    let began = Instant::now();
    let loaded = runtime.load(&slot, bytes, &SlotConfig::default());
    let loaded = loaded.map(|installed| (*installed).clone()).map_err(|error| match error {
        Error::ComponentRejected { reason, .. } => reason,
        other => other.to_string(),
    });
    Ok((loaded, began.elapsed().as_millis()))
}

/// The bundled governor of a slot; an operator's own slot has none.
fn bundled(slot: &Slot) -> Result<Installed, Failure> {
    let Some(bundled) = syndic_governors::governor(slot.as_str()) else {
        let slots: Vec<&str> = syndic_governors::GOVERNORS.iter().map(|bundled| bundled.slot).collect();
        return Err(Failure::new(FailureKind::Usage, format!("no governor is bundled for `{slot}`"))
            .because("there is nothing to compare with")
            .hint(format!("the slots are {}", slots.join(", "))));
    };
    let installed = runtime()?.load(slot, bundled.bytes, &SlotConfig::default());
    installed.map(|installed| (*installed).clone()).map_err(|error| super::component::refused(&error))
}

fn refused(file: &str, wrong: &[Wrong], kind: FailureKind, show: &Show) -> Result<ExitCode, Failure> {
    if show.json {
        show.result(&json!({"file": file, "loads": false, "wrong": wrong}), |_| String::new())?;
        return Ok(ExitCode::from(kind.code()));
    }
    let what = match kind {
        FailureKind::No => format!("the host would not load `{file}`"),
        _ => format!("`{file}` cannot be read as a component"),
    };
    // One failure has one cause and one hint, of as many lines as there are.
    let lines = |mut lines: Vec<&str>| {
        lines.dedup();
        lines.join("\n       ")
    };
    let causes = lines(wrong.iter().map(|wrong| wrong.what.as_str()).collect());
    let fixes = lines(wrong.iter().map(|wrong| wrong.fix.as_str()).collect());
    Err(Failure::new(kind, what).because(causes).hint(fixes))
}

/// What a governor may do that another may not, and what it leaves to nobody.
struct Wider {
    more: Vec<Widening>,
    less: Vec<Widening>,
}

impl Wider {
    /// One slot offers the same to both, and what else they import the contract bounds: so manifests are compared.
    fn of(before: &Manifest, after: &Manifest) -> Self {
        let (before, after) = (Capabilities::of(before), Capabilities::of(after));
        Self { more: gained(&before, &after), less: gained(&after, &before) }
    }

    fn is_wider(&self) -> bool {
        self.more.iter().any(Widening::needs_consent)
    }

    fn lines(&self) -> Vec<String> {
        let line = |(what, about): &(&str, &[About])| {
            let more = named(&self.more, about).into_iter().map(|it| format!("+{it}"));
            let less = named(&self.less, about).into_iter().map(|it| format!("-{it}"));
            let changed: Vec<String> = more.chain(less).collect();
            (!changed.is_empty()).then(|| format!("  {what:<8} {}", changed.join(" ")))
        };
        COMPARED.iter().filter_map(line).collect()
    }
}

/// What is compared, as it is headed.
const COMPARED: [(&str, &[About]); 3] =
    [("kinds", &[About::Kind]), ("reads", &[About::Read, About::Exactness]), ("effects", &[About::Effect])];

/// The names in a list that are about these.
fn named<'a>(list: &'a [Widening], about: &[About]) -> Vec<&'a str> {
    list.iter().filter(|it| about.contains(&it.about)).map(|it| it.name.as_str()).collect()
}

/// The same, as an object of lists.
fn listed(list: &[Widening]) -> Value {
    COMPARED.iter().map(|(what, about)| ((*what).to_owned(), Value::from(named(list, about)))).collect()
}

/// The kinds it judges that nothing brings to its slot.
fn unrouted(slot: &Slot, manifest: &Manifest) -> Vec<String> {
    let routed = |kind: &str| ROUTES.iter().any(|(known, slots)| *known == kind && slots.contains(&slot.as_str()));
    let own = |kind: &str| [TIMER_FIRED, EFFECT_SETTLED].contains(&kind);
    manifest.kinds.iter().filter(|kind| !own(kind) && !routed(kind)).cloned().collect()
}

/// All that is said of a component that the host would load.
struct Report {
    file: String,
    bytes: usize,
    compile_ms: u128,
    world: World,
    governor: Installed,
    installed: Option<Installed>,
    wider: Option<Wider>,
    unrouted: Vec<String>,
}

impl Report {
    fn show(&self, show: &Show) -> Result<(), Failure> {
        let manifest = &self.governor.manifest;
        let reads: Vec<String> = manifest.reads.iter().map(spelt).collect();
        let digest = Digest(self.governor.digest).to_string();
        let compared = self.wider.as_ref().zip(self.installed.as_ref()).map(|(wider, before)| {
            json!({
                "slot": before.slot, "with": before.manifest.version, "wider": wider.is_wider(),
                "more": listed(&wider.more), "less": listed(&wider.less), "never_asked": self.unrouted,
            })
        });
        let value = json!({
            "file": self.file, "loads": true, "bytes": self.bytes, "digest": digest, "name": manifest.name,
            "version": manifest.version, "kinds": manifest.kinds, "reads": reads, "effects": manifest.effects,
            "state_schema": manifest.state_schema, "imports": self.world.imports, "exports": self.world.exports,
            "compared": compared,
        });
        show.result(&value, |_| self.text(&reads, &digest))
    }

    fn text(&self, reads: &[String], digest: &str) -> String {
        let manifest = &self.governor.manifest;
        let none =
            |list: &[String]| if list.is_empty() { "none".to_owned() } else { plain(&list.join(", ")).into_owned() };
        let indented = |list: &[String]| list.join("\n           ");
        let Self { file, bytes, compile_ms, .. } = self;
        let mut lines = vec![
            format!("{file}: governor `{}` {}", plain(&manifest.name), plain(&manifest.version)),
            format!("  bytes    {bytes} of at most {COMPONENT_MAX_BYTES}, compiled in {compile_ms} ms"),
            format!("  digest   {digest}"),
            format!("  imports  {}", indented(&self.world.imports)),
            format!("  exports  {}", indented(&self.world.exports)),
            format!("  kinds    {}", none(&manifest.kinds)),
            format!("  reads    {}", none(reads)),
            format!("  effects  {}", none(&manifest.effects)),
            format!("  schema   {}", manifest.state_schema),
        ];
        if let (Some(wider), Some(before)) = (&self.wider, &self.installed) {
            lines.push(format!("against the bundled `{}` {}:", before.slot, before.manifest.version));
            let changed = wider.lines();
            lines.extend(if changed.is_empty() {
                vec!["  the same kinds, reads and effects".to_owned()]
            } else {
                changed
            });
            if !self.unrouted.is_empty() {
                let (slot, kinds) = (&before.slot, self.unrouted.join(", "));
                lines.push(format!("  `{slot}` is never asked about {kinds}: no route brings it there"));
            }
            if wider.is_wider() {
                lines.push("it may do more than the one in its place, which has to be allowed".to_owned());
            }
        }
        lines.push("the host would load it".to_owned());
        lines.join("\n")
    }
}
