// calls: does what the bytes of standard input say, a call each, and prints the results. The bytes are random; whatever
// they are, they do the same for WSI as for Preview 1. Nothing that hosts choose is printed.
#include "layer.h"

enum { SLOTS = 6, DIR = 3 };

static unsigned char program[8192];
static unsigned length, at;
static int slots[SLOTS];
static char buffer[256];
static const char *const names[] = {"a", "b", "c", "d", "d/a", "d/b", "d/l", "", "a/", "..", "x y", "\xc3\xbc"};

static unsigned next(void) { return at < length ? program[at++] : 0; }
static const char *name(void) { return names[next() % (sizeof names / sizeof *names)]; }
static int slot(void) { return slots[next() % SLOTS]; }

static void show(text *line, const char *what, int64_t result) {
    for (; *what; what++) put(line, *what);
    put(line, ' ');
    if (result < 0) put(line, '-');
    put_number(line, result < 0 ? -(uint64_t)result : (uint64_t)result, 10);
    put(line, '\n');
    if (line->length > 400) flush(1, line);
}

static uint32_t sum(const char *bytes, int n) {
    uint32_t sum = 0;
    for (int i = 0; i < n; i++) sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

static void call(text *line) {
    static const wsi_iov iovs[4] = {{buffer, 5}, {buffer + 64, 0}, {buffer + 100, 40}, {buffer + 8, 1}};
    const char *path, *to;
    wsi_stat stat;
    int result, fd;
    unsigned n;
    switch (next() % 26) {
    case 0:
    case 1:
    case 2:
        // How it opens is what a program could mean; whatever it opens is kept in a slot.
        path = name(), n = next();
        result = wsi_fs_open(DIR, path, strlen(path), (n & 0x7f) | (n & 0x80 ? WSI_FLAGS(WSI_APPEND) : 0));
        fd = (int)(next() % SLOTS);
        if (result >= 0) {
            if (slots[fd] > DIR) wsi_io_close(slots[fd]);
            slots[fd] = result;
        }
        return show(line, "open", result < 0 ? result : 0);
    case 3:
    case 4:
    case 5: n = next(), fd = slot(); return show(line, "write", wsi_io_write(fd, iovs, n % 5));
    case 6:
    case 7:
        n = next(), fd = slot(), result = wsi_io_read(fd, iovs, n % 5);
        show(line, "read", result);
        return show(line, "bytes", sum(buffer, sizeof buffer));
    case 8: fd = slot(), n = next(); return show(line, "pwrite", wsi_io_pwrite(fd, iovs, n % 5, n / 5));
    case 9:
        fd = slot(), n = next(), result = wsi_io_pread(fd, iovs, n % 5, n / 5);
        show(line, "pread", result);
        return show(line, "bytes", sum(buffer, sizeof buffer));
    case 10: fd = slot(), n = next(); return show(line, "seek", wsi_io_seek(fd, (int)(n % 64) - 20, n / 64 % 3));
    case 11:
        n = next() % SLOTS;
        if (slots[n] <= DIR) return;
        show(line, "close", wsi_io_close(slots[n]));
        slots[n] = 77;
        return;
    case 12: fd = slot(), n = next(); return show(line, "flags", wsi_io_flags(fd, n & 1, n >> 1 & 1));
    case 13: fd = slot(); return show(line, "sync", wsi_io_sync(fd, next() & 1));
    case 14:
        path = name(), n = next() & 3, fd = n ? DIR : slot();
        result = wsi_fs_stat(fd, path, n ? strlen(path) : 0, next() & 1, &stat);
        show(line, "stat", result);
        if (result == 0) show(line, "kind", stat.kind), show(line, "size", stat.kind == 4 ? (int64_t)stat.size : 0);
        return;
    case 15: path = name(); return show(line, "mkdir", wsi_fs_mkdir(DIR, path, strlen(path)));
    case 16:
    case 17: path = name(), n = next() & 1; return show(line, "unlink", wsi_fs_unlink(DIR, path, strlen(path), n));
    case 18:
        path = name(), to = name();
        return show(line, "rename", wsi_fs_rename(DIR, path, strlen(path), DIR, to, strlen(to)));
    case 19:
        path = name(), to = name();
        return show(line, "link", wsi_fs_link(DIR, path, strlen(path), DIR, to, strlen(to), 0));
    case 20:
        path = name(), to = name();
        return show(line, "symlink", wsi_fs_symlink(path, strlen(path), DIR, to, strlen(to)));
    case 21:
        path = name(), n = next() % 9;
        result = wsi_fs_readlink(DIR, path, strlen(path), buffer, n);
        show(line, "readlink", result);
        return show(line, "bytes", sum(buffer, sizeof buffer));
    case 22:
        fd = slot(), n = next();
        return show(line, "times", wsi_fs_set_times(fd, NULL, 0, 0, 1000000000ll * n, 5000000000ll, 5));
    case 23: fd = slot(), n = next(); return show(line, "truncate", wsi_fs_truncate(fd, n));
    case 24: n = next() % 8; return show(line, "clock", n > 1 ? wsi_time_now(n > 3 ? n : 9) : wsi_time_now(n) > 0);
    default: {
        wsi_sub subs[3] = {{1, WSI_OUT, 9, 0}, {WSI_TIMER, 0, 9, 0}, {-5, 3, 9, 0}};
        n = next() % 3 + 1;
        result = wsi_io_poll(subs, n, 0);
        show(line, "poll", result);
        for (unsigned i = 0; i < n; i++) show(line, "got", subs[i].got);
    }
    }
}

int main(int argc, char **argv) {
    text line;
    (void)argc, (void)argv;
    line.length = 0;
    for (int n; (n = read(0, program + length, sizeof program - length)) > 0;) length += (unsigned)n;
    for (unsigned i = 0; i < sizeof buffer; i++) buffer[i] = (char)i;
    for (unsigned i = 0; i < SLOTS; i++) slots[i] = 77;
    while (at < length) call(&line);
    flush(1, &line);
    return 0;
}
