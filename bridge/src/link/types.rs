//! Whether two functions have the same type, and where the first difference is.
//!
//! Types of WIT are compared by structure, as a component is validated (`Explainer.md`, "Type
//! Checking"): names of fields, cases and resources count, names of types do not.

use std::fmt;

use wit_parser::{
    Function, Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
};

use super::version::Name;

/// A function and what its types are defined in.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub resolve: &'a Resolve,
    pub func: &'a Function,
    /// The interface that it is a function of: under another name on the other side, where the user says so.
    pub interface: Option<InterfaceId>,
}

/// The first difference of two functions.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The way to it, such as `parameter 1 > list > record reading > field unit`.
    path: Vec<String>,
    wanted: String,
    found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            path,
            wanted,
            found,
        } = self;
        match path.as_slice() {
            [] => write!(f, "wanted is {wanted}, but there is {found}"),
            path => write!(
                f,
                "at {}: wanted is {wanted}, but there is {found}",
                path.join(" > ")
            ),
        }
    }
}

/// Compares the types of the functions `wanted` and `found`.
///
/// # Errors
///
/// The first difference.
pub fn compare(wanted: Side<'_>, found: Side<'_>) -> Result<(), Difference> {
    let mut walk = Walk {
        wanted: wanted.resolve,
        found: found.resolve,
        interfaces: (wanted.interface, found.interface),
        path: Vec::new(),
    };
    let (a, b) = (wanted.func, found.func);
    if a.kind.is_async() != b.kind.is_async() {
        let kind = |func: &Function| match func.kind.is_async() {
            true => "an async function",
            false => "a function that is not async",
        };
        return walk.differ(kind(a).into(), kind(b).into());
    }
    let names = |func: &Function| {
        let names: Vec<&str> = func.params.iter().map(|p| p.name.as_str()).collect();
        format!("({})", names.join(", "))
    };
    if names(a) != names(b) {
        return walk.differ(
            format!("the parameters {}", names(a)),
            format!("the parameters {}", names(b)),
        );
    }
    for (a, b) in a.params.iter().zip(&b.params) {
        walk.at(format!("parameter {}", a.name), |walk| {
            walk.types(&a.ty, &b.ty)
        })?;
    }
    walk.at("the result".into(), |walk| {
        walk.optional(a.result.as_ref(), b.result.as_ref())
    })
}

struct Walk<'a> {
    wanted: &'a Resolve,
    found: &'a Resolve,
    interfaces: (Option<InterfaceId>, Option<InterfaceId>),
    path: Vec<String>,
}

type Compared = Result<(), Difference>;

