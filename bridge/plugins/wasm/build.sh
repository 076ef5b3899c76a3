#!/usr/bin/env bash
# p1bridge as a Preview 1 module:  bridge/plugins/wasm/build.sh OUT.wasm
#
# The command is compiled for wasm32-wasip1, without `run`, and then p1bridge lowers it to `portable`. OUT.wasm is what the
# packages for npm and Python contain; OUT.raw.wasm beside it is what the compiler made.
#
# A rustup toolchain with the target wasm32-wasip1 is taken if there is one. Otherwise it takes Debian's rustc-web and
# rust-web-src, which build their standard library, with wasi-libc and lld-22. Both need clang-22 for the one dependency in C.
# P1BRIDGE is the command that lowers; without it, it is built.
set -euo pipefail
[ $# = 1 ] || { echo "usage: build.sh OUT.wasm" >&2; exit 2; }
out=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."

target=${CARGO_TARGET_DIR:-$PWD/target}
made=$target/wasm32-wasip1/release
CLANG=${CLANG:-clang-22}
WASI_LIB=${WASI_LIB:-/usr/lib/wasm32-wasi}
command -v "$CLANG" >/dev/null || { echo "build.sh: no $CLANG (Debian: clang-22, wasi-libc)" >&2; exit 1; }

# Names take a third of the module. The stack is that of the main thread of a native program.
flags=(-C strip=symbols -C link-arg=-zstack-size=8388608 -C link-arg=--compress-relocations)
export CC_wasm32_wasip1=$CLANG CFLAGS_wasm32_wasip1="--target=wasm32-wasi -Wno-deprecated" AR_wasm32_wasip1=${AR:-ar}
export CARGO_PROFILE_RELEASE_OPT_LEVEL=s CARGO_PROFILE_RELEASE_DEBUG=false CARGO_TARGET_DIR=$target
std=()
if ! rustup target list --installed 2>/dev/null | grep -qx wasm32-wasip1; then
    mkdir -p "$made"
    "$CLANG" --target=wasm32-wasi -Wno-deprecated -O2 -Wall -Werror -c "$here/libc.c" -o "$made/libc.o"
    # Without source locations, so that the module does not depend on where things are.
    export RUSTC=${RUSTC_WASM:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_WASIP1_LINKER=${WASM_LD:-/usr/bin/wasm-ld-22}
    export RUSTFLAGS="-Zlocation-detail=none -C link-self-contained=no -L $WASI_LIB"
    flags+=(-C "link-arg=$WASI_LIB/crt1-command.o" -C "link-arg=$made/libc.o")
    std=(-Zbuild-std=std,panic_abort)
fi
# Cargo does not look at what the flags name.
rm -f "$made"/deps/p1bridge-*.wasm
cargo rustc --quiet --release --locked -p p1bridge --bin p1bridge --no-default-features --target wasm32-wasip1 "${std[@]}" -- "${flags[@]}"
unset RUSTC RUSTC_BOOTSTRAP RUSTFLAGS CARGO_PROFILE_RELEASE_OPT_LEVEL CARGO_PROFILE_RELEASE_DEBUG

if [ -z "${P1BRIDGE:-}" ]; then
    cargo build --quiet --release --locked -p p1bridge --bin p1bridge
    P1BRIDGE=$target/release/p1bridge
fi
cp "$made/p1bridge.wasm" "${out%.wasm}.raw.wasm"
"$P1BRIDGE" lower "${out%.wasm}.raw.wasm" --profile portable -o "$out"
