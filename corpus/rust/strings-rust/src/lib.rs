//! The plugin of `plugins/string-utils` in Rust.
#![no_std]

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::local::string_utils::processor::{Guest, GuestCounter};
use bindings::{Level, log};

struct Plugin;
bindings::export!(Plugin with_types_in bindings);

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

struct Counter(Cell<u32>);

impl GuestCounter for Counter {
    fn new() -> Counter {
        Counter(Cell::new(0))
    }

    fn add(&self, text: String) -> u32 {
        let characters = text.chars().count() as u32;
        self.0.set(self.0.get() + characters);
        characters
    }

    fn total(&self) -> u32 {
        self.0.get()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        log(Level::Info, "a counter is gone, in Rust");
    }
}

impl Guest for Plugin {
    type Counter = Counter;

    fn uppercase(text: String) -> String {
        log(Level::Info, "uppercase, in Rust");
        text.to_ascii_uppercase()
    }

    fn words(text: String) -> Vec<String> {
        let words: Vec<String> = text.split(' ').filter(|word| !word.is_empty()).map(ToString::to_string).collect();
        if words.is_empty() {
            log(Level::Warning, "no words, in Rust");
        }
        words
    }

    fn crash() {
        core::arch::wasm32::unreachable()
    }
}
