#include "p1b_abi.h"

const char *p1b_reason(p1b_status status) {
    switch (status) {
    case P1B_OK: return "ok";
    case P1B_TRAPPED: return "the guest trapped";
    case P1B_ASKED: return "the host refused";
    case P1B_BOUNDS: return "an address is outside of the memory";
    case P1B_ALIGNMENT: return "an address is not aligned";
    case P1B_UTF8: return "a string is not UTF-8";
    case P1B_CHAR: return "a char is no scalar value";
    case P1B_CASE: return "there is no such case";
    case P1B_HANDLE: return "a handle is not valid";
    case P1B_TABLE: return "the table of handles is full";
    case P1B_SCRATCH: return "the scratch memory is full";
    case P1B_REALLOC: return "cabi_realloc gave a bad address";
    case P1B_MISSING: return "the export is missing";
    case P1B_ARENA: return "the arena for results of the host is full";
    case P1B_MEMORY: return "the glue is for a module with another --host-arena";
    }
    return "unknown";
}

void p1b_init(p1b_host *host, const p1b_world *world, void *scratch, size_t scratch_size, p1b_handle *handles,
              size_t handle_count) {
    size_t i;
    host->world = world;
    host->engine = NULL;
    host->of = NULL;
    host->user = NULL;
    host->scratch = (uint8_t *)scratch;
    host->scratch_size = scratch_size;
    host->scratch_used = 0;
    host->handles = handles;
    host->handle_count = handle_count;
    host->message = NULL;
    host->views = NULL;
    host->views_size = 0;
    host->room = host->room_end = 0;
    host->memory = NULL;
    host->memory_size = 0;
    for (i = 0; i < handle_count; i++) {
        handles[i].rep = NULL;
        handles[i].kind = 0;
        handles[i].lent = 0;
    }
}

void p1b_trap(p1b_host *host, const char *message) {
    if (!host->message) host->message = message;
}

void *p1b_scratch(p1b_host *host, size_t size, size_t alignment) {
    uintptr_t base = (uintptr_t)host->scratch;
    size_t at = (size_t)(((base + host->scratch_used + alignment - 1) & ~(uintptr_t)(alignment - 1)) - base);
    if (at > host->scratch_size || size > host->scratch_size - at) {
        p1b_trap(host, p1b_reason(P1B_SCRATCH));
        return NULL;
    }
    host->scratch_used = at + size;
    return host->scratch + at;
}

void *p1b_scratch_items(p1b_host *host, size_t count, size_t size) {
    /* More than there is anyhow, so that the product fits. */
    if (count > host->scratch_size) count = host->scratch_size + 1, size = 1;
    return p1b_scratch(host, count > SIZE_MAX / size ? SIZE_MAX : count * size, sizeof(uint64_t));
}

p1b_string p1b_copy(p1b_host *host, const void *bytes, size_t length) {
    p1b_string string = {"", 0};
    char *copy = length ? (char *)p1b_scratch(host, length, 1) : NULL;
    if (copy) {
        P1B_COPY(copy, bytes, length);
        string.ptr = copy;
        string.len = length;
    }
    return string;
}

p1b_string p1b_text(const char *text) {
    /* Volatile, for compilers make a call of strlen of such a loop. */
    const volatile char *end = text;
    p1b_string string;
    while (*end) end++;
    string.ptr = text;
    string.len = (size_t)(end - text);
    return string;
}

p1b_status p1b_done(p1b_host *host, p1b_held *held) {
    p1b_status status = P1B_OK;
    uint64_t slots[1];
    host->scratch_used = held->scratch_used;
    if (held->post) {
        slots[0] = held->area;
        status = p1b_call(host, held->post, slots);
        /* A guest need not have anything to free. */
        if (status == P1B_MISSING) status = P1B_OK;
        held->post = 0;
    }
    return status;
}

bool p1b_memory(p1b_host *host) {
    host->memory_size = 0;
    host->memory = host->engine->memory(host->of, &host->memory_size);
    return host->memory != NULL;
}

