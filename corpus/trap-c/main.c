// Programs that do not end well. What was written before the trap must have arrived.
//
// trap-c unreachable | divide | memory | none
#include <stdio.h>
#include <string.h>

static volatile int zero = 0, seven = 7;

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "none";
    printf("about to do: %s\n", mode);
    fflush(stdout);
    if (strcmp(mode, "unreachable") == 0) __builtin_trap();
    if (strcmp(mode, "divide") == 0) printf("%d\n", seven / zero);
    if (strcmp(mode, "memory") == 0) printf("%d\n", *(volatile int *)(0x7ffffff0 + zero));
    printf("still here\n");
    return 0;
}
