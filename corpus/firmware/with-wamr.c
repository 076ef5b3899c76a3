/* WAMR of December 2020, with a function to print and what programs for WASI need to print and to end. */
#include <string.h>

#include "lib_export.h"
#include "runs.h"
#include "wasm_export.h"

const char runtime_name[] = "WAMR of December 2020";

static char pool[256 * 1024];
static int exit_code;
static bool has_exited;

static void env_print(wasm_exec_env_t env, const char *text, uint32_t length) {
    (void)env;
    say(text, length);
}

static uint32_t fd_write(wasm_exec_env_t env, uint32_t fd, uint32_t *vectors, uint32_t count, uint32_t *written) {
    wasm_module_inst_t instance = wasm_runtime_get_module_inst(env);
    uint32_t total = 0;
    (void)fd;
    if (count > 1024 || !wasm_runtime_validate_native_addr(instance, vectors, count * 8) ||
        !wasm_runtime_validate_native_addr(instance, written, 4))
        return 0;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t address = vectors[2 * at], length = vectors[2 * at + 1];
        if (!wasm_runtime_validate_app_addr(instance, (int32_t)address, (int32_t)length)) return 0;
        say(wasm_runtime_addr_app_to_native(instance, (int32_t)address), length);
        total += length;
    }
    *written = total;
    return 0;
}

static void proc_exit(wasm_exec_env_t env, uint32_t code) {
    exit_code = (int)code;
    has_exited = true;
    wasm_runtime_set_exception(wasm_runtime_get_module_inst(env), "exit");
}

static NativeSymbol natives_of_env[] = {{"print", (void *)env_print, "(*~)", NULL}};
static NativeSymbol natives_of_wasi[] = {
    {"fd_write", (void *)fd_write, "(i*i*)i", NULL},
    {"proc_exit", (void *)proc_exit, "(i)", NULL},
};

static bool call(wasm_module_inst_t instance, const char *function, bool has_result, int *code, char *why, uint32_t size) {
    wasm_function_inst_t found = wasm_runtime_lookup_function(instance, function, has_result ? "()i32" : "()");
    wasm_exec_env_t env = wasm_runtime_create_exec_env(instance, 16 * 1024);
    uint32_t values[2] = {0, 0};
    bool fine = false;
    strncpy(why, found ? "no memory for the stack" : "the function is not exported", size - 1);
    has_exited = false;
    if (found && env) {
        fine = wasm_runtime_call_wasm(env, found, 0, values);
        *code = (int)values[0];
        if (has_exited) {
            fine = true;
            *code = exit_code;
        }
        if (!fine) strncpy(why, wasm_runtime_get_exception(instance), size - 1);
    }
    if (env) wasm_runtime_destroy_exec_env(env);
    return fine;
}

bool run_module(uint8_t *wasm, uint32_t length, const char *function, bool has_result, int *code, const char **why) {
    static char error[128];
    RuntimeInitArgs args;
    bool fine = false;
    memset(&args, 0, sizeof args);
    args.mem_alloc_type = Alloc_With_Pool;
    args.mem_alloc_option.pool.heap_buf = pool;
    args.mem_alloc_option.pool.heap_size = sizeof pool;
    *why = error;
    if (!wasm_runtime_full_init(&args)) {
        strcpy(error, "the runtime does not start");
        return false;
    }
    wasm_runtime_register_natives("env", natives_of_env, sizeof natives_of_env / sizeof *natives_of_env);
    wasm_runtime_register_natives("wasi_snapshot_preview1", natives_of_wasi, sizeof natives_of_wasi / sizeof *natives_of_wasi);
    wasm_module_t module = wasm_runtime_load(wasm, length, error, sizeof error);
    if (module) {
        wasm_module_inst_t instance = wasm_runtime_instantiate(module, 16 * 1024, 0, error, sizeof error);
        if (instance) {
            fine = call(instance, function, has_result, code, error, sizeof error);
            wasm_runtime_deinstantiate(instance);
        }
        wasm_runtime_unload(module);
    }
    wasm_runtime_destroy();
    return fine;
}
