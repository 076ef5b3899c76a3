//! Glue in Rust: types, traits of what the host has, and functions that call what the module has, on the crate
//! `p1bridge-host`. That crate lifts and lowers; what is written here says how the types of the world lie.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::{
    FlagsRepr, Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId,
    TypeOwner, WorldItem, WorldKey,
};

use super::c::put;
use super::functions::{
    Item, Items, check, core_type, functions, is_of_guest, only_exported, resources,
};
use super::names::{camel, names, snake, unique};
use super::types::{Layout, element, plain, resource};
use super::{File, HostOptions, Input};

/// What generated code calls the crate.
const LIB: &str = "p1b";

/// Words of Rust that nothing else may be called, and what generated functions call their own.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "guest", "then",
    "exports", "p1b",
];

/// What no type may be called: names that generated code has for its own.
const RESERVED_TYPES: [&str; 10] = [
    "Host", "Option", "Result", "Ok", "Err", "Some", "None", "G", "H", "Out",
];

/// A name for a function, a field, a parameter or a module.
fn lower_name(name: &str) -> String {
    let name = snake(name);
    match RESERVED.contains(&name.as_str()) {
        true => format!("{name}_"),
        false => name,
    }
}

/// A name for a type or a case.
fn case_name(name: &str) -> String {
    match camel(name) {
        all if all == "Self" => "Self_".into(),
        all => all,
    }
}

/// Where a type is written. It says how views look, if there are views.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// It comes from the guest.
    Lifted,
    /// In the declaration of a type.
    Field,
    /// A function of the host gives it.
    Kept,
    /// It is lent to the guest.
    Lent,
}

impl Form {
    fn lifetime(self) -> &'static str {
        match self {
            Form::Lifted | Form::Lent => "'_",
            Form::Field => "'a",
            Form::Kept => "'static",
        }
    }
}

/// A module inside of the file, from the outermost.
type Path = Vec<String>;

/// What a module consists of.
#[derive(Default)]
struct Module {
    text: String,
    /// Traits of the host: what each has.
    traits: BTreeMap<String, Methods>,
    /// What is called on the resources of the guest.
    methods: BTreeMap<String, Methods>,
    taken: HashSet<String>,
}

#[derive(Default)]
struct Methods {
    text: String,
    taken: HashSet<String>,
}

struct Glue<'r> {
    resolve: &'r Resolve,
    layout: Layout<'r>,
    paths: HashMap<InterfaceId, Path>,
    /// The interfaces that only the module has.
    exported: Vec<InterfaceId>,
    modules: BTreeMap<Path, Module>,
    named: HashMap<TypeId, String>,
    declared: HashSet<TypeId>,
    /// The resources of the host, by their numbers.
    kinds: Vec<TypeId>,
    /// All traits of the host, as seen from the outermost module.
    bounds: Vec<String>,
    /// Strings and lists are views, for hosts without an allocator.
    views: bool,
}

