//! Functions and types as WIT writes them.

use wit_parser::{Function, Handle, Resolve, Type, TypeDefKind, TypeId};

/// The type of a function, such as `func(name: string) -> string`. Types that have a name are
/// written as that name.
pub fn function(resolve: &Resolve, function: &Function) -> String {
    let params = function.params.iter();
    let params = params.map(|param| format!("{}: {}", param.name, value(resolve, param.ty)));
    let result = function.result.map(|ty| value(resolve, ty));
    let is_async = if function.kind.is_async() {
        "async "
    } else {
        ""
    };
    format!(
        "{is_async}func({}){}",
        list(params),
        result.map(|ty| format!(" -> {ty}")).unwrap_or_default()
    )
}

/// The definition of a type that has a name, such as `record point { x: f32, y: f32 }`; nothing for
/// those that are only a name for another interface's.
pub fn definition(resolve: &Resolve, id: TypeId) -> Option<String> {
    let ty = &resolve.types[id];
    let name = ty.name.as_deref()?;
    let braced = |what, inside| Some(format!("{what} {name} {{ {inside} }}"));
    match &ty.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            let fields =
                fields.map(|field| format!("{}: {}", field.name, value(resolve, field.ty)));
            braced("record", list(fields))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases = cases.map(|case| match case.ty {
                Some(ty) => format!("{}({})", case.name, value(resolve, ty)),
                None => case.name.clone(),
            });
            braced("variant", list(cases))
        }
        TypeDefKind::Enum(labels) => braced(
            "enum",
            list(labels.cases.iter().map(|case| case.name.clone())),
        ),
        TypeDefKind::Flags(flags) => braced(
            "flags",
            list(flags.flags.iter().map(|flag| flag.name.clone())),
        ),
        TypeDefKind::Resource => Some(format!("resource {name}")),
        TypeDefKind::Type(Type::Id(other))
            if resolve.types[*other].name.as_deref() == Some(name) =>
        {
            None
        }
        kind => Some(format!("type {name} = {}", anonymous(resolve, kind))),
    }
}

fn value(resolve: &Resolve, ty: Type) -> String {
    let primitive = match ty {
        Type::Id(id) => {
            let ty = &resolve.types[id];
            return match &ty.name {
                Some(name) => name.clone(),
                None => anonymous(resolve, &ty.kind),
            };
        }
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
    };
    primitive.to_string()
}

fn anonymous(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let of = |ty: &Type| value(resolve, *ty);
    match kind {
        TypeDefKind::Type(ty) => of(ty),
        TypeDefKind::List(ty) => format!("list<{}>", of(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", of(ty)),
        TypeDefKind::Map(key, ty) => format!("map<{}, {}>", of(key), of(ty)),
        TypeDefKind::Option(ty) => format!("option<{}>", of(ty)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", list(tuple.types.iter().map(of))),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_string(),
            (Some(ok), None) => format!("result<{}>", of(ok)),
            (None, Some(err)) => format!("result<_, {}>", of(err)),
            (Some(ok), Some(err)) => format!("result<{}, {}>", of(ok), of(err)),
        },
        TypeDefKind::Handle(handle) => {
            let (form, id) = match handle {
                Handle::Own(id) => ("own", id),
                Handle::Borrow(id) => ("borrow", id),
            };
            format!("{form}<{}>", value(resolve, Type::Id(*id)))
        }
        TypeDefKind::Future(ty) => generic("future", ty.as_ref().map(of)),
        TypeDefKind::Stream(ty) => generic("stream", ty.as_ref().map(of)),
        // These always have a name.
        kind => kind.as_str().to_string(),
    }
}

fn generic(what: &str, ty: Option<String>) -> String {
    match ty {
        Some(ty) => format!("{what}<{ty}>"),
        None => what.to_string(),
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
