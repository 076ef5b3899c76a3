/* wasm3 MODULE start ARGS...            runs _start
 * wasm3 MODULE call NAME 1,2 NAME 3...  calls exports with i32 arguments
 *
 * What it has to say comes last on stderr, a line each: `wasm3: result N`, `wasm3: trap WHY`, or
 * `wasm3: refused WHY` when the module cannot be loaded or compiled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "m3_api_wasi.h"
#include "m3_env.h"

static int refused(const char *why) {
    fprintf(stderr, "\nwasm3: refused %s\n", why);
    return 0;
}

static M3Result call(IM3Runtime runtime, const char *name, int count, const char **args) {
    IM3Function function;
    M3Result result = m3_FindFunction(&function, runtime, name);
    if (result) {
        refused(result);
        exit(0);
    }
    return m3_CallWithArgs(function, (uint32_t)count, args);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    FILE *file = fopen(argv[1], "rb");
    if (!file) return 2;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *wasm = malloc((size_t)size);
    if (!wasm || fread(wasm, 1, (size_t)size, file) != (size_t)size) return 2;

    IM3Runtime runtime = m3_NewRuntime(m3_NewEnvironment(), 512 * 1024, NULL);
    IM3Module module;
    M3Result result = m3_ParseModule(runtime->environment, &module, wasm, (uint32_t)size);
    if (!result) result = m3_LoadModule(runtime, module);
    if (!result) result = m3_LinkWASI(module);
    if (result) return refused(result);

    if (!strcmp(argv[2], "start")) {
        result = call(runtime, "_start", argc - 3, (const char **)argv + 3);
        if (result && result != m3Err_trapExit) fprintf(stderr, "\nwasm3: trap %s\n", result);
        return 0;
    }
    for (int at = 3; at + 1 < argc; at += 2) {
        const char *args[32];
        int count = 0;
        for (char *arg = strtok(argv[at + 1], ","); arg && count < 32; arg = strtok(NULL, ","))
            args[count++] = arg;
        result = call(runtime, argv[at], count, args);
        if (result) {
            fprintf(stderr, "\nwasm3: trap %s\n", result);
            return 0;
        }
        fprintf(stderr, "\nwasm3: result %d\n", *(int32_t *)runtime->stack);
    }
    return 0;
}
