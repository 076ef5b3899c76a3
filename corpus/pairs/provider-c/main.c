// Does what tour.wit says, for others to call. Every result depends on every part of the arguments.
#include "provider.h"
#define STRING provider_string_t
#include "../text.h"

#define NAME(name) exports_corpus_pairs_tour_##name
#define FREE_STRING provider_string_free

struct exports_corpus_pairs_tour_counter_t {
    uint32_t value;
};
static uint32_t live;

bool NAME(negate)(bool x) { return !x; }
int16_t NAME(bytes)(uint8_t x, int8_t y) { return (int16_t)(x * 2 + y); }
int32_t NAME(shorts)(uint16_t x, int16_t y) { return x * 2 + y; }
int64_t NAME(words)(uint32_t x, int32_t y) { return (int64_t)x * 2 + y; }
uint64_t NAME(longs)(uint64_t x, int64_t y) { return x ^ (uint64_t)y; }
float NAME(halve)(float x) { return x / 2; }
double NAME(scale)(double x, float y) { return x * y; }
uint32_t NAME(next_char)(uint32_t x) { return x + 1; }

void NAME(greet)(STRING *name, STRING *ret) {
    *ret = (STRING){0};
    put_ascii(ret, "hello, ");
    put_string(ret, name);
    FREE_STRING(name);
}

void NAME(repeat)(STRING *what, uint32_t times, STRING *ret) {
    *ret = (STRING){0};
    while (times--) put_string(ret, what);
    FREE_STRING(what);
}

void NAME(reverse)(provider_list_u8_t *x, provider_list_u8_t *ret) {
    ret->ptr = malloc(x->len + 1);
    ret->len = x->len;
    for (size_t i = 0; i < x->len; i++) ret->ptr[i] = x->ptr[x->len - 1 - i];
    provider_list_u8_free(x);
}

void NAME(sums)(provider_list_u32_t *x, provider_list_u64_t *ret) {
    uint64_t sum = 0;
    ret->ptr = malloc((x->len + 1) * sizeof *ret->ptr);
    ret->len = x->len;
    for (size_t i = 0; i < x->len; i++) ret->ptr[i] = sum += x->ptr[i];
    provider_list_u32_free(x);
}

void NAME(join)(provider_list_string_t *x, STRING *ret) {
    *ret = (STRING){0};
    for (size_t i = 0; i < x->len; i++) {
        if (i) put_ascii(ret, ",");
        put_string(ret, &x->ptr[i]);
    }
    provider_list_string_free(x);
}

void NAME(split)(STRING *x, provider_list_string_t *ret) {
    ret->len = 1;
    for (size_t i = 0; i < x->len; i++) ret->len += x->ptr[i] == ',';
    ret->ptr = calloc(ret->len, sizeof *ret->ptr);
    STRING *to = ret->ptr;
    put_ascii(to, "");
    for (size_t i = 0; i < x->len; i++) {
        if (x->ptr[i] == ',') to++;
        else put(to, &x->ptr[i], 1);
    }
    FREE_STRING(x);
}

void NAME(flatten)(provider_list_list_u16_t *x, provider_list_u16_t *ret) {
    *ret = (provider_list_u16_t){0};
    for (size_t i = 0; i < x->len; i++)
        for (size_t j = 0; j < x->ptr[i].len; j++) {
            ret->ptr = realloc(ret->ptr, (ret->len + 1) * sizeof *ret->ptr);
            ret->ptr[ret->len++] = x->ptr[i].ptr[j];
        }
    provider_list_list_u16_free(x);
}

void NAME(mirror)(NAME(point_t) *x, NAME(point_t) *ret) { *ret = (NAME(point_t)){x->y, x->x}; }

static void older(NAME(person_t) *x) {
    x->age++;
    x->home.is_some = !x->home.is_some;
    if (x->home.is_some) x->home.val = (NAME(point_t)){x->age, -x->age};
    put_ascii(&x->name, "+");
}

void NAME(birthday)(NAME(person_t) *x, NAME(person_t) *ret) {
    *ret = *x;
    older(ret);
}

void NAME(swap)(provider_tuple2_string_u32_t *x, provider_tuple2_u32_string_t *ret) {
    ret->f0 = x->f1;
    ret->f1 = x->f0;
}

NAME(small_t) NAME(toggle)(NAME(small_t) x) { return x ^ 7; }
NAME(large_t) NAME(shift)(NAME(large_t) x) { return x << 1 & 0xfffff; }
NAME(color_t) NAME(next_color)(NAME(color_t) x) { return (x + 1) % 3; }

void NAME(describe)(NAME(shape_t) *x, STRING *ret) {
    *ret = (STRING){0};
    switch (x->tag) {
    case 0: put_ascii(ret, "nothing"); break;
    case 1:
        put_ascii(ret, "circle of ");
        put_number(ret, (int64_t)(x->val.circle * 100));
        break;
    case 2:
        put_ascii(ret, "line of ");
        put_number(ret, x->val.line.f0.x);
        put_ascii(ret, " ");
        put_number(ret, x->val.line.f0.y);
        put_ascii(ret, " ");
        put_number(ret, x->val.line.f1.x);
        put_ascii(ret, " ");
        put_number(ret, x->val.line.f1.y);
        break;
    default:
        put_ascii(ret, "named ");
        put_string(ret, &x->val.named);
    }
    NAME(shape_free)(x);
}

