//! Types and their sizes, alignments and flat forms.

use std::sync::Arc;

use wasmparser::ValType;

use crate::entity::ResourceId;

/// The most flat parameters of a function; beyond it they are passed in memory.
pub const MAX_FLAT_PARAMS: usize = 16;
/// The most flat parameters of a function that is lowered with `async`.
pub const MAX_FLAT_ASYNC_PARAMS: usize = 4;
/// The most flat results of a function.
pub const MAX_FLAT_RESULTS: usize = 1;

/// A value type, despecialised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    Bool,
    /// An integer of this many bits.
    Int {
        bits: u32,
        signed: bool,
    },
    F32,
    F64,
    Char,
    String,
    List(Arc<Type>),
    FixedList(Arc<Type>, u32),
    Record(Arc<[Type]>),
    /// The payload of each case.
    Variant(Arc<[Option<Type>]>),
    /// The number of labels.
    Flags(u32),
    Own(ResourceId),
    Borrow(ResourceId),
    /// The readable end of a stream, with the type of its elements.
    Stream(Option<Arc<Type>>),
    /// The readable end of a future, with the type of its value.
    Future(Option<Arc<Type>>),
    ErrorContext,
}

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncType {
    pub params: Type,
    pub result: Option<Type>,
}

impl FuncType {
    /// Whether parameters or results are passed in memory.
    pub fn uses_memory(&self) -> bool {
        let spills = |ty: &Type, most: usize| ty.flat().len() > most || ty.has_pointers();
        spills(&self.params, MAX_FLAT_PARAMS)
            || self
                .result
                .as_ref()
                .is_some_and(|ty| spills(ty, MAX_FLAT_RESULTS))
    }

    /// The core type of a function that is lifted from core code, as exports are.
    pub fn lifted(&self) -> wasmparser::FuncType {
        let results = match self.flat_result() {
            results if results.len() > MAX_FLAT_RESULTS => vec![ValType::I32],
            results => results,
        };
        wasmparser::FuncType::new(self.core_params(), results)
    }

    /// The core type of a function that is lowered for core code, as imports are.
    pub fn lowered(&self) -> wasmparser::FuncType {
        let mut params = self.core_params();
        let mut results = self.flat_result();
        if results.len() > MAX_FLAT_RESULTS {
            results.clear();
            params.push(ValType::I32);
        }
        wasmparser::FuncType::new(params, results)
    }

    fn core_params(&self) -> Vec<ValType> {
        match self.params.flat() {
            params if params.len() > MAX_FLAT_PARAMS => vec![ValType::I32],
            params => params,
        }
    }

    fn flat_result(&self) -> Vec<ValType> {
        self.result.as_ref().map(Type::flat).unwrap_or_default()
    }

    /// The types of the parameters.
    pub fn params(&self) -> &[Type] {
        match &self.params {
            Type::Record(fields) => fields,
            _ => unreachable!("parameters are a record"),
        }
    }
}

impl Type {
    /// The alignment in memory, in bytes.
    pub fn align(&self) -> u32 {
        match self {
            Type::Bool => 1,
            Type::Int { bits, .. } => bits / 8,
            Type::F32 | Type::Char | Type::String | Type::List(_) => 4,
            Type::F64 => 8,
            Type::FixedList(element, _) => element.align(),
            Type::Record(fields) => fields.iter().map(Type::align).max().unwrap_or(1),
            Type::Variant(cases) => discriminant_size(cases.len()).max(max_case_align(cases)),
            Type::Flags(labels) => flags_size(*labels),
            Type::Own(_) | Type::Borrow(_) => 4,
            Type::Stream(_) | Type::Future(_) | Type::ErrorContext => 4,
        }
    }

    /// The size in memory, in bytes.
    pub fn size(&self) -> u32 {
        match self {
            Type::Bool => 1,
            Type::Int { bits, .. } => bits / 8,
            Type::F32 | Type::Char => 4,
            Type::F64 | Type::String | Type::List(_) => 8,
            Type::FixedList(element, length) => element.size() * length,
            Type::Record(fields) => {
                let end = fields.iter().fold(0, |at: u32, field| {
                    at.next_multiple_of(field.align()) + field.size()
                });
                end.next_multiple_of(self.align())
            }
            Type::Variant(cases) => {
                let largest = cases.iter().flatten().map(Type::size).max().unwrap_or(0);
                (payload_offset(cases) + largest).next_multiple_of(self.align())
            }
            Type::Flags(labels) => flags_size(*labels),
            Type::Own(_) | Type::Borrow(_) => 4,
            Type::Stream(_) | Type::Future(_) | Type::ErrorContext => 4,
        }
    }

