// Uses the words of linked/words.wit: a Preview 1 program that prints with libc, a component of WASI 0.2 (P2), or a program on
// WSI, whose libc only gives memory (WSI).
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef P2
#include "user_p2.h"
#define STRING user_p2_string_t
#define FREE_STRING user_p2_string_free
#else
#include "user.h"
#define STRING user_string_t
#define FREE_STRING user_string_free
#endif

typedef corpus_linked_words_own_bag_t bag;
typedef corpus_linked_words_list_word_t list;

#ifdef WSI
#include <wsi.h>
#endif
#if defined P2 || defined WSI
// Prints like printf, for what this program needs: strings, strings with a length, numbers.
static void print(const char *format, ...) {
    char line[256], *to = line;
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (format[0] != '%') {
            *to++ = *format;
        } else if (format[1] == 'u') {
            char digits[12], *end = digits;
            unsigned number = va_arg(arguments, unsigned);
            do *end++ = (char)('0' + number % 10);
            while (number /= 10);
            while (end != digits) *to++ = *--end;
            format++;
        } else if (!strncmp(format, "%.*s", 4)) {
            int length = va_arg(arguments, int);
            memcpy(to, va_arg(arguments, char *), (size_t)length);
            to += length, format += 3;
#ifdef WSI
        } else if (format[1] == 's') {
            const char *text = va_arg(arguments, char *);
            size_t length = strlen(text);
            memcpy(to, text, length);
            to += length, format++;
#endif
        }
    }
    va_end(arguments);
#ifdef WSI
    wsi_iov iov = {line, (uint32_t)(to - line)};
    if (wsi_io_write(1, &iov, 1) < 0) __builtin_trap();
#else
    wasi_cli_stdout_own_output_stream_t out = wasi_cli_stdout_get_stdout();
    user_p2_list_u8_t bytes = {(uint8_t *)line, (size_t)(to - line)};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(out), &bytes,
                                                                       &error))
        __builtin_trap();
    wasi_io_streams_output_stream_drop_own(out);
#endif
}
#else
#define print printf
#endif

static STRING string(const char *text) { return (STRING){(uint8_t *)text, strlen(text)}; }

static void add(bag to, const char *text) {
    STRING argument = string(text), error = {0};
    uint32_t count = 0;
    if (corpus_linked_words_method_bag_add(corpus_linked_words_borrow_bag(to), &argument, &count, &error)) {
        print("added %.*s: %u\n", (int)argument.len, argument.ptr, count);
    } else {
        print("refused: %.*s\n", (int)error.len, error.ptr);
        FREE_STRING(&error);
    }
}

static void show(bag of, corpus_linked_words_order_t how) {
    list words;
    corpus_linked_words_method_bag_words(corpus_linked_words_borrow_bag(of), &how, &words);
    for (size_t i = 0; i < words.len; i++)
        print(i ? ", %.*s %u" : "%.*s %u", (int)words.ptr[i].text.len, words.ptr[i].text.ptr, words.ptr[i].count);
    print("\n");
    corpus_linked_words_list_word_free(&words);
}

static int tour(void) {
    STRING label = string("first"), other = string("second"), loud = {0}, quiet = string("grüße, welt");
    bag first = corpus_linked_words_constructor_bag(&label), second = corpus_linked_words_constructor_bag(&other);
    const char *texts[] = {"pear", "apple", "fig", "apple", "plum", "pear", "apple", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) add(i % 3 ? first : second, texts[i]);
    show(first, (corpus_linked_words_order_t){.tag = CORPUS_LINKED_WORDS_ORDER_BY_NAME});
    show(second, (corpus_linked_words_order_t){.tag = CORPUS_LINKED_WORDS_ORDER_BY_COUNT});
    print("bags: %u\n", corpus_linked_words_bags());
    print("merged: %u\n", corpus_linked_words_static_bag_merge(corpus_linked_words_borrow_bag(first), second));
    show(first, (corpus_linked_words_order_t){.tag = CORPUS_LINKED_WORDS_ORDER_BY_COUNT});
    show(first, (corpus_linked_words_order_t){.tag = CORPUS_LINKED_WORDS_ORDER_BEGINNING, .val.beginning = string("p")});
    corpus_linked_words_bag_drop_own(first);
    print("bags: %u\n", corpus_linked_words_bags());
    corpus_linked_words_shout(&quiet, &loud);
    print("%.*s\n", (int)loud.len, loud.ptr);
    FREE_STRING(&loud);
    return 0;
}

#ifdef P2
bool exports_wasi_cli_run_run(void) { return tour() == 0; }
#elif defined WSI
__attribute__((export_name("_start"))) void _start(void) {
    tour();
    int64_t sizes = wsi_proc_args_sizes();
    uint32_t count = (uint32_t)sizes, bytes = (uint32_t)(sizes >> 32);
    char **arguments = malloc(count * sizeof *arguments), *text = malloc(bytes);
    if (wsi_proc_args(arguments, text) < 0) __builtin_trap();
    for (uint32_t i = 1; i < count; i++) print("argument %s\n", arguments[i]);
    wsi_proc_exit(count > 1 ? 40 + count : 0);
}
#else
int main(int count, char **arguments) {
    tour();
    // What only Preview 1 gives a program: its arguments, and an exit code of its own.
    for (int i = 1; i < count; i++) print("argument %s\n", arguments[i]);
    return count > 1 ? 40 + count : 0;
}
#endif
