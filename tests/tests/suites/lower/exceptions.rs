//! Exceptions that are lowered: scripts, random modules of `wasm-smith`, and random programs that are
//! written in both proposals. wasmtime runs the newer form as it is, wasmi runs what becomes of both.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_tests::random::numbers::Random;
use p1bridge_tests::wast::core::{Figures, run as run_script};

use super::engines::{limited, run, run_on_wasmtime};
use super::random::{modules, on_a_large_stack};

#[test]
fn scripts_end_as_they_say() {
    for profile in ["mvp", "portable", "wamr-2020", "wasmi"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("lower/exceptions.wast");
        let mut figures = Figures::default();
        run_script(&path, &named(profile).unwrap(), &mut figures).unwrap();
        assert!(figures.differ.is_empty(), "{:#?}", figures.differ);
        assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
        assert_eq!(figures.skipped, 0);
        assert!(figures.agree > 0);
    }
}

#[test]
fn what_of_exceptions_the_host_would_have_to_know_is_refused_by_name() {
    let cases = [
        (
            r#"(import "m" "t" (tag))"#,
            "the import m.t is a tag, which the host would have to know",
        ),
        (
            r#"(tag) (func (export "f") (param exnref))"#,
            "the export f has references to exceptions in its type",
        ),
        (
            r#"(import "m" "f" (func (result exnref))) (tag)"#,
            "the import m.f has references to exceptions in its type",
        ),
        (
            r#"(tag) (global (export "g") exnref (ref.null exn))"#,
            "the export g is a reference to an exception",
        ),
        (
            "(tag) (table 1 exnref)",
            "a table has references to exceptions",
        ),
        (
            "(tag (param exnref))",
            "only funcref and externref can be thrown",
        ),
    ];
    for (fields, words) in cases {
        let module = wat::parse_str(format!("(module {fields})")).unwrap();
        let error = lower(&module, &named("mvp").unwrap()).unwrap_err();
        assert!(format!("{error:#}").contains(words), "{error:#}");
    }
}

#[test]
fn an_exported_tag_is_left_out_and_that_is_said() {
    let module = wat::parse_str(r#"(module (tag (export "t")) (func (export "f")))"#).unwrap();
    let lowered = lower(&module, &named("mvp").unwrap()).unwrap();
    let said = lowered.done.join("\n") + &lowered.warnings.join("\n");
    assert!(
        said.contains("the export t is left out: it is a tag"),
        "{said}"
    );
}

#[test]
fn a_function_that_cannot_throw_stays_as_it_is() {
    let code = |wasm: &[u8], with: bool| {
        let wasm = match with {
            true => lower(wasm, &named("mvp").unwrap()).unwrap().wasm,
            false => wasm.to_vec(),
        };
        let bodies = wasmparser::Parser::new(0).parse_all(&wasm).flatten();
        let bodies = bodies.filter_map(|payload| match payload {
            wasmparser::Payload::CodeSectionEntry(body) => Some(body.as_bytes().to_vec()),
            _ => None,
        });
        bodies.take(3).collect::<Vec<_>>()
    };
    let module = wat::parse_str(
        r#"(module (tag $t) (table 1 funcref) (elem (i32.const 0) $other)
             (func $other (param i32))
             (func $calls (export "calls") (call $catches) (call_indirect (param i32) (i32.const 1) (i32.const 0)))
             (func $last (return_call $calls))
             (func $catches (block $h (try_table (catch_all $h) (call $throws))))
             (func $throws (throw $t)))"#,
    )
    .unwrap();
    let (before, after) = (code(&module, false), code(&module, true));
    assert_eq!(before[..2], after[..2]);
}

/// A label around a statement.
struct Label {
    name: u32,
    kind: Kind,
    /// Whether something delegates to it from a part that its handlers see; from elsewhere.
    inside: bool,
    outside: bool,
    /// Whether a branch to it takes nothing.
    plain: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Block,
    /// The body of a `try`.
    Try,
    /// One of its clauses.
    Catch,
}

