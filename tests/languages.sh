#!/usr/bin/env bash
# Builds the governors of sdk/languages as their READMEs say, plays the same events with each twice, and looks at what
# became of them. It downloads what the languages need, so no other test runs it; a language whose tools are missing is
# skipped, and said to be. Run it from anywhere, when `cargo build --release` is done: tests/languages.sh [LANGUAGE…]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
syndic=${SYNDIC:-$root/target/release/syndic}
work=${SYNDIC_WORK:-$(mktemp -d)}
export SYNDIC_WIT=$root/wit SYNDIC_CACHE=$work/compiled

subscribes() {
    printf '{"specversion":"1.0","id":"evt-%s","source":"/shop","type":"marketplace.CustomerSubscribes","tenant":"acme","subject":"cust-%s","time":"2026-01-02T03:04:05Z","data":{%s"sku":"pro"}}\n' "$1" "$1" "$2"
}

events() {
    subscribes 1 '"seats":3,'
    subscribes 2 '"seats":30,'
    subscribes 3 '"counted":9007199254740991,'
    subscribes 4 '"counted":9007199254740991,"one_more":true,'
}

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    exit 1
}

# Plays the events into a new directory; says the root.
play() {
    local data=$1
    shift
    rm -rf "$data"
    "$syndic" play "$work/events.jsonl" --data "$data" --json "$@" >"$data.out" 2>"$data.err" || fail "$(cat "$data.err")"
    tail -1 "$data.out" | grep -o '"root_hash":"[0-9a-f]*"'
}

# What a governor in any language does with the four.
check() {
    local name=$1 component=$2 began once
    shift 2
    began=$(date +%s%N)
    once=$(play "$work/once" --governor "quota-sla=$component" "$@")
    printf '%-16s %9s bytes, first start %5s ms' "$name" "$(wc -c <"$component")" "$((($(date +%s%N) - began) / 1000000))"
    began=$(date +%s%N)
    [ "$once" = "$(play "$work/twice" --governor "quota-sla=$component" "$@")" ] || fail "$name: two roots"
    printf ', next start %4s ms, fuel %s\n' "$((($(date +%s%N) - began) / 1000000))" \
        "$(grep '"line":' "$work/once.out" | grep -o '"slot":"quota-sla"[^}]*"fuel":[0-9]*' | grep -o '[0-9]*$' | tr '\n' ' ')"
    local outcomes
    outcomes=$(grep '"line":' "$work/once.out" | grep -o '"outcome":"[a-z-]*"' | cut -d'"' -f4 | tr '\n' ' ')
    [ "$outcomes" = "completed refused completed rolled-back " ] || fail "$name: $outcomes"
    grep -q '"code":"too-many-seats"' "$work/once.out" || fail "$name: no code"
    grep -q '9007199254740992, outside' "$work/once.out" || fail "$name: 2^53 went through, or another number did"
    "$syndic" fact list acme cust-3 --name quota-sla.seats --json --data "$work/once" |
        grep -q '"value":9007199254740991' || fail "$name: 2^53 - 1 did not come through unharmed"
}

has() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || { printf '%s is skipped: there is no %s\n' "$language" "$tool"; return 1; }
    done
}

javascript() {
    has npm node || return 0
    cp "$root"/sdk/languages/javascript/* .
    npm install --silent
    node build.mjs && mv governor.wasm pure.wasm
    node build.mjs wasi
    check javascript pure.wasm
    check javascript+wasi governor.wasm --wasi quota-sla
}

python() {
    has python3 || return 0
    cp "$root"/sdk/languages/python/* .
    python3 -m venv venv && venv/bin/pip install --quiet componentize-py==0.25.1 || { echo "python is skipped: pip cannot install"; return 0; }
    venv/bin/componentize-py -d "$SYNDIC_WIT" -w governor componentize --stub-wasi governor -o pure.wasm >/dev/null
    venv/bin/componentize-py -d "$SYNDIC_WIT" -w governor componentize governor -o governor.wasm >/dev/null
    check python pure.wasm
    check python+wasi governor.wasm --wasi quota-sla
}

c() {
    has python3 npm wit-bindgen || return 0
    cp "$root"/sdk/languages/c/* .
    python3 -m venv venv && venv/bin/pip install --quiet ziglang==0.17.1 || { echo "c is skipped: pip cannot install"; return 0; }
    npm install --silent
    ./build.sh >/dev/null 2>&1 || fail "c: ./build.sh"
    check c governor.wasm
}

[ -x "$syndic" ] || fail "there is no $syndic: cargo build --release makes it"
mkdir -p "$work"
events >"$work/events.jsonl"
for language in "${@:-javascript python c}"; do
    for language in $language; do
        mkdir -p "$work/$language" && cd "$work/$language" && "$language"
    done
done
