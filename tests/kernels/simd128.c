/* Loops as compilers make vectors of: bytes of an image, samples, matrices of both kinds of floats, and text. The
   floats are small integers, so that any order of additions gives the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 4096

static uint8_t pixels[SIZE], others[SIZE], mixed[SIZE];
static int16_t samples[SIZE], filtered[SIZE];
static int32_t numbers[SIZE];
static uint32_t hashes[SIZE];
static float singles[SIZE], sums[SIZE];
static double doubles[SIZE];
static char text[SIZE];

static uint32_t seed = 1;

static uint32_t next(void) {
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static void average(void) {
    for (int i = 0; i < SIZE; i++) mixed[i] = (uint8_t)((pixels[i] + others[i] + 1) >> 1);
}

static void blend(int weight) {
    for (int i = 0; i < SIZE; i++) mixed[i] = (uint8_t)((pixels[i] * weight + others[i] * (256 - weight)) >> 8);
}

static void brighter(int by) {
    for (int i = 0; i < SIZE; i++) {
        int value = pixels[i] + by;
        pixels[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

static void gray(void) {
    for (int i = 0; i < SIZE / 4; i++)
        mixed[i] = (uint8_t)((77 * pixels[4 * i] + 150 * pixels[4 * i + 1] + 29 * pixels[4 * i + 2]) >> 8);
}

static void smooth(void) {
    for (int i = 1; i + 1 < SIZE; i++) filtered[i] = (int16_t)((samples[i - 1] + 2 * samples[i] + samples[i + 1]) / 4);
}

static int32_t correlate(void) {
    int32_t sum = 0;
    for (int i = 0; i < SIZE; i++) sum += samples[i] * filtered[i];
    return sum;
}

static int32_t sum_of_numbers(void) {
    int32_t sum = 0, most = 0;
    for (int i = 0; i < SIZE; i++) {
        sum += numbers[i];
        if (numbers[i] > most) most = numbers[i];
    }
    return sum ^ most;
}

static void hash(void) {
    for (int i = 0; i < SIZE; i++) {
        uint32_t value = (uint32_t)numbers[i];
        value ^= value >> 16;
        value *= 0x45d9f3b;
        value ^= value >> 13;
        hashes[i] = value;
    }
}

static void saxpy(float by) {
    for (int i = 0; i < SIZE; i++) sums[i] += by * singles[i];
}

static void daxpy(double by) {
    for (int i = 0; i < SIZE; i++) doubles[i] = by * doubles[i] + 3;
}

static void to_pixels(void) {
    for (int i = 0; i < SIZE; i++) {
        float value = sums[i] * 0.5f;
        value = value < 0 ? 0 : value > 255 ? 255 : value;
        mixed[i] = (uint8_t)(int)value;
    }
}

static void multiply(float *to, const float *a, const float *b) {
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) to[16 * i + j] = 0;
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 16; k++)
            for (int j = 0; j < 16; j++) to[16 * i + j] += a[16 * i + k] * b[16 * k + j];
}

static int spaces(void) {
    int count = 0;
    for (int i = 0; i < SIZE; i++) count += text[i] == ' ';
    return count;
}

static void upper(void) {
    for (int i = 0; i < SIZE; i++) text[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
}

static uint32_t sum(const void *from, size_t length) {
    const unsigned char *bytes = from;
    uint32_t state = 1;
    for (size_t i = 0; i < length; i += 7) state = state * 31 + bytes[i];
    return state;
}

int main(int argc, char **argv) {
    /* One loop alone, or all. */
    int only = argc > 1 ? atoi(argv[1]) : -1;
    uint32_t all = 0;
    for (int i = 0; i < SIZE; i++) {
        pixels[i] = (uint8_t)next();
        others[i] = (uint8_t)next();
        samples[i] = (int16_t)next();
        numbers[i] = (int32_t)next();
        singles[i] = (float)(next() % 16);
        doubles[i] = (double)(next() % 16);
        text[i] = "ab c"[next() % 4];
    }
    for (int round = 0; round < 12; round++) {
        if (only < 0 || only == 0) average();
        all += sum(mixed, sizeof mixed);
        if (only < 0 || only == 1) blend(round * 20);
        if (only < 0 || only == 2) brighter(round);
        if (only < 0 || only == 3) gray();
        if (only < 0 || only == 4) smooth();
        if (only < 0 || only == 5) all += (uint32_t)correlate();
        if (only < 0 || only == 6) all += (uint32_t)sum_of_numbers();
        if (only < 0 || only == 7) hash();
        if (only < 0 || only == 8) saxpy((float)round);
        if (only < 0 || only == 9) daxpy(round & 1);
        if (only < 0 || only == 10) to_pixels();
        if (only < 0 || only == 11) multiply(sums + 256, singles, singles + 512);
        if (only < 0 || only == 12) all += (uint32_t)spaces();
        if (only < 0 || only == 13) upper();
    }
    all += sum(mixed, sizeof mixed) + sum(filtered, sizeof filtered) + sum(hashes, sizeof hashes);
    all += sum(sums, sizeof sums) + sum(doubles, sizeof doubles) + sum(pixels, sizeof pixels) + sum(text, sizeof text);
    printf("%u\n", (unsigned)all);
    return 0;
}
