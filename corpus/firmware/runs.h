/* What main.c needs of a runtime, and what a runtime needs of main.c. */
#ifndef RUNS_H
#define RUNS_H

#include <stdbool.h>
#include <stdint.h>

extern const char runtime_name[];

/* Runs an export of a module without parameters. True, and what it gave, or what it said to proc_exit; false if the module
   cannot be loaded or traps, and `why` says why. */
bool run_module(uint8_t *wasm, uint32_t length, const char *function, bool has_result, int *code, const char **why);

/* Prints bytes of a guest. */
void say(const char *text, uint32_t length);

#endif
