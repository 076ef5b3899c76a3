// Arguments, environment, both output streams, exit codes.
//
// hello-c [ARG…]            prints what it was given, sorted where hosts may differ in order
// hello-c exit N            leaves with code N through exit()
// hello-c return N          leaves with code N by returning from main
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void show_environment(void) {
    size_t count = 0;
    while (environ[count]) count++;
    qsort(environ, count, sizeof *environ, by_text);
    for (size_t i = 0; i < count; i++) printf("env %s\n", environ[i]);
    const char *greeting = getenv("GREETING");
    printf("greeting: %s\n", greeting ? greeting : "(none)");
}

int main(int argc, char **argv) {
    printf("hello from C, %d arguments\n", argc - 1);
    for (int i = 1; i < argc; i++) printf("arg %d [%s] of %zu bytes\n", i, argv[i], strlen(argv[i]));
    show_environment();
    fprintf(stderr, "this goes to stderr, 6 * 7 = %d\n", 6 * 7);
    if (argc == 3 && strcmp(argv[1], "exit") == 0) exit(atoi(argv[2]));
    if (argc == 3 && strcmp(argv[1], "return") == 0) return atoi(argv[2]);
    return 0;
}
