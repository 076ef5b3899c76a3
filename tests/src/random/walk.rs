//! Code of a guest that takes a received value apart and logs all of it: every number, length and
//! unit of text, and what the slots hold that a case of a variant does not use.

use std::fmt::Write;

use super::numbers::Random;
use super::types::{Interface, Parts, Type};
use super::values::Encoding;
use crate::wast::layout::{self, Core};
use crate::wast::types::Type as Shape;

/// What is done with handles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Everything is logged; borrowed handles are dropped, owned ones are dropped or kept.
    All,
    /// Nothing is logged, borrowed handles are dropped.
    DropBorrowed,
}

/// A local with a core value in it.
#[derive(Clone, Debug)]
pub struct Local {
    pub name: String,
    pub core: Core,
}

/// The text of a core function in the making.
pub struct Walker<'a> {
    pub interface: &'a Interface,
    pub random: &'a mut Random,
    pub encoding: Encoding,
    pub mode: Mode,
    /// Of a hundred borrowed handles so many are not dropped, which is wrong.
    pub wrong: usize,
    /// The name of the functions of a resource.
    pub resource: &'a dyn Fn(usize) -> String,
    /// Whether a borrowed handle of a resource comes as its representation.
    pub defines: &'a dyn Fn(usize) -> bool,
    pub locals: String,
    pub code: String,
    /// How many names are taken.
    pub count: usize,
    /// How many handles are not dropped that have to be.
    pub faults: usize,
}

/// The name of a core type.
pub fn core_name(core: Core) -> &'static str {
    match core {
        Core::I32 => "i32",
        Core::I64 => "i64",
        Core::F32 => "f32",
        Core::F64 => "f64",
    }
}

