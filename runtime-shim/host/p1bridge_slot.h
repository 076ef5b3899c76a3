/* A marked slot: room for a module inside firmware, with a head that says how much room there is, how long the module is and
   whether it is whole. `p1bridge retrofit` replaces what is in it by a module of any length up to the room, without a look at
   the code around. Freestanding C99, and C++; all numbers are of 32 bits, low byte first:

     0  "p1bslot" and a zero byte
     8  the version of this head, 1
    12  the capacity: how many bytes there are behind the head
    16  the length of the module; 0 as long as the slot is empty
    20  the CRC-32 of the module, as in zip and Ethernet
    24  the module, and 0xFF or 0 up to the capacity */
#ifndef P1BRIDGE_SLOT_H
#define P1BRIDGE_SLOT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define P1B_SLOT_HEAD 24u
#define P1B_SLOT_VERSION 1u

/* Defines an empty slot in a section, for example `P1B_SLOT(app, 8192, ".app_slot");`, and others use it as
   `extern const uint8_t app[];`. Needs GCC, Clang, armclang or IAR. `p1bridge embed` writes slots with a module. */
#define P1B_SLOT(name, capacity, where)                                                                                \
    extern const uint8_t name[P1B_SLOT_HEAD + (capacity)];                                                             \
    __attribute__((used, aligned(8), section(where))) const uint8_t name[P1B_SLOT_HEAD + (capacity)] = {               \
        'p', '1', 'b', 's', 'l', 'o', 't', 0, P1B_SLOT_WORD(P1B_SLOT_VERSION), P1B_SLOT_WORD(capacity)}
#define P1B_SLOT_WORD(value)                                                                                           \
    (uint8_t)((uint32_t)(value)), (uint8_t)((uint32_t)(value) >> 8), (uint8_t)((uint32_t)(value) >> 16),               \
        (uint8_t)((uint32_t)(value) >> 24)

static inline uint32_t p1b_slot_word(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Bit by bit: a table would be larger than the code that checks it, and this runs once. */
static inline uint32_t p1b_slot_crc32(const uint8_t *bytes, uint32_t length) {
    uint32_t crc = 0xFFFFFFFFu;
    uint32_t at;
    int bit;
    for (at = 0; at < length; at++) {
        crc ^= bytes[at];
        for (bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

/* The module in a slot and its length; NULL if this is no slot, the slot is empty, or the module in it is not whole. Flash
   that was erased or written halfway is no slot either. */
static inline const uint8_t *p1b_slot_module(const void *slot, uint32_t *length) {
    static const uint8_t mark[8] = {'p', '1', 'b', 's', 'l', 'o', 't', 0};
    /* What is in the slot is changed behind the compiler's back. One that sees the slot as well, as with -flto, must not find
       out that it is empty: it would leave out all that comes after. */
    const void *volatile unknown = slot;
    const uint8_t *head = (const uint8_t *)unknown;
    const uint8_t *module = head + P1B_SLOT_HEAD;
    uint32_t bytes;
    size_t at;
    for (at = 0; at < sizeof mark; at++)
        if (head[at] != mark[at]) return NULL;
    if (p1b_slot_word(head + 8) != P1B_SLOT_VERSION) return NULL;
    bytes = p1b_slot_word(head + 16);
    if (bytes == 0 || bytes > p1b_slot_word(head + 12)) return NULL;
    if (p1b_slot_crc32(module, bytes) != p1b_slot_word(head + 20)) return NULL;
    *length = bytes;
    return module;
}

#ifdef __cplusplus
}
#endif

#endif
