// Four threads add under a lock, each has a variable of its own; the last to end wakes the program. WASI Preview 1 with
// threads (wasi.thread-spawn) or, with WSI, that; without any libc.
#include <stdint.h>

#ifdef WSI
#include <wsi.h>
#define thread_spawn wsi_thread_spawn
#define proc_exit wsi_proc_exit
#else
typedef struct { const void *at; uint32_t length; } vector;
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) int fd_write(int, const vector *, uint32_t, uint32_t *);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("poll_oneoff"))) int poll_oneoff(const void *, void *, uint32_t, uint32_t *);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void proc_exit(int);
__attribute__((import_module("wasi"), import_name("thread-spawn"))) int thread_spawn(void *);
#endif

enum { THREADS = 4, STACK = 4096, TLS = 64, ADDS = 10000, WAITS = 20 };

// What a thread gets: the entry below knows the first two places.
typedef struct {
    void *stack, *tls;
    uint32_t name, result;
} start;

static _Alignas(16) uint8_t stacks[THREADS][STACK], locals[THREADS][TLS];
static start starts[THREADS];
static _Thread_local uint32_t own;
static uint32_t lock, running, sum;

static void acquire(void) {
    uint32_t free = 0;
    while (!__atomic_compare_exchange_n(&lock, &free, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        __builtin_wasm_memory_atomic_wait32((int *)&lock, 1, -1);
        free = 0;
    }
}

static void release(void) {
    __atomic_store_n(&lock, 0, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify((int *)&lock, 1);
}

static void print(const char *text, uint32_t number) {
    char line[64], digits[10];
    uint32_t length = 0, count = 0;
    while (text[length]) line[length] = text[length], length++;
    do digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count) line[length++] = digits[--count];
    line[length++] = '\n';
#ifdef WSI
    wsi_iov one = {line, length};
    wsi_io_write(1, &one, 1);
#else
    uint32_t written;
    vector one = {line, length};
    fd_write(1, &one, 1, &written);
#endif
}

#ifdef WSI
// Waits for the first of two times, at the same time as the other threads. Whether it was the right one.
static uint32_t waits(void) {
    int64_t now = wsi_time_now(1);
    wsi_sub subs[2] = {{WSI_TIMER, 0, 0, now + 60000000000}, {WSI_TIMER, 0, 0, now + 3000000}};
    return wsi_io_poll(subs, 2, -1) == 1 && subs[0].got == 0 && subs[1].got == WSI_DUE;
}

// Waits until another thread has changed the number of those that run.
static void until_not(uint32_t left) {
    wsi_sub sub = {WSI_WORD, 0, 0, WSI_WATCH(&running, left)};
    if (wsi_io_poll(&sub, 1, -1) != 1 || sub.got != WSI_DUE) print("no word ", left);
}
#else

// A subscription and an event of Preview 1, for clocks.
typedef struct {
    uint64_t userdata;
    uint64_t tag;
    uint32_t clock;
    uint64_t timeout, precision;
    uint16_t flags;
} subscription;
typedef struct {
    uint64_t userdata;
    uint16_t error;
    uint8_t type;
    uint64_t bytes;
    uint16_t flags;
} event;
_Static_assert(sizeof(subscription) == 48 && sizeof(event) == 32, "the layouts of Preview 1");

// Waits for the first of two clocks, at the same time as the other threads. Whether it was the right one.
static uint32_t waits(void) {
    subscription in[2] = {{.userdata = 1000 + own, .clock = 1, .timeout = 60000000000u}, {.userdata = own, .clock = 1, .timeout = 3000000}};
    event out[2] = {{0}};
    uint32_t count = 0;
    return poll_oneoff(in, out, 2, &count) == 0 && count == 1 && out[0].userdata == own && out[0].error == 0 && out[0].type == 0;
}

static void until_not(uint32_t left) { __builtin_wasm_memory_atomic_wait32((int *)&running, (int)left, -1); }
#endif

__attribute__((export_name("thread_main"))) void thread_main(int id, start *of) {
    own = of->name;
    for (uint32_t i = 0; i < ADDS; i++) {
        acquire();
        sum += own;
        release();
    }
    uint32_t right = 1;
    for (uint32_t i = 0; i < WAITS; i++) right &= waits();
    acquire();
    print("a thread of ", THREADS);
    release();
    of->result = id > 0 && right ? own * 100 : 0;
    if (__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST) == 0) __builtin_wasm_memory_atomic_notify((int *)&running, 1);
}

// The stack pointer and the thread-local variables of a thread come from what it gets, before any code in C runs.
__asm__(
    ".globaltype __stack_pointer, i32\n"
    ".functype __wasm_init_tls (i32) -> ()\n"
    ".functype thread_main (i32, i32) -> ()\n"
    ".globl wasi_thread_start\n"
    ".export_name wasi_thread_start, wasi_thread_start\n"
    ".type wasi_thread_start,@function\n"
    "wasi_thread_start:\n"
    ".functype wasi_thread_start (i32, i32) -> ()\n"
    "local.get 1\n i32.load 0\n global.set __stack_pointer\n"
    "local.get 1\n i32.load 4\n call __wasm_init_tls\n"
    "local.get 0\n local.get 1\n call thread_main\n"
    "end_function\n");

__attribute__((export_name("_start"))) void _start(void) {
    own = 77;
    running = THREADS;
    for (uint32_t i = 0; i < THREADS; i++) {
        starts[i] = (start){stacks[i] + STACK, locals[i], i + 1, 0};
        if (thread_spawn(&starts[i]) < 0) print("no thread ", i), proc_exit(2);
    }
    uint32_t left;
    while ((left = __atomic_load_n(&running, __ATOMIC_SEQ_CST)) != 0) until_not(left);
    uint32_t results = 0;
    for (uint32_t i = 0; i < THREADS; i++) results += starts[i].result;
    print("sum ", sum);
    print("results ", results);
    print("own ", own);
    proc_exit(own == 77 && sum == 100000 ? 0 : 1);
}
