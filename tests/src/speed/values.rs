//! Calls between two guests with values of more types: strings on their way from one encoding to another,
//! what points to more, and what has cases.

use anyhow::{Context, Result};

/// A call that is measured: as many times as an export of its name is told.
struct Row {
    /// Its name in [`VALUES`].
    name: &'static str,
    /// Its type as a component has it, of the types in [`TYPES`].
    ty: &'static str,
    /// The encodings of the strings of the caller and the callee.
    encodings: [&'static str; 2],
    /// The type that the callee's core function has.
    lifted: &'static str,
    /// The type that the caller imports.
    lowered: &'static str,
    /// What calls `$import` and leaves a number.
    call: &'static str,
    /// What the callee does: it leaves its result.
    body: &'static str,
}

/// The calls, by the names of the exports that make `n` of them.
pub const VALUES: &[(&str, &str)] = &[
    ("utf8-utf16", "(string of 16 characters, UTF-8 to UTF-16)"),
    ("utf8-utf16-long", "(4096 characters, UTF-8 to UTF-16)"),
    ("utf16-utf8", "(16 characters, UTF-16 to UTF-8)"),
    ("utf16-utf8-long", "(4096 characters, UTF-16 to UTF-8)"),
    ("utf16-long", "(4096 characters, UTF-16)"),
    ("latin1-utf8-long", "(4096 characters, Latin-1 to UTF-8)"),
    ("utf8-latin1-long", "(4096 characters, UTF-8 to Latin-1)"),
    ("latin1-utf16-long", "(4096 characters, Latin-1 to UTF-16)"),
    ("utf16-latin1-long", "(4096 characters, UTF-16 to Latin-1)"),
    ("words-utf8", "(2137 letters of Cyrillic, UTF-8)"),
    ("words-utf8-utf16", "(the same, UTF-8 to UTF-16)"),
    ("words-utf16-utf8", "(the same, UTF-16 to UTF-8)"),
    ("strings", "(list of 16 strings of 16 bytes)"),
    ("bools", "(list of 256 bool)"),
    ("chars", "(list of 256 char)"),
    ("enums", "(list of 256 enum)"),
    ("options", "(list of 256 option<u32>)"),
    ("option", "(option of a record of 4 fields)"),
    ("variant", "(variant of three payloads)"),
    ("result", "-> result with an error"),
    ("given", "-> string of 16 bytes"),
    ("many", "(20 parameters)"),
];

const TYPES: &[(&str, &str)] = &[
    (
        "four",
        "(record (field \"a\" u32) (field \"b\" u32) (field \"c\" u32) (field \"d\" u32))",
    ),
    (
        "either",
        "(variant (case \"a\" u32) (case \"b\" u64) (case \"c\" f32))",
    ),
    ("three", "(enum \"a\" \"b\" \"c\")"),
];

/// Where the caller has its values, as [`Row::call`] writes them out: ASCII of 4096 characters in bytes and
/// in units of UTF-16, and words in Cyrillic letters, 4096 bytes of UTF-8. What it is given goes behind
/// them: results at 53248, and what it allocates from 65536 on.
const BYTES: u32 = 1024;
const UNITS: u32 = 8192;
const WORDS: u32 = 20480;
const WORD_UNITS: u32 = 24576;
const STRINGS: u32 = 40960;
const BOOLS: u32 = 45056;
const TWENTY: u32 = 49152;
const CHARS: u32 = 57344;
const ENUMS: u32 = 58368;
const OPTIONS: u32 = 58624;

const UTF8: &str = "string-encoding=utf8";
const UTF16: &str = "string-encoding=utf16";
const LATIN1: &str = "string-encoding=latin1+utf16";

/// Leaves what is at both ends of a string, and its length.
const ENDS: &str = "(i32.add (local.get 1) (i32.add (i32.load8_u (local.get 0))
  (i32.load8_u (i32.sub (i32.add (local.get 0) (local.get 1)) (i32.const 1)))))";
