//! Spans on their way out: each event's tree goes to a collector, by OTLP over HTTP, where the configuration names one.
//!
//! Whatever ends is put into a queue that does not grow and never waits; a thread of its own sends what is there, in
//! batches. A collector that is slow or gone costs the spans that find no room, which are counted, and one line in the
//! log. At the end the queue is sent, for as long as one batch may take.
//!
//! Not here: which spans there are (`host/engine`), and what of them goes to the log (`log`).

mod carrier;
mod counted;
mod trail;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use syndic_api::server::Metrics;
use syndic_cli::{Failure, FailureKind};
use tracing::{Metadata, Subscriber, debug};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use self::carrier::Carrier;
pub(crate) use self::trail::door;
use crate::settings;

/// Spans come from these alone: what libraries have to say is about themselves.
const OURS: [&str; 2] = ["syndic_engine", "syndic::run::spans"];

/// The collector, and all that is on its way there.
pub(crate) struct Spans {
    provider: SdkTracerProvider,
    timeout: Duration,
}

impl Spans {
    /// Begins to send what ends.
    ///
    /// # Errors
    /// The settings are none that the exporter takes.
    pub(crate) fn to(settings: &settings::Otlp, metrics: &Arc<Metrics>) -> Result<Self, Failure> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Carrier::patient_for(settings.timeout))
            .with_endpoint(format!("{}/v1/traces", settings.endpoint))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            .with_headers(settings.headers.clone())
            .build();
        let exporter = exporter.map_err(|why| {
            let what = format!("no spans can be sent to `{}`", settings.endpoint);
            Failure::new(FailureKind::Usage, what).because(why).hint("see `otlp.endpoint`")
        })?;
        let resource = Resource::builder_empty()
            .with_service_name(settings.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            // What a sender has decided of its trace holds for its events.
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sampled))))
            .with_span_processor(counted::processor(exporter, metrics));
        Ok(Self { provider: provider.build(), timeout: settings.timeout })
    }

    /// What listens to spans, beside the log.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let ours = |of: &Metadata<'_>| of.is_span() && OURS.iter().any(|ours| of.target().starts_with(ours));
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("syndic"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            // Nobody asks for the current one: what a span hangs below is told by `tracing`.
            .with_context_activation(false)
            .with_filter(filter_fn(ours))
    }

    /// Sends what is left. It takes no longer than a batch may.
    pub(crate) fn end(self) {
        if let Err(why) = self.provider.shutdown_with_timeout(self.timeout) {
            debug!(%why, "not every span was sent");
        }
    }
}
