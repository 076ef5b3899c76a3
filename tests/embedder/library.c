/* Calls a flat library from C, on WAMR of 2020:  library MODULE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wasm_export.h"

#define LIBRARY "corpus:reactor-p2-c/library@1.2.0#"

static wasm_module_inst_t instance;
static wasm_exec_env_t environment;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
    exit(1);
}

/* Calls an export. The arguments are core values of 32 bits; the result replaces the first. */
static uint32_t call(const char *name, uint32_t count, uint32_t *values) {
    wasm_function_inst_t function = wasm_runtime_lookup_function(instance, name, NULL);
    if (!function) fail(name, "the module does not export it");
    /* After a trap the instance cannot be used any more. */
    if (!wasm_runtime_call_wasm(environment, function, count, values)) fail(name, wasm_runtime_get_exception(instance));
    return values[0];
}

/* Bytes of the module's memory. The memory may move when the module runs, so ask again after every call. */
static void *at(uint32_t address, uint32_t length) {
    if (!wasm_runtime_validate_app_addr(instance, (int32_t)address, (int32_t)length)) fail("memory", "outside of it");
    return wasm_runtime_addr_app_to_native(instance, (int32_t)address);
}

/* Room in the module: cabi_realloc(old, old size, alignment, size). */
static uint32_t room(uint32_t alignment, uint32_t size) {
    uint32_t values[4] = {0, 0, alignment, size};
    return call("cabi_realloc", 4, values);
}

static uint32_t string(const char *text) {
    uint32_t length = (uint32_t)strlen(text), address = room(1, length);
    if (length) memcpy(at(address, length), text, length);
    return address;
}

/* Prints the string that a result area holds, and has the library free it. */
static void print_result(const char *post_return, uint32_t area) {
    uint32_t pair[2];
    memcpy(pair, at(area, sizeof pair), sizeof pair);
    printf("%.*s\n", (int)pair[1], pair[1] ? (char *)at(pair[0], pair[1]) : "");
    call(post_return, 1, &area);
}

int main(int argc, char **argv) {
    if (argc != 2) fail("usage", "library MODULE");
    FILE *file = fopen(argv[1], "rb");
    if (!file) fail(argv[1], "cannot be opened");
    fseek(file, 0, SEEK_END);
    uint32_t size = (uint32_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(size);
    if (!bytes || fread(bytes, 1, size, file) != size) fail(argv[1], "cannot be read");
    fclose(file);

    char error[128] = "";
    RuntimeInitArgs init = {0};
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", "does not start");
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof error);
    if (!module) fail("load", error);
    /* Without a heap, however small, this runtime has no WASI. */
    instance = wasm_runtime_instantiate(module, 16384, 512, error, sizeof error);
    if (!instance) fail("instantiate", error);
    environment = wasm_runtime_create_exec_env(instance, 16384);
    if (!environment) fail("environment", NULL);

    /* First of all, once. */
    uint32_t none[1] = {0};
    call("_initialize", 0, none);

    /* add: func(a: u32, b: u32) -> u32 */
    uint32_t sum[2] = {40, 2};
    printf("%u\n", call(LIBRARY "add", 2, sum));

    /* greet: func(name: string) -> string. A string is its address and length; the library frees it. */
    uint32_t name[2] = {string("C"), 1};
    print_result("cabi_post_" LIBRARY "greet", call(LIBRARY "greet", 2, name));

    /* join: func(words: list<string>, between: string) -> string. A list is the address of its elements and
     * their number; each element is the address and length of a string. */
    const char *const texts[] = {"one", "two", "three"};
    uint32_t words = room(4, sizeof texts / sizeof *texts * 8);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t pair[2] = {string(texts[i]), (uint32_t)strlen(texts[i])};
        memcpy(at(words + 8 * i, 8), pair, 8);
    }
    uint32_t joined[4] = {words, 3, string(", "), 2};
    print_result("cabi_post_" LIBRARY "join", call(LIBRARY "join", 4, joined));

    wasm_runtime_destroy_exec_env(environment);
    wasm_runtime_deinstantiate(instance);
    wasm_runtime_unload(module);
    wasm_runtime_destroy();
    return 0;
}
