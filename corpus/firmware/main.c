/* Firmware with three modules, as products have them: an array as xxd writes it, a file that the linker put there, and a
   marked slot. It runs all, and ends with the sum of their codes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p1bridge_slot.h"
#include "runs.h"

extern unsigned char plain_wasm[];
extern unsigned int plain_wasm_len;
extern const uint8_t _binary_component_wasm_start[], _binary_component_wasm_end[];
P1B_SLOT(app_slot, SLOT_CAPACITY, ".wasm_slot");

void say(const char *text, uint32_t length) {
    fwrite(text, 1, length, stdout);
}

static int run(const char *name, uint8_t *wasm, uint32_t length, const char *function, bool has_result) {
    const char *why = "";
    int code = 0;
    if (!run_module(wasm, length, function, has_result, &code, &why)) {
        printf("%s: failed: %s\n", name, why);
        return 100;
    }
    printf("%s: %d\n", name, code);
    return code;
}

/* WAMR writes into what it loads, and these two are in flash. */
static int run_copy(const char *name, const uint8_t *wasm, uint32_t length, const char *function, bool has_result) {
    uint8_t *copy = malloc(length);
    int code = 100;
    if (copy) {
        memcpy(copy, wasm, length);
        code = run(name, copy, length, function, has_result);
        free(copy);
    }
    return code;
}

int main(void) {
    int code;
    uint32_t length;
    const uint8_t *module;
    printf("firmware with %s\n", runtime_name);
    code = run("plain", plain_wasm, plain_wasm_len, "run", true);
    code += run_copy("component", _binary_component_wasm_start,
                     (uint32_t)(_binary_component_wasm_end - _binary_component_wasm_start), "_start", false);
    module = p1b_slot_module(app_slot, &length);
    if (module) {
        code += run_copy("marked", module, length, "run", true);
    } else {
        printf("marked: nothing\n");
    }
    return code;
}