p1b_status p1b_lift_string(p1b_host *host, uint32_t address, uint32_t length, p1b_string *string) {
    uint8_t *at = p1b_at(host, address, length);
    if (!at) return P1B_BOUNDS;
    if (!p1b_is_utf8(at, length)) return P1B_UTF8;
    string->ptr = (const char *)at;
    string->len = length;
    return P1B_OK;
}

p1b_status p1b_room(p1b_host *host, uint32_t alignment, uint64_t size, uint32_t *address) {
    uint64_t slots[4];
    p1b_status status;
    if (size > UINT32_MAX) return P1B_REALLOC;
    if (host->room_end) {
        uint64_t at = ((uint64_t)host->room + alignment - 1) & ~(uint64_t)(alignment - 1);
        if (at + size > host->room_end) return P1B_ARENA;
        host->room = (uint32_t)(at + size);
        *address = (uint32_t)at;
        return p1b_at(host, *address, size) ? P1B_OK : P1B_BOUNDS;
    }
    slots[0] = slots[1] = 0;
    slots[2] = alignment;
    slots[3] = size;
    status = p1b_call(host, 0, slots);
    if (status) return status;
    *address = (uint32_t)slots[0];
    if (*address & (alignment - 1) || !p1b_at(host, *address, size)) return P1B_REALLOC;
    return P1B_OK;
}

p1b_status p1b_lowering_at(p1b_host *host, uint32_t place) {
    const uint8_t *header;
    p1b_lowering(host);
    header = place < 8 ? NULL : p1b_at(host, place - 8, 8);
    if (!header) return P1B_BOUNDS;
    /* The module writes the two addresses before each call. */
    host->room = p1b_load32(header);
    host->room_end = p1b_load32(header + 4);
    return host->room <= host->room_end ? P1B_OK : P1B_BOUNDS;
}

void p1b_lowering(p1b_host *host) {
    host->views = p1b_memory(host) ? host->memory : NULL;
    host->views_size = host->memory_size;
}

/* Where bytes are now that were in the memory of the guest when lowering began; others stay where they are. */
static const uint8_t *fresh(p1b_host *host, const void *bytes) {
    uintptr_t at = (uintptr_t)bytes, begin = (uintptr_t)host->views;
    if (!host->views || at < begin || at - begin >= host->views_size) return (const uint8_t *)bytes;
    if (!host->memory && !p1b_memory(host)) return (const uint8_t *)bytes;
    return host->memory + (at - begin);
}

/* Copies numbers, with their bytes the other way round where the host has them so. */
static void copy_numbers(uint8_t *to, const uint8_t *from, size_t bytes, uint32_t width) {
    size_t i;
    uintptr_t a = (uintptr_t)to, b = (uintptr_t)from;
    if (width == 1 || p1b_is_little()) {
        if (a - b >= bytes && b - a >= bytes) P1B_COPY(to, from, bytes);
        /* A guest may say that its new memory is where a value of its own is. */
        else if (a < b) for (i = 0; i < bytes; i++) to[i] = from[i];
        else for (i = bytes; i; i--) to[i - 1] = from[i - 1];
        return;
    }
    for (i = 0; i < bytes; i++) to[i] = from[i ^ (width - 1)];
}

p1b_status p1b_lift_numbers(p1b_host *host, uint32_t address, uint32_t length, uint32_t width, const void **numbers) {
    uint8_t *at, *copy;
    size_t bytes = (size_t)length * width;
    p1b_status status = p1b_list(host, address, length, width, width, &at);
    *numbers = NULL;
    if (status || !length) return status;
    if ((((uintptr_t)at & (width - 1)) == 0 && p1b_is_little()) || width == 1) {
        *numbers = at;
        return P1B_OK;
    }
    copy = (uint8_t *)p1b_scratch(host, bytes, width);
    if (!copy) return P1B_SCRATCH;
    copy_numbers(copy, at, bytes, width);
    *numbers = copy;
    return P1B_OK;
}