/// A random program, in the earlier and in the newer form.
struct Writer {
    numbers: Random,
    tags: Vec<Vec<&'static str>>,
    labels: Vec<Label>,
    next: u32,
    /// Locals of the function, in the newer form those of exceptions as well.
    locals: String,
    references: String,
    /// How many calls there are, with those of loops; how often the current code runs.
    calls: u32,
    times: u32,
}

/// The same code twice.
#[derive(Default)]
struct Both {
    legacy: String,
    newer: String,
}

impl Both {
    fn add(&mut self, text: &str) {
        self.legacy += text;
        self.newer += text;
    }

    fn append(&mut self, other: &Both) {
        self.legacy += &other.legacy;
        self.newer += &other.newer;
    }
}

const FUNCTIONS: u32 = 5;

impl Writer {
    fn below(&mut self, most: usize) -> usize {
        self.numbers.below(most)
    }

    /// The module in both forms.
    fn module(mut self) -> Both {
        let mut module = Both::default();
        module
            .add("(module (memory (export \"memory\") 1) (global $acc (mut i32) (i32.const 1))\n");
        module.add("(type $f (func (param i32) (result i32))) (table 8 8 funcref)\n");
        module.add("(elem (i32.const 0) $f0 $f1 $f2 $f3 $f4 $leaf $f1 $f2)\n");
        for (at, values) in self.tags.iter().enumerate() {
            module.add(&format!("(tag $t{at} (param {}))\n", values.join(" ")));
        }
        // It does not throw.
        module.add("(func $leaf (type $f) (i32.add (local.get 0) (global.get $acc)))\n");
        for index in 0..FUNCTIONS {
            self.labels = vec![Label {
                name: 1000 + index,
                kind: Kind::Block,
                inside: false,
                outside: false,
                plain: false,
            }];
            self.locals.clear();
            self.references.clear();
            self.calls = 0;
            let body = self.statements(3);
            let label = self.labels.remove(0);
            let head = format!("(func $f{index} (export \"f{index}\") (type $f)");
            writeln!(module.legacy, "{head} {}", self.locals).unwrap();
            writeln!(module.newer, "{head} {} {}", self.locals, self.references).unwrap();
            module.add(
                "(if (i32.le_s (local.get 0) (i32.const 0)) (then (return (global.get $acc))))\n",
            );
            module.legacy += &body.legacy;
            module.newer += &delegated(&label, label.outside, &body.newer, "o");
            module.add("(global.get $acc))\n");
        }
        module.add(")");
        module
    }

    fn statements(&mut self, depth: u32) -> Both {
        let mut all = Both::default();
        for _ in 0..=self.below(3) {
            let one = self.statement(depth);
            all.append(&one);
        }
        all
    }

    fn trace(&mut self) -> String {
        let n = self.below(1000);
        format!(
            "(global.set $acc (i32.add (i32.mul (global.get $acc) (i32.const 31)) (i32.const {n})))\n"
        )
    }

    /// A test that is sometimes true.
    fn condition(&mut self) -> String {
        let bit = self.below(5);
        let of = match self.below(2) {
            0 => "(global.get $acc)".to_string(),
            _ => "(local.get 0)".to_string(),
        };
        format!("(i32.and (i32.shr_u {of} (i32.const {bit})) (i32.const 1))")
    }

