/* What a call by the guest costs:  cost MODULE. Every function of cost.wit is called TIMES times inside of a function of its own, so
   that callgrind tells them apart. The functions that the module imports are generated (HAND is 0) or written here by hand for
   the engine, with the checks that generated code does (HAND is 1) or with that of the bounds alone (HAND is 2). */
#include "cost_host.h"

#define IMPORTS COST_IMPORTS
#define EXPORTS COST_EXPORTS
#ifdef WASM3
#include "m3_api_defs.h"
#include "m3_env.h" /* where the stack is */
#endif
#include "boot.h"

enum { TIMES = 300, NUMBERS = 64 };

/* What the host does: nearly nothing, and the same for all. */
struct cost_cost_ways_thing_t {
    uint32_t value;
};
typedef struct cost_cost_ways_thing_t thing;
typedef cost_cost_ways_eight_t eight;

static const eight given = {1, 2, 3.0, true, 4, -5, 6.0f, -7};
static uint32_t numbers[NUMBERS];
static thing one = {9};
static const char text[] = "sixteen byte, \303\244";
enum { LENGTH = sizeof text - 1 };

static uint32_t sum_of(const eight *of) {
    return of->a + (uint32_t)of->b + (uint32_t)of->c + of->d + of->e + (uint32_t)of->f + (uint32_t)of->g + (uint32_t)of->h;
}

#if HAND == 0
uint32_t cost_cost_ways_numbers(p1b_host *host, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    (void)host;
    return a + b + c + d;
}
uint32_t cost_cost_ways_text_in(p1b_host *host, p1b_string in) {
    (void)host;
    return (uint8_t)in.ptr[0] + (uint32_t)in.len;
}
p1b_string cost_cost_ways_text_out(p1b_host *host) {
    p1b_string out = {text, LENGTH};
    (void)host;
    return out;
}
uint32_t cost_cost_ways_record_in(p1b_host *host, const eight *of) {
    (void)host;
    return sum_of(of);
}
void cost_cost_ways_record_out(p1b_host *host, eight *ret) {
    (void)host;
    *ret = given;
}
uint32_t cost_cost_ways_list_in(p1b_host *host, const cost_list_u32_t *of) {
    (void)host;
    return of->ptr[0] + of->ptr[of->len - 1];
}
void cost_cost_ways_list_out(p1b_host *host, cost_list_u32_t *ret) {
    (void)host;
    ret->ptr = numbers;
    ret->len = NUMBERS;
}
thing *cost_cost_ways_make(p1b_host *host) {
    (void)host;
    return &one;
}
uint32_t cost_cost_ways_take(p1b_host *host, thing *of) {
    (void)host;
    return of->value;
}
void cost_cost_ways_thing_drop(p1b_host *host, thing *self) { (void)host, (void)self; }
static p1b_host host;
static p1b_handle handles[8];
#else
enum { HANDLES = 8 };
static thing *things[HANDLES];

/* The checks that only HAND 1 has. */
static bool is_utf8(const uint8_t *at, uint32_t length) {
    uint32_t i = 0;
    while (HAND == 1 && i < length) {
        uint32_t first = at[i++], least, more;
        if (first < 0x80) continue;
        if (first < 0xc2 || first > 0xf4) return false;
        more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        if (more > length - i) return false;
        least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        if (at[i] < least || at[i] > (first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf)) return false;
        for (i++, more--; more; i++, more--)
            if ((at[i] & 0xc0) != 0x80) return false;
    }
    return true;
}
static bool is_aligned(uint32_t address, uint32_t alignment) { return HAND != 1 || (address & (alignment - 1)) == 0; }

static uint32_t new_handle(thing *of) {
    uint32_t i;
    for (i = 0; i < HANDLES; i++) {
        if (things[i]) continue;
        things[i] = of;
        return i + 1;
    }
    return 0;
}
static thing *take_handle(uint32_t handle) {
    thing *of;
    if (handle == 0 || handle > HANDLES) return NULL;
    of = things[handle - 1];
    things[handle - 1] = NULL;
    return of;
}
static void put(uint8_t *at, const eight *of) {
    uint8_t d = of->d;
    memcpy(at, &of->a, 4);
    memcpy(at + 8, &of->b, 8);
    memcpy(at + 16, &of->c, 8);
    memcpy(at + 24, &d, 1);
    memcpy(at + 25, &of->e, 1);
    memcpy(at + 26, &of->f, 2);
    memcpy(at + 28, &of->g, 4);
    memcpy(at + 32, &of->h, 8);
}
static void put_pair(uint8_t *at, uint32_t address, uint32_t length) {
    memcpy(at, &address, 4);
    memcpy(at + 4, &length, 4);
}

