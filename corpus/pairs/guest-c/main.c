// Calls every function of tour.wit and prints what comes back, a line for each.
#include "guest.h"
#define STRING guest_string_t
#define FREE_STRING guest_string_free
#define LIST_U8 guest_list_u8_t
#include "../say.h"

#define NAME(name) corpus_pairs_tour_##name

static const char *const MIXED = "z\xc3\xbcrich \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80";

static void scalars(void) {
    SAY("negate", NAME(negate)(true), NAME(negate)(false));
    SAY("bytes", NAME(bytes)(255, -128));
    SAY("shorts", NAME(shorts)(65535, -32768));
    SAY("words", NAME(words)(4294967295, -2147483647));
    SAY("longs", (int64_t)NAME(longs)(0x123456789abcdef0, -1));
    SAY("halve", (int64_t)(NAME(halve)(2.5f) * 1000));
    SAY("scale", (int64_t)(NAME(scale)(1e10, -0.5f)));
    SAY("next-char", NAME(next_char)('a'), NAME(next_char)(0xd7fe), NAME(next_char)(0x1f600));
}

static void strings(void) {
    STRING line, argument = text(MIXED);
    NAME(greet)(&argument, &line);
    say("greet", &line);
    argument = text("");
    NAME(greet)(&argument, &line);
    say("greet nobody", &line);
    argument = text("caf\xc3\xa9 ");
    NAME(repeat)(&argument, 5, &line);
    say("repeat", &line);
    argument = text("0123456789abcde\xc3\xa9");
    NAME(repeat)(&argument, 256, &line);
    // The last character is two units in UTF-8.
    SAY("repeat to 4096", (int64_t)line.len - (sizeof(unit) == 1 ? 256 : 0), line.ptr[14]);
    guest_string_free(&line);
    STRING names[] = {text("one"), text(""), text(MIXED)};
    guest_list_string_t list = {names, 3};
    NAME(join)(&list, &line);
    say("join", &line);
    argument = text("a,,\xc3\xa9,\xf0\x9f\x98\x80");
    NAME(split)(&argument, &list);
    SAY("split", list.len, list.ptr[0].len, list.ptr[1].len);
    say("split, third", &list.ptr[2]);
    say("split, fourth", &list.ptr[3]);
    guest_list_string_free(&list);
}

static void lists(void) {
    uint8_t bytes[] = {1, 2, 3, 250};
    guest_list_u8_t octets = {bytes, 4}, back;
    NAME(reverse)(&octets, &back);
    SAY("reverse", back.len, back.ptr[0], back.ptr[3]);
    guest_list_u8_free(&back);
    guest_list_u8_t large = {malloc(65536), 65536};
    for (int i = 0; i < 65536; i++) large.ptr[i] = (uint8_t)(i * 7 + (i >> 8));
    NAME(reverse)(&large, &back);
    uint32_t hash = 0;
    for (int i = 0; i < 65536; i++) hash = hash * 31 + back.ptr[i];
    SAY("reverse 64 KiB", hash);
    guest_list_u8_free(&large);
    guest_list_u8_free(&back);
    uint32_t words[] = {1, 4294967295, 10};
    guest_list_u32_t numbers = {words, 3};
    guest_list_u64_t sums;
    NAME(sums)(&numbers, &sums);
    SAY("sums", sums.len, (int64_t)sums.ptr[1], (int64_t)sums.ptr[2]);
    guest_list_u64_free(&sums);
    uint16_t first[] = {1, 2}, third[] = {65535};
    guest_list_u16_t inner[] = {{first, 2}, {third, 0}, {third, 1}}, flat;
    guest_list_list_u16_t outer = {inner, 3};
    NAME(flatten)(&outer, &flat);
    SAY("flatten", flat.len, flat.ptr[0], flat.ptr[1], flat.ptr[2]);
    guest_list_u16_free(&flat);
}

static void say_person(const char *what, NAME(person_t) *person) {
    STRING line = {0};
    put_string(&line, &person->name);
    put_ascii(&line, " ");
    put_number(&line, person->age);
    if (person->home.is_some) {
        put_ascii(&line, " at ");
        put_number(&line, person->home.val.x);
        put_ascii(&line, " ");
        put_number(&line, person->home.val.y);
    }
    say(what, &line);
}

