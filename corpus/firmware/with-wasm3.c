/* wasm3 0.4.7, with a function to print and what programs for WASI need to print and to end. */
#include <stddef.h>

#include "m3_api_defs.h"
#include "m3_env.h"
#include "runs.h"
#include "wasm3.h"

const char runtime_name[] = "wasm3 0.4.7";

static int exit_code;

/* The memory of the guest from an address on, if it has that many bytes there. This wasm3 does not check. */
static void *bytes_at(IM3Runtime runtime, uint32_t address, uint64_t length) {
    uint32_t size;
    uint8_t *memory = m3_GetMemory(runtime, &size, 0);
    return memory && address <= size && length <= size - address ? memory + address : NULL;
}

m3ApiRawFunction(env_print) {
    m3ApiGetArg(uint32_t, address)
    m3ApiGetArg(uint32_t, length)
    const char *text = bytes_at(runtime, address, length);
    if (!text) return m3Err_trapOutOfBoundsMemoryAccess;
    say(text, length);
    return m3Err_none;
}

m3ApiRawFunction(fd_write) {
    m3ApiReturnType(uint32_t)
    m3ApiGetArg(uint32_t, fd)
    m3ApiGetArg(uint32_t, vectors_at)
    m3ApiGetArg(uint32_t, count)
    m3ApiGetArg(uint32_t, written_at)
    const uint32_t *vectors = bytes_at(runtime, vectors_at, (uint64_t)count * 8);
    uint32_t *written = bytes_at(runtime, written_at, 4);
    uint32_t total = 0;
    (void)fd;
    if (!vectors || !written) return m3Err_trapOutOfBoundsMemoryAccess;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t length = vectors[2 * at + 1];
        const char *text = bytes_at(runtime, vectors[2 * at], length);
        if (!text) return m3Err_trapOutOfBoundsMemoryAccess;
        say(text, length);
        total += length;
    }
    *written = total;
    m3ApiReturn(0);
}

m3ApiRawFunction(proc_exit) {
    m3ApiGetArg(uint32_t, code)
    exit_code = (int)code;
    m3ApiTrap(m3Err_trapExit);
}

static M3Result link_function(IM3Module module, const char *from, const char *name, const char *type, M3RawCall function) {
    M3Result result = m3_LinkRawFunction(module, from, name, type, function);
    /* That a module does not import it is fine. */
    return result == m3Err_functionLookupFailed ? m3Err_none : result;
}

static M3Result run_in(IM3Environment environment, IM3Runtime runtime, uint8_t *wasm, uint32_t length, const char *function,
                       bool has_result, int *code) {
    static const char wasi[] = "wasi_snapshot_preview1";
    IM3Module module;
    IM3Function found;
    M3Result result = m3_ParseModule(environment, &module, wasm, length);
    if (result) return result;
    result = m3_LoadModule(runtime, module);
    if (result) {
        m3_FreeModule(module);
        return result;
    }
    result = link_function(module, "env", "print", "v(*i)", env_print);
    if (!result) result = link_function(module, wasi, "fd_write", "i(i*i*)", fd_write);
    if (!result) result = link_function(module, wasi, "proc_exit", "v(i)", proc_exit);
    if (!result) result = m3_FindFunction(&found, runtime, function);
    if (!result) result = m3_CallWithArgs(found, 0, NULL);
    if (result == m3Err_trapExit) {
        *code = exit_code;
        return m3Err_none;
    }
    if (!result && has_result) *code = *(int32_t *)runtime->stack;
    return result;
}

bool run_module(uint8_t *wasm, uint32_t length, const char *function, bool has_result, int *code, const char **why) {
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, 16 * 1024, NULL);
    *why = run_in(environment, runtime, wasm, length, function, has_result, code);
    m3_FreeRuntime(runtime);
    m3_FreeEnvironment(environment);
    return !*why;
}
