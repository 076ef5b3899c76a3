/* Runs a module that passes exports through to imports, on WAMR of 2020, for the values of a generated program. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "p1b_wamr.h"

static p1b_host host;

[[noreturn]] static void fail(const char *what, const char *why) {
    std::fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
    std::exit(1);
}

static void need(p1b_status status, const char *what) {
    if (status) {
        const char *exception = wasm_runtime_get_exception(static_cast<p1b_wamr *>(host.of)->instance);
        std::fprintf(stderr, "%s: %s, %s\n", what, p1b_reason(status), exception ? exception : "no exception");
        std::exit(1);
    }
}

/* Memory for lists of a program that ends soon. */
template <class T> static std::remove_const_t<T> *items(T *, size_t count) {
    return static_cast<std::remove_const_t<T> *>(std::calloc(count ? count : 1, sizeof(T)));
}

static p1b_string text(const char *bytes, size_t length) {
    p1b_string string = {bytes, length};
    return string;
}

static bool same_text(p1b_string a, p1b_string b) { return a.len == b.len && (!a.len || !std::memcmp(a.ptr, b.ptr, a.len)); }

/* The bits of numbers: NaN is equal to itself. */
template <class T> static bool same_bits(T a, T b) { return !std::memcmp(&a, &b, sizeof a); }

static p1b_held held;
static bool is_held;

/* All ways in which a function of one parameter takes and gives a value. */
template <class T> static void call(p1b_status (*f)(p1b_host *, T, T *), T &in, T &out) { need(f(&host, in, &out), "call"); }
template <class T> static void call(p1b_status (*f)(p1b_host *, const T *, T *), T &in, T &out) { need(f(&host, &in, &out), "call"); }
template <class T> static void call(p1b_status (*f)(p1b_host *, T, T *, p1b_held *), T &in, T &out) {
    need(f(&host, in, &out, &held), "call");
    is_held = true;
}
template <class T> static void call(p1b_status (*f)(p1b_host *, const T *, T *, p1b_held *), T &in, T &out) {
    need(f(&host, &in, &out, &held), "call");
    is_held = true;
}
static void release() {
    if (is_held) need(p1b_done(&host, &held), "done");
    is_held = false;
    if (host.scratch_used) fail("scratch", "is not free again");
}

template <class T> struct value_of;
template <class T> struct value_of<p1b_status (*)(p1b_host *, T, T *)> { using type = T; };
template <class T> struct value_of<p1b_status (*)(p1b_host *, const T *, T *)> { using type = T; };
template <class T> struct value_of<p1b_status (*)(p1b_host *, T, T *, p1b_held *)> { using type = T; };
template <class T> struct value_of<p1b_status (*)(p1b_host *, const T *, T *, p1b_held *)> { using type = T; };

static void boot(const char *file_name, const p1b_world *world) {
    static NativeSymbol symbols[64];
    static wasm_function_inst_t functions[256];
    static uint8_t scratch[1 << 20], bytes[1 << 20];
    static p1b_wamr binding;
    char error[128] = "";
    RuntimeInitArgs init;
    FILE *file = std::fopen(file_name, "rb");
    if (!file) fail(file_name, "cannot be opened");
    uint32_t size = static_cast<uint32_t>(std::fread(bytes, 1, sizeof bytes, file));
    std::memset(&init, 0, sizeof init);
    init.mem_alloc_type = Alloc_With_System_Allocator;
    if (!wasm_runtime_full_init(&init)) fail("WAMR", nullptr);
    if (!p1b_wamr_register(world, symbols)) fail("register", nullptr);
    wasm_module_t module = wasm_runtime_load(bytes, size, error, sizeof error);
    if (!module) fail("load", error);
    wasm_module_inst_t instance = wasm_runtime_instantiate(module, 65536, 0, error, sizeof error);
    if (!instance) fail("instantiate", error);
    wasm_exec_env_t environment = wasm_runtime_create_exec_env(instance, 65536);
    p1b_init(&host, world, scratch, sizeof scratch, nullptr, 0);
    p1b_status status = p1b_wamr_bind(&binding, &host, instance, environment, functions);
    if (status) fail("bind", p1b_reason(status));
}