/// Writes the file.
///
/// # Errors
///
/// For types that no host can have, by name.
pub fn generate(input: &Input, options: &HostOptions) -> Result<Vec<File>> {
    let (resolve, id) = input.world.parts();
    let world = &resolve.worlds[id];
    if options.prefix.is_some() {
        bail!("--prefix is for C: names in Rust lie in modules");
    }
    let name = options.world.clone().unwrap_or_else(|| world.name.clone());
    let host_resources = resources(resolve, &world.imports);
    let guest_resources = resources(resolve, &world.exports);
    let mut glue = Glue {
        resolve,
        layout: Layout::new(resolve)?,
        paths: HashMap::new(),
        exported: only_exported(resolve, &world.imports, &world.exports)?,
        modules: BTreeMap::new(),
        named: HashMap::new(),
        declared: HashSet::new(),
        kinds: host_resources.iter().map(|dropped| dropped.id).collect(),
        bounds: Vec::new(),
        views: options.views,
    };
    let marker = case_name(&name);
    glue.module(&Path::new()).taken.extend([marker.clone()]);
    glue.place(&world.imports, false);
    glue.place(&world.exports, true);

    let imports = functions(resolve, &world.imports, input, true);
    let exports = functions(resolve, &world.exports, input, false);
    for (items, import) in [(&imports, true), (&exports, false)] {
        check(&glue.layout, items)?;
        for item in items {
            let types = item.func.params.iter().map(|param| &param.ty);
            types
                .chain(&item.func.result)
                .try_for_each(|ty| glue.declare(ty))
                .and_then(|()| countable(item.func))
                .and_then(|()| glue.viewable(item.func, import))
                .with_context(|| format!("{}#{}", item.module, item.func.name))?;
        }
    }
    for dropped in host_resources.iter().chain(&guest_resources) {
        glue.declare(&Type::Id(dropped.id))?;
    }

    let (mut table, mut arms) = (String::new(), String::new());
    for (count, item) in imports.iter().enumerate() {
        let (params, result) = core_type(resolve, item.func, true);
        table += &entry(&item.module, &item.func.name, &params, &result);
        arms += &glue.import(item, count);
    }
    for (n, dropped) in host_resources.iter().enumerate() {
        let name = resolve.types[dropped.id].name.clone().unwrap_or_default();
        table += &entry(&dropped.module, &format!("[resource-drop]{name}"), "i", "");
        let (own, of) = (glue.type_name(dropped.id, &Path::new()), dropped.id);
        let (path, one) = glue.trait_of(of);
        let inner = glue.type_name(of, &path);
        let methods = glue.methods_of_host(&path, &one);
        put!(
            methods.text,
            "/// The guest has dropped its handle of one that was its own.\nfn drop(&mut self, this: {LIB}::Own<{inner}>) -> {LIB}::Result<()>;"
        );
        put!(
            arms,
            "{} => {{
let parts = guest.parts();
match parts.handles.drop_handle::<{own}>(slots)? {{
Some(own) => <H as {}>::drop(parts.host, own),
None => Ok(()),
}}
}}",
            imports.len() + n,
            joined(&path, &one)
        );
    }

    let mut export_table =
        entry("", "cabi_realloc", "iiii", "i") + &entry("", "_initialize", "", "");
    let mut places = 2;
    for item in &exports {
        let (params, result) = core_type(resolve, item.func, false);
        let index = places;
        places += 1;
        export_table += &entry("", &item.exported(), &params, &result);
        let post = match &item.func.result {
            Some(ty) if glue.layout.flat(ty) > 1 => {
                export_table += &entry("", &format!("cabi_post_{}", item.exported()), "i", "");
                places += 1;
                Some(index + 1)
            }
            _ => None,
        };
        glue.export(item, index, post);
    }
    for dropped in &guest_resources {
        let name = resolve.types[dropped.id].name.clone().unwrap_or_default();
        export_table += &entry(
            "",
            &format!("{}#[resource-drop]{name}", dropped.module),
            "i",
            "",
        );
        let path = glue.owner(dropped.id);
        let methods = glue.methods_of_guest(&path, dropped.id);
        put!(
            methods.text,
            "/// Drops it: the guest does not hear of it any more.
///
/// # Errors
///
/// When the guest traps.
pub fn drop<G: {LIB}::Guest>(self, guest: &mut G) -> {LIB}::Result<()> {{
{LIB}::export(guest, {places}, None, &(self,))
}}"
        );
        places += 1;
    }

    let bounds = match glue.bounds.is_empty() {
        true => String::new(),
        false => format!(": {}", glue.bounds.join(" + ")),
    };
    let mut text = format!(
        "// The host's side of the world {name}. Written by `p1bridge host`: do not change it, make it again.
#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(dead_code, non_camel_case_types, unused_variables, clippy::all, clippy::pedantic)]

/// The world {name}.
#[derive(Clone, Copy, Debug)]
pub struct {marker};

impl<H{bounds}> {LIB}::World<H> for {marker} {{
const IMPORTS: &'static [{LIB}::Function] = &[
{table}];
const EXPORTS: &'static [{LIB}::Function] = &[
{export_table}];

fn import<G: {LIB}::Guest<Host = H>>(index: usize, guest: &mut G, slots: &mut [u64]) -> {LIB}::Result<()> {{
match index {{
{arms}_ => Err({LIB}::Error::Missing(\"of another world\")),
}}
}}
}}
"
    );
    glue.write(&mut text, &Path::new());
    Ok(vec![File {
        name: format!("{}.rs", snake(&name)),
        text: indented(&text),
    }])
}

/// Indents by braces and brackets at the ends of lines.
fn indented(text: &str) -> String {
    let (mut made, mut depth) = (String::new(), 0usize);
    for line in text.lines() {
        let closes = line.starts_with(['}', ']', ')']);
        depth = depth.saturating_sub(usize::from(closes));
        match line.is_empty() {
            true => made.push('\n'),
            false => put!(made, "{}{line}", "    ".repeat(depth)),
        }
        let opens = line.ends_with(['{', '[', '(']) && !line.starts_with("//");
        depth += usize::from(opens);
    }
    made
}

fn entry(module: &str, name: &str, params: &str, result: &str) -> String {
    format!(
        "{LIB}::Function {{ module: {module:?}, name: {name:?}, params: {params:?}, result: {result:?} }},\n"
    )
}

fn joined(path: &[String], name: &str) -> String {
    let mut all = path.to_vec();
    all.push(name.to_string());
    all.join("::")
}

/// Refuses what tuples of the crate have no room for.
fn countable(func: &Function) -> Result<()> {
    if func.params.len() > 32 {
        bail!("more than 32 parameters are not supported in Rust; use a record");
    }
    Ok(())
}

impl<'r> Glue<'r> {
    fn module(&mut self, path: &Path) -> &mut Module {
        self.modules.entry(path.clone()).or_default()
    }

