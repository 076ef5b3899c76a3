// The work that digest-p1-c and digest-p2-c share; only how they reach the file and stdout differs.
#pragma once
#include "digits.h"
#include "fnv.h"
#include <string.h>

enum { PIECE = 4096, PIECES = 64 };

static void fill_piece(uint8_t *piece, uint32_t n) {
    uint32_t state = n * 2654435761u + 1;
    for (int i = 0; i < PIECE; i++) {
        state = state * 1664525u + 1013904223u;
        piece[i] = (uint8_t)(state >> 24);
    }
}

// "piece N: LENGTH bytes, HASH" and a line end; gives the length.
static size_t describe_piece(char *line, uint32_t n, size_t length, uint64_t hash) {
    char *at = line;
    at = (char *)memcpy(at, "piece ", 6) + 6;
    at = put_number(at, n, 10, 2);
    at = (char *)memcpy(at, ": ", 2) + 2;
    at = put_number(at, length, 10, 1);
    at = (char *)memcpy(at, " bytes, ", 8) + 8;
    at = put_number(at, hash, 16, 16);
    *at++ = '\n';
    return (size_t)(at - line);
}
