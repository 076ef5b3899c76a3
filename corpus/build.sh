#!/usr/bin/env bash
# Rebuilds the prebuilt guests:  corpus/build.sh [NAME…]   (all of them without a name)
#
# What to do for a guest is the `build` line of its entry in manifest.toml; the words there are the functions below.
# README.md lists the tools that are needed; each can be replaced through the variable named here.
set -euo pipefail
cd "$(dirname "$0")"

CLANG=${CLANG:-clang-22}
CLANGXX=${CLANGXX:-clang++-22}
WIT_BINDGEN=${WIT_BINDGEN:-wit-bindgen}
WASM_TOOLS=${WASM_TOOLS:-wasm-tools}
WAC=${WAC:-wac}
WASM_OPT=${WASM_OPT:-wasm-opt}
ZIG=${ZIG:-zig}
ASC=${ASC:-asc}
ZIG_LIB=${ZIG_LIB:-$(dirname "$(command -v "$ZIG" || echo .)")/lib}
WASM_LD=${WASM_LD:-/usr/bin/wasm-ld-22}
WASI_LIB=${WASI_LIB:-/usr/lib/wasm32-wasi}
RUSTC_WASM=${RUSTC_WASM:-/usr/bin/rustc}
TARGET=${CARGO_TARGET_DIR:-$PWD/target}
WORK=$TARGET/guests
SILENT='-Zunstable-options -Cpanic=immediate-abort'
C_FLAGS=(--target=wasm32-wasi -Wno-deprecated -O2 -Wall -Wextra -Wl,--strip-debug)

