// Hello world and nothing else: what WASI 0.3 costs a program that only prints, next to tiny-p2-c.
#include "guest.h"

bool exports_wasi_cli_run_run(void) {
    wasi_cli_stdout_stream_u8_writer_t writer;
    wasi_cli_stdout_future_result_void_error_code_t result =
        wasi_cli_stdout_write_via_stream(wasi_cli_stdout_stream_u8_new(&writer));
    uint32_t status = wasi_cli_stdout_stream_u8_write(writer, (const uint8_t *)"hello, world\n", 13);
    if (status == GUEST_WAITABLE_STATUS_BLOCKED) {
        guest_waitable_set_t set = guest_waitable_set_new();
        guest_event_t event;
        guest_waitable_join(writer, set);
        guest_waitable_set_wait(set, &event);
        status = event.code;
    }
    wasi_cli_stdout_stream_u8_drop_writable(writer);
    wasi_cli_stdout_future_result_void_error_code_drop_readable(result);
    return GUEST_WAITABLE_COUNT(status) == 13;
}
