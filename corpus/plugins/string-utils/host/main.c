// A host on WAMR with several plugins at once:  host PLUGIN...
//
// It calls each, replaces the first one by the last while the others stay, and goes on when one traps.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p1b_wamr.h"
#include "plugin_host.h"

enum { PLUGINS = 4, SCRATCH = 2048 };

// A plugin in its place: everything about it is here, so that another one can take it.
typedef struct {
    const char *name;
    uint8_t *bytes;
    wasm_module_t module;
    wasm_module_inst_t instance;
    wasm_exec_env_t environment;
    wasm_function_inst_t functions[PLUGIN_EXPORTS];
    uint8_t scratch[SCRATCH];
    p1b_wamr binding;
    p1b_host host;
} place;

static place places[PLUGINS];

static void fail(const char *what, const char *why) {
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

// What plugins import.
void plugin_log(p1b_host *host, plugin_level_t level, p1b_string message) {
    const place *of = host->user;
    printf("  [%s] %s: %.*s\n", level == PLUGIN_LEVEL_WARNING ? "warning" : "info", of->name, (int)message.len, message.ptr);
}

static void load(place *at, const char *path) {
    char error[128] = "";
    FILE *file = fopen(path, "rb");
    const char *name = strrchr(path, '/');
    long size = 0;
    if (!file) fail(path, "cannot be opened");
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    at->name = name ? name + 1 : path;
    at->bytes = malloc((size_t)size);
    if (!at->bytes || fread(at->bytes, 1, (size_t)size, file) != (size_t)size) fail(path, "cannot be read");
    fclose(file);
    at->module = wasm_runtime_load(at->bytes, (uint32_t)size, error, sizeof error);
    if (!at->module) fail(path, error);
    // Without a heap, however small, this runtime has no WASI.
    at->instance = wasm_runtime_instantiate(at->module, 16384, 512, error, sizeof error);
    if (!at->instance) fail(path, error);
    at->environment = wasm_runtime_create_exec_env(at->instance, 16384);
    p1b_init(&at->host, &plugin_world, at->scratch, sizeof at->scratch, NULL, 0);
    at->host.user = at;
    p1b_status status = p1b_wamr_bind(&at->binding, &at->host, at->instance, at->environment, at->functions);
    if (!status) status = plugin_initialize(&at->host);
    if (status) fail(path, p1b_reason(status));
}

static void unload(place *at) {
    wasm_runtime_destroy_exec_env(at->environment);
    wasm_runtime_deinstantiate(at->instance);
    wasm_runtime_unload(at->module);
    free(at->bytes);
    memset(at, 0, sizeof *at);
}

// One round with a plugin; what it gives is printed, and given back.
static p1b_status use(place *at, const char *text) {
    exports_local_string_utils_processor_counter_t counter;
    plugin_list_string_t words;
    p1b_string loud;
    p1b_held held;
    p1b_status status;
    uint32_t first = 0, second = 0, total = 0;
    printf("%s:\n", at->name);
    status = exports_local_string_utils_processor_uppercase(&at->host, p1b_text(text), &loud, &held);
    if (status) return status;
    printf("  %.*s\n", (int)loud.len, loud.ptr);
    if ((status = p1b_done(&at->host, &held))) return status;
    status = exports_local_string_utils_processor_words(&at->host, p1b_text(text), &words, &held);
    if (status) return status;
    for (size_t i = 0; i < words.len; i++) printf("  %zu. %.*s\n", i + 1, (int)words.ptr[i].len, words.ptr[i].ptr);
    if ((status = p1b_done(&at->host, &held))) return status;
    status = exports_local_string_utils_processor_constructor_counter(&at->host, &counter);
    if (!status) status = exports_local_string_utils_processor_method_counter_add(&at->host, counter, p1b_text(text), &first);
    if (!status) status = exports_local_string_utils_processor_method_counter_add(&at->host, counter, p1b_text("gr\303\274n"), &second);
    if (!status) status = exports_local_string_utils_processor_method_counter_total(&at->host, counter, &total);
    if (status) return status;
    printf("  %u + %u = %u characters\n", first, second, total);
    return exports_local_string_utils_processor_counter_drop(&at->host, counter);
}

int main(int argc, char **argv) {
    static NativeSymbol symbols[PLUGIN_IMPORTS];
    RuntimeInitArgs init;
    int count = argc - 1;
    if (count < 2 || count > PLUGINS) fail("usage", "host PLUGIN PLUGIN...");
    memset(&init, 0, sizeof init);
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", "does not start");
    // Once for all plugins.
    if (!p1b_wamr_register(&plugin_world, symbols)) fail("WAMR", "takes no functions");
    for (int i = 0; i < count; i++) load(&places[i], argv[i + 1]);
    for (int i = 0; i < count; i++) {
        p1b_status status = use(&places[i], "a text  in words");
        if (status) fail(places[i].name, p1b_reason(status));
    }
    // One is replaced while the others stay as they are.
    printf("replaced: %s\n", places[0].name);
    unload(&places[0]);
    load(&places[0], argv[count]);
    // One traps. It is of no use any more, and no other plugin notices.
    p1b_status status = exports_local_string_utils_processor_crash(&places[1].host);
    printf("%s: %s\n", places[1].name, p1b_reason(status));
    unload(&places[1]);
    for (int i = 0; i < count; i++) {
        if (i == 1) continue;
        status = use(&places[i], "");
        if (status) fail(places[i].name, p1b_reason(status));
        unload(&places[i]);
    }
    wasm_runtime_destroy();
    return 0;
}
