//! What the command line refuses: each time what, why and what to do now, nothing on stdout, and the code that says which
//! kind of no it is.

use serde_json::json;

use crate::syndic::{Home, command, subscribes, told};

/// What is typed, the exit code, and words of the answer. `DATA` is a data directory that was played into, `FILE` a file
/// that is no store, component, net, key or event; `EMPTY` a directory with nothing in it. On port 9
/// nobody listens.
#[rustfmt::skip]
const REFUSALS: &[(&str, i32, &str)] = &[
    // ── the command line itself ──────────────────────────────────────────────
    ("evnt",                                            2, "similar"),
    ("play",                                            2, "--data <DIR>"),
    ("play x --data EMPTY --bogus",                     2, "--bogus"),
    ("play x --data EMPTY --governor billing",          2, "SLOT=FILE.wasm"),
    ("play x --data EMPTY --swap-at x",                 2, "LINE:SLOT=FILE"),
    ("receipt show one --data DATA",                    2, "invalid digit"),
    ("event list --outcome done --data DATA",           2, "possible values"),
    ("event settle e1 --reason r --data DATA",          2, "--undone"),
    ("token create --name n --role king --data DATA",   2, "admin"),
    ("completions tcsh",                                2, "powershell"),
    ("replay 1 --all --data DATA",                      2, "cannot be used with"),
    // ── where to look ────────────────────────────────────────────────────────
    ("stats",                                           2, "neither a data directory nor a daemon"),
    ("event submit FILE",                               2, "--server URL"),
    ("stats --server ftp://x",                          2, "http://"),
    ("stats --server http://example.com --token t",     2, "in the clear"),
    ("stats --server http://127.0.0.1:9",               3, "cannot be reached"),
    ("backup EMPTY --server http://127.0.0.1:9",        3, "cannot be reached"),
    ("replay 1 --server http://127.0.0.1:9",            2, "does not judge the past"),
    ("stats --data nowhere",                            3, "there is no such directory"),
    ("stats --data FILE",                               3, "it is a file"),
    ("event list --data EMPTY",                         3, "there is nothing in it"),
    // ── what is not there ────────────────────────────────────────────────────
    ("event show e9 --data DATA",                       1, "byte for byte"),
    ("event retry e9 --reason r --data DATA",           1, "was accepted here"),
    ("event retry e1 --reason r --data DATA",           1, "rolled-back"),
    ("event resend 9 --reason r --data DATA",           1, "undelivered"),
    ("fact list acme c9 --data DATA",                   1, "no facts"),
    ("fact list acme --data DATA",                      2, "<CUSTOMER>"),
    ("fact show acme c1 nothing --data DATA",           1, "begins so"),
    ("receipt show 999 --data DATA",                    1, "receipts 1 to"),
    ("token revoke none --data DATA",                   1, "token list"),
    // ── files ────────────────────────────────────────────────────────────────
    ("play nofile --data EMPTY",                        2, "nofile"),
    ("play EMPTY --data DATA",                          2, "is a directory"),
    ("event submit nofile --server http://127.0.0.1:9", 2, "nofile"),
    ("play FILE --data DATA --governor billing=none",   2, "`none` cannot be read"),
    ("play FILE --data DATA --seed 7",                  2, "seed"),
    ("net check FILE",                                  2, "not readable as a net"),
    ("backup DATA --data DATA",                         2, "is not empty"),
    ("restore EMPTY --data EMPTY",                      3, "not a store"),
    ("demo --data DATA",                                2, "is not empty"),
    ("run --config nofile",                             2, "nofile"),
    ("run --set limits.efect_ms=1",                     2, "did you mean"),
    ("config check FILE",                               2, "TOML"),
];

#[test]
fn whatever_is_refused_says_what_and_why_and_what_to_do_now() {
    let home = Home::after(&[subscribes("e1", "c1", json!({"sku": "pro", "seats": 2, "payment_method": "card"}))]);
    let file = home.file("file", "this is a sentence\n");
    let empty = home.data.with_file_name("nothing");
    std::fs::create_dir(&empty).unwrap();
    for (line, code, word) in REFUSALS {
        let place = |word: &str| match word {
            "DATA" => home.data.display().to_string(),
            "FILE" => file.display().to_string(),
            "EMPTY" => empty.display().to_string(),
            word => word.to_owned(),
        };
        let words: Vec<String> = line.split(' ').map(place).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut typed = command(&words);
        typed.current_dir(&empty).env_remove("SYNDIC_SERVER").env_remove("SYNDIC_TOKEN");
        told(&mut typed).fails(*code, &[word]);
    }
    assert!(std::fs::read_dir(&empty).unwrap().next().is_none(), "what is refused leaves nothing");
}
