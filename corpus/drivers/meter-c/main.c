// A median by sorting on the stack, with a frame of a size that is not known and one call inside another.
#include "metering.h"
#include "../heap.h"

static int32_t best[8];
static int32_t *next = best;

static void sort(int32_t *from, int32_t *to) {
    if (to - from < 2) return;
    int32_t middle = *from, *low = from, *high = to;
    for (int32_t *at = from + 1; at < high;) {
        int32_t value = *at;
        if (value < middle) {
            *at++ = *low;
            *low++ = value;
        } else {
            *at = *--high;
            *high = value;
        }
    }
    sort(from, low);
    sort(low + 1, to);
}

int32_t exports_corpus_drivers_meter_median(uint32_t seed, uint32_t count) {
    if (count == 0 || count > 100) return -1;
    int32_t values[count];
    for (uint32_t i = 0; i < count; i++) {
        seed = seed * 1664525 + 1013904223;
        values[i] = (int32_t)(seed >> 16);
    }
    sort(values, values + count);
    *next = values[count / 2];
    if (++next == best + 8) next = best;
    int32_t all = 0;
    for (size_t i = 0; i < 8; i++) all += best[i];
    return all;
}
