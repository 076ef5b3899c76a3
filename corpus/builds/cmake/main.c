/* The device: it gives the program in its slot what its sensors say, and ends with the number of channels that are too hot. */
#include <stdio.h>
#include <string.h>

#include "app_host.h"
#include "app_slot.h"
#include "p1b_wasm3.h"

/* One after the other: each includes what the others need. */
#include "m3_api_wasi.h"
#include "m3_env.h"

int32_t example_device_sensors_read(p1b_host *host, uint32_t channel) {
    static const int32_t values[] = {215, 923, 187};
    (void)host;
    return channel < 3 ? values[channel] : 0;
}

p1b_string example_device_sensors_name(p1b_host *host, uint32_t channel) {
    static const char *const names[] = {"room", "motor", "battery"};
    p1b_string name = {channel < 3 ? names[channel] : "", 0};
    (void)host;
    name.len = strlen(name.ptr);
    return name;
}

static int fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    return 100;
}

int main(void) {
    static p1b_wasm3_link links[APP_IMPORTS];
    static IM3Function functions[APP_EXPORTS];
    static uint8_t scratch[1024];
    uint32_t length, hot;
    p1b_host host;
    p1b_wasm3 binding;
    p1b_status status;
    IM3Module module;
    const uint8_t *wasm = p1b_slot_module(app_slot, &length);
    if (!wasm) return fail("the slot", "there is no module in it");
    IM3Runtime runtime = m3_NewRuntime(m3_NewEnvironment(), 16 * 1024, NULL);
    M3Result result = m3_ParseModule(runtime->environment, &module, wasm, length);
    if (!result) result = m3_LoadModule(runtime, module);
    if (!result) result = m3_LinkWASI(module);
    if (result) return fail("the module", result);
    p1b_init(&host, &app_world, scratch, sizeof scratch, NULL, 0);
    status = p1b_wasm3_link_world(&binding, &host, runtime, module, links, functions);
    if (!status) status = app_initialize(&host);
    if (status) return fail("the program", binding.message ? binding.message : p1b_reason(status));
    status = exports_app_check(&host, 300, &hot);
    if (status) return fail("check", p1b_reason(status));
    printf("too hot: %u of 3\n", (unsigned)hot);
    return (int)hot;
}
