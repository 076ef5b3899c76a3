// Numbers as text.
#pragma once
#include <stdint.h>

// Writes `n` with at least so many digits; gives the place behind the last one.
static inline char *put_number(char *at, uint64_t n, unsigned base, int digits) {
    char reversed[24];
    int count = 0;
    do {
        reversed[count++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n || count < digits);
    while (count) *at++ = reversed[--count];
    return at;
}
