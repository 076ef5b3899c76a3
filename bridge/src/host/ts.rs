//! Declarations for TypeScript of what glue in JavaScript has.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use wit_parser::{
    Function, FunctionKind, Handle, IndexMap, InterfaceId, Resolve, Type, TypeDefKind, TypeId,
    TypeOwner, World, WorldItem,
};

use super::c::put;
use super::functions::Item;
use super::js::{Interface, key, lower_camel, quoted};
use super::names::{camel, names, unique};
use super::types::{plain, resource};

/// What no parameter may be called.
const RESERVED: &[&str] = &[
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// What no type may be called: what declarations use themselves.
const RESERVED_TYPES: &[&str] = &[
    "Array",
    "ArrayBuffer",
    "ArrayBufferView",
    "BigInt64Array",
    "BigUint64Array",
    "ComponentError",
    "Error",
    "Exports",
    "Float32Array",
    "Float64Array",
    "ImportObject",
    "Imports",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Named",
    "Symbol",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "WebAssembly",
];

fn parameter(name: &str) -> String {
    let name = lower_camel(name);
    match RESERVED.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name,
    }
}

/// The declarations of an interface, or of the world itself.
#[derive(Default)]
struct Scope {
    name: String,
    taken: HashSet<String>,
    types: String,
    classes: IndexMap<TypeId, Class>,
    /// The functions and classes.
    imports: String,
    exports: String,
}

#[derive(Default)]
struct Class {
    methods: String,
    /// The constructor and static functions.
    statics: String,
    is_of_guest: bool,
}

/// All declarations; they are added where they are used.
pub struct Declarations<'r> {
    resolve: &'r Resolve,
    /// None is the world itself.
    scopes: IndexMap<Option<InterfaceId>, Scope>,
    named: HashMap<TypeId, String>,
    imported: HashSet<InterfaceId>,
}

impl<'r> Declarations<'r> {
    pub fn new(resolve: &'r Resolve, world: &World) -> Declarations<'r> {
        let mut taken: HashSet<String> = RESERVED_TYPES.iter().map(ToString::to_string).collect();
        let mut scopes = IndexMap::default();
        scopes.insert(None, Scope::default());
        let mut imported = HashSet::new();
        for item in world.imports.values() {
            if let WorldItem::Interface { id, .. } = item {
                imported.insert(*id);
            }
        }
        for (key, item) in world.imports.iter().chain(&world.exports) {
            let WorldItem::Interface { id, .. } = item else {
                continue;
            };
            if scopes.contains_key(&Some(*id)) {
                continue;
            }
            let name = resolve.name_world_key(key);
            let name = name.split('@').next().unwrap_or_default();
            let name = unique(&mut taken, camel(&name.replace([':', '/'], "-")));
            let scope = Scope {
                name,
                ..Scope::default()
            };
            scopes.insert(Some(*id), scope);
        }
        for scope in scopes.values_mut() {
            scope.taken.clone_from(&taken);
        }
        Declarations {
            resolve,
            scopes,
            named: HashMap::new(),
            imported,
        }
    }

    fn scope(&mut self, id: Option<InterfaceId>) -> &mut Scope {
        self.scopes.entry(id).or_default()
    }

    fn owner(&self, id: TypeId) -> Option<InterfaceId> {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(id) => Some(id),
            _ => None,
        }
    }

    /// A type as it is seen from an interface.
    fn ty(&mut self, ty: &Type, from: Option<InterfaceId>) -> String {
        let id = match plain(self.resolve, *ty) {
            Type::Id(id) => id,
            Type::Bool => return "boolean".into(),
            Type::U64 | Type::S64 => return "bigint".into(),
            Type::Char | Type::String => return "string".into(),
            _ => return "number".into(),
        };
        match self.resolve.types[id].name {
            Some(_) => self.name(id, from),
            None => self.structure(id, from),
        }
    }

    fn optional(&mut self, ty: &Option<Type>, from: Option<InterfaceId>) -> Option<String> {
        ty.as_ref().map(|ty| self.ty(ty, from))
    }

    /// The name of a type as it is seen from an interface.
    fn name(&mut self, id: TypeId, from: Option<InterfaceId>) -> String {
        let owner = self.owner(id);
        let name = match self.named.get(&id) {
            Some(name) => name.clone(),
            None => self.declare(id, owner),
        };
        match owner {
            Some(_) if owner != from => format!("{}.{name}", self.scope(owner).name),
            _ => name,
        }
    }

