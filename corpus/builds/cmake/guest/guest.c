/* The program for the device: what the host's interface `sensors` says, and a line for each channel that is too hot.

   Names and types are those of the canonical ABI for guest/wit/device.wit; wit-bindgen writes such functions for larger worlds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define IMPORT(name) __attribute__((import_module("example:device/sensors"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

typedef struct {
    char *ptr;
    uint32_t len;
} string;

extern int32_t sensors_read(uint32_t channel) IMPORT("read");
extern void sensors_name(uint32_t channel, string *name) IMPORT("name");

/* The host allocates the strings that it returns. */
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    (void)old_size;
    (void)align;
    void *new = realloc(old, size);
    if (!new) abort();
    return new;
}

EXPORT("check") uint32_t check(int32_t limit) {
    uint32_t hot = 0;
    for (uint32_t channel = 0; channel < 3; channel++) {
        int32_t value = sensors_read(channel);
        if (value <= limit) continue;
        string name;
        sensors_name(channel, &name);
        printf("%.*s: %ld.%ld degrees are too hot\n", (int)name.len, name.ptr, (long)value / 10, (long)value % 10);
        free(name.ptr);
        hot++;
    }
    fflush(stdout);
    return hot;
}
