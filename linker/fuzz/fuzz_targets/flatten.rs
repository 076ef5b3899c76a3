#![cfg_attr(feature = "libfuzzer", no_main)]

#[cfg(feature = "libfuzzer")]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| p1bridge_fuzz::flatten_any(bytes));

#[cfg(not(feature = "libfuzzer"))]
fn main() {
    p1bridge_fuzz::replay(p1bridge_fuzz::flatten_any);
}
