// Short names for the generated ones, and what the modes share.
#pragma once
#include "guest.h"
#include "../common/p2.h"

#define TYPES(name) wasi_filesystem_types_##name
#define FD(method) wasi_filesystem_types_method_descriptor_##method
#define STREAM(method) wasi_io_streams_method_##method

typedef wasi_filesystem_types_own_descriptor_t own_fd_t;
typedef wasi_filesystem_types_borrow_descriptor_t fd_t;
typedef wasi_filesystem_types_error_code_t error_t;

enum { // descriptor-flags and open-flags
    READ = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ,
    WRITE = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE,
    MUTATE = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_MUTATE_DIRECTORY,
    CREATE = WASI_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE,
    DIRECTORY = WASI_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY,
    EXCLUSIVE = WASI_FILESYSTEM_TYPES_OPEN_FLAGS_EXCLUSIVE,
    TRUNCATE = WASI_FILESYSTEM_TYPES_OPEN_FLAGS_TRUNCATE,
    FOLLOW = WASI_FILESYSTEM_TYPES_PATH_FLAGS_SYMLINK_FOLLOW,
};

extern out_t out;
extern error_t error; // of the last call that failed

const char *error_name(error_t code);
const char *type_name(TYPES(descriptor_type_t) type);

// Prints "what: ok" or the name of the error; gives back `ok`.
bool report(const char *what, bool ok);

// Opens `path` below `dir`, traps where that fails.
own_fd_t must_open(fd_t dir, const char *path, int open_flags, int flags);
void drop(own_fd_t fd);
fd_t borrow(own_fd_t fd);

// Writes `text` at `offset`; traps where that fails or is cut short.
void put(fd_t fd, uint64_t offset, const char *text);

// Makes a file with this text.
void make(fd_t dir, const char *path, const char *text);

// Prints "path: N bytes [text]" or the error. At most 200 bytes.
void show(fd_t dir, const char *path);

void content(fd_t root);   // content.c
void streams(fd_t root);   // content.c
void lifetimes(fd_t root); // content.c
void tree(fd_t root);      // tree.c
void many(fd_t root);      // tree.c
void escape(fd_t root);    // tree.c
void stats(fd_t root);     // stat.c
void same(fd_t root);      // stat.c