const ENDS_OF_UNITS: &str = "(i32.add (local.get 1) (i32.add (i32.load16_u (local.get 0))
  (i32.load16_u (i32.sub (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 1))) (i32.const 2)))))";

const TEXT: &str = "(param \"x\" string) (result u32)";
const PAIR: &str = "(param i32 i32) (result i32)";

fn strings() -> Vec<Row> {
    let row = |name, encodings: [&'static str; 2], call| Row {
        name,
        ty: TEXT,
        encodings,
        lifted: PAIR,
        lowered: PAIR,
        call,
        body: match encodings[1] {
            UTF16 => ENDS_OF_UNITS,
            _ => ENDS,
        },
    };
    let short = "(call $import (i32.const 1024) (i32.const 16))";
    let short_units = "(call $import (i32.const 8192) (i32.const 16))";
    let long = "(call $import (i32.const 1024) (i32.const 4096))";
    let long_units = "(call $import (i32.const 8192) (i32.const 4096))";
    let words = "(call $import (i32.const 20480) (i32.const 4096))";
    let word_units = "(call $import (i32.const 24576) (i32.const 2137))";
    vec![
        row("utf8-utf16", [UTF8, UTF16], short),
        row("utf8-utf16-long", [UTF8, UTF16], long),
        row("utf16-utf8", [UTF16, UTF8], short_units),
        row("utf16-utf8-long", [UTF16, UTF8], long_units),
        row("utf16-long", [UTF16, UTF16], long_units),
        row("latin1-utf8-long", [LATIN1, UTF8], long),
        row("utf8-latin1-long", [UTF8, LATIN1], long),
        row("latin1-utf16-long", [LATIN1, UTF16], long),
        row("utf16-latin1-long", [UTF16, LATIN1], long_units),
        row("words-utf8", [UTF8, UTF8], words),
        row("words-utf8-utf16", [UTF8, UTF16], words),
        row("words-utf16-utf8", [UTF16, UTF8], word_units),
    ]
}