# p1_c FLAG…: NAME/*.c with wasi-libc, a command or (-mexec-model=reactor) a reactor.
p1_c() { "$CLANG" "${C_FLAGS[@]}" "$@" "$name"/*.c -o "$out"; }

# p1_relocated BYTES: relocated-c/main.c with its relocations, and a stack of BYTES. What works on a program after its
# linker leaves relocations stale.
p1_relocated() {
    "$CLANG" "${C_FLAGS[@]}" --no-wasm-opt -Wl,--emit-relocs -Wl,-z,stack-size="$1" relocated-c/main.c -o "$out"
}

# p1_cpp_throws: NAME/*.cpp with exceptions. Debian's libc++abi has none, so it is built here from the sources in
# ZIG_LIB, the folder lib of the package ziglang; they have to fit the headers of libc++.
p1_cpp_throws() {
    local made=$WORK/$name flags=(--target=wasm32-wasi -Wno-deprecated -w -Os -fwasm-exceptions -mllvm
        -wasm-use-legacy-eh=false) abi=$ZIG_LIB/libcxxabi unwind=$ZIG_LIB/libunwind file
    mkdir -p "$made"
    for file in cxa_{exception,exception_storage,handlers,personality,default_handlers,aux_runtime,virtual} \
        private_typeinfo stdlib_{exception,stdexcept,typeinfo,new_delete} abort_message fallback_malloc; do
        "$CLANGXX" "${flags[@]}" -std=c++23 -D_LIBCXXABI_BUILDING_LIBRARY -D_LIBCXXABI_HAS_NO_THREADS -DNDEBUG \
            -D_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS -DLIBCXXABI_NON_DEMANGLING_TERMINATE \
            -I"$abi/include" -I"$unwind/include" -I"$ZIG_LIB/libcxx/src" -c "$abi/src/$file.cpp" -o "$made/$file.o"
    done
    "$CLANG" "${flags[@]}" -fdeclspec -DNDEBUG -D_LIBUNWIND_HIDE_SYMBOLS -I"$unwind/include" -I"$unwind/src" \
        -c "$unwind/src/Unwind-wasm.c" -o "$made/unwind.o"
    printf '.globl __cpp_exception\n.tagtype __cpp_exception i32\n__cpp_exception:\n' >"$made/tag.s"
    "$CLANG" --target=wasm32-wasi -Wno-deprecated -mexception-handling -c "$made/tag.s" -o "$made/tag.o"
    "$CLANGXX" "${flags[@]}" --no-wasm-opt -Wl,--strip-all -std=c++20 "$name"/*.cpp "$made"/*.o -nodefaultlibs -lc++ -lc -lm \
        "$(find "$(dirname "$("$CLANG" -print-resource-dir)")" -name 'libclang_rt.builtins-wasm32.a' | head -1)" -o "$out"
}

# p1_threads FLAG…: threads-c/main.c with shared memory and wasi.thread-spawn, without any libc: Debian's has no threads.
p1_threads() {
    "$CLANG" --target=wasm32-unknown-unknown -O2 -Wall -Wextra -ffreestanding -nostdlib -matomics -mbulk-memory \
        -ftls-model=local-exec -Wl,--no-entry,--shared-memory,--import-memory,--export-memory,--max-memory=131072 \
        -Wl,--stack-first,-z,stack-size=8192 "$@" threads-c/main.c -o "$out"
}

# p1_cpp FLAG…: NAME/*.cpp with libc++.
p1_cpp() { "$CLANGXX" "${C_FLAGS[@]}" "$@" "$name"/*.cpp -o "$out"; }

# p1_rust: the package NAME of the workspace in rust/, with the standard library of wasm32-wasip1.
p1_rust() {
    cargo_wasm wasm32-wasip1 std,panic_abort \
        "-C link-self-contained=no -L $WASI_LIB -C link-arg=$WASI_LIB/crt1-command.o"
    cp "$TARGET/wasm32-wasip1/release/$name.wasm" "$out"
}

# p2_c VERSION FLAG…: NAME/*.c with the bindings of NAME/world.wit against WASI VERSION. wasi-libc gives malloc and
# string functions only: a guest that pulls in a Preview 1 import is refused.
p2_c() {
    local version=$1 && shift
    bindings "$version"
    "$CLANG" "${C_FLAGS[@]}" -mexec-model=reactor -I"$WORK/$name" "$@" "$name"/*.c "$WORK/$name/guest.c" \
        "$WORK/$name/guest_component_type.o" -o "$WORK/$name/core.wasm"
    component "$WORK/$name/core.wasm"
}

# p3_c FLAG…: NAME/*.c with the bindings of NAME/world.wit against WASI 0.3, made with FLAG… (`--sync all`: functions of
# async types are called and defined as others are). A definition that may wait is one without a callback then.
p3_c() {
    wit_3 "$name"
    made_c "$@"
}

# made_c FLAG…: NAME/*.c with the bindings of $WORK/NAME/wit.
made_c() {
    "$WIT_BINDGEN" c --all-features --world guest "$@" --out-dir "$WORK/$name" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
    "$CLANG" "${C_FLAGS[@]}" -Os -mexec-model=reactor -I"$WORK/$name" "$name"/*.c "$WORK/$name/guest.c" \
        "$WORK/$name/guest_component_type.o" -o "$WORK/$name/core.wasm"
    component "$WORK/$name/core.wasm"
}

# both_c VERSION FLAG…: the same against WASI VERSION and 0.3 in one program.
both_c() {
    local package version=$1 && shift
    wit "$name" "$version"
    for package in ../wit/wasi-0.3/*; do cp -r "$package" "$WORK/$name/wit/deps/${package##*/}-0.3"; done
    made_c "$@"
}

