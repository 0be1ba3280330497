//! Spans on their way to a collector: one tree an event, below where its sender was.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Said;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;

use crate::daemon::doors::{said, subscribes, tcp, token};
use crate::daemon::{Daemon, refused};
use crate::syndic::Home;

/// A collector on this machine: it takes everything, and keeps it with the headers it came with.
#[derive(Clone)]
struct Collector {
    place: String,
    got: Arc<Mutex<Vec<(String, ExportTraceServiceRequest)>>>,
}

impl Collector {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let collector = Self { place: format!("http://{}/", listener.local_addr().unwrap()), got: Arc::default() };
        let taking = collector.clone();
        thread::spawn(move || listener.incoming().for_each(|caller| taking.take(&caller.unwrap())));
        collector
    }

    fn take(&self, mut caller: &TcpStream) {
        let mut reading = BufReader::new(caller);
        let mut head = String::new();
        while reading.read_line(&mut head).unwrap() > 2 {}
        let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse();
        let mut body = vec![0; length.unwrap()];
        reading.read_exact(&mut body).unwrap();
        self.got.lock().unwrap().push((head, ExportTraceServiceRequest::decode(&*body).unwrap()));
        caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    }

    /// Every span that was sent, by its id.
    fn spans(&self) -> HashMap<Vec<u8>, Span> {
        let got = self.got.lock().unwrap();
        let resources = got.iter().flat_map(|(_, request)| &request.resource_spans);
        let spans = resources.flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans);
        spans.map(|span| (span.span_id.clone(), span.clone())).collect()
    }
}

