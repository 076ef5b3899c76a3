/* Conversions of floating point numbers to integers: fixed point, rounding, histograms. */
#include <stdint.h>
#include <stdio.h>

static float waves[4096];
static double points[4096];
static uint32_t histogram[256];

static uint32_t seed = 1;

static uint32_t next(void) {
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static int32_t rounded(float value) { return (int32_t)(value + (value < 0 ? -0.5f : 0.5f)); }

int main(void) {
    uint64_t all = 0;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 4096; i++) {
            waves[i] = (float)(int32_t)next() / 65536.0f - 128.0f;
            points[i] = (double)next() * 1.0e3 / (double)(1 + (next() & 0xff));
        }
        for (int i = 0; i < 4096; i++) {
            int32_t sample = rounded(waves[i] * 256.0f);
            uint32_t bin = (uint32_t)(waves[i] + 128.0f);
            histogram[bin & 0xff] += (uint32_t)sample;
            int64_t fixed = (int64_t)(points[i] * 65536.0);
            uint64_t wide = (uint64_t)points[i];
            int32_t whole = (int32_t)(points[i] / 1.0e3);
            all += (uint64_t)fixed ^ wide ^ (uint64_t)(int64_t)whole;
            all += (uint32_t)(points[i] / 4.0e3);
        }
    }
    for (int i = 0; i < 256; i++) all = all * 31 + histogram[i];
    printf("%llu\n", (unsigned long long)all);
    return 0;
}
