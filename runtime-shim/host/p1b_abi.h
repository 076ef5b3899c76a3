/* The canonical ABI for hosts of flat modules: checked access to the memory of the guest, handles, and memory for the
   time of a call. Freestanding C99: no allocation, no global state, nothing of libc but memcpy. What generated code does for every
   value is inline here. Generated code
   (`p1bridge host`) and the binding of an engine (p1b_wamr.h, p1b_wasm3.h) stand on it.

   CanonicalABI.md of the component model says what is checked: "Loading", "Storing", "Flat Lifting", "Flat Lowering". */
#ifndef P1B_ABI_H
#define P1B_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define P1B_COPY __builtin_memcpy
#else
#include <string.h>
#define P1B_COPY memcpy
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* How something ended. Everything but P1B_OK traps the guest, if it is what called. */
typedef enum p1b_status {
    P1B_OK = 0,
    P1B_TRAPPED,   /* the guest has trapped: the instance cannot be used any more */
    P1B_ASKED,     /* a function of the host has asked for a trap: p1b_trap */
    P1B_BOUNDS,    /* an address or a length is not inside of the memory */
    P1B_ALIGNMENT, /* an address is not aligned */
    P1B_UTF8,      /* a string is not UTF-8 */
    P1B_CHAR,      /* a char is no Unicode scalar value */
    P1B_CASE,      /* a variant, an enum, an option or a result has no such case */
    P1B_HANDLE,    /* a number is no handle of this resource, or it is lent and was to be given away */
    P1B_TABLE,     /* there is no room for one more handle */
    P1B_SCRATCH,   /* there is no room for what a call needs */
    P1B_REALLOC,   /* the guest gave memory that is not inside of it or not aligned */
    P1B_MISSING,   /* the module does not export the function */
    P1B_ARENA,     /* the arena for what functions of the host give is full */
    P1B_MEMORY     /* the module has an arena and the glue is for one without, or the other way round */
} p1b_status;

/* What a status means, in a few words. */
const char *p1b_reason(p1b_status status);

/* A string of the guest or for it: UTF-8, not ended by a zero byte. */
typedef struct p1b_string {
    const char *ptr;
    size_t len;
} p1b_string;

/* An entry of the table of handles; all zero is free. */
typedef struct p1b_handle {
    void *rep;
    uint16_t kind;
    uint16_t lent; /* 1: lent to the guest for the time of a call */
} p1b_handle;

struct p1b_host;

/* A function that the module imports. Arguments are core values in slots of 64 bits, f32 and f64 by their bits; the
   result replaces the first. */
typedef struct p1b_import {
    const char *module;
    const char *name; /* the module, '#', and the field */
    uint16_t field;   /* where the field begins in it */
    const char *type; /* such as "(iIfF)i" */
    p1b_status (*call)(struct p1b_host *host, uint64_t *slots);
} p1b_import;

/* A function that the module exports; one whose type begins with '?' may be missing. */
typedef struct p1b_export {
    const char *name;
    const char *type;
} p1b_export;

/* All that a world consists of; generated. The first export is cabi_realloc. */
typedef struct p1b_world {
    const p1b_import *imports;
    size_t import_count;
    const p1b_export *exports;
    size_t export_count;
    bool arena; /* what functions of the host give lies in an arena of the module: `flatten --host-arena` */
} p1b_world;

/* What a binding gives: the memory as it is now, and calls. `of` is the binding's. */
typedef struct p1b_engine {
    uint8_t *(*memory)(void *of, uint32_t *size);
    p1b_status (*call)(void *of, size_t index, uint64_t *slots);
} p1b_engine;

/* A host of one instance. All memory is the embedder's, and has to live as long. */
typedef struct p1b_host {
    const p1b_world *world;
    const p1b_engine *engine;
    void *of;
    /* What the functions of the host want to know. */
    void *user;
    /* Memory for the time of a call: lists of the guest that are not bytes, and what functions of the host make for
       it. Everything in it is gone when the call that it was made for has ended. */
    uint8_t *scratch;
    size_t scratch_size, scratch_used;
    /* The resources of the host that the guest has handles of. */
    p1b_handle *handles;
    size_t handle_count;
    const char *message;
    /* Where the memory of the guest was when values for it began to be lowered: what lies there may be given back to the
       guest, whose memory moves when it makes room. */
    const uint8_t *views;
    uint32_t views_size;
    /* Where the arena is free for the result that is lowered, if it goes there; otherwise the end is 0. */
    uint32_t room, room_end;
    /* The memory of the guest, from when it was asked for until the guest may have run; otherwise NULL. */
    uint8_t *memory;
    uint32_t memory_size;
} p1b_host;

