/* Layer 2 alone: an engine that is an array, and a guest that gives and takes anything. Every access outside of the array is
   for the sanitizer to find. */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "p1b_abi.h"

static uint8_t *array;
static uint32_t array_size;
static uint64_t state = 88172645463325252u;

static uint64_t bits() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Numbers as they are near every border. */
static uint64_t number() {
    switch (bits() % 8) {
    case 0: return bits();
    case 1: return 0xffffffff - bits() % 9;
    case 2: return array_size - bits() % 9;
    case 3: return array_size + bits() % 9;
    case 4: return bits() % 256;
    case 5: return bits() % 5;
    default: return (bits() % (array_size + 1)) & ~(uint64_t)7;
    }
}

/* A new array, of the same bytes as far as it has them. */
static void move(uint32_t size) {
    uint8_t *moved = static_cast<uint8_t *>(std::malloc(size ? size : 1));
    if (array) std::memcpy(moved, array, size < array_size ? size : array_size);
    for (uint32_t i = array_size; i < size; i++) moved[i] = static_cast<uint8_t>(bits());
    std::free(array);
    array = moved;
    array_size = size;
}

static uint8_t *memory(void *, uint32_t *size) {
    *size = array_size;
    return array;
}

/* The guest does what it likes: it traps, gives any number, and its memory moves. */
static p1b_status guest(void *, size_t, uint64_t *slots) {
    if (bits() % 16 == 0) return P1B_TRAPPED;
    move(array_size + static_cast<uint32_t>(bits() % 3 * 64));
    slots[0] = number();
    return P1B_OK;
}

static const p1b_engine engine = {memory, guest};
static p1b_host host;
static uint8_t scratch[2048];
static p1b_handle handles[4];
static unsigned long ended[16];

static void again(const p1b_world *world) {
    p1b_init(&host, world, scratch, sizeof scratch, handles, 4);
    host.engine = &engine;
    move(static_cast<uint32_t>(bits() % 4 ? bits() % 600 : 0));
    for (uint32_t i = 0; i + 4 <= array_size; i += 4) {
        uint32_t word = static_cast<uint32_t>(number());
        std::memcpy(array + i, &word, 4);
    }
    /* Strings, now and then. */
    if (bits() % 3 == 0) std::memset(array, 'a', array_size);
}

static void imports(const p1b_world *world) {
    again(world);
    const p1b_import *import = &world->imports[bits() % world->import_count];
    uint64_t slots[17];
    for (uint64_t &slot : slots) slot = number();
    ended[p1b_import_call(&host, import, slots)]++;
    if (host.scratch_used) std::abort();
}