#ifdef WASM3
static IM3Runtime runtime;
static IM3Function room_function;

static uint8_t *at(uint32_t address, uint64_t size) {
    uint32_t all;
    uint8_t *memory = m3_GetMemory(runtime, &all, 0);
    return memory && address <= all && size <= all - address ? memory + address : NULL;
}
#define CHECK(condition) if (!(condition)) return "a wrong value"

m3ApiRawFunction(hand_numbers) {
    m3ApiReturnType(uint32_t) m3ApiGetArg(uint32_t, a) m3ApiGetArg(uint32_t, b) m3ApiGetArg(uint32_t, c) m3ApiGetArg(uint32_t, d)
    m3ApiReturn(a + b + c + d);
}
m3ApiRawFunction(hand_text_in) {
    m3ApiReturnType(uint32_t) m3ApiGetArg(uint32_t, address) m3ApiGetArg(uint32_t, length)
    const uint8_t *in = at(address, length);
    CHECK(in && is_utf8(in, length));
    m3ApiReturn(in[0] + length);
}
/* Room in the guest, whose frame stays as it is. */
static const char *room(uint64_t *frame, const char *const *arguments, uint32_t size, uint32_t alignment, uint32_t *address) {
    void *stack = runtime->stack;
    M3Result failed;
    runtime->stack = frame;
    failed = m3_CallWithArgs(room_function, 4, arguments);
    if (!failed) memcpy(address, runtime->stack, 4);
    runtime->stack = stack;
    if (failed) return failed;
    CHECK(is_aligned(*address, alignment) && at(*address, size));
    return NULL;
}
static const char *give(uint64_t *frame, uint32_t area, const void *bytes, uint32_t size, uint32_t length, uint32_t alignment,
                        const char *const *arguments) {
    uint32_t address;
    const char *failed;
    CHECK(is_aligned(area, 4) && at(area, 8));
    failed = room(frame + 8, arguments, size, alignment, &address);
    if (failed) return failed;
    memcpy(at(address, size), bytes, size);
    put_pair(at(area, 8), address, length);
    return NULL;
}
m3ApiRawFunction(hand_text_out) {
    static const char *const arguments[] = {"0", "0", "1", "16"};
    m3ApiGetArg(uint32_t, area)
    CHECK(is_utf8((const uint8_t *)text, LENGTH));
    return give(_sp, area, text, LENGTH, LENGTH, 1, arguments);
}
m3ApiRawFunction(hand_record_in) {
    eight of;
    m3ApiReturnType(uint32_t) m3ApiGetArg(uint32_t, a) m3ApiGetArg(uint64_t, b) m3ApiGetArg(double, c) m3ApiGetArg(uint32_t, d)
    m3ApiGetArg(uint32_t, e) m3ApiGetArg(int32_t, f) m3ApiGetArg(float, g) m3ApiGetArg(int64_t, h)
    of.a = a, of.b = b, of.c = c, of.d = d != 0, of.e = (uint8_t)e, of.f = (int16_t)f, of.g = g, of.h = h;
    m3ApiReturn(sum_of(&of));
}
m3ApiRawFunction(hand_record_out) {
    m3ApiGetArg(uint32_t, area)
    uint8_t *to = at(area, 40);
    eight of = given;
    CHECK(is_aligned(area, 8) && to);
    put(to, &of);
    m3ApiSuccess();
}
m3ApiRawFunction(hand_list_in) {
    m3ApiReturnType(uint32_t) m3ApiGetArg(uint32_t, address) m3ApiGetArg(uint32_t, length)
    const uint8_t *in = at(address, (uint64_t)length * 4);
    uint32_t first, last;
    CHECK(is_aligned(address, 4) && in && length);
    memcpy(&first, in, 4);
    memcpy(&last, in + 4 * (length - 1), 4);
    m3ApiReturn(first + last);
}
m3ApiRawFunction(hand_list_out) {
    static const char *const arguments[] = {"0", "0", "4", "256"};
    m3ApiGetArg(uint32_t, area)
    return give(_sp, area, numbers, sizeof numbers, NUMBERS, 4, arguments);
}
m3ApiRawFunction(hand_make) {
    m3ApiReturnType(uint32_t)
    uint32_t handle = new_handle(&one);
    CHECK(handle);
    m3ApiReturn(handle);
}
m3ApiRawFunction(hand_take) {
    m3ApiReturnType(uint32_t) m3ApiGetArg(uint32_t, handle)
    thing *of = take_handle(handle);
    CHECK(of);
    m3ApiReturn(of->value);
}
static void by_hand(IM3Module module) {
    static const struct {
        const char *name, *type;
        M3RawCall call;
    } all[] = {{"numbers", "i(iiii)", hand_numbers}, {"text-in", "i(ii)", hand_text_in},     {"text-out", "v(i)", hand_text_out},
               {"record-in", "i(iIFiiifI)", hand_record_in}, {"record-out", "v(i)", hand_record_out}, {"list-in", "i(ii)", hand_list_in},
               {"list-out", "v(i)", hand_list_out}, {"make", "i()", hand_make},              {"take", "i(i)", hand_take}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        M3Result failed = m3_LinkRawFunction(module, "cost:cost/ways", all[i].name, all[i].type, all[i].call);
        if (failed) fail(all[i].name, failed);
    }
}
#else
static wasm_function_inst_t room_function;

