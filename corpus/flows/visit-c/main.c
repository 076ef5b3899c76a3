// Visits a gate: calls that wait for room, calls that are cancelled before and after they began.
#include "guest.h"
#include "../../common/p3.h"

typedef struct {
    const char *name;
    guest_subtask_t subtask;
    uint32_t state, before;
} visit_t;

static guest_waitable_set_t set;

static void visit(visit_t *call, const char *name, uint32_t time) {
    call->name = name;
    // The text is the callee's only when it begins, so it has to stay.
    guest_string_t who = string(name);
    guest_subtask_status_t status = corpus_flows_gate_visit(who, time, &call->before);
    call->subtask = GUEST_SUBTASK_HANDLE(status);
    call->state = GUEST_SUBTASK_STATE(status);
    if (call->subtask) guest_waitable_join(call->subtask, set);
}

static void show(out_t out, visit_t *call) {
    static const char *const states[] = {"outside", "inside", "was there", "never came in", "left early"};
    print(out, "%s: %s", call->name, states[call->state]);
    if (call->state == GUEST_SUBTASK_RETURNED) print(out, ", number %d", (int)call->before);
    print(out, "\n");
}

static void count(out_t out) {
    guest_tuple2_u32_u32_t count;
    corpus_flows_gate_inside(&count);
    print(out, "%d inside, %d left early\n", (int)count.f0, (int)count.f1);
}

// Waits until all of them have ended.
static void wait_for_all(visit_t *calls, int count) {
    int left = 0;
    for (int i = 0; i < count; i++) left += calls[i].state < GUEST_SUBTASK_RETURNED;
    while (left) {
        guest_event_t event;
        guest_waitable_set_wait(set, &event);
        for (int i = 0; i < count; i++) {
            if (!calls[i].subtask || calls[i].subtask != event.waitable) continue;
            calls[i].state = event.code;
            if (event.code < GUEST_SUBTASK_RETURNED) continue;
            guest_subtask_drop(event.waitable);
            calls[i].subtask = 0;
            left--;
        }
    }
}

static void give_up(out_t out, visit_t *call) {
    guest_waitable_join(call->subtask, 0);
    call->state = guest_subtask_cancel(call->subtask);
    guest_subtask_drop(call->subtask);
    call->subtask = 0;
    show(out, call);
}

bool exports_wasi_cli_run_run(void) {
    static visit_t calls[4];
    out_t out = open_stdout();
    set = guest_waitable_set_new();

    print(out, "a closed gate\n");
    corpus_flows_gate_close();
    for (int i = 0; i < 4; i++) visit(&calls[i], (const char *[]){"first", "second", "third", "fourth"}[i], 3);
    for (int i = 0; i < 4; i++) show(out, &calls[i]);
    give_up(out, &calls[1]);
    count(out);
    corpus_flows_gate_open();
    wait_for_all(calls, 4);
    for (int i = 0; i < 4; i++) show(out, &calls[i]);
    count(out);

    print(out, "closed twice\n");
    corpus_flows_gate_close();
    corpus_flows_gate_close();
    corpus_flows_gate_open();
    visit(&calls[0], "early", 0);
    show(out, &calls[0]);
    corpus_flows_gate_open();
    wait_for_all(calls, 1);
    show(out, &calls[0]);

    print(out, "asked to leave\n");
    visit(&calls[0], "polite", 10000);
    visit(&calls[1], "stubborn", 20);
    visit(&calls[2], "at once", 0);
    for (int i = 0; i < 2; i++) show(out, &calls[i]);
    wait_for_all(&calls[2], 1);
    show(out, &calls[2]);
    count(out);
    give_up(out, &calls[0]);
    give_up(out, &calls[1]);
    count(out);

    // One that has ended before it is given up.
    visit(&calls[0], "quick", 1);
    while (calls[0].state < GUEST_SUBTASK_RETURNED) {
        guest_tuple2_u32_u32_t now;
        guest_thread_yield();
        corpus_flows_gate_inside(&now);
        if (now.f0 == 0) break;
    }
    if (calls[0].subtask) give_up(out, &calls[0]);
    else show(out, &calls[0]);
    count(out);
    guest_waitable_set_drop(set);
    close_stdout(out);
    return true;
}
