// The plugin in C: a line is `MILLISECONDS LEVEL [SOURCE] TEXT`, where the source may be missing. For version 0.2.0 of the
// interface (API is 2), a source may be `NAME:THREAD`.
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

typedef exports_chip_parser_parser_message_t message;
typedef exports_chip_parser_parser_list_message_t messages;
typedef exports_chip_parser_parser_failure_t failure;

enum { LEVELS = 5, CHUNK = 256 };

static const char *const levels[LEVELS] = {"trace", "debug", "info", "warn", "error"};
static uint32_t seen[LEVELS];

static bool is_utf8(const uint8_t *at, size_t length) {
    for (size_t i = 0; i < length;) {
        uint8_t first = at[i++];
        if (first < 0x80) continue;
        size_t more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (first < 0xc2 || first > 0xf4 || more > length - i || at[i] < least || at[i] > most) return false;
        for (i++, more--; more; i++, more--)
            if ((at[i] & 0xc0) != 0x80) return false;
    }
    return true;
}

// A number in decimal; false where there is none, or a larger one than it may be.
static bool number(const uint8_t **at, const uint8_t *end, uint64_t most, uint64_t *out) {
    const uint8_t *begin = *at;
    *out = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        uint64_t digit = **at - '0';
        if (*out > (most - digit) / 10) return false;
        *out = *out * 10 + digit;
    }
    return *at > begin;
}

static plugin_string_t copy(const uint8_t *begin, const uint8_t *end) {
    plugin_string_t string;
    plugin_string_dup_n(&string, (const char *)begin, end - begin);
    return string;
}

static bool space(const uint8_t **at, const uint8_t *end) { return *at < end && *(*at)++ == ' '; }

static bool line(const uint8_t *at, const uint8_t *end, message *out) {
    memset(out, 0, sizeof *out);
    if (!number(&at, end, UINT64_MAX, &out->time) || !space(&at, end)) return false;
    const uint8_t *word = at;
    while (at < end && *at != ' ') at++;
    for (out->level = 0; out->level < LEVELS; out->level++)
        if (strlen(levels[out->level]) == (size_t)(at - word) && !memcmp(levels[out->level], word, at - word)) break;
    if (out->level == LEVELS || !space(&at, end)) return false;
    if (at < end && *at == '[') {
        const uint8_t *begin = ++at;
        while (at < end && *at != ']') at++;
        const uint8_t *stop = at++;
        if (!space(&at, end)) return false;
#if API == 2
        const uint8_t *colon = memchr(begin, ':', stop - begin), *digits = colon ? colon + 1 : stop;
        uint64_t thread;
        if (colon && number(&digits, stop, UINT32_MAX, &thread) && digits == stop) {
            out->thread.is_some = true;
            out->thread.val = (uint32_t)thread;
            stop = colon;
        }
#endif
        out->source.is_some = true;
        out->source.val = copy(begin, stop);
    }
    out->text = copy(at, end);
    seen[out->level]++;
    return true;
}

static bool all(const uint8_t *at, size_t length, messages *ret, failure *err) {
    const uint8_t *end = at + length;
    size_t room = 0;
    memset(ret, 0, sizeof *ret);
    err->tag = EXPORTS_CHIP_PARSER_PARSER_FAILURE_EMPTY;
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', end - at);
        if (!stop) stop = end;
        if (ret->len == room) {
            room = room ? 2 * room : 16;
            ret->ptr = realloc(ret->ptr, room * sizeof *ret->ptr);
            if (!ret->ptr) abort();
        }
        bool is_text = is_utf8(at, stop - at);
        if (!is_text || !line(at, stop, &ret->ptr[ret->len])) {
            err->tag = is_text ? EXPORTS_CHIP_PARSER_PARSER_FAILURE_LINE : EXPORTS_CHIP_PARSER_PARSER_FAILURE_TEXT;
            err->val.line = ret->len + 1;
            exports_chip_parser_parser_list_message_free(ret);
            return false;
        }
        ret->len++;
        at = stop + 1;
    }
    return ret->len;
}

void exports_chip_parser_parser_version(plugin_string_t *ret) {
    plugin_string_dup(ret, API == 2 ? "lines, in C, of 0.2.0" : "lines, in C, of 0.1.0");
}

bool exports_chip_parser_parser_parse(plugin_list_u8_t *bytes, messages *ret, failure *err) {
    bool good = all(bytes->ptr, bytes->len, ret, err);
    plugin_list_u8_free(bytes);
    return good;
}

bool exports_chip_parser_parser_parse_source(messages *ret, failure *err) {
    size_t size = (size_t)chip_parser_byte_source_size(), at = 0;
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) abort();
    while (at < size) {
        plugin_list_u8_t part;
        chip_parser_byte_source_read(at, CHUNK, &part);
        size_t length = part.len < size - at ? part.len : size - at;
        memcpy(bytes + at, part.ptr, length);
        plugin_list_u8_free(&part);
        if (!length) break;
        at += length;
    }
    bool good = all(bytes, at, ret, err);
    free(bytes);
    return good;
}

#if API == 2
void exports_chip_parser_parser_tally(exports_chip_parser_parser_list_tuple2_level_u32_t *ret) {
    ret->ptr = malloc(LEVELS * sizeof *ret->ptr);
    if (!ret->ptr) abort();
    ret->len = LEVELS;
    for (size_t i = 0; i < LEVELS; i++) {
        ret->ptr[i].f0 = i;
        ret->ptr[i].f1 = seen[i];
    }
}
#endif
