// A checksum over a table that is written first: data, memory that is zero, and a loop.
#include "env.h"

static unsigned char table[256];

int run(void) {
    for (int at = 0; at < 256; at++) table[at] = (unsigned char)(at * 7);
    unsigned sum = 0;
    for (int at = 0; at < 256; at++) sum = sum * 31 + table[at];
    PRINT("marked 1.0\n");
    return (int)(sum % 23);
}
