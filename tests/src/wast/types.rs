//! The types of a component's functions, despecialized as in `CanonicalABI.md`: a tuple is a
//! record, an enum, an option and a result are variants, a map is a list of pairs.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentInstanceTypeId,
    ComponentValType,
};
use wasmparser::types::{Types, TypesRef};
use wasmparser::{Parser, Payload, PrimitiveValType, Validator, WasmFeatures};

/// A value type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    Bool,
    U8,
    S8,
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
    F32,
    F64,
    Char,
    String,
    List(Box<Type>),
    FixedList(Box<Type>, u32),
    /// Fields in order; those of a tuple are called `0`, `1`, …
    Record(Vec<(String, Type)>),
    /// Cases in order; those of an option are `none` and `some`, of a result `ok` and `error`.
    Variant(Vec<(String, Option<Type>)>),
    Flags(Vec<String>),
    /// An `own` or a `borrow`.
    Handle,
}

/// The type of an exported function.
#[derive(Debug, Clone)]
pub struct FuncType {
    pub params: Vec<(String, Type)>,
    pub result: Option<Type>,
}

/// What the runner has to know of a component.
pub struct Surface {
    /// Whether the component imports anything.
    pub imports: bool,
    /// The exported functions by the names that a flat module gives them: `func`, or
    /// `instance#func`. Where the type cannot be expressed, the reason.
    pub functions: BTreeMap<String, Result<FuncType, String>>,
}

/// Proposals that a flat module does not take, by the names of the refusal.
const OUT_OF_SCOPE: &[(&str, WasmFeatures)] = &[
    ("threads", WasmFeatures::SHARED_EVERYTHING_THREADS),
    ("forwarded streams", WasmFeatures::CM_FORWARD),
    ("shared memories", WasmFeatures::THREADS),
    (
        "64-bit memories",
        WasmFeatures::MEMORY64.union(WasmFeatures::CM64),
    ),
    ("GC types", WasmFeatures::GC.union(WasmFeatures::CM_GC)),
    (
        "exceptions",
        WasmFeatures::EXCEPTIONS.union(WasmFeatures::LEGACY_EXCEPTIONS),
    ),
    ("value imports and exports", WasmFeatures::CM_VALUES),
];

/// The first proposal that the valid `component` needs and that is not the linker's to support.
pub fn out_of_scope(component: &[u8]) -> Option<&'static str> {
    if has_threads(component) {
        return Some("threads");
    }
    OUT_OF_SCOPE
        .iter()
        .find(|(_, features)| {
            validate(component, WasmFeatures::all().difference(*features)).is_err()
        })
        .map(|(name, _)| *name)
}

/// Whether the component makes threads, or switches between those of an instance. The second slot of contexts
/// belongs to the same proposal.
fn has_threads(component: &[u8]) -> bool {
    use wasmparser::CanonicalFunction as F;
    let is_of_threads = |func: F| {
        matches!(
            func,
            F::ThreadIndex
                | F::ThreadNewIndirect { .. }
                | F::ThreadResumeLater
                | F::ThreadSuspend
                | F::ThreadSuspendThenResume
                | F::ThreadSuspendThenPromote
                | F::ThreadYieldThenResume
                | F::ThreadYieldThenPromote
        )
    };
    Parser::new(0).parse_all(component).any(|payload| {
        let Ok(Payload::ComponentCanonicalSection(section)) = payload else {
            return false;
        };
        section.into_iter().flatten().any(is_of_threads)
    })
}

fn validate(component: &[u8], features: WasmFeatures) -> wasmparser::Result<Types> {
    Validator::new_with_features(features).validate_all(component)
}

