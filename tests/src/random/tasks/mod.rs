//! Random programs with tasks: a caller, and one component with async functions in two instances.
//!
//! A component has several programs, which are functions of the caller: to compile it takes longer than all of them. A caller does one thing after the other, each under a number of its own, and leaves some calls and copies pending while it goes on. The two
//! components log under these numbers. Which task goes on first is free, so only the entries of one number have an order
//! ([`by_number`]); what depends on the order of tasks is not logged.

mod callee;
mod caller;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::guest::put;
use super::numbers::Random;

/// Generated programs of one component.
pub struct Programs {
    /// The text of a component that imports `log` and exports functions which are async, of names that [`name`] gives.
    pub text: String,
    /// Of each program, whether the last thing that the caller does is wrong.
    pub faulty: Vec<bool>,
}

/// The name of a program.
pub fn name(run: usize) -> String {
    format!("run{run}")
}

/// Numbers from here on are of the callee.
const OF_CALLEE: u32 = 1000;

/// Whether what is logged under a number is the callee's.
pub fn is_of_callee(number: u64) -> bool {
    number >= u64::from(OF_CALLEE)
}

/// What was logged, under each number. `caller_only` leaves out the callee, which may have come to any point when the caller trapped.
pub fn by_number(log: &[u64], caller_only: bool) -> BTreeMap<u64, Vec<u64>> {
    let mut found: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for entry in log {
        let (number, value) = (entry >> 48, entry & 0xffff_ffff_ffff);
        if !caller_only || number < u64::from(OF_CALLEE) {
            found.entry(number).or_default().push(value);
        }
    }
    found
}

/// What a stream or future carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Nothing,
    U8,
    U16,
    U32,
    U64,
    Pair,
    Text,
}

const ELEMENTS: [Element; 7] = [
    Element::Nothing,
    Element::U8,
    Element::U16,
    Element::U32,
    Element::U64,
    Element::Pair,
    Element::Text,
];

impl Element {
    fn text(self) -> &'static str {
        match self {
            Element::Nothing => "",
            Element::U8 => " u8",
            Element::U16 => " u16",
            Element::U32 => " u32",
            Element::U64 => " u64",
            Element::Pair => " (tuple u8 u32)",
            Element::Text => " string",
        }
    }

    fn size(self) -> u32 {
        match self {
            Element::Nothing => 0,
            Element::U8 => 1,
            Element::U16 => 2,
            Element::U32 => 4,
            Element::U64 | Element::Pair | Element::Text => 8,
        }
    }

    /// A number for the element at `$at`.
    fn hash(self) -> &'static str {
        match self {
            Element::Nothing => "(i64.const 1)",
            Element::U8 => "(i64.load8_u (local.get $at))",
            Element::U16 => "(i64.load16_u (local.get $at))",
            Element::U32 => "(i64.load32_u (local.get $at))",
            Element::U64 => "(i64.load (local.get $at))",
            Element::Pair => {
                "(i64.add (i64.load8_u (local.get $at)) (i64.mul (i64.const 7) (i64.load32_u offset=4 (local.get $at))))"
            }
            Element::Text => {
                "(call $hash_text (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))"
            }
        }
    }
}

/// How a function of the callee is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lift {
    Sync,
    Callback,
}

/// A function of the callee.
#[derive(Clone, Debug)]
enum Function {
    /// `(k, a) -> u32`: yields so often, before it returns or after.
    Add {
        lift: Lift,
        yields: u32,
        early: bool,
        heeds_cancel: bool,
    },
    /// `(k, n) -> stream`: returns at once, then writes `n` elements.
    Source { of: usize, chunk: u32, zero: bool },
    /// `(k, n, stream) -> u64`: reads at most `n` elements.
    Sink {
        of: usize,
        chunk: u32,
        zero: bool,
        lift: Lift,
    },
    /// `(k, a) -> future`: returns at once, then yields, then writes.
    Promise { of: usize, yields: u32 },
    /// `(k, future) -> u64`
    Await { of: usize },
    /// `(k)`: lets nobody in while it yields.
    Busy { yields: u32 },
}

/// The type of a function, without its name; `types` are the streams and futures of the component.
fn function_type(function: &Function) -> String {
    let text = |params: &str, result: &str| format!("async (param \"k\" u32){params}{result}");
    match function {
        Function::Add { .. } => text(" (param \"a\" u32)", " (result u32)"),
        Function::Source { of, .. } => text(" (param \"n\" u32)", &format!(" (result $st{of})")),
        Function::Sink { of, .. } => text(
            &format!(" (param \"n\" u32) (param \"s\" $st{of})"),
            " (result u64)",
        ),
        Function::Promise { of, .. } => text(" (param \"a\" u32)", &format!(" (result $ft{of})")),
        Function::Await { of } => text(&format!(" (param \"s\" $ft{of})"), " (result u64)"),
        Function::Busy { .. } => text("", ""),
    }
}

