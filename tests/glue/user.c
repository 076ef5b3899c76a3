/* Provides the words of corpus/linked/words.wit to a program:  user MODULE [ARGUMENT...] */
#include "user_host.h"

#define IMPORTS USER_IMPORTS
#define EXPORTS USER_EXPORTS
#include "boot.h"

#define MOST 64

/* A resource of the host. */
struct corpus_linked_words_bag_t {
    corpus_linked_words_word_t words[MOST];
    size_t count;
};
typedef corpus_linked_words_bag_t bag;

static uint32_t live;

bag *corpus_linked_words_constructor_bag(p1b_host *host, p1b_string label) {
    bag *made = calloc(1, sizeof *made);
    (void)host, (void)label;
    live++;
    return made;
}

void corpus_linked_words_bag_drop(p1b_host *host, bag *self) {
    size_t i;
    (void)host;
    for (i = 0; i < self->count; i++) free((void *)self->words[i].text.ptr);
    free(self);
    live--;
}

static uint32_t put(bag *to, p1b_string text, uint32_t count) {
    size_t i;
    char *copy;
    for (i = 0; i < to->count; i++)
        if (to->words[i].text.len == text.len && memcmp(to->words[i].text.ptr, text.ptr, text.len) == 0)
            return to->words[i].count += count;
    copy = malloc(text.len);
    memcpy(copy, text.ptr, text.len);
    to->words[to->count].text.ptr = copy;
    to->words[to->count].text.len = text.len;
    to->words[to->count++].count = count;
    return count;
}

bool corpus_linked_words_method_bag_add(p1b_host *host, bag *self, p1b_string text, uint32_t *ret, p1b_string *err) {
    (void)host;
    if (text.len == 0) {
        *err = p1b_text("an empty word");
        return false;
    }
    *ret = put(self, text, 1);
    return true;
}

static int by_name(const void *a, const void *b) {
    const corpus_linked_words_word_t *x = a, *y = b;
    size_t common = x->text.len < y->text.len ? x->text.len : y->text.len;
    int order = memcmp(x->text.ptr, y->text.ptr, common);
    return order ? order : x->text.len < y->text.len ? -1 : x->text.len > y->text.len;
}

static int by_count(const void *a, const void *b) {
    const corpus_linked_words_word_t *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : by_name(a, b);
}

void corpus_linked_words_method_bag_words(p1b_host *host, bag *self, const corpus_linked_words_order_t *how,
                                          corpus_linked_words_list_word_t *ret) {
    corpus_linked_words_word_t *words = p1b_scratch_items(host, self->count, sizeof *words);
    size_t i, count = 0;
    if (!words) return;
    for (i = 0; i < self->count; i++) {
        p1b_string begin = how->val.beginning, text = self->words[i].text;
        bool some = how->tag == CORPUS_LINKED_WORDS_ORDER_BEGINNING;
        if (some && (text.len < begin.len || memcmp(text.ptr, begin.ptr, begin.len) != 0)) continue;
        words[count++] = self->words[i];
    }
    qsort(words, count, sizeof *words, how->tag == CORPUS_LINKED_WORDS_ORDER_BY_COUNT ? by_count : by_name);
    ret->ptr = words;
    ret->len = count;
}

uint32_t corpus_linked_words_static_bag_merge(p1b_host *host, bag *into, bag *other) {
    uint32_t sum = 0;
    size_t i;
    for (i = 0; i < other->count; i++) {
        sum += other->words[i].count;
        put(into, other->words[i].text, other->words[i].count);
    }
    /* It is the host's again. */
    corpus_linked_words_bag_drop(host, other);
    return sum;
}

p1b_string corpus_linked_words_shout(p1b_host *host, p1b_string text) {
    p1b_string loud = p1b_copy(host, text.ptr, text.len);
    char *at = (char *)loud.ptr;
    size_t i;
    for (i = 0; i < loud.len; i++)
        if (at[i] >= 'a' && at[i] <= 'z') at[i] = (char)(at[i] - 'a' + 'A');
    return loud;
}

uint32_t corpus_linked_words_bags(p1b_host *host) {
    (void)host;
    return live;
}

int main(int argc, char **argv) {
    static uint8_t scratch[4096];
    static p1b_handle handles[8];
    static p1b_host host;
    if (argc < 2) fail("usage", "user MODULE [ARGUMENT...]");
    p1b_init(&host, &user_world, scratch, sizeof scratch, handles, sizeof handles / sizeof *handles);
    boot(&host, argc, argv);
    const char *failed = start(argc, argv);
    if (failed) fail("the program", failed);
    if (live) fail("the program", "leaves bags");
    return 0;
}