static void records(void) {
    NAME(point_t) point = {3, -4}, turned;
    NAME(mirror)(&point, &turned);
    SAY("mirror", turned.x, turned.y);
    NAME(person_t) person = {text("\xc3\x85sa"), 41, {true, {1, 2}}}, older;
    NAME(birthday)(&person, &older);
    say_person("birthday", &older);
    NAME(person_free)(&older);
    guest_tuple2_string_u32_t tuple = {text("seven"), 7};
    guest_tuple2_u32_string_t swapped;
    NAME(swap)(&tuple, &swapped);
    STRING line = {0};
    put_number(&line, swapped.f0);
    put_ascii(&line, " ");
    put_string(&line, &swapped.f1);
    say("swap", &line);
    guest_string_free(&swapped.f1);
    NAME(person_t) two[] = {{text("A"), 1, {false, {0, 0}}}, {text("\xe6\xbc\xa2"), 255, {true, {5, 6}}}};
    NAME(list_person_t) people = {two, 2}, all;
    NAME(people)(&people, &all);
    say_person("people, first", &all.ptr[0]);
    say_person("people, second", &all.ptr[1]);
    NAME(list_person_free)(&all);
    SAY("toggle", NAME(toggle)(1));
    SAY("shift", NAME(shift)(0xc0001));
    SAY("next-color", NAME(next_color)(0), NAME(next_color)(2));
}

static void variants(void) {
    NAME(shape_t) shapes[] = {
        {.tag = 0}, {.tag = 1, .val.circle = 1.5}, {.tag = 2, .val.line = {{1, -2}, {3, -4}}}, {.tag = 3}};
    for (int i = 0; i < 4; i++) {
        NAME(shape_t) grown;
        STRING line;
        if (i == 3) shapes[i].val.named = text("Karl \xc3\xb6");
        NAME(grow)(&shapes[i], &grown);
        NAME(describe)(&grown, &line);
        say("grow and describe", &line);
    }
    shapes[3].val.named = text("x");
    NAME(list_shape_t) list = {shapes, 4};
    guest_list_option_f64_t halves;
    NAME(shapes)(&list, &halves);
    SAY("shapes", halves.len, halves.ptr[0].is_some, halves.ptr[1].is_some, (int64_t)(halves.ptr[1].val * 100));
    guest_list_option_f64_free(&halves);
    STRING name = text(MIXED);
    uint32_t length = 0;
    SAY("maybe", NAME(maybe)(&name, &length));
    SAY("maybe, some", length, NAME(maybe)(NULL, &length));
    guest_option_u32_t some = {true, 6}, none = {false, 0}, answer = {0};
    SAY("deep some", NAME(deep)(&some, &answer), answer.is_some, answer.val);
    SAY("deep some none", NAME(deep)(&none, &answer));
    SAY("deep none", NAME(deep)(NULL, &answer), answer.is_some);
    STRING number = text("4711"), wrong = text("47\xc3\xa9"), error;
    uint32_t parsed = 0;
    SAY("parse", NAME(parse)(&number, &parsed, &error));
    SAY("parse, ok", parsed, NAME(parse)(&wrong, &parsed, &error));
    say("parse, error", &error);
    SAY("check", NAME(check)(2), NAME(check)(3));
    STRING last = text("\xf0\x9f\x98\x80"), line;
    uint8_t byte = 200;
    guest_list_u8_t bytes = {&byte, 1};
    NAME(many)(255, 65535, 4294967295, 1, 2.5f, -3.5, 0x1f600, true, &last, &bytes, -1, -2, -3, -4, &line);
    say("many", &line);
}

static void resources(void) {
    NAME(own_counter_t) a = NAME(constructor_counter)(10);
    NAME(borrow_counter_t) lent = NAME(borrow_counter)(a);
    SAY("counter", NAME(method_counter_add)(lent, 5), NAME(method_counter_add)(lent, 1), NAME(alive)());
    NAME(own_counter_t) b = NAME(method_counter_copy)(lent);
    NAME(method_counter_add)(NAME(borrow_counter)(b), 100);
    SAY("copy", NAME(read)(lent), NAME(read)(NAME(borrow_counter)(b)));
    SAY("largest", NAME(static_counter_largest)(lent, NAME(borrow_counter)(b)));
    SAY("take", NAME(take)(a), NAME(alive)());
    uint32_t starts[] = {7, 8, 9};
    guest_list_u32_t list = {starts, 3};
    NAME(list_own_counter_t) made;
    NAME(make)(&list, &made);
    SAY("make", made.len, NAME(alive)(), NAME(read)(NAME(borrow_counter)(made.ptr[2])));
    NAME(own_counter_t) found;
    SAY("find", NAME(find)(&made, 8, &found), NAME(alive)());
    SAY("found", NAME(take)(found), NAME(alive)());
    NAME(make)(&list, &made);
    SAY("find nothing", NAME(find)(&made, 5, &found), NAME(alive)());
    STRING error;
    SAY("attempt", NAME(attempt)(true, &found, &error));
    SAY("attempt, value", NAME(read)(NAME(borrow_counter)(found)), NAME(attempt)(false, &a, &error));
    say("attempt, error", &error);
    NAME(counter_drop_own)(found);
    NAME(counter_drop_own)(b);
    SAY("all dropped", NAME(alive)());
}

bool exports_wasi_cli_run_run(void) {
    out = wasi_cli_stdout_get_stdout();
    scalars();
    strings();
    lists();
    records();
    variants();
    resources();
    wasi_io_streams_output_stream_drop_own(out);
    return true;
}
