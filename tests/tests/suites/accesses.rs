//! Loads and stores of a guest among others do what they do alone, and trap where they trap alone:
//! random functions that use few addresses in many ways, often close to the end of the memory.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, ensure};
use p1bridge::profiles::named;
use p1bridge_linker::{Growth, Isolation, Options, flatten};
use p1bridge_tests::random::numbers::Random;
use wasmi::{Engine, Instance, Linker, Module, Store};

/// The programs that are tried, and the calls of each.
const PROGRAMS: u64 = 400;
const CALLS: usize = 24;

const LOADS: &[(&str, &str)] = &[
    ("i32.load8_s", ""),
    ("i32.load8_u", ""),
    ("i32.load16_s", ""),
    ("i32.load16_u", ""),
    ("i32.load", ""),
    ("i64.load8_u", "i32.wrap_i64"),
    ("i64.load16_s", "i32.wrap_i64"),
    ("i64.load32_u", "i32.wrap_i64"),
    ("i64.load", "i64.const 7 i64.rotl i32.wrap_i64"),
    ("f32.load", "i32.reinterpret_f32"),
    ("f64.load", "i64.reinterpret_f64 i32.wrap_i64"),
    ("v128.load", "i32x4.extract_lane 2"),
    ("v128.load32_zero", "i32x4.extract_lane 0"),
];

const STORES: &[(&str, &str)] = &[
    ("i32.store8", ""),
    ("i32.store16", ""),
    ("i32.store", ""),
    ("i64.store8", "i64.extend_i32_s"),
    ("i64.store16", "i64.extend_i32_s"),
    ("i64.store32", "i64.extend_i32_s"),
    ("i64.store", "i64.extend_i32_s"),
    ("f32.store", "f32.reinterpret_i32"),
    ("f64.store", "i64.extend_i32_u f64.reinterpret_i64"),
    ("v128.store", "i32x4.splat"),
];

/// The text of random functions; all of their values are `i32`.
struct Text {
    random: Random,
    code: String,
    /// How many blocks deep the code is.
    depth: usize,
}

impl Text {
    fn local(&mut self) -> usize {
        self.random.below(5)
    }

    /// What is added to an address.
    fn distance(&mut self) -> i32 {
        match self.random.below(40) {
            0 => self.random.bits() as i32,
            1..=3 => self.random.pick(&[-64, 64, 65532, 65536, 70000]),
            _ => self.random.pick(&[-8, -4, 0, 1, 4, 8, 12, 16]),
        }
    }

    fn offset(&mut self) -> u32 {
        match self.random.below(60) {
            0 => self.random.bits() as u32,
            1..=3 => self.random.pick(&[1000, 65528, 131_072]),
            _ => self.random.pick(&[0, 0, 4, 8, 20]),
        }
    }

    /// Pushes an address.
    fn address(&mut self, budget: usize) {
        match self.random.below(10) {
            0..=3 => {
                let local = self.local();
                let _ = write!(self.code, "local.get {local} ");
            }
            4..=6 => {
                let (local, distance) = (self.local(), self.distance());
                let op = self.random.pick(&["add", "add", "add", "sub"]);
                let _ = write!(
                    self.code,
                    "local.get {local} i32.const {distance} i32.{op} "
                );
            }
            7 => {
                self.value(budget);
                let local = self.local();
                let _ = write!(self.code, "local.tee {local} ");
                if self.random.percent(50) {
                    let distance = self.distance();
                    let _ = write!(self.code, "i32.const {distance} i32.add ");
                }
            }
            8 => {
                let address = self
                    .random
                    .pick(&[0, 16, 65532, 65536, 131_068, 200_000, -8]);
                let _ = write!(self.code, "i32.const {address} ");
            }
            _ => self.value(budget),
        }
    }

    /// Pushes a value.
    fn value(&mut self, budget: usize) {
        if budget == 0 {
            let local = self.local();
            let _ = write!(self.code, "local.get {local} ");
            return;
        }
        match self.random.below(14) {
            0..=4 => {
                self.address(budget - 1);
                let (op, to_i32) = self.random.pick(LOADS);
                let offset = self.offset();
                let _ = write!(self.code, "{op} offset={offset} {to_i32} ");
            }
            5..=6 => {
                let local = self.local();
                let _ = write!(self.code, "local.get {local} ");
            }
            7 => {
                let distance = self.distance();
                let _ = write!(self.code, "i32.const {distance} ");
            }
            8 => {
                self.value(budget - 1);
                // Often an address that is inside.
                self.code += "i32.const 0x1fff8 i32.and ";
            }
            9 => {
                self.value(budget - 1);
                self.value(budget - 1);
                let op = self.random.pick(&["add", "sub", "xor", "lt_u"]);
                let _ = write!(self.code, "i32.{op} ");
            }
            10 => {
                self.value(budget - 1);
                self.value(budget - 1);
                self.value(budget - 1);
                self.code += "select ";
            }
            11 => {
                self.value(budget - 1);
                self.code += "if (result i32) ";
                self.value(budget - 1);
                self.code += "else ";
                self.value(budget - 1);
                self.code += "end ";
            }
            12 => {
                self.value(budget - 1);
                self.code += "call $helper ";
            }
            _ => {
                self.value(budget - 1);
                let local = self.local();
                let _ = write!(self.code, "local.tee {local} ");
            }
        }
    }

