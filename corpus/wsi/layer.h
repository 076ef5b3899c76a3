// A small C library on WSI: what the guests of this folder need of strings, output, files, waiting and sockets. There is
// no heap. It is the same source for WSI and, with WSI_ON_P1, for Preview 1.
#ifndef LAYER_H
#define LAYER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wsi.h>

static int errno;

// The value, or -1 with `errno` set.
static inline int checked(int32_t result) {
    if (result >= 0) return result;
    errno = -result;
    return -1;
}

// Strings.

void *memcpy(void *to, const void *from, size_t n) {
    for (size_t i = 0; i < n; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
void *memset(void *to, int byte, size_t n) {
    for (size_t i = 0; i < n; i++) ((volatile char *)to)[i] = (char)byte;
    return to;
}
static inline size_t strlen(const char *s) {
    size_t n = 0;
    while (s[n]) n++;
    return n;
}
static inline int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}
static inline long atol(const char *s) {
    long value = 0;
    while (*s >= '0' && *s <= '9') value = value * 10 + (*s++ - '0');
    return value;
}

// Files.

static inline int read(int fd, void *buf, size_t n) {
    wsi_iov iov = {buf, n};
    return checked(wsi_io_read(fd, &iov, 1));
}
static inline int write(int fd, const void *buf, size_t n) {
    wsi_iov iov = {(void *)buf, n};
    return checked(wsi_io_write(fd, &iov, 1));
}
static inline int64_t lseek(int fd, int64_t by, int from) {
    int64_t at = wsi_io_seek(fd, by, (uint32_t)from);
    if (at >= 0) return at;
    errno = (int)-at;
    return -1;
}
static inline int close(int fd) { return checked(wsi_io_close(fd)); }
// In the first directory that the program was given.
static inline int open(const char *path, uint32_t how) { return checked(wsi_fs_open(3, path, strlen(path), how)); }
static inline bool isatty(int fd) {
    int flags = wsi_io_flags(fd, 0, 0);
    return flags >= 0 && flags >> 8 == WSI_KIND_CHARACTER && wsi_io_seek(fd, 0, WSI_HERE) < 0;
}

// Output: %s %d %u %x %c %% of int, %ld of int64_t; one write a call.

typedef struct text {
    char bytes[512];
    uint32_t length;
} text;

static inline void put(text *to, char byte) {
    if (to->length < sizeof to->bytes) to->bytes[to->length++] = byte;
}
static inline void put_number(text *to, uint64_t value, unsigned base) {
    char digits[20];
    unsigned n = 0;
    do digits[n++] = "0123456789abcdef"[value % base], value /= base;
    while (value);
    while (n) put(to, digits[--n]);
}
static inline void vprint(text *to, const char *format, va_list args) {
    for (; *format; format++) {
        if (*format != '%') {
            put(to, *format);
            continue;
        }
        switch (*++format) {
        case 's':
            for (const char *s = va_arg(args, const char *); *s; s++) put(to, *s);
            break;
        case 'l':
        case 'd': {
            bool wide = *format == 'l';
            int64_t value = wide ? va_arg(args, int64_t) : va_arg(args, int);
            format += wide;
            if (value < 0) put(to, '-');
            put_number(to, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
            break;
        }
        case 'u': put_number(to, va_arg(args, unsigned), 10); break;
        case 'x': put_number(to, va_arg(args, unsigned), 16); break;
        case 'c': put(to, (char)va_arg(args, int)); break;
        default: put(to, *format);
        }
    }
}
static inline void flush(int fd, text *from) {
    for (uint32_t done = 0; done < from->length;) {
        int n = write(fd, from->bytes + done, from->length - done);
        if (n < 0) wsi_proc_exit(71);
        done += (uint32_t)n;
    }
    from->length = 0;
}
static inline void printf(const char *format, ...) {
    text line;
    va_list args;
    line.length = 0;
    va_start(args, format);
    vprint(&line, format, args);
    va_end(args);
    flush(1, &line);
}

// Time.

static inline int64_t monotonic(void) { return wsi_time_now(WSI_MONOTONIC); }
static inline void sleep_until(int64_t deadline) { wsi_io_poll(NULL, 0, deadline); }

// The program: main with its arguments, of at most 1024 bytes.

int main(int argc, char **argv);

__attribute__((__export_name__("_start"))) void _start(void) {
    static char bytes[1024];
    static char *argv[64];
    int64_t sizes = wsi_proc_args_sizes();
    int argc = (int)(uint32_t)sizes;
    if (sizes < 0 || argc > 63 || sizes >> 32 > (int)sizeof bytes || wsi_proc_args(argv, bytes) < 0) wsi_proc_exit(70);
    int code = main(argc, argv);
    if (code) wsi_proc_exit((uint32_t)code);
}

#endif
