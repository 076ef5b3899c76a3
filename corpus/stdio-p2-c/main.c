// What stdio-c does, with streams: all of stdin, transformed, to one output stream; how much it was and its
// fingerprint to the other.
//
// stdio-p2-c out | err
#include "guest.h"
#include "../common/fnv.h"
#include "../common/p2.h"

enum { PIECE = 4096 }; // what blocking-write-and-flush takes at most

static void write_all(out_t out, uint8_t *bytes, size_t length) {
    wasi_io_streams_stream_error_t error;
    for (size_t at = 0; at < length; at += PIECE) {
        guest_list_u8_t piece = {bytes + at, length - at < PIECE ? length - at : PIECE};
        if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(out, &piece, &error)) __builtin_trap();
    }
}

bool exports_wasi_cli_run_run(void) {
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    bool to_stderr = args.len > 1 && args.ptr[1].len == 3 && memcmp(args.ptr[1].ptr, "err", 3) == 0;
    out_t out = wasi_io_streams_borrow_output_stream(wasi_cli_stdout_get_stdout());
    out_t err = wasi_io_streams_borrow_output_stream(wasi_cli_stderr_get_stderr());
    wasi_io_streams_own_input_stream_t in = wasi_cli_stdin_get_stdin();

    uint64_t hash = FNV_START, total = 0;
    wasi_io_streams_stream_error_t error;
    guest_list_u8_t got;
    while (wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(in), 10000, &got, &error)) {
        hash = fnv1a(hash, got.ptr, got.len);
        total += got.len;
        for (size_t i = 0; i < got.len; i++) got.ptr[i] ^= 0x5a;
        write_all(to_stderr ? err : out, got.ptr, got.len);
        guest_list_u8_free(&got);
    }
    print(to_stderr ? out : err, "%u bytes, fnv1a64 %x, closed %y\n", total, hash,
          error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED);
    return true;
}
