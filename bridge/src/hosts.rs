//! Modules that a program can be compiled to import from, and what to do instead.

/// What to say of an import that no host of WASI has; nothing where it may be anybody's.
pub fn instead(module: &str, name: &str) -> Option<&'static str> {
    Some(match (module, name) {
        ("env", "abort" | "seed" | "trace") => {
            "AssemblyScript imports it; `asc --use abort= --use seed=` does without, and the package \
             `@assemblyscript/wasi-shim` is made for WASI"
        }
        ("gojs" | "go", _) => {
            "Go imports it for browsers: compile with GOOS=wasip1 (TinyGo: -target=wasip1)"
        }
        ("__wbindgen_placeholder__" | "__wbindgen_externref_xform__" | "wbg", _) => {
            "wasm-bindgen imports it for JavaScript: compile without its features `js` and `wasm-bindgen`"
        }
        ("env", name)
            if name.starts_with("emscripten_")
                || name.starts_with("invoke_")
                || name.starts_with("__syscall_")
                || name == "__cxa_throw" =>
        {
            "Emscripten imports it: link with -sSTANDALONE_WASM, or compile with wasi-sdk"
        }
        _ => return None,
    })
}
