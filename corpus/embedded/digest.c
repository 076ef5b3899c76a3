/* What firmware calls with buffers of its own: `digest` takes memory itself before it reads them. */
#include <stdlib.h>
#include <string.h>

__attribute__((export_name("digest"))) unsigned digest(const unsigned char *data, unsigned len) {
    unsigned char *work = malloc(300000);
    if (!work) return 0xffffffff;
    memcpy(work, data, len);
    unsigned sum = 0;
    for (unsigned i = 0; i < len; i++) sum = sum * 31 + work[i];
    free(work);
    return sum;
}

/* Takes memory and keeps it. */
__attribute__((export_name("take"))) unsigned take(unsigned bytes) {
    return malloc(bytes) != 0;
}

/* Writes into the buffer. */
__attribute__((export_name("fill"))) void fill(unsigned char *data, unsigned len, int byte) {
    memset(data, byte, len);
}
