//! Alignment, size and flattening of value types: `CanonicalABI.md`, "Alignment", "Element Size"
//! and "Flattening", for 32-bit memories.

use super::types::Type;

/// The most parameters that are passed one by one.
pub const MAX_FLAT_PARAMS: usize = 16;
/// The most results that are returned one by one.
pub const MAX_FLAT_RESULTS: usize = 1;

/// A type of a core value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    I32,
    I64,
    F32,
    F64,
}

/// The alignment in bytes.
pub fn alignment(ty: &Type) -> u32 {
    match ty {
        Type::Bool | Type::U8 | Type::S8 => 1,
        Type::U16 | Type::S16 => 2,
        Type::U32 | Type::S32 | Type::F32 | Type::Char => 4,
        Type::U64 | Type::S64 | Type::F64 => 8,
        Type::String | Type::List(_) | Type::Handle => 4,
        Type::FixedList(element, _) => alignment(element),
        Type::Record(fields) => fields
            .iter()
            .map(|(_, ty)| alignment(ty))
            .max()
            .unwrap_or(1),
        Type::Variant(cases) => discriminant_size(cases.len()).max(payload_alignment(cases)),
        Type::Flags(labels) => flags_unit(labels.len()),
    }
}

/// The size in bytes, a multiple of the alignment.
pub fn size(ty: &Type) -> u32 {
    match ty {
        Type::String | Type::List(_) => 8,
        Type::FixedList(element, length) => length * size(element),
        Type::Record(fields) => {
            let end = fields
                .iter()
                .fold(0, |end, (_, ty)| align_to(end, alignment(ty)) + size(ty));
            align_to(end, alignment(ty))
        }
        Type::Variant(cases) => {
            let payload = cases.iter().filter_map(|(_, ty)| ty.as_ref());
            let end = payload_offset(cases) + payload.map(size).max().unwrap_or(0);
            align_to(end, alignment(ty))
        }
        Type::Flags(labels) => flags_unit(labels.len()) * flags_units(labels.len()),
        _ => alignment(ty),
    }
}

/// The core types that a value is passed as.
pub fn flatten(ty: &Type) -> Vec<Core> {
    match ty {
        Type::U64 | Type::S64 => vec![Core::I64],
        Type::F32 => vec![Core::F32],
        Type::F64 => vec![Core::F64],
        Type::String | Type::List(_) => vec![Core::I32, Core::I32],
        Type::FixedList(element, length) => flatten(element).repeat(*length as usize),
        Type::Record(fields) => fields.iter().flat_map(|(_, ty)| flatten(ty)).collect(),
        Type::Variant(cases) => {
            let mut joined = Vec::new();
            for ty in cases.iter().filter_map(|(_, ty)| ty.as_ref()) {
                for (i, core) in flatten(ty).into_iter().enumerate() {
                    match joined.get_mut(i) {
                        Some(slot) => *slot = join(*slot, core),
                        None => joined.push(core),
                    }
                }
            }
            joined.insert(0, Core::I32);
            joined
        }
        Type::Flags(labels) => vec![Core::I32; flags_units(labels.len()) as usize],
        _ => vec![Core::I32],
    }
}

fn join(a: Core, b: Core) -> Core {
    match (a, b) {
        _ if a == b => a,
        (Core::I32, Core::F32) | (Core::F32, Core::I32) => Core::I32,
        _ => Core::I64,
    }
}

/// The smallest multiple of `alignment` that is not below `offset`.
pub fn align_to(offset: u32, alignment: u32) -> u32 {
    offset.next_multiple_of(alignment)
}

/// The size in bytes of the discriminant of `cases` cases.
pub fn discriminant_size(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

fn payload_alignment(cases: &[(String, Option<Type>)]) -> u32 {
    let payloads = cases.iter().filter_map(|(_, ty)| ty.as_ref());
    payloads.map(alignment).max().unwrap_or(1)
}

/// Where the payload of a variant lies, after the discriminant.
pub fn payload_offset(cases: &[(String, Option<Type>)]) -> u32 {
    align_to(discriminant_size(cases.len()), payload_alignment(cases))
}

/// The size in bytes of one unit of `labels` flags.
pub fn flags_unit(labels: usize) -> u32 {
    match labels {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

/// How many units `labels` flags take.
pub fn flags_units(labels: usize) -> u32 {
    labels.div_ceil(32).max(1) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(types: &[Type]) -> Type {
        Type::Record(types.iter().map(|ty| (String::new(), ty.clone())).collect())
    }

    fn variant(types: &[Option<Type>]) -> Type {
        Type::Variant(types.iter().map(|ty| (String::new(), ty.clone())).collect())
    }

    #[test]
    fn records_are_padded_inside_and_at_the_end() {
        let ty = record(&[Type::U8, Type::U64, Type::U16]);
        assert_eq!((alignment(&ty), size(&ty)), (8, 24));
    }

    #[test]
    fn the_payload_of_a_variant_is_aligned() {
        let ty = variant(&[None, Some(Type::U8), Some(Type::F64)]);
        assert_eq!((alignment(&ty), size(&ty)), (8, 16));
        assert_eq!(size(&variant(&vec![None; 257])), 2);
    }

    #[test]
    fn payloads_of_different_types_share_slots() {
        let ty = variant(&[
            Some(record(&[Type::F32, Type::F32, Type::F64])),
            Some(record(&[Type::F32, Type::U32, Type::U32, Type::Bool])),
        ]);
        let slots = [Core::I32, Core::F32, Core::I32, Core::I64, Core::I32];
        assert_eq!(flatten(&ty), slots);
    }

    #[test]
    fn flags_take_the_smallest_integer_that_holds_them() {
        let flags = |n| Type::Flags(vec![String::new(); n]);
        assert_eq!(
            [1, 8, 9, 16, 17, 32].map(|n| size(&flags(n))),
            [1, 1, 2, 2, 4, 4]
        );
    }
}
