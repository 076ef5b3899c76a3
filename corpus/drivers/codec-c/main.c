// Runs of bytes, packed and unpacked on the stack.
#include "coding.h"
#include "../heap.h"

static size_t pack(const uint8_t *from, size_t count, uint8_t *to) {
    size_t out = 0;
    for (size_t at = 0; at < count;) {
        size_t run = 1;
        while (at + run < count && from[at + run] == from[at] && run < 255) run++;
        to[out++] = (uint8_t)run;
        to[out++] = from[at];
        at += run;
    }
    return out;
}

uint32_t exports_corpus_drivers_codec_pack(uint32_t seed, uint32_t count) {
    uint8_t plain[256], packed[512], again[256];
    static uint32_t salt;
    if (count > sizeof plain) count = sizeof plain;
    seed ^= salt++;
    for (uint32_t i = 0; i < count; i++) plain[i] = (uint8_t)((seed >> (i / 7 & 31)) & 3);
    size_t length = pack(plain, count, packed), out = 0;
    for (size_t i = 0; i < length; i += 2)
        for (uint8_t left = packed[i]; left > 0; left--) again[out++] = packed[i + 1];
    return out == count && memcmp(plain, again, count) == 0 ? (uint32_t)length : 0;
}