    fn statement(&mut self, depth: u32) -> Both {
        let mut both = Both::default();
        let kind = self.below(if depth == 0 { 6 } else { 12 });
        match kind {
            0..=2 if kind == 0 || self.calls + self.times > 4 => {
                let text = self.trace();
                both.add(&text);
            }
            0..=2 => {
                self.calls += self.times;
                let call = match self.below(3) {
                    0 => "(call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.and \
                         (global.get $acc) (i32.const 7)))"
                        .to_string(),
                    _ => format!(
                        "(call $f{} (i32.sub (local.get 0) (i32.const 1)))",
                        self.below(FUNCTIONS as usize)
                    ),
                };
                // Something is on the stack.
                both.add(&format!(
                    "(global.set $acc (i32.xor (i32.const {}) {call}))\n",
                    self.below(99)
                ));
            }
            3 | 4 => {
                let (test, throw) = (self.condition(), self.throw());
                both.add(&format!("(if {test} (then {throw}))\n"));
            }
            5 => {
                let test = self.condition();
                let plain: Vec<u32> = self
                    .labels
                    .iter()
                    .filter(|label| label.plain)
                    .map(|label| label.name)
                    .collect();
                let caught: Vec<u32> = self
                    .labels
                    .iter()
                    .filter(|label| label.kind == Kind::Catch)
                    .map(|label| label.name)
                    .collect();
                if !caught.is_empty() && self.below(2) == 0 {
                    let name = caught[self.below(caught.len())];
                    both.legacy += &format!("(if {test} (then rethrow $l{name}))\n");
                    both.newer += &format!("(if {test} (then (throw_ref (local.get $e{name}))))\n");
                } else if !plain.is_empty() && self.below(2) == 0 {
                    let name = plain[self.below(plain.len())];
                    both.add(&format!("(br_if $l{name} {test})\n"));
                } else {
                    both.add(&format!("(if {test} (then (return (global.get $acc))))\n"));
                }
            }
            6 => self.block(&mut both, depth),
            7 => self.repeated(&mut both, depth),
            8 => {
                // Operands around it.
                let inner = self.statements(depth - 1);
                both.add(&format!("i32.const {}\n", self.below(99)));
                both.append(&inner);
                both.add("global.get $acc i32.add global.set $acc\n");
            }
            9 => self.delegate(&mut both, depth),
            _ => self.tried(&mut both, depth),
        }
        both
    }

    fn throw(&mut self) -> String {
        let tag = self.below(self.tags.len());
        let values: Vec<String> = self.tags[tag]
            .iter()
            .map(|ty| match *ty {
                "i32" => "(global.get $acc)".to_string(),
                "i64" => "(i64.extend_i32_s (global.get $acc))".to_string(),
                ty => format!("({ty}.convert_i32_s (global.get $acc))"),
            })
            .collect();
        format!("(throw $t{tag} {})", values.join(" "))
    }

    /// What takes the values of a tag from the stack.
    fn take(&self, tag: usize) -> String {
        let mut text = String::new();
        for ty in self.tags[tag].iter().rev() {
            text += match *ty {
                "i32" => "",
                "i64" => "i32.wrap_i64 ",
                "f32" => "i32.reinterpret_f32 ",
                _ => "i64.reinterpret_f64 i64.const 7 i64.rotl i32.wrap_i64 ",
            };
            text += "global.get $acc i32.const 17 i32.mul i32.add global.set $acc\n";
        }
        text
    }

    fn push(&mut self, kind: Kind, plain: bool) -> u32 {
        self.next += 1;
        self.labels.push(Label {
            name: self.next,
            kind,
            inside: false,
            outside: false,
            plain,
        });
        self.next
    }

    fn block(&mut self, both: &mut Both, depth: u32) {
        let name = self.push(Kind::Block, true);
        let body = self.statements(depth - 1);
        let label = self.labels.pop().unwrap();
        write!(both.legacy, "block $l{name}\n{}end\n", body.legacy).unwrap();
        let block = format!("block $l{name}\n{}end\n", body.newer);
        both.newer += &delegated(&label, label.outside, &block, "o");
    }

