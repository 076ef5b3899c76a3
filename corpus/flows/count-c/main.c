// Takes chosen records, blocking inside.
//
// count                prints them, read in pieces of one to three
// count much           reads many, and prints sums
// count leave          goes after two, and asks the future what became of it
#include "guest.h"
#include "../../common/p3.h"

typedef corpus_flows_chosen_tuple2_stream_item_future_result_u32_string_t chosen_t;

static chosen_t choose(uint32_t count, uint32_t least) {
    chosen_t chosen;
    if (finish(corpus_flows_chosen_choose(count, least, &chosen)) != GUEST_SUBTASK_RETURNED) __builtin_trap();
    return chosen;
}

static guest_waitable_status_t take(chosen_t *chosen, corpus_flows_goods_item_t *items, size_t most) {
    return copied(corpus_flows_goods_stream_item_read(chosen->f0, items, most), chosen->f0);
}

static void end(out_t out, chosen_t *chosen) {
    corpus_flows_chosen_result_u32_string_t result;
    corpus_flows_goods_stream_item_drop_readable(chosen->f0);
    copied(corpus_flows_chosen_future_result_u32_string_read(chosen->f1, &result), chosen->f1);
    corpus_flows_chosen_future_result_u32_string_drop_readable(chosen->f1);
    if (result.is_err) print(out, "error: %S\n", &result.val.err);
    else print(out, "%d in all\n", (int)result.val.ok);
    corpus_flows_chosen_result_u32_string_free(&result);
}

static void show(out_t out, corpus_flows_goods_item_t *item) {
    print(out, "%S: %d", &item->name, (int)item->size);
    for (size_t i = 0; i < item->tags.len; i++) print(out, ", %S", &item->tags.ptr[i]);
    print(out, "\n");
    corpus_flows_goods_item_free(item);
}

static void all(out_t out) {
    chosen_t chosen = choose(12, 40);
    corpus_flows_goods_item_t items[3];
    guest_waitable_status_t status;
    uint32_t piece = 0;
    do {
        status = take(&chosen, items, 1 + piece++ % 3);
        for (uint32_t i = 0; i < GUEST_WAITABLE_COUNT(status); i++) show(out, &items[i]);
    } while (GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_COMPLETED);
    end(out, &chosen);
}

static void much(out_t out) {
    chosen_t chosen = choose(600, 10);
    static corpus_flows_goods_item_t items[64];
    guest_waitable_status_t status;
    uint32_t count = 0, sizes = 0, bytes = 0;
    do {
        status = take(&chosen, items, 64);
        for (uint32_t i = 0; i < GUEST_WAITABLE_COUNT(status); i++) {
            count++;
            sizes += items[i].size;
            bytes += items[i].name.len;
            for (size_t tag = 0; tag < items[i].tags.len; tag++) bytes += items[i].tags.ptr[tag].len;
            corpus_flows_goods_item_free(&items[i]);
        }
    } while (GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_COMPLETED);
    print(out, "%d records, sizes %d, bytes %d\n", (int)count, (int)sizes, (int)bytes);
    end(out, &chosen);
}

static void leave(out_t out) {
    chosen_t chosen = choose(100, 50);
    corpus_flows_goods_item_t items[2];
    for (int i = 0; i < 2; i++)
        for (uint32_t n = GUEST_WAITABLE_COUNT(take(&chosen, items, 1)); n; n--) show(out, &items[n - 1]);
    end(out, &chosen);
    // One whose future nobody reads, and one of which nobody reads anything.
    chosen = choose(100, 50);
    take(&chosen, items, 1);
    show(out, &items[0]);
    corpus_flows_chosen_future_result_u32_string_drop_readable(chosen.f1);
    corpus_flows_goods_stream_item_drop_readable(chosen.f0);
    chosen = choose(100, 50);
    corpus_flows_goods_stream_item_drop_readable(chosen.f0);
    corpus_flows_chosen_future_result_u32_string_drop_readable(chosen.f1);
    chosen = choose(2, 50);
    print(out, "few: ");
    end(out, &chosen);
}

bool exports_wasi_cli_run_run(void) {
    guest_list_string_t args;
    wasi_cli_environment_get_arguments(&args);
    const guest_string_t *command = args.len > 1 ? &args.ptr[1] : &args.ptr[0];
    out_t out = open_stdout();
    if (is(command, "much")) much(out);
    else if (is(command, "leave")) leave(out);
    else all(out);
    close_stdout(out);
    guest_list_string_free(&args);
    return true;
}
