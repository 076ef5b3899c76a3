// Traps at a place that the argument chooses. Built with debug information:
//
// clang-22 --target=wasm32 --no-wasm-opt -nostdlib -O1 -g -ffile-compilation-dir=. -Wl,--no-entry lines.c -o lines.wasm
#define EXPORT(name) __attribute__((export_name(name)))

static volatile int table[4] = {0, 1, 2, 3};

// Nothing calls it: its lines have to go.
EXPORT("unused") int unused(int n) {
    table[n & 3] = n;
    return table[1];
}

static inline int divide(int n) {
    return 100 / n;
}

__attribute__((noinline)) static int deeper(int n, int where) {
    int local = table[n & 3];
    table[1] = local + 1;
    if (where == 1)
        return divide(table[0]);
    table[2] = n;
    if (where == 2)
        __builtin_trap();
    return *(volatile int *)(0x7ffffff0 + table[0]);
}

EXPORT("run") int run(int where) {
    table[3] = where;
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += table[i];
    if (where == 0)
        return sum;
    return deeper(sum, where);
}
