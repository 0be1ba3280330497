// Large teams need a contract, and a customer's seats are counted: a governor in JavaScript.
//
// A number that crosses the boundary stays within ±(2^53 − 1), which is all that a JavaScript number holds exactly.
// Integers of 64 bits (`seed`, a fact's `version`, the step of a counter) come and go as BigInt.

import { log, read } from 'syndic:governor/host@1.0.0';

const SEATS_MAX = 20;

const decision = (verdict, writes = []) => ({ verdict, writes, effects: [], timers: [], raises: [], note: undefined });
const approve = { tag: 'approve' };
const refuse = (code, message) => ({ tag: 'refuse', val: { code, message } });

function evaluate({ event }) {
  const order = JSON.parse(event.data);
  const seats = order.seats ?? 1;
  if (seats > SEATS_MAX) {
    return decision(refuse('too-many-seats', `more than ${SEATS_MAX} seats need a contract`));
  }
  if (order.counted !== undefined) {
    return decision(approve, [step(BigInt(order.counted) + (order.one_more ? 1n : 0n))]);
  }
  const before = read('customer', 'quota-sla.seats');
  log('info', `${seats} seats, ${before?.value ?? 'none'} before`);
  return decision(approve, [step(BigInt(seats))]);
}

const step = (by) => ({ tag: 'increase', val: { fact: { subject: 'customer', name: 'quota-sla.seats' }, by } });

export const judge = {
  describe: () => ({
    name: 'Seat limit',
    version: '1.0.0',
    kinds: ['CustomerSubscribes'],
    reads: [{ subject: 'customer', name: 'quota-sla.seats', exact: false }],
    effects: [],
    stateSchema: 1,
  }),
  evaluate,
  feedback: () => decision(approve),
  migrate: (_, facts) => facts,
};