    fn declare(&mut self, id: TypeId, owner: Option<InterfaceId>) -> String {
        let resolve = self.resolve;
        let def = &resolve.types[id];
        let wanted = camel(def.name.as_deref().unwrap_or_default());
        let name = unique(&mut self.scope(owner).taken, wanted);
        self.named.insert(id, name.clone());
        let mut text = String::new();
        match &def.kind {
            TypeDefKind::Record(record) => {
                put!(text, "export interface {name} {{");
                let keys = names(record.fields.iter().map(|f| f.name.as_str()), lower_camel);
                for (key, field) in keys.iter().zip(&record.fields) {
                    let mark = match is_nullable(resolve, &field.ty) {
                        true => "?",
                        false => "",
                    };
                    put!(text, "{key}{mark}: {};", self.ty(&field.ty, owner));
                }
                put!(text, "}}");
            }
            TypeDefKind::Flags(flags) => {
                put!(text, "export interface {name} {{");
                for label in names(flags.flags.iter().map(|f| f.name.as_str()), lower_camel) {
                    put!(text, "{label}?: boolean;");
                }
                put!(text, "}}");
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases: Vec<(&str, Option<String>)> = cases
                    .map(|case| (case.name.as_str(), self.optional(&case.ty, owner)))
                    .collect();
                put!(text, "export type {name} = {};", tagged(&cases, false));
            }
            TypeDefKind::Enum(of) => {
                let cases: Vec<String> = of.cases.iter().map(|case| quoted(&case.name)).collect();
                put!(text, "export type {name} = {};", cases.join(" | "));
            }
            TypeDefKind::Resource => {
                let imported = owner.is_some_and(|id| self.imported.contains(&id));
                let class = Class {
                    is_of_guest: !imported,
                    ..Class::default()
                };
                self.scope(owner).classes.insert(id, class);
            }
            _ => put!(text, "export type {name} = {};", self.structure(id, owner)),
        }
        self.scope(owner).types += &text;
        name
    }