    fn repeated(&mut self, both: &mut Both, depth: u32) {
        let name = self.push(Kind::Block, false);
        self.times *= 3;
        let body = self.statements(depth - 1);
        self.times /= 3;
        let label = self.labels.pop().unwrap();
        writeln!(self.locals, "(local $c{name} i32)").unwrap();
        let end = format!(
            "(br_if $l{name} (i32.lt_u (local.tee $c{name} (i32.add (local.get $c{name}) (i32.const \
             1))) (i32.const 3)))\nend\n"
        );
        both.add(&format!("(local.set $c{name} (i32.const 0))\n"));
        write!(both.legacy, "loop $l{name}\n{}{end}", body.legacy).unwrap();
        let block = format!("loop $l{name}\n{}{end}", body.newer);
        both.newer += &delegated(&label, label.outside, &block, "o");
    }

    fn delegate(&mut self, both: &mut Both, depth: u32) {
        let at = self.below(self.labels.len());
        let name = self.push(Kind::Try, true);
        let body = self.statements(depth - 1);
        let label = self.labels.pop().unwrap();
        let target = &mut self.labels[at];
        let to = target.name;
        let which = match target.kind {
            Kind::Try => {
                target.inside = true;
                "i"
            }
            _ => {
                target.outside = true;
                "o"
            }
        };
        // The label of the function is the last one.
        let to_legacy = match at {
            0 => (self.labels.len() - 1).to_string(),
            _ => format!("$l{to}"),
        };
        write!(
            both.legacy,
            "try $l{name}\n{}delegate {to_legacy}\n",
            body.legacy
        )
        .unwrap();
        let body = delegated(&label, label.inside, &body.newer, "i");
        write!(
            both.newer,
            "block $l{name} try_table (catch_all_ref $d{which}{to})\n{body}end end\n"
        )
        .unwrap();
    }

    fn tried(&mut self, both: &mut Both, depth: u32) {
        let gives = self.below(3) == 0;
        let (ty, give) = match gives {
            true => ("(result i32)", format!("i32.const {}\n", self.below(99))),
            false => ("", String::new()),
        };
        let name = self.push(Kind::Try, !gives);
        let body = self.statements(depth - 1);
        let mut label = self.labels.pop().unwrap();
        let mut clauses: Vec<Option<usize>> = (0..self.tags.len()).map(Some).collect();
        while clauses.len() > 1 && self.below(2) == 0 {
            let at = self.below(clauses.len());
            clauses.remove(at);
        }
        match self.below(3) {
            0 => clauses.push(None),
            1 => clauses = vec![None],
            _ => {}
        }
        writeln!(self.references, "(local $e{name} exnref)").unwrap();
        label.kind = Kind::Catch;
        self.labels.push(label);
        let mut catches = Vec::new();
        for &tag in &clauses {
            catches.push((tag, self.statements(depth - 1)));
        }
        let label = self.labels.pop().unwrap();

        write!(both.legacy, "try $l{name} {ty}\n{}{give}", body.legacy).unwrap();
        for (tag, code) in &catches {
            match tag {
                Some(tag) => write!(both.legacy, "catch $t{tag}\n{}", self.take(*tag)).unwrap(),
                None => both.legacy += "catch_all\n",
            }
            write!(both.legacy, "{}{give}", code.legacy).unwrap();
        }
        both.legacy += "end\n";

        let mut newer = format!("block $l{name} {ty}\n");
        for (at, (tag, _)) in catches.iter().enumerate().rev() {
            let values = tag.map_or(String::new(), |tag| self.tags[tag].join(" "));
            writeln!(newer, "block $k{name}_{at} (result {values} exnref)").unwrap();
        }
        write!(newer, "try_table {ty}").unwrap();
        for (at, (tag, _)) in catches.iter().enumerate() {
            match tag {
                Some(tag) => write!(newer, " (catch_ref $t{tag} $k{name}_{at})").unwrap(),
                None => write!(newer, " (catch_all_ref $k{name}_{at})").unwrap(),
            }
        }
        let inside = delegated(&label, label.inside, &body.newer, "i");
        writeln!(newer, "\n{inside}{give}end br $l{name}").unwrap();
        for (tag, code) in &catches {
            writeln!(newer, "end local.set $e{name}").unwrap();
            if let Some(tag) = tag {
                newer += &self.take(*tag);
            }
            writeln!(newer, "{}{give}br $l{name}", code.newer).unwrap();
        }
        newer += "end\n";
        // What is delegated from a clause goes to what is around all of it.
        both.newer += &match (label.outside, gives) {
            (true, true) => format!(
                "block $x{name} (result i32) block $do{name} (result exnref)\n{newer}br $x{name} end throw_ref end\n"
            ),
            (outside, _) => delegated(&label, outside, &newer, "o"),
        };
        if gives {
            both.add("global.get $acc i32.add global.set $acc\n");
        }
    }
}

