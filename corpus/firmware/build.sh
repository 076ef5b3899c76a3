#!/usr/bin/env bash
# Rebuilds the firmware in prebuilt/:  corpus/firmware/build.sh [wasm3|wamr]   (both without a name)
#
# It needs Debian's `gcc-arm-none-eabi libnewlib-arm-none-eabi clang-22 lld-22 xxd`, and p1bridge [P1BRIDGE]. The sources of the
# runtimes are in the packages that tests/wasm3 and tests/wamr-2020 pin; cargo has them, or fetches them.
set -euo pipefail
cd "$(dirname "$0")"

CLANG=${CLANG:-clang-22}
ARM=${ARM:-arm-none-eabi-}
P1BRIDGE=$(realpath "${P1BRIDGE:-../../target/release/p1bridge}")
WORK=${CARGO_TARGET_DIR:-$PWD/../../target}/firmware
# What a marked slot has beyond its first module.
RESERVE=4096
C_FLAGS=(-mcpu=cortex-m3 -mthumb -Os -std=gnu99 -ffunction-sections -fdata-sections "-ffile-prefix-map=$PWD=.")
LINK=(-nostartfiles --specs=nano.specs --specs=rdimon.specs -Tboard/mps2-an385.ld -Wl,--gc-sections -Wl,--build-id=none)

# The folder of a package that a manifest in tests/ pins.
package() {
    cargo metadata --locked --format-version 1 --manifest-path "../../tests/$1/Cargo.toml" |
        grep -o '"manifest_path":"[^"]*/'"$2"'-[0-9][^"]*"' | head -1 | sed 's/.*:"//; s/\/Cargo.toml"//'
}

# guest NAME: guests/NAME.c as $made/NAME.wasm.
guest() {
    "$CLANG" --target=wasm32-unknown-unknown -mcpu=mvp -std=c11 -Os -ffreestanding -fno-builtin -nostdlib -Wall -Wextra \
        -Wl,--no-entry,--export-memory,--stack-first,-z,stack-size=4096,--strip-all "guests/$1.c" -o "$made/$1.wasm"
}

# objects FOLDER FILE…: third-party sources, of which nothing is mended.
objects() {
    local folder=$1 file && shift
    for file in "$@"; do
        "${ARM}gcc" "${C_FLAGS[@]}" -w "${flags[@]}" "-ffile-prefix-map=$folder=." -c "$file" -o "$made/$(basename "$file" .c).o"
    done
}

wasm3_objects() {
    local source
    source=$(package wasm3 wasm3-sys)/wasm3/source
    # newlib's own words for 64 bits are not there for C99.
    flags=('-DPRIu64="llu"' '-DPRIi64="lli"' -Dd_m3LogOutput=0 "-I$source")
    objects "$source" "$source"/m3_{bind,code,compile,core,emit,env,exec,info,module,optimize,parse}.c
}

wamr_objects() {
    local root core iwasm
    root=$(package wamr-2020 wamr-sys)/wasm-micro-runtime
    core=$root/core iwasm=$root/core/iwasm
    flags=(-DBUILD_TARGET_THUMB '-DBUILD_TARGET="THUMBV7M"' -DBH_MALLOC=wasm_runtime_malloc -DBH_FREE=wasm_runtime_free
        -DWASM_ENABLE_INTERP=1 -DWASM_ENABLE_LIBC_BUILTIN=1 -DNDEBUG -Iwamr -I"$core/shared/platform/include"
        -I"$core/shared/mem-alloc" -I"$core/shared/utils" -I"$iwasm/include" -I"$iwasm/common" -I"$iwasm/interpreter"
        -I"$iwasm/libraries/libc-builtin")
    objects "$root" wamr/platform.c "$core"/shared/mem-alloc/{mem_alloc,ems/ems_alloc,ems/ems_hmu,ems/ems_kfc}.c \
        "$core"/shared/utils/bh_{assert,common,hashmap,list,log,vector}.c \
        "$iwasm"/common/{wasm_exec_env,wasm_memory,wasm_native,wasm_runtime_common,arch/invokeNative_general}.c \
        "$iwasm/libraries/libc-builtin/libc_builtin_wrapper.c" "$iwasm"/interpreter/wasm_{loader,runtime,interp_classic}.c
}

# firmware RUNTIME PROFILE
firmware() {
    local runtime=$1 profile=$2 out=prebuilt/$1 flags=() capacity
    made=$WORK/$runtime
    rm -rf "$made" && mkdir -p "$made" "$out"
    guest plain && guest marked
    "$P1BRIDGE" flatten -q ../prebuilt/tiny-p2-c.wasm --profile "$profile" -o "$made/component.wasm"
    "${runtime}_objects"

    (cd "$made" && xxd -i plain.wasm >plain_wasm.c)
    "${ARM}gcc" "${C_FLAGS[@]}" -c "$made/plain_wasm.c" -o "$made/plain_wasm.o"
    # Constants, as most put them: ld would leave them among the variables.
    (cd "$made" && "${ARM}ld" -r -b binary component.wasm -o component.o &&
        "${ARM}objcopy" --rename-section .data=.rodata.component,alloc,load,readonly,data,contents component.o)
    capacity=$(($(stat -c %s "$made/marked.wasm") + RESERVE))
    for file in main.c board/start.c "with-$runtime.c"; do
        "${ARM}gcc" "${C_FLAGS[@]}" -Wall -Wextra -Wno-unused-parameter "${flags[@]}" -I../../runtime-shim/host \
            "-DSLOT_CAPACITY=$capacity" -c "$file" -o "$made/our-$(basename "$file" .c).o"
    done
    # A file of ld's own comes last: it does not say which ABI it has.
    "${ARM}gcc" "${C_FLAGS[@]}" "${LINK[@]}" $(ls "$made"/*.o | grep -v component.o) "$made/component.o" -lm -o "$made/empty.elf"
    "${ARM}strip" --strip-debug "$made/empty.elf"
    # The way of anyone who has firmware with an empty slot.
    "$P1BRIDGE" retrofit -q "$made/empty.elf" --profile "$profile" --slot app_slot --replace "$made/marked.wasm" -o "$out/fw.elf"
    "${ARM}objcopy" -O binary "$out/fw.elf" "$out/fw.bin"
    "${ARM}objcopy" -O ihex "$out/fw.elf" "$out/fw.hex"
    "${ARM}objcopy" -O srec --srec-len=32 "$out/fw.elf" "$out/fw.srec"
    chmod 644 "$out"/*
    "${ARM}size" "$out/fw.elf"
}

for runtime in "${@:-wasm3 wamr}"; do
    for one in $runtime; do
        case $one in
        wasm3) firmware wasm3 wasm3 ;;
        wamr) firmware wamr wamr-2020 ;;
        *) echo "build.sh: there is no runtime $one here" >&2 && exit 1 ;;
        esac
    done
done
