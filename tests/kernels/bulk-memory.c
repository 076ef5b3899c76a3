/* Copies and fills as programs do them: many short ones of any length, some long ones, structures. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct record {
    uint32_t id;
    char name[60];
    double values[12];
};

static struct record records[256];
static char text[1 << 16];
static char lines[1 << 16];

static uint32_t seed = 1;

static uint32_t next(void) {
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* Short pieces of text, one behind the other at any alignment. */
static size_t join(size_t most) {
    size_t length = 0;
    while (length + 64 < most) {
        size_t piece = next() % 24;
        memcpy(text + length, lines + (next() & 0xfff), piece);
        length += piece;
    }
    return length;
}

static void sort(struct record *all, int count) {
    for (int i = 1; i < count; i++) {
        struct record moved = all[i];
        int at = i;
        while (at > 0 && all[at - 1].id > moved.id) at--;
        memmove(all + at + 1, all + at, (size_t)(i - at) * sizeof *all);
        all[at] = moved;
    }
}

static uint32_t sum(const void *from, size_t length) {
    const unsigned char *bytes = from;
    uint32_t state = 1;
    for (size_t i = 0; i < length; i += 61) state = state * 31 + bytes[i];
    return state;
}

int main(void) {
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof lines; i++) lines[i] = (char)next();
    for (int round = 0; round < 20; round++) {
        size_t length = join(sizeof text);
        all += sum(text, length);
        memcpy(lines, text, length);
        for (int i = 0; i < 256; i++) {
            memset(&records[i], 0, sizeof records[i]);
            records[i].id = next();
            memcpy(records[i].name, lines + (next() & 0xfff), next() % sizeof records[i].name);
            records[i].values[i % 12] = i;
        }
        sort(records, 32);
        all ^= sum(records, sizeof records);
        memset(text, round, next() & 0xffff);
    }
    printf("%u\n", (unsigned)all);
    return 0;
}
