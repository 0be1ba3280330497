//! Our side: a runtime with one governor in its slot, asked through the core's port.

use std::collections::HashMap;
use std::sync::Arc;

use syndic_core::config::SlotConfig;
use syndic_core::fact::{FactName, Seen};
use syndic_core::ports::{Called, Facts, GovernorRuntime, Installed, Question, ReadError};
use syndic_runtime::Runtime;

use crate::scene::Scene;

/// A runtime with a scene's governor.
pub struct Ours {
    runtime: Runtime,
    version: Arc<Installed>,
    limits: SlotConfig,
    scene: Scene,
}

/// The facts of a scene, of which every one is declared.
struct Known(Arc<HashMap<FactName, Seen>>);

impl Facts for Known {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        Ok(self.0.get(fact).cloned())
    }

    fn config(&self, _: &str) -> Option<String> {
        None
    }
}

impl Ours {
    /// Installs the scene's governor, in a runtime of its own.
    ///
    /// # Panics
    /// The governor cannot be installed.
    pub fn new(scene: &Scene) -> Self {
        let runtime = Runtime::new(Arc::new(|_, _, _| {})).expect("this machine can run components");
        let limits = SlotConfig::default();
        let version = runtime.load(&scene.slot, scene.component, &limits).expect("the bundled governors can be loaded");
        Self { runtime, version, limits, scene: scene.clone() }
    }

    /// What a call takes over from whoever calls.
    pub fn question(&self) -> (Question, Arc<dyn Facts>) {
        (Question::Evaluate(self.scene.context.clone()), Arc::new(Known(Arc::clone(&self.scene.facts))))
    }

    /// One call that ends before it decides anything, because it gets too little fuel.
    pub fn starve(&self) -> Called {
        let limits = SlotConfig { fuel_max: 5_000, ..self.limits.clone() };
        let (question, facts) = self.question();
        self.runtime.call(&self.version, &limits, question, facts)
    }

    /// One call.
    pub fn call(&self, (question, facts): (Question, Arc<dyn Facts>)) -> Called {
        self.runtime.call(&self.version, &self.limits, question, facts)
    }
}
