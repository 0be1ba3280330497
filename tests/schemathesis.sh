#!/usr/bin/env bash
# Throws at a running daemon what its own OpenAPI document allows and what it forbids: schemathesis reads the document and
# makes requests up. No answer may be an error of the server's, and every answer must be one that the document knows.
# It downloads schemathesis into a folder of its own, so no other test runs it; where there is no pip, it says so and is
# skipped. Run it from anywhere, when `cargo build --release` is done: tests/schemathesis.sh [EXAMPLES]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
syndic=$(realpath "${SYNDIC:-$root/target/release/syndic}")
examples=${1:-50}
work=$(mktemp -d)
daemon=

end() {
    [[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

if ! python3 -m venv "$work/venv" 2>/dev/null || ! "$work/venv/bin/pip" install --quiet 'schemathesis>=4,<5'; then
    echo "skipped: schemathesis cannot be installed here (it needs python3 with venv, pip, and PyPI)"
    exit 0
fi

token() {
    "$syndic" token create --name "$1" --role "$1" --data "$work/data" 2>/dev/null
}

for role in operator admin; do
    token "$role" >"$work/$role"
done
"$syndic" run --data "$work/data" --json --set http.listen=127.0.0.1:0 --set http.requests_max=0 \
    >"$work/ready" 2>"$work/log" &
daemon=$!
until [[ -s $work/ready ]]; do
    kill -0 "$daemon" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
place=$(grep -o 'http://[0-9.:]*' "$work/ready")

# A component is bytes, whatever they are; schemathesis knows no such thing by itself.
cat >"$work/hooks.py" <<'END'
import schemathesis
from hypothesis import strategies

schemathesis.openapi.media_type("application/wasm", strategies.binary())
END
export SCHEMATHESIS_HOOKS="$work/hooks.py"

# What it keeps of its runs goes with them.
cd "$work"

# The stream does not end by itself. An admin's tokens and an operator's events are tried each with their own token.
for role in operator admin; do
    "$work/venv/bin/schemathesis" run "$place/openapi.json" \
        --header "Authorization: Bearer $(cat "$work/$role")" \
        --exclude-path /v1/stream --max-examples "$examples" --phases examples,coverage,fuzzing \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
        --suppress-health-check all --no-color || { tail -20 "$work/log" >&2; exit 1; }
done
echo "no request was answered with an error of the server's, and every answer is in the document"
