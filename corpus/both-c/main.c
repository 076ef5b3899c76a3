// WASI 0.2 and 0.3 in one program, as in those of a libc that moves from one to the other.
#include "guest.h"
#include "../common/p3.h"

enum { MILLISECOND = 1000000 };

#define P2(name) wasi_filesystem_0_2_6_types_##name
#define P3(name) wasi_filesystem_0_3_0_types_##name

// Through 0.3, until all of it is written: what 0.2 writes next comes behind it.
static void say(const char *what, const guest_string_t *text) {
    out_t out = open_stdout();
    print(out, "0.3: %s [%S]\n", what, text);
    close_stdout(out);
}

static void say_2(const char *what, const guest_string_t *text) {
    char line[256], *at = line;
    const char *parts[] = {"0.2: ", what, " ["};
    for (int i = 0; i < 3; i++) at = (char *)memcpy(at, parts[i], strlen(parts[i])) + strlen(parts[i]);
    at = (char *)memcpy(at, text->ptr, text->len) + text->len;
    *at++ = ']';
    *at++ = '\n';
    guest_list_u8_t bytes = {(uint8_t *)line, (size_t)(at - line)};
    wasi_io_streams_own_output_stream_t out = wasi_cli_0_2_6_stdout_get_stdout();
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(out), &bytes, &error))
        __builtin_trap();
    wasi_io_streams_output_stream_drop_own(out);
}

static guest_string_t read_all(uint32_t stream, uint8_t *bytes, size_t most) {
    size_t size = 0;
    guest_waitable_status_t status = 0;
    while (size < most && GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_COMPLETED) {
        status = copied(wasi_cli_stdout_stream_u8_read(stream, bytes + size, most - size), stream);
        size += GUEST_WAITABLE_COUNT(status);
    }
    wasi_cli_stdout_stream_u8_drop_readable(stream);
    return (guest_string_t){bytes, size};
}

static void input(void) {
    wasi_cli_0_3_0_stdin_tuple2_stream_u8_future_result_void_error_code_t input;
    uint8_t bytes[100];
    wasi_cli_0_3_0_stdin_read_via_stream(&input);
    guest_string_t text = read_all(input.f0, bytes, sizeof bytes);
    wasi_cli_0_3_0_stdin_future_result_void_error_code_drop_readable(input.f1);
    say_2("standard input, read by 0.3", &text);
}

static void arguments(void) {
    guest_list_string_t old, new;
    wasi_cli_0_2_6_environment_get_arguments(&old);
    wasi_cli_0_3_0_environment_get_arguments(&new);
    for (size_t i = 1; i < old.len && i < new.len; i++) {
        say_2("argument", &old.ptr[i]);
        say("argument", &new.ptr[i]);
    }
    guest_list_string_free(&old);
    guest_list_string_free(&new);
}

// A pollable of 0.2 and a call of 0.3, at the same time.
static void clocks(void) {
    guest_subtask_status_t call = wasi_clocks_0_3_0_monotonic_clock_wait_for(10 * MILLISECOND);
    uint64_t before = wasi_clocks_0_2_6_monotonic_clock_now(), before_3 = wasi_clocks_0_3_0_monotonic_clock_now();
    wasi_io_poll_own_pollable_t pollable = wasi_clocks_0_2_6_monotonic_clock_subscribe_duration(20 * MILLISECOND);
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
    wasi_io_poll_pollable_drop_own(pollable);
    bool right = finish(call) == GUEST_SUBTASK_RETURNED && wasi_clocks_0_2_6_monotonic_clock_now() - before >= 20 * MILLISECOND &&
                 wasi_clocks_0_3_0_monotonic_clock_now() - before_3 >= 20 * MILLISECOND;
    guest_string_t text = string(right ? "both" : "wrong");
    say("clocks", &text);
    text = string(wasi_random_0_2_6_random_get_random_u64() != wasi_random_0_3_0_random_get_random_u64() ? "both" : "wrong");
    say_2("random", &text);
}

// Written by 0.2, read and written on by 0.3, read by 0.2.
static void files(void) {
    wasi_filesystem_0_2_6_preopens_list_tuple2_own_descriptor_string_t old;
    wasi_filesystem_0_3_0_preopens_list_tuple2_own_descriptor_string_t new;
    wasi_filesystem_0_2_6_preopens_get_directories(&old);
    wasi_filesystem_0_3_0_preopens_get_directories(&new);
    if (!old.len || !new.len) return;

    guest_string_t path = string("both.txt");
    P2(own_descriptor_t) file;
    P2(error_code_t) error;
    if (!P2(method_descriptor_open_at)(P2(borrow_descriptor)(old.ptr[0].f0), 0, &path, WASI_FILESYSTEM_0_2_6_TYPES_OPEN_FLAGS_CREATE,
                                       WASI_FILESYSTEM_0_2_6_TYPES_DESCRIPTOR_FLAGS_READ | WASI_FILESYSTEM_0_2_6_TYPES_DESCRIPTOR_FLAGS_WRITE,
                                       &file, &error))
        __builtin_trap();
    guest_list_u8_t bytes = {(uint8_t *)"written by 0.2", 14};
    uint64_t written;
    if (!P2(method_descriptor_write)(P2(borrow_descriptor)(file), &bytes, 0, &written, &error)) __builtin_trap();

    P3(method_descriptor_open_at_args_t) args = {P3(borrow_descriptor)(new.ptr[0].f0), 0, path, 0,
                                                WASI_FILESYSTEM_0_3_0_TYPES_DESCRIPTOR_FLAGS_READ |
                                                    WASI_FILESYSTEM_0_3_0_TYPES_DESCRIPTOR_FLAGS_WRITE};
    P3(result_own_descriptor_error_code_t) opened;
    finish(P3(method_descriptor_open_at)(&args, &opened));
    if (opened.is_err) __builtin_trap();
    P3(tuple2_stream_u8_future_result_void_error_code_t) content;
    P3(method_descriptor_read_via_stream)(P3(borrow_descriptor)(opened.val.ok), 0, &content);
    uint8_t text[100];
    guest_string_t read = read_all(content.f0, text, sizeof text);
    P3(future_result_void_error_code_drop_readable)(content.f1);
    say("file", &read);

    wasi_cli_stdout_stream_u8_writer_t writer;
    P3(result_void_error_code_t) result;
    uint32_t appended = P3(method_descriptor_append_via_stream)(P3(borrow_descriptor)(opened.val.ok), wasi_cli_stdout_stream_u8_new(&writer));
    write_all(writer, (const uint8_t *)", and by 0.3", 12);
    wasi_cli_stdout_stream_u8_drop_writable(writer);
    copied(P3(future_result_void_error_code_read)(appended, &result), appended);
    P3(future_result_void_error_code_drop_readable)(appended);
    P3(descriptor_drop_own)(opened.val.ok);

    guest_tuple2_list_u8_bool_t got;
    if (!P2(method_descriptor_read)(P2(borrow_descriptor)(file), 100, 0, &got, &error)) __builtin_trap();
    guest_string_t all = {got.f0.ptr, got.f0.len};
    say_2("file", &all);
    guest_list_u8_free(&got.f0);
    P2(descriptor_drop_own)(file);
    wasi_filesystem_0_2_6_preopens_list_tuple2_own_descriptor_string_free(&old);
    wasi_filesystem_0_3_0_preopens_list_tuple2_own_descriptor_string_free(&new);
}

bool exports_wasi_cli_0_3_0_run_run(void) {
    arguments();
    input();
    clocks();
    files();
    return true;
}