#define CHECK(condition, otherwise) \
    if (!(condition)) { \
        wasm_runtime_set_exception(wasm_runtime_get_module_inst(env), "a wrong value"); \
        return otherwise; \
    }
static uint8_t *at(wasm_exec_env_t env, uint32_t address, uint64_t size) {
    wasm_module_inst_t of = wasm_runtime_get_module_inst(env);
    if (size > UINT32_MAX || !wasm_runtime_validate_app_addr(of, address, (uint32_t)size)) return NULL;
    return wasm_runtime_addr_app_to_native(of, address);
}
static uint32_t hand_numbers(wasm_exec_env_t env, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    (void)env;
    return a + b + c + d;
}
/* The engine itself has checked where the text is. */
static uint32_t hand_text_in(wasm_exec_env_t env, const uint8_t *in, uint32_t length) {
    CHECK(is_utf8(in, length), 0)
    return in[0] + length;
}
static void give(wasm_exec_env_t env, uint32_t area, const void *bytes, uint32_t size, uint32_t length, uint32_t alignment) {
    uint32_t cells[4] = {0, 0, alignment, size};
    uint8_t *to;
    CHECK(is_aligned(area, 4) && at(env, area, 8), )
    if (!wasm_runtime_call_wasm(env, room_function, 4, cells)) return;
    to = at(env, cells[0], size);
    CHECK(is_aligned(cells[0], alignment) && to, )
    memcpy(to, bytes, size);
    put_pair(at(env, area, 8), cells[0], length);
}
static void hand_text_out(wasm_exec_env_t env, uint32_t area) {
    CHECK(is_utf8((const uint8_t *)text, LENGTH), )
    give(env, area, text, LENGTH, LENGTH, 1);
}
static uint32_t hand_record_in(wasm_exec_env_t env, uint32_t a, uint64_t b, double c, uint32_t d, uint32_t e, int32_t f, float g, int64_t h) {
    eight of;
    (void)env;
    of.a = a, of.b = b, of.c = c, of.d = d != 0, of.e = (uint8_t)e, of.f = (int16_t)f, of.g = g, of.h = h;
    return sum_of(&of);
}
static void hand_record_out(wasm_exec_env_t env, uint32_t area) {
    uint8_t *to = at(env, area, 40);
    eight of = given;
    CHECK(is_aligned(area, 8) && to, )
    put(to, &of);
}
static uint32_t hand_list_in(wasm_exec_env_t env, uint32_t address, uint32_t length) {
    const uint8_t *in = at(env, address, (uint64_t)length * 4);
    uint32_t first, last;
    CHECK(is_aligned(address, 4) && in && length, 0)
    memcpy(&first, in, 4);
    memcpy(&last, in + 4 * (length - 1), 4);
    return first + last;
}
static void hand_list_out(wasm_exec_env_t env, uint32_t area) { give(env, area, numbers, sizeof numbers, NUMBERS, 4); }
static uint32_t hand_make(wasm_exec_env_t env) {
    uint32_t handle = new_handle(&one);
    CHECK(handle, 0)
    return handle;
}
static uint32_t hand_take(wasm_exec_env_t env, uint32_t handle) {
    thing *of = take_handle(handle);
    CHECK(of, 0)
    return of->value;
}
static NativeSymbol hands[] = {
#define HAND_OF(field, function, type) {"cost:cost/ways#" field, (void *)(uintptr_t)function, type, NULL}
    HAND_OF("numbers", hand_numbers, "(iiii)i"), HAND_OF("text-in", hand_text_in, "(*~)i"),
    HAND_OF("text-out", hand_text_out, "(i)"),   HAND_OF("record-in", hand_record_in, "(iIFiiifI)i"),
    HAND_OF("record-out", hand_record_out, "(i)"), HAND_OF("list-in", hand_list_in, "(ii)i"),
    HAND_OF("list-out", hand_list_out, "(i)"),   HAND_OF("make", hand_make, "()i"),
    HAND_OF("take", hand_take, "(i)i"),
};
#endif
#endif

