/* Flat modules on WAMR. Define P1B_WAMR for releases that are not 2.x: 2020 for those before 1.0, 1 for 1.x.

   Register before the module is loaded, once for a world however many instances there are; bind each instance. */
#ifndef P1B_WAMR_H
#define P1B_WAMR_H

#include "p1b_abi.h"
#include "wasm_export.h"

#ifndef P1B_WAMR
#define P1B_WAMR 2
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* An instance with its host. */
typedef struct p1b_wamr {
    wasm_module_inst_t instance;
    wasm_exec_env_t environment;
    /* One for each export of the world. */
    wasm_function_inst_t *functions;
} p1b_wamr;

/* Registers the functions of a world. `symbols` has room for its imports; WAMR sorts it, and it has to live as long as the
   runtime. False where WAMR has no memory. */
bool p1b_wamr_register(const p1b_world *world, NativeSymbol *symbols);

/* Binds an instance. `functions` has room for the exports of the world. P1B_MISSING: the module is not of this world. */
p1b_status p1b_wamr_bind(p1b_wamr *binding, p1b_host *host, wasm_module_inst_t instance, wasm_exec_env_t environment,
                         wasm_function_inst_t *functions);

#ifdef __cplusplus
}
#endif

#endif
