/* Runs the program that the build has put into the image, as an array and in a slot. */
#include <stdint.h>
#include <stdio.h>

#include "app_slot.h"

#include "m3_api_wasi.h"
#include "m3_env.h"

static const uint8_t app[] = {
#include <app.flat.wasm.inc>
};

static void run(const char *name, const uint8_t *wasm, uint32_t length) {
    IM3Module module;
    IM3Function start;
    IM3Runtime runtime = m3_NewRuntime(m3_NewEnvironment(), 16 * 1024, NULL);
    M3Result result = m3_ParseModule(runtime->environment, &module, wasm, length);
    if (!result) result = m3_LoadModule(runtime, module);
    if (!result) result = m3_LinkWASI(module);
    if (!result) result = m3_FindFunction(&start, runtime, "_start");
    if (!result) result = m3_CallWithArgs(start, 0, NULL);
    printf("%s: %s\n", name, result && result != m3Err_trapExit ? result : "done");
}

int main(void) {
    uint32_t length;
    const uint8_t *module = p1b_slot_module(app_slot, &length);
    run("array", app, sizeof app);
    if (module) run("slot", module, length);
    return 0;
}