/* Begins a host, before it is bound. */
void p1b_init(p1b_host *host, const p1b_world *world, void *scratch, size_t scratch_size, p1b_handle *handles,
              size_t handle_count);

/* For functions of the host: the guest traps when the function returns. The text is not copied. */
void p1b_trap(p1b_host *host, const char *message);

/* Memory until the function of the host returns; NULL, and the guest traps later, where there is no room. */
void *p1b_scratch(p1b_host *host, size_t size, size_t alignment);

/* The same for so many items of a size, aligned for any of them. */
void *p1b_scratch_items(p1b_host *host, size_t count, size_t size);

/* A copy of bytes there, as a string. */
p1b_string p1b_copy(p1b_host *host, const void *bytes, size_t length);

/* A string of C, as it is. */
p1b_string p1b_text(const char *text);

/* What is held between a call of an export and p1b_done: the result lies in the memory of the guest. */
typedef struct p1b_held {
    size_t scratch_used;
    size_t post;
    uint64_t area;
} p1b_held;

/* Gives the result of an export back. Views of it are not valid any more. */
p1b_status p1b_done(p1b_host *host, p1b_held *held);

/* --- For generated code. --- */

/* Whether the host has numbers with the low byte first, as the guest does. */
static inline bool p1b_is_little(void) {
    const uint16_t one = 1;
    uint8_t first;
    P1B_COPY(&first, &one, 1);
    return first != 0;
}

/* The guest may have run, and its memory may be elsewhere. */
static inline void p1b_moved(p1b_host *host) { host->memory = NULL; }

/* Asks for the memory: false where there is none. */
bool p1b_memory(p1b_host *host);

/* Where so many bytes of the guest's memory are, or NULL. Valid until the guest runs. */
static inline uint8_t *p1b_at(p1b_host *host, uint32_t address, uint64_t size) {
    if (!host->memory && !p1b_memory(host)) return NULL;
    if (address > host->memory_size || size > host->memory_size - address) return NULL;
    return host->memory + address;
}

/* The same for a list: P1B_BOUNDS, P1B_ALIGNMENT. */
static inline p1b_status p1b_list(p1b_host *host, uint32_t address, uint32_t length, uint32_t size, uint32_t alignment,
                                  uint8_t **at) {
    if (address & (alignment - 1)) return P1B_ALIGNMENT;
    *at = p1b_at(host, address, (uint64_t)length * size);
    return *at ? P1B_OK : P1B_BOUNDS;
}

/* A string of the guest. */
p1b_status p1b_lift_string(p1b_host *host, uint32_t address, uint32_t length, p1b_string *string);

/* Room in the guest's memory: in the arena for a result that goes there, otherwise by its cabi_realloc. */
p1b_status p1b_room(p1b_host *host, uint32_t alignment, uint64_t size, uint32_t *address);

/* Calls a function of the host: what bindings do. Memory for the time of the call is free again after it. Of a slot with a
   narrow value, only the low 32 bits count. */
static inline p1b_status p1b_import_call(p1b_host *host, const p1b_import *import, uint64_t *slots) {
    size_t used = host->scratch_used;
    p1b_status status;
    p1b_moved(host);
    status = import->call(host, slots);
    host->scratch_used = used;
    host->room_end = 0;
    return status;
}

/* A list of numbers of so many bytes each: where it is in the memory of the guest, if the host reads numbers as they are
   there, or a copy. */
p1b_status p1b_lift_numbers(p1b_host *host, uint32_t address, uint32_t length, uint32_t width, const void **numbers);

/* The same into the memory of the guest. */
p1b_status p1b_lower_numbers(p1b_host *host, const void *numbers, size_t length, uint32_t width, uint32_t *address);

/* Begins to lower values for the guest. */
void p1b_lowering(p1b_host *host);

/* The same for a result whose place is in the arena. */
p1b_status p1b_lowering_at(p1b_host *host, uint32_t place);

/* The function of a module with an arena: bindings look whether it is there. */
#define P1B_HOST_ARENA "p1bridge.host-arena"

/* A string into the memory of the guest. */
p1b_status p1b_lower_string(p1b_host *host, p1b_string string, uint32_t *address);

/* Sets bytes to 0: results of functions of the host, before they are made. By copies, for a loop could become a call of
   memset, which is not there. */
