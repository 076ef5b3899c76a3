// A library with state. A host that does not run _initialize is found out: the state then is 0.
#include <stdio.h>
#include <stdlib.h>

#define EXPORT(name) __attribute__((export_name(name)))

static int counter;
static int *table;

__attribute__((constructor)) static void set_up(void) {
    counter = 1000;
    table = malloc(64 * sizeof *table);
    for (int i = 0; table && i < 64; i++) table[i] = i * i;
}

EXPORT("add") int add(int a, int b) { return a + b; }

EXPORT("count") int count(void) { return ++counter; }

EXPORT("square") int square(int i) {
    return table && i >= 0 && i < 64 ? table[i] : -1;
}

// Prints one line; gives the number of bytes that printf has counted.
EXPORT("say") int say(int n) {
    int written = printf("reactor says %d, counter %d\n", n, counter);
    fflush(stdout);
    return written;
}

// The sum of the first n triangle numbers, from memory that it takes and gives back.
EXPORT("triangles") int triangles(int n) {
    int *numbers = malloc((size_t)n * sizeof *numbers);
    if (!numbers) return -1;
    int sum = 0;
    for (int i = 0; i < n; i++) numbers[i] = i * (i + 1) / 2;
    for (int i = 0; i < n; i++) sum += numbers[i];
    free(numbers);
    return sum;
}
