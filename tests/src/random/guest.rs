//! The text of one component with a core module, put together piece by piece.

use std::fmt::Write;

use super::numbers::Random;
use super::types::{Definer, Interface, Named, Type};
use super::values::{Encoding, From, Image, Slot};
use super::walk::core_name;
use crate::wast::layout::Core;
use crate::wast::types::Type as Shape;

/// Where a guest's image begins; what is below is nobody's.
pub const IMAGE: u32 = 1024;
/// The pages of every guest at the start.
pub const PAGES: u32 = 1;
/// The bytes of every guest's memory at the start.
pub const MEMORY: u32 = PAGES << 16;

/// What is wrong with a guest's `realloc`.
#[derive(Clone, Copy, Debug)]
pub enum BadRealloc {
    Misaligned,
    OutOfBounds,
    Traps,
}

/// A component in the making.
pub struct Guest<'a> {
    pub name: &'static str,
    pub interface: &'a Interface,
    pub encoding: Encoding,
    /// Whether it defines the resources that the callee defines.
    pub defines: bool,
    /// Imports and types.
    pub head: String,
    /// What it imports beside `log`, for a component around it that imports the same.
    pub imports: String,
    /// Core functions that the module imports: `canon` definitions.
    canons: String,
    core_imports: String,
    core_arguments: String,
    /// Functions and data of the core module.
    pub module: String,
    /// Lifted functions and exports.
    pub tail: String,
    pub image: Image,
    /// The call of `realloc` that goes wrong, and how.
    pub bad_realloc: Option<(u32, BadRealloc)>,
    /// Whether the first allocation needs a new page.
    pub full: bool,
}

macro_rules! put {
    ($to:expr, $($arg:tt)*) => { writeln!($to, $($arg)*).expect("a string takes everything") };
}
pub(super) use put;

