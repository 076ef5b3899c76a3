/* An embedding of WAMR:  wamr MODULE [pool=BYTES] [stack=BYTES] [heap=BYTES] COMMAND...
   That of December 2020 is meant, unless WAMR_MAJOR says that it is a later one. */
#include "script.h"
#include "wasm_export.h"

#if WAMR_MAJOR >= 2
typedef uint64_t Offset;
#define lookup(instance, name) wasm_runtime_lookup_function(instance, name)
#else
typedef uint32_t Offset;
#define lookup(instance, name) wasm_runtime_lookup_function(instance, name, NULL)
#endif

static wasm_module_inst_t instance;
static wasm_exec_env_t environment;

static uint32_t allocate(uint32_t bytes) {
    void *native;
    return (uint32_t)wasm_runtime_module_malloc(instance, bytes, &native);
}

static void give(uint32_t pointer) { wasm_runtime_module_free(instance, pointer); }

static int call(const char *name, int count, uint32_t *arguments, uint32_t *result) {
    wasm_function_inst_t function = lookup(instance, name);
    /* What an earlier call has left. */
    wasm_runtime_clear_exception(instance);
    if (!function || !wasm_runtime_call_wasm(environment, function, (uint32_t)count, arguments)) return 0;
    *result = arguments[0];
    return 1;
}

static uint8_t *memory(uint32_t *bytes) {
    Offset start = 0, end = 0;
    *bytes = wasm_runtime_get_app_addr_range(instance, 0, &start, &end) ? (uint32_t)end : 0;
    return wasm_runtime_addr_app_to_native(instance, 0);
}

static const char *why(void) {
    const char *exception = wasm_runtime_get_exception(instance);
    return exception ? exception : "there is none";
}

int main(int argc, char **argv) {
    static const Host host = {allocate, give, call, memory, why};
    /* Without a heap of its own, however small, the runtime has no WASI. */
    uint32_t pool = 0, stack = 16384, heap = 512, size;
    int next = 2;
    for (; next < argc; next++) {
        if (!strncmp(argv[next], "pool=", 5)) pool = number(argv[next] + 5);
        else if (!strncmp(argv[next], "stack=", 6)) stack = number(argv[next] + 6);
        else if (!strncmp(argv[next], "heap=", 5)) heap = number(argv[next] + 5);
        else break;
    }
    RuntimeInitArgs init = {0};
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (pool) {
        init.mem_alloc_type = Alloc_With_Pool;
        init.mem_alloc_option.pool.heap_buf = malloc(pool);
        init.mem_alloc_option.pool.heap_size = pool;
    }
    char error[128];
    if (!wasm_runtime_full_init(&init)) return 2;
    uint8_t *bytes = file(argv[1], &size);
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof error);
    if (module) instance = wasm_runtime_instantiate(module, stack, heap, error, sizeof error);
    if (!instance) return fprintf(stderr, "! %s\n", error), 0;
    environment = wasm_runtime_create_exec_env(instance, stack);
    if (!environment) return fprintf(stderr, "! no execution environment\n"), 0;
    uint32_t none[2] = {0};
    wasm_function_inst_t initialize = lookup(instance, "_initialize");
    if (initialize && !wasm_runtime_call_wasm(environment, initialize, 0, none)) return fprintf(stderr, "! %s\n", why()), 0;
    while (next < argc && command(&host, argv[next])) next++;
    return 0;
}
