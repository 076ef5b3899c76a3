//! What to do about errors of linkers that name a symbol or a file which nobody of the project has heard of.

/// What is known about an error, by a part of what the linker says.
const KNOWN: &[(&str, &str)] = &[
    (
        "unable to find library -lc",
        "the C library of the target is not there. With rustup: `rustup target add` the target, which brings it. Where std is \
         built (-Zbuild-std), or with a compiler of a distribution: name the folder of wasi-libc, with \
         `-Clink-self-contained=no -Lnative=FOLDER` for rustc or `--sysroot=FOLDER` for clang",
    ),
    (
        "cabi_realloc",
        "strings and lists come into a component through a function `cabi_realloc` that the program exports. In Rust, \
         wit-bindgen has it behind its feature `realloc`, and `wasip2` and `wit-bindgen-rt` of different versions take it from \
         each other: keep one version (`cargo tree -d`). In C, compile and link the `.c` file that `wit-bindgen c` writes",
    ),
];

/// What to say after what a failed linker said.
pub fn failure(said: &str) -> Vec<&'static str> {
    let known = KNOWN.iter().filter(|(part, _)| said.contains(part));
    known.map(|(_, why)| *why).collect()
}
