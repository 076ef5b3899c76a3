/* The start of a Cortex-M3: where the stack ends, and what runs first. Exceptions that nobody expects end the run. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t stack_top[], data_begin[], data_end[], data_load[], bss_begin[], bss_end[];
extern void initialise_monitor_handles(void);
extern int main(void);

void start(void);
void start(void) {
    memcpy(data_begin, data_load, (size_t)((char *)data_end - (char *)data_begin));
    memset(bss_begin, 0, (size_t)((char *)bss_end - (char *)bss_begin));
    initialise_monitor_handles();
    exit(main());
}

static void fault(void) { _Exit(125); }

/* What newlib calls around main; there is nothing to do. */
void _init(void) {}
void _fini(void) {}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (void *)start, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
