/* Runs the program that the build has put into the image. */
#include <stdint.h>
#include <stdio.h>

#include "m3_api_wasi.h"
#include "m3_env.h"

extern const uint8_t app_begin[] asm("_binary_app_flat_wasm_start");
extern const uint8_t app_end[] asm("_binary_app_flat_wasm_end");

void app_main(void) {
    IM3Module module;
    IM3Function start;
    IM3Runtime runtime = m3_NewRuntime(m3_NewEnvironment(), 16 * 1024, NULL);
    M3Result result = m3_ParseModule(runtime->environment, &module, app_begin, (uint32_t)(app_end - app_begin));
    if (!result) result = m3_LoadModule(runtime, module);
    if (!result) result = m3_LinkWASI(module);
    if (!result) result = m3_FindFunction(&start, runtime, "_start");
    if (!result) result = m3_CallWithArgs(start, 0, NULL);
    printf("app: %s\n", result && result != m3Err_trapExit ? result : "done");
}