    /// Finds the modules of the interfaces, and names for their types.
    fn place(&mut self, items: &'r Items, export: bool) {
        for (key, item) in items {
            let (path, types): (Path, Vec<TypeId>) = match item {
                WorldItem::Interface { id, .. } => {
                    if self.paths.contains_key(id) {
                        continue;
                    }
                    let mut path = self.path_of(key, *id);
                    if export {
                        path.insert(0, "exports".into());
                    }
                    self.paths.insert(*id, path.clone());
                    let types = self.resolve.interfaces[*id].types.values();
                    (path, types.copied().collect())
                }
                WorldItem::Type { id, .. } => (Path::new(), vec![*id]),
                WorldItem::Function(_) => continue,
            };
            let resolve = self.resolve;
            let module = self.module(&path);
            module.taken.extend(RESERVED_TYPES.map(String::from));
            for &ty in &types {
                let name = resolve.types[ty].name.as_deref().unwrap_or_default();
                if matches!(resolve.types[ty].kind, TypeDefKind::Resource) {
                    let also = [
                        format!("Host{}", case_name(name)),
                        format!("{}Borrow", case_name(name)),
                    ];
                    module.taken.extend(also);
                }
            }
            for ty in types {
                let name = resolve.types[ty].name.as_deref().unwrap_or_default();
                let name = unique(&mut self.module(&path).taken, case_name(name));
                self.named.insert(ty, name);
            }
        }
    }

    fn path_of(&self, key: &WorldKey, id: InterfaceId) -> Path {
        let interface = &self.resolve.interfaces[id];
        let (WorldKey::Interface(_), Some(name), Some(package)) =
            (key, &interface.name, interface.package)
        else {
            return vec![lower_name(&self.resolve.name_world_key(key))];
        };
        let package = &self.resolve.packages[package].name;
        let others =
            self.resolve.package_names.keys().filter(|other| {
                (&other.namespace, &other.name) == (&package.namespace, &package.name)
            });
        let version = match (&package.version, others.count()) {
            (Some(version), 2..) => snake(&version.to_string()),
            _ => String::new(),
        };
        vec![
            lower_name(&package.namespace),
            lower_name(&format!("{}{version}", package.name)),
            lower_name(name),
        ]
    }

