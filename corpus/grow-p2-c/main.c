// A memory that grows under a WASI 0.2 program: by its heap, by memory.grow, and while the host hands over a list.
// What was there before must still be there, new memory must be zero and contiguous, and handles must still work.
#include "guest.h"
#include <stdlib.h>

#include "../common/fnv.h"
#include "../common/p2.h"

enum { BLOCKS = 150, BLOCK = 20000, PAGE = 65536 };

static out_t out;

static unsigned char expected(int i, int j) { return (unsigned char)(i * 7 + j * 13); }

// The heap outgrows the initial pages; prints in between, so that the state of the streams is used while it moves.
static void grow_by_malloc(void) {
    unsigned char *blocks[BLOCKS];
    size_t before = __builtin_wasm_memory_size(0);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK);
        if (!blocks[i]) __builtin_trap();
        for (int j = 0; j < BLOCK; j++) blocks[i][j] = expected(i, j);
        if (i % 50 == 0) print(out, "block %d filled\n", i);
    }
    print(out, "grew by at least 40 pages: %y\n", __builtin_wasm_memory_size(0) - before >= 40);
    uint64_t hash = FNV_START;
    int wrong = 0;
    for (int i = 0; i < BLOCKS; i++) {
        for (int j = 0; j < BLOCK; j++) wrong += blocks[i][j] != expected(i, j);
        hash = fnv1a(hash, blocks[i], BLOCK);
    }
    print(out, "wrong bytes %d, fnv1a64 %x\n", wrong, hash);
    for (int i = 0; i < BLOCKS; i += 2) free(blocks[i]);
}

// memory.grow by hand: the old size comes back, and the pages are zero and writable to their last byte.
static void grow_by_hand(void) {
    size_t before = __builtin_wasm_memory_size(0);
    size_t returned = __builtin_wasm_memory_grow(0, 2);
    unsigned char *fresh = (unsigned char *)(before * PAGE);
    int dirty = 0;
    for (int i = 0; i < 2 * PAGE; i++) dirty += fresh[i] != 0;
    memset(fresh, 0xee, 2 * PAGE);
    print(out, "memory.grow gave the old size: %y, size now right: %y, dirty bytes %d\n", returned == before,
          __builtin_wasm_memory_size(0) == before + 2, dirty);
    int kept = 0;
    for (int i = 0; i < 2 * PAGE; i++) kept += fresh[i] == 0xee;
    print(out, "kept after printing: %y\n", kept == 2 * PAGE);
}

// A list so long that cabi_realloc has to grow the memory in the middle of the host's call.
static void grow_within_a_call(void) {
    size_t before = __builtin_wasm_memory_size(0);
    guest_list_u8_t bytes;
    wasi_random_random_get_random_bytes(1 << 20, &bytes);
    int counts[256] = {0}, missing = 0;
    for (size_t i = 0; i < bytes.len; i++) counts[bytes.ptr[i]]++;
    for (int i = 0; i < 256; i++) missing += counts[i] == 0;
    print(out, "%u random bytes, missing values %d, grew within the call: %y\n", (uint64_t)bytes.len, missing,
          __builtin_wasm_memory_size(0) > before);
    guest_list_u8_free(&bytes);
}

static void refused_growth(void) {
    size_t before = __builtin_wasm_memory_size(0);
    int returned = (int)__builtin_wasm_memory_grow(0, 4096);
    void *volatile too_much = malloc(64u << 20);
    print(out, "past the maximum: %d, 64 MiB given: %y, size unchanged: %y\n", returned, too_much != 0,
          __builtin_wasm_memory_size(0) == before);
}

static void read_stdin(wasi_io_streams_borrow_input_stream_t in) {
    uint64_t hash = FNV_START, total = 0;
    guest_list_u8_t got;
    wasi_io_streams_stream_error_t error;
    while (wasi_io_streams_method_input_stream_blocking_read(in, 65536, &got, &error)) {
        hash = fnv1a(hash, got.ptr, got.len);
        total += got.len;
        guest_list_u8_free(&got);
    }
    print(out, "stdin after growing: %u bytes, fnv1a64 %x\n", total, hash);
}

bool exports_wasi_cli_run_run(void) {
    // All of these are taken before the memory grows and used afterwards.
    wasi_cli_stdout_own_output_stream_t own_out = wasi_cli_stdout_get_stdout();
    wasi_io_streams_own_input_stream_t in = wasi_cli_stdin_get_stdin();
    wasi_io_poll_own_pollable_t timer = wasi_clocks_monotonic_clock_subscribe_duration(1000000);
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    out = wasi_io_streams_borrow_output_stream(own_out);

    grow_by_malloc();
    grow_by_hand();
    grow_within_a_call();
    refused_growth();
    wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(timer));
    print(out, "the old timer has run out: %y\n", wasi_io_poll_method_pollable_ready(wasi_io_poll_borrow_pollable(timer)));
    for (size_t i = 1; i < args.len; i++) print(out, "arg %d is still [%S]\n", (int)i, &args.ptr[i]);
    read_stdin(wasi_io_streams_borrow_input_stream(in));
    wasi_io_poll_pollable_drop_own(timer);
    wasi_io_streams_input_stream_drop_own(in);
    wasi_io_streams_output_stream_drop_own(own_out);
    return true;
}
