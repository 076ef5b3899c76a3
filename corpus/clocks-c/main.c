// Clocks, sleeping and random numbers; prints properties, for the values differ from run to run.
//
// clocks-c clocks | sleep | random
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) return -1;
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static const char *yes(int condition) { return condition ? "yes" : "no"; }

static void clocks(void) {
    long long first = nanoseconds(CLOCK_MONOTONIC);
    volatile unsigned work = 1;
    for (int i = 0; i < 200000; i++) work = work * 1664525u + 1013904223u;
    long long second = nanoseconds(CLOCK_MONOTONIC);
    printf("work %08x\n", work);
    printf("monotonic advances: %s\n", yes(first >= 0 && second > first));
    printf("after 2020: %s\n", yes(nanoseconds(CLOCK_REALTIME) > 1577836800ll * 1000000000ll));
    struct timespec resolution;
    int failed = clock_getres(CLOCK_MONOTONIC, &resolution);
    printf("resolution within a second: %s\n", yes(!failed && resolution.tv_sec <= 1));
}

static void sleeping(void) {
    long long before = nanoseconds(CLOCK_MONOTONIC);
    struct timespec pause = {0, 30 * 1000000};
    int failed = nanosleep(&pause, NULL);
    long long slept = nanoseconds(CLOCK_MONOTONIC) - before;
    printf("nanosleep ok: %s\n", yes(!failed));
    printf("slept >= 29ms: %s\n", yes(slept >= 29 * 1000000ll));
    printf("slept < 10s: %s\n", yes(slept < 10 * 1000000000ll));
}

static void random_bytes(void) {
    unsigned char a[64] = {0}, b[64] = {0};
    int failed = getentropy(a, sizeof a) | getentropy(b, sizeof b);
    int different = 0;
    for (size_t i = 0; i < sizeof a; i++) different += a[i] != b[i];
    printf("getentropy ok: %s\n", yes(!failed));
    printf("two draws differ widely: %s\n", yes(different > 32));
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "clocks";
    if (strcmp(mode, "clocks") == 0) clocks();
    if (strcmp(mode, "sleep") == 0) sleeping();
    if (strcmp(mode, "random") == 0) random_bytes();
    return 0;
}
