// A `run` with a callback in C: it never blocks inside, but returns to the loop and goes on with the event.
//
// hello-p3-c [WORD…]       prints what it was given
// hello-p3-c upper         copies standard input in capitals, and says how much it was to standard error
// hello-p3-c clocks        starts three clocks at once, prints them in the order in which they end
// hello-p3-c yield         yields three times
// hello-p3-c exit ok|err   wasi:cli/exit#exit
// hello-p3-c code N        wasi:cli/exit#exit-with-code
// hello-p3-c trap
// hello-p3-c fail          gives an error
#include "guest.h"
#include "../common/p3.h"

enum { MILLISECOND = 1000000 };

// What goes on when what was written is written.
typedef enum { AFTER_HELLO, AFTER_CHUNK, AFTER_CLOCK, LAST, RESULT_OF_OUTPUT } then_t;

static struct {
    guest_list_string_t args;
    out_t out;
    guest_waitable_set_t set;
    // What is being written.
    uint8_t text[1024];
    size_t size, done;
    then_t then;
    wasi_cli_stdin_tuple2_stream_u8_future_result_void_error_code_t input;
    bool reading, input_ended;
    uint32_t total;
    guest_subtask_t clocks[3];
    int clocks_left, ended[3], ends, ends_said;
    int yields;
    wasi_cli_stdout_result_void_error_code_t result;
    bool ok;
} self;

static guest_callback_code_t go_on(void);

// Starts to write, or goes on with it.
static guest_callback_code_t writing(void) {
    while (self.done < self.size) {
        uint32_t status = wasi_cli_stdout_stream_u8_write(self.out.writer, self.text + self.done, self.size - self.done);
        if (status == GUEST_WAITABLE_STATUS_BLOCKED) return GUEST_CALLBACK_CODE_WAIT(self.set);
        self.done += GUEST_WAITABLE_COUNT(status);
    }
    return go_on();
}

static guest_callback_code_t say(then_t then, const char *format, ...) {
    va_list values;
    va_start(values, format);
    self.size = format_values((char *)self.text, format, values) - (char *)self.text;
    va_end(values);
    self.done = 0;
    self.then = then;
    return writing();
}

static guest_callback_code_t end(void) {
    guest_waitable_join(self.out.writer, 0);
    wasi_cli_stdout_stream_u8_drop_writable(self.out.writer);
    self.then = RESULT_OF_OUTPUT;
    uint32_t status = wasi_cli_stdout_future_result_void_error_code_read(self.out.result, &self.result);
    if (status == GUEST_WAITABLE_STATUS_BLOCKED) {
        guest_waitable_join(self.out.result, self.set);
        return GUEST_CALLBACK_CODE_WAIT(self.set);
    }
    return go_on();
}

static guest_callback_code_t took(uint32_t status) {
    self.reading = false;
    uint32_t size = GUEST_WAITABLE_COUNT(status);
    self.input_ended = GUEST_WAITABLE_STATE(status) == GUEST_WAITABLE_DROPPED;
    for (uint32_t i = 0; i < size; i++)
        if (self.text[i] >= 'a' && self.text[i] <= 'z') self.text[i] -= 'a' - 'A';
    self.total += size;
    self.size = size;
    self.done = 0;
    self.then = AFTER_CHUNK;
    return writing();
}

static guest_callback_code_t read_on(void) {
    if (self.input_ended) {
        guest_waitable_join(self.input.f0, 0);
        wasi_cli_stdout_stream_u8_drop_readable(self.input.f0);
        wasi_cli_stdin_future_result_void_error_code_drop_readable(self.input.f1);
        return say(LAST, "[%d]\n", (int)self.total);
    }
    uint32_t status = wasi_cli_stdout_stream_u8_read(self.input.f0, self.text, sizeof self.text);
    if (status != GUEST_WAITABLE_STATUS_BLOCKED) return took(status);
    self.reading = true;
    return GUEST_CALLBACK_CODE_WAIT(self.set);
}

static guest_callback_code_t clocks_on(void) {
    if (self.ends_said < self.ends) {
        int which = self.ended[self.ends_said++];
        return say(AFTER_CLOCK, "clock %d\n", which);
    }
    return self.clocks_left ? GUEST_CALLBACK_CODE_WAIT(self.set) : say(LAST, "all clocks\n");
}

