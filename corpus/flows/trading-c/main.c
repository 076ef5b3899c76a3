// Trades tokens through futures. Each task waits for a clock before it goes on.
#include "guest.h"
#include <stdlib.h>
#include <string.h>

enum { MILLISECOND = 1000000 };

#define TRADE(name) exports_corpus_flows_trade_##name
#define MINE(name) exports_corpus_flows_trade_future_result_own_token_string_##name
#define YOURS(name) exports_corpus_flows_trade_future_result_own_token_refusal_##name
#define SEEN(name) exports_corpus_flows_trade_future_string_##name

struct exports_corpus_flows_trade_token_t {
    uint32_t worth;
};

static uint32_t alive;

typedef struct {
    enum { GROW, SWAP, LOOK } kind;
    guest_waitable_set_t set;
    TRADE(token_t) *token;
    uint32_t by;
    TRADE(future_result_own_token_string_t) mine;
    TRADE(result_own_token_string_t) got;
    YOURS(writer_t) yours;
    TRADE(result_own_token_refusal_t) given;
    SEEN(writer_t) seen;
    guest_string_t text;
} task_t;

static TRADE(own_token_t) make(uint32_t worth) {
    TRADE(token_t) *token = malloc(sizeof *token);
    token->worth = worth;
    alive++;
    return TRADE(token_new)(token);
}

TRADE(own_token_t) TRADE(constructor_token)(uint32_t worth) { return make(worth); }
uint32_t TRADE(method_token_worth)(TRADE(borrow_token_t) self) { return self->worth; }
void TRADE(token_destructor)(TRADE(token_t) *rep) {
    alive--;
    free(rep);
}
uint32_t TRADE(alive)(void) { return alive; }

static task_t *begin(int kind) {
    task_t *self = calloc(1, sizeof *self);
    self->kind = kind;
    self->set = guest_waitable_set_new();
    guest_context_set_0(self);
    return self;
}

static guest_callback_code_t end(task_t *self) {
    guest_waitable_set_drop(self->set);
    free(self);
    return GUEST_CALLBACK_CODE_EXIT;
}

static guest_callback_code_t woken(task_t *self);

static guest_callback_code_t wait_for_clock(task_t *self) {
    guest_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for(2 * MILLISECOND);
    if (GUEST_SUBTASK_STATE(status) == GUEST_SUBTASK_RETURNED) return woken(self);
    guest_waitable_join(GUEST_SUBTASK_HANDLE(status), self->set);
    return GUEST_CALLBACK_CODE_WAIT(self->set);
}

static guest_callback_code_t gave(task_t *self, guest_waitable_status_t status) {
    // Tokens are ours still if nobody took them; a text is in any case.
    bool taken = GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_COMPLETED;
    TRADE(refusal_t) *refusal = &self->given.val.err;
    if (!self->given.is_err) {
        if (!taken) TRADE(token_drop_own)(self->given.val.ok);
    } else if (refusal->tag == EXPORTS_CORPUS_FLOWS_TRADE_REFUSAL_BROKEN) {
        guest_string_free(&refusal->val.broken);
    } else if (!taken) {
        TRADE(token_drop_own)(refusal->val.worthless);
    }
    guest_waitable_join(self->yours, 0);
    YOURS(drop_writable)(self->yours);
    return end(self);
}

static guest_callback_code_t give(task_t *self) {
    self->given.is_err = true;
    if (self->got.is_err) {
        char text[64] = "got: ";
        size_t size = self->got.val.err.len < 50 ? self->got.val.err.len : 50;
        memcpy(text + 5, self->got.val.err.ptr, size);
        self->given.val.err.tag = EXPORTS_CORPUS_FLOWS_TRADE_REFUSAL_BROKEN;
        guest_string_dup_n(&self->given.val.err.val.broken, text, 5 + size);
        guest_string_free(&self->got.val.err);
    } else if (TRADE(token_rep)(self->got.val.ok)->worth == 0) {
        self->given.val.err.tag = EXPORTS_CORPUS_FLOWS_TRADE_REFUSAL_WORTHLESS;
        self->given.val.err.val.worthless = self->got.val.ok;
    } else {
        self->given.is_err = false;
        self->given.val.ok = make(2 * TRADE(token_rep)(self->got.val.ok)->worth);
        TRADE(token_drop_own)(self->got.val.ok);
    }
    guest_waitable_status_t status = YOURS(write)(self->yours, &self->given);
    if (status != GUEST_WAITABLE_STATUS_BLOCKED) return gave(self, status);
    guest_waitable_join(self->yours, self->set);
    return GUEST_CALLBACK_CODE_WAIT(self->set);
}

static guest_callback_code_t got(task_t *self) {
    guest_waitable_join(self->mine, 0);
    MINE(drop_readable)(self->mine);
    return wait_for_clock(self);
}

static guest_callback_code_t said(task_t *self) {
    guest_waitable_join(self->seen, 0);
    SEEN(drop_writable)(self->seen);
    guest_string_free(&self->text);
    return end(self);
}

static guest_callback_code_t say(task_t *self) {
    guest_waitable_status_t status = SEEN(write)(self->seen, &self->text);
    if (status != GUEST_WAITABLE_STATUS_BLOCKED) return said(self);
    guest_waitable_join(self->seen, self->set);
    return GUEST_CALLBACK_CODE_WAIT(self->set);
}

guest_callback_code_t TRADE(method_token_grow)(TRADE(borrow_token_t) token, uint32_t by) {
    task_t *self = begin(GROW);
    self->token = token;
    self->by = by;
    return wait_for_clock(self);
}

guest_callback_code_t TRADE(swap)(TRADE(future_result_own_token_string_t) mine) {
    task_t *self = begin(SWAP);
    self->mine = mine;
    TRADE(swap_return)(YOURS(new)(&self->yours));
    guest_waitable_status_t status = MINE(read)(mine, &self->got);
    if (status != GUEST_WAITABLE_STATUS_BLOCKED) return got(self);
    guest_waitable_join(mine, self->set);
    return GUEST_CALLBACK_CODE_WAIT(self->set);
}

guest_callback_code_t TRADE(look)(TRADE(borrow_token_t) lent) {
    task_t *self = begin(LOOK);
    guest_string_dup(&self->text, lent->worth % 2 ? "it was odd" : "it was even");
    TRADE(tuple2_u32_future_string_t) result = {lent->worth, SEEN(new)(&self->seen)};
    TRADE(look_return)(result);
    return wait_for_clock(self);
}

static guest_callback_code_t go_on(guest_event_t *event) {
    task_t *self = guest_context_get_0();
    switch (event->event) {
    case GUEST_EVENT_FUTURE_READ: return got(self);
    case GUEST_EVENT_FUTURE_WRITE: return self->kind == SWAP ? gave(self, event->code) : said(self);
    case GUEST_EVENT_SUBTASK: break;
    default: __builtin_trap();
    }
    if (event->code != GUEST_SUBTASK_RETURNED) return GUEST_CALLBACK_CODE_WAIT(self->set);
    guest_subtask_drop(event->waitable);
    return woken(self);
}

static guest_callback_code_t woken(task_t *self) {
    if (self->kind == SWAP) return give(self);
    if (self->kind == LOOK) return say(self);
    self->token->worth += self->by;
    TRADE(method_token_grow_return)(self->token->worth);
    return end(self);
}

guest_callback_code_t TRADE(method_token_grow_callback)(guest_event_t *event) { return go_on(event); }
guest_callback_code_t TRADE(swap_callback)(guest_event_t *event) { return go_on(event); }
guest_callback_code_t TRADE(look_callback)(guest_event_t *event) { return go_on(event); }
