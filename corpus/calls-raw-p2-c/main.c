// calls-raw-p2-c OPERATION COUNT: the operations of calls-p2-c straight on the imports, as calls-p1-c does them straight
// on those of Preview 1. Results are left where the host writes them.
#include "../common/calls-p2.h"
#include <stdlib.h>

#define IMPORT(interface, name) \
    __attribute__((__import_module__("wasi:" interface "@0.2.12"), __import_name__(name))) extern

IMPORT("filesystem/types", "[method]descriptor.open-at")
void import_open_at(int32_t dir, int32_t follow, const char *path, size_t length, int32_t how, int32_t flags, void *result);
IMPORT("filesystem/types", "[resource-drop]descriptor") void import_drop_descriptor(int32_t file);
IMPORT("filesystem/types", "[method]descriptor.read")
void import_read(int32_t file, int64_t length, int64_t offset, void *result);
IMPORT("filesystem/types", "[method]descriptor.stat") void import_stat(int32_t file, void *result);
IMPORT("filesystem/types", "[method]descriptor.stat-at")
void import_stat_at(int32_t dir, int32_t follow, const char *path, size_t length, void *result);
IMPORT("filesystem/types", "[method]directory-entry-stream.read-directory-entry")
void import_read_directory_entry(int32_t stream, void *result);
IMPORT("io/streams", "[method]output-stream.blocking-write-and-flush")
void import_write_and_flush(int32_t stream, const uint8_t *bytes, size_t length, void *result);
IMPORT("io/streams", "[method]input-stream.blocking-read")
void import_blocking_read(int32_t stream, int64_t length, void *result);
IMPORT("clocks/monotonic-clock", "now") int64_t import_now(void);

// In place of that of the bindings, which is weak.
__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    (void)old_size, (void)align;
    return old ? realloc(old, size) : malloc(size);
}

static inline int32_t open_at(int32_t dir, const char *path, size_t length, uint8_t how, uint8_t flags) {
    struct { uint8_t is_error; int32_t own; } result;
    import_open_at(dir, 0, path, length, how, flags, &result);
    if (result.is_error) __builtin_trap();
    return result.own;
}

static inline void drop_descriptor(int32_t file) { import_drop_descriptor(file); }

static inline bool write_and_flush(int32_t stream, uint8_t *bytes, uint32_t length) {
    struct { uint8_t is_error, error_case; int32_t error; } result;
    import_write_and_flush(stream, bytes, length, &result);
    return !result.is_error;
}

static inline bool read_at(int32_t file, uint32_t length, uint32_t offset) {
    struct { uint8_t is_error; guest_list_u8_t bytes; bool is_end; } result;
    import_read(file, length, offset, &result);
    if (result.is_error || result.bytes.len != length) return false;
    free(result.bytes.ptr);
    return true;
}

static inline bool read_on(int32_t stream, uint32_t length) {
    struct { uint8_t is_error; guest_list_u8_t bytes; } result;
    import_blocking_read(stream, length, &result);
    if (result.is_error || result.bytes.len != length) return false;
    free(result.bytes.ptr);
    return true;
}

struct stat_result { uint8_t is_error; wasi_filesystem_types_descriptor_stat_t stat; };

static inline uint64_t size_of(int32_t file) {
    struct stat_result result;
    import_stat(file, &result);
    return result.is_error ? 0 : result.stat.size;
}

static inline uint64_t size_at(int32_t dir, const char *path, size_t length) {
    struct stat_result result;
    import_stat_at(dir, 0, path, length, &result);
    return result.is_error ? 0 : result.stat.size;
}

static inline uint64_t now(void) { return (uint64_t)import_now(); }

static inline bool next_entry(int32_t stream) {
    struct { uint8_t is_error; wasi_filesystem_types_option_directory_entry_t entry; } result;
    import_read_directory_entry(stream, &result);
    if (result.is_error) __builtin_trap();
    if (result.entry.is_some) free(result.entry.val.name.ptr);
    return result.entry.is_some;
}
