// A diamond: one base under two instances of one side, and this on top, which uses the base as well.
#include "top.h"
#define STRING top_string_t
#define FREE_STRING top_string_free
#define LIST_U8 top_list_u8_t
#include "../say.h"

#define BASE(name) corpus_sides_base_##name

static void say_call(const char *what, top_tuple3_u32_u32_string_t *result) {
    SAY(what, result->f0, result->f1);
    say(what, &result->f2);
}

bool exports_wasi_cli_run_run(void) {
    out = wasi_cli_stdout_get_stdout();
    top_tuple3_u32_u32_string_t result;
    for (int i = 0; i < 3; i++) {
        STRING note = text("l\xc3\xa4ngs");
        corpus_sides_side_call(&note, &result);
        say_call("side", &result);
        note = text("quer \xf0\x9f\x98\x80");
        if (i != 1) {
            corpus_sides_other_call(&note, &result);
            say_call("other", &result);
        }
    }
    STRING error, who = text("visitor");
    SAY("visits", BASE(visit)(&who));

    // A purse of one side, lent to the other, spent by the base, melted by the first.
    uint32_t left = 0;
    BASE(own_purse_t) purse = corpus_sides_side_make(100), mine = BASE(constructor_purse)(5);
    BASE(borrow_purse_t) lent = BASE(borrow_purse)(purse);
    SAY("other buys", corpus_sides_other_buy(lent, 30, &left, &error));
    SAY("left", left, BASE(method_purse_coins)(lent));
    SAY("side buys", corpus_sides_side_buy(lent, 60, &left, &error));
    SAY("left", left);
    SAY("side buys too much", corpus_sides_side_buy(BASE(borrow_purse)(mine), 6, &left, &error));
    say("error", &error);
    SAY("melted", corpus_sides_other_melt(purse), corpus_sides_side_melt(mine));
    wasi_io_streams_output_stream_drop_own(out);
    return true;
}
