/* An embedding of wasm3, which has no function to allocate in a module: it calls the one that is exported.
 *
 *   wasm3 MODULE COMMAND... */
#include "script.h"

#include "m3_api_wasi.h"
#include "m3_env.h"

static IM3Runtime runtime;
static M3Result last;

static int call(const char *name, int count, uint32_t *arguments, uint32_t *result) {
    IM3Function function;
    char words[8][12];
    const char *given[8];
    for (int i = 0; i < count; i++) {
        snprintf(words[i], sizeof words[i], "%u", arguments[i]);
        given[i] = words[i];
    }
    last = m3_FindFunction(&function, runtime, name);
    if (!last) last = m3_CallWithArgs(function, (uint32_t)count, given);
    *result = *(uint32_t *)runtime->stack;
    return !last;
}

static uint32_t allocate(uint32_t bytes) {
    uint32_t result;
    return call("malloc", 1, &bytes, &result) ? result : 0;
}

static void give(uint32_t pointer) {
    uint32_t result;
    call("free", 1, &pointer, &result);
}

static uint8_t *memory(uint32_t *bytes) { return m3_GetMemory(runtime, bytes, 0); }

static const char *why(void) { return last ? last : "there is no room"; }

int main(int argc, char **argv) {
    static const Host host = {allocate, give, call, memory, why};
    uint32_t size, none[1], result;
    uint8_t *bytes = file(argv[1], &size);
    runtime = m3_NewRuntime(m3_NewEnvironment(), 64 * 1024, NULL);
    IM3Module module;
    last = m3_ParseModule(runtime->environment, &module, bytes, size);
    if (!last) last = m3_LoadModule(runtime, module);
    if (!last) last = m3_LinkWASI(module);
    if (last) return fprintf(stderr, "! %s\n", last), 0;
    IM3Function function;
    if (!m3_FindFunction(&function, runtime, "_initialize") && !call("_initialize", 0, none, &result))
        return fprintf(stderr, "! %s\n", last), 0;
    int next = 2;
    while (next < argc && command(&host, argv[next])) next++;
    return 0;
}
