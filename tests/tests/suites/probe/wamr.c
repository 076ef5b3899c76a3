/* Runs `f` of a module on WAMR and prints what it gives: "f = 1", or what went wrong. Beside what
   the library provides it has the functions of a product. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "wasm_export.h"

static int led(wasm_exec_env_t env, int number, int64_t time)
{
    return number;
}

static void say(wasm_exec_env_t env, char *text, uint32_t length)
{
}

static int unchecked(wasm_exec_env_t env)
{
    return 0;
}

static NativeSymbol product[] = {
    { "led", led, "(iI)i", NULL },
    { "say", say, "(*~)", NULL },
    { "unchecked", unchecked, NULL, NULL },
};

static uint8_t file[1 << 16];

int main(int argc, char **argv)
{
    char error[128] = "";
    uint32_t argument[2] = { 0 };
    const char *dirs[] = { "." };
    FILE *in = fopen(argv[1], "rb");
    uint32_t size = in ? fread(file, 1, sizeof file, in) : 0;
    wasm_module_t module;
    wasm_module_inst_t instance;
    wasm_exec_env_t env;
    wasm_function_inst_t function;

    if (!wasm_runtime_init() || !wasm_runtime_register_natives("env", product, 3))
        return 2;
    module = wasm_runtime_load(file, size, error, sizeof error);
    if (!module)
        return printf("refused: %s\n", error), 1;
#if WASM_ENABLE_LIBC_WASI != 0
    wasm_runtime_set_wasi_args(module, dirs, 1, NULL, 0, NULL, 0, argv, 1);
#endif
    instance = wasm_runtime_instantiate(module, 65536, 16384, error, sizeof error);
    if (!instance)
        return printf("refused: %s\n", error), 1;
    env = wasm_runtime_create_exec_env(instance, 65536);
    function = wasm_runtime_lookup_function(instance, "f", NULL);
    if (!env || !function)
        return 2;
    if (!wasm_runtime_call_wasm(env, function, 0, argument))
        return printf("trapped: %s\n", wasm_runtime_get_exception(instance)), 1;
    printf("f = %u\n", argument[0]);
    return 0;
}
