// Arguments, environment, both output streams, exit codes, a trap: WASI 0.2 without any libc I/O.
//
// hello-p2-c [ARG…]        prints what it was given
// hello-p2-c fail          run gives an error, which is exit code 1
// hello-p2-c exit ok|err   wasi:cli/exit#exit
// hello-p2-c code N        wasi:cli/exit#exit-with-code
// hello-p2-c trap
#include "guest.h"
#include "../common/p2.h"

static bool is(const guest_string_t *s, const char *text) {
    return s->len == strlen(text) && memcmp(s->ptr, text, s->len) == 0;
}

static uint8_t number(const guest_string_t *s) {
    unsigned n = 0;
    for (size_t i = 0; i < s->len; i++) n = n * 10 + (s->ptr[i] - '0');
    return (uint8_t)n;
}

static bool comes_after(const guest_tuple2_string_string_t *a, const guest_tuple2_string_string_t *b) {
    size_t shorter = a->f0.len < b->f0.len ? a->f0.len : b->f0.len;
    int order = memcmp(a->f0.ptr, b->f0.ptr, shorter);
    return order > 0 || (order == 0 && a->f0.len > b->f0.len);
}

static void show_environment(out_t out) {
    guest_list_tuple2_string_string_t env;
    wasi_cli_environment_get_environment(&env);
    for (size_t i = 1; i < env.len; i++) {
        for (size_t j = i; j > 0 && comes_after(&env.ptr[j - 1], &env.ptr[j]); j--) {
            guest_tuple2_string_string_t moved = env.ptr[j];
            env.ptr[j] = env.ptr[j - 1];
            env.ptr[j - 1] = moved;
        }
    }
    for (size_t i = 0; i < env.len; i++) print(out, "env [%S] is [%S]\n", &env.ptr[i].f0, &env.ptr[i].f1);
    guest_list_tuple2_string_string_free(&env);
}

bool exports_wasi_cli_run_run(void) {
    wasi_cli_stdout_own_output_stream_t own_out = wasi_cli_stdout_get_stdout();
    wasi_cli_stderr_own_output_stream_t own_err = wasi_cli_stderr_get_stderr();
    out_t out = wasi_io_streams_borrow_output_stream(own_out);
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);

    print(out, "hello from WASI 0.2 in C, %d arguments\n", (int)args.len - 1);
    for (size_t i = 1; i < args.len; i++) print(out, "arg %d [%S] of %d bytes\n", (int)i, &args.ptr[i], (int)args.ptr[i].len);
    show_environment(out);
    guest_string_t cwd;
    bool has_cwd = wasi_cli_environment_initial_cwd(&cwd);
    if (has_cwd) guest_string_free(&cwd);
    print(wasi_io_streams_borrow_output_stream(own_err), "this goes to stderr, 6 * 7 = %d\n", 6 * 7);

    const guest_string_t *command = args.len > 1 ? &args.ptr[1] : 0, *value = args.len > 2 ? &args.ptr[2] : 0;
    if (command && value && is(command, "exit")) {
        wasi_cli_exit_result_void_void_t status = {is(value, "err")};
        wasi_cli_exit_exit(&status);
    }
    if (command && value && is(command, "code")) wasi_cli_exit_exit_with_code(number(value));
    if (command && is(command, "trap")) __builtin_trap();
    bool ok = !(command && is(command, "fail"));

    guest_list_string_free(&args);
    wasi_io_streams_output_stream_drop_own(own_out);
    wasi_io_streams_output_stream_drop_own(own_err);
    return ok;
}