void NAME(grow)(NAME(shape_t) *x, NAME(shape_t) *ret) {
    *ret = *x;
    switch (x->tag) {
    case 1: ret->val.circle *= 2; break;
    case 2: ret->val.line.f1.x *= 2; break;
    case 3: put_ascii(&ret->val.named, " the Great"); break;
    }
}

bool NAME(maybe)(STRING *x, uint32_t *ret) {
    if (!x) return false;
    // The characters, not the units.
    *ret = 0;
    for (size_t i = 0; i < x->len; i++)
        *ret += sizeof(unit) == 1 ? (x->ptr[i] & 0xc0) != 0x80 : (x->ptr[i] & 0xfc00) != 0xdc00;
    FREE_STRING(x);
    return true;
}

bool NAME(deep)(provider_option_u32_t *x, provider_option_u32_t *ret) {
    if (!x) {
        *ret = (provider_option_u32_t){.is_some = false};
        return true;
    }
    *ret = (provider_option_u32_t){.is_some = true, .val = x->val + 1};
    return x->is_some;
}

bool NAME(parse)(STRING *x, uint32_t *ret, STRING *err) {
    *ret = 0;
    for (size_t i = 0; i < x->len; i++) {
        if (x->ptr[i] < '0' || x->ptr[i] > '9') {
            *err = (STRING){0};
            put_ascii(err, "no number: ");
            put_string(err, x);
            FREE_STRING(x);
            return false;
        }
        *ret = *ret * 10 + (x->ptr[i] - '0');
    }
    FREE_STRING(x);
    return true;
}

bool NAME(check)(uint32_t x) { return x % 2 == 0; }

void NAME(many)(uint8_t a, uint16_t b, uint32_t c, uint64_t d, float e, double f, uint32_t g, bool h, STRING *i,
                provider_list_u8_t *j, int8_t k, int16_t l, int32_t m, int64_t n, STRING *ret) {
    int64_t numbers[] = {a, b, c, (int64_t)d, (int64_t)e, (int64_t)f, g, h, j->len ? j->ptr[0] : -1, k, l, m, n};
    *ret = (STRING){0};
    for (size_t at = 0; at < sizeof numbers / sizeof *numbers; at++) {
        put_number(ret, numbers[at]);
        put_ascii(ret, " ");
    }
    put_string(ret, i);
    FREE_STRING(i);
    provider_list_u8_free(j);
}

void NAME(people)(NAME(list_person_t) *x, NAME(list_person_t) *ret) {
    *ret = *x;
    for (size_t i = 0; i < x->len; i++) older(&ret->ptr[i]);
}

void NAME(shapes)(NAME(list_shape_t) *x, provider_list_option_f64_t *ret) {
    ret->len = x->len;
    ret->ptr = calloc(x->len + 1, sizeof *ret->ptr);
    for (size_t i = 0; i < x->len; i++) {
        ret->ptr[i].is_some = x->ptr[i].tag == 1;
        if (ret->ptr[i].is_some) ret->ptr[i].val = x->ptr[i].val.circle / 2;
    }
    NAME(list_shape_free)(x);
}

static NAME(own_counter_t) counter(uint32_t value) {
    NAME(counter_t) *new = malloc(sizeof *new);
    new->value = value;
    live++;
    return NAME(counter_new)(new);
}

void NAME(counter_destructor)(NAME(counter_t) *rep) {
    live--;
    free(rep);
}

NAME(own_counter_t) NAME(constructor_counter)(uint32_t start) { return counter(start); }
uint32_t NAME(method_counter_add)(NAME(borrow_counter_t) self, uint32_t by) { return self->value += by; }
NAME(own_counter_t) NAME(method_counter_copy)(NAME(borrow_counter_t) self) { return counter(self->value); }

uint32_t NAME(static_counter_largest)(NAME(borrow_counter_t) x, NAME(borrow_counter_t) y) {
    return x->value > y->value ? x->value : y->value;
}

uint32_t NAME(read)(NAME(borrow_counter_t) x) { return x->value; }

uint32_t NAME(take)(NAME(own_counter_t) x) {
    uint32_t value = NAME(counter_rep)(x)->value;
    NAME(counter_drop_own)(x);
    return value;
}

void NAME(make)(provider_list_u32_t *x, NAME(list_own_counter_t) *ret) {
    ret->len = x->len;
    ret->ptr = malloc((x->len + 1) * sizeof *ret->ptr);
    for (size_t i = 0; i < x->len; i++) ret->ptr[i] = counter(x->ptr[i]);
    provider_list_u32_free(x);
}

bool NAME(find)(NAME(list_own_counter_t) *x, uint32_t value, NAME(own_counter_t) *ret) {
    bool found = false;
    for (size_t i = 0; i < x->len; i++) {
        if (!found && NAME(counter_rep)(x->ptr[i])->value == value) {
            *ret = x->ptr[i];
            found = true;
        } else {
            NAME(counter_drop_own)(x->ptr[i]);
        }
    }
    free(x->ptr);
    return found;
}

bool NAME(attempt)(bool x, NAME(own_counter_t) *ret, STRING *err) {
    if (x) {
        *ret = counter(99);
        return true;
    }
    *err = (STRING){0};
    put_ascii(err, "not today");
    return false;
}

uint32_t NAME(alive)(void) { return live; }