    /// A loop with a counter of its own, which may be bounded by a constant, with accesses at it; its body may set
    /// it, too, or leave the loop.
    fn counted(&mut self) {
        self.depth += 1;
        // Locals that nothing else sets; the second limits the turns.
        let (counter, turns) = (5 + 2 * self.depth, 6 + 2 * self.depth);
        let step = self.random.pick(&[1, 2, 4, 4, 8, -1, -4]);
        let count = 1 + self.random.below(6) as i32;
        let first = match (step < 0, self.random.below(4)) {
            (true, 0..3) => -step * count,
            (_, 0) => self.random.pick(&[131_052, 131_068, -4, 65_536]),
            _ => self.random.pick(&[0, 0, 16, 65_520]),
        };
        let end = match step < 0 {
            true => 0,
            false => first.wrapping_add(step * count),
        };
        if first != 0 || self.random.percent(70) {
            let _ = write!(self.code, "i32.const {first} local.set {counter} ");
        }
        let _ = write!(self.code, "i32.const 7 local.set {turns} block loop ");
        // What is branched to is two blocks deeper.
        for _ in 0..1 + self.random.below(2) {
            let _ = write!(self.code, "local.get {counter} ");
            match self.random.below(4) {
                0 => {
                    let local = self.local();
                    let _ = write!(self.code, "local.get {local} i32.add ");
                }
                1 => {
                    let distance = self.distance();
                    let _ = write!(self.code, "i32.const {distance} i32.add ");
                }
                _ => {}
            }
            if self.random.percent(30) {
                let local = self.local();
                let _ = write!(self.code, "local.tee {local} ");
            }
            let offset = self.offset();
            if self.random.percent(50) {
                self.value(1);
                let (op, from_i32) = self.random.pick(STORES);
                let _ = write!(self.code, "{from_i32} {op} offset={offset} ");
            } else {
                let (op, to_i32) = self.random.pick(LOADS);
                let local = self.local();
                let _ = write!(
                    self.code,
                    "{op} offset={offset} {to_i32} local.set {local} "
                );
            }
        }
        self.statement();
        if self.random.percent(20) {
            self.value(1);
            self.code += "br_if 1 ";
        }
        if self.random.percent(10) {
            self.value(1);
            let _ = write!(self.code, "local.set {counter} ");
        }
        // However it counts, it ends.
        let _ = write!(
            self.code,
            "local.get {turns} i32.eqz br_if 1 local.get {turns} i32.const 1 i32.sub local.set {turns} "
        );
        if self.random.percent(10) {
            self.value(1);
            self.code += "br_if 0 ";
        }
        let _ = write!(
            self.code,
            "local.get {counter} i32.const {step} i32.add local.tee {counter} "
        );
        let again = match (end, self.random.below(6)) {
            (0, 0..=2) => String::new(),
            (_, 0) => format!("i32.const {} i32.ne ", end.wrapping_add(1)),
            (_, 1) => format!("i32.const {end} i32.lt_u "),
            (_, 2) => format!("i32.const {end} i32.lt_s "),
            _ => format!("i32.const {end} i32.ne "),
        };
        let _ = write!(self.code, "{again}br_if 0 end end ");
        self.depth -= 1;
    }

    /// An access of which one way past it knows, and another does not.
    fn guarded(&mut self) {
        self.depth += 1;
        let (local, other) = (self.local(), self.local());
        self.code += "block ";
        self.value(1);
        self.code += "if ";
        let _ = write!(
            self.code,
            "local.get {local} i32.load offset=4 local.set {other} "
        );
        if self.random.percent(50) {
            self.statement();
        }
        let how = self.random.pick(&["br 1", "", "else br 1", "else", "br 0"]);
        let _ = write!(self.code, "{how} end ");
        if self.random.percent(50) {
            self.statement();
        }
        self.code += "end ";
        let _ = write!(
            self.code,
            "global.get $sum local.get {local} i32.load8_u offset=3 i32.xor global.set $sum "
        );
        self.depth -= 1;
    }

