// Writes a message and sums it up.
#include "linking.h"
#include "../heap.h"

static uint32_t table[256];
static const char digits[] = "0123456789abcdef";
static char message[512], *at = message;
static char *const end = message + sizeof message;

static void put(char c) {
    if (at < end) *at++ = c;
}
static void decimal(int32_t value) {
    char here[12];
    int n = 0;
    uint32_t left = value < 0 ? -(uint32_t)value : (uint32_t)value;
    if (value < 0) put('-');
    do here[n++] = digits[left % 10];
    while (left /= 10);
    while (n) put(here[--n]);
}
static void hex(int32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) put(digits[(uint32_t)value >> shift & 15]);
}
static void (*const forms[])(int32_t) = {decimal, hex};

static uint32_t sum(const char *from, const char *to) {
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            table[i] = i;
            for (int j = 0; j < 8; j++) table[i] = table[i] & 1 ? 0xedb88320 ^ table[i] >> 1 : table[i] >> 1;
        }
    uint32_t c = ~0u;
    while (from < to) c = table[(c ^ (unsigned char)*from++) & 255] ^ c >> 8;
    return ~c;
}

uint32_t exports_linking_report(uint32_t channel, uint32_t count) {
    linking_string_t name;
    linking_list_s32_t values;
    at = message;
    corpus_drivers_sensor_name(channel, &name);
    for (size_t i = 0; i < name.len; i++) put((char)name.ptr[i]);
    linking_string_free(&name);
    corpus_drivers_filter_smooth(channel, count, &values);
    for (size_t i = 0; i < values.len; i++) {
        put(i ? ',' : ' ');
        forms[i & 1](values.ptr[i]);
    }
    linking_list_s32_free(&values);
    return sum(message, at);
}