/// A component in the making: its types, canonical functions and module.
struct Side {
    types: String,
    canons: String,
    imports: String,
    arguments: String,
    module: String,
}

impl Side {
    fn new(elements: &[Element]) -> Side {
        let mut side = Side {
            types: String::new(),
            canons: String::new(),
            imports: String::new(),
            arguments: String::new(),
            module: String::new(),
        };
        for (i, element) in elements.iter().enumerate() {
            put!(side.types, "    (type $st{i} (stream{}))", element.text());
            put!(side.types, "    (type $ft{i} (future{}))", element.text());
        }
        side.core("log", "(param i64)", "(canon lower (func $log))");
        side.core("set_new", "(result i32)", "(canon waitable-set.new)");
        let wait = "(canon waitable-set.wait (memory $mem))";
        side.core("set_wait", "(param i32 i32) (result i32)", wait);
        side.core("set_drop", "(param i32)", "(canon waitable-set.drop)");
        side.core("join", "(param i32 i32)", "(canon waitable.join)");
        side.core("subtask_drop", "(param i32)", "(canon subtask.drop)");
        side.core("yield", "(result i32)", "(canon thread.yield)");
        let options = "(memory $mem) (realloc $realloc)";
        for i in 0..elements.len() {
            for (short, kind, n) in [("st", "stream", " i32"), ("ft", "future", "")] {
                let name = |what: &str| format!("{short}{i}_{what}");
                let canon =
                    |what: &str, rest: &str| format!("(canon {kind}.{what} ${short}{i}{rest})");
                side.core(&name("new"), "(result i64)", &canon("new", ""));
                let copy = format!("(param i32 i32{n}) (result i32)");
                let rest = format!(" async {options}");
                side.core(&name("read"), &copy, &canon("read", &rest));
                side.core(&name("write"), &copy, &canon("write", &rest));
                for what in ["cancel-read", "cancel-write"] {
                    side.core(&name(what), "(param i32) (result i32)", &canon(what, ""));
                }
                for what in ["drop-readable", "drop-writable"] {
                    side.core(&name(what), "(param i32)", &canon(what, ""));
                }
            }
        }
        side.module += HELPERS;
        for (i, element) in elements.iter().enumerate() {
            put!(
                side.module,
                "      (func $hash{i} (param $at i32) (param $n i32) (param $h i64) (result i64)
        (loop $next (if (local.get $n) (then
          (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) {}))
          (local.set $at (i32.add (local.get $at) (i32.const {})))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $next))))
        (local.get $h))",
                element.hash(),
                element.size()
            );
            // Elements that are written: any bytes, or words about them.
            let fill = match element {
                Element::Text => {
                    "(loop $next (i32.store (local.get $at) (i32.add (i32.const 1024) (i32.and (i32.sub (local.get $end) (local.get $at)) (i32.const 63))))
          (i32.store offset=4 (local.get $at) (i32.and (i32.shr_u (i32.sub (local.get $end) (local.get $at)) (i32.const 3)) (i32.const 15)))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end))))"
                }
                _ => {
                    "(loop $next (i32.store8 (local.get $at) (i32.mul (i32.sub (local.get $end) (local.get $at)) (i32.const 37)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end))))"
                }
            };
            put!(
                side.module,
                "      (func $fill{i} (result i32) (local $at i32) (local $end i32)
        (local.set $at (call $alloc (i32.const 1024)))
        (local.set $end (i32.add (local.get $at) (i32.const 1024)))
        {fill}
        (i32.sub (local.get $end) (i32.const 1024)))"
            );
        }
        side
    }

    /// A core function that the module imports.
    fn core(&mut self, name: &str, ty: &str, canon: &str) {
        put!(self.canons, "    (core func ${name} {canon})");
        put!(
            self.imports,
            "      (import \"\" \"{name}\" (func ${name} {ty}))"
        );
        put!(self.arguments, "      (export \"{name}\" (func ${name}))");
    }

    fn finish(&self, name: &str, head: &str, tail: &str) -> String {
        format!(
            "  (component ${name}
    (import \"log\" (func $log (param \"x\" u64)))
{}{head}    (core module $Memory
      (memory (export \"mem\") 4)
      (global $free (mut i32) (i32.const 8192))
      (func (export \"realloc\") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
        (global.set $free (i32.add (local.get $at) (local.get 3)))
        (if (i32.gt_u (global.get $free) (i32.const 262144)) (then unreachable))
        (local.get $at))
      (data (i32.const 1024) \"{}\"))
    (core instance $memory (instantiate $Memory))
    (alias core export $memory \"mem\" (core memory $mem))
    (alias core export $memory \"realloc\" (core func $realloc))
{}    (core module $Main
      (import \"\" \"mem\" (memory 4))
      (import \"\" \"realloc\" (func $realloc (param i32 i32 i32 i32) (result i32)))
{}{}    )
    (core instance $main (instantiate $Main (with \"\" (instance
      (export \"mem\" (memory $mem))
      (export \"realloc\" (func $realloc))
{}    ))))
{tail}  )\n",
            self.types,
            "the quick brown fox jumps over the lazy dog ".repeat(4),
            self.canons,
            self.imports,
            self.module,
            self.arguments
        )
    }
}

/// What both modules have: `log` under a number, room, and functions that wait.
const HELPERS: &str = "      (func $say (param $k i32) (param $x i64)
        (call $log (i64.or (i64.shl (i64.extend_i32_u (local.get $k)) (i64.const 48))
          (i64.and (local.get $x) (i64.const 0xffffffffffff)))))
      (func $alloc (param $n i32) (result i32)
        (call $realloc (i32.const 0) (i32.const 0) (i32.const 16) (local.get $n)))
      (func $hash_text (param $at i32) (param $n i32) (result i64) (local $h i64)
        (loop $next (if (local.get $n) (then
          (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 33)) (i64.load8_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $next))))
        (local.get $h))
      ;; Waits until the call is over, and gives the state that it ended in.
      (func $settle (param $status i32) (result i32) (local $h i32) (local $state i32) (local $set i32)
        (local.set $h (i32.shr_u (local.get $status) (i32.const 4)))
        (local.set $state (i32.and (local.get $status) (i32.const 15)))
        (if (i32.eqz (local.get $h)) (then (return (local.get $state))))
        (local.set $set (call $set_new))
        (call $join (local.get $h) (local.get $set))
        (loop $again (if (i32.lt_u (local.get $state) (i32.const 2)) (then
          (drop (call $set_wait (local.get $set) (i32.const 16)))
          (local.set $state (i32.load (i32.const 20)))
          (br $again))))
        (call $join (local.get $h) (i32.const 0))
        (call $set_drop (local.get $set))
        (call $subtask_drop (local.get $h))
        (local.get $state))
      ;; What a copy came to, after waiting for it if it is pending.
      (func $copied (param $end i32) (param $ret i32) (result i32) (local $set i32)
        (if (i32.ne (local.get $ret) (i32.const -1)) (then (return (local.get $ret))))
        (local.set $set (call $set_new))
        (call $join (local.get $end) (local.get $set))
        (drop (call $set_wait (local.get $set) (i32.const 16)))
        (local.set $ret (i32.load (i32.const 20)))
        (call $join (local.get $end) (i32.const 0))
        (call $set_drop (local.get $set))
        (local.get $ret))
";

/// So many programs, of a seed.
pub fn programs(seed: u64, count: usize) -> Programs {
    let mut random = Random::new(seed);
    let elements: Vec<Element> = (0..1 + random.below(3))
        .map(|_| random.pick(&ELEMENTS))
        .collect();
    let mut functions = Vec::new();
    for _ in 0..1 + random.below(3) {
        functions.push(Function::Add {
            lift: lift(&mut random),
            yields: random.below(4) as u32,
            early: random.percent(30),
            heeds_cancel: random.percent(50),
        });
    }
    for of in 0..elements.len() {
        let chunk = 1 + random.below(12) as u32;
        functions.push(Function::Source {
            of,
            chunk,
            zero: random.percent(20),
        });
        for _ in 0..1 + random.below(2) {
            functions.push(Function::Sink {
                of,
                chunk: 1 + random.below(12) as u32,
                zero: random.percent(20),
                lift: lift(&mut random),
            });
        }
        let yields = random.below(3) as u32;
        functions.push(Function::Promise { of, yields });
        functions.push(Function::Await { of });
    }
    let yields = random.below(4) as u32;
    functions.push(Function::Busy { yields });
    let callee = callee::text(&elements, &functions);
    let (caller, faulty) = caller::text(&mut random, &elements, &functions, count);
    let exports: String = (0..count)
        .map(|run| format!("  (export \"{0}\" (func $caller \"{0}\"))\n", name(run)))
        .collect();
    let text = format!(
        "(component
  (import \"log\" (func $log (param \"x\" u64)))
{callee}{caller}  (instance $a (instantiate $Callee (with \"log\" (func $log))))
  (instance $b (instantiate $Callee (with \"log\" (func $log))))
  (instance $caller (instantiate $Caller (with \"log\" (func $log))
    (with \"a\" (instance $a)) (with \"b\" (instance $b))))
{exports})
"
    );
    Programs { text, faulty }
}

fn lift(random: &mut Random) -> Lift {
    match random.percent(35) {
        true => Lift::Sync,
        false => Lift::Callback,
    }
}
