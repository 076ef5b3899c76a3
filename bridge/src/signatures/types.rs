//! Types of WIT with the names that values are written with, and the form that the canonical ABI
//! gives them.

use std::sync::Arc;

use anyhow::{Result, bail};
use p1bridge_linker::abi;
use p1bridge_linker::entity::ResourceId;
use wit_parser::{Function, Resolve, Type as WitType, TypeDefKind};

/// As many as the linker takes.
const MAX_TYPES: usize = 100_000;

/// A type of WIT, aliases resolved.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is.
    pub kind: Kind,
    /// Its form in memory and as core values.
    pub abi: abi::Type,
}

/// What a type of WIT is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `bool`
    Bool,
    /// `s8`
    S8,
    /// `s16`
    S16,
    /// `s32`
    S32,
    /// `s64`
    S64,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<T>`
    List(Arc<Type>),
    /// `list<T, N>`
    FixedList(Arc<Type>, u32),
    /// A list of pairs.
    Map(Arc<(Type, Type)>),
    /// `record`: fields with their names.
    Record(Arc<[(String, Type)]>),
    /// `tuple`
    Tuple(Arc<[Type]>),
    /// `variant`: cases with their names and payloads.
    Variant(Arc<[(String, Option<Type>)]>),
    /// `enum`: the names of its cases.
    Enum(Arc<[String]>),
    /// `option<T>`
    Option(Arc<Type>),
    /// `result<T, E>`, without what it has no type for.
    Result(Arc<(Option<Type>, Option<Type>)>),
    /// `flags`: the names of its flags.
    Flags(Arc<[String]>),
    /// A handle, owned or borrowed: a number that means something to the module alone.
    Handle,
}

/// The parameters of a function with their names, and its result.
#[derive(Clone, Debug)]
pub struct FunctionType {
    /// Its parameters, with their names.
    pub params: Vec<(String, Type)>,
    /// What it returns, if anything.
    pub result: Option<Type>,
    /// The same for the canonical ABI.
    pub abi: abi::FuncType,
}

/// The type of `function`. An async function has the type of one that is not: it is called as one that blocks.
///
/// # Errors
///
/// When it has futures or streams, which no boundary of a flat module takes, or is larger than any real one.
pub fn function(resolve: &Resolve, function: &Function) -> Result<FunctionType> {
    let mut types = Types { resolve, count: 0 };
    let params = function
        .params
        .iter()
        .map(|param| Ok((param.name.clone(), types.value(param.ty)?)))
        .collect::<Result<Vec<_>>>()?;
    let result = function.result.map(|ty| types.value(ty)).transpose()?;
    let abi = abi::FuncType {
        params: abi::Type::Record(params.iter().map(|(_, ty)| ty.abi.clone()).collect()),
        result: result.as_ref().map(|ty| ty.abi.clone()),
    };
    Ok(FunctionType {
        params,
        result,
        abi,
    })
}

struct Types<'a> {
    resolve: &'a Resolve,
    count: usize,
}

impl Types<'_> {
    fn value(&mut self, ty: WitType) -> Result<Type> {
        self.count += 1;
        if self.count > MAX_TYPES {
            bail!("it has more than {MAX_TYPES} types in it");
        }
        let int = |bits, signed| abi::Type::Int { bits, signed };
        let (kind, abi) = match ty {
            WitType::Bool => (Kind::Bool, abi::Type::Bool),
            WitType::S8 => (Kind::S8, int(8, true)),
            WitType::S16 => (Kind::S16, int(16, true)),
            WitType::S32 => (Kind::S32, int(32, true)),
            WitType::S64 => (Kind::S64, int(64, true)),
            WitType::U8 => (Kind::U8, int(8, false)),
            WitType::U16 => (Kind::U16, int(16, false)),
            WitType::U32 => (Kind::U32, int(32, false)),
            WitType::U64 => (Kind::U64, int(64, false)),
            WitType::F32 => (Kind::F32, abi::Type::F32),
            WitType::F64 => (Kind::F64, abi::Type::F64),
            WitType::Char => (Kind::Char, abi::Type::Char),
            WitType::String => (Kind::String, abi::Type::String),
            WitType::ErrorContext => bail!("error-context is not supported"),
            WitType::Id(id) => return self.defined(&self.resolve.types[id].kind),
        };
        Ok(Type { kind, abi })
    }

    fn defined(&mut self, kind: &TypeDefKind) -> Result<Type> {
        let (kind, abi) = match kind {
            TypeDefKind::Type(ty) => return self.value(*ty),
            TypeDefKind::Record(record) => {
                let fields: Arc<[(String, Type)]> = record
                    .fields
                    .iter()
                    .map(|field| Ok((field.name.clone(), self.value(field.ty)?)))
                    .collect::<Result<_>>()?;
                let abi = fields.iter().map(|(_, ty)| ty.abi.clone()).collect();
                (Kind::Record(fields), abi::Type::Record(abi))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Arc<[Type]> = tuple
                    .types
                    .iter()
                    .map(|ty| self.value(*ty))
                    .collect::<Result<_>>()?;
                let abi = types.iter().map(|ty| ty.abi.clone()).collect();
                (Kind::Tuple(types), abi::Type::Record(abi))
            }
            TypeDefKind::Variant(variant) => {
                let cases: Arc<[(String, Option<Type>)]> = variant
                    .cases
                    .iter()
                    .map(|case| Ok((case.name.clone(), self.payload(case.ty)?)))
                    .collect::<Result<_>>()?;
                let abi = cases_of(cases.iter().map(|(_, ty)| ty.as_ref()));
                (Kind::Variant(cases), abi)
            }
            TypeDefKind::Enum(labels) => {
                let labels: Arc<[String]> =
                    labels.cases.iter().map(|case| case.name.clone()).collect();
                let abi = cases_of(labels.iter().map(|_| None));
                (Kind::Enum(labels), abi)
            }
            TypeDefKind::Option(ty) => {
                let some = self.value(*ty)?;
                let abi = cases_of([None, Some(&some)].into_iter());
                (Kind::Option(Arc::new(some)), abi)
            }
            TypeDefKind::Result(result) => {
                let both = (self.payload(result.ok)?, self.payload(result.err)?);
                let abi = cases_of([both.0.as_ref(), both.1.as_ref()].into_iter());
                (Kind::Result(Arc::new(both)), abi)
            }
            TypeDefKind::Flags(flags) => {
                let labels: Arc<[String]> =
                    flags.flags.iter().map(|flag| flag.name.clone()).collect();
                let abi = abi::Type::Flags(labels.len() as u32);
                (Kind::Flags(labels), abi)
            }
            TypeDefKind::List(ty) => {
                let element = self.value(*ty)?;
                let abi = abi::Type::List(Arc::new(element.abi.clone()));
                (Kind::List(Arc::new(element)), abi)
            }
            TypeDefKind::FixedLengthList(ty, length) => {
                self.count = self.count.saturating_add(*length as usize);
                let element = self.value(*ty)?;
                let abi = abi::Type::FixedList(Arc::new(element.abi.clone()), *length);
                (Kind::FixedList(Arc::new(element), *length), abi)
            }
            TypeDefKind::Map(key, value) => {
                let pair = (self.value(*key)?, self.value(*value)?);
                let both = [pair.0.abi.clone(), pair.1.abi.clone()].into_iter();
                let abi = abi::Type::List(Arc::new(abi::Type::Record(both.collect())));
                (Kind::Map(Arc::new(pair)), abi)
            }
            // Which resource it is changes nothing about the handle.
            TypeDefKind::Handle(_) | TypeDefKind::Resource => {
                (Kind::Handle, abi::Type::Own(ResourceId(0)))
            }
            TypeDefKind::Future(_) | TypeDefKind::Stream(_) | TypeDefKind::Unknown => {
                bail!("futures and streams are not supported")
            }
        };
        Ok(Type { kind, abi })
    }

    fn payload(&mut self, ty: Option<WitType>) -> Result<Option<Type>> {
        ty.map(|ty| self.value(ty)).transpose()
    }
}

fn cases_of<'a>(payloads: impl Iterator<Item = Option<&'a Type>>) -> abi::Type {
    abi::Type::Variant(payloads.map(|ty| ty.map(|ty| ty.abi.clone())).collect())
}
