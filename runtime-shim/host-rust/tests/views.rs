//! Generated glue without an allocator: `world/views.wit`, written with `--no-alloc`. A suite of the repository keeps
//! `world/views.rs` as `p1bridge host` writes it.

#[path = "world/views.rs"]
mod world;

use p1bridge_host::{Entry, Error, Guest, Handles, List, Parts, SLOTS, World};
use world::Views;
use world::every::views::words::{Host, Word};
use world::exports::back;

struct Words;

impl Host for Words {
    fn count(&mut self, x: List<'_, Word<'_>>, begin: Option<&str>) -> Result<u32, Error> {
        let mut sum = 0;
        for word in x.iter() {
            let word = word?;
            if begin.is_none_or(|begin| word.text.starts_with(begin)) {
                sum += word.count;
            }
        }
        Ok(sum)
    }

    fn sum(&mut self, x: List<'_, u16>) -> Result<u64, Error> {
        x.iter().map(|number| Ok(u64::from(number?))).sum()
    }

    fn title(&mut self, x: u8) -> Result<&'static str, Error> {
        match x {
            0 => Ok("none"),
            1 => Ok("one"),
            _ => Err(Error::Host("there are two")),
        }
    }

    fn primes(&mut self) -> Result<&'static [u16], Error> {
        Ok(&[2, 3, 5, 7])
    }
}

/// A guest on an array, whose exports give what they got, or what is wrong.
struct Array {
    memory: [u8; 512],
    next: u32,
    handles: Handles,
    host: Words,
    /// Whether it gives what is no UTF-8.
    wrong: bool,
    given_back: usize,
}

impl Array {
    fn new() -> Array {
        Array {
            memory: [0; 512],
            next: 256,
            handles: Handles::fixed(Box::leak(Box::new([Entry::default(); 2]))),
            host: Words,
            wrong: false,
            given_back: 0,
        }
    }

    fn put(&mut self, at: usize, words: &[u32]) {
        for (n, word) in words.iter().enumerate() {
            self.memory[at + 4 * n..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }

    fn import(&mut self, name: &str, given: &[u64]) -> Result<[u64; SLOTS], Error> {
        let imports = <Views as World<Words>>::IMPORTS;
        let index = imports.iter().position(|import| import.name == name);
        let mut slots = [0; SLOTS];
        slots[..given.len()].copy_from_slice(given);
        Views::import(index.expect("an import"), self, &mut slots)?;
        Ok(slots)
    }
}

impl Guest for Array {
    type Host = Words;

    fn parts(&mut self) -> Parts<'_, Words> {
        Parts {
            memory: &mut self.memory,
            handles: &mut self.handles,
            host: &mut self.host,
        }
    }

    fn call(&mut self, export: usize, slots: &mut [u64]) -> Result<(), Error> {
        let name = <Views as World<Words>>::EXPORTS[export].name;
        match name {
            "cabi_realloc" => {
                let at = self.next.next_multiple_of(slots[2] as u32);
                self.next = at + slots[3] as u32;
                slots[0] = at.into();
            }
            // The word that it got, twice.
            "back#words" => {
                let word = [slots[0] as u32, slots[1] as u32, slots[2] as u32];
                self.put(64, &word);
                self.put(76, &word);
                self.put(32, &[64, 2]);
                slots[0] = 32;
            }
            "back#shout" => {
                let (at, length) = (slots[0] as usize, slots[1] as usize);
                self.memory[at..at + length].make_ascii_uppercase();
                if self.wrong {
                    self.memory[at] = 0xff;
                }
                self.put(32, &[0, at as u32, length as u32]);
                slots[0] = 32;
            }
            _ => self.given_back += 1,
        }
        Ok(())
    }
}

#[test]
fn a_host_without_an_allocator_reads_and_gives_views() -> Result<(), Error> {
    let guest = &mut Array::new();
    guest.memory[8..11].copy_from_slice(b"abc");
    guest.put(16, &[8, 2, 40, 9, 2, 2]);
    assert_eq!(guest.import("count", &[16, 2, 0, 0, 0])?[0], 42);
    assert_eq!(guest.import("count", &[16, 2, 1, 8, 1])?[0], 40);
    assert_eq!(guest.import("sum", &[8, 1])?[0], 0x6261);
    // A word whose text is outside of the memory.
    guest.put(16, &[511, 2]);
    let ended = guest.import("count", &[16, 1, 0, 0, 0]);
    assert!(matches!(ended, Err(Error::Bounds)), "{ended:?}");

    guest.import("title", &[1, 128])?;
    let at = u32::from_le_bytes(guest.memory[128..132].try_into().expect("four bytes")) as usize;
    assert_eq!(&guest.memory[at..at + 3], b"one");
    let refused = guest.import("title", &[2, 128]);
    assert!(
        matches!(refused, Err(Error::Host("there are two"))),
        "{refused:?}"
    );
    guest.import("primes", &[128])?;
    let at = u32::from_le_bytes(guest.memory[128..132].try_into().expect("four bytes")) as usize;
    assert_eq!(&guest.memory[at..at + 8], [2, 0, 3, 0, 5, 0, 7, 0]);
    Ok(())
}

#[test]
fn a_result_is_seen_before_the_guest_has_its_memory_back() -> Result<(), Error> {
    let guest = &mut Array::new();
    let word = Word {
        text: "fig",
        count: 21,
    };
    let sum = back::words(guest, &word, &["a", "b"], |words| {
        let all: Result<Vec<_>, Error> = words.iter().collect();
        all.map(|all| all.iter().map(|word| word.count).sum::<u32>())
    })?;
    assert_eq!(sum?, 42);
    assert_eq!(guest.given_back, 1);
    let loud = back::shout(guest, "fig", |loud| loud == Ok("FIG"))?;
    assert!(loud);
    guest.wrong = true;
    let wrong = back::shout(guest, "fig", |_| ());
    assert!(matches!(wrong, Err(Error::Utf8)), "{wrong:?}");
    Ok(())
}
