//! Strings between guests of all encodings: what arrives is what was sent, and what is no text traps.
//! Characters of every length lie at every place in the pieces that the linker's functions take at once.

use anyhow::{Context, Result, ensure};
use p1bridge_linker::{Options, Profile, flatten};
use p1bridge_tests::plain;
use p1bridge_tests::random::numbers::bytes;
use wasmtime::{Engine, Instance, Linker, Module, Store, TypedFunc};

/// `latin1+utf16` says in the length of a string that it is UTF-16.
const TAG: u32 = 1 << 31;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    Utf8,
    Utf16,
    Latin1,
}

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1];

impl Encoding {
    fn option(self) -> &'static str {
        match self {
            Encoding::Utf8 => "string-encoding=utf8",
            Encoding::Utf16 => "string-encoding=utf16",
            Encoding::Latin1 => "string-encoding=latin1+utf16",
        }
    }

    /// A text as it lies in memory, and what its length is.
    fn write(self, text: &str) -> (Vec<u8>, u32) {
        match self {
            Encoding::Utf8 => (text.as_bytes().to_vec(), text.len() as u32),
            Encoding::Latin1 if text.chars().all(|char| u32::from(char) < 0x100) => {
                let bytes: Vec<u8> = text.chars().map(|char| char as u8).collect();
                let length = bytes.len() as u32;
                (bytes, length)
            }
            _ => {
                let units: Vec<u16> = text.encode_utf16().collect();
                let tag = if self == Encoding::Latin1 { TAG } else { 0 };
                (
                    units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                    units.len() as u32 | tag,
                )
            }
        }
    }

    /// The text that bytes are, if they are one.
    fn read(self, bytes: &[u8], length: u32) -> Option<String> {
        if self == Encoding::Utf8 {
            return String::from_utf8(bytes.to_vec()).ok();
        }
        if self == Encoding::Latin1 && length & TAG == 0 {
            return Some(bytes.iter().copied().map(char::from).collect());
        }
        let (pairs, _) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        char::decode_utf16(units).collect::<Result<_, _>>().ok()
    }
}

/// What the callee makes of what it gets.
fn hash(bytes: &[u8], length: u32) -> u32 {
    bytes.iter().fold(length, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(16_777_619)
    })
}

