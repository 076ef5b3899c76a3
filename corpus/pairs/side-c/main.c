// Passes on to the base; has a count of its own.
#include "middle.h"
#define STRING middle_string_t
#include "../text.h"

#define NAME(name) exports_corpus_sides_side_##name
#define BASE(name) corpus_sides_base_##name

void NAME(call)(STRING *note, middle_tuple3_u32_u32_string_t *ret) {
    static uint32_t calls;
    ret->f0 = ++calls;
    ret->f1 = BASE(visit)(note);
    ret->f2 = (STRING){0};
    put_ascii(&ret->f2, "noted: ");
    put_string(&ret->f2, note);
    middle_string_free(note);
}

BASE(own_purse_t) NAME(make)(uint32_t coins) { return BASE(constructor_purse)(coins); }

bool NAME(buy)(BASE(borrow_purse_t) lent, uint32_t coins, uint32_t *ret, STRING *err) {
    bool bought = BASE(method_purse_spend)(lent, coins, ret, err);
    BASE(purse_drop_borrow)(lent);
    return bought;
}

uint32_t NAME(melt)(BASE(own_purse_t) whole) {
    uint32_t coins = BASE(method_purse_coins)(BASE(borrow_purse)(whole));
    BASE(purse_drop_own)(whole);
    return coins;
}