    /// A type without a name.
    fn structure(&mut self, id: TypeId, from: Option<InterfaceId>) -> String {
        let resolve = self.resolve;
        match &resolve.types[id].kind {
            TypeDefKind::List(ty) => match plain(resolve, *ty) {
                Type::U8 => "Uint8Array".into(),
                Type::S8 => "Int8Array".into(),
                Type::U16 => "Uint16Array".into(),
                Type::S16 => "Int16Array".into(),
                Type::U32 => "Uint32Array".into(),
                Type::S32 => "Int32Array".into(),
                Type::U64 => "BigUint64Array".into(),
                Type::S64 => "BigInt64Array".into(),
                Type::F32 => "Float32Array".into(),
                Type::F64 => "Float64Array".into(),
                _ => format!("Array<{}>", self.ty(ty, from)),
            },
            TypeDefKind::FixedLengthList(ty, _) => format!("Array<{}>", self.ty(ty, from)),
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(|ty| self.ty(ty, from)).collect();
                format!("[{}]", types.join(", "))
            }
            TypeDefKind::Option(ty) => match is_nullable(resolve, ty) {
                true => tagged(&[("none", None), ("some", Some(self.ty(ty, from)))], false),
                false => format!("{} | undefined", self.ty(ty, from)),
            },
            TypeDefKind::Result(result) => {
                let ok = self.optional(&result.ok, from);
                let err = self.optional(&result.err, from);
                tagged(&[("ok", ok), ("err", err)], true)
            }
            TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) => {
                self.name(resource(resolve, *of), from)
            }
            _ => "never".into(),
        }
    }

    /// A resource that is there, even if no function has it.
    pub fn resource(&mut self, id: TypeId) {
        self.name(id, self.owner(id));
    }

    /// A function that the host has, or the module; `of` is its resource.
    pub fn function(&mut self, item: &Item<'_>, of: Option<TypeId>, name: &str, import: bool) {
        let from = item.interface;
        let (params, result, thrown) = self.signature(item.func, from);
        let note = match thrown {
            Some(thrown) if import => format!("/** May throw the error: {thrown}. */\n"),
            Some(thrown) => format!("/** @throws ComponentError with the payload {thrown}. */\n"),
            None => String::new(),
        };
        // An interface takes `new` for its constructor.
        let name = match name {
            "new" => quoted(name),
            name => name.to_string(),
        };
        let Some(of) = of else {
            let scope = self.scope(from);
            match (from, import) {
                (None, true) => {
                    let given = format!("({params}) => {result}");
                    let mut keys = vec![quoted(&item.func.name), quoted(&name)];
                    keys.dedup();
                    put!(
                        scope.imports,
                        "& Named<{}, ({given}) | {{ default: {given} }}>",
                        keys.join(" | ")
                    );
                }
                (_, true) => put!(scope.imports, "{note}{name}({params}): {result};"),
                (_, false) => put!(scope.exports, "{note}{name}({params}): {result};"),
            }
            return;
        };
        let of = resource(self.resolve, of);
        self.resource(of);
        let owner = self.owner(of);
        let Some(class) = self.scope(owner).classes.get_mut(&of) else {
            return;
        };
        match item.func.kind {
            FunctionKind::Constructor(_) => {
                put!(class.statics, "{note}new ({params}): {result};");
            }
            FunctionKind::Static(_) | FunctionKind::AsyncStatic(_) => {
                put!(class.statics, "{note}{name}({params}): {result};");
            }
            _ => put!(class.methods, "{note}{name}({params}): {result};"),
        }
    }

    /// Parameters, result, and what a result of WIT throws.
    fn signature(
        &mut self,
        func: &Function,
        from: Option<InterfaceId>,
    ) -> (String, String, Option<String>) {
        let is_method = matches!(
            func.kind,
            FunctionKind::Method(_) | FunctionKind::AsyncMethod(_)
        );
        let given = || func.params.iter().skip(usize::from(is_method));
        let mut params = Vec::new();
        for (name, param) in names(given().map(|p| p.name.as_str()), parameter)
            .iter()
            .zip(given())
        {
            params.push(format!("{name}: {}", self.ty(&param.ty, from)));
        }
        let result = match &func.result {
            Some(ty) => match plain(self.resolve, *ty) {
                Type::Id(id) => match &self.resolve.types[id].kind {
                    TypeDefKind::Result(result) => Err((result.ok, result.err)),
                    _ => Ok(Some(*ty)),
                },
                _ => Ok(Some(*ty)),
            },
            None => Ok(None),
        };
        let (result, thrown) = match result {
            Ok(ty) => (self.optional(&ty, from), None),
            Err((ok, err)) => {
                let err = self.optional(&err, from);
                let err = err.unwrap_or_else(|| "undefined".into());
                (self.optional(&ok, from), Some(err))
            }
        };
        let result = result.unwrap_or_else(|| "void".into());
        (params.join(", "), result, thrown)
    }

    /// The file.
    pub fn finish(mut self, world: &str, imports: &[Interface], exports: &[Interface]) -> String {
        for id in self.scopes.keys().copied().collect::<Vec<_>>() {
            self.classes(id);
        }
        let root = match camel(world) {
            name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name,
            name => format!("World{name}"),
        };
        let own = self.scopes.shift_remove(&None).unwrap_or_default();
        let mut taken = own.taken;
        let root = unique(&mut taken, root);
        let mut text = format!(
            "// The host's side of the world {world}. Written by `p1bridge host`: do not change it, make it again.
/// <reference lib=\"esnext.disposable\" />

/** What a function of the module throws that gives an error. */
export class ComponentError extends Error {{
constructor(payload: unknown);
readonly payload: any;
}}
"
        );
        text += &own.types;
        for scope in self.scopes.values() {
            let parts = [
                (&scope.types, ""),
                (&scope.imports, "Imports"),
                (&scope.exports, "Exports"),
            ];
            if parts.iter().all(|(part, _)| part.is_empty()) {
                continue;
            }
            put!(text, "\nexport namespace {} {{", scope.name);
            for (part, name) in parts {
                match (part.is_empty(), name) {
                    (true, _) => {}
                    (false, "") => text += part,
                    (false, _) => put!(text, "export interface {name} {{\n{part}}}"),
                }
            }
            put!(text, "}}");
        }
        let named = |scopes: &IndexMap<Option<InterfaceId>, Scope>, interface: &Interface| {
            let scope = interface.id.and_then(|id| scopes.get(&Some(id)));
            scope.map(|scope| scope.name.clone())
        };
        let mut provided = own.imports;
        for interface in imports {
            let Some(name) = named(&self.scopes, interface) else {
                continue;
            };
            let keys: Vec<String> = interface.names.iter().map(|name| quoted(name)).collect();
            put!(provided, "& Named<{}, {name}.Imports>", keys.join(" | "));
        }
        let is_needed = match provided.is_empty() {
            true => "?",
            false => "",
        };
        let mut exported = own.exports;
        for interface in exports {
            let Some(name) = named(&self.scopes, interface) else {
                continue;
            };
            for one in &interface.names {
                put!(exported, "{}: {name}.Exports;", key(one));
            }
        }
        put!(
            text,
            "
/** Something by one of its names. */
type Named<Names extends string, Of> = Names extends string ? {{ [name in Names]: Of }} : never;

/** What the host provides, and other modules, such as `wasi_snapshot_preview1`. */
export type ImportObject = {{ [name: string]: unknown }}{};

/** What the module exports. */
export interface {root} {{
{exported}}}

/**
* An instance of the module. `source` has its bytes, or is the module. `instantiateCore` makes the instance of the core module; who
* wants to have that makes it there.
*/
export function instantiate(
source: ArrayBuffer | ArrayBufferView | WebAssembly.Module,
imports{is_needed}: ImportObject,
instantiateCore?: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
): {root};",
            provided.lines().map(|line| format!("\n{line}")).collect::<String>()
        );
        indented(&text)
    }

    /// Declares the classes of a scope, and adds them to what it has.
    fn classes(&mut self, id: Option<InterfaceId>) {
        let scope = self.scope(id);
        let classes = std::mem::take(&mut scope.classes);
        for (ty, class) in classes {
            // The class has its name in JavaScript, whatever the type is called.
            let known = camel(self.resolve.types[ty].name.as_deref().unwrap_or_default());
            let name = self.named.get(&ty).cloned().unwrap_or_default();
            let scope = self.scopes.entry(id).or_default();
            let class_name = unique(&mut scope.taken, format!("{name}Class"));
            let end = match class.is_of_guest {
                true => "[Symbol.dispose](): void;\n",
                false => "[Symbol.dispose]?(): void;\n",
            };
            // Who implements a class says more of it: nothing here can say how else one is made.
            let statics = match (class.is_of_guest, class.statics.contains("new (")) {
                (false, false) => format!("new (...given: any): {name};\n{}", class.statics),
                _ => format!("readonly prototype: {name};\n{}", class.statics),
            };
            put!(
                scope.types,
                "export interface {name} {{\n{}{end}}}\nexport interface {class_name} {{\n{statics}}}",
                class.methods
            );
            let to = match class.is_of_guest {
                true => &mut scope.exports,
                false => &mut scope.imports,
            };
            put!(to, "{known}: {class_name};");
        }
    }
}

