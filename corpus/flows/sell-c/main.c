// Records as a stream, a few in each write: names, sizes and lists of tags. UTF16 tells which strings the bindings have.
#include "guest.h"
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#ifdef UTF16
typedef char16_t unit_t;
#define TEXT(literal) u##literal
#else
typedef char unit_t;
#define TEXT(literal) literal
#endif

enum { PIECE = 5 };

typedef struct {
    guest_waitable_set_t set;
    exports_corpus_flows_goods_stream_item_writer_t to;
    exports_corpus_flows_goods_item_t items[PIECE];
    uint32_t next, count, size, done;
} task_t;

static void name(guest_string_t *string, const unit_t *word, uint32_t number) {
    unit_t text[32];
    char digits[10];
    size_t at = 0;
    int used = 0;
    while (word[at]) text[at] = word[at], at++;
    do {
        digits[used++] = '0' + number % 10;
    } while (number /= 10);
    while (used) text[at++] = digits[--used];
    guest_string_dup_n(string, text, at);
}

static void fill(task_t *self) {
    static const unit_t *const words[] = {TEXT("apple "), TEXT("größe "), TEXT("pear "), TEXT("☃ ")};
    self->done = 0;
    for (self->size = 0; self->size < PIECE && self->next < self->count; self->size++, self->next++) {
        exports_corpus_flows_goods_item_t *item = &self->items[self->size];
        name(&item->name, words[self->next % 4], self->next);
        item->size = self->next * 37 % 100;
        item->tags.len = self->next % 3;
        item->tags.ptr = item->tags.len ? malloc(item->tags.len * sizeof *item->tags.ptr) : NULL;
        for (size_t i = 0; i < item->tags.len; i++) name(&item->tags.ptr[i], TEXT("tag "), i);
    }
}

// Gives whether somebody still reads. What was passed on is ours still, and is freed.
static bool gave(task_t *self, guest_waitable_status_t status) {
    bool open = GUEST_WAITABLE_STATE(status) != GUEST_WAITABLE_DROPPED;
    uint32_t until = open ? self->done + GUEST_WAITABLE_COUNT(status) : self->size;
    while (self->done < until) exports_corpus_flows_goods_item_free(&self->items[self->done++]);
    return open;
}

static guest_callback_code_t ended(task_t *self) {
    guest_waitable_join(self->to, 0);
    exports_corpus_flows_goods_stream_item_drop_writable(self->to);
    guest_waitable_set_drop(self->set);
    free(self);
    return GUEST_CALLBACK_CODE_EXIT;
}

static guest_callback_code_t move(task_t *self) {
    for (;;) {
        if (self->done == self->size) fill(self);
        if (self->size == 0) return ended(self);
        guest_waitable_status_t status =
            exports_corpus_flows_goods_stream_item_write(self->to, self->items + self->done, self->size - self->done);
        if (status == GUEST_WAITABLE_STATUS_BLOCKED) return GUEST_CALLBACK_CODE_WAIT(self->set);
        if (!gave(self, status)) return ended(self);
    }
}

guest_callback_code_t exports_corpus_flows_goods_all(uint32_t count) {
    task_t *self = calloc(1, sizeof *self);
    guest_context_set_0(self);
    self->count = count;
    self->set = guest_waitable_set_new();
    exports_corpus_flows_goods_all_return(exports_corpus_flows_goods_stream_item_new(&self->to));
    guest_waitable_join(self->to, self->set);
    return move(self);
}

guest_callback_code_t exports_corpus_flows_goods_all_callback(guest_event_t *event) {
    task_t *self = guest_context_get_0();
    return gave(self, event->code) ? move(self) : ended(self);
}