/// An attribute as text.
fn says(span: &Span, key: &str) -> Option<String> {
    match span.attributes.iter().find(|pair| pair.key == key)?.value.clone()?.value? {
        Said::StringValue(text) => Some(text),
        Said::IntValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A span, below it what hangs there, in the order in which it began: `name(what of it matters)`.
fn tree(spans: &HashMap<Vec<u8>, Span>, root: &Span) -> Vec<String> {
    let mut below: Vec<&Span> = spans.values().filter(|span| span.parent_span_id == root.span_id).collect();
    below.sort_by_key(|span| span.start_time_unix_nano);
    let told = ["id", "outcome", "slot", "call", "action", "answer"].iter().filter_map(|key| says(root, key));
    let own = format!("{}({})", root.name, told.collect::<Vec<_>>().join(" "));
    let lines = below.iter().flat_map(|span| tree(spans, span)).map(|line| format!("  {line}"));
    std::iter::once(own).chain(lines).collect()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ORIGIN: &str = "0af7651916cd43dd8448eb211c80319c";

#[test]
fn every_event_is_one_tree_below_where_its_sender_was() {
    let home = Home::new();
    let operator = token(&home, "olga", "operator");
    let collector = Collector::new();
    let set = [format!("otlp.endpoint={}", collector.place), "otlp.headers=x-key=secret-of-mine".to_owned()];
    let daemon = Daemon::start_with(&home, &["--set", &set[0], "--set", &set[1]]);
    let bearer = format!("authorization: Bearer {operator}");
    let (json, trace) =
        ("content-type: application/cloudevents+json", format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01"));
    let origin = |mut event: Value| {
        event["traceparent"] = format!("00-{ORIGIN}-b7ad6b7169203331-01").into();
        event.to_string()
    };
    let send = |headers: &[&str], event: &str| {
        let (status, told) = said(tcp(&daemon), "POST /v1/events", headers, event);
        assert_eq!(status, 201, "{told}");
    };
    send(&[&bearer, json, &trace], &origin(subscribes("acme", "e1", "c1")));
    send(&[&bearer, json], &origin(subscribes("acme", "e2", "c2")));
    send(&[&bearer, json, "traceparent: 00-not-a-trail"], &subscribes("acme", "e3", "c3").to_string());
    let log = daemon.stop();
    assert!(!log.contains("secret-of-mine") && !log.contains("collector"), "{log}");

    let spans = collector.spans();
    let door = |id: &str| {
        let mut doors = spans.values().filter(|span| span.name == "door" && says(span, "id").unwrap() == id);
        let door = doors.next().unwrap();
        assert!(doors.next().is_none(), "there are two doors of {id}");
        door
    };
    let above = |id: &str| (hex(&door(id).trace_id), hex(&door(id).parent_span_id));
    assert_eq!(above("e1"), (TRACE.to_owned(), "00f067aa0ba902b7".to_owned()));
    assert_eq!(hex(&door("e1").links[0].trace_id), ORIGIN, "and it points to where the event began");
    assert_eq!(above("e2"), (ORIGIN.to_owned(), "b7ad6b7169203331".to_owned()));
    assert_eq!(above("e3").1, "", "a trail that does not read leads nowhere");

    let told = tree(&spans, door("e1"));
    assert_eq!(told[..2], ["door(e1)", "  event(e1 completed)"], "{told:#?}");
    let names = |depth: usize| -> Vec<&str> {
        let at = |line: &&String| line.len() - line.trim_start().len() == 2 * depth;
        told.iter().filter(at).map(|line| line.trim_start()).collect()
    };
    assert_eq!(names(2), ["ProcessingEvent()", "CoordinatingFsms()", "AwaitingFeedback()", "CompletingAction()"]);
    let asked = |call: &str| {
        told.iter().filter(|line| line.trim_start().starts_with("governor(") && line.contains(call)).count()
    };
    assert_eq!(asked("evaluate"), 6, "{told:#?}");
    assert!(asked("feedback") > 0 && told.contains(&"      effect(authorize-payment yes)".to_owned()), "{told:#?}");

    for span in spans.values() {
        let above = spans.get(&span.parent_span_id);
        match span.name.as_str() {
            "door" => assert!(above.is_none()),
            // What follows from an event is an event of its own, and names the receipt of its cause.
            "event" => assert_eq!(above.is_none(), says(span, "cause").is_some()),
            "governor" => {
                assert!(["CoordinatingFsms", "AwaitingFeedback"].contains(&above.unwrap().name.as_str()));
                assert!(says(span, "fuel").unwrap().parse::<u64>().unwrap() > 0);
            }
            "effect" => assert!(above.is_none_or(|above| above.name == "AwaitingFeedback")),
            _ => assert_eq!(above.unwrap().name, "event"),
        }
        assert!(above.is_none_or(
            |above| above.trace_id == span.trace_id && above.start_time_unix_nano <= span.start_time_unix_nano
        ));
    }
    let got = collector.got.lock().unwrap();
    assert!(got.iter().all(|(head, _)| head.starts_with("POST /v1/traces ") && head.contains("x-key: secret-of-mine")));
    let shown = home.run(&["config", "show", "--set", &set[1]]).exits(0).out;
    assert!(shown.contains("otlp.headers = [\"…\"]") && !shown.contains("secret-of-mine"), "{shown}");
}

#[test]
fn at_debug_the_log_tells_the_same_tree() {
    let home = Home::new();
    let operator = token(&home, "olga", "operator");
    let daemon = Daemon::start_with(&home, &["--set", "log.level=debug"]);
    let bearer = format!("authorization: Bearer {operator}");
    let headers = [bearer.as_str(), "content-type: application/cloudevents+json"];
    let event = subscribes("acme", "e1", "c1").to_string();
    assert_eq!(said(tcp(&daemon), "POST /v1/events", &headers, &event).0, 201);
    let log = daemon.stop();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let names = |line: &Value| {
        let above = line["spans"].as_array().into_iter().flatten().map(|span| &span["name"]);
        above.chain([&line["span"]["name"]]).filter_map(Value::as_str).collect::<Vec<_>>().join(" > ")
    };
    let closed: Vec<String> = lines.filter(|line| line["message"] == "close").map(|line| names(&line)).collect();
    let told = |path: &str| closed.iter().filter(|line| *line == path).count();
    assert_eq!(told("door > event > CoordinatingFsms > governor"), 6, "{closed:#?}");
    for once in ["door", "door > event", "door > event > CompletingAction"] {
        assert_eq!(told(once), 1, "{once}");
    }
    assert!(told("door > event > AwaitingFeedback > effect") > 0 && told("event > CoordinatingFsms > governor") > 0);
}

#[test]
fn a_collector_that_is_gone_costs_a_line_and_a_count() {
    let home = Home::new();
    let far = ["--set", "otlp.endpoint=http://192.0.2.1:4318", "--set", "otlp.headers=x-key=secret-of-mine"];
    let told = refused(&home, &far).fails(2, &["in the clear", "otlp.headers"]);
    assert!(!told.err.contains("secret-of-mine"), "{}", told.err);
    let operator = token(&home, "olga", "operator");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let set = format!("otlp.endpoint=http://{gone}");
    // Whoever looks as often as this story is one caller too many.
    let more = ["--set", &set, "--set", "otlp.timeout_ms=200", "--set", "http.requests_max=0"];
    let mut daemon = Daemon::start_with(&home, &more);
    let bearer = format!("authorization: Bearer {operator}");
    let headers = [bearer.as_str(), "content-type: application/cloudevents+json"];
    let lost = || {
        let (_, text) = said(tcp(&daemon), "GET /metrics", &headers[..1], "");
        let line = text.lines().find_map(|line| line.strip_prefix("syndic_spans_lost_total ")).unwrap().to_owned();
        line.parse::<u64>().unwrap()
    };
    let mut before = 0;
    for nth in 0..2 {
        let event = subscribes("acme", &format!("e{nth}"), "c1").to_string();
        assert_eq!(said(tcp(&daemon), "POST /v1/events", &headers, &event).0, 201);
        while lost() == before {}
        before = lost();
    }
    daemon.hears("the collector takes no spans");
    let log = daemon.stop();
    assert_eq!(log.matches("the collector takes no spans").count(), 1, "{log}");
}
