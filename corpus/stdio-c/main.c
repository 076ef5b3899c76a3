// All of stdin, transformed, to one output stream; how much it was and its fingerprint to the other.
//
// stdio-c out | stdio-c err        which stream gets the data
// stdio-c lines                    numbers the lines of stdin
#include <stdio.h>
#include <string.h>

#include "../common/fnv.h"

static int copy(FILE *data, FILE *summary) {
    unsigned char buffer[5000]; // no power of two, so that pieces do not line up with anybody's blocks
    uint64_t hash = FNV_START;
    unsigned long total = 0;
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        hash = fnv1a(hash, buffer, got);
        total += got;
        for (size_t i = 0; i < got; i++) buffer[i] ^= 0x5a;
        if (fwrite(buffer, 1, got, data) != got) return 1;
    }
    fprintf(summary, "%lu bytes, fnv1a64 %016llx, end of file %d\n", total, (unsigned long long)hash, feof(stdin));
    return fflush(NULL) ? 1 : 0;
}

static int number_lines(void) {
    char line[256];
    for (int n = 1; fgets(line, sizeof line, stdin); n++) {
        line[strcspn(line, "\n")] = 0;
        printf("%3d %s\n", n, line);
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "lines";
    if (strcmp(mode, "out") == 0) return copy(stdout, stderr);
    if (strcmp(mode, "err") == 0) return copy(stderr, stdout);
    return number_lines();
}
