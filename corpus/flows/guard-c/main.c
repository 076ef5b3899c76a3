// A gate: backpressure keeps visitors out while it is closed, and who is asked to leave may stay.
#include "guest.h"
#include <stdlib.h>
#include <string.h>

enum { MILLISECOND = 1000000 };

typedef struct {
    guest_waitable_set_t set;
    guest_subtask_t clock;
    uint32_t before;
    bool stubborn;
} visitor_t;

static uint32_t visitors, inside, left_early;

void exports_corpus_flows_gate_close(void) { guest_backpressure_inc(); }
void exports_corpus_flows_gate_open(void) { guest_backpressure_dec(); }

void exports_corpus_flows_gate_inside(guest_tuple2_u32_u32_t *ret) { *ret = (guest_tuple2_u32_u32_t){inside, left_early}; }

static guest_callback_code_t go(visitor_t *self) {
    if (self->clock) guest_subtask_drop(self->clock);
    guest_waitable_set_drop(self->set);
    inside--;
    free(self);
    return GUEST_CALLBACK_CODE_EXIT;
}

guest_callback_code_t exports_corpus_flows_gate_visit(guest_string_t *who, uint32_t time) {
    visitor_t *self = calloc(1, sizeof *self);
    guest_context_set_0(self);
    self->stubborn = who->len == 8 && memcmp(who->ptr, "stubborn", 8) == 0;
    guest_string_free(who);
    self->before = visitors++;
    inside++;
    self->set = guest_waitable_set_new();
    guest_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for((uint64_t)time * MILLISECOND);
    self->clock = GUEST_SUBTASK_HANDLE(status);
    if (GUEST_SUBTASK_STATE(status) == GUEST_SUBTASK_RETURNED) {
        exports_corpus_flows_gate_visit_return(self->before);
        return go(self);
    }
    guest_waitable_join(self->clock, self->set);
    return GUEST_CALLBACK_CODE_WAIT(self->set);
}

guest_callback_code_t exports_corpus_flows_gate_visit_callback(guest_event_t *event) {
    visitor_t *self = guest_context_get_0();
    if (event->event == GUEST_EVENT_SUBTASK) {
        if (event->code != GUEST_SUBTASK_RETURNED) return GUEST_CALLBACK_CODE_WAIT(self->set);
        exports_corpus_flows_gate_visit_return(self->before);
        return go(self);
    }
    if (event->event != GUEST_EVENT_CANCEL) __builtin_trap();
    if (self->stubborn) return GUEST_CALLBACK_CODE_WAIT(self->set);
    guest_waitable_join(self->clock, 0);
    if (guest_subtask_cancel(self->clock) == GUEST_SUBTASK_STARTED) __builtin_trap();
    left_early++;
    guest_task_cancel();
    return go(self);
}