impl Walker<'_> {
    pub fn line(&mut self, line: &str) {
        writeln!(self.code, "      {line}").expect("a string takes everything");
    }

    /// A new local.
    pub fn local(&mut self, core: Core) -> Local {
        let name = format!("$l{}", self.count);
        self.count += 1;
        write!(self.locals, " (local {name} {})", core_name(core)).expect("a string");
        Local { name, core }
    }

    fn log(&mut self, value: &str) {
        if self.mode == Mode::All {
            self.line(&format!("(call $log {value})"));
        }
    }

    /// Logs the bits of a local.
    fn log_bits(&mut self, local: &Local) {
        let get = format!("(local.get {})", local.name);
        self.log(&match local.core {
            Core::I32 => format!("(i64.extend_i32_u {get})"),
            Core::I64 => get,
            Core::F32 => format!("(i64.extend_i32_u (i32.reinterpret_f32 {get}))"),
            Core::F64 => format!("(i64.reinterpret_f64 {get})"),
        });
    }

    /// A local of type i32 with the lower half of another.
    fn narrow(&mut self, from: &Local) -> Local {
        if from.core == Core::I32 {
            return from.clone();
        }
        let to = self.local(Core::I32);
        self.line(&format!(
            "(local.set {} (i32.wrap_i64 (local.get {})))",
            to.name, from.name
        ));
        to
    }

    /// A value in flat form. The locals may be of joined types.
    pub fn flat(&mut self, ty: &Type, slots: &[Local]) {
        if self.is_idle(ty) {
            return;
        }
        match self.interface.parts(ty) {
            Parts::Scalar(_) | Parts::Flags(_) => self.log_bits(&slots[0]),
            Parts::Text => {
                let (pointer, length) = (self.narrow(&slots[0]), self.narrow(&slots[1]));
                self.text(&pointer, &length);
            }
            Parts::Elements(element) => {
                let (pointer, length) = (self.narrow(&slots[0]), self.narrow(&slots[1]));
                self.list(&element, &pointer, &length);
            }
            Parts::Fields(fields) => {
                let mut at = 0;
                for ty in fields {
                    let width = self.interface.flat(&ty).len();
                    self.flat(&ty, &slots[at..at + width]);
                    at += width;
                }
            }
            Parts::Cases(cases) => {
                self.log_bits(&slots[0]);
                let case = self.narrow(&slots[0]);
                for (i, payload) in cases.iter().enumerate() {
                    let Some(payload) = payload else { continue };
                    let width = self.interface.flat(payload).len();
                    self.line(&format!(
                        "(if (i32.eq (local.get {}) (i32.const {i})) (then",
                        case.name
                    ));
                    self.flat(payload, &slots[1..=width]);
                    for unused in &slots[1 + width..] {
                        self.log_bits(unused);
                    }
                    self.line("))");
                }
            }
            Parts::Handle(resource, own) => {
                let handle = self.narrow(&slots[0]);
                self.handle(resource, own, &handle);
            }
        }
    }

    /// A value in memory, at an offset from the pointer in a local.
    pub fn memory(&mut self, ty: &Type, pointer: &Local, offset: u32) {
        if self.is_idle(ty) {
            return;
        }
        let at = |offset: u32| format!("offset={offset} (local.get {})", pointer.name);
        match self.interface.parts(ty) {
            Parts::Scalar(shape) => {
                let bits = match shape {
                    Shape::F32 => format!(
                        "(i64.extend_i32_u (i32.reinterpret_f32 (f32.load {})))",
                        at(offset)
                    ),
                    Shape::F64 => format!("(i64.reinterpret_f64 (f64.load {}))", at(offset)),
                    _ => load(layout::size(&shape), &at(offset)),
                };
                self.log(&bits);
            }
            Parts::Flags(count) => {
                let bits = load(layout::flags_unit(count), &at(offset));
                self.log(&bits);
            }
            Parts::Text => {
                let (pointer, length) = self.range(&at(offset), &at(offset + 4));
                self.text(&pointer, &length);
            }
            Parts::Elements(element) => {
                let (pointer, length) = self.range(&at(offset), &at(offset + 4));
                self.list(&element, &pointer, &length);
            }
            Parts::Fields(fields) => {
                let mut offset = offset;
                for ty in fields {
                    offset = offset.next_multiple_of(self.interface.alignment(&ty));
                    self.memory(&ty, pointer, offset);
                    offset += self.interface.size(&ty);
                }
            }
            Parts::Cases(cases) => {
                let case = self.local(Core::I32);
                let bits = load(layout::discriminant_size(cases.len()), &at(offset));
                self.line(&format!("(local.set {} (i32.wrap_i64 {bits}))", case.name));
                self.log_bits(&case);
                for (i, payload) in cases.iter().enumerate() {
                    let Some(payload) = payload else { continue };
                    self.line(&format!(
                        "(if (i32.eq (local.get {}) (i32.const {i})) (then",
                        case.name
                    ));
                    let offset = offset + self.interface.payload_offset(ty);
                    self.memory(payload, pointer, offset);
                    self.line("))");
                }
            }
            Parts::Handle(resource, own) => {
                let handle = self.local(Core::I32);
                self.line(&format!(
                    "(local.set {} (i32.load {}))",
                    handle.name,
                    at(offset)
                ));
                self.handle(resource, own, &handle);
            }
        }
    }

    /// Whether there is nothing to do for a type.
    fn is_idle(&self, ty: &Type) -> bool {
        let borrowed = |ty: &Type| matches!(ty, Type::Borrow(_));
        self.mode == Mode::DropBorrowed && !self.interface.has(ty, &borrowed)
    }

    fn range(&mut self, pointer: &str, length: &str) -> (Local, Local) {
        let locals = (self.local(Core::I32), self.local(Core::I32));
        for (local, from) in [(&locals.0, pointer), (&locals.1, length)] {
            self.line(&format!("(local.set {} (i32.load {from}))", local.name));
        }
        locals
    }

    fn text(&mut self, pointer: &Local, length: &Local) {
        self.log_bits(length);
        let length = format!("(local.get {})", length.name);
        let bytes = match self.encoding {
            Encoding::Utf8 => length,
            Encoding::Utf16 => format!("(i32.shl {length} (i32.const 1))"),
            Encoding::Compact => format!(
                "(i32.shl (i32.and {length} (i32.const 0x7fffffff)) (i32.shr_u {length} (i32.const 31)))"
            ),
        };
        self.log(&format!(
            "(call $hash (local.get {}) {bytes})",
            pointer.name
        ));
    }

    fn list(&mut self, element: &Type, pointer: &Local, length: &Local) {
        self.log_bits(length);
        let (at, left) = (self.local(Core::I32), self.local(Core::I32));
        let size = self.interface.size(element);
        for (to, from) in [(&at, pointer), (&left, length)] {
            self.line(&format!(
                "(local.set {} (local.get {}))",
                to.name, from.name
            ));
        }
        let (label, at_name, left_name) = (format!("$n{}", self.count), &at.name, &left.name);
        self.line(&format!(
            "(block $e{0} (loop {label} (br_if $e{0} (i32.eqz (local.get {left_name})))",
            self.count
        ));
        self.count += 1;
        self.memory(element, &at, 0);
        self.line(&format!(
            "(local.set {at_name} (i32.add (local.get {at_name}) (i32.const {size})))"
        ));
        self.line(&format!(
            "(local.set {left_name} (i32.sub (local.get {left_name}) (i32.const 1)))"
        ));
        self.line(&format!("(br {label})))"));
    }

    fn handle(&mut self, resource: usize, own: bool, handle: &Local) {
        self.log_bits(handle);
        let name = (self.resource)(resource);
        let get = format!("(local.get {})", handle.name);
        if !own && (self.defines)(resource) {
            return;
        }
        self.log(&format!("(i64.extend_i32_u (call $peek{name} {get}))"));
        let dropped = match (own, self.mode) {
            (true, Mode::All) => self.random.percent(60),
            (true, Mode::DropBorrowed) => false,
            (false, _) => {
                let kept = self.random.percent(self.wrong);
                self.faults += usize::from(kept);
                !kept
            }
        };
        if dropped {
            self.line(&format!("(call $drop{name} {get})"));
        }
    }
}

/// An unsigned number in memory, as an i64.
fn load(size: u32, from: &str) -> String {
    match size {
        1 => format!("(i64.load8_u {from})"),
        2 => format!("(i64.load16_u {from})"),
        4 => format!("(i64.load32_u {from})"),
        _ => format!("(i64.load {from})"),
    }
}
