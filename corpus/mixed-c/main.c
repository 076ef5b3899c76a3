// A Preview 1 program (libc, files, printf) that also calls WASI 0.2 directly.
#include "guest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *yes(int condition) { return condition ? "yes" : "no"; }

int main(int argc, char **argv) {
    printf("through libc: %d arguments, %s\n", argc - 1, argc > 1 ? argv[1] : "(none)");
    const char *value = getenv("MIXED");
    printf("MIXED is %s\n", value ? value : "(none)");
    FILE *file = fopen("mixed.txt", "w");
    if (file) {
        fprintf(file, "written through libc\n");
        fclose(file);
    }
    fflush(stdout);

    wasi_cli_stdout_own_output_stream_t out = wasi_cli_stdout_get_stdout();
    guest_list_u8_t text = {(uint8_t *)"through WASI 0.2\n", 17};
    wasi_io_streams_stream_error_t error;
    bool ok = wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(out), &text, &error);
    wasi_io_streams_output_stream_drop_own(out);

    uint64_t start = wasi_clocks_monotonic_clock_now();
    wasi_io_poll_own_pollable_t timer = wasi_clocks_monotonic_clock_subscribe_duration(20000000);
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(timer));
    wasi_io_poll_pollable_drop_own(timer);
    printf("written: %s, slept >= 20ms: %s\n", yes(ok), yes(wasi_clocks_monotonic_clock_now() - start >= 20000000));

    guest_list_u8_t bytes;
    wasi_random_random_get_random_bytes(100000, &bytes);
    int counts[256] = {0}, missing = 0;
    for (size_t i = 0; i < bytes.len; i++) counts[bytes.ptr[i]]++;
    for (int i = 0; i < 256; i++) missing += counts[i] == 0;
    printf("%zu random bytes, missing values %d\n", bytes.len, missing);
    guest_list_u8_free(&bytes);
    return argc > 2 ? atoi(argv[2]) : 0;
}
