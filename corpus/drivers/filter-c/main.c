// Weighted means of sorted windows.
#include "filtering.h"
#include "../heap.h"

static int up(int32_t a, int32_t b) { return a > b; }
static int down(int32_t a, int32_t b) { return a < b; }
static int (*const orders[])(int32_t, int32_t) = {up, down};
static const int32_t weights[] = {1, 3, 7, 11, 7, 3, 2};
static uint32_t calls;

static void sort(int32_t *all, size_t count, int (*wrong)(int32_t, int32_t)) {
    for (size_t i = 1; i < count; i++)
        for (size_t at = i; at > 0 && wrong(all[at - 1], all[at]); at--) {
            int32_t value = all[at];
            all[at] = all[at - 1];
            all[at - 1] = value;
        }
}

void exports_corpus_drivers_filter_smooth(uint32_t channel, uint32_t count, filtering_list_s32_t *ret) {
    int32_t window[7];
    if (count > 50) count = 50;
    ret->ptr = malloc(count * sizeof *ret->ptr);
    ret->len = count;
    for (uint32_t i = 0; i < count; i++) {
        int32_t sum = 0;
        for (int j = 0; j < 7; j++) window[j] = corpus_drivers_sensor_read(channel);
        sort(window, 7, orders[calls & 1]);
        for (int j = 0; j < 7; j++) sum += window[j] * weights[j];
        ret->ptr[i] = sum / 34;
    }
    calls++;
}
