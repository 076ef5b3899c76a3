// The startup code of a recent wasi-libc. That of 2022 leaves the constructors to the linker, which then runs them in
// every export; from cabi_realloc their Preview 1 calls would leave the component while it must not be left.
#include <wasi/api.h>

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int __main_void(void);

__attribute__((export_name("_start"))) void _start(void) {
    __wasm_call_ctors();
    int code = __main_void();
    __wasm_call_dtors();
    if (code != 0) __wasi_proc_exit((__wasi_exitcode_t)code);
}
