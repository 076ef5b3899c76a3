// Purses, and a count of all visits.
#include "bottom.h"
#define STRING bottom_string_t
#include "../text.h"

#define NAME(name) exports_corpus_sides_base_##name

struct exports_corpus_sides_base_purse_t {
    uint32_t coins;
};

NAME(own_purse_t) NAME(constructor_purse)(uint32_t coins) {
    NAME(purse_t) *purse = malloc(sizeof *purse);
    purse->coins = coins;
    return NAME(purse_new)(purse);
}

void NAME(purse_destructor)(NAME(purse_t) *purse) { free(purse); }

uint32_t NAME(method_purse_coins)(NAME(borrow_purse_t) self) { return self->coins; }

bool NAME(method_purse_spend)(NAME(borrow_purse_t) self, uint32_t coins, uint32_t *ret, STRING *err) {
    if (self->coins < coins) {
        *err = (STRING){0};
        put_ascii(err, "only ");
        put_number(err, self->coins);
        put_ascii(err, " left");
        return false;
    }
    *ret = self->coins -= coins;
    return true;
}

uint32_t NAME(visit)(STRING *who) {
    static uint32_t visits;
    if (who->len > 3) visits++;
    bottom_string_free(who);
    return visits;
}
