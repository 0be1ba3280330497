//! Governors written by hand, in the text of WebAssembly and the canonical ABI.
//!
//! Every governor here is one core module around a body for `evaluate`. Its memory begins with zeroes, and zeroes read
//! as "approve, and nothing else", so a body that answers [`APPROVE`] approves; what stands elsewhere is in the
//! constants below.

use std::fmt::Write as _;

/// Where an answer lies: `ok(decision)`, all zero. Its verdict is the byte 4 further on (0 approve, 1 abstain, 2
/// refuse), a reason's two texts are at 8 and 16, the list of writes at 24.
pub(crate) const APPROVE: &str = "(i32.const 256)";

/// Where an answer lies that reports the fault `broken-fact`: "it is 7".
pub(crate) const FAULT: &str = "(i32.const 512)";

/// The manifest of all of them: named `Guest`, version 1.0.0, judging `Tested`, reading `billing.*`, asking `mail`,
/// unless a guest says otherwise.
const MANIFEST: &str = "(i32.const 1024)";

/// What makes a governor. What is left empty is ordinary.
#[derive(Default)]
pub(crate) struct Guest<'a> {
    /// The body of `evaluate`: leaves the address of its answer. Takes the context as 14 times i32 and one i64.
    pub(crate) evaluate: &'a str,
    /// The body of `describe`: leaves the address of a manifest.
    pub(crate) describe: &'a str,
    /// The body of `feedback`: leaves the address of its answer. Takes one address.
    pub(crate) feedback: &'a str,
    /// The version in the manifest, of five characters.
    pub(crate) version: &'a str,
    /// The event kind that its manifest lists.
    pub(crate) kind: &'a str,
    /// The effect action that its manifest lists.
    pub(crate) action: &'a str,
    /// More of the core module: functions, data, tables, a start function.
    pub(crate) more: &'a str,
    /// More of the component, before the core module is instantiated.
    pub(crate) parts: &'a str,
    /// What the core module imports from those parts, and with which instances.
    pub(crate) imports: &'a str,
    /// The `with` clauses for those imports.
    pub(crate) with: &'a str,
    /// A function of `judge` that is left out.
    pub(crate) without: &'a str,
    /// The version of the contract it is built against.
    pub(crate) contract: &'a str,
    /// What `realloc` does before it answers, which it does whenever the host hands something over. Its answer is in
    /// `$at`.
    pub(crate) realloc: &'a str,
    /// More options of the lifted `evaluate`.
    pub(crate) lifted: &'a str,
}

/// A governor around a body of `evaluate`.
pub(crate) fn evaluating(evaluate: &str) -> Vec<u8> {
    Guest { evaluate, ..Guest::default() }.build()
}

impl Guest<'_> {
    /// The component.
    pub(crate) fn build(&self) -> Vec<u8> {
        wat::parse_str(self.text()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The component in the text of WebAssembly, for whoever wants something else in it.
    pub(crate) fn text(&self) -> String {
        let or = |given: &'_ str, ordinary: &str| if given.is_empty() { ordinary.to_owned() } else { given.to_owned() };
        let contract = or(self.contract, "1.0.0");
        let mut exports = String::new();
        for function in ["describe", "evaluate", "feedback", "migrate"] {
            if function != self.without {
                let _ = write!(exports, "(export \"{function}\" (func ${function}))");
            }
        }
        COMPONENT
            .replace("{parts}", self.parts)
            .replace("{imports}", self.imports)
            .replace("{with}", self.with)
            .replace("{describe}", &or(self.describe, MANIFEST))
            .replace("{evaluate}", &or(self.evaluate, APPROVE))
            .replace("{feedback}", &or(self.feedback, APPROVE))
            .replace("{data}", &data(&or(self.version, "1.0.0"), &or(self.kind, "Tested"), &or(self.action, "mail")))
            .replace("{more}", self.more)
            .replace("{realloc}", self.realloc)
            .replace("{lifted}", self.lifted)
            .replace("{exports}", &exports)
            .replace("{contract}", &contract)
    }
}

/// The fault at 512 and the manifest at 1024, with their texts.
fn data(version: &str, kind: &str, action: &str) -> String {
    let mut texts = String::new();
    let mut place = |text: &str| {
        let at = 2048 + u32::try_from(texts.len()).unwrap();
        texts.push_str(text);
        [at, u32::try_from(text.len()).unwrap()]
    };
    let fault = [place("broken-fact"), place("it is 7")].concat();
    let kinds = place(kind);
    let [read_at, read_len] = place("billing.*");
    let effects = place(action);
    let manifest = [place("Guest"), place(version), [1100, 1], [1120, 1], [1140, 1]].concat();
    format!(
        r#"(data (i32.const 512) "\01") (data (i32.const 516) "{}")
           (data (i32.const 1024) "{}{}") (data (i32.const 1100) "{}") (data (i32.const 1120) "{}")
           (data (i32.const 1140) "{}") (data (i32.const 2048) "{texts}")"#,
        words(&fault),
        words(&manifest),
        words(&[1]),
        words(&kinds),
        words(&[0, read_at, read_len, 0]),
        words(&effects),
    )
}

/// Little-endian words as the text format's data.
pub(crate) fn words(words: &[u32]) -> String {
    words.iter().flat_map(|word| word.to_le_bytes()).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:02x}");
        text
    })
}

