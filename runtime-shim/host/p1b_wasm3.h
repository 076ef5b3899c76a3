/* Flat modules on wasm3. Define P1B_WASM3 as 4 for releases up to 0.4.7, whose m3_env.h the binding needs: a call into the
   guest from a function of the host would overwrite the frame of its caller there. 5, the default, is for 0.4.8 and later.

   Link after the module is loaded. A second host of the same world needs links of its own. */
#ifndef P1B_WASM3_H
#define P1B_WASM3_H

#include "p1b_abi.h"
#include "wasm3.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of the host as wasm3 knows it. */
typedef struct p1b_wasm3_link {
    p1b_host *host;
    const p1b_import *import;
    /* How many arguments it has, and the type of its result or 0. */
    uint8_t count;
    char result;
} p1b_wasm3_link;

/* A loaded module with its host. */
typedef struct p1b_wasm3 {
    IM3Runtime runtime;
    const p1b_world *world;
    /* One for each export of the world. */
    IM3Function *functions;
    /* Where the frame of the guest is that has called the host. */
    uint64_t *frame;
    /* Where the stack ends. */
    void *end;
    /* What wasm3 says when the guest has trapped. */
    const char *message;
} p1b_wasm3;

/* Links a loaded module. `links` has room for the imports of the world, `functions` for its exports. P1B_MISSING: the module is
   not of this world, and `message` says why. */
p1b_status p1b_wasm3_link_world(p1b_wasm3 *binding, p1b_host *host, IM3Runtime runtime, IM3Module module,
                                p1b_wasm3_link *links, IM3Function *functions);

#ifdef __cplusplus
}
#endif

#endif
