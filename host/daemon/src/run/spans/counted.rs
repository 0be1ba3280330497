//! Counting spans: how many the collector took, and how many were lost because it was slow or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use syndic_api::server::Metrics;
use tracing::{info, warn};

/// Spans that may wait: some hundred events' of some hundred bytes each.
const WAITING_MAX: usize = 16_384;

/// Spans sent at a time.
const BATCH_MAX: usize = 2_048;

/// How long a batch that is not full waits for more.
const SENT_EVERY: Duration = Duration::from_secs(1);

/// What takes spans as they end, and sends them.
pub(super) fn processor(exporter: opentelemetry_otlp::SpanExporter, metrics: &Arc<Metrics>) -> Processor {
    let waiting = Arc::new(AtomicUsize::new(0));
    let counted = Exporter {
        inner: exporter,
        waiting: Arc::clone(&waiting),
        metrics: Arc::clone(metrics),
        in_vain: AtomicBool::new(false),
    };
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING_MAX)
        .with_max_export_batch_size(BATCH_MAX)
        .with_scheduled_delay(SENT_EVERY);
    let inner = BatchSpanProcessor::builder(counted).with_batch_config(config.build()).build();
    Processor { inner, waiting, metrics: Arc::clone(metrics) }
}

/// Counts what finds no room. The one within would drop it too, and not say so.
#[derive(Debug)]
pub(super) struct Processor {
    inner: BatchSpanProcessor,
    waiting: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
}

impl SpanProcessor for Processor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.metrics.spans_lost(1);
            return;
        }
        self.inner.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Counts what the collector took, and says once that it takes nothing, and once that it does again.
#[derive(Debug)]
struct Exporter {
    inner: opentelemetry_otlp::SpanExporter,
    waiting: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
    in_vain: AtomicBool,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let sent = self.inner.export(batch).await;
        match &sent {
            Ok(()) => {
                self.metrics.spans_sent(spans as u64);
                if self.in_vain.swap(false, Ordering::Relaxed) {
                    info!("the collector takes spans again");
                }
            }
            Err(why) => {
                self.metrics.spans_lost(spans as u64);
                if !self.in_vain.swap(true, Ordering::Relaxed) {
                    warn!(%why, "the collector takes no spans; they are lost, and counted, until it does");
                }
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
