// Strings of the encoding that the bindings were made for: STRING is their type.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef __typeof__(*((STRING *)0)->ptr) unit;

__attribute__((unused)) static void put(STRING *to, const unit *units, size_t count) {
    to->ptr = realloc(to->ptr, (to->len + count) * sizeof(unit) + 1);
    memcpy(to->ptr + to->len, units, count * sizeof(unit));
    to->len += count;
}

__attribute__((unused)) static void put_string(STRING *to, const STRING *from) { put(to, from->ptr, from->len); }

__attribute__((unused)) static void put_ascii(STRING *to, const char *text) {
    for (; *text; text++) {
        unit one = (unit)*text;
        put(to, &one, 1);
    }
}

__attribute__((unused)) static void put_number(STRING *to, int64_t number) {
    char digits[24], *at = digits + sizeof digits;
    *--at = 0;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0) *--at = '-';
    put_ascii(to, at);
}
