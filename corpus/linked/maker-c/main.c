// Makes the words of linked/words.wit. With P1 or WSI it also writes to stderr what it does, when LOUD is in its environment.
#include "maker.h"
#include <stdlib.h>
#include <string.h>
#ifdef P1
#include <stdio.h>
#define LOG(...) (getenv("LOUD") ? fprintf(stderr, __VA_ARGS__) : 0)
#elif defined WSI
#include <wsi.h>
static void put_out(const char *text, size_t length) {
    wsi_iov iov = {(void *)text, length};
    if (length && wsi_io_write(2, &iov, 1) != (int32_t)length) __builtin_trap();
}
// What is written are texts with a length. Hosts need not write more than the first of several buffers.
static void say(const char *format, int length, const char *text) {
    int64_t sizes = wsi_proc_env_sizes();
    char *variables[8], bytes[256];
    if ((uint32_t)sizes > 8 || sizes >> 32 > 256 || wsi_proc_env(variables, bytes) < 0) __builtin_trap();
    for (uint32_t i = 0; i < (uint32_t)sizes; i++) {
        if (strncmp(variables[i], "LOUD=", 5)) continue;
        put_out(format, strlen(format) - strlen("%.*s\n"));
        put_out(text, (size_t)length);
        put_out("\n", 1);
    }
}
#define LOG(...) say(__VA_ARGS__)
#else
#define LOG(...) 0
#endif

typedef exports_corpus_linked_words_word_t word;

struct exports_corpus_linked_words_bag_t {
    maker_string_t label;
    word *words;
    size_t count;
};
typedef struct exports_corpus_linked_words_bag_t bag;

static uint32_t live;

exports_corpus_linked_words_own_bag_t exports_corpus_linked_words_constructor_bag(maker_string_t *label) {
    bag *made = calloc(1, sizeof *made);
    made->label = *label;
    live++;
    LOG("maker: a bag %.*s\n", (int)label->len, (char *)label->ptr);
    return exports_corpus_linked_words_bag_new(made);
}

void exports_corpus_linked_words_bag_destructor(bag *of) {
    LOG("maker: no bag %.*s\n", (int)of->label.len, (char *)of->label.ptr);
    for (size_t i = 0; i < of->count; i++) maker_string_free(&of->words[i].text);
    free(of->words);
    maker_string_free(&of->label);
    free(of);
    live--;
}

// The text is the bag's from now on, or freed.
static uint32_t put(bag *to, maker_string_t text, uint32_t count) {
    for (size_t i = 0; i < to->count; i++) {
        if (to->words[i].text.len == text.len && !memcmp(to->words[i].text.ptr, text.ptr, text.len)) {
            maker_string_free(&text);
            return to->words[i].count += count;
        }
    }
    to->words = realloc(to->words, (to->count + 1) * sizeof *to->words);
    to->words[to->count++] = (word){text, count};
    return count;
}

bool exports_corpus_linked_words_method_bag_add(bag *to, maker_string_t *text, uint32_t *count, maker_string_t *error) {
    if (text->len == 0) {
        maker_string_free(text);
        maker_string_dup(error, "an empty word");
        return false;
    }
    *count = put(to, *text, 1);
    return true;
}

static int by_name(const void *a, const void *b) {
    const word *x = a, *y = b;
    size_t common = x->text.len < y->text.len ? x->text.len : y->text.len;
    int order = memcmp(x->text.ptr, y->text.ptr, common);
    return order ? order : x->text.len < y->text.len ? -1 : x->text.len > y->text.len;
}

static int by_count(const void *a, const void *b) {
    const word *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : by_name(a, b);
}

void exports_corpus_linked_words_method_bag_words(bag *of, exports_corpus_linked_words_order_t *how,
                                                  exports_corpus_linked_words_list_word_t *ret) {
    bool some = how->tag == EXPORTS_CORPUS_LINKED_WORDS_ORDER_BEGINNING;
    maker_string_t begin = some ? how->val.beginning : (maker_string_t){0};
    ret->ptr = malloc((of->count + 1) * sizeof *ret->ptr);
    ret->len = 0;
    for (size_t i = 0; i < of->count; i++) {
        maker_string_t text = of->words[i].text;
        if (text.len < begin.len || memcmp(text.ptr, begin.ptr, begin.len)) continue;
        word *next = &ret->ptr[ret->len++];
        next->count = of->words[i].count;
        maker_string_dup_n(&next->text, (char *)text.ptr, text.len);
    }
    qsort(ret->ptr, ret->len, sizeof *ret->ptr,
          how->tag == EXPORTS_CORPUS_LINKED_WORDS_ORDER_BY_COUNT ? by_count : by_name);
    exports_corpus_linked_words_order_free(how);
}

uint32_t exports_corpus_linked_words_static_bag_merge(bag *into, exports_corpus_linked_words_own_bag_t other) {
    bag *from = exports_corpus_linked_words_bag_rep(other);
    uint32_t sum = 0;
    for (size_t i = 0; i < from->count; i++) {
        maker_string_t text;
        maker_string_dup_n(&text, (char *)from->words[i].text.ptr, from->words[i].text.len);
        sum += from->words[i].count;
        put(into, text, from->words[i].count);
    }
    exports_corpus_linked_words_bag_drop_own(other);
    return sum;
}

void exports_corpus_linked_words_shout(maker_string_t *text, maker_string_t *ret) {
    for (size_t i = 0; i < text->len; i++)
        if (text->ptr[i] >= 'a' && text->ptr[i] <= 'z') text->ptr[i] -= 'a' - 'A';
    *ret = *text;
}

uint32_t exports_corpus_linked_words_bags(void) { return live; }
