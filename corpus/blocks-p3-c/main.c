// A `run` of the async type that is lifted synchronously, without a callback, and blocks inside: what wasi-libc makes.
//
// blocks-p3-c              prints and ends
// blocks-p3-c count        counts standard input while a clock runs, with one waitable set for both
// blocks-p3-c clocks       waits for two clocks, the longer one first
// blocks-p3-c poll         asks without waiting, and yields in between
// blocks-p3-c late         cancels a read of a stream that nobody writes
// blocks-p3-c fail         gives an error
#include "guest.h"
#include "../common/p3.h"

enum { MILLISECOND = 1000000 };

static void count(out_t out) {
    wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t input;
    static uint8_t buffer[1000];
    guest_waitable_set_t set = guest_waitable_set_new();
    wasi_cli_stdin_read_via_stream(&input);

    guest_subtask_status_t clock = wasi_clocks_monotonic_clock_wait_for(20 * MILLISECOND);
    bool ticking = GUEST_SUBTASK_STATE(clock) < GUEST_SUBTASK_RETURNED, reading = true;
    if (ticking) guest_waitable_join(GUEST_SUBTASK_HANDLE(clock), set);
    uint32_t status = wasi_cli_stdout_stream_u8_read(input.f0, buffer, sizeof buffer), total = 0, sum = 0;
    guest_waitable_join(input.f0, set);
    while (reading || ticking) {
        guest_event_t event = {GUEST_EVENT_STREAM_READ, input.f0, status};
        if (!reading || status == GUEST_WAITABLE_STATUS_BLOCKED) guest_waitable_set_wait(set, &event);
        if (event.event == GUEST_EVENT_SUBTASK) {
            ticking = event.code < GUEST_SUBTASK_RETURNED;
            if (!ticking) guest_subtask_drop(event.waitable);
            continue;
        }
        for (uint32_t i = 0; i < GUEST_WAITABLE_COUNT(event.code); i++) sum = sum * 31 + buffer[i];
        total += GUEST_WAITABLE_COUNT(event.code);
        reading = GUEST_WAITABLE_STATE(event.code) == GUEST_WAITABLE_COMPLETED;
        if (reading) status = wasi_cli_stdout_stream_u8_read(input.f0, buffer, sizeof buffer);
    }
    wasi_cli_stdout_stream_u8_drop_readable(input.f0);
    wasi_cli_stdin_result_void_error_code_t result;
    copied(wasi_cli_stdin_future_result_void_error_code_read(input.f1, &result), input.f1);
    wasi_cli_stdin_future_result_void_error_code_drop_readable(input.f1);
    guest_waitable_set_drop(set);
    print(out, "%d bytes, sum %u, %s\n", (int)total, (uint64_t)sum, result.is_err ? "broken" : "to the end");
}

static void clocks(out_t out) {
    guest_subtask_t slow = GUEST_SUBTASK_HANDLE(wasi_clocks_monotonic_clock_wait_for(50 * MILLISECOND));
    guest_subtask_t fast = GUEST_SUBTASK_HANDLE(wasi_clocks_monotonic_clock_wait_for(20 * MILLISECOND));
    guest_waitable_set_t set = guest_waitable_set_new();
    uint64_t before = wasi_clocks_monotonic_clock_now();
    guest_waitable_join(slow, set);
    guest_waitable_join(fast, set);
    for (int i = 0; i < 2; i++) {
        guest_event_t event;
        guest_waitable_set_wait(set, &event);
        print(out, "%s: event %d, state %d\n", event.waitable == fast ? "fast" : "slow", event.event, (int)event.code);
        guest_subtask_drop(event.waitable);
    }
    guest_waitable_set_drop(set);
    print(out, "at least 40 ms: %s\n", wasi_clocks_monotonic_clock_now() - before >= 40 * MILLISECOND ? "yes" : "no");
    print(out, "a clock of the past: state %d\n", (int)finish(wasi_clocks_monotonic_clock_wait_until(0)));
}

static void poll(out_t out) {
    guest_subtask_t clock = GUEST_SUBTASK_HANDLE(wasi_clocks_monotonic_clock_wait_for(50 * MILLISECOND));
    guest_waitable_set_t set = guest_waitable_set_new();
    guest_event_t event;
    guest_waitable_set_poll(set, &event);
    print(out, "empty set: event %d\n", event.event);
    guest_waitable_join(clock, set);
    do {
        guest_thread_yield();
        guest_waitable_set_poll(set, &event);
    } while (event.event == GUEST_EVENT_NONE);
    guest_subtask_drop(clock);
    guest_waitable_set_drop(set);
    print(out, "clock: event %d, state %d\n", event.event, (int)event.code);
}

static void late(out_t out) {
    wasi_cli_stdout_stream_u8_writer_t writer;
    wasi_cli_stdout_stream_u8_t reader = wasi_cli_stdout_stream_u8_new(&writer);
    uint8_t bytes[8];
    bool blocked = wasi_cli_stdout_stream_u8_read(reader, bytes, 8) == GUEST_WAITABLE_STATUS_BLOCKED;
    print(out, "read: %s\n", blocked ? "blocked" : "not blocked");
    guest_waitable_status_t status = wasi_cli_stdout_stream_u8_cancel_read(reader);
    print(out, "cancelled: state %d, %d bytes\n", GUEST_WAITABLE_STATE(status), (int)GUEST_WAITABLE_COUNT(status));
    blocked = wasi_cli_stdout_stream_u8_read(reader, bytes, 8) == GUEST_WAITABLE_STATUS_BLOCKED;
    status = wasi_cli_stdout_stream_u8_write(writer, (const uint8_t *)"abc", 3);
    print(out, "written: state %d, %d bytes\n", GUEST_WAITABLE_STATE(status), (int)GUEST_WAITABLE_COUNT(status));
    status = wasi_cli_stdout_stream_u8_cancel_read(reader);
    guest_string_t text = {bytes, GUEST_WAITABLE_COUNT(status)};
    print(out, "read after all: state %d, [%S]\n", GUEST_WAITABLE_STATE(status), &text);
    wasi_cli_stdout_stream_u8_drop_readable(reader);
    status = wasi_cli_stdout_stream_u8_write(writer, bytes, 3);
    print(out, "without a reader: state %d, %d bytes\n", GUEST_WAITABLE_STATE(status), (int)GUEST_WAITABLE_COUNT(status));
    wasi_cli_stdout_stream_u8_drop_writable(writer);
}

bool exports_wasi_cli_run_run(void) {
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    const guest_string_t *command = args.len > 1 ? &args.ptr[1] : &args.ptr[0];
    out_t out = open_stdout();

    print(out, "a run that blocks\n");
    if (is(command, "count")) count(out);
    if (is(command, "clocks")) clocks(out);
    if (is(command, "poll")) poll(out);
    if (is(command, "late")) late(out);
    bool ok = !is(command, "fail");
    guest_list_string_free(&args);
    close_stdout(out);
    return ok;
}
