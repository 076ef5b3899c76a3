// A library with state on WASI 0.2. A host or linker that loses _initialize is found out: the state then is 0.
#include "guest.h"
#include <stdlib.h>

#include "../common/p2.h"

static uint32_t counter;
static uint32_t *table;

__attribute__((constructor)) static void set_up(void) {
    counter = 1000;
    table = malloc(64 * sizeof *table);
    for (uint32_t i = 0; table && i < 64; i++) table[i] = i * i;
}

uint32_t exports_corpus_reactor_p2_c_library_add(uint32_t a, uint32_t b) { return a + b; }

uint32_t exports_corpus_reactor_p2_c_library_count(void) { return ++counter; }

uint32_t exports_corpus_reactor_p2_c_library_square(uint32_t i) { return table && i < 64 ? table[i] : 0xffffffff; }

uint32_t exports_corpus_reactor_p2_c_library_say(uint32_t n) {
    wasi_cli_stdout_own_output_stream_t out = wasi_cli_stdout_get_stdout();
    print(wasi_io_streams_borrow_output_stream(out), "reactor says %u, counter %u\n", (uint64_t)n, (uint64_t)counter);
    wasi_io_streams_output_stream_drop_own(out);
    return 28 + (n > 9);
}

void exports_corpus_reactor_p2_c_library_greet(guest_string_t *name, guest_string_t *ret) {
    ret->len = name->len + 8;
    ret->ptr = malloc(ret->len);
    memcpy(ret->ptr, "Hello, ", 7);
    memcpy(ret->ptr + 7, name->ptr, name->len);
    ret->ptr[7 + name->len] = '!';
    guest_string_free(name);
}

void exports_corpus_reactor_p2_c_library_join(guest_list_string_t *words, guest_string_t *between, guest_string_t *ret) {
    size_t length = 0;
    for (size_t i = 0; i < words->len; i++) length += words->ptr[i].len + (i ? between->len : 0);
    ret->ptr = malloc(length ? length : 1);
    ret->len = length;
    uint8_t *at = ret->ptr;
    for (size_t i = 0; i < words->len; i++) {
        if (i) at = (uint8_t *)memcpy(at, between->ptr, between->len) + between->len;
        at = (uint8_t *)memcpy(at, words->ptr[i].ptr, words->ptr[i].len) + words->ptr[i].len;
    }
    guest_list_string_free(words);
    guest_string_free(between);
}

uint32_t exports_guest_version(void) { return 10200; }
