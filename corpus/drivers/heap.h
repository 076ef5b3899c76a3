// A heap for small drivers: fixed, and empty again when everything is free. Nothing asks how much memory there is.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef HEAP
#define HEAP 1024
#endif

static union {
    max_align_t align;
    unsigned char bytes[HEAP];
} heap;
static size_t used, live;

void *malloc(size_t size) {
    size_t at = (used + 15) & ~(size_t)15;
    if (size > HEAP || at > HEAP - size) __builtin_trap();
    used = at + size;
    live++;
    return heap.bytes + at;
}

void free(void *block) {
    if (block && --live == 0) used = 0;
}

void *realloc(void *old, size_t size) {
    void *block = malloc(size);
    // What is behind the old block is copied too, and overwritten.
    if (old) memmove(block, old, size), live--;
    return block;
}

void abort(void) { __builtin_trap(); }