impl Walk<'_> {
    fn differ(&self, wanted: String, found: String) -> Compared {
        Err(Difference {
            path: self.path.clone(),
            wanted,
            found,
        })
    }

    fn at(&mut self, step: String, inner: impl FnOnce(&mut Self) -> Compared) -> Compared {
        self.path.push(step);
        let result = inner(self);
        self.path.pop();
        result
    }

    fn optional(&mut self, a: Option<&Type>, b: Option<&Type>) -> Compared {
        match (a, b) {
            (None, None) => Ok(()),
            (Some(a), Some(b)) => self.types(a, b),
            (a, b) => {
                let name = |resolve, ty: Option<&Type>| {
                    ty.map_or("nothing".to_string(), |ty| describe(resolve, ty))
                };
                self.differ(name(self.wanted, a), name(self.found, b))
            }
        }
    }

    fn types(&mut self, a: &Type, b: &Type) -> Compared {
        let (a, b) = (plain(self.wanted, *a), plain(self.found, *b));
        let (Type::Id(a_id), Type::Id(b_id)) = (a, b) else {
            return match a == b {
                true => Ok(()),
                false => self.differ(describe(self.wanted, &a), describe(self.found, &b)),
            };
        };
        let (wanted, found) = (self.wanted, self.found);
        let step = || describe(wanted, &a);
        let lists = |a: Vec<&String>, b: Vec<&String>| (a != b).then(|| (joined(&a), joined(&b)));
        match (&wanted.types[a_id].kind, &found.types[b_id].kind) {
            (TypeDefKind::Record(a), TypeDefKind::Record(b)) => {
                self.names(
                    step(),
                    "the fields",
                    lists(names(&a.fields, |f| &f.name), names(&b.fields, |f| &f.name)),
                )?;
                for (a, b) in a.fields.iter().zip(&b.fields) {
                    let step = format!("{} > field {}", step(), a.name);
                    self.at(step, |walk| walk.types(&a.ty, &b.ty))?;
                }
                Ok(())
            }
            (TypeDefKind::Variant(a), TypeDefKind::Variant(b)) => {
                self.names(
                    step(),
                    "the cases",
                    lists(names(&a.cases, |c| &c.name), names(&b.cases, |c| &c.name)),
                )?;
                for (a, b) in a.cases.iter().zip(&b.cases) {
                    let step = format!("{} > case {}", step(), a.name);
                    self.at(step, |walk| walk.optional(a.ty.as_ref(), b.ty.as_ref()))?;
                }
                Ok(())
            }
            (TypeDefKind::Enum(a), TypeDefKind::Enum(b)) => self.names(
                step(),
                "the cases",
                lists(names(&a.cases, |c| &c.name), names(&b.cases, |c| &c.name)),
            ),
            (TypeDefKind::Flags(a), TypeDefKind::Flags(b)) => self.names(
                step(),
                "the flags",
                lists(names(&a.flags, |f| &f.name), names(&b.flags, |f| &f.name)),
            ),
            (TypeDefKind::Tuple(a), TypeDefKind::Tuple(b)) if a.types.len() == b.types.len() => {
                for (at, (a, b)) in a.types.iter().zip(&b.types).enumerate() {
                    self.at(format!("tuple > {at}"), |walk| walk.types(a, b))?;
                }
                Ok(())
            }
            (TypeDefKind::Option(a), TypeDefKind::Option(b)) => {
                self.at("option".into(), |walk| walk.types(a, b))
            }
            (TypeDefKind::Result(a), TypeDefKind::Result(b)) => {
                self.at("result > ok".into(), |walk| {
                    walk.optional(a.ok.as_ref(), b.ok.as_ref())
                })?;
                self.at("result > error".into(), |walk| {
                    walk.optional(a.err.as_ref(), b.err.as_ref())
                })
            }
            (TypeDefKind::List(a), TypeDefKind::List(b)) => {
                self.at("list".into(), |walk| walk.types(a, b))
            }
            (TypeDefKind::FixedLengthList(a, n), TypeDefKind::FixedLengthList(b, m)) if n == m => {
                self.at("list".into(), |walk| walk.types(a, b))
            }
            (TypeDefKind::Map(k, v), TypeDefKind::Map(l, w)) => {
                self.at("map > key".into(), |walk| walk.types(k, l))?;
                self.at("map > value".into(), |walk| walk.types(v, w))
            }
            (TypeDefKind::Future(a), TypeDefKind::Future(b)) => self.at("future".into(), |walk| {
                walk.optional(a.as_ref(), b.as_ref())
            }),
            (TypeDefKind::Stream(a), TypeDefKind::Stream(b)) => self.at("stream".into(), |walk| {
                walk.optional(a.as_ref(), b.as_ref())
            }),
            (TypeDefKind::Handle(Handle::Own(x)), TypeDefKind::Handle(Handle::Own(y)))
            | (TypeDefKind::Handle(Handle::Borrow(x)), TypeDefKind::Handle(Handle::Borrow(y)))
                if self.same_resource(*x, *y) =>
            {
                Ok(())
            }
            _ => self.differ(describe(wanted, &a), describe(found, &b)),
        }
    }

    /// Whether two resources are defined by the same interface under the same name, or by the two interfaces that are
    /// compared; which instance defines them is for the validator to say.
    fn same_resource(&self, x: TypeId, y: TypeId) -> bool {
        let (a, b) = (self.wanted, self.found);
        let (x, y) = (&a.types[resource(a, x)], &b.types[resource(b, y)]);
        let owner = |ty: &TypeDef| match ty.owner {
            TypeOwner::Interface(id) => Some(id),
            _ => None,
        };
        let (from, to) = (owner(x), owner(y));
        let name = |resolve: &Resolve, id: Option<InterfaceId>| resolve.id_of(id?);
        let same = match (name(a, from), name(b, to)) {
            (Some(a), Some(b)) => Name::of(&a).base == Name::of(&b).base,
            (a, b) => a == b,
        };
        x.name == y.name && (same || from.is_some() && (from, to) == self.interfaces)
    }

    fn names(&mut self, step: String, what: &str, differ: Option<(String, String)>) -> Compared {
        match differ {
            None => Ok(()),
            Some((wanted, found)) => self.at(step, |walk| {
                walk.differ(format!("{what} {wanted}"), format!("{what} {found}"))
            }),
        }
    }
}

