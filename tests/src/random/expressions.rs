//! Random core modules made of nested expressions: calls in the middle of operands, blocks with values, branches out of them and
//! loops, in which a turn can be given up anywhere. They end, never trap, and mix everything into what they return.

use std::fmt::Write;

use super::numbers::Random;

/// How many functions there are; each calls only those before it.
const FUNCTIONS: usize = 6;

const TYPES: [&str; 4] = ["i32", "i64", "f32", "f64"];

/// The type of the counter of a loop, which is another one of the first type.
const COUNTER: usize = 4;

struct Body<'r> {
    random: &'r mut Random,
    /// The number of the function.
    function: usize,
    results: &'r [usize],
    text: String,
    /// The types of the locals.
    locals: Vec<usize>,
    /// The types of the labels around, the innermost one last; none for a loop.
    labels: Vec<Option<usize>>,
    /// How many instructions there may still be.
    left: usize,
    multi: bool,
    tails: bool,
}

/// The text of a module that imports `yield` from `""` and exports its functions as `f0`, `f1`, …. `multi`: with blocks that have
/// parameters; `tails`: with tail calls.
pub fn module(seed: u64, multi: bool, tails: bool) -> String {
    let mut random = Random::new(seed);
    let results: Vec<usize> = (0..FUNCTIONS).map(|_| random.below(4)).collect();
    let mut text = String::from(
        "(module (import \"\" \"yield\" (func $yield (result i32))) (memory 1) (global $g (mut i64) (i64.const 1))\n",
    );
    let funcs: Vec<String> = (0..FUNCTIONS).map(|at| format!("$f{at}")).collect();
    writeln!(text, "(table funcref (elem {}))", funcs.join(" ")).expect("to a string");
    for ty in TYPES {
        writeln!(text, "(type ${ty} (func (param i32 i64) (result {ty})))").expect("to a string");
    }
    for function in 0..FUNCTIONS {
        let mut body = Body {
            random: &mut random,
            function,
            results: &results,
            text: String::new(),
            locals: vec![0, 1],
            labels: vec![Some(results[function])],
            left: 120,
            multi,
            tails,
        };
        for _ in 0..body.random.below(3) {
            let ty = body.random.below(4);
            body.local(ty);
        }
        let wanted = results[function];
        body.expression(wanted, 5);
        let Body {
            text: code, locals, ..
        } = body;
        let declared: Vec<&str> = locals[2..].iter().map(|ty| TYPES[*ty % COUNTER]).collect();
        writeln!(
            text,
            "(func $f{function} (export \"f{function}\") (type ${}) (param i32 i64) (result {}) (local {})\n{code})",
            TYPES[wanted],
            TYPES[wanted],
            declared.join(" ")
        )
        .expect("to a string");
    }
    text.push(')');
    text
}

