//! Makes the words of `linked/words.wit`, as `linked/maker-c` does: a component, or with the standard
//! library a Preview 1 module (feature `p1`).
#![cfg_attr(not(feature = "p1"), no_std)]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::exports::corpus::linked::words::{Bag, BagBorrow, Guest, GuestBag, Order, Word};

struct Maker;
bindings::export!(Maker with_types_in bindings);

#[cfg(not(feature = "p1"))]
mod bare {
    #[global_allocator]
    static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! {
        core::arch::wasm32::unreachable()
    }
}

/// What is said on the way, where there is someone to say it to.
fn log(_text: &str) {
    #[cfg(feature = "p1")]
    if std::env::var_os("LOUD").is_some() {
        eprintln!("maker: {_text}");
    }
}

static LIVE: AtomicU32 = AtomicU32::new(0);

struct Words {
    label: String,
    words: RefCell<Vec<Word>>,
}

impl Words {
    fn put(&self, text: String, count: u32) -> u32 {
        let mut words = self.words.borrow_mut();
        match words.iter_mut().find(|word| word.text == text) {
            Some(word) => {
                word.count += count;
                word.count
            }
            None => {
                words.push(Word { text, count });
                count
            }
        }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        log(&format!("no bag {}", self.label));
        LIVE.fetch_sub(1, Relaxed);
    }
}

impl GuestBag for Words {
    fn new(label: String) -> Words {
        LIVE.fetch_add(1, Relaxed);
        log(&format!("a bag {label}"));
        Words {
            label,
            words: RefCell::default(),
        }
    }

    fn add(&self, text: String) -> Result<u32, String> {
        match text.is_empty() {
            true => Err("an empty word".into()),
            false => Ok(self.put(text, 1)),
        }
    }

    fn words(&self, how: Order) -> Vec<Word> {
        let beginning = match &how {
            Order::Beginning(text) => text,
            _ => "",
        };
        let words = self.words.borrow();
        let mut found: Vec<Word> = words
            .iter()
            .filter(|word| word.text.starts_with(beginning))
            .cloned()
            .collect();
        found.sort_by(|a, b| a.text.cmp(&b.text));
        if let Order::ByCount = how {
            found.sort_by_key(|word| core::cmp::Reverse(word.count));
        }
        found
    }

    fn merge(into: BagBorrow<'_>, other: Bag) -> u32 {
        let (into, other) = (into.get::<Words>(), other.into_inner::<Words>());
        let words = other.words.take();
        words
            .into_iter()
            .map(|word| {
                into.put(word.text, word.count);
                word.count
            })
            .sum()
    }
}

impl Guest for Maker {
    type Bag = Words;

    fn shout(text: String) -> String {
        text.to_ascii_uppercase()
    }

    fn bags() -> u32 {
        LIVE.load(Relaxed)
    }
}
