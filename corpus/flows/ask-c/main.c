// Asks a service: calls that are under way at the same time, and one that is given up.
//
// ask                  two requests at once, the longer one first, and a third that is cancelled
// ask many             six at once, every third cancelled
// ask refused          what is refused, one after the other
#include "guest.h"
#include "../../common/p3.h"

typedef struct {
    corpus_flows_service_request_t request;
    corpus_flows_service_result_string_refusal_t result;
    guest_subtask_t subtask;
    uint32_t state;
} call_t;

static guest_waitable_set_t set;

static void ask(call_t *call, const char *who, uint32_t time, const char *body) {
    call->request.who = string(who);
    call->request.time = time;
    call->request.body.ptr = (uint8_t *)body;
    call->request.body.len = strlen(body);
    guest_subtask_status_t status = corpus_flows_service_handle(&call->request, &call->result);
    call->subtask = GUEST_SUBTASK_HANDLE(status);
    call->state = GUEST_SUBTASK_STATE(status);
    if (call->subtask) guest_waitable_join(call->subtask, set);
}

static void show(out_t out, call_t *call) {
    corpus_flows_service_refusal_t *refusal = &call->result.val.err;
    if (call->state != GUEST_SUBTASK_RETURNED) {
        print(out, "%S: state %d\n", &call->request.who, (int)call->state);
        return;
    }
    if (!call->result.is_err) print(out, "%S\n", &call->result.val.ok);
    else if (refusal->tag == CORPUS_FLOWS_SERVICE_REFUSAL_EMPTY) print(out, "empty\n");
    else if (refusal->tag == CORPUS_FLOWS_SERVICE_REFUSAL_BUSY) print(out, "busy with %d\n", (int)refusal->val.busy);
    else print(out, "%S\n", &refusal->val.other);
    corpus_flows_service_result_string_refusal_free(&call->result);
}

// Waits until one more of the calls has ended; gives it.
static call_t *next(call_t *calls) {
    guest_event_t event;
    do {
        guest_waitable_set_wait(set, &event);
        if (event.event != GUEST_EVENT_SUBTASK) __builtin_trap();
    } while (event.code < GUEST_SUBTASK_RETURNED);
    while (calls->subtask != event.waitable) calls++;
    calls->state = event.code;
    guest_subtask_drop(calls->subtask);
    calls->subtask = 0;
    return calls;
}

static void give_up(call_t *call) {
    guest_waitable_join(call->subtask, 0);
    call->state = guest_subtask_cancel(call->subtask);
    guest_subtask_drop(call->subtask);
}

static void sums(out_t out) {
    guest_tuple3_u32_u32_u32_t sums;
    corpus_flows_service_handled(&sums);
    print(out, "%d begun, %d done, %d given up\n", (int)sums.f0, (int)sums.f1, (int)sums.f2);
}

static void two(out_t out) {
    static call_t calls[3];
    ask(&calls[0], "slow", 60, "0123");
    ask(&calls[1], "fast", 5, "abc");
    ask(&calls[2], "cancelled", 5000, "xyz");
    print(out, "under way: %d %d %d\n", (int)calls[0].state, (int)calls[1].state, (int)calls[2].state);
    sums(out);
    show(out, next(calls));
    give_up(&calls[2]);
    show(out, &calls[2]);
    sums(out);
    show(out, next(calls));
    sums(out);
}

static void many(out_t out) {
    static call_t calls[6];
    int left = 6;
    for (int i = 0; i < 6; i++) ask(&calls[i], "one of many", 30 + i % 3, "many");
    for (int i = 2; i < 6; i += 3, left--) give_up(&calls[i]);
    sums(out);
    while (left--) show(out, next(calls));
    sums(out);
}

static void refused(out_t out) {
    static call_t calls[5];
    static const char *const who[] = {"empty", "", "nobody", "größer", "at once"};
    for (int i = 0; i < 5; i++) {
        ask(&calls[i], who[i], i == 4 ? 0 : 2, i ? "bytes" : "");
        show(out, calls[i].state == GUEST_SUBTASK_RETURNED ? &calls[i] : next(calls));
    }
    sums(out);
}

bool exports_wasi_cli_run_run(void) {
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    const guest_string_t *command = args.len > 1 ? &args.ptr[1] : &args.ptr[0];
    out_t out = open_stdout();
    set = guest_waitable_set_new();
    if (is(command, "many")) many(out);
    else if (is(command, "refused")) refused(out);
    else two(out);
    guest_waitable_set_drop(set);
    close_stdout(out);
    guest_list_string_free(&args);
    return true;
}