    fn owner(&self, id: TypeId) -> Path {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(id) => self.paths.get(&id).cloned().unwrap_or_default(),
            _ => Path::new(),
        }
    }

    /// Whether a resource is the guest's.
    fn is_of_guest(&self, id: TypeId) -> bool {
        is_of_guest(self.resolve, &self.exported, id)
    }

    /// The name of a type as it is seen from a module.
    fn type_name(&self, id: TypeId, from: &Path) -> String {
        let name = self.named.get(&id).cloned().unwrap_or_default();
        let path = self.owner(id);
        match path == *from {
            true => name,
            false => "super::".repeat(from.len()) + &joined(&path, &name),
        }
    }

    /// A type in Rust.
    fn ty(&self, ty: &Type, from: &Path, form: Form) -> String {
        let id = match ty {
            Type::Bool => return "bool".into(),
            Type::U8 => return "u8".into(),
            Type::S8 => return "i8".into(),
            Type::U16 => return "u16".into(),
            Type::S16 => return "i16".into(),
            Type::U32 | Type::ErrorContext => return "u32".into(),
            Type::S32 => return "i32".into(),
            Type::U64 => return "u64".into(),
            Type::S64 => return "i64".into(),
            Type::F32 => return "f32".into(),
            Type::F64 => return "f64".into(),
            Type::Char => return "char".into(),
            Type::String if self.views => return format!("&{} str", form.lifetime()),
            Type::String => return format!("{LIB}::String"),
            Type::Id(id) => *id,
        };
        let has_views = self.views && self.layout.has_views(ty);
        match self.named.contains_key(&id) && !(has_views && is_alias(self.resolve, id)) {
            true if has_views => format!("{}<{}>", self.type_name(id, from), form.lifetime()),
            true => self.type_name(id, from),
            false => self.unnamed(id, from, form),
        }
    }

    /// A type by what it is, without a name of its own.
    fn unnamed(&self, id: TypeId, from: &Path, form: Form) -> String {
        let inner = |ty: &Type| self.ty(ty, from, form);
        let optional = |ty: &Option<Type>| ty.as_ref().map_or("()".into(), inner);
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(of) => inner(of),
            TypeDefKind::List(of) if self.views => match form {
                Form::Lifted | Form::Field => {
                    format!("{LIB}::List<{}, {}>", form.lifetime(), inner(of))
                }
                Form::Kept | Form::Lent => format!("&{} [{}]", form.lifetime(), inner(of)),
            },
            TypeDefKind::List(of) => format!("{LIB}::Vec<{}>", inner(of)),
            TypeDefKind::FixedLengthList(of, length) => format!("[{}; {length}]", inner(of)),
            TypeDefKind::Option(of) => format!("Option<{}>", inner(of)),
            TypeDefKind::Result(result) => {
                format!(
                    "Result<{}, {}>",
                    optional(&result.ok),
                    optional(&result.err)
                )
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<String> = tuple.types.iter().map(inner).collect();
                self::tuple(&types)
            }
            TypeDefKind::Handle(handle) => {
                let (of, way) = match handle {
                    Handle::Own(of) => (of, "Own"),
                    Handle::Borrow(of) => (of, "Borrow"),
                };
                let of = resource(self.resolve, *of);
                let name = self.type_name(of, from);
                match (self.is_of_guest(of), way) {
                    (true, "Own") => name,
                    (true, _) => format!("{name}Borrow"),
                    (false, way) => format!("{LIB}::{way}<{name}>"),
                }
            }
            _ => "()".into(),
        }
    }

    /// A parameter of a function of the guest: its type, and what it is lowered as.
    fn lent(&self, ty: &Type, name: &str, from: &Path) -> (String, String) {
        let whole = self.ty(ty, from, Form::Lent);
        let lent = |ty: String| (ty, format!("{LIB}::lent({name})"));
        let id = match plain(self.resolve, *ty) {
            Type::String => return ("&str".into(), name.into()),
            Type::Id(id) => id,
            _ => return (whole, name.into()),
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::List(of) => (format!("&[{}]", self.ty(of, from, Form::Lent)), name.into()),
            TypeDefKind::Handle(Handle::Borrow(of)) if self.is_of_guest(*of) => {
                let of = resource(self.resolve, *of);
                lent(format!("&{}", self.type_name(of, from)))
            }
            TypeDefKind::Handle(_) | TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => {
                (whole, name.into())
            }
            _ => lent(format!("&{whole}")),
        }
    }

    /// Refuses what there are no views of.
    fn viewable(&self, func: &Function, import: bool) -> Result<()> {
        if !self.views {
            return Ok(());
        }
        let params: Vec<Type> = func.params.iter().map(|param| param.ty).collect();
        let results: Vec<Type> = func.result.into_iter().collect();
        let (lifted, lowered) = match import {
            true => (params, results),
            false => (results, params),
        };
        for ty in lifted {
            if self.has_handles_in_lists(&ty, false) {
                bail!("a list with resources of the host needs an allocator: leave --no-alloc out");
            }
        }
        for ty in lowered {
            if let Some(name) = self.named_with_list(&ty) {
                bail!(
                    "{name} has a list, and is given to the guest: that needs an allocator, leave --no-alloc out"
                );
            }
        }
        Ok(())
    }

    fn has_handles_in_lists(&self, ty: &Type, inside: bool) -> bool {
        let Type::Id(id) = plain(self.resolve, *ty) else {
            return false;
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) => {
                inside && !self.is_of_guest(*of)
            }
            TypeDefKind::List(of) => self.has_handles_in_lists(of, true),
            _ => element(self.resolve, id)
                .iter()
                .any(|ty| self.has_handles_in_lists(ty, inside)),
        }
    }

    /// A record or a variant that has a list.
    fn named_with_list(&self, ty: &Type) -> Option<&'r str> {
        let Type::Id(id) = plain(self.resolve, *ty) else {
            return None;
        };
        let def = &self.resolve.types[id];
        match &def.kind {
            TypeDefKind::Record(_) | TypeDefKind::Variant(_) => {
                has_list(self.resolve, ty).then_some(def.name.as_deref().unwrap_or_default())
            }
            TypeDefKind::Handle(_) => None,
            _ => element(self.resolve, id)
                .iter()
                .find_map(|ty| self.named_with_list(ty)),
        }
    }

    /// Whether a value of the type owns resources, so that there cannot be two of it.
    fn owns(&self, ty: &Type) -> bool {
        let Type::Id(id) = plain(self.resolve, *ty) else {
            return false;
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::Handle(handle) => matches!(handle, Handle::Own(_)),
            TypeDefKind::Resource => false,
            _ => element(self.resolve, id).iter().any(|ty| self.owns(ty)),
        }
    }

    /// Declares a type and all that it needs.
    fn declare(&mut self, ty: &Type) -> Result<()> {
        let Type::Id(id) = *ty else {
            return Ok(());
        };
        if !self.declared.insert(id) {
            return Ok(());
        }
        let resolve = self.resolve;
        for ty in element(resolve, id) {
            self.declare(&ty)?;
        }
        let def = &resolve.types[id];
        match &def.kind {
            TypeDefKind::Tuple(tuple) if tuple.types.len() > 12 => {
                bail!("a tuple of more than 12 is not supported in Rust; use a record")
            }
            _ => {}
        }
        if !self.named.contains_key(&id) {
            return Ok(());
        }
        let path = self.owner(id);
        let text = self.declaration(id, &path)?;
        self.module(&path).text += &text;
        Ok(())
    }

    fn declaration(&self, id: TypeId, from: &Path) -> Result<String> {
        let def = &self.resolve.types[id];
        let name = self.named[&id].clone();
        let ty = Type::Id(id);
        let derives = match (self.owns(&ty), self.views && has_list(self.resolve, &ty)) {
            (true, false) => "Debug, PartialEq",
            (false, false) => "Clone, Debug, PartialEq",
            (true, true) => "Debug",
            (false, true) => "Clone, Debug",
        };
        let has_views = self.views && self.layout.has_views(&ty);
        let life = if has_views { "<'a>" } else { "" };
        let mut text = String::new();
        match &def.kind {
            TypeDefKind::Record(record) => {
                let fields = names(record.fields.iter().map(|f| f.name.as_str()), lower_name);
                let types: Vec<Type> = record.fields.iter().map(|field| field.ty).collect();
                put!(text, "#[derive({derives})]\npub struct {name}{life} {{");
                for (field, ty) in fields.iter().zip(&types) {
                    put!(text, "pub {field}: {},", self.ty(ty, from, Form::Field));
                }
                put!(text, "}}\n");
                text += &self.record(id, &name, &fields, &types);
            }
            TypeDefKind::Variant(variant) => {
                let cases = names(
                    variant.cases.iter().map(|case| case.name.as_str()),
                    case_name,
                );
                put!(text, "#[derive({derives})]\npub enum {name}{life} {{");
                for (case, of) in cases.iter().zip(&variant.cases) {
                    match &of.ty {
                        Some(ty) => put!(text, "{case}({}),", self.ty(ty, from, Form::Field)),
                        None => put!(text, "{case},"),
                    }
                }
                put!(text, "}}\n");
                let types = variant.cases.iter().map(|case| case.ty).collect::<Vec<_>>();
                text += &self.variant(id, &name, &cases, &types);
            }
            TypeDefKind::Enum(of) => {
                let cases = names(of.cases.iter().map(|case| case.name.as_str()), case_name);
                put!(
                    text,
                    "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum {name} {{"
                );
                for case in &cases {
                    put!(text, "{case},");
                }
                let all: Vec<String> = cases.iter().map(|c| format!("{name}::{c}")).collect();
                put!(
                    text,
                    "}}

impl {name} {{
/// All cases.
pub const ALL: [{name}; {}] = [{}];

fn of(case: u32) -> {LIB}::Result<{name}> {{
Self::ALL.get(case as usize).copied().ok_or({LIB}::Error::Case)
}}
}}
",
                    all.len(),
                    all.join(", ")
                );
                let (bytes, _) = self.layout.variant(&vec![None; all.len()]);
                text += &self.implementations(
                    id,
                    &name,
                    [
                        &format!("Self::of({LIB}::glue::load_case(from, at, {bytes})?)"),
                        &format!("Self::of({LIB}::glue::first(slots) as u32)"),
                        &format!("{LIB}::glue::store_case(guest, at, {bytes}, *self as u32)"),
                        &format!("{LIB}::glue::put_first(slots, *self as u64);\nOk(())"),
                    ],
                );
            }
            TypeDefKind::Flags(flags) => {
                let bits = match flags.repr() {
                    FlagsRepr::U8 => "u8",
                    FlagsRepr::U16 => "u16",
                    FlagsRepr::U32(1) => "u32",
                    FlagsRepr::U32(_) => bail!("{name}: flags are 1 to 32"),
                };
                if flags.flags.is_empty() {
                    bail!("{name}: flags are 1 to 32");
                }
                let constant = |name: &str| snake(name).to_ascii_uppercase();
                let mut taken: HashSet<String> = ["ALL".to_string()].into();
                put!(
                    text,
                    "#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]\npub struct {name}({bits});\n\nimpl {name} {{"
                );
                for (at, flag) in flags.flags.iter().enumerate() {
                    put!(
                        text,
                        "pub const {}: {name} = {name}(1 << {at});",
                        unique(&mut taken, constant(&flag.name))
                    );
                }
                let all = u32::MAX >> (32 - flags.flags.len());
                put!(
                    text,
                    "/// All of them.
pub const ALL: {name} = {name}({all:#x});

/// Those of the bits that are flags.
pub fn from_bits(bits: {bits}) -> {name} {{
{name}(bits & Self::ALL.0)
}}

/// Them as bits, the first the lowest.
pub fn bits(self) -> {bits} {{
self.0
}}

/// Whether it has all of the others.
pub fn contains(self, other: {name}) -> bool {{
self.0 & other.0 == other.0
}}
}}

impl ::core::ops::BitOr for {name} {{
type Output = {name};

fn bitor(self, other: {name}) -> {name} {{
{name}(self.0 | other.0)
}}
}}
"
                );
                text += &self.implementations(
                    id,
                    &name,
                    [
                        &format!("Ok(Self::from_bits({LIB}::Lift::load(from, at)?))"),
                        &format!("Ok(Self::from_bits({LIB}::Lift::lift(from, slots)?))"),
                        &format!("{LIB}::Lower::store(&self.0, guest, at)"),
                        &format!("{LIB}::Lower::lower(&self.0, guest, slots)"),
                    ],
                );
            }
            TypeDefKind::Resource if self.is_of_guest(id) => {
                put!(
                    text,
                    "/// A resource of the guest, by its handle. `drop` says that it is not needed any more.
#[derive(Debug, PartialEq)]
pub struct {name}(u32);

/// The same, lent for the time of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct {name}Borrow(u32);
"
                );
                for name in [name.clone(), format!("{name}Borrow")] {
                    text += &self.implementations(
                        id,
                        &name,
                        [
                            &format!("Ok(Self({LIB}::Lift::load(from, at)?))"),
                            &format!("Ok(Self({LIB}::Lift::lift(from, slots)?))"),
                            &format!("{LIB}::Lower::store(&self.0, guest, at)"),
                            &format!("{LIB}::Lower::lower(&self.0, guest, slots)"),
                        ],
                    );
                }
            }
            TypeDefKind::Resource => {
                let Some(at) = self.kinds.iter().position(|kind| *kind == id) else {
                    bail!("{name} is a resource of the runtime, which has its handles");
                };
                put!(
                    text,
                    "/// A resource of the host: what its handles are of.
#[derive(Clone, Copy, Debug)]
pub enum {name} {{}}

impl {LIB}::Resource for {name} {{
const KIND: u16 = {};
}}
",
                    at + 1
                );
            }
            _ if has_views => {}
            // A name for what is no new type, such as `type pair = tuple<u32, u32>`.
            _ => {
                put!(
                    text,
                    "pub type {name} = {};\n",
                    self.unnamed(id, from, Form::Field)
                );
            }
        }
        Ok(text)
    }

    /// What the crate wants to know of a type; the bodies of `load`, `lift`, `store` and `lower`.
    fn implementations(&self, id: TypeId, name: &str, bodies: [&str; 4]) -> String {
        let [load, lift, store, lower] = bodies;
        let (size, align, flat) = match &self.resolve.types[id].kind {
            TypeDefKind::Resource => (4, 4, 1),
            _ => {
                let ty = Type::Id(id);
                let (size, align) = (self.layout.size(&ty), self.layout.align(&ty));
                (size, align, self.layout.flat(&ty))
            }
        };
        let from = format!("from: &mut {LIB}::Source<'m, '_>");
        let guest = "guest: &mut G";
        let has_views = self.views && self.layout.has_views(&Type::Id(id));
        let (any, of_memory) = match has_views {
            true => ("<'_>", "<'m>"),
            false => ("", ""),
        };
        let mut text = format!(
            "impl {LIB}::Layout for {name}{any} {{
const SIZE: u32 = {size};
const ALIGN: u32 = {align};
const FLAT: usize = {flat};
}}