impl Surface {
    /// Validates `component` with every proposal and reads its imports and exports.
    ///
    /// # Errors
    ///
    /// When it is not valid.
    pub fn read(component: &[u8]) -> Result<Surface> {
        let types = validate(component, WasmFeatures::all())?;
        let mut surface = Surface {
            imports: false,
            functions: BTreeMap::new(),
        };
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 0 => {
                    surface.imports |= section.count() > 0;
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let name = export?.name.name;
                        let item = types
                            .component_item_for_export(name)
                            .with_context(|| format!("no type for the export `{name}`"))?;
                        surface.export(types.as_ref(), name, &item.ty);
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }

    fn export(&mut self, types: TypesRef<'_>, name: &str, ty: &ComponentEntityType) {
        match ty {
            ComponentEntityType::Func(id) => {
                let ty = func_type(types, *id).map_err(|error| error.to_string());
                self.functions.insert(name.to_owned(), ty);
            }
            ComponentEntityType::Instance(id) => self.instance(types, name, *id),
            _ => {}
        }
    }

    fn instance(&mut self, types: TypesRef<'_>, name: &str, id: ComponentInstanceTypeId) {
        for (inner, item) in &types[id].exports {
            self.export(types, &format!("{name}#{inner}"), &item.ty);
        }
    }
}

fn func_type(types: TypesRef<'_>, id: ComponentFuncTypeId) -> Result<FuncType> {
    let ty = &types[id];
    Ok(FuncType {
        params: ty
            .params
            .iter()
            .map(|(name, ty)| Ok((name.to_string(), val_type(types, *ty)?)))
            .collect::<Result<_>>()?,
        result: ty.result.map(|ty| val_type(types, ty)).transpose()?,
    })
}

fn val_type(types: TypesRef<'_>, ty: ComponentValType) -> Result<Type> {
    match ty {
        ComponentValType::Primitive(primitive) => primitive_type(primitive),
        ComponentValType::Type(id) => defined_type(types, &types[id]),
    }
}

fn defined_type(types: TypesRef<'_>, ty: &ComponentDefinedType) -> Result<Type> {
    let of = |ty: &ComponentValType| val_type(types, *ty);
    let payload = |ty: &Option<ComponentValType>| ty.as_ref().map(of).transpose();
    Ok(match ty {
        ComponentDefinedType::Primitive(primitive) => primitive_type(*primitive)?,
        ComponentDefinedType::Record(record) => Type::Record(
            record
                .fields
                .iter()
                .map(|(name, ty)| Ok((name.to_string(), of(ty)?)))
                .collect::<Result<_>>()?,
        ),
        ComponentDefinedType::Tuple(tuple) => {
            record_of(tuple.types.iter().map(of).collect::<Result<_>>()?)
        }
        ComponentDefinedType::Variant(variant) => Type::Variant(
            variant
                .cases
                .iter()
                .map(|(name, case)| Ok((name.to_string(), payload(&case.ty)?)))
                .collect::<Result<_>>()?,
        ),
        ComponentDefinedType::Enum(names) => {
            Type::Variant(names.iter().map(|name| (name.to_string(), None)).collect())
        }
        ComponentDefinedType::Option { ty, .. } => Type::Variant(vec![
            ("none".to_owned(), None),
            ("some".to_owned(), Some(of(ty)?)),
        ]),
        ComponentDefinedType::Result { ok, err, .. } => Type::Variant(vec![
            ("ok".to_owned(), payload(ok)?),
            ("error".to_owned(), payload(err)?),
        ]),
        ComponentDefinedType::Flags(names) => {
            Type::Flags(names.iter().map(|name| name.to_string()).collect())
        }
        ComponentDefinedType::List { element, .. } => Type::List(Box::new(of(element)?)),
        ComponentDefinedType::FixedLengthList {
            element, length, ..
        } => Type::FixedList(Box::new(of(element)?), *length),
        ComponentDefinedType::Map { key, value, .. } => {
            Type::List(Box::new(record_of(vec![of(key)?, of(value)?])))
        }
        ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => Type::Handle,
        ComponentDefinedType::Future { .. } | ComponentDefinedType::Stream { .. } => {
            bail!("it has a future or stream")
        }
    })
}

/// The record that a tuple of `types` is.
fn record_of(types: Vec<Type>) -> Type {
    Type::Record(
        types
            .into_iter()
            .enumerate()
            .map(|(i, ty)| (i.to_string(), ty))
            .collect(),
    )
}

fn primitive_type(primitive: PrimitiveValType) -> Result<Type> {
    Ok(match primitive {
        PrimitiveValType::Bool => Type::Bool,
        PrimitiveValType::U8 => Type::U8,
        PrimitiveValType::S8 => Type::S8,
        PrimitiveValType::U16 => Type::U16,
        PrimitiveValType::S16 => Type::S16,
        PrimitiveValType::U32 => Type::U32,
        PrimitiveValType::S32 => Type::S32,
        PrimitiveValType::U64 => Type::U64,
        PrimitiveValType::S64 => Type::S64,
        PrimitiveValType::F32 => Type::F32,
        PrimitiveValType::F64 => Type::F64,
        PrimitiveValType::Char => Type::Char,
        PrimitiveValType::String => Type::String,
        PrimitiveValType::ErrorContext => bail!("it has an error-context"),
    })
}
