// A heap that outgrows the initial memory, and a declared maximum that it cannot pass.
#include <stdio.h>
#include <stdlib.h>

#include "../common/fnv.h"

enum { BLOCKS = 200, BLOCK = 20000 };

int main(void) {
    size_t before = __builtin_wasm_memory_size(0);
    unsigned char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK);
        if (!blocks[i]) {
            printf("block %d: no memory\n", i);
            return 1;
        }
        for (int j = 0; j < BLOCK; j++) blocks[i][j] = (unsigned char)(i * 7 + j * 13);
        if (i % 50 == 0) printf("block %d filled\n", i);
    }
    size_t after = __builtin_wasm_memory_size(0);
    printf("grew by at least 50 pages: %s\n", after - before >= 50 ? "yes" : "no");

    uint64_t hash = FNV_START;
    int wrong = 0;
    for (int i = 0; i < BLOCKS; i++) {
        for (int j = 0; j < BLOCK; j++) wrong += blocks[i][j] != (unsigned char)(i * 7 + j * 13);
        hash = fnv1a(hash, blocks[i], BLOCK);
    }
    printf("wrong bytes %d, fnv1a64 %016llx\n", wrong, (unsigned long long)hash);

    unsigned char *fresh = calloc(1, 300000);
    int dirty = 0;
    for (int j = 0; fresh && j < 300000; j++) dirty += fresh[j] != 0;
    printf("fresh memory: %s, dirty bytes %d\n", fresh ? "yes" : "no", dirty);

    // 64 MiB is more than the maximum that this module declares.
    void *volatile too_much = malloc(64u << 20); // volatile: otherwise the compiler takes success for granted
    printf("64 MiB: %s\n", too_much ? "given" : "refused");
    printf("memory.grow past the maximum: %d\n", (int)__builtin_wasm_memory_grow(0, 4096));
    return 0;
}
