// Prints lines to stdout. LIST_U8 and FREE_STRING are of the bindings, as STRING is.
#pragma once
#include "text.h"

// Text of this file in the encoding of the bindings.
static STRING text(const char *utf8) {
    STRING to = {0};
    put_ascii(&to, "");
    if (sizeof(unit) == 1) {
        put_ascii(&to, utf8);
        return to;
    }
    for (const uint8_t *at = (const uint8_t *)utf8; *at;) {
        int more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
        uint32_t c = more ? *at & (0x3f >> more) : *at;
        for (at++; more; more--) c = c << 6 | (*at++ & 0x3f);
        unit pair[] = {(unit)(0xd7c0 + (c >> 10)), (unit)(0xdc00 | (c & 0x3ff))}, one = (unit)c;
        if (c < 0x10000) put(&to, &one, 1);
        else put(&to, pair, 2);
    }
    return to;
}

static wasi_cli_stdout_own_output_stream_t out;

static void write(const uint8_t *bytes, size_t length) {
    LIST_U8 list = {(uint8_t *)bytes, length};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(
            wasi_io_streams_borrow_output_stream(out), &list, &error))
        __builtin_trap();
}

// Prints `what: line` as UTF-8 and frees the line.
static void say(const char *what, STRING *line) {
    uint8_t *utf8 = malloc(strlen(what) + 4 + line->len * 3), *to = utf8;
    for (; *what; what++) *to++ = (uint8_t)*what;
    *to++ = ':', *to++ = ' ';
    for (size_t i = 0; i < line->len; i++) {
        uint32_t c = line->ptr[i];
        if (sizeof(unit) == 1 || c < 0x80) {
            *to++ = (uint8_t)c;
            continue;
        }
        if (c >> 10 == 0x36) {
            c = 0x10000 + ((c & 0x3ff) << 10) + (line->ptr[++i] & 0x3ff);
            *to++ = 0xf0 | c >> 18, *to++ = 0x80 | (c >> 12 & 0x3f);
        } else if (c >= 0x800) {
            *to++ = 0xe0 | c >> 12;
        } else {
            *to++ = 0xc0 | c >> 6, *to++ = 0x80 | (c & 0x3f);
            continue;
        }
        *to++ = 0x80 | (c >> 6 & 0x3f), *to++ = 0x80 | (c & 0x3f);
    }
    *to++ = '\n';
    write(utf8, to - utf8);
    free(utf8);
    FREE_STRING(line);
    *line = (STRING){0};
}

static void say_numbers(const char *what, const int64_t *numbers, size_t count) {
    STRING line = {0};
    for (size_t i = 0; i < count; i++) {
        if (i) put_ascii(&line, " ");
        put_number(&line, numbers[i]);
    }
    say(what, &line);
}

#define SAY(what, ...) \
    say_numbers(what, (int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
