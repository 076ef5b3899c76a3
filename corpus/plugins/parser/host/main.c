// A host on WAMR with plugins of two versions of one interface side by side:  host PLUGIN...
//
// It has glue of both. Which one a plugin is of, its exports say.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p1b_wamr.h"
#include "v1_plugin_host.h"
#include "v2_plugin_host.h"

enum { SCRATCH = 64 * 1024 };

// What plugins read, from the byte source.
typedef struct {
    uint8_t bytes[8192];
    size_t size;
} source;

// What the messages of both versions have.
typedef struct {
    uint64_t time;
    uint8_t level;
    const p1b_string *source;
    const uint32_t *thread;
    p1b_string text;
} message;

static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};

static void fail(const char *what, const char *why) {
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static uint64_t size_of(p1b_host *host) { return ((const source *)host->user)->size; }

// A view of the bytes: they stay where they are.
static size_t part(p1b_host *host, uint64_t offset, uint32_t length, const uint8_t **at) {
    const source *of = host->user;
    if (offset >= of->size) return 0;
    *at = of->bytes + offset;
    return length < of->size - offset ? length : of->size - (size_t)offset;
}

uint64_t v1_chip_parser_byte_source_size(p1b_host *host) { return size_of(host); }
uint64_t v2_chip_parser_byte_source_size(p1b_host *host) { return size_of(host); }

void v1_chip_parser_byte_source_read(p1b_host *host, uint64_t offset, uint32_t length, v1_plugin_list_u8_t *ret) {
    ret->len = part(host, offset, length, &ret->ptr);
}
void v2_chip_parser_byte_source_read(p1b_host *host, uint64_t offset, uint32_t length, v2_plugin_list_u8_t *ret) {
    ret->len = part(host, offset, length, &ret->ptr);
}

static void show(const message *of) {
    printf("  %" PRIu64 " %s ", of->time, levels[of->level]);
    if (of->source) printf("from %.*s ", (int)of->source->len, of->source->ptr);
    if (of->thread) printf("thread %" PRIu32 " ", *of->thread);
    printf("\"%.*s\"\n", (int)of->text.len, of->text.ptr);
}

static void show_failure(uint8_t tag, uint32_t line) {
    if (tag == V1_EXPORTS_CHIP_PARSER_PARSER_FAILURE_EMPTY) printf("  nothing\n");
    else printf("  line %" PRIu32 " is %s\n", line, tag == V1_EXPORTS_CHIP_PARSER_PARSER_FAILURE_TEXT ? "not UTF-8" : "none of a log");
}

// Prints a result: all of it, or how many messages it has and the last one.
#define SHOW(result, thread_of, all) \
    do { \
        if ((result).is_err) { \
            show_failure((result).val.err.tag, (result).val.err.val.line); \
            break; \
        } \
        size_t count = (result).val.ok.len; \
        if (!(all)) printf("  %zu messages, the last one:\n", count); \
        for (size_t i = (all) ? 0 : count - 1; i < count; i++) { \
            message one = {(result).val.ok.ptr[i].time, (result).val.ok.ptr[i].level, NULL, NULL, (result).val.ok.ptr[i].text}; \
            if ((result).val.ok.ptr[i].source.is_some) one.source = &(result).val.ok.ptr[i].source.val; \
            one.thread = thread_of((result).val.ok.ptr[i]); \
            show(&one); \
        } \
    } while (0)

#define NO_THREAD(of) NULL
#define THREAD(of) ((of).thread.is_some ? &(of).thread.val : NULL)

static const struct {
    const char *bytes;
    size_t size;
} logs[] = {
#define LOG(text) {text, sizeof text - 1}
    LOG("0 trace boot\n1500 warn [net] link is down\n1750 info [net:7] link is up, gr\303\266\303\237er\n9000000000 error [disk:x] full\n"),
    LOG("12 info ok\nno number\n"),
    LOG("12 info \377\n"),
    LOG(""),
};

enum { LOGS = sizeof logs / sizeof *logs };

static p1b_status use_v1(p1b_host *host) {
    p1b_string version;
    v1_exports_chip_parser_parser_result_list_message_failure_t result;
    p1b_held held;
    p1b_status status = v1_exports_chip_parser_parser_version(host, &version, &held);
    if (status) return status;
    printf("%.*s\n", (int)version.len, version.ptr);
    if ((status = p1b_done(host, &held))) return status;
    for (size_t i = 0; i < LOGS; i++) {
        v1_plugin_list_u8_t bytes = {(const uint8_t *)logs[i].bytes, logs[i].size};
        if ((status = v1_exports_chip_parser_parser_parse(host, &bytes, &result, &held))) return status;
        SHOW(result, NO_THREAD, true);
        if ((status = p1b_done(host, &held))) return status;
    }
    if ((status = v1_exports_chip_parser_parser_parse_source(host, &result, &held))) return status;
    SHOW(result, NO_THREAD, false);
    return p1b_done(host, &held);
}

static p1b_status use_v2(p1b_host *host) {
    p1b_string version;
    v2_exports_chip_parser_parser_result_list_message_failure_t result;
    v2_exports_chip_parser_parser_list_tuple2_level_u32_t tally;
    p1b_held held;
    p1b_status status = v2_exports_chip_parser_parser_version(host, &version, &held);
    if (status) return status;
    printf("%.*s\n", (int)version.len, version.ptr);
    if ((status = p1b_done(host, &held))) return status;
    for (size_t i = 0; i < LOGS; i++) {
        v2_plugin_list_u8_t bytes = {(const uint8_t *)logs[i].bytes, logs[i].size};
        if ((status = v2_exports_chip_parser_parser_parse(host, &bytes, &result, &held))) return status;
        SHOW(result, THREAD, true);
        if ((status = p1b_done(host, &held))) return status;
    }
    if ((status = v2_exports_chip_parser_parser_parse_source(host, &result, &held))) return status;
    SHOW(result, THREAD, false);
    if ((status = p1b_done(host, &held))) return status;
    if ((status = v2_exports_chip_parser_parser_tally(host, &tally, &held))) return status;
    for (size_t i = 0; i < tally.len; i++) printf("  %s: %" PRIu32 "\n", levels[tally.ptr[i].f0], tally.ptr[i].f1);
    return p1b_done(host, &held);
}

static void plugin(const char *path) {
    static uint8_t scratch[SCRATCH], bytes[1 << 18];
    static wasm_function_inst_t functions[V2_PLUGIN_EXPORTS];
    static source of;
    char error[128] = "";
    p1b_host host;
    p1b_wamr binding;
    bool second = false;
    FILE *file = fopen(path, "rb");
    if (!file) fail(path, "cannot be opened");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    of.size = 0;
    for (int i = 0; i < 150; i++)
        of.size += (size_t)snprintf((char *)of.bytes + of.size, sizeof of.bytes - of.size, "%d %s [job:%d] step %d of 150\n", i * 40,
                                    levels[i % 5], i % 3, i + 1);
    wasm_module_t module = wasm_runtime_load(bytes, (uint32_t)size, error, sizeof error);
    if (!module) fail(path, error);
    wasm_module_inst_t instance = wasm_runtime_instantiate(module, 16384, 512, error, sizeof error);
    if (!instance) fail(path, error);
    wasm_exec_env_t environment = wasm_runtime_create_exec_env(instance, 16384);
    p1b_init(&host, &v1_plugin_world, scratch, sizeof scratch, NULL, 0);
    p1b_status status = p1b_wamr_bind(&binding, &host, instance, environment, functions);
    if (status == P1B_MISSING) {
        second = true;
        p1b_init(&host, &v2_plugin_world, scratch, sizeof scratch, NULL, 0);
        status = p1b_wamr_bind(&binding, &host, instance, environment, functions);
    }
    host.user = &of;
    if (!status) status = second ? v2_plugin_initialize(&host) : v1_plugin_initialize(&host);
    if (!status) status = second ? use_v2(&host) : use_v1(&host);
    if (status) fail(path, p1b_reason(status));
    wasm_runtime_destroy_exec_env(environment);
    wasm_runtime_deinstantiate(instance);
    wasm_runtime_unload(module);
}

int main(int argc, char **argv) {
    static NativeSymbol first[V1_PLUGIN_IMPORTS], second[V2_PLUGIN_IMPORTS];
    RuntimeInitArgs init;
    memset(&init, 0, sizeof init);
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", "does not start");
    // The names of functions have the version, so that neither takes the other's.
    if (!p1b_wamr_register(&v1_plugin_world, first) || !p1b_wamr_register(&v2_plugin_world, second)) fail("WAMR", "takes no functions");
    for (int i = 1; i < argc; i++) plugin(argv[i]);
    wasm_runtime_destroy();
    return 0;
}