impl<'a> Guest<'a> {
    pub fn new(name: &'static str, interface: &'a Interface, encoding: Encoding) -> Guest<'a> {
        Guest {
            name,
            interface,
            encoding,
            defines: false,
            head: "    (import \"log\" (func $log (param \"x\" u64)))\n".to_owned(),
            imports: String::new(),
            canons: String::new(),
            core_imports: String::new(),
            core_arguments: String::new(),
            module: String::new(),
            tail: String::new(),
            image: Image {
                base: IMAGE,
                ..Image::default()
            },
            bad_realloc: None,
            full: false,
        }
    }

    /// The options of every canonical function.
    pub fn options(&self) -> String {
        format!(
            "(memory $mem) (realloc $realloc) {}",
            self.encoding.option()
        )
    }

    /// A core function that the module imports: the type as text, and the definition.
    pub fn core_function(&mut self, name: &str, ty: &str, definition: &str) {
        put!(self.canons, "    (core func ${name} {definition})");
        put!(
            self.core_imports,
            "      (import \"\" \"{name}\" (func ${name} {ty}))"
        );
        put!(
            self.core_arguments,
            "      (export \"{name}\" (func ${name}))"
        );
    }

    /// Imports an instance with the interface, and types and functions of it under names that end
    /// with `suffix`.
    pub fn import_interface(&mut self, import: &str, suffix: &str) {
        let interface = self.interface;
        let begin = self.head.len();
        put!(self.head, "    (import \"{import}\" (instance ${import}");
        for (i, resource) in interface.resources.iter().enumerate() {
            match resource.definer {
                Definer::Third => put!(
                    self.head,
                    "      (alias outer ${} $r{i} (type $r{i}))",
                    self.name
                ),
                Definer::Callee => self.head.push_str(&resource_type(i)),
            }
        }
        for (i, named) in interface.named.iter().enumerate() {
            put!(
                self.head,
                "      (type $u{i} {})\n      (export \"t{i}\" (type $t{i} (eq $u{i})))",
                named_text(interface, named, "")
            );
        }
        for (i, _) in interface.functions.iter().enumerate() {
            put!(
                self.head,
                "      (export \"f{i}\" (func {}))",
                function_text(interface, i, "")
            );
        }
        put!(self.head, "      (export \"finish\" (func))))");
        self.imports += &self.head[begin..];
        for (i, resource) in interface.resources.iter().enumerate() {
            if resource.definer == Definer::Callee {
                put!(
                    self.head,
                    "    (alias export ${import} \"r{i}\" (type $r{i}{suffix}))"
                );
                self.resource_functions(i, suffix, import);
            }
        }
        for i in 0..interface.functions.len() {
            let function = &interface.functions[i];
            let params = interface.flat(&interface.params(function));
            let mut ty = match interface.spills_params(function) {
                true => "(param i32".to_owned(),
                false => params.iter().fold("(param".to_owned(), |text, core| {
                    text + " " + core_name(*core)
                }),
            };
            match &function.result {
                Some(_) if interface.spills_result(function) => ty += " i32)",
                Some(result) => {
                    let core = interface.flat(result)[0];
                    ty = format!("{ty}) (result {})", core_name(core));
                }
                None => ty += ")",
            }
            let lower = format!("(canon lower (func ${import} \"f{i}\") {})", self.options());
            self.core_function(&format!("f{i}{suffix}"), &ty, &lower);
        }
        let lower = format!("(canon lower (func ${import} \"finish\"))");
        self.core_function(&format!("finish{suffix}"), "", &lower);
    }

    /// Imports the resources that a third component defines, if there are any.
    pub fn import_third(&mut self) {
        let resources = &self.interface.resources;
        let third = |i: &usize| resources[*i].definer == Definer::Third;
        let third: Vec<usize> = (0..resources.len()).filter(third).collect();
        if third.is_empty() {
            return;
        }
        let begin = self.head.len();
        put!(self.head, "    (import \"third\" (instance $third");
        for i in &third {
            self.head.push_str(&resource_type(*i));
        }
        put!(self.head, "    ))");
        self.imports += &self.head[begin..];
        for i in third {
            let alias = format!("    (alias export $third \"r{i}\" (type $r{i}))\n");
            self.head += &alias;
            self.imports += &alias;
            self.resource_functions(i, "", "third");
        }
    }

    /// The core functions for an imported resource.
    fn resource_functions(&mut self, i: usize, suffix: &str, from: &str) {
        let ty = "(param i32) (result i32)";
        for what in ["make", "peek"] {
            let lower = format!("(canon lower (func ${from} \"{what}-r{i}\"))");
            self.core_function(&format!("{what}{i}{suffix}"), ty, &lower);
        }
        let drop = format!("(canon resource.drop $r{i}{suffix})");
        self.core_function(&format!("drop{i}{suffix}"), "(param i32)", &drop);
    }

    /// Defines the resources of `definer`, with functions to make them and to look inside.
    pub fn define_resources(&mut self, definer: Definer) {
        for (i, resource) in self.interface.resources.iter().enumerate() {
            if resource.definer != definer {
                continue;
            }
            let mut destructor = String::new();
            if resource.destructor {
                put!(
                    self.head,
                    "    (core func $dlog{i} (canon lower (func $log)))
    (core module $D{i} (import \"\" \"log\" (func $log (param i64)))
      (func (export \"drop\") (param i32)
        (call $log (i64.add (i64.const {}) (i64.extend_i32_u (local.get 0))))))
    (core instance $d{i} (instantiate $D{i} (with \"\" (instance (export \"log\" (func $dlog{i}))))))",
                    0xd_0000_0000_u64 + ((i as u64) << 40)
                );
                destructor = format!(" (dtor (core func $d{i} \"drop\"))");
            }
            put!(
                self.head,
                "    (type $o{i} (resource (rep i32){destructor}))\n    (export $r{i} \"r{i}\" (type $o{i}))"
            );
            let ty = "(param i32) (result i32)";
            self.core_function(
                &format!("make{i}"),
                ty,
                &format!("(canon resource.new $o{i})"),
            );
            self.core_function(
                &format!("peek{i}"),
                ty,
                &format!("(canon resource.rep $o{i})"),
            );
            let drop = format!("(canon resource.drop $o{i})");
            self.core_function(&format!("drop{i}"), "(param i32)", &drop);
            put!(
                self.module,
                "    (func (export \"make-r{i}\") (param i32) (result i32) (call $make{i} (local.get 0)))
    (func (export \"peek-r{i}\") (param i32) (result i32) (local.get 0))"
            );
            put!(
                self.tail,
                "    (func (export \"make-r{i}\") (param \"rep\" u32) (result (own $r{i}))
      (canon lift (core func $main \"make-r{i}\")))
    (func (export \"peek-r{i}\") (param \"h\" (borrow $r{i})) (result u32)
      (canon lift (core func $main \"peek-r{i}\")))"
            );
        }
    }

    /// Exports the named types: its own ones, or those of an imported instance.
    pub fn export_types(&mut self, import: Option<&str>) {
        for (i, named) in self.interface.named.iter().enumerate() {
            match import {
                None => put!(
                    self.head,
                    "    (type $u{i} {})",
                    named_text(self.interface, named, "")
                ),
                Some(import) => {
                    put!(
                        self.head,
                        "    (alias export ${import} \"t{i}\" (type $u{i}))"
                    );
                }
            }
            put!(self.head, "    (export $t{i} \"t{i}\" (type $u{i}))");
        }
    }

    /// Exports a core function of the module as a function of the interface.
    pub fn lift(&mut self, i: usize) {
        let post_return = match self.interface.functions[i].post_return {
            true => format!(" (post-return (core func $main \"post{i}\"))"),
            false => String::new(),
        };
        put!(
            self.tail,
            "    (func (export \"f{i}\") {}\n      (canon lift (core func $main \"f{i}\") {}{post_return}))",
            function_text(self.interface, i, ""),
            self.options()
        );
    }

    /// The name that the functions of a resource end with, for a guest that has imported the
    /// interface with a suffix.
    pub fn resource_name(interface: &Interface, i: usize, suffix: &str) -> String {
        match interface.resources[i].definer {
            Definer::Third => i.to_string(),
            Definer::Callee => format!("{i}{suffix}"),
        }
    }

    /// Code that makes the handles of an image, each into the local `$h` and its number.
    pub fn make_handles(&self, image: &Image, suffix: &str, code: &mut String) {
        for (i, handle) in image.handles.iter().enumerate() {
            let name = |resource| Guest::resource_name(self.interface, resource, suffix);
            let new = |resource, rep: u32| {
                format!("(call $make{} (i32.const {}))", name(resource), rep as i32)
            };
            let value = match &handle.from {
                From::New(rep) => new(handle.resource, *rep),
                From::NewOf(resource, rep) => new(*resource, *rep),
                From::Same(other) => format!("(local.get $h{other})"),
                From::Dropped(rep) => format!(
                    "(local.tee $h{i} {}) (call $drop{} (local.get $h{i}))",
                    new(handle.resource, *rep),
                    name(handle.resource)
                ),
                From::Nonsense(bits) => format!("(i32.const {})", *bits as i32),
            };
            put!(code, "      {value} (local.set $h{i})");
            for place in &handle.places {
                put!(
                    code,
                    "      (i32.store (i32.const {place}) (local.get $h{i}))"
                );
            }
        }
    }

    /// The locals for the handles of an image.
    pub fn handle_locals(image: &Image) -> String {
        (0..image.handles.len()).fold(String::new(), |text, i| {
            text + &format!(" (local $h{i} i32)")
        })
    }

    /// The finished component, and what a component around it imports.
    pub fn finish(mut self, random: &mut Random) -> (String, String) {
        let end = self.image.allocate(random, 0, 16);
        let brk = if self.full { MEMORY } else { end };
        let bad = match self.bad_realloc {
            None => String::new(),
            Some((call, bad)) => format!(
                "(if (i32.eq (global.get $calls) (i32.const {call})) (then {}))",
                match bad {
                    BadRealloc::Misaligned => "(return (i32.const 1025))",
                    BadRealloc::OutOfBounds => "(return (i32.const -16))",
                    BadRealloc::Traps => "unreachable",
                }
            ),
        };
        let data: String = self
            .image
            .bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("\\{byte:02x}"));
        let Guest {
            name,
            head,
            canons,
            core_imports,
            core_arguments,
            module,
            tail,
            ..
        } = &self;
        let text = format!(
            "  (component ${name}
{head}    (core func $log' (canon lower (func $log)))
    (core module $Libc
      (memory (export \"mem\") {PAGES})
      (global $brk (mut i32) (i32.const {brk}))
      (global $calls (mut i32) (i32.const 0))
      (global $sum (mut i64) (i64.const 0))
      (func (export \"sum\") (result i64) (global.get $sum))
      (func (export \"realloc\") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
        (local $p i32)
        (global.set $sum (i64.add (i64.mul (global.get $sum) (i64.const 31))
          (i64.extend_i32_u (i32.add (i32.mul (local.get $align) (i32.const 65537)) (local.get $size)))))
        {bad}
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (local.set $p (i32.and (i32.add (global.get $brk) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
        (global.set $brk (i32.add (local.get $p) (local.get $size)))
        (if (i32.gt_u (global.get $brk) (i32.shl (memory.size) (i32.const 16))) (then
          (if (i32.eq (i32.const -1) (memory.grow (i32.sub
              (i32.shr_u (i32.add (global.get $brk) (i32.const 65535)) (i32.const 16)) (memory.size))))
            (then unreachable))))
        (if (local.get $old) (then
          (memory.copy (local.get $p) (local.get $old)
            (select (local.get $had) (local.get $size) (i32.lt_u (local.get $had) (local.get $size))))))
        (local.get $p)))
    (core instance $libc (instantiate $Libc))
    (alias core export $libc \"mem\" (core memory $mem))
    (alias core export $libc \"realloc\" (core func $realloc))
{canons}    (core module $Main
      (import \"\" \"mem\" (memory 1))
      (import \"\" \"sum\" (func $sum (result i64)))
      (import \"\" \"log\" (func $log (param i64)))
{core_imports}      (global $posts (mut i64) (i64.const 0))
      (func $hash (param $p i32) (param $n i32) (result i64) (local $h i64)
        (block $done (loop $next
          (br_if $done (i32.eqz (local.get $n)))
          (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 1099511628211)) (i64.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $next)))
        (local.get $h))
{module}      (data (i32.const {IMAGE}) \"{data}\"))
    (core instance $main (instantiate $Main (with \"\" (instance
      (export \"mem\" (memory $mem)) (export \"sum\" (func $libc \"sum\")) (export \"log\" (func $log'))
{core_arguments}    ))))
{tail}  )
"
        );
        (text, self.imports)
    }
}

/// The imported form of a resource, with its functions.
fn resource_type(i: usize) -> String {
    format!(
        "      (export \"r{i}\" (type $r{i} (sub resource)))
      (export \"make-r{i}\" (func (param \"rep\" u32) (result (own $r{i}))))
      (export \"peek-r{i}\" (func (param \"h\" (borrow $r{i})) (result u32)))\n"
    )
}

/// Code that leaves a slot on the stack.
pub fn slot_text(slot: &Slot) -> String {
    match slot {
        Slot::Bits(Core::I32, bits) => format!("(i32.const {})", *bits as i32),
        Slot::Bits(Core::I64, bits) => format!("(i64.const {})", *bits as i64),
        Slot::Bits(Core::F32, bits) => {
            format!("(f32.reinterpret_i32 (i32.const {}))", *bits as i32)
        }
        Slot::Bits(Core::F64, bits) => {
            format!("(f64.reinterpret_i64 (i64.const {}))", *bits as i64)
        }
        Slot::Handle(Core::I64, handle) => format!("(i64.extend_i32_u (local.get $h{handle}))"),
        Slot::Handle(Core::F32, handle) => format!("(f32.reinterpret_i32 (local.get $h{handle}))"),
        Slot::Handle(_, handle) => format!("(local.get $h{handle})"),
    }
}

/// Parameters and result of a function.
fn function_text(interface: &Interface, i: usize, suffix: &str) -> String {
    let function = &interface.functions[i];
    let mut text = String::new();
    for (i, ty) in function.params.iter().enumerate() {
        text += &format!("(param \"a{i}\" {}) ", type_text(interface, ty, suffix));
    }
    if let Some(result) = &function.result {
        text += &format!("(result {})", type_text(interface, result, suffix));
    }
    text
}

fn named_text(interface: &Interface, named: &Named, suffix: &str) -> String {
    let ty = |ty: &Type| type_text(interface, ty, suffix);
    let list = |what: &str, items: &mut dyn Iterator<Item = String>| {
        items.fold(format!("({what}"), |text, item| text + " " + &item) + ")"
    };
    match named {
        Named::Record(fields) => list(
            "record",
            &mut (fields.iter().enumerate()).map(|(i, t)| format!("(field \"x{i}\" {})", ty(t))),
        ),
        Named::Variant(cases) => list(
            "variant",
            &mut (cases.iter().enumerate()).map(|(i, t)| match t {
                Some(t) => format!("(case \"x{i}\" {})", ty(t)),
                None => format!("(case \"x{i}\")"),
            }),
        ),
        Named::Enum(count) => list("enum", &mut (0..*count).map(|i| format!("\"x{i}\""))),
        Named::Flags(count) => list("flags", &mut (0..*count).map(|i| format!("\"x{i}\""))),
    }
}

fn type_text(interface: &Interface, ty: &Type, suffix: &str) -> String {
    let text = |ty: &Type| type_text(interface, ty, suffix);
    match ty {
        Type::Scalar(shape) => match shape {
            Shape::Bool => "bool",
            Shape::U8 => "u8",
            Shape::S8 => "s8",
            Shape::U16 => "u16",
            Shape::S16 => "s16",
            Shape::U32 => "u32",
            Shape::S32 => "s32",
            Shape::U64 => "u64",
            Shape::S64 => "s64",
            Shape::F32 => "f32",
            Shape::F64 => "f64",
            Shape::Char => "char",
            other => unreachable!("{other:?} is no scalar"),
        }
        .to_owned(),
        Type::String => "string".to_owned(),
        Type::List(element) => format!("(list {})", text(element)),
        Type::FixedList(element, n) => format!("(list {} {n})", text(element)),
        Type::Map(key, value) => format!("(map {} {})", text(key), text(value)),
        Type::Tuple(fields) => {
            let fields = fields.iter().map(text);
            fields.fold("(tuple".to_owned(), |all, field| all + " " + &field) + ")"
        }
        Type::Option(ty) => format!("(option {})", text(ty)),
        Type::Result(ok, error) => {
            let ok = ok.as_ref().map_or(String::new(), |ty| text(ty));
            let error = error
                .as_ref()
                .map_or(String::new(), |ty| format!("(error {})", text(ty)));
            format!("(result {ok} {error})")
        }
        Type::Named(i) => format!("$t{i}{suffix}"),
        Type::Own(i) => format!("(own $r{})", Guest::resource_name(interface, *i, suffix)),
        Type::Borrow(i) => format!("(borrow $r{})", Guest::resource_name(interface, *i, suffix)),
    }
}
