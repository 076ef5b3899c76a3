// serial DEVICE: a serial terminal: what is typed goes to the device, which is a file of the first directory, and what it
// says is printed. Ends when nothing is typed any more and the device says nothing for a while.
#include "layer.h"

int main(int argc, char **argv) {
    char buffer[64];
    if (argc < 2) return 64;
    int device = open(argv[1], WSI_READ | WSI_WRITE);
    if (device < 0) {
        printf("open: %d\n", errno);
        return 1;
    }
    printf("terminal: %s\n", isatty(device) ? "yes" : "no");
    // What the device says is more urgent than what is typed.
    wsi_sub subs[2] = {{device, WSI_IN, 0, 0}, {0, WSI_IN, 0, 0}};
    uint32_t sources = 2;
    for (;;) {
        int ready = wsi_io_poll(subs, sources, monotonic() + 400000000ll);
        if (ready < 0) return 2;
        if (!ready) {
            if (sources == 1) break;
            continue;
        }
        if (subs[0].got) {
            int n = read(device, buffer, sizeof buffer);
            if (n <= 0) break;
            write(1, buffer, (size_t)n);
        } else {
            int n = read(0, buffer, sizeof buffer);
            if (n <= 0) sources = 1;
            else if (write(device, buffer, (size_t)n) != n) return 3;
        }
    }
    close(device);
    printf("closed\n");
    return 0;
}
