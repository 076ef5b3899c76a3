/* Calls the words of corpus/linked/words.wit that a library has:  maker MODULE */
#include "maker_host.h"

#define IMPORTS MAKER_IMPORTS
#define EXPORTS MAKER_EXPORTS
#include "boot.h"

typedef exports_corpus_linked_words_bag_t bag;

static p1b_host host;

static void need(p1b_status status, const char *what) {
    if (status) fail(what, status == P1B_TRAPPED ? trap() : p1b_reason(status));
}
#define NEED(call) need(call, #call)

static void add(bag to, const char *text) {
    maker_result_u32_string_t result;
    p1b_held held;
    NEED(exports_corpus_linked_words_method_bag_add(&host, to, p1b_text(text), &result, &held));
    if (result.is_err) printf("refused: %.*s\n", (int)result.val.err.len, result.val.err.ptr);
    else printf("added %s: %u\n", text, result.val.ok);
    NEED(p1b_done(&host, &held));
}

static void show(bag of, uint8_t tag, const char *beginning) {
    exports_corpus_linked_words_order_t how;
    exports_corpus_linked_words_list_word_t words;
    p1b_held held;
    size_t i;
    how.tag = tag;
    if (beginning) how.val.beginning = p1b_text(beginning);
    NEED(exports_corpus_linked_words_method_bag_words(&host, of, &how, &words, &held));
    for (i = 0; i < words.len; i++)
        printf(i ? ", %.*s %u" : "%.*s %u", (int)words.ptr[i].text.len, words.ptr[i].text.ptr, words.ptr[i].count);
    printf("\n");
    NEED(p1b_done(&host, &held));
}

static void tour(void) {
    static const char *const texts[] = {"pear", "apple", "fig", "apple", "plum", "pear", "apple", ""};
    bag first, second;
    uint32_t number;
    p1b_string loud;
    p1b_held held;
    size_t i;
    NEED(exports_corpus_linked_words_constructor_bag(&host, p1b_text("first"), &first));
    NEED(exports_corpus_linked_words_constructor_bag(&host, p1b_text("second"), &second));
    for (i = 0; i < sizeof texts / sizeof *texts; i++) add(i % 3 ? first : second, texts[i]);
    show(first, EXPORTS_CORPUS_LINKED_WORDS_ORDER_BY_NAME, NULL);
    show(second, EXPORTS_CORPUS_LINKED_WORDS_ORDER_BY_COUNT, NULL);
    NEED(exports_corpus_linked_words_bags(&host, &number));
    printf("bags: %u\n", number);
    NEED(exports_corpus_linked_words_static_bag_merge(&host, first, second, &number));
    printf("merged: %u\n", number);
    show(first, EXPORTS_CORPUS_LINKED_WORDS_ORDER_BY_COUNT, NULL);
    show(first, EXPORTS_CORPUS_LINKED_WORDS_ORDER_BEGINNING, "p");
    NEED(exports_corpus_linked_words_bag_drop(&host, first));
    NEED(exports_corpus_linked_words_bags(&host, &number));
    printf("bags: %u\n", number);
    NEED(exports_corpus_linked_words_shout(&host, p1b_text("gr\303\274\303\237e, welt"), &loud, &held));
    printf("%.*s\n", (int)loud.len, loud.ptr);
    NEED(p1b_done(&host, &held));
}

int main(int argc, char **argv) {
    static uint8_t scratch[4096];
    if (argc != 2) fail("usage", "maker MODULE");
    p1b_init(&host, &maker_world, scratch, sizeof scratch, NULL, 0);
    boot(&host, argc, argv);
    NEED(maker_initialize(&host));
    tour();
    return 0;
}