static guest_callback_code_t begin(void) {
    static const int times[3] = {60, 10, 35};
    const guest_string_t none = {0, 0}, *args = self.args.ptr;
    const guest_string_t *command = self.args.len > 1 ? &args[1] : &none, *value = self.args.len > 2 ? &args[2] : &none;
    if (is(command, "upper")) {
        wasi_cli_stdin_read_via_stream(&self.input);
        guest_waitable_join(self.input.f0, self.set);
        return read_on();
    }
    if (is(command, "clocks")) {
        for (int i = 0; i < 3; i++) {
            guest_subtask_status_t status = wasi_clocks_monotonic_clock_wait_for((uint64_t)times[i] * MILLISECOND);
            if (GUEST_SUBTASK_STATE(status) == GUEST_SUBTASK_RETURNED) {
                self.ended[self.ends++] = i;
                continue;
            }
            self.clocks[i] = GUEST_SUBTASK_HANDLE(status);
            guest_waitable_join(self.clocks[i], self.set);
            self.clocks_left++;
        }
        return clocks_on();
    }
    if (is(command, "yield")) {
        self.yields = 3;
        return GUEST_CALLBACK_CODE_YIELD;
    }
    if (is(command, "exit")) {
        wasi_cli_exit_result_void_void_t status = {is(value, "err")};
        wasi_cli_exit_exit(&status);
    }
    if (is(command, "code")) {
        unsigned code = 0;
        for (size_t i = 0; i < value->len; i++) code = code * 10 + value->ptr[i] - '0';
        wasi_cli_exit_exit_with_code((uint8_t)code);
    }
    if (is(command, "trap")) __builtin_trap();
    self.ok = !is(command, "fail");
    return end();
}

static guest_callback_code_t go_on(void) {
    switch (self.then) {
    case AFTER_HELLO: return begin();
    case AFTER_CHUNK: return read_on();
    case AFTER_CLOCK: return clocks_on();
    case LAST: return end();
    default: break;
    }
    if (self.result.is_err) __builtin_trap();
    guest_waitable_join(self.out.result, 0);
    wasi_cli_stdout_future_result_void_error_code_drop_readable(self.out.result);
    guest_waitable_set_drop(self.set);
    exports_wasi_cli_run_run_return((exports_wasi_cli_run_result_void_void_t){!self.ok});
    return GUEST_CALLBACK_CODE_EXIT;
}

guest_callback_code_t exports_wasi_cli_run_run(void) {
    self.ok = true;
    self.out = open_stdout();
    self.set = guest_waitable_set_new();
    guest_waitable_join(self.out.writer, self.set);
    wasi_cli_environment_get_arguments(&self.args);
    char list[512], *at = list;
    for (size_t i = 1; i < self.args.len; i++) {
        *at++ = ' ';
        at = (char *)memcpy(at, self.args.ptr[i].ptr, self.args.ptr[i].len) + self.args.ptr[i].len;
    }
    *at = 0;
    return say(AFTER_HELLO, "hello from WASI 0.3 in C, %d arguments:%s\n", (int)self.args.len - 1, list);
}

guest_callback_code_t exports_wasi_cli_run_run_callback(guest_event_t *event) {
    if (event->event == GUEST_EVENT_NONE) {
        if (--self.yields > 0) return GUEST_CALLBACK_CODE_YIELD;
        return say(LAST, "yielded\n");
    }
    if (event->event == GUEST_EVENT_SUBTASK) {
        for (int i = 0; i < 3; i++)
            if (self.clocks[i] == event->waitable) self.ended[self.ends++] = i;
        guest_subtask_drop(event->waitable);
        self.clocks_left--;
        return self.done < self.size ? GUEST_CALLBACK_CODE_WAIT(self.set) : clocks_on();
    }
    if (event->event == GUEST_EVENT_STREAM_READ) return took(event->code);
    if (event->event == GUEST_EVENT_FUTURE_READ) return go_on();
    self.done += GUEST_WAITABLE_COUNT(event->code);
    return writing();
}
