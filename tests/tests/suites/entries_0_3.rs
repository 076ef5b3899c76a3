//! The entries of directories of WASI 0.3, whose names a guest gets in the encoding of its own strings.

use p1bridge::flatten::{FlattenOptions, Stacks, flatten};
use p1bridge_tests::{Engine, Exit, RunSpec, engines};
use wit_component::StringEncoding;

use crate::guest;

/// Prints each entry: whether it is a directory, the length of its name, and the bytes of that as they are in memory. It
/// reads as many entries at a time as `COUNT`, and its memory grows for each name.
const GUEST: &str = r#"(module
  (import "wasi:filesystem/preopens@0.3.0" "get-directories" (func $directories (param i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.read-directory" (func $read-directory (param i32 i32)))
  (import "wasi:filesystem/types@0.3.0" "[stream-read-0][method]descriptor.read-directory"
    (func $read (param i32 i32 i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "write-via-stream" (func $out (param i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "[stream-new-0]write-via-stream" (func $new (result i64)))
  (import "wasi:cli/stdout@0.3.0" "[stream-write-0]write-via-stream" (func $write (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (global $out (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (if (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)) (then unreachable))
    (if (i32.and (i32.ne (local.get $old) (i32.const 0)) (i32.le_u (local.get $size) (local.get $had)))
      (then (return (local.get $old))))
    (local.set $at (global.get $next))
    (global.set $next (i32.and (i32.const -8)
      (i32.add (local.get $at) (i32.add (local.get $size) (i32.const 7)))))
    (memory.copy (local.get $at) (local.get $old) (local.get $had))
    (local.get $at))
  (func $print (param $at i32) (param $size i32)
    (if (i32.ne (call $write (global.get $out) (local.get $at) (local.get $size))
      (i32.shl (local.get $size) (i32.const 4))) (then unreachable)))
  (func (export "wasi:cli/run@0.3.0#run") (result i32)
    (local $status i32) (local $entry i32) (local $bytes i32) (local $both i64)
    (local.set $both (call $new))
    (global.set $out (i32.wrap_i64 (i64.shr_u (local.get $both) (i64.const 32))))
    (drop (call $out (i32.wrap_i64 (local.get $both))))
    (call $directories (i32.const 16))
    (call $read-directory (i32.load (i32.load (i32.const 16))) (i32.const 24))
    (loop $more
      (local.set $status (call $read (i32.load (i32.const 24)) (i32.const 1024) (i32.const COUNT)))
      (local.set $entry (i32.const 1024))
      (loop $each
        (if (i32.ge_u (local.get $status) (i32.const 16)) (then
          (i32.store (i32.const 64) (i32.eq (i32.load8_u (local.get $entry)) (i32.const 2)))
          (i32.store (i32.const 68) (i32.load offset=20 (local.get $entry)))
          (call $print (i32.const 64) (i32.const 8))
          (local.set $bytes (i32.load (i32.const 68)))
          (if BYTES (then
            (local.set $bytes (i32.shl (local.get $bytes) (i32.const 1)))))
          (call $print (i32.load offset=16 (local.get $entry)) (local.get $bytes))
          (local.set $entry (i32.add (local.get $entry) (i32.const 24)))
          (local.set $status (i32.sub (local.get $status) (i32.const 16)))
          (br $each))))
      (br_if $more (i32.eqz (local.get $status))))
    (i32.const 0)))"#;

const WORLD: &str = "package test:guest;
world guest {
    import wasi:filesystem/types@0.3.0;
    import wasi:filesystem/preopens@0.3.0;
    import wasi:cli/stdout@0.3.0;
    export wasi:cli/run@0.3.0;
}";

/// Names with characters of one, two, three and four bytes of UTF-8, of Latin-1 and of none of these.
const NAMES: [&str; 6] = ["a", "größer", "日本", "ÿ😀.txt", "plain.text", "é日"];

/// Each name as it is in memory, with its length; where it is both, Latin-1 is what its strings are for which it is
/// enough.
fn expected(encoding: StringEncoding) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = NAMES.iter().map(|name| entry(name, encoding)).collect();
    all.sort();
    all
}

fn entry(name: &str, encoding: StringEncoding) -> Vec<u8> {
    let units: Vec<u16> = name.encode_utf16().collect();
    let wide: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let is_latin1 = units.iter().all(|unit| *unit < 256);
    let (length, bytes) = match encoding {
        StringEncoding::UTF8 => (name.len(), name.as_bytes().to_vec()),
        StringEncoding::CompactUTF16 if is_latin1 => {
            (units.len(), units.iter().map(|unit| *unit as u8).collect())
        }
        StringEncoding::CompactUTF16 => (units.len() | 1 << 31, wide),
        StringEncoding::UTF16 => (units.len(), wide),
    };
    let is_directory = u32::from(name == "日本");
    let mut entry = is_directory.to_le_bytes().to_vec();
    entry.extend((length as u32).to_le_bytes());
    entry.extend(bytes);
    entry
}

/// What was printed, one piece for each entry.
fn entries(mut printed: &[u8], encoding: StringEncoding) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while printed.len() >= 8 {
        let length = u32::from_le_bytes(printed[4..8].try_into().expect("four bytes"));
        let wide = match encoding {
            StringEncoding::UTF8 => false,
            StringEncoding::UTF16 => true,
            StringEncoding::CompactUTF16 => length >> 31 == 1,
        };
        let bytes = ((length & !(1 << 31)) as usize) << u32::from(wide);
        let (entry, rest) = printed.split_at(8 + bytes);
        all.push(entry.to_vec());
        printed = rest;
    }
    all.sort();
    all
}

#[test]
fn names_are_strings_of_the_guest_that_reads_them() {
    for (encoding, wide) in [
        (StringEncoding::UTF8, "(i32.const 0)"),
        (StringEncoding::UTF16, "(i32.const 1)"),
        (
            StringEncoding::CompactUTF16,
            "(i32.lt_s (local.get $bytes) (i32.const 0))",
        ),
    ] {
        for count in ["1", "4"] {
            let text = GUEST.replace("BYTES", wide).replace("COUNT", count);
            let component = guest::component_0_3(&text, WORLD, encoding);
            let folder = tempfile::tempdir().unwrap();
            for name in NAMES {
                match name {
                    "日本" => std::fs::create_dir(folder.path().join(name)).unwrap(),
                    name => std::fs::write(folder.path().join(name), name).unwrap(),
                }
            }
            let spec = RunSpec {
                dir: Some(folder.path().to_path_buf()),
                ..RunSpec::default()
            };
            let nested = flatten(&component, &FlattenOptions::default()).unwrap();
            let switch = FlattenOptions {
                stacks: Stacks::Switch,
                verify: true,
                ..FlattenOptions::default()
            };
            let switched = flatten(&component, &switch).unwrap();
            for (engine, wasm) in [
                (&engines::Wasmtime::default() as &dyn Engine, &component),
                (&engines::Wasmi, &nested.wasm),
                (&engines::Wasmi, &switched.wasm),
            ] {
                let outcome = engine.run(wasm, &spec).unwrap();
                let of = format!("{encoding:?}, {count} at a time, {}", engine.name());
                assert!(outcome.exit == Exit::Code(0), "{of}: {outcome:?}");
                let found = entries(&outcome.stdout, encoding);
                assert_eq!(found, expected(encoding), "{of}");
            }
        }
    }
}
