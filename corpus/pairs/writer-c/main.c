// Hands lines to a library and keeps a file of its own, with Preview 1. Not linked as a command: `cabi_realloc` of a command
// flushes stdio, which a component must not do there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#include "writer.h"

#define NAME(name) corpus_notes_store_##name

static writer_string_t text(const char *text) {
    return (writer_string_t){.ptr = (uint8_t *)text, .len = strlen(text)};
}

static bool run(int argc, char **argv) {
    const char *user = getenv("GREETING");
    printf("writer: %d arguments, %s\n", argc - 1, user ? user : "no greeting");
    FILE *own = fopen("own.txt", "w+");
    if (!own) return perror("own.txt"), false;

    uint32_t number;
    writer_string_t path = text("no/such/folder/kept.txt"), error;
    if (NAME(open)(&path, &number, &error)) return false;
    printf("writer: %.*s\n", (int)error.len, (char *)error.ptr);
    writer_string_free(&error);

    path = text("kept.txt");
    if (!NAME(open)(&path, &number, &error)) return false;
    printf("writer: fd %d here, fd %u there\n", fileno(own), (unsigned)number);

    // Both memories grow in turn, under what the other has open.
    size_t size = 0;
    char *grown = NULL;
    for (int i = 1; i < argc; i++) {
        writer_string_t line = text(argv[i]);
        fprintf(own, "%d %s\n", i, argv[i]);
        printf("writer: line %u\n", (unsigned)NAME(add)(&line));
        size += 300000;
        if (!(grown = realloc(grown, size))) return false;
        memset(grown, i, size);
        printf("writer: sum %u\n", (unsigned)NAME(fill)(i * 200000));
    }
    unsigned long sum = 0;
    for (size_t at = 0; at < size; at += 1000) sum += grown[at];
    printf("writer: own sum %lu\n", sum);

    corpus_notes_store_list_entry_t all;
    NAME(all)(&all);
    for (size_t i = 0; i < all.len; i++)
        printf("writer: kept %.*s (%u)\n", (int)all.ptr[i].line.len, (char *)all.ptr[i].line.ptr, (unsigned)all.ptr[i].length);
    corpus_notes_store_list_entry_free(&all);
    NAME(close)();

    rewind(own);
    char line[64];
    while (fgets(line, sizeof line, own)) printf("writer: own %s", line);
    fclose(own);
    return true;
}

bool exports_wasi_cli_run_run(void) {
    size_t count, bytes;
    if (__wasi_args_sizes_get(&count, &bytes)) return false;
    char **argv = calloc(count + 1, sizeof *argv);
    if (__wasi_args_get((uint8_t **)argv, malloc(bytes))) return false;
    bool done = run(count, argv);
    fflush(stdout);
    return done;
}
