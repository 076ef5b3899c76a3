// What the `calls-…` guests repeat: one operation, so many times, for the price of one.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SMALL 4096u
#define LARGE (1u << 20)
// The most that one read of WASI 0.2 gives.
#define PIECE 65536u
// The file and the directory that the suite has put there, each with its length: no operation counts its letters.
#define FILE_PATH "data", 4
#define DIRECTORY_PATH "many", 4
#define NEW_PATH "new", 3

static inline uint32_t number(const char *text, size_t length) {
    uint32_t value = 0;
    for (size_t i = 0; i < length; i++) value = value * 10 + (uint32_t)(text[i] - '0');
    return value;
}
