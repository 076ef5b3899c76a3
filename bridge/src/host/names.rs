//! Names in C: those of wit-bindgen, so that both sides of a project read alike; and what names in all languages are made with.

use std::collections::HashSet;

use wit_parser::{InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner};

use super::maps::Entries;
use super::types::{element, plain};

/// Words of C and C++ that nothing else may be called.
const RESERVED: &[&str] = &[
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
    // What headers of C define as macros.
    "assert",
    "errno",
    "stderr",
    "stdin",
    "stdout",
    // What generated functions call their own.
    "host",
    "held",
    "ret",
    "err",
    "s",
];

/// A name of WIT as an identifier.
pub fn snake(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '_',
        })
        .collect();
    name
}

/// The same with each word beginning with a capital.
pub fn camel(name: &str) -> String {
    let words = name.split(['-', '_', '.']);
    let mut all = String::new();
    for word in words {
        let mut letters = word.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.extend(letters.map(|c| c.to_ascii_lowercase()));
    }
    all
}

/// A name that is not taken yet, and is from now on.
pub fn unique(taken: &mut HashSet<String>, wanted: String) -> String {
    let mut name = wanted.clone();
    let mut n = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}_{n}");
        n += 1;
    }
    name
}

/// The names of things of one kind in one place.
pub fn names<'n>(of: impl Iterator<Item = &'n str>, name: fn(&str) -> String) -> Vec<String> {
    let mut taken = HashSet::new();
    of.map(|one| unique(&mut taken, name(one))).collect()
}

/// Whether nothing in C and C++ may be called so.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// A name for a field, a parameter or a local variable.
pub fn local(name: &str) -> String {
    let name = snake(name);
    match is_reserved(&name) {
        true => format!("{name}_"),
        false => name,
    }
}

/// A name for a constant.
pub fn constant(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// The names of one world.
pub struct Names<'r> {
    pub resolve: &'r Resolve,
    /// The pairs that are entries of maps.
    pub entries: &'r Entries,
    pub world: String,
    /// What all names begin with.
    pub prefix: String,
    /// The interfaces that the module exports.
    pub exported: Vec<InterfaceId>,
}

impl Names<'_> {
    /// What the names of an interface begin with. A version is among them where there are several.
    pub fn interface(&self, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let exports = if self.exported.contains(&id) {
            "exports_"
        } else {
            ""
        };
        let name = interface.name.as_deref().unwrap_or("anonymous");
        let Some(package) = interface.package else {
            return format!("{}{exports}{}", self.prefix, snake(name));
        };
        let package = &self.resolve.packages[package].name;
        let others =
            self.resolve.package_names.keys().filter(|other| {
                (&other.namespace, &other.name) == (&package.namespace, &package.name)
            });
        let version = match (&package.version, others.count()) {
            (Some(version), 2..) => format!("{}_", snake(&version.to_string())),
            _ => String::new(),
        };
        format!(
            "{}{exports}{}_{}_{version}{}",
            self.prefix,
            snake(&package.namespace),
            snake(&package.name),
            snake(name)
        )
    }

    /// What the functions and types of the world itself begin with.
    pub fn of_world(&self) -> String {
        format!("{}{}", self.prefix, snake(&self.world))
    }

    fn owner(&self, owner: &TypeOwner) -> String {
        match owner {
            TypeOwner::Interface(id) => self.interface(*id),
            _ => self.of_world(),
        }
    }

    /// A function: `[method]r.f` becomes `_method_r_f`.
    pub fn function(&self, base: &str, name: &str) -> String {
        let name = name.trim_start_matches('[').replace(['[', ']', '.'], "_");
        format!("{base}_{}", snake(&name))
    }

    /// The base of a type that has a name, such as `acme_sensors_store_reading`.
    pub fn named(&self, id: TypeId) -> Option<String> {
        let def = &self.resolve.types[id];
        let name = def.name.as_deref()?;
        Some(format!("{}_{}", self.owner(&def.owner), snake(name)))
    }

    /// What the names of types begin with that have a part of this type: its interface, or the world.
    fn origin(&self, ty: &Type) -> Option<String> {
        let Type::Id(id) = plain(self.resolve, *ty) else {
            return None;
        };
        let def = &self.resolve.types[id];
        match (&def.name, &def.owner) {
            (Some(_), owner) => Some(self.owner(owner)),
            (None, _) => element(self.resolve, id)
                .iter()
                .find_map(|ty| self.origin(ty)),
        }
    }

    /// The short name of a type, for names of types that have it inside.
    fn short(&self, ty: &Type) -> String {
        let id = match plain(self.resolve, *ty) {
            Type::Id(id) => id,
            other => return scalar(&other).to_string(),
        };
        let def = &self.resolve.types[id];
        if let Some(name) = &def.name {
            return snake(name);
        }
        let inner: Vec<String> = element(self.resolve, id)
            .iter()
            .map(|ty| self.short(ty))
            .collect();
        let inner = inner.join("_");
        let optional = |ty: &Option<Type>| ty.as_ref().map_or("void".into(), |ty| self.short(ty));
        match &def.kind {
            TypeDefKind::List(Type::Id(entry)) if self.entries.contains_key(entry) => {
                format!("map_{inner}")
            }
            TypeDefKind::Tuple(_) if self.entries.contains_key(&id) => inner,
            TypeDefKind::List(_) => format!("list_{inner}"),
            TypeDefKind::FixedLengthList(_, n) => format!("list{n}_{inner}"),
            TypeDefKind::Option(_) => format!("option_{inner}"),
            TypeDefKind::Result(result) => {
                format!("result_{}_{}", optional(&result.ok), optional(&result.err))
            }
            TypeDefKind::Tuple(tuple) => format!("tuple{}_{inner}", tuple.types.len()),
            TypeDefKind::Handle(wit_parser::Handle::Own(_)) => format!("own_{inner}"),
            TypeDefKind::Handle(wit_parser::Handle::Borrow(_)) => format!("borrow_{inner}"),
            _ => inner,
        }
    }

    /// The base of the name of any type that is a struct or a typedef in C.
    pub fn base(&self, id: TypeId) -> String {
        if let Some(map) = self.entries.get(&id) {
            return format!("{}_entry", self.base(*map));
        }
        if let Some(name) = self.named(id) {
            return name;
        }
        let ty = Type::Id(id);
        let origin = self.origin(&ty).unwrap_or_else(|| self.of_world());
        format!("{origin}_{}", self.short(&ty))
    }
}

/// A scalar by its name in WIT.
pub fn scalar(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error_context",
        Type::Id(_) => "type",
    }
}
