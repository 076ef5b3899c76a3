// Passes every call of tour.wit on. The types of what is imported and exported have the same layout; counters are wrapped.
#include "relay.h"
#define STRING relay_string_t
#include "../text.h"

#define OUT(name) exports_corpus_pairs_tour_##name
#define IN(name) corpus_pairs_tour_##name

bool OUT(negate)(bool x) { return IN(negate)(x); }
int16_t OUT(bytes)(uint8_t x, int8_t y) { return IN(bytes)(x, y); }
int32_t OUT(shorts)(uint16_t x, int16_t y) { return IN(shorts)(x, y); }
int64_t OUT(words)(uint32_t x, int32_t y) { return IN(words)(x, y); }
uint64_t OUT(longs)(uint64_t x, int64_t y) { return IN(longs)(x, y); }
float OUT(halve)(float x) { return IN(halve)(x); }
double OUT(scale)(double x, float y) { return IN(scale)(x, y); }
uint32_t OUT(next_char)(uint32_t x) { return IN(next_char)(x); }
OUT(small_t) OUT(toggle)(OUT(small_t) x) { return IN(toggle)(x); }
OUT(large_t) OUT(shift)(OUT(large_t) x) { return IN(shift)(x); }
OUT(color_t) OUT(next_color)(OUT(color_t) x) { return IN(next_color)(x); }
bool OUT(check)(uint32_t x) { return IN(check)(x); }
uint32_t OUT(alive)(void) { return IN(alive)(); }

void OUT(greet)(STRING *x, STRING *ret) {
    IN(greet)(x, ret);
    relay_string_free(x);
}
void OUT(repeat)(STRING *x, uint32_t times, STRING *ret) {
    IN(repeat)(x, times, ret);
    relay_string_free(x);
}
void OUT(reverse)(relay_list_u8_t *x, relay_list_u8_t *ret) {
    IN(reverse)(x, ret);
    relay_list_u8_free(x);
}
void OUT(sums)(relay_list_u32_t *x, relay_list_u64_t *ret) {
    IN(sums)(x, ret);
    relay_list_u32_free(x);
}
void OUT(join)(relay_list_string_t *x, STRING *ret) {
    IN(join)(x, ret);
    relay_list_string_free(x);
}
void OUT(split)(STRING *x, relay_list_string_t *ret) {
    IN(split)(x, ret);
    relay_string_free(x);
}
void OUT(flatten)(relay_list_list_u16_t *x, relay_list_u16_t *ret) {
    IN(flatten)(x, ret);
    relay_list_list_u16_free(x);
}
void OUT(mirror)(OUT(point_t) *x, OUT(point_t) *ret) { IN(mirror)((IN(point_t) *)x, (IN(point_t) *)ret); }
void OUT(birthday)(OUT(person_t) *x, OUT(person_t) *ret) {
    IN(birthday)((IN(person_t) *)x, (IN(person_t) *)ret);
    OUT(person_free)(x);
}
void OUT(swap)(relay_tuple2_string_u32_t *x, relay_tuple2_u32_string_t *ret) {
    IN(swap)(x, ret);
    relay_string_free(&x->f0);
}
void OUT(describe)(OUT(shape_t) *x, STRING *ret) {
    IN(describe)((IN(shape_t) *)x, ret);
    OUT(shape_free)(x);
}
void OUT(grow)(OUT(shape_t) *x, OUT(shape_t) *ret) {
    IN(grow)((IN(shape_t) *)x, (IN(shape_t) *)ret);
    OUT(shape_free)(x);
}
bool OUT(maybe)(STRING *x, uint32_t *ret) {
    bool some = IN(maybe)(x, ret);
    if (x) relay_string_free(x);
    return some;
}
bool OUT(deep)(relay_option_u32_t *x, relay_option_u32_t *ret) { return IN(deep)(x, ret); }
bool OUT(parse)(STRING *x, uint32_t *ret, STRING *err) {
    bool ok = IN(parse)(x, ret, err);
    relay_string_free(x);
    return ok;
}
void OUT(many)(uint8_t a, uint16_t b, uint32_t c, uint64_t d, float e, double f, uint32_t g, bool h, STRING *i,
               relay_list_u8_t *j, int8_t k, int16_t l, int32_t m, int64_t n, STRING *ret) {
    IN(many)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, ret);
    relay_string_free(i);
    relay_list_u8_free(j);
}
void OUT(people)(OUT(list_person_t) *x, OUT(list_person_t) *ret) {
    IN(people)((IN(list_person_t) *)x, (IN(list_person_t) *)ret);
    OUT(list_person_free)(x);
}
void OUT(shapes)(OUT(list_shape_t) *x, relay_list_option_f64_t *ret) {
    IN(shapes)((IN(list_shape_t) *)x, ret);
    OUT(list_shape_free)(x);
}

