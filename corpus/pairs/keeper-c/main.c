// A library for Preview 1: keeps lines in a file through stdio.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper.h"

#define NAME(name) exports_corpus_notes_store_##name

static FILE *file;
static uint32_t lines;

bool NAME(open)(keeper_string_t *path, uint32_t *ret, keeper_string_t *err) {
    char *name = strndup((char *)path->ptr, path->len);
    keeper_string_free(path);
    file = fopen(name, "w+");
    if (!file) {
        char text[128];
        snprintf(text, sizeof text, "%s: %s", name, strerror(errno));
        free(name);
        keeper_string_dup(err, text);
        return false;
    }
    free(name);
    *ret = fileno(file);
    return true;
}

uint32_t NAME(add)(keeper_string_t *line) {
    fprintf(file, "%.*s\n", (int)line->len, (char *)line->ptr);
    fprintf(stderr, "keeper: %u bytes\n", (unsigned)line->len);
    keeper_string_free(line);
    return ++lines;
}

void NAME(all)(exports_corpus_notes_store_list_entry_t *ret) {
    ret->len = 0;
    ret->ptr = calloc(lines, sizeof *ret->ptr);
    rewind(file);
    char line[256];
    while (ret->len < lines && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        ret->ptr[ret->len].length = strlen(line);
        keeper_string_dup(&ret->ptr[ret->len++].line, line);
    }
}

uint32_t NAME(fill)(uint32_t bytes) {
    char *block = malloc(bytes);
    if (!block) return 0;
    memset(block, 0x5a, bytes);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < bytes; i += 4096) sum += block[i];
    free(block);
    return sum;
}

void NAME(close)(void) {
    printf("keeper: closed after %u lines\n", (unsigned)lines);
    fflush(stdout);
    fclose(file);
}
