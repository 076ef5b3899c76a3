// Prints from its data, its heap and its stack.
#include "shouting.h"
#include "../heap.h"

static const char before[] = "number ";

static void say(const char *text, size_t length) {
    wasi_cli_stdout_own_output_stream_t out = wasi_cli_stdout_get_stdout();
    shouting_list_u8_t list = {(uint8_t *)text, length};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(out), &list, &error))
        __builtin_trap();
    wasi_io_streams_output_stream_drop_own(out);
}

uint32_t exports_shouting_shout(uint32_t number) {
    char digits[12], *at = digits + sizeof digits;
    shouting_list_string_t arguments;
    wasi_cli_environment_get_arguments(&arguments);
    for (size_t i = 1; i < arguments.len; i++) {
        say((char *)arguments.ptr[i].ptr, arguments.ptr[i].len);
        say("\n", 1);
    }
    *--at = '\n';
    do *--at = (char)('0' + number % 10);
    while (number /= 10);
    say(before, sizeof before - 1);
    say(at, (size_t)(digits + sizeof digits - at));
    number = arguments.len ? (uint32_t)arguments.len - 1 : 0;
    shouting_list_string_free(&arguments);
    return number;
}
