// Four channels of made-up values, each through a pointer to a function.
#include "sensing.h"
#include "../heap.h"

#define NAME(name) exports_corpus_drivers_sensor_##name

static uint32_t seed = 12345;
static int32_t last[4];
static int32_t history[64];
static unsigned taken;

static int32_t noise(void) {
    seed = seed * 1664525 + 1013904223;
    return (int32_t)(seed >> 24) - 128;
}
static int32_t warm(int32_t old) { return old + noise() / 16; }
static int32_t wet(int32_t old) { return old / 2 + noise() / 4; }
static int32_t bright(int32_t old) { return old ^ noise(); }
static int32_t still(int32_t old) { return old; }
static int32_t (*const kinds[])(int32_t) = {warm, wet, bright, still};
static const char *const names[] = {"warm", "wet", "bright", "still"};

int32_t NAME(read)(uint32_t channel) {
    int32_t *value = &last[channel & 3];
    *value = kinds[channel & 3](*value);
    return history[taken++ & 63] = *value;
}

void NAME(name)(uint32_t channel, sensing_string_t *ret) { sensing_string_dup(ret, names[channel & 3]); }