fn others() -> Vec<Row> {
    vec![
        Row {
            name: "strings",
            ty: "(param \"x\" (list string)) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: PAIR,
            lowered: PAIR,
            call: "(call $import (i32.const 40960) (i32.const 16))",
            // The first byte of the last string.
            body: "(i32.load8_u (i32.load (i32.add (local.get 0) (i32.const 120))))",
        },
        Row {
            name: "bools",
            ty: "(param \"x\" (list bool)) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: PAIR,
            lowered: PAIR,
            call: "(call $import (i32.const 45056) (i32.const 256))",
            body: ENDS,
        },
        Row {
            name: "chars",
            ty: "(param \"x\" (list char)) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: PAIR,
            lowered: PAIR,
            call: "(call $import (i32.const 57344) (i32.const 256))",
            body: ENDS,
        },
        Row {
            name: "enums",
            ty: "(param \"x\" (list $three)) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: PAIR,
            lowered: PAIR,
            call: "(call $import (i32.const 58368) (i32.const 256))",
            body: ENDS,
        },
        Row {
            name: "options",
            ty: "(param \"x\" (list (option u32))) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: PAIR,
            lowered: PAIR,
            call: "(call $import (i32.const 58624) (i32.const 256))",
            body: ENDS,
        },
        Row {
            name: "option",
            ty: "(param \"x\" (option $four)) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: "(param i32 i32 i32 i32 i32) (result i32)",
            lowered: "(param i32 i32 i32 i32 i32) (result i32)",
            call: "(call $import (i32.const 1) (local.get $n) (i32.const 2) (i32.const 3) (i32.const 4))",
            body: "(i32.add (i32.add (local.get 0) (local.get 1)) (i32.add (i32.add (local.get 2) (local.get 3)) (local.get 4)))",
        },
        Row {
            name: "variant",
            ty: "(param \"x\" $either) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: "(param i32 i64) (result i32)",
            lowered: "(param i32 i64) (result i32)",
            call: "(call $import (i32.rem_u (local.get $n) (i32.const 3)) (i64.extend_i32_u (local.get $n)))",
            body: "(i32.add (local.get 0) (i32.wrap_i64 (local.get 1)))",
        },
        Row {
            name: "result",
            ty: "(param \"x\" u32) (result (result u32 (error u32)))",
            encodings: [UTF8, UTF8],
            lifted: "(param i32) (result i32)",
            lowered: "(param i32 i32)",
            call: "(call $import (local.get $n) (i32.const 53248))
                   (i32.add (i32.load8_u (i32.const 53248)) (i32.load (i32.const 53252)))",
            body: "(i32.store8 (i32.const 1024) (i32.and (local.get 0) (i32.const 1)))
                   (i32.store (i32.const 1028) (local.get 0))
                   (i32.const 1024)",
        },
        Row {
            name: "given",
            ty: "(param \"x\" u32) (result string)",
            encodings: [UTF8, UTF8],
            lifted: "(param i32) (result i32)",
            lowered: "(param i32 i32)",
            call: "(global.set $next (i32.const 65536))
                   (call $import (local.get $n) (i32.const 53248))
                   (i32.add (i32.load8_u (i32.load (i32.const 53248))) (i32.load (i32.const 53252)))",
            body: "(i32.store (i32.const 1024) (i32.const 16))
                   (i32.store (i32.const 1028) (i32.const 16))
                   (i32.const 1024)",
        },
        Row {
            name: "many",
            ty: "(param \"x\" (tuple u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32 u32)) (result u32)",
            encodings: [UTF8, UTF8],
            lifted: "(param i32) (result i32)",
            lowered: "(param i32) (result i32)",
            call: "(call $import (i32.const 49152))",
            body: "(i32.add (i32.load (local.get 0)) (i32.load offset=76 (local.get 0)))",
        },
    ]
}

