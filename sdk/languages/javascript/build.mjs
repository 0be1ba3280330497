// Makes governor.wasm. `node build.mjs` leaves WASI out; `node build.mjs wasi` leaves it in, for a slot that has it.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { componentize } from '@bytecodealliance/componentize-js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wasi = process.argv.includes('wasi');
const { component } = await componentize({
  sourcePath: here('governor.js'),
  witPath: process.env.SYNDIC_WIT ?? here('../../../wit'),
  worldName: 'governor',
  disableFeatures: wasi ? [] : ['stdio', 'random', 'clocks', 'http', 'fetch-event'],
});
await writeFile('governor.wasm', component);
