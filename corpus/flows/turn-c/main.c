// Moves letters along: its own task for each stream, which goes on after it has given the stream.
#include "guest.h"
#include <stdlib.h>

typedef struct {
    uint32_t by;
    guest_waitable_set_t set;
    guest_subtask_t call;
    corpus_flows_letters_stream_u8_t from;
    corpus_flows_letters_stream_u8_writer_t to;
    uint8_t bytes[200];
    uint32_t size, done;
    bool last;
} task_t;

static guest_callback_code_t ended(task_t *self) {
    guest_waitable_join(self->from, 0);
    guest_waitable_join(self->to, 0);
    corpus_flows_letters_stream_u8_drop_readable(self->from);
    corpus_flows_letters_stream_u8_drop_writable(self->to);
    guest_waitable_set_drop(self->set);
    free(self);
    return GUEST_CALLBACK_CODE_EXIT;
}

static void took(task_t *self, guest_waitable_status_t status) {
    self->size = GUEST_WAITABLE_COUNT(status);
    self->done = 0;
    self->last = GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_DROPPED;
    for (uint32_t i = 0; i < self->size; i++)
        if (self->bytes[i] != '\n') self->bytes[i] = 'a' + (self->bytes[i] - 'a' + self->by) % 26;
}

// Gives whether somebody still reads.
static bool gave(task_t *self, guest_waitable_status_t status) {
    self->done += GUEST_WAITABLE_COUNT(status);
    return GUEST_WAITABLE_STATE(status) != GUEST_WAITABLE_DROPPED;
}

static guest_callback_code_t move(task_t *self) {
    for (;;) {
        guest_waitable_status_t status;
        if (self->done < self->size) {
            status = corpus_flows_letters_stream_u8_write(self->to, self->bytes + self->done, self->size - self->done);
            if (status == GUEST_WAITABLE_STATUS_BLOCKED) return GUEST_CALLBACK_CODE_WAIT(self->set);
            if (!gave(self, status)) return ended(self);
        } else if (self->last) {
            return ended(self);
        } else {
            status = corpus_flows_letters_stream_u8_read(self->from, self->bytes, sizeof self->bytes);
            if (status == GUEST_WAITABLE_STATUS_BLOCKED) return GUEST_CALLBACK_CODE_WAIT(self->set);
            took(self, status);
        }
    }
}

static guest_callback_code_t started(task_t *self) {
    exports_corpus_flows_turned_turn_return(corpus_flows_letters_stream_u8_new(&self->to));
    guest_waitable_join(self->from, self->set);
    guest_waitable_join(self->to, self->set);
    return move(self);
}

guest_callback_code_t exports_corpus_flows_turned_turn(uint32_t by, uint32_t size) {
    task_t *self = calloc(1, sizeof *self);
    guest_context_set_0(self);
    self->by = by;
    self->set = guest_waitable_set_new();
    guest_subtask_status_t status = corpus_flows_letters_spell(by, size, &self->from);
    self->call = GUEST_SUBTASK_HANDLE(status);
    if (GUEST_SUBTASK_STATE(status) == GUEST_SUBTASK_RETURNED) return started(self);
    guest_waitable_join(self->call, self->set);
    return GUEST_CALLBACK_CODE_WAIT(self->set);
}

guest_callback_code_t exports_corpus_flows_turned_turn_callback(guest_event_t *event) {
    task_t *self = guest_context_get_0();
    switch (event->event) {
    case GUEST_EVENT_SUBTASK:
        if (event->code != GUEST_SUBTASK_RETURNED) return GUEST_CALLBACK_CODE_WAIT(self->set);
        guest_subtask_drop(self->call);
        return started(self);
    case GUEST_EVENT_STREAM_READ: took(self, event->code); return move(self);
    case GUEST_EVENT_STREAM_WRITE: return gave(self, event->code) ? move(self) : ended(self);
    default: __builtin_trap();
    }
}