# mixed_c VERSION FLAG…: a Preview 1 program with bindings; its Preview 1 imports go through wasmtime's adapter.
mixed_c() {
    local version=$1 && shift
    bindings "$version"
    "$CLANG" "${C_FLAGS[@]}" -I"$WORK/$name" "$@" "$name"/*.c "$WORK/$name/guest.c" \
        "$WORK/$name/guest_component_type.o" -o "$WORK/$name/core.wasm"
    component "$WORK/$name/core.wasm" --adapt "wasi_snapshot_preview1=$(p1_adapter)"
}

# p2_rust VERSION: the package NAME with bindings that it includes as GUEST_BINDINGS, for wasm32-unknown-unknown, so
# that nothing of Preview 1 can creep in.
p2_rust() {
    wit "rust/$name" "$1"
    "$WIT_BINDGEN" rust --all-features --generate-all --world guest --out-dir "$WORK/$name" "$WORK/$name/wit" \
        &>"$WORK/$name/wit-bindgen.log"
    GUEST_BINDINGS=$WORK/$name/guest.rs cargo_wasm wasm32-unknown-unknown std,panic_abort ""
    component "$TARGET/wasm32-unknown-unknown/release/${name//-/_}.wasm"
}

# p3_rust: the same with the bindings of WASI 0.3 and the standard library, for the executor of async functions.
# p3_rust small: optimised for size, without names, and a panic is a trap without a message.
p3_rust() {
    wit_3 "rust/$name"
    "$WIT_BINDGEN" rust --all-features --generate-all --world guest --out-dir "$WORK/$name" "$WORK/$name/wit" \
        &>"$WORK/$name/wit-bindgen.log"
    GUEST_BINDINGS=$WORK/$name/guest.rs cargo_wasm wasm32-unknown-unknown std,panic_abort "${1:+$SILENT}"
    local made=$TARGET/wasm32-unknown-unknown/release/${name//-/_}.wasm
    [ -z "${1:-}" ] || { "$WASM_OPT" -Oz "$made" -o "$WORK/$name/core.wasm" && made=$WORK/$name/core.wasm; }
    component "$made"
    [ -z "${1:-}" ] || "$WASM_TOOLS" strip --all "$out" -o "$out"
}

# wit FOLDER VERSION: the WIT of guest and WASI side by side in $WORK/NAME/wit, with the version that the guest wants.
wit() {
    local version=$2 unstable=
    rm -rf "$WORK/$name" && mkdir -p "$WORK/$name/wit"
    cp "$1/world.wit" "$WORK/$name/wit/"
    cp -r ../wit/wasi-0.2 "$WORK/$name/wit/deps"
    # exit-with-code is stable from 0.2.12 on; a gate may not name a version above that of its package.
    [ "$version" = 0.2.12 ] || unstable='s/@since(version = 0\.2\.12)/@unstable(feature = cli-exit-with-code)/;'
    find "$WORK/$name/wit" -name '*.wit' -exec sed -i \
        "$unstable s/@since(version = 0\.2\.[1-9][0-9]*)//; s/@deprecated(.*)//; s/@0\.2\.12/@$version/g" {} +
}

# wit_3 FOLDER: the WIT of guest and WASI 0.3 side by side in $WORK/NAME/wit.
wit_3() {
    rm -rf "$WORK/$name" && mkdir -p "$WORK/$name/wit"
    cp "$1/world.wit" "$WORK/$name/wit/"
    cp -r ../wit/wasi-0.3 "$WORK/$name/wit/deps"
}

bindings() {
    wit "$name" "$1"
    "$WIT_BINDGEN" c --all-features --world guest --out-dir "$WORK/$name" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
}

# pair PART…: parts of pairs/ that speak tour.wit, each plugged into the one before it, which imports what it exports:
# guest-c, relay-c and provider-c with their string encoding as in `guest-c:utf16`, provider-rust.
pair() {
    local part world composed=$WORK/composed.wasm
    pair_wit tour
    for part in "$@"; do
        world=${part%%-*}
        if [[ $part = *-rust ]]; then pair_rust "$part" "$world"; else pair_c "${part%:*}" "$world" "${part#*:}"; fi
        if [ "$part" = "$1" ]; then
            cp "$WORK/$part.wasm" "$composed"
        else
            "$WAC" plug "$composed" --plug "$WORK/$part.wasm" -o "$composed.new"
            mv "$composed.new" "$composed"
        fi
    done
    "$WASM_TOOLS" strip "$composed" -o "$out"
}

# diamond: the parts of pairs/ that speak sides.wit, put together as pairs/diamond.wac says.
diamond() {
    pair_wit sides
    pair_c base-c bottom utf8
    pair_c side-c middle utf8
    pair_c diamond-c top utf8
    "$WAC" compose -d "corpus:base=$WORK/base-c:utf8.wasm" -d "corpus:side=$WORK/side-c:utf8.wasm" \
        -d "corpus:diamond-c=$WORK/diamond-c:utf8.wasm" pairs/diamond.wac -o "$WORK/composed.wasm"
    "$WASM_TOOLS" strip "$WORK/composed.wasm" -o "$out"
}

# drivers FILE: the parts of drivers/, with a stack of 2 KiB each and their relocations, put together as drivers/FILE
# says. What works on a program after its linker leaves relocations stale, and what strips it drops them.
drivers() {
    local part made
    rm -rf "$WORK/$name" && mkdir -p "$WORK/$name/wit"
    cp drivers/drivers.wit "$WORK/$name/wit/"
    cp -r ../wit/wasi-0.2 "$WORK/$name/wit/deps"
    for part in sensor:sensing filter:filtering link:linking codec:coding meter:metering shout:shouting; do
        made=$WORK/$name/${part%:*}
        "$WIT_BINDGEN" c --all-features --world "${part#*:}" --out-dir "$made" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
        "$CLANG" "${C_FLAGS[@]}" --no-wasm-opt -mexec-model=reactor -Wl,--emit-relocs,--export=__heap_base,-z,stack-size=2048 \
            -I"$made" "drivers/${part%:*}-c/main.c" "$made/${part#*:}.c" "$made/${part#*:}_component_type.o" -o "$made/core.wasm"
        "$WASM_TOOLS" component new "$made/core.wasm" -o "$WORK/$name/${part%:*}.wasm"
    done
    "$WAC" compose -d "corpus:sensor=$WORK/$name/sensor.wasm" -d "corpus:filter=$WORK/$name/filter.wasm" \
        -d "corpus:link=$WORK/$name/link.wasm" -d "corpus:codec=$WORK/$name/codec.wasm" \
        -d "corpus:meter=$WORK/$name/meter.wasm" -d "corpus:shout=$WORK/$name/shout.wasm" "drivers/$1" -o "$out"
}

# p1_pair: pairs/writer-c and pairs/keeper-c, Preview 1 programs with an adapter each, that speak notes.wit.
p1_pair() {
    pair_wit notes
    p1_part keeper-c keeper
    p1_part writer-c writer
    "$WAC" plug "$WORK/writer-c.wasm" --plug "$WORK/keeper-c.wasm" -o "$WORK/composed.wasm"
    "$WASM_TOOLS" strip "$WORK/composed.wasm" -o "$out"
}

# p1_part PART WORLD: $WORK/PART.wasm from pairs/PART/main.c, a reactor for Preview 1.
p1_part() {
    local made=$WORK/$name/$1
    "$WIT_BINDGEN" c --world "$2" --out-dir "$made" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
    "$CLANG" "${C_FLAGS[@]}" -mexec-model=reactor -I"$made" "pairs/$1/main.c" "$made/$2.c" "$made/$2_component_type.o" -o "$made/core.wasm"
    "$WASM_TOOLS" component new "$made/core.wasm" --adapt "wasi_snapshot_preview1=$(p1_adapter reactor)" -o "$WORK/$1.wasm"
}

# pair_wit FILE: a WIT file of pairs/ next to that of WASI.
pair_wit() { beside_wasi "pairs/$1.wit"; }

# beside_wasi FILE: a WIT file next to those of WASI and WSI.
beside_wasi() {
    rm -rf "$WORK/$name" && mkdir -p "$WORK/$name/wit"
    cp "$1" "$WORK/$name/wit/"
    cp -r ../wit/wasi-0.2 "$WORK/$name/wit/deps"
    mkdir "$WORK/$name/wit/deps/wsi" && cp ../wit/wsi/wsi.wit "$WORK/$name/wit/deps/wsi/"
}

# part_c FOLDER WIT WORLD FLAG…: a core module from FOLDER/main.c that carries its world, to be linked.
part_c() {
    local folder=$1 made=$WORK/$name
    beside_wasi "$2"
    "$WIT_BINDGEN" c --all-features --world "$3" --out-dir "$made" "$made/wit" &>"$made/wit-bindgen.log"
    "$CLANG" "${C_FLAGS[@]}" -I"$made" "${@:4}" "$folder/main.c" "$made/${3//-/_}.c" "$made/${3//-/_}_component_type.o" -o "$out"
}

# component_c: the same as a component.
component_c() {
    part_c "$@"
    mv "$out" "$WORK/$name/core.wasm"
    component "$WORK/$name/core.wasm"
}

# part_cpp FOLDER WIT WORLD FLAG…: a core module from FOLDER/main.cpp that carries its world, on the bindings for C.
part_cpp() {
    local folder=$1 made=$WORK/$name
    beside_wasi "$2"
    "$WIT_BINDGEN" c --all-features --world "$3" --out-dir "$made" "$made/wit" &>"$made/wit-bindgen.log"
    "$CLANG" --target=wasm32-wasi -Wno-deprecated -O2 -I"$made" -c "$made/$3.c" -o "$made/bindings.o"
    "$CLANGXX" "${C_FLAGS[@]}" -fno-exceptions -I"$made" "${@:4}" "$folder/main.cpp" "$made/bindings.o" \
        "$made/$3_component_type.o" -o "$out"
}

# part_rust PACKAGE WIT WORLD: a Preview 1 module of the package with the standard library, that carries its world.
part_rust() {
    local package=$1 crt=crt1-command made=$WORK/$name
    beside_wasi "$2"
    "$WIT_BINDGEN" rust --all-features --generate-all --world "$3" --out-dir "$made" "$made/wit" &>"$made/wit-bindgen.log"
    grep -q cdylib "rust/$package/Cargo.toml" && crt=crt1-reactor
    GUEST_BINDINGS=$made/${3//-/_}.rs FEATURES=${4:-} name=$package cargo_wasm wasm32-wasip1 std,panic_abort \
        "-C link-self-contained=no -L $WASI_LIB -C link-arg=$WASI_LIB/$crt.o"
    [ $crt = crt1-command ] || package=${package//-/_}
    cp "$TARGET/wasm32-wasip1/release/$package.wasm" "$out"
}

# component_rust PACKAGE WIT WORLD FEATURES: a component of the package, without the standard library.
component_rust() {
    local made=$WORK/$name
    beside_wasi "$2"
    "$WIT_BINDGEN" rust --all-features --generate-all --world "$3" --out-dir "$made" "$made/wit" &>"$made/wit-bindgen.log"
    GUEST_BINDINGS=$made/${3//-/_}.rs FEATURES=${4:-} name=$1 cargo_wasm wasm32-unknown-unknown core,alloc ""
    component "$TARGET/wasm32-unknown-unknown/release/${1//-/_}.wasm"
}

# flow PART…: parts of flows/, each plugged into the one before it: NAME-c or NAME-rust with the world NAME of flows.wit.
# A `run` in C that gives a bool is one without a callback. NAME-c:utf16 has strings of UTF-16.
flow() {
    local part world made flags defines composed=$WORK/composed.wasm
    rm -rf "$WORK/$name" && mkdir -p "$WORK/$name/wit"
    cp flows/flows.wit "$WORK/$name/wit/"
    cp -r ../wit/wasi-0.3 "$WORK/$name/wit/deps"
    for part in "$@"; do
        world=${part%-*} made=$WORK/$name/${part%:*}
        if [[ $part = *-rust ]]; then
            "$WIT_BINDGEN" rust --all-features --generate-all --world "$world" --out-dir "$made" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
            name=$part GUEST_BINDINGS=$made/$world.rs cargo_wasm wasm32-unknown-unknown std,panic_abort "$SILENT"
            "$WASM_OPT" -Oz "$TARGET/wasm32-unknown-unknown/release/${part//-/_}.wasm" -o "$made/core.wasm"
        else
            flags=() defines=()
            ! grep -q '^bool exports_wasi_cli_run_run' "flows/${part%:*}/main.c" || flags=(--sync export:wasi:cli/run@0.3.0#run)
            [[ $part != *:utf16 ]] || flags+=(--string-encoding utf16) defines=(-DUTF16)
            "$WIT_BINDGEN" c --all-features --world "$world" --rename-world guest "${flags[@]}" --out-dir "$made" \
                "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
            "$CLANG" "${C_FLAGS[@]}" -Os "${defines[@]}" -mexec-model=reactor -I"$made" "flows/${part%:*}/main.c" "$made/guest.c" \
                "$made/guest_component_type.o" -o "$made/core.wasm"
        fi
        "$WASM_TOOLS" component new "$made/core.wasm" -o "$made.wasm"
        if [ "$part" = "$1" ]; then
            cp "$made.wasm" "$composed"
        else
            "$WAC" plug "$composed" --plug "$made.wasm" -o "$composed.new"
            mv "$composed.new" "$composed"
        fi
    done
    "$WASM_TOOLS" strip --all "$composed" -o "$out"
}

# pair_c PART WORLD ENCODING: $WORK/PART:ENCODING.wasm from pairs/PART/main.c.
pair_c() {
    local made=$WORK/$name/$1-$3
    "$WIT_BINDGEN" c --all-features --string-encoding "$3" --world "$2" --out-dir "$made" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
    "$CLANG" "${C_FLAGS[@]}" -mexec-model=reactor -I"$made" "pairs/$1/main.c" "$made/$2.c" "$made/$2_component_type.o" -o "$made/core.wasm"
    "$WASM_TOOLS" component new "$made/core.wasm" -o "$WORK/$1:$3.wasm"
}

# pair_rust PART WORLD: $WORK/PART.wasm from the package PART.
pair_rust() {
    local made=$WORK/$name/$1
    "$WIT_BINDGEN" rust --all-features --generate-all --world "$2" --out-dir "$made" "$WORK/$name/wit" &>"$WORK/$name/wit-bindgen.log"
    name=$1 GUEST_BINDINGS=$made/$2.rs cargo_wasm wasm32-unknown-unknown core,alloc ""
    "$WASM_TOOLS" component new "$TARGET/wasm32-unknown-unknown/release/${1//-/_}.wasm" -o "$WORK/$1.wasm"
}

component() {
    "$WASM_TOOLS" component new "$@" -o "$out"
    "$WASM_TOOLS" strip "$out" -o "$out"
}

# p1_adapter KIND: the adapter for commands or reactors inside the crate that p1bridge embeds too.
p1_adapter() {
    cargo metadata --format-version 1 --manifest-path ../Cargo.toml |
        grep -o '"manifest_path":"[^"]*wasi-preview1-component-adapter-provider[^"]*"' |
        sed 's/.*:"//; s/Cargo.toml"/artefacts\/wasi_snapshot_preview1.'"${1:-command}"'.wasm/'
}

# embedded_c FLAG…, embedded_zig, embedded_as: embedded/digest.* as a reactor for a host that passes pointers.
embedded_c() { "$CLANG" "${C_FLAGS[@]}" -mexec-model=reactor -Wl,-z,stack-size=8192 "$@" embedded/digest.c -o "$out"; }

embedded_zig() {
    "$ZIG" build-exe embedded/digest.zig -target wasm32-freestanding -fno-entry -rdynamic -O ReleaseSmall -fno-strip --stack 8192 \
        --cache-dir "$WORK/zig" -femit-bin="$WORK/zig.wasm"
    "$WASM_TOOLS" strip "$WORK/zig.wasm" -o "$out"
}

embedded_as() { "$ASC" embedded/digest.ts -O3 --exportRuntime --use abort= -o "$out"; }

# wsi_c FILE FLAG…: wsi/FILE without a libc, for WSI or, with -DWSI_ON_P1, for Preview 1.
wsi_c() {
    local file=$1 && shift
    "$CLANG" --target=wasm32-unknown-unknown -mcpu=mvp -std=c11 -Os -ffreestanding -fno-builtin -nostdlib --no-wasm-opt -Wall \
        -Wextra -Werror -I../wit/wsi/guest -Wl,--no-entry,--export-memory,--stack-first,-z,stack-size=8192,--strip-debug "$@" \
        "wsi/$file" -o "$out"
}

# bare_rust: the package NAME for wasm32-unknown-unknown, with an allocator of its own and no libc.
bare_rust() {
    cargo_wasm wasm32-unknown-unknown core,alloc ""
    cp "$TARGET/wasm32-unknown-unknown/release/${name//-/_}.wasm" "$out"
}

# cargo_wasm TARGET STD FLAGS: builds the package with a standard library made from its sources, for the
# distributions' compilers come without one for WebAssembly. Without source locations, so that the result does not
# depend on where things are.
cargo_wasm() {
    local linker=CARGO_TARGET_${1^^}_LINKER
    env RUSTC="$RUSTC_WASM" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zlocation-detail=none $3" CARGO_TARGET_DIR="$TARGET" "${linker//-/_}=$WASM_LD" \
        cargo build --quiet --release --manifest-path rust/Cargo.toml -p "$name" ${FEATURES:+--features "$FEATURES"} --target "$1" \
        -Zbuild-std="$2"
}

# NAME<tab>BUILD for every program of the manifest.
entries() { awk -F'"' '/^name = / { name = $2 } /^build = / { print name "\t" $2 }' manifest.toml; }

build_one() {
    out=prebuilt/$name.wasm
    echo "$name: $build"
    mkdir -p prebuilt "$WORK"
    eval "$build"
    chmod 644 "$out"
}

known=$(entries)
for wanted in "${@:-}"; do
    found=
    while IFS=$'\t' read -r name build; do
        [ -z "$wanted" ] || [ "$wanted" = "$name" ] || continue
        found=yes
        build_one </dev/null
    done <<<"$known"
    [ -n "$found" ] || { echo "build.sh: manifest.toml has no program named $wanted" >&2; exit 1; }
done
