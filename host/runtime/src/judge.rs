//! A component's exports: where they are and that they are of the contract's types, found out once.
//!
//! The generated bindings look at the types of all exports whenever they make an instance, and an instance lives for
//! one question. Here all of them are looked at while the component describes itself, which is when it is loaded, and
//! after that only the one that is asked. What it saves is a tenth of a small governor's call.

use syndic_core::ports::Failure;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance as Component, InstancePre, Lift, Lower};
use wasmtime::{Result, Store, format_err};

use crate::bindings::{GovernorIndices, types};
use crate::call::{Given, Instance, ask};
use crate::trap::NotInstantiated;

/// The interface that a governor exports. A later minor version's is found by this name too.
const INTERFACE: &str = "syndic:governor/judge@1.0.0";

/// What `evaluate` and `feedback` answer.
pub(crate) type Answer = Result<types::Decision, types::Fault>;

/// What `migrate` answers.
pub(crate) type Carried = Result<Vec<types::Fact>, types::Fault>;

/// A component that can be asked.
pub(crate) struct Judge {
    ready: InstancePre<Instance>,
    all: GovernorIndices,
    evaluate: ComponentExportIndex,
    feedback: ComponentExportIndex,
    migrate: ComponentExportIndex,
}

impl Judge {
    /// Finds the exports.
    ///
    /// # Errors
    /// One is missing.
    pub(crate) fn new(ready: InstancePre<Instance>) -> Result<Self> {
        let all = GovernorIndices::new(&ready)?;
        let component = ready.component();
        let interface = component.get_export_index(None, INTERFACE);
        let find = |name| {
            let found = component.get_export_index(interface.as_ref(), name);
            found.ok_or_else(|| format_err!("it exports no `{name}` of `{INTERFACE}`"))
        };
        let (evaluate, feedback, migrate) = (find("evaluate")?, find("feedback")?, find("migrate")?);
        Ok(Self { ready, all, evaluate, feedback, migrate })
    }

    /// Asks it to describe itself, and looks at the types of everything it exports.
    pub(crate) fn describe(&self, given: Given<'_>) -> Result<types::Manifest, Failure> {
        let (manifest, _) = ask(&self.ready, given, |component, store| {
            let governor = self.all.load(&mut *store, &component).map_err(|error| error.context(NotInstantiated))?;
            governor.syndic_governor_judge().call_describe(store)
        });
        manifest
    }

    /// Asks it to judge an event. Says what it burned, too.
    pub(crate) fn evaluate(&self, given: Given<'_>, context: &types::Context) -> (Result<Answer, Failure>, u64) {
        ask(&self.ready, given, |component, store| call(component, store, &self.evaluate, (context,)))
    }

    /// Tells it the answers of its effects. Says what it burned, too.
    pub(crate) fn feedback(
        &self,
        given: Given<'_>,
        context: &types::Context,
        results: &[types::EffectResult],
    ) -> (Result<Answer, Failure>, u64) {
        ask(&self.ready, given, |component, store| call(component, store, &self.feedback, (context, results)))
    }

    /// Has it carry facts over from another schema. Says what it burned, too.
    pub(crate) fn migrate(
        &self,
        given: Given<'_>,
        from_schema: u32,
        facts: &[types::Fact],
    ) -> (Result<Carried, Failure>, u64) {
        ask(&self.ready, given, |component, store| call(component, store, &self.migrate, (from_schema, facts)))
    }
}

fn call<P, A>(component: Component, store: &mut Store<Instance>, export: &ComponentExportIndex, given: P) -> Result<A>
where
    P: ComponentNamedList + Lower,
    A: Send + Sync + 'static,
    (A,): ComponentNamedList + Lift,
{
    let function = component.get_typed_func::<P, (A,)>(&mut *store, export);
    let (answer,) = function.map_err(|error| error.context(NotInstantiated))?.call(store, given)?;
    Ok(answer)
}
