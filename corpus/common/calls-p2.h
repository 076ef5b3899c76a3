// What `calls-p2-c` and `calls-raw-p2-c` have in common: everything but the calls that are measured. Those are the functions
// declared here, with handles as the numbers that they are.
#pragma once
#include "calls.h"
#include "guest.h"

static inline int32_t open_at(int32_t dir, const char *path, size_t length, uint8_t how, uint8_t flags);
static inline void drop_descriptor(int32_t file);
static inline bool write_and_flush(int32_t stream, uint8_t *bytes, uint32_t length);
// Reads as much as that, and gives the memory back.
static inline bool read_at(int32_t file, uint32_t length, uint32_t offset);
static inline bool read_on(int32_t stream, uint32_t length);
static inline uint64_t size_of(int32_t file);
static inline uint64_t size_at(int32_t dir, const char *path, size_t length);
static inline uint64_t now(void);
// Whether there is another entry, whose memory is given back.
static inline bool next_entry(int32_t stream);

static int32_t dir;
static wasi_filesystem_types_error_code_t error;

static bool write_to(int32_t stream, uint32_t count) {
    static uint8_t bytes[SMALL];
    while (count--)
        if (!write_and_flush(stream, bytes, SMALL)) return false;
    return true;
}

static bool read_from(int32_t file, uint32_t total, uint32_t piece, uint32_t count) {
    while (count--)
        for (uint32_t at = 0; at < total; at += piece)
            if (!read_at(file, piece, at)) return false;
    return true;
}

static bool stream_from(int32_t file, uint32_t count) {
    wasi_io_streams_own_input_stream_t stream;
    wasi_filesystem_types_borrow_descriptor_t from = {file};
    if (!wasi_filesystem_types_method_descriptor_read_via_stream(from, 0, &stream, &error)) return false;
    while (count--)
        if (!read_on(stream.__handle, SMALL)) return false;
    return true;
}

static bool list(int32_t file, uint32_t *entries) {
    wasi_filesystem_types_own_directory_entry_stream_t stream;
    wasi_filesystem_types_borrow_descriptor_t from = {file};
    if (!wasi_filesystem_types_method_descriptor_read_directory(from, &stream, &error)) return false;
    while (next_entry(stream.__handle)) ++*entries;
    wasi_filesystem_types_directory_entry_stream_drop_own(stream);
    return true;
}

static bool repeat(const char *what, uint32_t count) {
    const uint8_t read = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, write = WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE;
    if (!strcmp(what, "write-stdout")) return write_to(wasi_cli_stdout_get_stdout().__handle, count);
    if (!strcmp(what, "write")) {
        wasi_filesystem_types_borrow_descriptor_t file = {
            open_at(dir, NEW_PATH, WASI_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE, write)};
        wasi_io_streams_own_output_stream_t stream;
        return wasi_filesystem_types_method_descriptor_write_via_stream(file, 0, &stream, &error) &&
               write_to(stream.__handle, count);
    }
    int32_t file = open_at(dir, FILE_PATH, 0, read);
    if (!strcmp(what, "read")) return read_from(file, SMALL, SMALL, count);
    if (!strcmp(what, "read-stream")) return stream_from(file, count);
    if (!strcmp(what, "read-large")) return read_from(file, LARGE, PIECE, count);
    if (!strcmp(what, "stat")) {
        while (count--)
            if (size_of(file) != LARGE) return false;
        return true;
    }
    if (!strcmp(what, "stat-at")) {
        while (count--)
            if (size_at(dir, FILE_PATH) != LARGE) return false;
        return true;
    }
    if (!strcmp(what, "open")) {
        while (count--) drop_descriptor(open_at(dir, FILE_PATH, 0, read));
        return true;
    }
    if (!strcmp(what, "clock")) {
        uint64_t time, last = 0;
        for (; count--; last = time)
            if ((time = now()) < last) return false;
        return true;
    }
    if (!strcmp(what, "readdir")) {
        file = open_at(dir, DIRECTORY_PATH, WASI_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY, read);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t entries = 0;
            if (!list(file, &entries) || entries != 1000) return false;
        }
        return true;
    }
    return false;
}

bool exports_wasi_cli_run_run(void) {
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t preopens;
    wasi_filesystem_preopens_get_directories(&preopens);
    if (args.len != 3 || preopens.len == 0) return false;
    dir = preopens.ptr[0].f0.__handle;
    char what[32] = {0};
    memcpy(what, args.ptr[1].ptr, args.ptr[1].len < 31 ? args.ptr[1].len : 31);
    return repeat(what, number((const char *)args.ptr[2].ptr, args.ptr[2].len));
}