p1b_status p1b_lower_numbers(p1b_host *host, const void *numbers, size_t length, uint32_t width, uint32_t *address) {
    p1b_status status;
    uint8_t *at;
    *address = width;
    if (!length) return P1B_OK;
    if (length > UINT32_MAX / width) return P1B_REALLOC;
    status = p1b_room(host, width, (uint64_t)length * width, address);
    if (status) return status;
    at = p1b_at(host, *address, (uint64_t)length * width);
    if (!at) return P1B_REALLOC;
    copy_numbers(at, fresh(host, numbers), length * width, width);
    return P1B_OK;
}

p1b_status p1b_lower_string(p1b_host *host, p1b_string string, uint32_t *address) {
    if (!p1b_is_utf8(fresh(host, string.ptr), string.len)) return P1B_UTF8;
    return p1b_lower_numbers(host, string.ptr, string.len, 1, address);
}

p1b_status p1b_call(p1b_host *host, size_t index, uint64_t *slots) {
    p1b_status status = host->engine->call(host->of, index, slots);
    p1b_moved(host);
    return status;
}

bool p1b_is_utf8(const uint8_t *bytes, size_t length) {
    size_t i = 0;
    while (i < length) {
        uint32_t first, least, more;
        /* ASCII, several at a time. */
        while (length - i >= 8 && ((p1b_load32(bytes + i) | p1b_load32(bytes + i + 4)) & 0x80808080u) == 0) i += 8;
        if (i == length) break;
        first = bytes[i++];
        if (first < 0x80) continue;
        if (first < 0xc2 || first > 0xf4) return false;
        more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        if (more > length - i) return false;
        /* The second byte says whether a sequence is overlong, a surrogate, or beyond the last. */
        least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        if (bytes[i] < least || bytes[i] > (first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf)) return false;
        for (i++, more--; more; i++, more--)
            if ((bytes[i] & 0xc0) != 0x80) return false;
    }
    return true;
}

/* The entry of a handle: they begin with 1. */
static p1b_handle *entry(p1b_host *host, uint16_t kind, uint32_t handle) {
    if (handle == 0 || handle > host->handle_count || host->handles[handle - 1].kind != kind) return NULL;
    return &host->handles[handle - 1];
}

static void forget(p1b_handle *at) {
    at->rep = NULL;
    at->kind = 0;
    at->lent = 0;
}

p1b_status p1b_handle_new(p1b_host *host, uint16_t kind, void *rep, bool lent, uint32_t *handle) {
    size_t i;
    for (i = 0; i < host->handle_count; i++) {
        if (host->handles[i].kind == 0) {
            host->handles[i].rep = rep;
            host->handles[i].kind = kind;
            host->handles[i].lent = lent;
            *handle = (uint32_t)i + 1;
            return P1B_OK;
        }
    }
    return P1B_TABLE;
}

p1b_status p1b_handle_rep(p1b_host *host, uint16_t kind, uint32_t handle, void **rep) {
    p1b_handle *at = entry(host, kind, handle);
    if (!at) return P1B_HANDLE;
    *rep = at->rep;
    return P1B_OK;
}

p1b_status p1b_handle_take(p1b_host *host, uint16_t kind, uint32_t handle, void **rep) {
    p1b_handle *at = entry(host, kind, handle);
    if (!at || at->lent) return P1B_HANDLE;
    *rep = at->rep;
    forget(at);
    return P1B_OK;
}

void p1b_handle_return(p1b_host *host, void *rep) {
    size_t i;
    for (i = 0; i < host->handle_count; i++) {
        if (host->handles[i].lent && host->handles[i].rep == rep) forget(&host->handles[i]);
    }
}

p1b_status p1b_handle_drop(p1b_host *host, uint16_t kind, uint32_t handle, void **rep) {
    p1b_handle *at = entry(host, kind, handle);
    if (!at) return P1B_HANDLE;
    *rep = at->lent ? NULL : at->rep;
    forget(at);
    return P1B_OK;
}