/// Whether nothing of it is `undefined`.
fn is_nullable(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = plain(resolve, *ty) else {
        return false;
    };
    match &resolve.types[id].kind {
        TypeDefKind::Option(ty) => !is_nullable(resolve, ty),
        _ => false,
    }
}

/// One of several with tags; results may leave out a value that they have not.
fn tagged(cases: &[(&str, Option<String>)], is_result: bool) -> String {
    let cases = cases.iter().map(|(name, ty)| match ty {
        Some(ty) => format!("{{ tag: {}, val: {ty} }}", quoted(name)),
        None if is_result => format!("{{ tag: {}, val?: undefined }}", quoted(name)),
        None => format!("{{ tag: {} }}", quoted(name)),
    });
    cases.collect::<Vec<_>>().join(" | ")
}

/// Indents by braces and brackets at the ends of lines.
fn indented(text: &str) -> String {
    let (mut made, mut depth) = (String::new(), 0usize);
    for line in text.lines() {
        depth = depth.saturating_sub(usize::from(line.starts_with(['}', ')'])));
        let more = match line.chars().next() {
            Some('*') => " ",
            Some('&') => "  ",
            _ => "",
        };
        match line.is_empty() {
            true => made.push('\n'),
            false => put!(made, "{}{more}{line}", "  ".repeat(depth)),
        }
        depth += usize::from(line.ends_with(['{', '(']) && !line.starts_with(['/', '*']));
    }
    made
}
