// Bytes in files: by position, and through streams.
#include "files.h"

void content(fd_t root) {
    own_fd_t own = must_open(root, "data.txt", CREATE | EXCLUSIVE, READ | WRITE);
    fd_t fd = borrow(own);
    guest_string_t again = string("data.txt");
    own_fd_t second;
    report("create it again", FD(open_at)(root, 0, &again, CREATE | EXCLUSIVE, WRITE, &second, &error));

    TYPES(descriptor_flags_t) flags;
    report("get-flags", FD(get_flags)(fd, &flags, &error));
    print(out, "read %y write %y mutate-directory %y\n", !!(flags & READ), !!(flags & WRITE), !!(flags & MUTATE));
    TYPES(descriptor_type_t) type;
    report("get-type", FD(get_type)(fd, &type, &error));
    print(out, "type %s\n", type_name(type));

    put(fd, 0, "0123456789");
    put(fd, 4, "FOUR");
    put(fd, 12, "after a hole");
    show(root, "again-not-there");
    guest_tuple2_list_u8_bool_t got;
    report("read 6 at 3", FD(read)(fd, 6, 3, &got, &error));
    guest_string_t text = {got.f0.ptr, got.f0.len};
    print(out, "[%S]\n", &text);
    guest_list_u8_free(&got.f0);
    report("read the hole", FD(read)(fd, 2, 10, &got, &error));
    print(out, "%u bytes, zero %y\n", (uint64_t)got.f0.len, got.f0.len == 2 && got.f0.ptr[0] == 0 && got.f0.ptr[1] == 0);
    guest_list_u8_free(&got.f0);
    report("read at the end", FD(read)(fd, 10, 24, &got, &error));
    print(out, "%u bytes, end %y\n", (uint64_t)got.f0.len, got.f1);
    guest_list_u8_free(&got.f0);
    report("read nothing", FD(read)(fd, 0, 0, &got, &error));
    print(out, "%u bytes\n", (uint64_t)got.f0.len);
    guest_list_u8_free(&got.f0);
    guest_list_u8_t nothing = {(uint8_t *)1, 0};
    uint64_t written = 99;
    report("write nothing", FD(write)(fd, &nothing, 0, &written, &error));
    print(out, "%u written\n", written);

    report("advise", FD(advise)(fd, 0, 10, WASI_FILESYSTEM_TYPES_ADVICE_SEQUENTIAL, &error));
    report("set-size 9", FD(set_size)(fd, 9, &error));
    report("sync-data", FD(sync_data)(fd, &error));
    report("sync", FD(sync)(fd, &error));
    drop(own);
    show(root, "data.txt");

    own = must_open(root, "data.txt", 0, READ);
    report("sync-data of a read-only file", FD(sync_data)(borrow(own), &error));
    report("sync of a read-only file", FD(sync)(borrow(own), &error));
    guest_list_u8_t byte = {(uint8_t *)"x", 1};
    print(out, "write into a read-only file: refused %y\n", !FD(write)(borrow(own), &byte, 0, &written, &error));
    drop(own);
    own = must_open(root, "data.txt", TRUNCATE, WRITE);
    drop(own);
    show(root, "data.txt");
}

// Reads a stream to its end (at most 200 bytes) and prints that.
static void drain(const char *what, wasi_io_streams_own_input_stream_t stream) {
    char all[201];
    guest_string_t text = {(uint8_t *)all, 0};
    guest_list_u8_t got;
    wasi_io_streams_stream_error_t end;
    while (STREAM(input_stream_blocking_read)(wasi_io_streams_borrow_input_stream(stream), 7, &got, &end)) {
        if (text.len + got.len > 200) __builtin_trap();
        memcpy(all + text.len, got.ptr, got.len);
        text.len += got.len;
        guest_list_u8_free(&got);
    }
    print(out, "%s: [%S], closed %y\n", what, &text, end.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED);
}

static void write_text(wasi_io_streams_own_output_stream_t stream, const char *text) {
    guest_list_u8_t bytes = {(uint8_t *)text, strlen(text)};
    wasi_io_streams_stream_error_t e;
    if (!STREAM(output_stream_blocking_write_and_flush)(wasi_io_streams_borrow_output_stream(stream), &bytes, &e)) __builtin_trap();
}

static void read_a_write_only_file(fd_t root) {
    own_fd_t own = must_open(root, "write-only.txt", CREATE, WRITE);
    wasi_io_streams_own_input_stream_t stream;
    guest_list_u8_t got;
    wasi_io_streams_stream_error_t e;
    if (!FD(read_via_stream)(borrow(own), 0, &stream, &error)) {
        print(out, "a write-only file gives no stream\n");
    } else if (STREAM(input_stream_blocking_read)(wasi_io_streams_borrow_input_stream(stream), 10, &got, &e)) {
        print(out, "READ A WRITE-ONLY FILE\n");
    } else if (e.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
        wasi_io_error_borrow_error_t failure = wasi_io_error_borrow_error(e.val.last_operation_failed);
        error_t code;
        guest_string_t words;
        bool known = TYPES(filesystem_error_code)(failure, &code);
        wasi_io_error_method_error_to_debug_string(failure, &words);
        print(out, "reading failed, code known %y, words for it %y\n", known, words.len > 0);
        guest_string_free(&words);
    } else {
        print(out, "closed without an error\n");
    }
    drop(own);
}

