/* Runs `f` of a module on wasm3 and prints what it gives: "f = 1", or what went wrong. */

#include <stdint.h>
#include <stdio.h>

#include "m3_api_wasi.h"
#include "m3_env.h"
#include "wasm3.h"

static uint8_t file[1 << 16];

int main(int argc, char **argv)
{
    FILE *in = fopen(argv[1], "rb");
    uint32_t size = in ? fread(file, 1, sizeof file, in) : 0, result = 0;
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, 65536, NULL);
    IM3Module module;
    IM3Function function;
    M3Result error = m3_ParseModule(environment, &module, file, size);

    if (!error)
        error = m3_LoadModule(runtime, module);
    if (!error)
        error = m3_LinkWASI(module);
    if (!error)
        error = m3_FindFunction(&function, runtime, "f");
    if (error)
        return printf("refused: %s\n", error), 1;
    error = m3_Call(function);
    /* This release has no call that gives it. */
    result = *(uint32_t *)runtime->stack;
    if (error)
        return printf("trapped: %s\n", error), 1;
    printf("f = %u\n", result);
    return 0;
}
