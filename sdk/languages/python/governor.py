"""Large teams need a contract, and a customer's seats are counted: a governor in Python."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import host, types

SEATS_MAX = 20
SEATS = types.FactName(types.Subject.CUSTOMER, "quota-sla.seats")


def decision(verdict, writes=()):
    return types.Decision(verdict, list(writes), [], [], [], None)


def step(by):
    return types.Write_Increase(types.CounterStep(SEATS, by))


class Judge(exports.Judge):
    def describe(self):
        reads = [types.DeclaredRead(types.Subject.CUSTOMER, SEATS.name, False)]
        return types.Manifest("Seat limit", "1.0.0", ["CustomerSubscribes"], reads, [], 1)

    def evaluate(self, context):
        try:
            order = json.loads(context.event.data)
        except ValueError as why:
            raise Err(types.Fault("broken-event", str(why)))
        seats = order.get("seats", 1)
        if seats > SEATS_MAX:
            reason = types.Reason("too-many-seats", f"more than {SEATS_MAX} seats need a contract")
            return decision(types.Verdict_Refuse(reason))
        if "counted" in order:
            # What crosses the boundary stays within ±(2^53 − 1), although Python would go on.
            return decision(types.Verdict_Approve(), [step(order["counted"] + order.get("one_more", False))])
        before = host.read(types.Subject.CUSTOMER, SEATS.name)
        host.log(host.Level.INFO, f"{seats} seats, {before.value if before else 'none'} before")
        return decision(types.Verdict_Approve(), [step(seats)])

    def feedback(self, context, results):
        return decision(types.Verdict_Approve())

    def migrate(self, from_schema, facts):
        return facts
