#!/bin/sh
# Rebuilds the libraries that p1bridge links into flat modules: adapters/prebuilt/*.wasm.
#
#     adapters/build.sh [DIRECTORY]      (into another directory than adapters/prebuilt)
#
# Where rustup has the target wasm32-unknown-unknown, the toolchain of the caller is used. Without
# it, Debian's rustc-web, rust-web-src and lld-22 build the core library as well. The bytes do not
# depend on where the sources lie; they do depend on the version of the compiler.
#
# A library that breaks the contract with the linker (data, frames of its own, names, features) is refused.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/prebuilt}
target=${CARGO_TARGET_DIR:-$here/target}
mkdir -p "$out"

flags="-C link-arg=--import-memory -C link-arg=--no-entry -C link-arg=-zstack-size=0 -C target-cpu=mvp"
# A match over constants must stay code: a look-up table would be data.
flags="$flags -C llvm-args=-switch-to-lookup=false"
flags="$flags --remap-path-prefix=$target/sources=p1bridge"

# Cargo hashes where a crate lies into its symbols, and the compiler orders functions by those: a
# crate outside of the workspace counts with its whole path, one inside with its place there. So a
# library is built from a copy that has what it depends on inside.
gather() {
    copy=$target/sources/$1
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -R "$here/$1/src" "$here/$1/Cargo.lock" "$here/../runtime-shim" "$copy/"
    sed 's,"../../runtime-shim","runtime-shim",' "$here/$1/Cargo.toml" >"$copy/Cargo.toml"
    sed '/^\[workspace\]$/d' "$here/../runtime-shim/Cargo.toml" >"$copy/runtime-shim/Cargo.toml"
}

build() {
    if rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
        RUSTFLAGS=$flags cargo build "$@" --target wasm32-unknown-unknown
    else
        for tool in /usr/bin/rustc /usr/bin/wasm-ld-22 /usr/lib/rustlib/src/rust/library/core; do
            [ -e "$tool" ] || {
                echo "build.sh: needs \`rustup target add wasm32-unknown-unknown\`, or $tool" \
                    "(Debian: rustc-web rust-web-src lld-22)" >&2
                exit 1
            }
        done
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags \
            CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=/usr/bin/wasm-ld-22 \
            cargo build "$@" -Zbuild-std=core --target wasm32-unknown-unknown
    fi
}

finish() {
    cargo run --quiet --release --locked --manifest-path "$here/finish/Cargo.toml" \
        --target-dir "$target" -- "$@"
}

for library in p2-on-p1 p3-on-p1 p1-on-p1 wsi-on-p1 p1-on-wsi p1-on-p2 p1-on-p3 tasks tasks-alone; do
    # One more of the same sources, for programs with one task at a time.
    source=${library%-alone}
    features=${library#"$source"}
    gather "$source"
    build --release --locked --manifest-path "$target/sources/$source/Cargo.toml" --target-dir "$target" \
        --features "${features#-}"
    name=$(echo "$source" | tr - _)
    finish "$target/wasm32-unknown-unknown/release/$name.wasm" "$out/$library.wasm"
done
