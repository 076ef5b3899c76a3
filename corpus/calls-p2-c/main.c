// calls-p2-c OPERATION COUNT: one operation of WASI 0.2, so many times, through the bindings that wit-bindgen makes.
// calls-raw-p2-c does the same without them, calls-p1-c on Preview 1.
#include "../common/calls-p2.h"

typedef wasi_filesystem_types_borrow_descriptor_t descriptor_t;
static wasi_io_streams_stream_error_t end;

static inline int32_t open_at(int32_t dir, const char *path, size_t length, uint8_t how, uint8_t flags) {
    guest_string_t name = {(uint8_t *)path, length};
    wasi_filesystem_types_own_descriptor_t own;
    if (!wasi_filesystem_types_method_descriptor_open_at((descriptor_t){dir}, 0, &name, how, flags, &own, &error))
        __builtin_trap();
    return own.__handle;
}

static inline void drop_descriptor(int32_t file) {
    wasi_filesystem_types_descriptor_drop_own((wasi_filesystem_types_own_descriptor_t){file});
}

static inline bool write_and_flush(int32_t stream, uint8_t *bytes, uint32_t length) {
    guest_list_u8_t list = {bytes, length};
    return wasi_io_streams_method_output_stream_blocking_write_and_flush(
        (wasi_io_streams_borrow_output_stream_t){stream}, &list, &end);
}

static inline bool read_at(int32_t file, uint32_t length, uint32_t offset) {
    guest_tuple2_list_u8_bool_t got;
    if (!wasi_filesystem_types_method_descriptor_read((descriptor_t){file}, length, offset, &got, &error) ||
        got.f0.len != length)
        return false;
    guest_list_u8_free(&got.f0);
    return true;
}

static inline bool read_on(int32_t stream, uint32_t length) {
    guest_list_u8_t got;
    if (!wasi_io_streams_method_input_stream_blocking_read((wasi_io_streams_borrow_input_stream_t){stream}, length, &got,
                                                           &end) ||
        got.len != length)
        return false;
    guest_list_u8_free(&got);
    return true;
}

static inline uint64_t size_of(int32_t file) {
    wasi_filesystem_types_descriptor_stat_t stat;
    return wasi_filesystem_types_method_descriptor_stat((descriptor_t){file}, &stat, &error) ? stat.size : 0;
}

static inline uint64_t size_at(int32_t dir, const char *path, size_t length) {
    guest_string_t name = {(uint8_t *)path, length};
    wasi_filesystem_types_descriptor_stat_t stat;
    return wasi_filesystem_types_method_descriptor_stat_at((descriptor_t){dir}, 0, &name, &stat, &error) ? stat.size : 0;
}

static inline uint64_t now(void) { return wasi_clocks_monotonic_clock_now(); }

static inline bool next_entry(int32_t stream) {
    wasi_filesystem_types_option_directory_entry_t entry;
    if (!wasi_filesystem_types_method_directory_entry_stream_read_directory_entry(
            (wasi_filesystem_types_borrow_directory_entry_stream_t){stream}, &entry, &error))
        __builtin_trap();
    if (entry.is_some) wasi_filesystem_types_option_directory_entry_free(&entry);
    return entry.is_some;
}