void streams(fd_t root) {
    own_fd_t own = must_open(root, "stream.txt", CREATE, READ | WRITE);
    fd_t fd = borrow(own);
    wasi_io_streams_own_output_stream_t writer;
    report("write-via-stream", FD(write_via_stream)(fd, 0, &writer, &error));
    write_text(writer, "first part, ");
    write_text(writer, "second part.");
    wasi_io_streams_output_stream_drop_own(writer);
    report("write-via-stream at 6", FD(write_via_stream)(fd, 6, &writer, &error));
    write_text(writer, "PART");
    wasi_io_streams_output_stream_drop_own(writer);
    report("append-via-stream", FD(append_via_stream)(fd, &writer, &error));
    write_text(writer, " appended,");
    write_text(writer, " twice");
    wasi_io_streams_output_stream_drop_own(writer);
    put(fd, 0, "F"); // positional again after appending

    wasi_io_streams_own_input_stream_t reader;
    report("read-via-stream", FD(read_via_stream)(fd, 0, &reader, &error));
    drain("all of it", reader);
    wasi_io_streams_input_stream_drop_own(reader);
    report("read-via-stream at 12", FD(read_via_stream)(fd, 12, &reader, &error));
    uint64_t skipped;
    wasi_io_streams_stream_error_t e;
    bool ok = STREAM(input_stream_blocking_skip)(wasi_io_streams_borrow_input_stream(reader), 7, &skipped, &e);
    print(out, "skipped %y %u\n", ok, skipped);
    drain("the rest", reader);
    wasi_io_streams_input_stream_drop_own(reader);
    report("read-via-stream past the end", FD(read_via_stream)(fd, 1000, &reader, &error));
    drain("nothing", reader);
    wasi_io_streams_input_stream_drop_own(reader);

    // From one file to another, without the bytes passing through here.
    own_fd_t copy = must_open(root, "copy.txt", CREATE, READ | WRITE);
    FD(read_via_stream)(fd, 0, &reader, &error);
    FD(write_via_stream)(borrow(copy), 0, &writer, &error);
    uint64_t spliced, total = 0;
    while (STREAM(output_stream_blocking_splice)(wasi_io_streams_borrow_output_stream(writer),
                                                 wasi_io_streams_borrow_input_stream(reader), 9, &spliced, &e))
        total += spliced;
    print(out, "spliced %u\n", total);
    ok = STREAM(output_stream_blocking_write_zeroes_and_flush)(wasi_io_streams_borrow_output_stream(writer), 3, &e);
    wasi_io_streams_input_stream_drop_own(reader);
    wasi_io_streams_output_stream_drop_own(writer);
    guest_tuple2_list_u8_bool_t got;
    FD(read)(borrow(copy), 100, 0, &got, &error);
    print(out, "zeroes %y, copy has %u bytes, ends in zero %y\n", ok, (uint64_t)got.f0.len, got.f0.ptr[got.f0.len - 1] == 0);
    FD(set_size)(borrow(copy), total, &error);
    drop(copy);
    drop(own);
    show(root, "copy.txt");
    read_a_write_only_file(root);
}

// Streams outlive their descriptor, have offsets of their own, and nothing is leaked.
void lifetimes(fd_t root) {
    make(root, "lasting.txt", "abcdefghijklmnopqrstuvwxyz");
    own_fd_t own = must_open(root, "lasting.txt", 0, READ);
    wasi_io_streams_own_input_stream_t first, second;
    FD(read_via_stream)(borrow(own), 0, &first, &error);
    FD(read_via_stream)(borrow(own), 20, &second, &error);
    drop(own);
    guest_list_u8_t got;
    wasi_io_streams_stream_error_t e;
    for (int i = 0; i < 3; i++) {
        wasi_io_streams_own_input_stream_t streams[] = {first, second};
        for (int s = 0; s < 2; s++) {
            if (!STREAM(input_stream_blocking_read)(wasi_io_streams_borrow_input_stream(streams[s]), 2, &got, &e)) __builtin_trap();
            guest_string_t text = {got.ptr, got.len};
            print(out, "stream %d: [%S]\n", s + 1, &text);
            guest_list_u8_free(&got);
        }
    }
    wasi_io_poll_own_pollable_t ready = STREAM(input_stream_subscribe)(wasi_io_streams_borrow_input_stream(first));
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
    print(out, "a file becomes ready: %y\n", wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(ready)));
    wasi_io_poll_pollable_drop_own(ready);
    wasi_io_streams_input_stream_drop_own(first);
    drain("what is left of the second", second);
    wasi_io_streams_input_stream_drop_own(second);

    int opened = 0;
    for (int i = 0; i < 2000; i++) {
        own = must_open(root, "lasting.txt", 0, READ);
        FD(read_via_stream)(borrow(own), 0, &first, &error);
        drop(own);
        wasi_io_streams_input_stream_drop_own(first);
        opened++;
    }
    print(out, "opened and dropped %d times\n", opened);
    own_fd_t all[60];
    for (int i = 0; i < 60; i++) all[i] = must_open(root, "lasting.txt", 0, READ);
    for (int i = 0; i < 60; i++) drop(all[i]);
    print(out, "sixty at once\n");
}
