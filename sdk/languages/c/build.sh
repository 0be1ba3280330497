#!/bin/sh
# Makes governor.wasm here. Needs wit-bindgen, and zig and jco where `pip` and `npm` put them: see README.md.
set -eu
wit-bindgen c "$SYNDIC_WIT" --world governor
venv/bin/python -m ziglang cc -target wasm32-wasi -mexec-model=reactor -Os -s -Wall -o core.wasm \
    seat_limit.c governor.c governor_component_type.o
node_modules/.bin/jco new core.wasm -o governor.wasm
