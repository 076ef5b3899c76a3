// What digest-p1-c does, with the streams of WASI 0.2.
#include "guest.h"
#include "../common/digest.h"

typedef wasi_filesystem_types_own_descriptor_t file_t;
typedef wasi_filesystem_types_borrow_descriptor_t dir_t;

static bool open_data(dir_t dir, wasi_filesystem_types_open_flags_t how, wasi_filesystem_types_descriptor_flags_t what,
                      file_t *file) {
    guest_string_t path;
    guest_string_set(&path, "data.bin");
    wasi_filesystem_types_error_code_t error;
    return wasi_filesystem_types_method_descriptor_open_at(dir, 0, &path, how, what, file, &error);
}

static bool write_bytes(wasi_io_streams_borrow_output_stream_t out, void *bytes, size_t length) {
    guest_list_u8_t list = {bytes, length};
    wasi_io_streams_stream_error_t error;
    return wasi_io_streams_method_output_stream_blocking_write_and_flush(out, &list, &error);
}

static bool write_data(dir_t dir) {
    static uint8_t piece[PIECE];
    file_t file;
    wasi_io_streams_own_output_stream_t stream;
    wasi_filesystem_types_error_code_t error;
    if (!open_data(dir, WASI_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE | WASI_FILESYSTEM_TYPES_OPEN_FLAGS_TRUNCATE,
                   WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE, &file))
        return false;
    if (!wasi_filesystem_types_method_descriptor_write_via_stream(wasi_filesystem_types_borrow_descriptor(file), 0, &stream, &error))
        return false;
    for (uint32_t n = 0; n < PIECES; n++) {
        fill_piece(piece, n);
        if (!write_bytes(wasi_io_streams_borrow_output_stream(stream), piece, PIECE)) return false;
    }
    wasi_io_streams_output_stream_drop_own(stream);
    wasi_filesystem_types_descriptor_drop_own(file);
    return true;
}

static bool read_data(dir_t dir, wasi_io_streams_borrow_output_stream_t out) {
    file_t file;
    wasi_io_streams_own_input_stream_t stream;
    wasi_filesystem_types_error_code_t error;
    if (!open_data(dir, 0, WASI_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ, &file)) return false;
    if (!wasi_filesystem_types_method_descriptor_read_via_stream(wasi_filesystem_types_borrow_descriptor(file), 0, &stream, &error))
        return false;
    uint64_t hash = FNV_START;
    guest_list_u8_t got;
    wasi_io_streams_stream_error_t end;
    for (uint32_t n = 0; wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(stream), PIECE, &got, &end); n++) {
        hash = fnv1a(hash, got.ptr, got.len);
        char line[64];
        if (!write_bytes(out, line, describe_piece(line, n, got.len, hash))) return false;
        guest_list_u8_free(&got);
    }
    wasi_io_streams_input_stream_drop_own(stream);
    wasi_filesystem_types_descriptor_drop_own(file);
    return end.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
}

bool exports_wasi_cli_run_run(void) {
    wasi_filesystem_preopens_list_tuple2_own_descriptor_string_t preopens;
    wasi_filesystem_preopens_get_directories(&preopens);
    if (preopens.len == 0) return false;
    dir_t dir = wasi_filesystem_types_borrow_descriptor(preopens.ptr[0].f0);
    wasi_cli_stdout_own_output_stream_t out = wasi_cli_stdout_get_stdout();
    return write_data(dir) && read_data(dir, wasi_io_streams_borrow_output_stream(out));
}