#ifdef WASM3
static uint32_t run(const char *name, uint32_t times) {
    static IM3Runtime loaded;
    const char *const arguments[] = {times == TIMES ? "300" : "1"};
    uint32_t result;
    IM3Function function;
    M3Result failed;
#if HAND == 0
    loaded = binding.runtime;
#else
    loaded = runtime;
#endif
    failed = m3_FindFunction(&function, loaded, name);
    if (!failed) failed = m3_CallWithArgs(function, 1, arguments);
    if (failed) fail(name, failed);
    memcpy(&result, loaded->stack, sizeof result);
    return result;
}
#else
static uint32_t run(const char *name, uint32_t times) {
    uint32_t cells[1] = {times};
    wasm_function_inst_t function = wasm_runtime_lookup_function(instance, name, NULL);
    if (!function || !wasm_runtime_call_wasm(environment, function, 1, cells)) fail(name, wasm_runtime_get_exception(instance));
    return cells[0];
}
#endif

/* callgrind knows them by these names. The difference counts: to enter the guest costs something, too. */
#define MEASURE(name, called) \
    __attribute__((noinline)) static uint32_t once_##name(void) { return run(called, 1); } \
    __attribute__((noinline)) static uint32_t measure_##name(void) { return run(called, TIMES); }
MEASURE(numbers, "run-numbers")
MEASURE(text_in, "run-text-in")
MEASURE(text_out, "run-text-out")
MEASURE(record_in, "run-record-in")
MEASURE(record_out, "run-record-out")
MEASURE(list_in, "run-list-in")
MEASURE(list_out, "run-list-out")
MEASURE(handle, "run-handle")

static uint32_t (*const once[])(void) = {once_numbers,    once_text_in, once_text_out, once_record_in,
                                         once_record_out, once_list_in, once_list_out, once_handle};

int main(int argc, char **argv) {
    static const char *const names[] = {"run-numbers", "run-text-in", "run-text-out", "run-record-in", "run-record-out", "run-list-in", "run-list-out", "run-handle"};
    for (uint32_t i = 0; i < NUMBERS; i++) numbers[i] = i;
#if HAND == 0
    p1b_init(&host, &cost_world, NULL, 0, handles, 8);
    boot(&host, argc, argv);
#elif defined(WASM3)
    IM3Environment env = m3_NewEnvironment();
    IM3Module module;
    M3Result failed;
    runtime = m3_NewRuntime(env, 64 * 1024, NULL);
    failed = m3_ParseModule(env, &module, bytes, load(argv[1]));
    if (!failed) failed = m3_LoadModule(runtime, module);
    if (failed) fail("wasm3", failed);
    by_hand(module);
    failed = m3_FindFunction(&room_function, runtime, "cabi_realloc");
    if (failed) fail("cabi_realloc", failed);
    (void)argc;
#else
    RuntimeInitArgs init;
    char error[128] = "";
    memset(&init, 0, sizeof init);
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", NULL);
    if (!wasm_runtime_register_natives("env", hands, sizeof hands / sizeof *hands)) fail("register", NULL);
    wasm_module_t module = wasm_runtime_load(bytes, load(argv[1]), error, sizeof error);
    if (!module) fail("load", error);
    instance = wasm_runtime_instantiate(module, 65536, 512, error, sizeof error);
    if (!instance) fail("instantiate", error);
    environment = wasm_runtime_create_exec_env(instance, 65536);
    (void)argc;
    room_function = wasm_runtime_lookup_function(instance, "cabi_realloc", NULL);
#endif
    /* wasm3 compiles a function when it is first called. */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) run(names[i], 1);
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) once[i]();
    printf("%u %u %u %u %u %u %u %u\n", (unsigned)measure_numbers(), (unsigned)measure_text_in(), (unsigned)measure_text_out(),
           (unsigned)measure_record_in(), (unsigned)measure_record_out(), (unsigned)measure_list_in(), (unsigned)measure_list_out(),
           (unsigned)measure_handle());
    return 0;
}
