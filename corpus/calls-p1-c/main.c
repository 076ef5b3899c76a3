// calls-p1-c OPERATION COUNT: the operations of calls-p2-c, straight on the imports of Preview 1. The memory for a read is
// new each time, as WASI 0.2 hands it out.
#include "../common/calls.h"
#include <stdlib.h>
#include <wasi/api.h>

#define IMPORT(name) __attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__(name))) extern uint32_t

IMPORT("clock_time_get") import_clock_time_get(uint32_t id, uint64_t precision, void *result);
IMPORT("fd_close") import_close(uint32_t fd);
IMPORT("fd_filestat_get") import_filestat(uint32_t fd, void *result);
IMPORT("fd_pread") import_pread(uint32_t fd, const void *vectors, size_t count, uint64_t offset, void *result);
IMPORT("fd_readdir") import_readdir(uint32_t fd, void *buffer, size_t length, uint64_t cookie, void *result);
IMPORT("fd_write") import_write(uint32_t fd, const void *vectors, size_t count, void *result);
IMPORT("path_filestat_get")
import_filestat_at(uint32_t fd, uint32_t flags, const char *path, size_t length, void *result);
IMPORT("path_open")
import_open(uint32_t fd, uint32_t flags, const char *path, size_t length, uint32_t how, uint64_t rights,
            uint64_t inheriting, uint32_t fdflags, void *result);

#define DIR 3

static inline __wasi_fd_t open_at(const char *path, size_t length, __wasi_oflags_t how, __wasi_rights_t rights) {
    __wasi_fd_t fd;
    if (import_open(DIR, 0, path, length, how, rights, 0, 0, &fd)) __builtin_trap();
    return fd;
}

static bool write_to(__wasi_fd_t fd, uint32_t count) {
    static uint8_t bytes[SMALL];
    __wasi_ciovec_t vector = {bytes, SMALL};
    __wasi_size_t done;
    while (count--)
        if (import_write(fd, &vector, 1, &done) || done != SMALL) return false;
    return true;
}

static bool read_from(__wasi_fd_t fd, uint32_t total, uint32_t piece, uint32_t count) {
    while (count--)
        for (uint32_t at = 0; at < total; at += piece) {
            uint8_t *bytes = malloc(piece);
            __wasi_iovec_t vector = {bytes, piece};
            __wasi_size_t done;
            if (import_pread(fd, &vector, 1, at, &done) || done != piece) return false;
            free(bytes);
        }
    return true;
}

static bool list(__wasi_fd_t fd, uint32_t *entries) {
    static uint8_t buffer[SMALL];
    __wasi_dircookie_t cookie = 0;
    for (;;) {
        __wasi_size_t used, at = 0;
        if (import_readdir(fd, buffer, SMALL, cookie, &used)) return false;
        while (used - at >= sizeof(__wasi_dirent_t)) {
            __wasi_dirent_t entry;
            memcpy(&entry, buffer + at, sizeof entry);
            if (used - at - sizeof entry < entry.d_namlen) break;
            const uint8_t *name = buffer + at + sizeof entry;
            bool dots = name[0] == '.' && (entry.d_namlen == 1 || (entry.d_namlen == 2 && name[1] == '.'));
            if (!dots) {
                char *text = malloc(entry.d_namlen);
                memcpy(text, name, entry.d_namlen);
                ++*entries;
                // Nobody may find out that it is given back unread.
                __asm__ volatile("" : : "r"(text) : "memory");
                free(text);
            }
            cookie = entry.d_next;
            at += (__wasi_size_t)sizeof entry + entry.d_namlen;
        }
        if (used < SMALL) return true;
    }
}

static bool repeat(const char *what, uint32_t count) {
    if (!strcmp(what, "write-stdout")) return write_to(1, count);
    if (!strcmp(what, "write")) return write_to(open_at(NEW_PATH, __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_WRITE), count);
    __wasi_fd_t fd = open_at(FILE_PATH, 0, __WASI_RIGHTS_FD_READ);
    if (!strcmp(what, "read")) return read_from(fd, SMALL, SMALL, count);
    if (!strcmp(what, "read-large")) return read_from(fd, LARGE, PIECE, count);
    __wasi_filestat_t stat;
    if (!strcmp(what, "stat")) {
        while (count--)
            if (import_filestat(fd, &stat) || stat.size != LARGE) return false;
        return true;
    }
    if (!strcmp(what, "stat-at")) {
        while (count--)
            if (import_filestat_at(DIR, 0, FILE_PATH, &stat) || stat.size != LARGE) return false;
        return true;
    }
    if (!strcmp(what, "open")) {
        while (count--)
            if (import_close(open_at(FILE_PATH, 0, __WASI_RIGHTS_FD_READ))) return false;
        return true;
    }
    if (!strcmp(what, "clock")) {
        __wasi_timestamp_t now, last = 0;
        for (; count--; last = now)
            if (import_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now) || now < last) return false;
        return true;
    }
    if (!strcmp(what, "readdir")) {
        fd = open_at(DIRECTORY_PATH, __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t entries = 0;
            if (!list(fd, &entries) || entries != 1000) return false;
        }
        return true;
    }
    return false;
}

int main(int argc, char **argv) {
    return argc != 3 || !repeat(argv[1], number(argv[2], strlen(argv[2])));
}
