// calls-p2-c OPERATION COUNT: one operation of WASI 0.2, so many times. calls-p1-c does the same on Preview 1.
#include "guest.h"
#include "../common/calls.h"

typedef wasi_filesystem_types_borrow_descriptor_t dir_t;
static dir_t dir;
static wasi_filesystem_types_error_code_t error;
static wasi_io_streams_stream_error_t end;

static dir_t open_path(const char *path, wasi_filesystem_types_open_flags_t how,
                       wasi_filesystem_types_descriptor_flags_t flags,
                       wasi_filesystem_types_own_descriptor_t *own) {
    guest_string_t name = {(uint8_t *)path, strlen(path)};
    if (!wasi_filesystem_types_method_descriptor_open_at(dir, 0, &name, how, flags, own, &error)) __builtin_trap();
    return wasi_filesystem_types_borrow_descriptor(*own);
}

static bool write_to(wasi_io_streams_own_output_stream_t own, uint32_t count) {
    static uint8_t bytes[SMALL];
    wasi_io_streams_borrow_output_stream_t stream = wasi_io_streams_borrow_output_stream(own);
    guest_list_u8_t list = {bytes, SMALL};
    while (count--)
        if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(stream, &list, &end)) return false;
    return true;
}

static bool read_from(dir_t file, uint32_t total, uint32_t piece, uint32_t count) {
    while (count--)
        for (uint32_t at = 0; at < total; at += piece) {
            guest_tuple2_list_u8_bool_t got;
            if (!wasi_filesystem_types_method_descriptor_read(file, piece, at, &got, &error) || got.f0.len != piece)
                return false;
            guest_list_u8_free(&got.f0);
        }
    return true;
}

static bool stream_from(dir_t file, uint32_t count) {
    wasi_io_streams_own_input_stream_t own;
    if (!wasi_filesystem_types_method_descriptor_read_via_stream(file, 0, &own, &error)) return false;
    wasi_io_streams_borrow_input_stream_t stream = wasi_io_streams_borrow_input_stream(own);
    while (count--) {
        guest_list_u8_t got;
        if (!wasi_io_streams_method_input_stream_blocking_read(stream, SMALL, &got, &end) || got.len != SMALL)
            return false;
        guest_list_u8_free(&got);
    }
    return true;
}

static bool list(dir_t file, uint32_t *entries) {
    wasi_filesystem_types_own_directory_entry_stream_t own;
    if (!wasi_filesystem_types_method_descriptor_read_directory(file, &own, &error)) return false;
    wasi_filesystem_types_borrow_directory_entry_stream_t stream =
        wasi_filesystem_types_borrow_directory_entry_stream(own);
    for (;; ++*entries) {
        wasi_filesystem_types_option_directory_entry_t entry;
        if (!wasi_filesystem_types_method_directory_entry_stream_read_directory_entry(stream, &entry, &error))
            return false;
        if (!entry.is_some) break;
        wasi_filesystem_types_option_directory_entry_free(&entry);
    }
    wasi_filesystem_types_directory_entry_stream_drop_own(own);
    return true;
}

static bool repeat(const char *what, uint32_t count) {
    wasi_filesystem_types_own_descriptor_t own;
    wasi_filesystem_types_descriptor_stat_t stat;
    if (!strcmp(what, "write-stdout")) return write_to(wasi_cli_stdout_get_stdout(), count);
    if (!strcmp(what, "write")) {
        wasi_io_streams_own_output_stream_t stream;
        dir_t file = open_path("new", WASI_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE,
                               WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE, &own);
        return wasi_filesystem_types_method_descriptor_write_via_stream(file, 0, &stream, &error) &&
               write_to(stream, count);
    }
    dir_t file = open_path(FILE_NAME, 0, WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &own);
    if (!strcmp(what, "read")) return read_from(file, SMALL, SMALL, count);
    if (!strcmp(what, "read-stream")) return stream_from(file, count);
    if (!strcmp(what, "read-large")) return read_from(file, LARGE, PIECE, count);
    if (!strcmp(what, "stat")) {
        while (count--)
            if (!wasi_filesystem_types_method_descriptor_stat(file, &stat, &error) || stat.size != LARGE) return false;
        return true;
    }
    if (!strcmp(what, "stat-at")) {
        guest_string_t name = {(uint8_t *)FILE_NAME, strlen(FILE_NAME)};
        while (count--)
            if (!wasi_filesystem_types_method_descriptor_stat_at(dir, 0, &name, &stat, &error) || stat.size != LARGE)
                return false;
        return true;
    }
    if (!strcmp(what, "open")) {
        while (count--) {
            open_path(FILE_NAME, 0, WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &own);
            wasi_filesystem_types_descriptor_drop_own(own);
        }
        return true;
    }
    if (!strcmp(what, "clock")) {
        uint64_t now, last = 0;
        for (; count--; last = now)
            if ((now = wasi_clocks_monotonic_clock_now()) < last) return false;
        return true;
    }
    if (!strcmp(what, "readdir")) {
        file = open_path(DIRECTORY_NAME, WASI_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY,
                         WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &own);
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
    dir = wasi_filesystem_types_borrow_descriptor(preopens.ptr[0].f0);
    char what[32] = {0};
    memcpy(what, args.ptr[1].ptr, args.ptr[1].len < 31 ? args.ptr[1].len : 31);
    return repeat(what, number((const char *)args.ptr[2].ptr, args.ptr[2].len));
}