impl<'m> {LIB}::Lift<'m> for {name}{of_memory} {{
fn load({from}, at: u32) -> {LIB}::Result<Self> {{
{load}
}}

fn lift({from}, slots: &[u64]) -> {LIB}::Result<Self> {{
{lift}
}}
}}

"
        );
        // A list of views is somewhere in the memory of the guest, which may move.
        if self.views && has_list(self.resolve, &Type::Id(id)) {
            return text;
        }
        put!(
            text,
            "impl {LIB}::Lower for {name}{any} {{
fn store<G: {LIB}::Guest>(&self, {guest}, at: u32) -> {LIB}::Result<()> {{
{store}
}}

fn lower<G: {LIB}::Guest>(&self, {guest}, slots: &mut [u64]) -> {LIB}::Result<()> {{
{lower}
}}
}}
"
        );
        text
    }

    fn record(&self, id: TypeId, name: &str, fields: &[String], types: &[Type]) -> String {
        let [mut load, mut lift] = ["load", "lift"].map(|_| format!("Ok({name} {{\n"));
        let (mut store, mut lower) = (String::new(), String::new());
        let mut slot = 0;
        for ((field, ty), offset) in fields.iter().zip(types).zip(self.layout.fields(types)) {
            let at = format!("{LIB}::glue::after(at, {offset})");
            put!(load, "{field}: {LIB}::Lift::load(from, {at})?,");
            put!(
                lift,
                "{field}: {LIB}::Lift::lift(from, {LIB}::glue::from(slots, {slot}))?,"
            );
            put!(store, "{LIB}::Lower::store(&self.{field}, guest, {at})?;");
            put!(
                lower,
                "{LIB}::Lower::lower(&self.{field}, guest, {LIB}::glue::from_mut(slots, {slot}))?;"
            );
            slot += self.layout.flat(ty);
        }
        load += "})";
        lift += "})";
        store += "Ok(())";
        lower += "Ok(())";
        self.implementations(id, name, [&load, &lift, &store, &lower])
    }

    fn variant(&self, id: TypeId, name: &str, cases: &[String], types: &[Option<Type>]) -> String {
        let (bytes, payload) = self.layout.variant(&types.to_vec());
        let flat = self.layout.flat(&Type::Id(id));
        let after = format!("{LIB}::glue::after(at, {payload})");
        let mut load = format!("Ok(match {LIB}::glue::load_case(from, at, {bytes})? {{\n");
        let mut lift = format!("Ok(match {LIB}::glue::first(slots) as u32 {{\n");
        let mut store = "match self {\n".to_string();
        let mut lower = format!("{LIB}::glue::clear(slots, {flat});\nmatch self {{\n");
        for (at, (case, ty)) in cases.iter().zip(types).enumerate() {
            let (head, then_store, then_lower) = match ty {
                Some(_) => {
                    put!(
                        load,
                        "{at} => {name}::{case}({LIB}::Lift::load(from, {after})?),"
                    );
                    put!(
                        lift,
                        "{at} => {name}::{case}({LIB}::Lift::lift(from, {LIB}::glue::from(slots, 1))?),"
                    );
                    (
                        format!("{name}::{case}(value)"),
                        format!("{LIB}::Lower::store(value, guest, {after})"),
                        format!(
                            "{LIB}::Lower::lower(value, guest, {LIB}::glue::from_mut(slots, 1))"
                        ),
                    )
                }
                None => {
                    put!(load, "{at} => {name}::{case},");
                    put!(lift, "{at} => {name}::{case},");
                    let done = "Ok(())".to_string();
                    (format!("{name}::{case}"), done.clone(), done)
                }
            };
            put!(
                store,
                "{head} => {{\n{LIB}::glue::store_case(guest, at, {bytes}, {at})?;\n{then_store}\n}}"
            );
            put!(
                lower,
                "{head} => {{\n{LIB}::glue::put_first(slots, {at});\n{then_lower}\n}}"
            );
        }
        let otherwise = format!("_ => return Err({LIB}::Error::Case),\n}})");
        load += &otherwise;
        lift += &otherwise;
        store += "}";
        lower += "}";
        self.implementations(id, name, [&load, &lift, &store, &lower])
    }

    /// The trait that has the methods of a resource of the host, and where it is.
    fn trait_of(&self, id: TypeId) -> (Path, String) {
        let name = self.resolve.types[id].name.as_deref().unwrap_or_default();
        (self.owner(id), format!("Host{}", case_name(name)))
    }

    fn methods_of_host(&mut self, path: &Path, name: &str) -> &mut Methods {
        let bound = joined(path, name);
        if !self.bounds.contains(&bound) {
            self.bounds.push(bound);
        }
        let of_resource = name != "Host";
        let traits = &mut self.module(path).traits;
        let made = traits.entry(name.to_string()).or_default();
        if of_resource {
            made.taken.insert("drop".into());
        }
        made
    }

    fn methods_of_guest(&mut self, path: &Path, id: TypeId) -> &mut Methods {
        let name = self.named.get(&id).cloned().unwrap_or_default();
        let made = self.module(path).methods.entry(name.clone()).or_default();
        if made.text.is_empty() {
            made.taken.extend(["drop".into(), "borrow".into()]);
            put!(
                made.text,
                "/// Lends it.\npub fn borrow(&self) -> {name}Borrow {{\n{name}Borrow(self.0)\n}}\n"
            );
        }
        made
    }

    /// Writes the function of a trait; the arm that calls it.
    fn import(&mut self, item: &Item<'_>, count: usize) -> String {
        let func = item.func;
        let (path, of) = match resource_of(func) {
            Some(id) => self.trait_of(resource(self.resolve, id)),
            None => {
                let path = item.interface.and_then(|id| self.paths.get(&id).cloned());
                (path.unwrap_or_default(), "Host".into())
            }
        };
        let params = names(
            func.params.iter().map(|param| param.name.as_str()),
            parameter,
        );
        let typed: String = params
            .iter()
            .zip(&func.params)
            .map(|(name, param)| format!(", {name}: {}", self.ty(&param.ty, &path, Form::Lifted)))
            .collect();
        let result = |this: &Self, from: &Path| {
            let ty = func.result.as_ref();
            ty.map_or("()".into(), |ty| this.ty(ty, from, Form::Kept))
        };
        let root = Path::new();
        let inner = result(self, &path);
        let outer = result(self, &root);
        let types: Vec<String> = func
            .params
            .iter()
            .map(|p| self.ty(&p.ty, &root, Form::Lifted))
            .collect();
        let methods = self.methods_of_host(&path, &of);
        let name = unique(&mut methods.taken, method_name(func));
        put!(
            methods.text,
            "fn {name}(&mut self{typed}) -> {LIB}::Result<{inner}>;"
        );
        let places: Vec<String> = (0..params.len()).map(|n| format!("p{n}")).collect();
        let given: String = places.iter().map(|p| format!(", {p}")).collect();
        format!(
            "{count} => {{
let parts = guest.parts();
let from = &mut {LIB}::Source {{ memory: parts.memory, handles: parts.handles }};
let ({}, area) = {LIB}::arguments::<{}, {outer}>(from, slots)?;
let result = <H as {}>::{name}(parts.host{given})?;
{LIB}::reply(guest, slots, area, &result)
}}
",
            tuple(&places),
            tuple(&types),
            joined(&path, &of)
        )
    }

    /// Writes a function that calls an export.
    fn export(&mut self, item: &Item<'_>, index: usize, post: Option<usize>) {
        let func = item.func;
        let path = match item.interface {
            Some(id) => {
                let path = self.paths.get(&id).cloned().unwrap_or_default();
                match self.exported.contains(&id) {
                    true => path,
                    // Its types are where it is imported.
                    false => [vec!["exports".to_string()], path].concat(),
                }
            }
            None => vec!["exports".to_string()],
        };
        let mut params = names(
            func.params.iter().map(|param| param.name.as_str()),
            parameter,
        );
        let is_method = matches!(
            func.kind,
            FunctionKind::Method(_) | FunctionKind::AsyncMethod(_)
        );
        if is_method && let Some(this) = params.first_mut() {
            *this = "self".into();
        }
        let (mut typed, mut given) = (Vec::new(), Vec::new());
        for (n, (name, param)) in params.iter().zip(&func.params).enumerate() {
            let (ty, lowered) = self.lent(&param.ty, name, &path);
            match n {
                0 if is_method => typed.insert(0, "&self".to_string()),
                _ => typed.push(format!("{name}: {ty}")),
            }
            given.push(lowered);
        }
        typed.insert(usize::from(is_method), "guest: &mut G".into());
        let result = func.result.as_ref();
        let result = result.map_or("()".into(), |ty| self.ty(ty, &path, Form::Lifted));
        let post = match post {
            Some(post) => format!("Some({post})"),
            None => "None".into(),
        };
        let then = func
            .result
            .as_ref()
            .is_some_and(|ty| self.views && self.layout.has_views(ty));
        let (generics, result, called) = match then {
            // A view of the guest's memory is valid until the memory is given back.
            true => {
                typed.push(format!("then: impl FnOnce({result}) -> Out"));
                let given = format!("|from, given| {LIB}::result(from, given).map(then)");
                (
                    ", Out",
                    "Out".to_string(),
                    ("export_with", format!(", {given}")),
                )
            }
            false => ("", result, ("export", String::new())),
        };
        let body = |name: &str| {
            format!(
                "/// Calls `{}` of the guest.
///
/// # Errors
///
/// When the guest has no room for the arguments, gives what is wrong, or traps.
pub fn {name}<G: {LIB}::Guest{generics}>({}) -> {LIB}::Result<{result}> {{
{LIB}::{}(guest, {index}, {post}, &{}{})
}}
",
                func.name,
                typed.join(", "),
                called.0,
                tuple(&given),
                called.1
            )
        };
        match resource_of(func) {
            Some(id) => {
                let methods = self.methods_of_guest(&path, resource(self.resolve, id));
                let name = unique(&mut methods.taken, method_name(func));
                methods.text += &body(&name);
            }
            None => {
                let module = self.module(&path);
                let name = unique(&mut module.taken, method_name(func));
                module.text += &body(&name);
            }
        }
    }

    /// Writes a module and those inside of it.
    fn write(&self, text: &mut String, path: &Path) {
        if let Some(module) = self.modules.get(path) {
            put!(text, "use ::p1bridge_host as {LIB};\n");
            *text += module.text.trim_end();
            text.push('\n');
            for (name, methods) in &module.methods {
                put!(text, "\nimpl {name} {{\n{}\n}}", methods.text.trim_end());
            }
            for (name, methods) in &module.traits {
                put!(
                    text,
                    "\n/// What the host has.\npub trait {name} {{\n{}\n}}",
                    methods.text.trim_end()
                );
            }
        }
        let mut inner: Vec<&String> = self
            .modules
            .keys()
            .filter(|other| other.starts_with(path))
            .filter(|other| self.has_something(&other[..]))
            .filter_map(|other| other.get(path.len()))
            .collect();
        inner.dedup();
        for name in inner {
            put!(text, "\npub mod {name} {{");
            self.write(text, &[path.clone(), vec![name.clone()]].concat());
            put!(text, "}}");
        }
    }

    fn has_something(&self, path: &[String]) -> bool {
        self.modules.get(path).is_some_and(|module| {
            !(module.text.is_empty() && module.traits.is_empty() && module.methods.is_empty())
        })
    }
}

fn tuple(parts: &[String]) -> String {
    match parts {
        [one] => format!("({one},)"),
        all => format!("({})", all.join(", ")),
    }
}

/// Whether a type with a name is no new one, such as `type pair = tuple<u32, u32>`.
fn is_alias(resolve: &Resolve, id: TypeId) -> bool {
    !matches!(
        resolve.types[id].kind,
        TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Resource
    )
}

/// Whether a type has lists.
fn has_list(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = plain(resolve, *ty) else {
        return false;
    };
    match &resolve.types[id].kind {
        TypeDefKind::List(_) => true,
        TypeDefKind::Handle(_) => false,
        _ => element(resolve, id).iter().any(|ty| has_list(resolve, ty)),
    }
}

/// The resource that a function is of.
fn resource_of(func: &Function) -> Option<TypeId> {
    func.kind.resource()
}

/// The name of a function inside of its trait or module.
fn method_name(func: &Function) -> String {
    match func.kind {
        FunctionKind::Constructor(_) => "new".into(),
        _ => lower_name(func.item_name()),
    }
}

fn parameter(name: &str) -> String {
    match name {
        "self" => "this".into(),
        name => lower_name(name),
    }
}
