/* A guest that calls the host from every depth up to the end of its stack:  deep MODULE. It ends with a trap at some depth, and
   nothing is written behind the stack, which is for the sanitizer to find. */
#include "deep_host.h"

#define IMPORTS DEEP_IMPORTS
#define EXPORTS DEEP_EXPORTS
#include "boot.h"

p1b_string cost_cost_ways_text_out(p1b_host *host) {
    (void)host;
    return p1b_text("sixteen letters.");
}

uint32_t deep_more(p1b_host *host) {
    (void)host;
    return 7;
}

static p1b_host host;

static bool traps(uint32_t depth, uint32_t deeper, uint32_t grows) {
    uint32_t result = 0;
    if (exports_deep_deep(&host, depth, deeper, grows, &result)) return true;
    if (result != depth + 16) fail("deep", "a wrong result");
    return false;
}

/* From which depth on it traps. */
static uint32_t end_of(uint32_t deeper) {
    uint32_t depth = 0;
    while (!traps(depth, deeper, 0)) depth++;
    for (uint32_t i = 0; i < 100; i++)
        if (!traps(depth + i, deeper, 0)) fail("deep", "a call that goes well behind one that does not");
    return depth;
}

int main(int argc, char **argv) {
    p1b_init(&host, &deep_world, NULL, 0, NULL, 0);
    boot(&host, argc, argv);
    uint32_t sum = 0;
    if (exports_deep_more(&host, 5, &sum) || sum != 12) fail("deep", "an import is not an export of the same name");
    uint32_t end = end_of(0);
    if (end < 100 || end_of(1) > end || end_of(30) >= end) fail("deep", "an end where none was to be");
    /* A stack that is full must not look longer, because memory has grown meanwhile. */
    for (uint32_t depth = end - 20; depth < end; depth++)
        if (!traps(depth, 100000, 1)) fail("deep", "no end");
    if (end_of(0) != end) fail("deep", "another end than before");
    puts("ends where it did");
    return 0;
}