/// A `realloc` that goes on and on, and what sets it back.
const BUMP: &str = "
      (global $next (mut i32) (i32.const 65536))
      (func (export \"realloc\") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
        (local $at i32)
        (if (i32.and (i32.ne (local.get $old) (i32.const 0))
              (i32.or (i32.le_u (local.get $size) (local.get $had))
                (i32.eq (i32.add (local.get $old) (local.get $had)) (global.get $next))))
          (then
            (global.set $next (i32.add (local.get $old) (local.get $size)))
            (return (local.get $old))))
        (local.set $at (i32.and
          (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
        (global.set $next (i32.add (local.get $at) (local.get $size)))
        (local.get $at))";

/// Bytes as a string of the text format.
fn data(at: u32, bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(data (i32.const {at}) \"{text}\")\n")
}

fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The texts and other values of the caller.
fn memory() -> String {
    let ascii = "some text, ASCII".repeat(256);
    // Eleven letters and a space: 23 bytes.
    let mut words = "пословицами ".repeat(178);
    words.push('и');
    let pairs = (0..16u32).flat_map(|at| [BYTES + at * 16, 16]);
    let pairs: Vec<u8> = pairs.flat_map(u32::to_le_bytes).collect();
    let bools: Vec<u8> = (0..=255u8).collect();
    let chars = ascii.chars().take(256).map(u32::from);
    let chars: Vec<u8> = chars.flat_map(u32::to_le_bytes).collect();
    let enums: Vec<u8> = (0..=255u8).map(|at| at % 3).collect();
    let options = (0..256u32).flat_map(|at| [at % 2, at]);
    let options: Vec<u8> = options.flat_map(u32::to_le_bytes).collect();
    let twenty: Vec<u8> = (1..=20u32).flat_map(u32::to_le_bytes).collect();
    [
        (BYTES, ascii.as_bytes()),
        (UNITS, &units(&ascii)),
        (WORDS, words.as_bytes()),
        (WORD_UNITS, &units(&words)),
        (STRINGS, &pairs),
        (BOOLS, &bools),
        (TWENTY, &twenty),
        (CHARS, &chars),
        (ENUMS, &enums),
        (OPTIONS, &options),
    ]
    .into_iter()
    .map(|(at, bytes)| data(at, bytes))
    .collect()
}

/// A caller and a callee. Each export of [`VALUES`] takes a number of calls and gives a sum of what
/// came back.
pub fn values() -> Result<Vec<u8>> {
    let mut rows = strings();
    rows.extend(others());
    let mut parts = <[String; 6]>::default();
    let [lifts, types, imports, callees, lowers, callers] = &mut parts;
    let mut given = String::new();
    for (name, ty) in TYPES {
        *types += &format!("(type ${name}' {ty}) (export ${name} \"{name}\" (type ${name}'))\n");
        *imports +=
            &format!("(type ${name}' {ty}) (export \"{name}\" (type ${name} (eq ${name}')))\n");
    }
    for row in &rows {
        let Row { name, ty, .. } = row;
        let [caller, callee] = row.encodings;
        *callees += &format!(
            "(func (export \"{name}\") {} (global.set $next (i32.const 65536)) {})\n",
            row.lifted, row.body
        );
        *lifts += &format!(
            "(func (export \"{name}\") {ty} (canon lift (core func $m \"{name}\")
               (memory $mem) (realloc (core func $m \"realloc\")) {callee}))\n"
        );
        *imports += &format!("(export \"{name}\" (func {ty}))\n");
        *lowers += &format!(
            "(core func ${name} (canon lower (func $callee \"{name}\") (memory $mem) (realloc $realloc) {caller}))\n"
        );
        given += &format!("(export \"{name}\" (func ${name}))\n");
        *callers += &format!("(import \"\" \"{name}\" (func ${name} {}))\n", row.lowered);
    }
    for Row { name, call, .. } in &rows {
        *callers += &format!(
            "(func (export \"{name}\") (param $n i32) (result i32) (local $x i32)
               (block $end (loop $next
                 (br_if $end (i32.eqz (local.get $n)))
                 {}
                 (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 31))))
                 (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                 (br $next)))
               (local.get $x))\n",
            call.replace("$import", &format!("${name}"))
        );
    }
    let each = |with: &dyn Fn(&str) -> String| -> String {
        VALUES.iter().map(|(name, _)| with(name)).collect()
    };
    let exports = each(&|name| {
        format!(
            "(func (export \"{name}\") (param \"n\" u32) (result u32) (canon lift (core func $m \"{name}\")))\n"
        )
    });
    let outer = each(&|name| format!("(export \"{name}\" (func $caller \"{name}\"))\n"));
    let [lifts, types, imports, callees, lowers, callers] = parts;
    let memory = memory();
    let text = format!(
        "(component
  (component $Callee
    {types}
    (core module $M
      (memory (export \"mem\") 4) {BUMP}
      {callees})
    (core instance $m (instantiate $M))
    (alias core export $m \"mem\" (core memory $mem))
    {lifts})
  (component $Caller
    (import \"callee\" (instance $callee {imports}))
    (core module $Mem
      (memory (export \"mem\") 4) {BUMP}
      (export \"next\" (global $next))
      {memory})
    (core instance $mem' (instantiate $Mem))
    (alias core export $mem' \"mem\" (core memory $mem))
    (alias core export $mem' \"realloc\" (core func $realloc))
    {lowers}
    (core module $M
      (import \"mem\" \"mem\" (memory 4))
      (import \"mem\" \"next\" (global $next (mut i32)))
      {callers})
    (core instance $m (instantiate $M (with \"\" (instance {given})) (with \"mem\" (instance $mem'))))
    {exports})
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with \"callee\" (instance $callee))))
  {outer})"
    );
    wat::parse_str(text).context("the values")
}