/// A guest that passes what was put into its memory to another one, which returns the hash of it.
fn component(from: Encoding, to: Encoding) -> Result<Vec<u8>> {
    let bytes = match to {
        Encoding::Utf8 => "(local.get $length)",
        Encoding::Utf16 => "(i32.shl (local.get $length) (i32.const 1))",
        Encoding::Latin1 => {
            "(i32.shl (local.get $length) (i32.shr_u (local.get $length) (i32.const 31)))"
        }
    };
    let (from, to) = (from.option(), to.option());
    wat::parse_str(format!(
        "(component
  (component $Callee
    (core module $M
      (memory (export \"mem\") 4)
      (func (export \"realloc\") (param $old i32) (param $had i32) (param i32) (param $size i32) (result i32)
        (local $at i32)
        (if (i32.le_u (local.get $size) (local.get $had)) (then (return (local.get $old))))
        ;; It moves, and what was written is there.
        (local.set $at (select (i32.const 131074) (i32.const 65536) (local.get $old)))
        (block $end (loop $next
          (br_if $end (i32.eqz (local.get $had)))
          (local.set $had (i32.sub (local.get $had) (i32.const 1)))
          (i32.store8 (i32.add (local.get $at) (local.get $had))
            (i32.load8_u (i32.add (local.get $old) (local.get $had))))
          (br $next)))
        (local.get $at))
      (func (export \"hash\") (param $at i32) (param $length i32) (result i32) (local $hash i32) (local $end i32)
        (local.set $hash (local.get $length))
        (local.set $end (i32.add (local.get $at) {bytes}))
        (block $done (loop $next
          (br_if $done (i32.eq (local.get $at) (local.get $end)))
          (local.set $hash (i32.mul
            (i32.xor (local.get $hash) (i32.load8_u (local.get $at))) (i32.const 16777619)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
        (local.get $hash)))
    (core instance $m (instantiate $M))
    (func (export \"hash\") (param \"x\" string) (result u32) (canon lift (core func $m \"hash\")
      (memory (core memory $m \"mem\")) (realloc (core func $m \"realloc\")) {to})))
  (component $Caller
    (import \"hash\" (func $hash (param \"x\" string) (result u32)))
    (core module $Mem (memory (export \"mem\") 1))
    (core instance $mem (instantiate $Mem))
    (core func $hash' (canon lower (func $hash) (memory (core memory $mem \"mem\")) {from}))
    (core module $M
      (import \"\" \"mem\" (memory 1))
      (import \"\" \"hash\" (func $hash (param i32 i32) (result i32)))
      (func (export \"put\") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
      (func (export \"pass\") (param i32 i32) (result i32) (call $hash (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M (with \"\" (instance
      (export \"mem\" (memory $mem \"mem\")) (export \"hash\" (func $hash'))))))
    (func (export \"put\") (param \"at\" u32) (param \"bytes\" u64) (canon lift (core func $m \"put\")))
    (func (export \"pass\") (param \"at\" u32) (param \"length\" u32) (result u32) (canon lift (core func $m \"pass\"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with \"hash\" (func $callee \"hash\"))))
  (export \"put\" (func $caller \"put\"))
  (export \"pass\" (func $caller \"pass\")))"
    ))
    .context("the component")
}

/// An instance, with what puts bytes into the caller's memory and what passes them.
struct Live {
    store: Store<()>,
    put: TypedFunc<(u32, u64), ()>,
    pass: TypedFunc<(u32, u32), u32>,
}

/// The flat module, which is instantiated again after each trap.
struct Guests {
    engine: Engine,
    module: Module,
    from: Encoding,
    to: Encoding,
    live: Option<Live>,
}

impl Guests {
    fn new(engine: &Engine, from: Encoding, to: Encoding, profile: &str) -> Result<Guests> {
        let options = Options {
            profile: Profile::named(profile).context("a built-in profile")?,
            ..Options::default()
        };
        let flat = flatten(&component(from, to)?, &[], &options)?.wasm;
        Ok(Guests {
            module: Module::new(engine, &flat).map_err(plain)?,
            engine: engine.clone(),
            from,
            to,
            live: None,
        })
    }

    /// Passes bytes, which lie at an address, and compares.
    fn check(&mut self, address: u32, bytes: &[u8], length: u32) -> Result<()> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => {
                let mut store = Store::new(&self.engine, ());
                let instance: Instance = Linker::new(&self.engine)
                    .instantiate(&mut store, &self.module)
                    .map_err(plain)?;
                let put = instance.get_typed_func(&mut store, "put").map_err(plain)?;
                let pass = instance.get_typed_func(&mut store, "pass").map_err(plain)?;
                Live { store, put, pass }
            }
        };
        for (at, piece) in (address..).step_by(8).zip(bytes.chunks(8)) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            live.put
                .call(&mut live.store, (at, u64::from_le_bytes(word)))
                .map_err(plain)?;
        }
        let found = live.pass.call(&mut live.store, (address, length)).ok();
        if found.is_some() {
            self.live = Some(live);
        }
        let right = self.from.read(bytes, length).map(|text| {
            let (bytes, length) = self.to.write(&text);
            hash(&bytes, length)
        });
        ensure!(
            found == right,
            "{:?} to {:?}: {bytes:02x?} of length {length:#x} gives {found:?} instead of {right:?}",
            self.from,
            self.to
        );
        Ok(())
    }
}

/// A text of so many characters: most are like the one before, and what they are like is by the seed.
fn text(seed: u64, length: usize, latin1: bool) -> String {
    let random = bytes(seed, length * 4 + 1);
    let mut kind = random[length * 4] % 4;
    (0..length)
        .map(|at| {
            let [one, two, three, change] =
                std::array::from_fn(|byte| u32::from(random[at * 4 + byte]));
            if change % 8 == 0 {
                kind = (change / 8 % 4) as u8;
            }
            let more = (one << 8) | two;
            let char = match (kind, latin1) {
                (0, _) | (1, true) => one % 0x80,
                (_, true) => one,
                (1, _) => 0x80 + more % 0x780,
                (2, _) => 0x800 + more % 0xd000,
                _ => 0x1_0000 + ((more << 4) | (three & 15)),
            };
            char::from_u32(char).unwrap_or('\u{ffff}')
        })
        .collect()
}

/// Texts of many lengths, and the same with something changed.
fn pass_texts(guests: &mut Guests) -> Result<()> {
    for seed in 0..400u64 {
        let length = (seed as usize * 7) % 150;
        let text = text(seed, length, seed.is_multiple_of(3));
        let (mut bytes, length) = guests.from.write(&text);
        let aligned = if guests.from == Encoding::Utf8 { 1 } else { 2 };
        let address = 1024 + (seed as u32 % 5) * aligned;
        guests.check(address, &bytes, length)?;
        if let Some(at) = (seed as usize * 13).checked_rem(bytes.len()) {
            bytes[at] = seed as u8 | 0x80;
            guests.check(address, &bytes, length)?;
        }
    }
    Ok(())
}

#[test]
fn strings_of_all_encodings_arrive_as_they_were_and_what_is_no_text_traps() -> Result<()> {
    let engine = Engine::default();
    for profile in ["portable", "wasmtime"] {
        for from in ENCODINGS {
            for to in ENCODINGS {
                pass_texts(&mut Guests::new(&engine, from, to, profile)?)?;
            }
        }
    }
    Ok(())
}

/// Bytes about which the rules of UTF-8 differ, and some that none mentions.
const SECOND: [u8; 10] = [0x20, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xd0, 0xff];
const MORE: [u8; 4] = [0x20, 0x80, 0xbf, 0xc2];

#[test]
fn what_is_utf8_is_decided_alike_wherever_it_lies() -> Result<()> {
    let engine = Engine::default();
    let words = [5, 6, 7, 8].map(|place| ("portable", place));
    let vectors = [13, 16].map(|place| ("wasmtime", place));
    for (profile, place) in words.into_iter().chain(vectors) {
        let mut guests = Guests::new(&engine, Encoding::Utf8, Encoding::Utf8, profile)?;
        for first in 0x7f..=0xff {
            for second in SECOND {
                for third in MORE {
                    // Between letters of two bytes, of which pieces are taken at once.
                    let mut bytes = "ж".repeat(20).into_bytes();
                    bytes.splice(place..place, [first, second, third, 0x80]);
                    let length = bytes.len() as u32;
                    guests.check(1024, &bytes, length)?;
                    bytes.remove(place + 3);
                    guests.check(1024, &bytes, length - 1)?;
                }
            }
        }
    }
    Ok(())
}
