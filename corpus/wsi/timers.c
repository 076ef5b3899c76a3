// timers: three timers of 7, 11 and 50 ms for a second, beside standard input.
// timers order: twenty entries, of which three are ready. timers edges [looks]: deadlines that are past, none and for ever,
// looks at a descriptor, and one that is not there.
#include "layer.h"

#define MS 1000000ll

static int ticks(void) {
    static const int64_t period[3] = {7 * MS, 11 * MS, 50 * MS};
    // The urgent ones first; standard input last.
    wsi_sub subs[4] = {{.fd = WSI_TIMER}, {.fd = WSI_TIMER}, {.fd = WSI_TIMER}, {.fd = 0, .want = WSI_IN}};
    int counts[3] = {0, 0, 0}, served = 0, input = 0;
    int64_t start = monotonic(), end = start + 1000 * MS, late = 0;
    uint32_t n = 4;
    for (int i = 0; i < 3; i++) subs[i].at = start + period[i];
    for (;;) {
        int ready = wsi_io_poll(subs, n, end);
        int64_t now = monotonic();
        if (ready < 0) {
            printf("poll: %d\n", ready);
            return 1;
        }
        if (n == 4 && subs[3].got) {
            // The end of the input: it would be ready for ever.
            char byte;
            input += read(0, &byte, 1) > 0;
            if (subs[3].got & WSI_HUP || !input) n = 3;
        }
        // Only the first that is ready: the others are asked for again.
        int i = 0;
        while (i < 3 && !(subs[i].got & WSI_DUE && subs[i].at <= end)) i++;
        if (i == 3 && now >= end) break;
        if (i == 3) continue;
        if (now - subs[i].at > late) late = now - subs[i].at;
        counts[i]++;
        served++;
        subs[i].at += period[i];
    }
    int64_t took = monotonic() - start;
    printf("ticks: %d %d %d, all %d\n", counts[0], counts[1], counts[2], served);
    printf("took a second: %d\n", took >= 1000 * MS && took < 2000 * MS);
    printf("never too late: %d\n", late < 500 * MS);
    return 0;
}

static int order(void) {
    wsi_sub subs[20];
    uint32_t word = 1;
    int64_t now = monotonic();
    for (int i = 0; i < 20; i++) subs[i] = (wsi_sub){WSI_TIMER, 0, 0xffff, now + 60000 * MS};
    subs[3] = (wsi_sub){-7, 1, 0xffff, 0};
    subs[5].at = now;
    subs[11] = (wsi_sub){WSI_WORD, 0, 0, WSI_WATCH(&word, 0)};
    subs[12] = (wsi_sub){WSI_WORD, 0, 0, WSI_WATCH(&word, 1)};
    subs[17].at = now - 5;
    int ready = wsi_io_poll(subs, 20, WSI_FOREVER);
    printf("ready: %d, at", ready);
    for (int i = 0; i < 20; i++)
        if (subs[i].got) printf(" %d=%d", i, subs[i].got);
    printf("\n");
    return 0;
}

static void look(const char *what, wsi_sub *sub, int64_t deadline) {
    int ready = wsi_io_poll(sub, 1, deadline);
    printf("%s: %d, got %d\n", what, ready, sub->got);
}

static int edges(bool looks) {
    wsi_sub subs[2];
    int64_t now = monotonic();
    printf("nothing, now: %d\n", wsi_io_poll(NULL, 0, 0));
    printf("nothing, past: %d\n", wsi_io_poll(NULL, 0, now - 1));
    printf("nothing, for ever: %d\n", wsi_io_poll(NULL, 0, WSI_FOREVER));
    sleep_until(now + 20 * MS);
    int64_t slept = monotonic() - now;
    printf("slept: %d\n", slept >= 20 * MS && slept < 40 * MS);
    subs[0] = (wsi_sub){-3, 0, 9, 0};
    look("skipped, now", subs, 0);
    printf("skipped, for ever: %d\n", wsi_io_poll(subs, 1, WSI_FOREVER));
    subs[0] = (wsi_sub){1, WSI_OUT, 0, 0};
    look("can write, for ever", subs, WSI_FOREVER);
    if (!looks) return 0;
    look("can write, now", subs, 0);
    look("can write, past", subs, now);
    subs[1] = (wsi_sub){99, WSI_IN, 0, 0};
    printf("and a bad descriptor: %d", wsi_io_poll(subs, 2, WSI_FOREVER) > 0);
    printf(", got %d\n", subs[1].got);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) return ticks();
    if (!strcmp(argv[1], "order")) return order();
    return edges(argc > 2);
}