    /// The core types of the flat form.
    pub fn flat(&self) -> Vec<ValType> {
        let mut flat = Vec::new();
        self.flatten(&mut flat);
        flat
    }

    fn flatten(&self, flat: &mut Vec<ValType>) {
        match self {
            Type::Int { bits: 64, .. } => flat.push(ValType::I64),
            Type::Bool
            | Type::Int { .. }
            | Type::Char
            | Type::Flags(_)
            | Type::Own(_)
            | Type::Borrow(_)
            | Type::Stream(_)
            | Type::Future(_)
            | Type::ErrorContext => flat.push(ValType::I32),
            Type::F32 => flat.push(ValType::F32),
            Type::F64 => flat.push(ValType::F64),
            Type::String | Type::List(_) => flat.extend([ValType::I32, ValType::I32]),
            Type::FixedList(element, length) => {
                let one = element.flat();
                for _ in 0..*length {
                    flat.extend_from_slice(&one);
                }
            }
            Type::Record(fields) => {
                for field in fields.iter() {
                    field.flatten(flat);
                }
            }
            Type::Variant(cases) => {
                flat.push(ValType::I32);
                flat.extend(payload_flat(cases));
            }
        }
    }

    /// Whether every bit pattern of the size is a value, and means the same in every memory.
    pub fn is_plain(&self) -> bool {
        match self {
            Type::Int { .. } | Type::F32 | Type::F64 => true,
            Type::FixedList(element, _) => element.is_plain(),
            Type::Record(fields) => fields.iter().all(Type::is_plain),
            _ => false,
        }
    }

    /// Whether lifting a value of this type can trap, whatever memory it is in: `CanonicalABI.md`,
    /// "Loading" and "Flat Lifting". Handles are not looked at.
    pub fn can_be_wrong(&self) -> bool {
        self.any(&|ty| {
            matches!(
                ty,
                Type::String | Type::List(_) | Type::Char | Type::Variant(_)
            )
        })
    }

    /// Whether a value of this type can have ends of streams or futures, or error contexts, in it.
    pub fn has_ends(&self) -> bool {
        self.any(&|ty| matches!(ty, Type::Stream(_) | Type::Future(_) | Type::ErrorContext))
    }

    /// Whether a value of this type can have pointers in it.
    pub fn has_pointers(&self) -> bool {
        self.any(&|ty| matches!(ty, Type::String | Type::List(_)))
    }

    /// Whether `test` holds for this type or any in it.
    pub fn any(&self, test: &dyn Fn(&Type) -> bool) -> bool {
        test(self)
            || match self {
                Type::List(element) | Type::FixedList(element, _) => element.any(test),
                Type::Record(fields) => fields.iter().any(|field| field.any(test)),
                Type::Variant(cases) => cases.iter().flatten().any(|case| case.any(test)),
                _ => false,
            }
    }
}

/// The offsets of the fields of a record.
pub fn field_offsets(fields: &[Type]) -> Vec<u32> {
    let mut at = 0u32;
    fields
        .iter()
        .map(|field| {
            let offset = at.next_multiple_of(field.align());
            at = offset + field.size();
            offset
        })
        .collect()
}

/// The size of the discriminant of a variant with this many cases, in bytes.
pub fn discriminant_size(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// The size of flags, in bytes.
pub fn flags_size(labels: u32) -> u32 {
    match labels {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

fn max_case_align(cases: &[Option<Type>]) -> u32 {
    cases.iter().flatten().map(Type::align).max().unwrap_or(1)
}

/// Where the payload of a variant begins.
pub fn payload_offset(cases: &[Option<Type>]) -> u32 {
    discriminant_size(cases.len()).next_multiple_of(max_case_align(cases))
}

/// The core types of the flat payload of a variant: those of all cases, joined.
pub fn payload_flat(cases: &[Option<Type>]) -> Vec<ValType> {
    let mut joined: Vec<ValType> = Vec::new();
    for case in cases.iter().flatten() {
        for (at, ty) in case.flat().into_iter().enumerate() {
            match joined.get_mut(at) {
                Some(known) => *known = join(*known, ty),
                None => joined.push(ty),
            }
        }
    }
    joined
}

fn join(a: ValType, b: ValType) -> ValType {
    match (a, b) {
        _ if a == b => a,
        (ValType::I32, ValType::F32) | (ValType::F32, ValType::I32) => ValType::I32,
        _ => ValType::I64,
    }
}
