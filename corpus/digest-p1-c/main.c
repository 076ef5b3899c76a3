// Writes a file of 256 KiB, reads it back in pieces of 4 KiB, prints the running fingerprint after each.
// The measure for the fuel of digest-p2-c, which does the same on WASI 0.2.
#include "../common/digest.h"
#include <fcntl.h>
#include <unistd.h>

int main(void) {
    static uint8_t piece[PIECE];
    int fd = open("data.bin", O_CREAT | O_TRUNC | O_WRONLY, 0644);
    for (uint32_t n = 0; n < PIECES; n++) {
        fill_piece(piece, n);
        if (write(fd, piece, PIECE) != PIECE) return 1;
    }
    close(fd);

    fd = open("data.bin", O_RDONLY);
    uint64_t hash = FNV_START;
    ssize_t got;
    for (uint32_t n = 0; (got = read(fd, piece, PIECE)) > 0; n++) {
        hash = fnv1a(hash, piece, (size_t)got);
        char line[64];
        size_t length = describe_piece(line, n, (size_t)got, hash);
        if (write(STDOUT_FILENO, line, length) != (ssize_t)length) return 1;
    }
    close(fd);
    return got < 0;
}
