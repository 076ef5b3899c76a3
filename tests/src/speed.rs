//! Components whose speed is measured: calls between two guests, and kernels that compute in the
//! memory of the only guest, of the first of two, and of the second.

mod values;

use anyhow::{Context, Result};

pub use values::{VALUES, values};

/// The calls that are measured, by the names of the exports that make `n` of them.
pub const CALLS: &[(&str, &str)] = &[
    ("number", "(u32)"),
    ("text16", "(string of 16 bytes)"),
    ("text4096", "(string of 4096 bytes)"),
    ("bytes", "(list<u8> of 64 KiB)"),
    ("record", "(record of 8 fields)"),
    ("own", "(own) -> own"),
    ("borrow", "(borrow)"),
];

/// A caller and a callee. Each export of [`CALLS`] takes a number of calls and gives what the
/// last returned.
pub fn calls() -> Result<Vec<u8>> {
    let eight = |text: &str| format!("{text} ").repeat(8);
    let fields: String = (0..8).map(|i| format!("(field \"f{i}\" u32)")).collect();
    let sum = (1..8).fold("(local.get 0)".to_owned(), |sum, i| {
        format!("(i32.add {sum} (local.get {i}))")
    });
    let loops = |name: &str, call: &str| {
        format!(
            "(func (export \"{name}\") (param $n i32) (result i32) (local $x i32)
               (local.set $x (call $make (i32.const 7)))
               (block $end (loop $next
                 (br_if $end (i32.eqz (local.get $n)))
                 {call}
                 (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                 (br $next)))
               (local.get $x))"
        )
    };
    let text = |length: u32| format!("(drop (call $text (i32.const 1024) (i32.const {length})))");
    let bodies = [
        loops("number", "(local.set $x (call $number (local.get $x)))"),
        loops("text16", &text(16)),
        loops("text4096", &text(4096)),
        loops(
            "bytes",
            "(drop (call $bytes (i32.const 1024) (i32.const 65536)))",
        ),
        loops(
            "record",
            &format!("(local.set $x (call $record {}))", eight("(local.get $x)")),
        ),
        loops("own", "(local.set $x (call $own (local.get $x)))"),
        loops("borrow", "(drop (call $borrow (local.get $x)))"),
    ];
    let functions = [
        ("number", "(param \"x\" u32) (result u32)", ""),
        ("text", "(param \"x\" string) (result u32)", "mem"),
        ("bytes", "(param \"x\" (list u8)) (result u32)", "mem"),
        ("record", "(param \"x\" $eight) (result u32)", ""),
        ("make", "(param \"x\" u32) (result (own $r))", ""),
        ("own", "(param \"x\" (own $r)) (result (own $r))", ""),
        ("borrow", "(param \"x\" (borrow $r)) (result u32)", ""),
    ];
    let (mut lifts, mut imports, mut lowers, mut given) = Default::default();
    let add = |to: &mut String, text: String| to.push_str(&text);
    for (name, ty, memory) in functions {
        let (lift, lower) = match memory {
            "" => ("", ""),
            _ => (
                "(memory $mem) (realloc (core func $m \"realloc\"))",
                "(memory $mem)",
            ),
        };
        add(
            &mut lifts,
            format!(
                "(func (export \"{name}\") {ty} (canon lift (core func $m \"{name}\") {lift}))\n"
            ),
        );
        add(&mut imports, format!("(export \"{name}\" (func {ty}))\n"));
        add(
            &mut lowers,
            format!("(core func ${name} (canon lower (func $callee \"{name}\") {lower}))\n"),
        );
        add(&mut given, format!("(export \"{name}\" (func ${name}))\n"));
    }
    let exports: String = CALLS
        .iter()
        .map(|(name, _)| {
            format!(
                "(func (export \"{name}\") (param \"n\" u32) (result u32) (canon lift (core func $m \"{name}\")))\n"
            )
        })
        .collect();
    let outer: String = CALLS
        .iter()
        .map(|(name, _)| format!("(export \"{name}\" (func $caller \"{name}\"))\n"))
        .collect();
    let text = format!(
        "(component
  (component $Callee
    (type $r' (resource (rep i32)))
    (export $r \"r\" (type $r'))
    (type $eight' (record {fields}))
    (export $eight \"eight\" (type $eight'))
    (core func $new (canon resource.new $r'))
    (core func $rep (canon resource.rep $r'))
    (core module $M
      (import \"\" \"new\" (func $new (param i32) (result i32)))
      (memory (export \"mem\") 4)
      (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 131072))
      (func (export \"number\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export \"text\") (param i32 i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export \"bytes\") (param i32 i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export \"record\") (param {}) (result i32) {sum})
      (func (export \"make\") (param i32) (result i32) (call $new (local.get 0)))
      (func (export \"own\") (param i32) (result i32) (local.get 0))
      (func (export \"borrow\") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with \"\" (instance (export \"new\" (func $new))))))
    (alias core export $m \"mem\" (core memory $mem))
    {lifts})
  (component $Caller
    (import \"callee\" (instance $callee
      (export \"r\" (type $r (sub resource)))
      (type $eight' (record {fields}))
      (export \"eight\" (type $eight (eq $eight')))
      {imports}))
    (core module $Mem (memory (export \"mem\") 4) (data (i32.const 1024) \"{}\"))
    (core instance $mem' (instantiate $Mem))
    (alias core export $mem' \"mem\" (core memory $mem))
    {lowers}
    (core module $M
      (import \"\" \"number\" (func $number (param i32) (result i32)))
      (import \"\" \"text\" (func $text (param i32 i32) (result i32)))
      (import \"\" \"bytes\" (func $bytes (param i32 i32) (result i32)))
      (import \"\" \"record\" (func $record (param {}) (result i32)))
      (import \"\" \"make\" (func $make (param i32) (result i32)))
      (import \"\" \"own\" (func $own (param i32) (result i32)))
      (import \"\" \"borrow\" (func $borrow (param i32) (result i32)))
      {})
    (core instance $m (instantiate $M (with \"\" (instance {given}))))
    {exports})
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with \"callee\" (instance $callee))))
  {outer})",
        eight("i32"),
        "some text, ASCII".repeat(256),
        eight("i32"),
        bodies.join("\n      ")
    );
    wat::parse_str(text).context("the calls")
}

/// The kernels: the name of the export, what it is, and an argument for a good measure.
pub const KERNELS: &[(&str, &str, i32)] = &[
    ("matmul", "matrix multiply", 48),
    ("sha256", "SHA-256", 8192),
    ("sort", "sort", 4000),
];

/// Where the memory of the kernels is among those of the guests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// There is no other.
    Alone,
    /// At address 0, with another above.
    First,
    /// Above another, which never grows.
    Second,
    /// Above another, which can grow.
    Sliding,
}

/// The kernels as a component.
pub fn kernels(place: Place) -> Result<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../corpus/prebuilt/kernels-c.wasm"
    );
    let module = wasmprinter::print_file(path)?;
    let fields = module.trim().strip_prefix("(module").context("a module")?;
    let fields = fields.trim_start_matches(|c: char| {
        c == ' ' || c == '$' || c.is_alphanumeric() || c == '.' || c == '-'
    });
    let lifts: String = KERNELS
        .iter()
        .map(|(name, ..)| {
            format!(
                "(func (export \"{name}\") (param \"n\" s32) (result s32) (canon lift (core func $k \"{name}\")))\n"
            )
        })
        .collect();
    let exports: String = KERNELS
        .iter()
        .map(|(name, ..)| format!("(export \"{name}\" (func $kernels \"{name}\"))\n"))
        .collect();
    let grow = match place {
        Place::Sliding => "(drop (memory.grow (local.get 0)))",
        _ => "",
    };
    let kernels = "(instance $kernels (instantiate $Kernels))";
    let other = "(instance $other (instantiate $Other)) (export \"touch\" (func $other \"touch\"))";
    let instances = match place {
        Place::Alone => kernels.to_owned(),
        Place::First => format!("{kernels} {other}"),
        Place::Second | Place::Sliding => format!("{other} {kernels}"),
    };
    wat::parse_str(format!(
        "(component
  (component $Kernels (core module $K {fields} (core instance $k (instantiate $K)) {lifts})
  (component $Other
    (core module $M (memory 1)
      (func (export \"touch\") (param i32) (result i32) {grow}
        (i32.store (i32.const 8) (local.get 0)) (i32.load (i32.const 8))))
    (core instance $m (instantiate $M))
    (func (export \"touch\") (param \"x\" s32) (result s32) (canon lift (core func $m \"touch\"))))
  {instances}
  {exports})"
    ))
    .context("the kernels")
}

/// The fuel that a call of an export of a flat module takes on wasmi, and what it returns.
pub fn fuel(flat: &[u8], export: &str, argument: i32) -> Result<(u64, i32)> {
    let mut config = wasmi::Config::default();
    config.consume_fuel(true);
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, flat)?;
    let mut store = wasmi::Store::new(&engine, ());
    const ALL: u64 = 1 << 40;
    store.set_fuel(ALL)?;
    let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
    let function = instance.get_typed_func::<i32, i32>(&store, export)?;
    // Whatever is done once is done now.
    function.call(&mut store, 0)?;
    store.set_fuel(ALL)?;
    let result = function.call(&mut store, argument)?;
    Ok((ALL - store.get_fuel()?, result))
}
