#include "p1b_wamr.h"

#include <string.h>

#if P1B_WAMR == 2
typedef uint64_t p1b_offset;
#define P1B_LOOKUP(instance, name) wasm_runtime_lookup_function(instance, name)
#else
typedef uint32_t p1b_offset;
#define P1B_LOOKUP(instance, name) wasm_runtime_lookup_function(instance, name, NULL)
#endif

/* The most arguments of a core function of the canonical ABI, and a result. */
#define MOST 17

static bool is_wide(char type) { return type == 'I' || type == 'F'; }

/* Every function of every world: WAMR says which import it is, and for whom. */
static void native(wasm_exec_env_t environment, uint64_t *arguments) {
    p1b_host *host = (p1b_host *)wasm_runtime_get_user_data(environment);
    const p1b_import *import = (const p1b_import *)wasm_runtime_get_function_attachment(environment);
    uint64_t slots[MOST], *given = arguments;
    p1b_status status;
    /* Narrow values are in the first bytes of their slots: where those are the low ones, nothing has to be moved. There
       is always one slot, for a result. */
    if (!p1b_is_little()) {
        const char *type = import->type + 1;
        size_t i;
        for (i = 0; type[i] != ')'; i++) {
            uint32_t narrow;
            memcpy(&narrow, &arguments[i], sizeof narrow);
            slots[i] = is_wide(type[i]) ? arguments[i] : narrow;
        }
        given = slots;
    }
    status = p1b_import_call(host, import, given);
    if (status) {
        const char *message = host->message ? host->message : p1b_reason(status);
        host->message = NULL;
        wasm_runtime_set_exception(wasm_runtime_get_module_inst(environment), message);
        return;
    }
    if (given == slots) {
        const char result = strchr(import->type, ')')[1];
        uint32_t narrow = (uint32_t)slots[0];
        if (is_wide(result)) arguments[0] = slots[0];
        else if (result) memcpy(arguments, &narrow, sizeof narrow);
    }
}

bool p1b_wamr_register(const p1b_world *world, NativeSymbol *symbols) {
    size_t i, begin = 0;
    for (i = 0; i < world->import_count; i++) {
        const p1b_import *import = &world->imports[i];
#if P1B_WAMR == 2020
        /* It finds functions in `env` only; `p1bridge lower` calls them so. */
        symbols[i].symbol = import->name;
#else
        symbols[i].symbol = import->name + import->field;
#endif
        symbols[i].func_ptr = (void *)(uintptr_t)native;
        symbols[i].signature = import->type;
        symbols[i].attachment = (void *)(uintptr_t)import;
    }
    for (i = 1; i <= world->import_count; i++) {
        const char *module = world->imports[begin].module;
#if P1B_WAMR == 2020
        if (i < world->import_count) continue;
        module = "env";
#else
        if (i < world->import_count && strcmp(world->imports[i].module, module) == 0) continue;
#endif
        if (!wasm_runtime_register_natives_raw(module, &symbols[begin], (uint32_t)(i - begin))) return false;
        begin = i;
    }
    return true;
}

static uint8_t *memory(void *of, uint32_t *size) {
    p1b_wamr *binding = (p1b_wamr *)of;
    p1b_offset begin = 0, end = 0;
    if (!wasm_runtime_get_app_addr_range(binding->instance, 0, &begin, &end)) return NULL;
    *size = end > UINT32_MAX ? UINT32_MAX : (uint32_t)end;
    return (uint8_t *)wasm_runtime_addr_app_to_native(binding->instance, 0);
}

static p1b_status call(void *of, size_t index, uint64_t *slots) {
    p1b_wamr *binding = (p1b_wamr *)of;
    p1b_host *host = (p1b_host *)wasm_runtime_get_user_data(binding->environment);
    const char *type = host->world->exports[index].type;
    uint32_t cells[2 * MOST];
    uint32_t count = 0, i = 0;
    if (!binding->functions[index]) return P1B_MISSING;
    type += *type == '?' ? 2 : 1;
    for (; *type != ')'; type++, i++) {
        memcpy(&cells[count], &slots[i], is_wide(*type) ? 8 : 4);
        if (!is_wide(*type)) cells[count] = (uint32_t)slots[i];
        count += is_wide(*type) ? 2 : 1;
    }
    if (!wasm_runtime_call_wasm(binding->environment, binding->functions[index], count, cells)) return P1B_TRAPPED;
    if (is_wide(type[1])) memcpy(slots, cells, 8);
    else if (type[1]) slots[0] = cells[0];
    return P1B_OK;
}

p1b_status p1b_wamr_bind(p1b_wamr *binding, p1b_host *host, wasm_module_inst_t instance, wasm_exec_env_t environment,
                         wasm_function_inst_t *functions) {
    static const p1b_engine engine = {memory, call};
    size_t i;
    binding->instance = instance;
    binding->environment = environment;
    binding->functions = functions;
    host->engine = &engine;
    host->of = binding;
    wasm_runtime_set_user_data(environment, host);
    if ((P1B_LOOKUP(instance, P1B_HOST_ARENA) != NULL) != host->world->arena) return P1B_MEMORY;
    for (i = 0; i < host->world->export_count; i++) {
        functions[i] = P1B_LOOKUP(instance, host->world->exports[i].name);
        if (!functions[i] && host->world->exports[i].type[0] != '?') return P1B_MISSING;
    }
    return P1B_OK;
}