    fn statement(&mut self) {
        match self.random.below(17) {
            0..=4 => {
                self.address(2);
                self.value(2);
                let (op, from_i32) = self.random.pick(STORES);
                let offset = self.offset();
                let _ = write!(self.code, "{from_i32} {op} offset={offset} ");
            }
            5..=6 => {
                self.value(2);
                let local = self.local();
                let _ = write!(self.code, "local.set {local} ");
            }
            7 => {
                self.code += "global.get $sum i32.const 31 i32.mul ";
                self.value(3);
                self.code += "i32.add global.set $sum ";
            }
            8 if self.depth < 3 => {
                self.depth += 1;
                self.code += "block ";
                self.statement();
                self.value(1);
                self.code += "br_if 0 ";
                self.statement();
                self.code += "end ";
                self.depth -= 1;
            }
            9 if self.depth < 3 => {
                self.depth += 1;
                self.value(1);
                self.code += "if ";
                self.statement();
                self.statement();
                self.code += "else ";
                self.statement();
                self.code += "end ";
                self.depth -= 1;
            }
            10 => self.code += "i32.const 1 memory.grow drop ",
            11 if self.depth < 3 => self.counted(),
            12 if self.depth < 3 => self.guarded(),
            13 if self.depth < 3 => {
                // One of several ways, or past all of them.
                self.depth += 1;
                self.code += "block block block ";
                self.value(1);
                let outer = self.random.pick(&["2", "1", "0"]);
                let _ = write!(self.code, "br_table 0 1 {outer} end ");
                self.statement();
                let past = self.random.below(2);
                let _ = write!(self.code, "br {past} end ");
                self.statement();
                self.code += "end ";
                self.depth -= 1;
            }
            14 => {
                // Twice the same bytes, or some around them, with something in between.
                let local = self.local();
                for _ in 0..2 {
                    let distance = self.random.pick(&[0, 0, 4, -4, 8]);
                    let offset = self.random.pick(&[0, 0, 2, 4, 8]);
                    let _ = write!(self.code, "local.get {local} i32.const {distance} i32.add ");
                    self.value(1);
                    let (op, from_i32) = self.random.pick(STORES);
                    let _ = write!(self.code, "{from_i32} {op} offset={offset} ");
                    self.statement();
                }
            }
            _ => {
                self.value(1);
                self.code += "drop ";
            }
        }
    }
}

