/* What the firmware gives to guests, and what it calls. */
#ifndef ENV_H
#define ENV_H

__attribute__((import_module("env"), import_name("print"))) void print(const char *text, int length);
/* What it gives becomes the exit code of the firmware, together with that of the others. */
__attribute__((export_name("run"))) int run(void);

#define PRINT(text) print(text, sizeof text - 1)

#endif
