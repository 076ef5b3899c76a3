/* Loads a module on an engine and binds its host: on WAMR, or with WASM3 on wasm3. IMPORTS and EXPORTS are those of the world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *why) {
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
    exit(1);
}

static uint8_t bytes[1 << 20];

static uint32_t load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path, "cannot be opened");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return (uint32_t)size;
}

#ifdef WASM3
#ifdef d_m3HasWASI
#include "m3_api_wasi.h"
#else
#define m3_LinkWASI(module) m3Err_none
#endif
#include "p1b_wasm3.h"

static p1b_wasm3 binding;
static p1b_wasm3_link links[IMPORTS + 1];
static IM3Function functions[EXPORTS];

static void boot(p1b_host *host, int count, char **arguments) {
    uint32_t size = load(arguments[1]);
    IM3Environment env = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(env, 64 * 1024, NULL);
    IM3Module module;
    M3Result failed = m3_ParseModule(env, &module, bytes, size);
    if (!failed) failed = m3_LoadModule(runtime, module);
    if (!failed) failed = m3_LinkWASI(module);
    (void)count;
    if (failed) fail("wasm3", failed);
    if (p1b_wasm3_link_world(&binding, host, runtime, module, links, functions)) fail("link", binding.message);
}

/* Why the guest has trapped. */
static inline const char *trap(void) { return binding.message; }

/* Runs the program; why it ended otherwise than well. */
static inline const char *start(int count, char **arguments) {
    IM3Function function;
    M3Result failed = m3_FindFunction(&function, binding.runtime, "_start");
#if P1B_WASM3 < 5
    if (!failed) failed = m3_CallWithArgs(function, (uint32_t)count - 1, (const char *const *)arguments + 1);
#else
    (void)count, (void)arguments;
    if (!failed) failed = m3_CallV(function);
#endif
    return failed && strcmp(failed, m3Err_trapExit) ? failed : NULL;
}
#else
#include "p1b_wamr.h"

static p1b_wamr binding;
static NativeSymbol symbols[IMPORTS + 1];
static wasm_function_inst_t functions[EXPORTS];
static wasm_module_inst_t instance;
static wasm_exec_env_t environment;

static void boot(p1b_host *host, int count, char **arguments) {
    char error[128] = "";
    RuntimeInitArgs init;
    uint32_t size = load(arguments[1]);
    memset(&init, 0, sizeof init);
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", NULL);
    if (!p1b_wamr_register(host->world, symbols)) fail("register", NULL);
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof error);
    if (!module) fail("load", error);
    wasm_runtime_set_wasi_args(module, NULL, 0, NULL, 0, NULL, 0, arguments + 1, count - 1);
    /* Without a heap, however small, this runtime has no WASI. */
    instance = wasm_runtime_instantiate(module, 65536, 512, error, sizeof error);
    if (!instance) fail("instantiate", error);
    environment = wasm_runtime_create_exec_env(instance, 65536);
    p1b_status status = p1b_wamr_bind(&binding, host, instance, environment, functions);
    if (status) fail("bind", p1b_reason(status));
}

static inline const char *trap(void) { return wasm_runtime_get_exception(instance); }

static inline const char *start(int count, char **arguments) {
#if P1B_WAMR == 2
    wasm_function_inst_t function = wasm_runtime_lookup_function(instance, "_start");
#else
    wasm_function_inst_t function = wasm_runtime_lookup_function(instance, "_start", NULL);
#endif
    (void)count, (void)arguments;
    if (function && wasm_runtime_call_wasm(environment, function, 0, NULL)) return NULL;
    const char *exception = wasm_runtime_get_exception(instance);
    return exception && strstr(exception, "wasi proc exit") ? NULL : exception ? exception : "no _start";
}
#endif
