//! What puts a proposal into a module, and what `lower` does about it.

use wasmparser::WasmFeatures;

/// Compilers that use the proposal, and the flag that stops them.
pub fn of(feature: WasmFeatures) -> Option<&'static str> {
    Some(match feature {
        WasmFeatures::SIGN_EXTENSION => {
            "clang 16, rustc 1.70 and later by default, Go, zig; clang -mno-sign-ext, \
             rustc -C target-feature=-sign-ext with -Z build-std"
        }
        WasmFeatures::MUTABLE_GLOBAL => {
            "a global that is exported or imported; wasm-ld --export of a global"
        }
        WasmFeatures::SATURATING_FLOAT_TO_INT => {
            "clang 20, rustc 1.87 and later by default, Go; clang -mno-nontrapping-fptoint, \
             rustc -C target-feature=-nontrapping-fptoint with -Z build-std"
        }
        // Since LLVM 20 the `-opt` half is a feature of its own, which stays when only the whole is
        // switched off; the same goes for `call-indirect-overlong`.
        WasmFeatures::BULK_MEMORY_OPT => {
            "clang 20, rustc 1.87 and later by default, wasi-libc's memcpy, Go, zig, AssemblyScript; \
             asc --disable bulk-memory, clang -mno-bulk-memory -mno-bulk-memory-opt, \
             rustc -C target-feature=-bulk-memory,-bulk-memory-opt with -Z build-std"
        }
        WasmFeatures::BULK_MEMORY => {
            "wasm-opt, which clang -O1 and higher runs where it is installed, and threads; \
             clang --no-wasm-opt, or -mno-bulk-memory -mno-bulk-memory-opt"
        }
        WasmFeatures::CALL_INDIRECT_OVERLONG => {
            "clang 19, rustc 1.82 and later by default, which leave room for a table index; \
             clang -mno-reference-types -mno-call-indirect-overlong, \
             rustc -C target-feature=-reference-types,-call-indirect-overlong with -Z build-std"
        }
        WasmFeatures::REFERENCE_TYPES => {
            "several tables or references as values; clang -mno-reference-types, \
             rustc -C target-feature=-reference-types with -Z build-std"
        }
        WasmFeatures::MULTI_VALUE => {
            "clang -mmultivalue with -Xclang -target-abi -Xclang experimental-mv, wasm-opt, zig; \
             clang -mno-multivalue, rustc -C target-feature=-multivalue with -Z build-std"
        }
        WasmFeatures::TAIL_CALL => "clang -mtail-call, musttail; -mno-tail-call",
        WasmFeatures::SIMD => {
            "clang -msimd128, rustc -C target-feature=+simd128; compile without it"
        }
        WasmFeatures::RELAXED_SIMD => {
            "clang -mrelaxed-simd, rustc -C target-feature=+relaxed-simd; compile without it"
        }
        WasmFeatures::THREADS => {
            "clang -pthread or -matomics, rustc for wasm32-wasip1-threads; compile for wasm32-wasip1"
        }
        WasmFeatures::EXCEPTIONS | WasmFeatures::LEGACY_EXCEPTIONS => {
            "clang -fwasm-exceptions, -mexception-handling, setjmp; compile with -fno-exceptions"
        }
        WasmFeatures::GC | WasmFeatures::FUNCTION_REFERENCES => {
            "Kotlin, Dart, Java and OCaml compilers for WasmGC"
        }
        WasmFeatures::MEMORY64 => "clang --target=wasm64, rustc for wasm64; compile for wasm32",
        WasmFeatures::EXTENDED_CONST => {
            "clang -mextended-const, position-independent code; -mno-extended-const"
        }
        WasmFeatures::MULTI_MEMORY => "wasm-merge, wasm-opt --enable-multimemory",
        WasmFeatures::WIDE_ARITHMETIC => "clang -mwide-arithmetic; compile without it",
        _ => return None,
    })
}

/// What lowering does with it.
pub fn fix(feature: WasmFeatures) -> &'static str {
    match feature {
        WasmFeatures::SIGN_EXTENSION => "two shifts instead",
        WasmFeatures::SATURATING_FLOAT_TO_INT => "a comparison first",
        WasmFeatures::BULK_MEMORY_OPT => "calls of functions that copy and fill",
        WasmFeatures::BULK_MEMORY => "passive segments become functions, DataCount goes",
        WasmFeatures::CALL_INDIRECT_OVERLONG => "the shortest encoding",
        WasmFeatures::REFERENCE_TYPES => "references become numbers, tables are joined",
        WasmFeatures::MULTI_VALUE => "values after the first go through locals and globals",
        WasmFeatures::TAIL_CALL => {
            "calls of the function itself become a loop; others become calls, which use stack"
        }
        WasmFeatures::EXTENDED_CONST => "the expressions are evaluated",
        WasmFeatures::MUTABLE_GLOBAL => "the export is left out",
        WasmFeatures::SIMD => {
            "pairs of i64 and functions for lanes: several times the instructions"
        }
        WasmFeatures::RELAXED_SIMD => "one of the results that are allowed, always the same",
        WasmFeatures::THREADS => "plain accesses, because the memory is not shared",
        WasmFeatures::EXCEPTIONS | WasmFeatures::LEGACY_EXCEPTIONS => {
            "branches, and a test after calls of functions that may throw: about 1.05 times the code"
        }
        WasmFeatures::MULTI_MEMORY => {
            "they lie one after the other in one memory, and every access is checked"
        }
        _ => "it is encoded differently",
    }
}
