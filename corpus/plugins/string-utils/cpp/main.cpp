// The plugin in C++, on the same bindings.
#include <string>
#include <string_view>
#include <vector>

#include "plugin.h"

struct exports_local_string_utils_processor_counter_t {
    uint32_t total = 0;
};
using counter = exports_local_string_utils_processor_counter_t;

namespace {
// What came as an argument, and is freed in the end.
struct Argument {
    plugin_string_t *text;
    explicit Argument(plugin_string_t *given) : text(given) {}
    ~Argument() { plugin_string_free(text); }
    std::string_view view() const { return {reinterpret_cast<char *>(text->ptr), text->len}; }
};

void give(plugin_string_t *to, std::string_view text) { plugin_string_dup_n(to, text.data(), text.size()); }

void note(plugin_level_t level, std::string_view text) {
    plugin_string_t message = {reinterpret_cast<uint8_t *>(const_cast<char *>(text.data())), text.size()};
    plugin_log(level, &message);
}
} // namespace

extern "C" {
void exports_local_string_utils_processor_uppercase(plugin_string_t *text, plugin_string_t *ret) {
    Argument argument(text);
    std::string loud(argument.view());
    for (char &c : loud)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    give(ret, loud);
    note(PLUGIN_LEVEL_INFO, "uppercase, in C++");
}

void exports_local_string_utils_processor_words(plugin_string_t *text, plugin_list_string_t *ret) {
    Argument argument(text);
    std::vector<std::string_view> words;
    for (std::string_view rest = argument.view(); !rest.empty();) {
        auto end = rest.find(' ');
        if (end != 0) words.push_back(rest.substr(0, end));
        rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    }
    ret->len = words.size();
    ret->ptr = static_cast<plugin_string_t *>(malloc((words.size() + 1) * sizeof *ret->ptr));
    for (size_t i = 0; i < words.size(); i++) give(&ret->ptr[i], words[i]);
    if (words.empty()) note(PLUGIN_LEVEL_WARNING, "no words, in C++");
}

exports_local_string_utils_processor_own_counter_t exports_local_string_utils_processor_constructor_counter(void) {
    return exports_local_string_utils_processor_counter_new(new counter);
}

uint32_t exports_local_string_utils_processor_method_counter_add(counter *self, plugin_string_t *text) {
    Argument argument(text);
    uint32_t characters = 0;
    for (char c : argument.view()) characters += (c & 0xc0) != 0x80;
    self->total += characters;
    return characters;
}

uint32_t exports_local_string_utils_processor_method_counter_total(counter *self) { return self->total; }

void exports_local_string_utils_processor_counter_destructor(counter *self) {
    note(PLUGIN_LEVEL_INFO, "a counter is gone, in C++");
    delete self;
}

void exports_local_string_utils_processor_crash(void) { __builtin_trap(); }
}