impl Body<'_> {
    fn put(&mut self, code: &str) {
        self.text.push_str(code);
        self.text.push('\n');
        self.left = self.left.saturating_sub(1);
    }

    fn local(&mut self, ty: usize) -> usize {
        self.locals.push(ty);
        self.locals.len() - 1
    }

    /// A local of a type, if there is one.
    fn known(&mut self, ty: usize) -> Option<usize> {
        let all: Vec<usize> = (0..self.locals.len())
            .filter(|at| self.locals[*at] == ty)
            .collect();
        (!all.is_empty()).then(|| self.random.pick(&all))
    }

    fn leaf(&mut self, ty: usize) {
        match self.known(ty) {
            Some(local) if self.random.percent(60) => self.put(&format!("local.get {local}")),
            _ => {
                let number = self.random.below(1000);
                self.put(&format!("{}.const {number}", TYPES[ty]));
            }
        }
    }

    fn condition(&mut self, depth: usize) {
        self.expression(0, depth);
        self.put("i32.const 1");
        self.put("i32.and");
    }

    /// Leaves a value of a type on the stack.
    fn expression(&mut self, ty: usize, depth: usize) {
        if depth == 0 || self.left == 0 {
            return self.leaf(ty);
        }
        let name = TYPES[ty];
        let below = depth - 1;
        match self.random.below(15) {
            0..=2 => {
                let operator = match ty {
                    0 | 1 => self.random.pick(&["add", "sub", "mul", "xor", "rotl"]),
                    _ => self.random.pick(&["add", "sub", "min"]),
                };
                self.expression(ty, below);
                self.expression(ty, below);
                self.put(&format!("{name}.{operator}"));
            }
            3 | 4 if self.function > 0 => {
                let callees: Vec<usize> = (0..self.function)
                    .filter(|at| self.results[*at] == ty)
                    .collect();
                if callees.is_empty() {
                    return self.expression(ty, below);
                }
                let callee = self.random.pick(&callees);
                self.expression(0, below);
                self.expression(1, below);
                if self.random.percent(30) {
                    self.put(&format!("i32.const {callee}"));
                    self.put(&format!("call_indirect (type ${name})"));
                } else {
                    self.put(&format!("call $f{callee}"));
                }
            }
            5 => {
                self.put("call $yield");
                self.put("drop");
                self.expression(ty, below);
            }
            6 => {
                let local = self.known(ty);
                let local = local.unwrap_or_else(|| self.local(ty));
                self.expression(ty, below);
                let way = self.random.pick(&["tee", "set"]);
                self.put(&format!("local.{way} {local}"));
                if way == "set" {
                    self.put("call $yield");
                    self.put("drop");
                    self.put(&format!("local.get {local}"));
                }
            }
            7 => {
                self.condition(below);
                self.put(&format!("if (result {name})"));
                self.labels.push(Some(ty));
                self.expression(ty, below);
                self.put("else");
                self.expression(ty, below);
                self.labels.pop();
                self.put("end");
            }
            8 => {
                self.put(&format!("block (result {name})"));
                self.labels.push(Some(ty));
                self.expression(ty, below);
                self.condition(below);
                self.put("br_if 0");
                self.put("drop");
                self.expression(ty, below);
                self.labels.pop();
                self.put("end");
            }
            9 => {
                // No expression inside may set it.
                let counter = self.local(0);
                self.locals[counter] = COUNTER;
                let rounds = 1 + self.random.below(3);
                self.put(&format!("i32.const {rounds}"));
                self.put(&format!("local.set {counter}"));
                self.put(&format!("loop (result {name})"));
                self.labels.push(None);
                self.expression(ty, below);
                self.put(&format!("local.get {counter}"));
                self.put("i32.const 1");
                self.put("i32.sub");
                self.put(&format!("local.tee {counter}"));
                self.put("br_if 0");
                self.labels.pop();
                self.put("end");
            }
            10 => {
                self.expression(ty, below);
                self.expression(ty, below);
                self.condition(below);
                self.put("select");
            }
            11 => {
                // Out of any block around that takes the type.
                let depths: Vec<usize> = (0..self.labels.len())
                    .filter(|depth| self.labels[self.labels.len() - 1 - depth] == Some(ty))
                    .collect();
                self.expression(ty, below);
                if !depths.is_empty() {
                    let depth = self.random.pick(&depths);
                    self.condition(below);
                    self.put(&format!("br_if {depth}"));
                }
            }
            12 => {
                self.put(&format!("block (result {name})"));
                self.put(&format!("block (result {name})"));
                self.labels.extend([Some(ty), Some(ty)]);
                self.expression(ty, below);
                self.condition(below);
                self.put("br_table 0 1");
                self.labels.pop();
                self.put("end");
                self.put("call $yield");
                self.put("drop");
                self.expression(ty, below);
                let plus = if self.random.percent(50) {
                    "add"
                } else {
                    "sub"
                };
                self.put(&format!("{name}.{plus}"));
                self.labels.pop();
                self.put("end");
            }
            13 if self.multi => {
                self.expression(ty, below);
                self.put(&format!("block (param {name}) (result {name})"));
                self.labels.push(Some(ty));
                self.expression(ty, below);
                self.put(&format!("{name}.add"));
                self.labels.pop();
                self.put("end");
            }
            13 if self.tails && self.function > 0 && self.random.percent(30) => {
                let callees: Vec<usize> = (0..self.function)
                    .filter(|at| self.results[*at] == self.results[self.function])
                    .collect();
                if callees.is_empty() {
                    return self.leaf(ty);
                }
                let callee = self.random.pick(&callees);
                self.condition(below);
                self.put("if");
                self.labels.push(None);
                self.expression(0, below);
                self.expression(1, below);
                self.put(&format!("return_call $f{callee}"));
                self.labels.pop();
                self.put("end");
                self.expression(ty, below);
            }
            14 => {
                self.put("global.get $g");
                self.expression(1, below);
                self.put("i64.add");
                self.put("global.set $g");
                self.expression(ty, below);
            }
            _ => self.leaf(ty),
        }
    }
}
