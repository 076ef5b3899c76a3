/* What an embedding does with a module, as arguments of the program:
 *
 *   pool=BYTES stack=BYTES   how the runtime is made; these come first
 *   host=N                   N bytes of the module by the runtime's own function: pointer 0, 1, ...
 *   own=NAME,N[,M...]        the same by calling an export, with further arguments
 *   give=K drop=NAME,K       pointer K back to the runtime, or to an export
 *   put=K,N,B                N bytes B at pointer K
 *   NAME(A,B,...)            calls an export; an argument is a number, or @K for pointer K
 *   ?NAME(A,B,...)           the same, and goes on even if it fails
 *   see=K,N                  N bytes at pointer K as a sum
 *   size                     the bytes of the memory
 *
 * Each of them but `put` prints a line on stderr: `= VALUE`, or `! WHY` after which nothing follows but for `?`. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t (*allocate)(uint32_t bytes);
    void (*give)(uint32_t pointer);
    /* Calls an export; says whether it returned. */
    int (*call)(const char *name, int count, uint32_t *arguments, uint32_t *result);
    /* The bytes of the memory, and where it is now. */
    uint8_t *(*memory)(uint32_t *bytes);
    const char *(*why)(void);
} Host;

static uint32_t pointers[16];
static int pointer_count;

static uint32_t number(const char *text) {
    return text[0] == '@' ? pointers[atoi(text + 1) & 15] : (uint32_t)strtoul(text, NULL, 0);
}

static int numbers(char *text, uint32_t *into) {
    int count = 0;
    for (char *word = strtok(text, ",)"); word && count < 8; word = strtok(NULL, ",)")) into[count++] = number(word);
    return count;
}

static uint8_t *at(const Host *host, uint32_t pointer, uint32_t length) {
    uint32_t bytes;
    uint8_t *memory = host->memory(&bytes);
    return pointer <= bytes && length <= bytes - pointer ? memory + pointer : NULL;
}

/* One command; 0 when the script ends with it. */
static int command(const Host *host, char *text) {
    uint32_t values[9] = {0}, result = 0;
    char *name = text;
    if (!strcmp(text, "size")) {
        host->memory(&result);
    } else if (!strncmp(text, "host=", 5)) {
        result = pointers[pointer_count++ & 15] = host->allocate(number(text + 5));
        if (!result) return fprintf(stderr, "! %s\n", host->why()), 0;
        result = 1;
    } else if (!strncmp(text, "give=", 5)) {
        host->give(pointers[number(text + 5) & 15]);
    } else if (!strncmp(text, "put=", 4) || !strncmp(text, "see=", 4)) {
        numbers(text + 4, values);
        uint8_t *bytes = at(host, pointers[values[0] & 15], values[1]);
        if (!bytes) return fprintf(stderr, "! no such memory\n"), 0;
        if (text[0] == 'p') return memset(bytes, (int)values[2], values[1]), 1;
        for (uint32_t i = 0; i < values[1]; i++) result = result * 31 + bytes[i];
    } else {
        int goes_on = *text == '?';
        name = text += goes_on;
        int own = !strncmp(text, "own=", 4), drop = !strncmp(text, "drop=", 5);
        name += own ? 4 : drop ? 5 : 0;
        char *rest = name + strcspn(name, ",(");
        if (*rest) *rest++ = 0;
        int count = numbers(rest, values);
        if (drop) values[0] = pointers[values[0] & 15];
        if (!host->call(name, count, values, &result)) return fprintf(stderr, "! %s\n", host->why()), goes_on;
        if (own) pointers[pointer_count++ & 15] = result, result = result != 0;
    }
    fprintf(stderr, "= %u\n", result);
    return 1;
}

static uint8_t *file(const char *path, uint32_t *size) {
    FILE *stream = fopen(path, "rb");
    if (!stream) exit(2);
    fseek(stream, 0, SEEK_END);
    *size = (uint32_t)ftell(stream);
    rewind(stream);
    uint8_t *bytes = malloc(*size + 1);
    if (fread(bytes, 1, *size, stream) != *size) exit(2);
    fclose(stream);
    return bytes;
}
