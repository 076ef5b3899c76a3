// Takes turned letters, blocking inside.
//
// pour                 prints some, read in small pieces
// pour out SIZE        hands the stream to standard output as it is
// pour sum SIZE        reads two streams in turn and prints a sum of each
// pour leave           goes after the first bytes, several times
#include "guest.h"
#include "../../common/p3.h"

static corpus_flows_turned_stream_u8_t turned(uint32_t by, uint32_t size) {
    corpus_flows_turned_stream_u8_t stream;
    if (finish(corpus_flows_turned_turn(by, size, &stream)) != GUEST_SUBTASK_RETURNED) __builtin_trap();
    return stream;
}

// Reads at most `most` bytes; gives the status.
static guest_waitable_status_t take(corpus_flows_turned_stream_u8_t stream, uint8_t *bytes, size_t most) {
    return copied(wasi_cli_stdout_stream_u8_read(stream, bytes, most), stream);
}

static void pieces(out_t out) {
    corpus_flows_turned_stream_u8_t stream = turned(3, 100);
    uint8_t bytes[1024];
    uint32_t size = 0, piece = 1;
    guest_waitable_status_t status;
    do {
        status = take(stream, bytes + size, piece++ % 9);
        size += GUEST_WAITABLE_COUNT(status);
    } while (GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_COMPLETED);
    wasi_cli_stdout_stream_u8_drop_readable(stream);
    guest_string_t text = {bytes, size};
    print(out, "%d bytes:\n%S", (int)size, &text);
}

static void sums(out_t out, uint32_t size) {
    corpus_flows_turned_stream_u8_t streams[2] = {turned(1, size), turned(25, size / 2)};
    static uint8_t bytes[3000];
    uint32_t sum[2] = {0, 0}, total[2] = {0, 0};
    bool open[2] = {true, true};
    for (int i = 0; open[0] || open[1]; i = !i) {
        if (!open[i]) continue;
        guest_waitable_status_t status = take(streams[i], bytes, sizeof bytes);
        for (uint32_t at = 0; at < GUEST_WAITABLE_COUNT(status); at++) sum[i] = sum[i] * 31 + bytes[at];
        total[i] += GUEST_WAITABLE_COUNT(status);
        open[i] = GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_COMPLETED;
    }
    for (int i = 0; i < 2; i++) {
        wasi_cli_stdout_stream_u8_drop_readable(streams[i]);
        print(out, "stream %d: %d bytes, sum %u\n", i, (int)total[i], (uint64_t)sum[i]);
    }
}

static void leave(out_t out) {
    for (uint32_t round = 0; round < 40; round++) {
        corpus_flows_turned_stream_u8_t stream = turned(round, 1000);
        uint8_t bytes[5];
        guest_waitable_status_t status = take(stream, bytes, 5);
        guest_string_t text = {bytes, GUEST_WAITABLE_COUNT(status)};
        wasi_cli_stdout_stream_u8_drop_readable(stream);
        // Those who write find out.
        guest_thread_yield();
        if (round % 10 == 0) print(out, "%S\n", &text);
    }
}

bool exports_wasi_cli_run_run(void) {
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    const guest_string_t *command = args.len > 1 ? &args.ptr[1] : &args.ptr[0];
    uint32_t size = 0;
    if (args.len > 2)
        for (size_t i = 0; i < args.ptr[2].len; i++) size = size * 10 + args.ptr[2].ptr[i] - '0';
    if (is(command, "out")) {
        wasi_cli_stdout_result_void_error_code_t result;
        wasi_cli_stdout_future_result_void_error_code_t future = wasi_cli_stdout_write_via_stream(turned(2, size));
        copied(wasi_cli_stdout_future_result_void_error_code_read(future, &result), future);
        wasi_cli_stdout_future_result_void_error_code_drop_readable(future);
        return !result.is_err;
    }
    out_t out = open_stdout();
    if (is(command, "sum")) sums(out, size);
    else if (is(command, "leave")) leave(out);
    else pieces(out);
    close_stdout(out);
    guest_list_string_free(&args);
    return true;
}
