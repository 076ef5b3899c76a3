// Addresses of every kind, in code and in data: constants, offsets, pointers to the middle of something and
// behind its end, the linker's own. Linked with --emit-relocs, and with two sizes of stack.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern unsigned char __heap_base, __data_end;

static int squares[1000];
static int *const end = squares + 1000;
static char large[70000];
static const char *const names[] = {"nobody", "one", &"several"[2]};
static int (*const compare)(const void *, const void *);

static int down(const void *a, const void *b) { return *(const int *)b - *(const int *)a; }
static int (*volatile order)(const void *, const void *) = down;

static void say(const char *text) {
    if (write(1, text, strlen(text)) < 0) exit(9);
}

static void number(long value) {
    char digits[24], *at = digits + sizeof digits;
    *--at = 0;
    *--at = '\n';
    do *--at = (char)('0' + value % 10);
    while (value /= 10);
    say(at);
}

// A frame that has to be in memory.
static long deep(int depth) {
    volatile long here[16];
    for (int i = 0; i < 16; i++) here[i] = depth * i;
    return depth ? deep(depth - 1) + here[15] : here[1];
}

int main(int argc, char **argv) {
    for (int i = 0; i < 1000; i++) squares[i] = i * i;
    long sum = 0;
    for (int *at = squares; at < end; at++) sum += *at;
    number(sum);
    qsort(squares, 1000, sizeof *squares, order);
    number(squares[1]);
    memset(large, 'x', sizeof large - 1);
    number((long)strlen(large));
    say(names[argc < 3 ? argc : 2]);
    say("\n");
    char *heap = malloc(100000);
    memcpy(heap, large, sizeof large);
    number(heap > (char *)&__heap_base ? heap[sizeof large - 2] : 0);
    number(&__heap_base >= &__data_end && &__data_end > (unsigned char *)large && compare == NULL);
    number(deep(10));
    return argc > 1 ? atoi(argv[1]) : 0;
}
