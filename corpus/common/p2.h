// What the WASI 0.2 guests in C share: formatted output on a stream, and the names of errors.
// Include it after the generated guest.h, in a world that imports wasi:cli/stdout.
#pragma once
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "digits.h"

typedef wasi_io_streams_borrow_output_stream_t out_t;

static inline guest_string_t string(const char *text) {
    return (guest_string_t){(uint8_t *)text, strlen(text)};
}

// A small printf: %s text, %S guest_string_t *, %d int, %u uint64_t, %x uint64_t in 16 digits, %y int as yes or no.
// One call is one blocking-write-and-flush of at most 4096 bytes; a write that fails traps.
static void print(out_t out, const char *format, ...) {
    char buffer[1024], *at = buffer;
    va_list values;
    va_start(values, format);
    for (; *format; format++) {
        if (*format != '%') {
            *at++ = *format;
            continue;
        }
        const char *text;
        const guest_string_t *s;
        int d;
        switch (*++format) {
        case 's':
            text = va_arg(values, const char *);
            at = (char *)memcpy(at, text, strlen(text)) + strlen(text);
            break;
        case 'S':
            s = va_arg(values, const guest_string_t *);
            at = (char *)memcpy(at, s->ptr, s->len) + s->len;
            break;
        case 'd':
            d = va_arg(values, int);
            if (d < 0) *at++ = '-';
            at = put_number(at, d < 0 ? -(int64_t)d : d, 10, 1);
            break;
        case 'u': at = put_number(at, va_arg(values, uint64_t), 10, 1); break;
        case 'x': at = put_number(at, va_arg(values, uint64_t), 16, 16); break;
        case 'y':
            text = va_arg(values, int) ? "yes" : "no";
            at = (char *)memcpy(at, text, strlen(text)) + strlen(text);
            break;
        default: __builtin_trap();
        }
    }
    va_end(values);
    guest_list_u8_t bytes = {(uint8_t *)buffer, (size_t)(at - buffer)};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(out, &bytes, &error)) __builtin_trap();
}
