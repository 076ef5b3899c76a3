//! No tests: worlds of random types, as components that give back what they get, for the suites of glue.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use p1bridge::wrap::{World, WrapOptions, wrap};
use p1bridge_tests::random::numbers::Random;

/// A type of WIT.
#[derive(Clone, Debug)]
pub enum Type {
    /// The name, and whether it is a float.
    Number(&'static str),
    Bool,
    Char,
    Text,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Option(Box<Type>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    Tuple(Vec<Type>),
    Record(usize, Vec<Type>),
    Variant(usize, Vec<Option<Type>>),
    Enum(usize, usize),
    Flags(usize, usize),
}

/// The types of one interface.
#[derive(Default)]
struct Types {
    /// The definitions in WIT.
    text: String,
    count: usize,
}

impl Types {
    fn random(&mut self, random: &mut Random, depth: usize) -> Type {
        let inner = |this: &mut Self, random: &mut Random| Box::new(this.random(random, depth - 1));
        match random.below(if depth == 0 { 4 } else { 14 }) {
            0 => Type::Bool,
            1 => Type::Char,
            2 => Type::Text,
            3 => Type::Number(random.pick(&[
                "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64",
            ])),
            4 | 5 => Type::List(inner(self, random)),
            6 => Type::Option(inner(self, random)),
            7 => {
                let mut side = |this: &mut Self| {
                    random
                        .percent(70)
                        .then(|| Box::new(this.random(random, depth - 1)))
                };
                let (ok, err) = (side(self), side(self));
                Type::Result(ok, err)
            }
            8 => {
                let count = 1 + random.below(3);
                Type::Tuple((0..count).map(|_| self.random(random, depth - 1)).collect())
            }
            9 => {
                let count = 1 + random.below(4);
                let fields: Vec<Type> =
                    (0..count).map(|_| self.random(random, depth - 1)).collect();
                let text: Vec<String> = fields
                    .iter()
                    .enumerate()
                    .map(|(i, ty)| format!("x{i}: {}", ty.wit()))
                    .collect();
                Type::Record(self.define("record", &text), fields)
            }
            10 => {
                let count = 1 + random.below(4);
                let cases: Vec<Option<Type>> = (0..count)
                    .map(|_| random.percent(65).then(|| self.random(random, depth - 1)))
                    .collect();
                let text: Vec<String> = cases
                    .iter()
                    .enumerate()
                    .map(|(i, ty)| match ty {
                        Some(ty) => format!("c{i}({})", ty.wit()),
                        None => format!("c{i}"),
                    })
                    .collect();
                Type::Variant(self.define("variant", &text), cases)
            }
            11 => {
                let count = random.pick(&[1, 3, 255, 256, 257]);
                let text: Vec<String> = (0..count).map(|i| format!("e{i}")).collect();
                Type::Enum(self.define("enum", &text), count)
            }
            12 => {
                let key = match random.below(3) {
                    0 => Type::Text,
                    1 => Type::Char,
                    _ => Type::Number(random.pick(&["u8", "s16", "u64"])),
                };
                Type::Map(Box::new(key), inner(self, random))
            }
            _ => {
                let count = random.pick(&[1, 8, 9, 16, 17, 32]);
                let text: Vec<String> = (0..count).map(|i| format!("f{i}")).collect();
                Type::Flags(self.define("flags", &text), count)
            }
        }
    }

    fn define(&mut self, what: &str, parts: &[String]) -> usize {
        let n = self.count;
        self.count += 1;
        writeln!(self.text, "  {what} t{n} {{ {} }}", parts.join(", ")).expect("a string");
        n
    }
}

impl Type {
    /// How WIT has it.
    pub fn wit(&self) -> String {
        let optional = |ty: &Option<Box<Type>>| ty.as_ref().map_or("_".to_string(), |ty| ty.wit());
        match self {
            Type::Number(name) => (*name).to_string(),
            Type::Bool => "bool".into(),
            Type::Char => "char".into(),
            Type::Text => "string".into(),
            Type::List(ty) => format!("list<{}>", ty.wit()),
            Type::Map(key, ty) => format!("map<{}, {}>", key.wit(), ty.wit()),
            Type::Option(ty) => format!("option<{}>", ty.wit()),
            Type::Result(None, None) => "result".into(),
            Type::Result(ok, None) => format!("result<{}>", optional(ok)),
            Type::Result(ok, err) => format!("result<{}, {}>", optional(ok), optional(err)),
            Type::Tuple(types) => {
                let types: Vec<String> = types.iter().map(Type::wit).collect();
                format!("tuple<{}>", types.join(", "))
            }
            Type::Record(n, _) | Type::Variant(n, _) | Type::Enum(n, _) | Type::Flags(n, _) => {
                format!("t{n}")
            }
        }
    }
}

const FUNCTIONS: usize = 6;

/// A world of random types, as a component that passes its export through to its import.
pub fn pass_through(random: &mut Random) -> Result<(Vec<u8>, Vec<Type>)> {
    let mut types = Types::default();
    let functions: Vec<Type> = (0..FUNCTIONS).map(|_| types.random(random, 3)).collect();
    let list: String = functions
        .iter()
        .enumerate()
        .map(|(i, ty)| format!("  f{i}: func(x: {0}) -> {0};\n", ty.wit()))
        .collect();
    let component = passes_on(&format!("{}{list}", types.text))?;
    Ok((component, functions))
}

/// A component that imports an interface, and exports another one with the same items, whose functions pass on what they get.
pub fn passes_on(items: &str) -> Result<Vec<u8>> {
    let interface = |name: &str| format!("interface {name} {{\n{items}}}\n");
    let wit = format!(
        "package t:t;\n{}{}world echo {{ import a; export b; }}\n",
        interface("a"),
        interface("b")
    );
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("echo.wit"), &wit)?;
    let world = World::read(folder.path(), None)?;
    echo_component(&world).with_context(|| wit.clone())
}

/// A component of the world whose core module passes everything on: what it gets it gives.
fn echo_component(world: &World) -> Result<Vec<u8>> {
    let (resolve, id) = world.parts();
    let mut body = String::new();
    let mut imports = String::new();
    let a = resolve.worlds[id]
        .imports
        .values()
        .find_map(|item| match item {
            wit_parser::WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        });
    let a = &resolve.interfaces[a.context("the import")?];
    use wit_parser::abi::{AbiVariant, WasmType};
    let name = |ty: &WasmType| match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    };
    for (at, func) in a.functions.values().enumerate() {
        let import = resolve.wasm_signature(AbiVariant::GuestImport, func);
        let export = resolve.wasm_signature(AbiVariant::GuestExport, func);
        let list = |what: &str, types: &[WasmType]| -> String {
            types
                .iter()
                .map(|ty| format!("({what} {}) ", name(ty)))
                .collect()
        };
        writeln!(
            imports,
            "(import \"t:t/a\" \"{}\" (func $f{at} {}{}))",
            func.name,
            list("param", &import.params),
            list("result", &import.results)
        )?;
        let mut call: String = (0..export.params.len())
            .map(|i| format!("(local.get {i}) "))
            .collect();
        let mut result = String::new();
        if import.retptr {
            call += "(i32.const 256)";
            result = "(i32.const 256)".into();
        }
        writeln!(
            body,
            "(func (export \"t:t/b#{}\") {}{} {call} (call $f{at}) {result})",
            func.name,
            list("param", &export.params),
            list("result", &export.results)
        )?;
    }
    // Every allocation grows the memory, which moves it on the host.
    let module = format!(
        r#"(module {imports} (memory (export "memory") 1) (global $next (mut i32) (i32.const 4096))
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
            (drop (memory.grow (i32.const 1)))
            (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
              (i32.sub (i32.const 0) (local.get 2))))
            (global.set $next (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
          {body})"#
    );
    let options = WrapOptions {
        world: Some(world.clone()),
        ..WrapOptions::default()
    };
    Ok(wrap(&wat::parse_str(&module).context(module)?, &options)?.component)
}
