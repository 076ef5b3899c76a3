// The plugin in C.
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

struct exports_local_string_utils_processor_counter_t {
    uint32_t total;
};
typedef struct exports_local_string_utils_processor_counter_t counter;

static void note(plugin_level_t level, const char *text) {
    plugin_string_t message = {(uint8_t *)text, strlen(text)};
    plugin_log(level, &message);
}

void exports_local_string_utils_processor_uppercase(plugin_string_t *text, plugin_string_t *ret) {
    for (size_t i = 0; i < text->len; i++)
        if (text->ptr[i] >= 'a' && text->ptr[i] <= 'z') text->ptr[i] -= 'a' - 'A';
    *ret = *text;
    note(PLUGIN_LEVEL_INFO, "uppercase, in C");
}

void exports_local_string_utils_processor_words(plugin_string_t *text, plugin_list_string_t *ret) {
    ret->ptr = malloc((text->len / 2 + 1) * sizeof *ret->ptr);
    ret->len = 0;
    for (size_t i = 0, begin = 0; i <= text->len; i++) {
        if (i < text->len && text->ptr[i] != ' ') continue;
        if (i > begin) plugin_string_dup_n(&ret->ptr[ret->len++], (char *)text->ptr + begin, i - begin);
        begin = i + 1;
    }
    if (!ret->len) note(PLUGIN_LEVEL_WARNING, "no words, in C");
    plugin_string_free(text);
}

exports_local_string_utils_processor_own_counter_t exports_local_string_utils_processor_constructor_counter(void) {
    return exports_local_string_utils_processor_counter_new(calloc(1, sizeof(counter)));
}

uint32_t exports_local_string_utils_processor_method_counter_add(counter *self, plugin_string_t *text) {
    uint32_t characters = 0;
    for (size_t i = 0; i < text->len; i++) characters += (text->ptr[i] & 0xc0) != 0x80;
    plugin_string_free(text);
    self->total += characters;
    return characters;
}

uint32_t exports_local_string_utils_processor_method_counter_total(counter *self) { return self->total; }

void exports_local_string_utils_processor_counter_destructor(counter *self) {
    note(PLUGIN_LEVEL_INFO, "a counter is gone, in C");
    free(self);
}

void exports_local_string_utils_processor_crash(void) { __builtin_trap(); }
