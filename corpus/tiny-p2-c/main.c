// Hello world and nothing else: the measure of what flattening adds to a program that only prints.
#include "guest.h"

bool exports_wasi_cli_run_run(void) {
    wasi_cli_stdout_own_output_stream_t out = wasi_cli_stdout_get_stdout();
    guest_list_u8_t text = {(uint8_t *)"hello, world\n", 13};
    wasi_io_streams_stream_error_t error;
    bool ok = wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(out), &text, &error);
    wasi_io_streams_output_stream_drop_own(out);
    return ok;
}
