#include "p1b_wasm3.h"

#include <string.h>

#ifndef P1B_WASM3
#define P1B_WASM3 5
#endif

/* Where its stack is. */
#include "m3_env.h"
#if P1B_WASM3 < 5
#include "m3_compile.h"
#endif

/* The most arguments of a core function of the canonical ABI, and a result. */
#define MOST 17

static bool is_wide(char type) { return type == 'I' || type == 'F'; }

/* A core value, of the width that it has. */
static uint64_t get(const uint64_t *at, char type) {
    uint32_t narrow;
    if (is_wide(type)) return *at;
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

static void set(uint64_t *at, char type, uint64_t value) {
    uint32_t narrow = (uint32_t)value;
    if (is_wide(type)) *at = value;
    else memcpy(at, &narrow, sizeof narrow);
}

/* Ends a call by the guest that is to trap. */
static const void *refused(p1b_host *host, p1b_status status) {
    const char *message = host->message ? host->message : p1b_reason(status);
    host->message = NULL;
    return message;
}

/* The place of the arguments: in the newer releases, that of the result comes first. */
static uint64_t *arguments_of(const p1b_wasm3_link *link, uint64_t *frame) {
    return P1B_WASM3 >= 5 && link->result ? frame + 1 : frame;
}

/* A function with arguments, which are taken where they lie: narrow values are the low halves of their slots. */
static const void *call_in_place(p1b_wasm3_link *link, uint64_t *frame) {
    p1b_host *host = link->host;
    uint64_t *arguments = arguments_of(link, frame);
    p1b_status status;
    /* A call of the guest puts back what was here before it. */
    ((p1b_wasm3 *)host->of)->frame = frame;
    status = p1b_import_call(host, link->import, arguments);
    ((p1b_wasm3 *)host->of)->frame = NULL;
    if (status) return refused(host, status);
    if (arguments != frame) set(frame, link->result, arguments[0]);
    return NULL;
}

/* Any function, also without a slot that would have room for a result. */
static const void *call_host(p1b_wasm3_link *link, uint64_t *frame) {
    p1b_host *host = link->host;
    const uint64_t *arguments = arguments_of(link, frame);
    uint64_t slots[MOST];
    p1b_status status;
    uint32_t i;
    ((p1b_wasm3 *)host->of)->frame = frame;
    for (i = 0; i < link->count; i++) slots[i] = get(&arguments[i], link->import->type[i + 1]);
    status = p1b_import_call(host, link->import, slots);
    ((p1b_wasm3 *)host->of)->frame = NULL;
    if (status) return refused(host, status);
    if (link->result) set(frame, link->result, slots[0]);
    return NULL;
}

#if P1B_WASM3 < 5
static const void *native(IM3Runtime runtime, uint64_t *frame, void *memory, void *link) {
    (void)runtime, (void)memory;
    return call_host((p1b_wasm3_link *)link, frame);
}
static const void *native_in_place(IM3Runtime runtime, uint64_t *frame, void *memory, void *link) {
    (void)runtime, (void)memory;
    return call_in_place((p1b_wasm3_link *)link, frame);
}
#else
static const void *native(IM3Runtime runtime, IM3ImportContext context, uint64_t *frame, void *memory) {
    (void)runtime, (void)memory;
    return call_host((p1b_wasm3_link *)context->userdata, frame);
}
static const void *native_in_place(IM3Runtime runtime, IM3ImportContext context, uint64_t *frame, void *memory) {
    (void)runtime, (void)memory;
    return call_in_place((p1b_wasm3_link *)context->userdata, frame);
}
#endif

static uint8_t *memory(void *of, uint32_t *size) {
    p1b_wasm3 *binding = (p1b_wasm3 *)of;
    return m3_GetMemory(binding->runtime, size, 0);
}

#if P1B_WASM3 < 5
/* A number in decimal, which is how this release takes arguments, floats by their bits. */
static const char *decimal(char *end, uint64_t value) {
    *--end = 0;
    do *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}
#endif

static p1b_status call_export(p1b_wasm3 *binding, const char *type, IM3Function function, uint64_t *slots) {
    const char *result = strchr(type, ')') + 1;
    IM3Runtime runtime = binding->runtime;
    void *stack = runtime->stack;
    uint32_t slots_before = runtime->numStackSlots;
    m3slot_t *to = (m3slot_t *)stack, *end = (m3slot_t *)binding->end;
    M3Result failed;
    uint32_t count;
#if P1B_WASM3 < 5
    char digits[MOST][21];
    const char *arguments[MOST];
    /* The frame of the guest that waits for the host stays as it is, with its arguments. Newer releases see to that. */
    if (binding->frame) to = (m3slot_t *)(binding->frame + 2 * MOST);
#else
    const void *arguments[MOST];
    const void *results[1];
    uint32_t narrow[MOST];
    uint64_t given = 0;
#endif
    /* wasm3 does not look at the end of the stack when it puts arguments there, and reckons it from these two when the memory
       grows: it has to stay where it is. */
    if ((uintptr_t)to > (uintptr_t)end || (size_t)(end - to) < (MOST + 1) * sizeof(uint64_t) / sizeof(m3slot_t)) {
        binding->message = m3Err_trapStackOverflow;
        return P1B_TRAPPED;
    }
    runtime->stack = to;
    runtime->numStackSlots = (uint32_t)(end - to);
#if P1B_WASM3 < 5
    for (count = 0; type[count] != ')'; count++)
        arguments[count] = decimal(digits[count] + sizeof digits[count], is_wide(type[count]) ? slots[count] : (uint32_t)slots[count]);
    failed = m3_CallWithArgs(function, count, arguments);
    if (!failed && *result) slots[0] = get((const uint64_t *)runtime->stack, *result);
#else
    for (count = 0; type[count] != ')'; count++) {
        narrow[count] = (uint32_t)slots[count];
        arguments[count] = is_wide(type[count]) ? (const void *)&slots[count] : (const void *)&narrow[count];
    }
    failed = m3_Call(function, count, arguments);
    if (!failed && *result) {
        results[0] = &given;
        failed = m3_GetResults(function, 1, results);
        slots[0] = get(&given, *result);
    }
#endif
    runtime->stack = stack;
    runtime->numStackSlots = slots_before;
    binding->message = failed;
    return failed ? P1B_TRAPPED : P1B_OK;
}

static p1b_status call(void *of, size_t index, uint64_t *slots) {
    p1b_wasm3 *binding = (p1b_wasm3 *)of;
    const char *type = binding->world->exports[index].type;
    uint64_t *before = binding->frame;
    p1b_status status;
    if (!binding->functions[index]) return P1B_MISSING;
    status = call_export(binding, type + (*type == '?' ? 2 : 1), binding->functions[index], slots);
    binding->frame = before;
    return status;
}

/* An export. Releases before 0.5 give an import of that name, if there is one. */
static M3Result find(IM3Function *function, IM3Runtime runtime, IM3Module module, const char *name) {
#if P1B_WASM3 < 5
    uint32_t i;
    for (i = 0; i < module->numFunctions; i++) {
        IM3Function one = &module->functions[i];
        if (one->import.fieldUtf8 || !one->name || strcmp(one->name, name) != 0) continue;
        *function = one;
        return one->compiled ? m3Err_none : Compile_Function(one);
    }
#endif
    (void)module;
    return m3_FindFunction(function, runtime, name);
}

p1b_status p1b_wasm3_link_world(p1b_wasm3 *binding, p1b_host *host, IM3Runtime runtime, IM3Module module,
                                p1b_wasm3_link *links, IM3Function *functions) {
    static const p1b_engine engine = {memory, call};
    const p1b_world *world = host->world;
    size_t i;
    binding->runtime = runtime;
    binding->world = world;
    binding->functions = functions;
    binding->frame = NULL;
    binding->end = (m3slot_t *)runtime->stack + runtime->numStackSlots;
    binding->message = NULL;
    host->engine = &engine;
    host->of = binding;
    for (i = 0; i < world->import_count; i++) {
        const p1b_import *import = &world->imports[i];
        /* It writes what the others have last first, and v for nothing. */
        char type[MOST + 4];
        size_t arguments = strlen(import->type) - strlen(strchr(import->type, ')')) + 1;
        M3Result failed;
        type[0] = import->type[arguments] ? import->type[arguments] : 'v';
        memcpy(type + 1, import->type, arguments);
        type[arguments + 1] = 0;
        links[i].host = host;
        links[i].import = import;
        links[i].count = (uint8_t)(arguments - 2);
        links[i].result = import->type[arguments];
        failed = m3_LinkRawFunctionEx(module, import->module, import->name + import->field, type,
                                      p1b_is_little() && links[i].count ? native_in_place : native, &links[i]);
        /* What the module does not import is not needed. */
        if (failed && failed != m3Err_functionLookupFailed) {
            binding->message = failed;
            return P1B_MISSING;
        }
    }
    {
        IM3Function arena = NULL;
        bool found = !m3_FindFunction(&arena, runtime, P1B_HOST_ARENA) && arena;
        if (found != world->arena) return P1B_MEMORY;
    }
    for (i = 0; i < world->export_count; i++) {
        functions[i] = NULL;
        binding->message = find(&functions[i], runtime, module, world->exports[i].name);
        if (binding->message) functions[i] = NULL;
        if (binding->message && world->exports[i].type[0] != '?') return P1B_MISSING;
    }
    binding->message = NULL;
    return P1B_OK;
}
