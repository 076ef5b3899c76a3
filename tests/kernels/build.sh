#!/bin/sh
# Builds every kernel twice, with the feature that it is named after and without it, for the figures
# in tests/src/cost.rs. Debian's packages: clang-22 lld-22 libclang-rt-22-dev-wasm32 wasi-libc.
set -eu
cd "$(dirname "$0")"
for source in *.c; do
    feature=${source%.c}
    case $feature in
        bulk-memory) flags="-mbulk-memory -mbulk-memory-opt" ;;
        *) flags="-m$feature" ;;
    esac
    compile="clang-22 -Wno-deprecated --target=wasm32-wasi -O2 -s -mcpu=mvp -mmutable-globals $source"
    $compile $flags -o "$feature.with.wasm"
    $compile -o "$feature.without.wasm"
done