struct exports_corpus_pairs_tour_counter_t {
    IN(own_counter_t) inner;
};

static OUT(own_counter_t) wrap(IN(own_counter_t) inner) {
    OUT(counter_t) *outer = malloc(sizeof *outer);
    outer->inner = inner;
    return OUT(counter_new)(outer);
}

static IN(borrow_counter_t) lend(OUT(borrow_counter_t) outer) { return IN(borrow_counter)(outer->inner); }

// The inner counter; the outer one is gone.
static IN(own_counter_t) unwrap(OUT(own_counter_t) outer) {
    OUT(counter_t) *rep = OUT(counter_rep)(outer);
    IN(own_counter_t) inner = rep->inner;
    rep->inner.__handle = 0;
    OUT(counter_drop_own)(outer);
    return inner;
}

void OUT(counter_destructor)(OUT(counter_t) *rep) {
    if (rep->inner.__handle) IN(counter_drop_own)(rep->inner);
    free(rep);
}

OUT(own_counter_t) OUT(constructor_counter)(uint32_t start) { return wrap(IN(constructor_counter)(start)); }
uint32_t OUT(method_counter_add)(OUT(borrow_counter_t) self, uint32_t by) {
    return IN(method_counter_add)(lend(self), by);
}
OUT(own_counter_t) OUT(method_counter_copy)(OUT(borrow_counter_t) self) {
    return wrap(IN(method_counter_copy)(lend(self)));
}
uint32_t OUT(static_counter_largest)(OUT(borrow_counter_t) x, OUT(borrow_counter_t) y) {
    return IN(static_counter_largest)(lend(x), lend(y));
}
uint32_t OUT(read)(OUT(borrow_counter_t) x) { return IN(read)(lend(x)); }
uint32_t OUT(take)(OUT(own_counter_t) x) { return IN(take)(unwrap(x)); }

void OUT(make)(relay_list_u32_t *x, OUT(list_own_counter_t) *ret) {
    IN(list_own_counter_t) made;
    IN(make)(x, &made);
    ret->len = made.len;
    ret->ptr = malloc((made.len + 1) * sizeof *ret->ptr);
    for (size_t i = 0; i < made.len; i++) ret->ptr[i] = wrap(made.ptr[i]);
    free(made.ptr);
    relay_list_u32_free(x);
}

bool OUT(find)(OUT(list_own_counter_t) *x, uint32_t value, OUT(own_counter_t) *ret) {
    IN(list_own_counter_t) inner = {malloc((x->len + 1) * sizeof *inner.ptr), x->len};
    for (size_t i = 0; i < x->len; i++) inner.ptr[i] = unwrap(x->ptr[i]);
    IN(own_counter_t) found;
    bool some = IN(find)(&inner, value, &found);
    if (some) *ret = wrap(found);
    free(inner.ptr);
    free(x->ptr);
    return some;
}

bool OUT(attempt)(bool x, OUT(own_counter_t) *ret, STRING *err) {
    IN(own_counter_t) inner;
    bool ok = IN(attempt)(x, &inner, err);
    if (ok) *ret = wrap(inner);
    return ok;
}