static inline void p1b_zero(void *bytes, size_t size) {
    static const uint8_t zeros[64] = {0};
    uint8_t *at = (uint8_t *)bytes;
    for (; size > sizeof zeros; at += sizeof zeros, size -= sizeof zeros) P1B_COPY(at, zeros, sizeof zeros);
    P1B_COPY(at, zeros, size);
}

/* Calls an export by its place in the world. */
p1b_status p1b_call(p1b_host *host, size_t index, uint64_t *slots);

/* Whether a number is a Unicode scalar value. */
static inline bool p1b_is_char(uint32_t value) { return value < 0x110000 && (value < 0xd800 || value > 0xdfff); }

bool p1b_is_utf8(const uint8_t *bytes, size_t length);

/* Little-endian numbers at any address. Not every compiler makes one access of the bytes. */
static inline uint32_t p1b_load16(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8; }
static inline uint32_t p1b_load32(const uint8_t *at) {
    uint32_t value;
    if (!p1b_is_little()) return p1b_load16(at) | p1b_load16(at + 2) << 16;
    P1B_COPY(&value, at, sizeof value);
    return value;
}
static inline uint64_t p1b_load64(const uint8_t *at) {
    uint64_t value;
    if (!p1b_is_little()) return p1b_load32(at) | (uint64_t)p1b_load32(at + 4) << 32;
    P1B_COPY(&value, at, sizeof value);
    return value;
}
static inline void p1b_store16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}
static inline void p1b_store32(uint8_t *at, uint32_t value) {
    if (p1b_is_little()) {
        P1B_COPY(at, &value, sizeof value);
    } else {
        p1b_store16(at, value);
        p1b_store16(at + 2, value >> 16);
    }
}
static inline void p1b_store64(uint8_t *at, uint64_t value) {
    if (p1b_is_little()) {
        P1B_COPY(at, &value, sizeof value);
    } else {
        p1b_store32(at, (uint32_t)value);
        p1b_store32(at + 4, (uint32_t)(value >> 32));
    }
}

/* Floating-point numbers by their bits. */
static inline float p1b_f32(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float value;
    P1B_COPY(&value, &low, sizeof value);
    return value;
}
static inline double p1b_f64(uint64_t bits) {
    double value;
    P1B_COPY(&value, &bits, sizeof value);
    return value;
}
static inline uint64_t p1b_of_f32(float value) {
    uint32_t bits;
    P1B_COPY(&bits, &value, sizeof bits);
    return bits;
}
static inline uint64_t p1b_of_f64(double value) {
    uint64_t bits;
    P1B_COPY(&bits, &value, sizeof bits);
    return bits;
}

/* Writes a number at an address of the guest. */
static inline p1b_status p1b_put8(p1b_host *host, uint32_t address, uint32_t value) {
    uint8_t *at = p1b_at(host, address, 1);
    if (!at) return P1B_BOUNDS;
    *at = (uint8_t)value;
    return P1B_OK;
}
static inline p1b_status p1b_put16(p1b_host *host, uint32_t address, uint32_t value) {
    uint8_t *at = p1b_at(host, address, 2);
    if (!at) return P1B_BOUNDS;
    p1b_store16(at, value);
    return P1B_OK;
}
static inline p1b_status p1b_put32(p1b_host *host, uint32_t address, uint32_t value) {
    uint8_t *at = p1b_at(host, address, 4);
    if (!at) return P1B_BOUNDS;
    p1b_store32(at, value);
    return P1B_OK;
}

/* The same for an address and a length. */
static inline p1b_status p1b_put_pair(p1b_host *host, uint32_t address, uint32_t to, size_t length) {
    uint8_t *at = p1b_at(host, address, 8);
    if (!at) return P1B_BOUNDS;
    p1b_store32(at, to);
    p1b_store32(at + 4, (uint32_t)length);
    return P1B_OK;
}

/* Handles of resources of the host. A handle that is lent is the guest's for the time of a call only. */
p1b_status p1b_handle_new(p1b_host *host, uint16_t kind, void *rep, bool lent, uint32_t *handle);
p1b_status p1b_handle_rep(p1b_host *host, uint16_t kind, uint32_t handle, void **rep);
p1b_status p1b_handle_take(p1b_host *host, uint16_t kind, uint32_t handle, void **rep);
/* A call to which a resource was lent has ended. */
void p1b_handle_return(p1b_host *host, void *rep);
/* The guest drops a handle: `rep` is NULL where it was only lent. */
p1b_status p1b_handle_drop(p1b_host *host, uint16_t kind, uint32_t handle, void **rep);

#ifdef __cplusplus
}
#endif

#endif
