/* Narrow signed integers as programs use them: samples, differences, hashes of signed bytes. */
#include <stdint.h>
#include <stdio.h>

static int8_t bytes[4096];
static int16_t samples[4096];

static int16_t clamp(int32_t value) {
    return value > 32767 ? 32767 : value < -32768 ? -32768 : (int16_t)value;
}

/* A step of IMA ADPCM, whose state is narrow. */
static int16_t predict(int16_t last, uint8_t code, int8_t *index) {
    static const int8_t moves[8] = {-1, -1, -1, -1, 2, 4, 6, 8};
    int32_t step = 7 + (int32_t)*index * *index;
    int32_t difference = (step >> 3) + ((code & 1) ? step >> 2 : 0) + ((code & 2) ? step >> 1 : 0)
        + ((code & 4) ? step : 0);
    *index = (int8_t)(*index + moves[code & 7]);
    if (*index < 0) *index = 0;
    if (*index > 88) *index = 88;
    return clamp(code & 8 ? last - difference : last + difference);
}

static uint32_t hash(const int8_t *text, int length, int8_t salt) {
    uint32_t state = 5381;
    for (int i = 0; i < length; i++) {
        int8_t mixed = (int8_t)(text[i] + salt);
        state = state * 33 + (uint32_t)(int32_t)mixed;
        salt = (int8_t)(salt * 7 + i);
    }
    return state;
}

static int64_t total(const int16_t *from, int count) {
    int64_t sum = 0;
    int32_t folded = 0;
    for (int i = 0; i < count; i++) {
        folded = folded * 31 + from[i];
        sum += (int64_t)folded ^ (int64_t)(int32_t)(sum >> 7);
        sum ^= (int64_t)(int16_t)sum + (int64_t)(int8_t)(sum >> 3);
    }
    return sum;
}

int main(void) {
    uint32_t seed = 1;
    int64_t all = 0;
    for (int round = 0; round < 50; round++) {
        int16_t last = 0;
        int8_t index = 0;
        for (int i = 0; i < 4096; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (int8_t)(seed >> 24);
            last = predict(last, (uint8_t)(seed >> 20), &index);
            samples[i] = last;
        }
        all += hash(bytes, 4096, (int8_t)round) + total(samples, 4096);
    }
    printf("%lld\n", (long long)all);
    return 0;
}