const COMPONENT: &str = r#"
(component
  (import "syndic:governor/types@{contract}" (instance $types
    (type $event' (record (field "id" string) (field "source" string) (field "kind" string)
      (field "subject" string) (field "time" string) (field "data" string)))
    (export "event" (type $event (eq $event')))
    (type $context' (record (field "event" $event) (field "now" string) (field "seed" u64)))
    (export "context" (type (eq $context')))
    (type $subject' (enum "customer" "tenant"))
    (export "subject" (type $subject (eq $subject')))
    (type $fact' (record (field "name" string) (field "version" u64) (field "value" string)))
    (export "fact" (type (eq $fact')))
    (type $declared-read' (record (field "subject" $subject) (field "name" string) (field "exact" bool)))
    (export "declared-read" (type $declared-read (eq $declared-read')))
    (type $manifest' (record (field "name" string) (field "version" string) (field "kinds" (list string))
      (field "reads" (list $declared-read)) (field "effects" (list string)) (field "state-schema" u32)))
    (export "manifest" (type (eq $manifest')))
    (type $reason' (record (field "code" string) (field "message" string)))
    (export "reason" (type $reason (eq $reason')))
    (type $verdict' (variant (case "approve") (case "abstain") (case "refuse" $reason) (case "refer" $reason)))
    (export "verdict" (type $verdict (eq $verdict')))
    (type $fact-name' (record (field "subject" $subject) (field "name" string)))
    (export "fact-name" (type $fact-name (eq $fact-name')))
    (type $set-value' (record (field "fact" $fact-name) (field "value" string)))
    (export "set-value" (type $set-value (eq $set-value')))
    (type $set-element' (record (field "fact" $fact-name) (field "element" string)))
    (export "set-element" (type $set-element (eq $set-element')))
    (type $counter-step' (record (field "fact" $fact-name) (field "by" s64)))
    (export "counter-step" (type $counter-step (eq $counter-step')))
    (type $standing' (record (field "fact" $fact-name) (field "value" (option string))))
    (export "standing" (type $standing (eq $standing')))
    (type $numbering' (record (field "series" string) (field "fact" $fact-name) (field "pointer" string)))
    (export "numbering" (type $numbering (eq $numbering')))
    (type $unique-claim' (record (field "key" string) (field "content" string)))
    (export "unique-claim" (type $unique-claim (eq $unique-claim')))
    (type $write' (variant (case "set" $set-value) (case "add" $set-element) (case "remove" $set-element)
      (case "increase" $counter-step) (case "stand" $standing) (case "number" $numbering)
      (case "claim" $unique-claim)))
    (export "write" (type $write (eq $write')))
    (type $effect-mode' (enum "check" "reversible" "deferred"))
    (export "effect-mode" (type $effect-mode (eq $effect-mode')))
    (type $undo' (record (field "action" string) (field "body" string)))
    (export "undo" (type $undo (eq $undo')))
    (type $effect' (record (field "id" string) (field "action" string) (field "mode" $effect-mode)
      (field "key" string) (field "body" string) (field "undo" (option $undo))))
    (export "effect" (type $effect (eq $effect')))
    (type $effect-result' (record (field "id" string) (field "action" string) (field "key" string)
      (field "accepted" bool) (field "body" string)))
    (export "effect-result" (type (eq $effect-result')))
    (type $timer' (record (field "name" string) (field "due" string) (field "data" (option string))))
    (export "timer" (type $timer (eq $timer')))
    (type $raised' (record (field "kind" string) (field "data" string)))
    (export "raised" (type $raised (eq $raised')))
    (type $decision' (record (field "verdict" $verdict) (field "writes" (list $write))
      (field "effects" (list $effect)) (field "timers" (list $timer)) (field "raises" (list $raised))
      (field "note" (option string))))
    (export "decision" (type (eq $decision')))
    (type $fault' (record (field "code" string) (field "message" string)))
    (export "fault" (type (eq $fault')))))
  (alias export $types "context" (type $context))
  (alias export $types "subject" (type $subject))
  (alias export $types "fact" (type $fact))
  (alias export $types "manifest" (type $manifest))
  (alias export $types "effect-result" (type $effect-result))
  (alias export $types "decision" (type $decision))
  (alias export $types "fault" (type $fault))
  (import "syndic:governor/host@{contract}" (instance $host
    (alias outer 1 $fact (type $fact'))
    (export "fact" (type $fact (eq $fact')))
    (alias outer 1 $subject (type $subject'))
    (export "subject" (type $subject (eq $subject')))
    (type $level' (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level')))
    (export "log" (func (param "level" $level) (param "message" string)))
    (export "read" (func (param "subject" $subject) (param "name" string) (result (option $fact))))
    (export "config" (func (param "key" string) (result (option string))))))

  ;; The memory has a module of its own, so that the host's functions can be lowered before the governor exists.
  (core module $libc
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 65536))
    (func $realloc (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $at) (local.get $size)))
      {realloc}
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $log (canon lower (func $host "log") (memory $memory) (realloc $realloc)))
  (core func $read (canon lower (func $host "read") (memory $memory) (realloc $realloc)))
  (core func $config (canon lower (func $host "config") (memory $memory) (realloc $realloc)))
  {parts}

  (core module $governor
    (import "libc" "memory" (memory 1))
    (import "host" "log" (func $log (param i32 i32 i32)))
    (import "host" "read" (func $read (param i32 i32 i32 i32)))
    (import "host" "config" (func $config (param i32 i32 i32)))
    {imports}
    {data}
    {more}
    (func $describe (export "describe") (result i32) {describe})
    (func $evaluate (export "evaluate")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64) (result i32) {evaluate})
    (func $feedback (export "feedback") (param i32) (result i32) {feedback})
    (func $migrate (export "migrate") (param i32 i32 i32) (result i32) (unreachable)))
  (core instance $governor (instantiate $governor
    (with "libc" (instance $libc))
    (with "host" (instance
      (export "log" (func $log)) (export "read" (func $read)) (export "config" (func $config))))
    {with}))

  (func $describe (result $manifest)
    (canon lift (core func $governor "describe") (memory $memory) (realloc $realloc)))
  (func $evaluate (param "context" $context) (result (result $decision (error $fault)))
    (canon lift (core func $governor "evaluate") (memory $memory) (realloc $realloc) {lifted}))
  (func $feedback (param "context" $context) (param "results" (list $effect-result))
    (result (result $decision (error $fault)))
    (canon lift (core func $governor "feedback") (memory $memory) (realloc $realloc)))
  (func $migrate (param "from-schema" u32) (param "facts" (list $fact)) (result (result (list $fact) (error $fault)))
    (canon lift (core func $governor "migrate") (memory $memory) (realloc $realloc)))
  (instance $judge {exports})
  (export "syndic:governor/judge@{contract}" (instance $judge)))
"#;