/// Code that throws at its end what is delegated to it.
fn delegated(label: &Label, delegated: bool, code: &str, which: &str) -> String {
    let name = label.name;
    match delegated {
        true => format!(
            "block $x{which}{name} block $d{which}{name} (result exnref)\n{code}br $x{which}{name} end \
             throw_ref end\n"
        ),
        false => code.to_string(),
    }
}

/// A program in both forms.
fn program(seed: u64) -> Both {
    let mut numbers = Random::new(seed);
    let narrow = numbers.below(2) == 0;
    let tags = (0..1 + numbers.below(3))
        .map(|_| match narrow {
            true => [vec![], vec!["i32"], vec!["f32"]][numbers.below(3)].clone(),
            false => (0..numbers.below(4))
                .map(|_| ["i32", "i64", "f32", "f64"][numbers.below(4)])
                .collect(),
        })
        .collect();
    let writer = Writer {
        numbers,
        tags,
        labels: Vec::new(),
        next: 0,
        locals: String::new(),
        references: String::new(),
        calls: 0,
        times: 1,
    };
    writer.module()
}

/// Checks a program, and gives how many calls trapped of those that were made.
fn check_program(seed: u64) -> Result<(usize, usize)> {
    let both = program(seed);
    let newer = wat::parse_str(&both.newer).context("the newer form")?;
    let legacy = wat::parse_str(&both.legacy).context("the earlier form")?;
    let mut calls = Vec::new();
    for n in [1, 4, 3, 5, 2, 4] {
        calls.extend((0..FUNCTIONS).map(|f| (format!("f{f}"), vec![n])));
    }
    let (right, _) = run_on_wasmtime(&newer, &calls)?.context("it does not start")?;
    for (form, wasm) in [("newer", &newer), ("earlier", &legacy)] {
        for profile in ["mvp", "wasmi"] {
            let lowered = lower(wasm, &named(profile)?)
                .with_context(|| form.to_string())?
                .wasm;
            let Some((found, _)) = run(&limited(profile)?, &lowered, &calls)? else {
                bail!("{form}: it does not start");
            };
            for ((call, right), found) in calls.iter().zip(&right).zip(&found) {
                ensure!(
                    right == found,
                    "{form}, {profile}: {call:?} gave {found:x?} instead of {right:x?}"
                );
            }
        }
    }
    let trapped = right.iter().filter(|gave| gave.is_none()).count();
    Ok((trapped, right.len()))
}

#[test]
fn random_programs_of_both_proposals() {
    on_a_large_stack(check_programs);
}

fn check_programs() {
    let (mut trapped, mut all, mut wrong) = (0, 0, Vec::new());
    let count = modules();
    for seed in 0..count {
        match check_program(seed) {
            Ok((traps, calls)) => {
                trapped += traps;
                all += calls;
            }
            Err(error) => wrong.push(format!("seed {seed}: {error:#}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} are wrong: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(10)]
    );
    assert!(
        trapped * 20 > all,
        "nothing is uncaught: {trapped} of {all}"
    );
    assert!(trapped * 2 < all, "nothing is caught: {trapped} of {all}");
}