/// A core module with the function `f`, whose result depends on all that it loads.
fn program(seed: u64) -> String {
    let mut text = Text {
        random: Random::new(seed),
        code: String::new(),
        depth: 0,
    };
    for _ in 0..2 + text.random.below(10) {
        text.statement();
    }
    let grows = text.random.percent(30);
    let code = match grows {
        true => text.code,
        // A guest that never grows lies elsewhere.
        false => text.code.replace("i32.const 1 memory.grow drop ", ""),
    };
    format!(
        "(memory 2 4)
        (data (i32.const 0) \"\\00\\01\\00\\00\\fc\\ff\\00\\00\\f0\\ff\\01\\00abcdefghijklmnopqrstuvw\")
        (data (i32.const 65528) \"12345678\\08\\00\\00\\00\") (data (i32.const 131060) \"the very end\")
        (global $sum (mut i32) (i32.const 0))
        (func $helper (param i32) (result i32)
          (i32.store (i32.and (local.get 0) (i32.const 0xfff8)) (i32.add (local.get 0) (i32.const 1)))
          (global.set $sum (i32.xor (global.get $sum) (local.get 0)))
          {}
          (i32.load (i32.and (local.get 0) (i32.const 0x1fffc))))
        (func (export \"f\") (param i32 i32) (result i32) (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
          (local.set 2 (i32.const 65528)) (local.set 3 (i32.const 131056))
          {code} global.get $sum)
        (func (export \"all\") (param i32) (result i32) (local i32)
          (loop $l
            (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 31)) (i32.load (local.get 0))))
            (local.set 0 (i32.add (local.get 0) (i32.const 4)))
            (br_if $l (i32.lt_u (local.get 0) (i32.shl (memory.size) (i32.const 16)))))
          (local.get 1))",
        match grows {
            true => "(drop (memory.grow (i32.eq (local.get 0) (i32.const 12))))",
            false => "",
        }
    )
}

/// The program beside another guest; `below` is whether the other has the lower addresses.
fn component(program: &str, below: bool, other_grows: bool) -> Result<Vec<u8>> {
    let grow = match other_grows {
        true => "(drop (memory.grow (i32.const 1)))",
        false => "",
    };
    let other = format!(
        "(core module $Other (memory 1 8)
          (func (export \"touch\") {grow}
            (i32.store (i32.const 65532) (i32.add (i32.load (i32.const 65532)) (i32.const 1)))))
        (core instance $other (instantiate $Other))"
    );
    let guest =
        format!("(core module $Program {program}) (core instance $program (instantiate $Program))");
    let (first, second) = if below {
        (other, guest)
    } else {
        (guest, other)
    };
    wat::parse_str(format!(
        "(component {first} {second}
          (func (export \"f\") (param \"a\" u32) (param \"b\" u32) (result u32)
            (canon lift (core func $program \"f\")))
          (func (export \"all\") (param \"a\" u32) (result u32)
            (canon lift (core func $program \"all\")))
          (func (export \"touch\") (canon lift (core func $other \"touch\"))))"
    ))
    .context("the component")
}

/// An instance, which is made anew after a trap.
struct Running<'e> {
    engine: &'e Engine,
    module: Module,
    store: Store<()>,
    instance: Instance,
}

impl<'e> Running<'e> {
    fn new(engine: &'e Engine, wasm: &[u8]) -> Result<Running<'e>> {
        let module = Module::new(engine, wasm)?;
        let mut store = Store::new(engine, ());
        let instance = Linker::new(engine).instantiate_and_start(&mut store, &module)?;
        Ok(Running {
            engine,
            module,
            store,
            instance,
        })
    }

    fn f(&mut self, a: i32, b: i32) -> Result<Option<(i32, i32)>> {
        let f = self
            .instance
            .get_typed_func::<(i32, i32), i32>(&self.store, "f")?;
        let all = self
            .instance
            .get_typed_func::<i32, i32>(&self.store, "all")?;
        if let Ok(result) = f.call(&mut self.store, (a, b)) {
            return Ok(Some((result, all.call(&mut self.store, 0)?)));
        }
        self.store = Store::new(self.engine, ());
        self.instance =
            Linker::new(self.engine).instantiate_and_start(&mut self.store, &self.module)?;
        Ok(None)
    }

    fn touch(&mut self) -> Result<()> {
        let touch = self
            .instance
            .get_typed_func::<(), ()>(&self.store, "touch")?;
        Ok(touch.call(&mut self.store, ())?)
    }
}

/// The number of calls that returned, and of those that trapped.
fn check(engine: &Engine, seed: u64) -> Result<[usize; 2]> {
    let program = program(seed);
    let alone = wat::parse_str(format!("(module {program})"))?;
    let mut random = Random::new(!seed);
    let args: Vec<(i32, i32)> = (0..CALLS)
        .map(|_| {
            let mut arg = || match random.below(8) {
                0 => random.bits() as i32,
                1..=3 => random.below(65536) as i32 & !3,
                4..=5 => 65536 * (1 + random.below(4) as i32) - random.below(80) as i32,
                _ => random.below(40) as i32 - 20,
            };
            (arg(), arg())
        })
        .collect();
    let mut ended = [0; 2];
    for (below, other_grows) in [(false, false), (true, false), (true, true)] {
        let component = component(&program, below, other_grows)?;
        for isolation in [Isolation::Checked, Isolation::Trusted] {
            for growth in [Growth::Free, Growth::Within(64)] {
                let options = Options {
                    isolation,
                    growth,
                    profile: named("as-is")?,
                    verify: true,
                    ..Options::default()
                };
                let flat = flatten(&component, &[], &options)?.wasm;
                let mut right = Running::new(engine, &alone)?;
                let mut found = Running::new(engine, &flat)?;
                for (a, b) in &args {
                    let expected = right.f(*a, *b)?;
                    ended[usize::from(expected.is_none())] += 1;
                    if isolation == Isolation::Trusted && expected.is_none() {
                        // Nobody says what a trusted guest does then.
                        found = Running::new(engine, &flat)?;
                        continue;
                    }
                    found.touch()?;
                    let what = found.f(*a, *b)?;
                    ensure!(
                        what == expected,
                        "f({a}, {b}) gives {what:?} instead of {expected:?} with {isolation:?}, \
                         {growth:?}, below {below}, other grows {other_grows}"
                    );
                }
            }
        }
    }
    Ok(ended)
}

#[test]
fn accesses_among_several_guests_do_what_they_do_alone() {
    let engine = Engine::default();
    let (mut ended, mut skipped) = ([0; 2], 0);
    for seed in 0..PROGRAMS {
        // wasmi 2.0.0 panics on a store of a value at itself with a large offset.
        let Ok(checked) = catch_unwind(AssertUnwindSafe(|| check(&engine, seed))) else {
            skipped += 1;
            continue;
        };
        let [returned, trapped] = checked.unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
        ended[0] += returned;
        ended[1] += trapped;
    }
    println!(
        "{} calls returned, {} trapped; {skipped} programs skipped",
        ended[0], ended[1]
    );
    assert!(ended.iter().all(|count| *count > 10_000), "{ended:?}");
    assert!(skipped < PROGRAMS / 100, "{skipped} programs skipped");
}
