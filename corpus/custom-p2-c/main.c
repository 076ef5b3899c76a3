// A program for a device: besides WASI 0.2 it imports an interface of its own, which the host has to know.
#include "guest.h"
#include "../common/p2.h"

bool exports_wasi_cli_run_run(void) {
    wasi_cli_stdout_own_output_stream_t own_out = wasi_cli_stdout_get_stdout();
    out_t out = wasi_io_streams_borrow_output_stream(own_out);
    for (uint32_t level = 1; level <= 3; level++) {
        uint32_t before = corpus_custom_p2_c_lamp_set(level * 10);
        print(out, "lamp from %u to %u\n", (uint64_t)before, (uint64_t)level * 10);
    }
    guest_string_t text = string("on");
    print(out, "characters that fit: %u\n", (uint64_t)corpus_custom_p2_c_lamp_show(&text));
    wasi_io_streams_output_stream_drop_own(own_out);
    return true;
}
