// Large teams need a contract, and a customer's seats are counted: a governor in C.
//
// The event's data is canonical JSON: members stand without spaces, and a quote inside a text has a backslash before it.
// So `"seats":` stands nowhere but before a number of seats, at whatever depth. A governor that reads more than numbers
// off its events should bring a JSON library.
//
// What is handed back is freed by the generated code, and so must come from `malloc`; `governor_string_dup` does.

#include <stdlib.h>
#include <string.h>

#include "governor.h"

#define SEATS_MAX 20
#define SEATS "quota-sla.seats"

typedef exports_syndic_governor_judge_context_t context_t;
typedef exports_syndic_governor_judge_decision_t decision_t;
typedef exports_syndic_governor_judge_fault_t fault_t;

// Where what follows a text begins, or none.
static const uint8_t *after(const governor_string_t *data, const char *text) {
  size_t length = strlen(text);
  for (size_t at = 0; at + length <= data->len; at++) {
    if (memcmp(data->ptr + at, text, length) == 0) return data->ptr + at + length;
  }
  return NULL;
}

// The number after a member's name, or what holds where there is none. The host lets none through above 2^53 - 1.
static int64_t number(const governor_string_t *data, const char *member, int64_t otherwise) {
  const uint8_t *at = after(data, member), *end = data->ptr + data->len;
  if (at == NULL) return otherwise;
  int64_t number = 0;
  for (; at < end && *at >= '0' && *at <= '9'; at++) number = number * 10 + (*at - '0');
  return number;
}

static void step_by(decision_t *decision, int64_t by) {
  syndic_governor_types_write_t *write = calloc(1, sizeof *write);
  write->tag = SYNDIC_GOVERNOR_TYPES_WRITE_INCREASE;
  write->val.increase.fact.subject = SYNDIC_GOVERNOR_TYPES_SUBJECT_CUSTOMER;
  governor_string_dup(&write->val.increase.fact.name, SEATS);
  write->val.increase.by = by;
  decision->writes.ptr = write;
  decision->writes.len = 1;
}

static void refuse(decision_t *decision, const char *code, const char *message) {
  decision->verdict.tag = SYNDIC_GOVERNOR_TYPES_VERDICT_REFUSE;
  governor_string_dup(&decision->verdict.val.refuse.code, code);
  governor_string_dup(&decision->verdict.val.refuse.message, message);
}

void exports_syndic_governor_judge_describe(exports_syndic_governor_judge_manifest_t *manifest) {
  memset(manifest, 0, sizeof *manifest);
  governor_string_dup(&manifest->name, "Seat limit");
  governor_string_dup(&manifest->version, "1.0.0");
  manifest->kinds.ptr = calloc(1, sizeof *manifest->kinds.ptr);
  manifest->kinds.len = 1;
  governor_string_dup(&manifest->kinds.ptr[0], "CustomerSubscribes");
  manifest->reads.ptr = calloc(1, sizeof *manifest->reads.ptr);
  manifest->reads.len = 1;
  manifest->reads.ptr[0].subject = SYNDIC_GOVERNOR_TYPES_SUBJECT_CUSTOMER;
  governor_string_dup(&manifest->reads.ptr[0].name, SEATS);
  manifest->state_schema = 1;
}

bool exports_syndic_governor_judge_evaluate(context_t *context, decision_t *decision, fault_t *fault) {
  (void)fault;
  const governor_string_t *data = &context->event.data;
  int64_t seats = number(data, "\"seats\":", 1), counted = number(data, "\"counted\":", -1);
  memset(decision, 0, sizeof *decision);
  if (seats > SEATS_MAX) {
    refuse(decision, "too-many-seats", "more than 20 seats need a contract");
  } else if (counted >= 0) {
    step_by(decision, counted + (after(data, "\"one_more\":true") != NULL));
  } else {
    governor_string_t name, line;
    governor_string_set(&name, SEATS);
    syndic_governor_host_fact_t before;
    bool known = syndic_governor_host_read(SYNDIC_GOVERNOR_TYPES_SUBJECT_CUSTOMER, &name, &before);
    governor_string_set(&line, known ? "has had seats before" : "has no seats yet");
    syndic_governor_host_log(SYNDIC_GOVERNOR_HOST_LEVEL_INFO, &line);
    if (known) syndic_governor_host_fact_free(&before);
    step_by(decision, seats);
  }
  syndic_governor_types_context_free(context);
  return true;
}

bool exports_syndic_governor_judge_feedback(context_t *context, exports_syndic_governor_judge_list_effect_result_t *results,
                                            decision_t *decision, fault_t *fault) {
  (void)fault;
  memset(decision, 0, sizeof *decision);
  exports_syndic_governor_judge_list_effect_result_free(results);
  syndic_governor_types_context_free(context);
  return true;
}

bool exports_syndic_governor_judge_migrate(uint32_t from_schema, exports_syndic_governor_judge_list_fact_t *facts,
                                           exports_syndic_governor_judge_list_fact_t *same, fault_t *fault) {
  (void)from_schema;
  (void)fault;
  *same = *facts;
  return true;
}
