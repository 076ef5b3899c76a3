// What the WASI 0.3 guests in C share: waiting inside of a function, and formatted output.
// Include it after the generated guest.h, in a world that imports wasi:cli/stdout before any other stream of bytes: the
// bindings name a type after the first interface that has it.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"

static inline guest_string_t string(const char *text) {
    return (guest_string_t){(uint8_t *)text, strlen(text)};
}

static inline bool is(const guest_string_t *s, const char *text) {
    return s->len == strlen(text) && memcmp(s->ptr, text, s->len) == 0;
}

// Waits for one waitable: a subtask, or an end of a stream or future with a copy that is under way. Gives its state.
static inline uint32_t wait_for(uint32_t waitable) {
    guest_waitable_set_t set = guest_waitable_set_new();
    guest_event_t event;
    guest_waitable_join(waitable, set);
    guest_waitable_set_wait(set, &event);
    if (event.waitable != waitable) __builtin_trap();
    guest_waitable_join(waitable, 0);
    guest_waitable_set_drop(set);
    return event.code;
}

// Waits until a call of an async function has a result. Gives how it ended.
static inline uint32_t finish(guest_subtask_status_t status) {
    guest_subtask_t subtask = GUEST_SUBTASK_HANDLE(status);
    uint32_t state = GUEST_SUBTASK_STATE(status);
    while (state < GUEST_SUBTASK_RETURNED) state = wait_for(subtask);
    if (subtask) guest_subtask_drop(subtask);
    return state;
}

// What a read or write of an end came to, if need be after waiting.
static inline guest_waitable_status_t copied(guest_waitable_status_t status, uint32_t end) {
    return status == GUEST_WAITABLE_STATUS_BLOCKED ? wait_for(end) : status;
}

// A small printf into `at`: %s text, %S guest_string_t *, %d int, %u uint64_t. Gives the place behind the last byte.
static char *format_values(char *at, const char *format, va_list values) {
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
        default: __builtin_trap();
        }
    }
    return at;
}

// Writes all bytes into a stream of bytes, waiting inside. Gives how many were taken before the reader went.
static size_t write_all(uint32_t writer, const uint8_t *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        guest_waitable_status_t status = copied(wasi_cli_stdout_stream_u8_write(writer, bytes + done, size - done), writer);
        done += GUEST_WAITABLE_COUNT(status);
        if (GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_DROPPED) break;
    }
    return done;
}

// Standard output as a stream and the future that tells how it went.
typedef struct {
    wasi_cli_stdout_stream_u8_writer_t writer;
    wasi_cli_stdout_future_result_void_error_code_t result;
} out_t;

static inline out_t open_stdout(void) {
    out_t out;
    out.result = wasi_cli_stdout_write_via_stream(wasi_cli_stdout_stream_u8_new(&out.writer));
    return out;
}

// Drops the writer and waits until everything was written; a failure traps.
static inline void close_stdout(out_t out) {
    wasi_cli_stdout_result_void_error_code_t result;
    wasi_cli_stdout_stream_u8_drop_writable(out.writer);
    copied(wasi_cli_stdout_future_result_void_error_code_read(out.result, &result), out.result);
    if (result.is_err) __builtin_trap();
    wasi_cli_stdout_future_result_void_error_code_drop_readable(out.result);
}

// Formats as `format_values` and writes all of it, waiting inside.
static inline void print(out_t out, const char *format, ...) {
    char buffer[1024];
    va_list values;
    va_start(values, format);
    size_t size = format_values(buffer, format, values) - buffer;
    va_end(values);
    if (write_all(out.writer, (uint8_t *)buffer, size) != size) __builtin_trap();
}