fn names<T>(items: &[T], name: impl Fn(&T) -> &String) -> Vec<&String> {
    items.iter().map(name).collect()
}

fn joined(names: &[&String]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.join(", ")
}

/// A type without the names that it has been given by `use` and `type`.
fn plain(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty
        && let TypeDefKind::Type(inner) = resolve.types[id].kind
    {
        ty = inner;
    }
    ty
}

/// The definition of a resource, which other interfaces `use`.
pub fn resource(resolve: &Resolve, id: TypeId) -> TypeId {
    match plain(resolve, Type::Id(id)) {
        Type::Id(id) => id,
        _ => id,
    }
}

/// A type in words.
fn describe(resolve: &Resolve, ty: &Type) -> String {
    let of = |ty: &Type| describe(resolve, ty);
    let optional = |ty: &Option<Type>| ty.as_ref().map_or("_".to_string(), of);
    let id = match plain(resolve, *ty) {
        Type::Id(id) => id,
        Type::Bool => return "bool".into(),
        Type::U8 => return "u8".into(),
        Type::U16 => return "u16".into(),
        Type::U32 => return "u32".into(),
        Type::U64 => return "u64".into(),
        Type::S8 => return "s8".into(),
        Type::S16 => return "s16".into(),
        Type::S32 => return "s32".into(),
        Type::S64 => return "s64".into(),
        Type::F32 => return "f32".into(),
        Type::F64 => return "f64".into(),
        Type::Char => return "char".into(),
        Type::String => return "string".into(),
        Type::ErrorContext => return "error-context".into(),
    };
    let def = &resolve.types[id];
    let named = |what: &str| match &def.name {
        Some(name) => format!("{what} {name}"),
        None => format!("a {what}"),
    };
    let handle = |id: &TypeId| {
        let def = &resolve.types[resource(resolve, *id)];
        def.name.clone().unwrap_or_else(|| "resource".into())
    };
    match &def.kind {
        TypeDefKind::Record(_) => named("record"),
        TypeDefKind::Variant(_) => named("variant"),
        TypeDefKind::Enum(_) => named("enum"),
        TypeDefKind::Flags(_) => named("flags"),
        TypeDefKind::Resource => named("resource"),
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", handle(id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", handle(id)),
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(of).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Option(ty) => format!("option<{}>", of(ty)),
        TypeDefKind::Result(result) => {
            format!(
                "result<{}, {}>",
                optional(&result.ok),
                optional(&result.err)
            )
        }
        TypeDefKind::List(ty) => format!("list<{}>", of(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", of(ty)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", of(key), of(value)),
        TypeDefKind::Future(ty) => format!("future<{}>", optional(ty)),
        TypeDefKind::Stream(ty) => format!("stream<{}>", optional(ty)),
        TypeDefKind::Type(_) | TypeDefKind::Unknown => "a type".into(),
    }
}
