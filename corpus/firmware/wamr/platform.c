#include "platform_api_vmcore.h"

int bh_platform_init(void) { return 0; }
void bh_platform_destroy(void) {}
void *os_malloc(unsigned size) { return malloc(size); }
void *os_realloc(void *ptr, unsigned size) { return realloc(ptr, size); }
void os_free(void *ptr) { free(ptr); }
uint64 os_time_get_boot_microsecond(void) { return 0; }
korp_tid os_self_thread(void) { return 1; }
uint8 *os_thread_get_stack_boundary(void) { return NULL; }
int os_mutex_init(korp_mutex *mutex) { return *mutex = 0; }
int os_mutex_destroy(korp_mutex *mutex) { return (void)mutex, 0; }
int os_mutex_lock(korp_mutex *mutex) { return (void)mutex, 0; }
int os_mutex_unlock(korp_mutex *mutex) { return (void)mutex, 0; }
void *os_mmap(void *hint, size_t size, int prot, int flags) { return (void)hint, (void)prot, (void)flags, BH_MALLOC(size); }
void os_munmap(void *addr, size_t size) { (void)size, BH_FREE(addr); }
int os_mprotect(void *addr, size_t size, int prot) { return (void)addr, (void)size, (void)prot, 0; }
void os_dcache_flush(void) {}
