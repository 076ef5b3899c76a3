//! Values into and out of a guest: `CanonicalABI.md`, "Loading", "Storing", "Flat Lifting" and
//! "Flat Lowering", with UTF-8 strings, as a host does it.
//!
//! Core values are bits in a `u64`, the upper half of an `i32` or `f32` zero. That way the
//! conversions where cases of a variant share a slot need no code.

use super::Failure;
use super::layout::{
    MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, align_to, alignment, discriminant_size, flags_unit,
    flags_units, flatten, payload_offset, size,
};
use super::types::{FuncType, Type};
use super::value::Value;

/// What the host needs of a guest.
pub trait Guest {
    /// The linear memory that pointers point into.
    fn memory(&mut self) -> Result<&mut [u8], Failure>;

    /// Has the guest allocate; what it returns is not to be trusted.
    fn realloc(&mut self, alignment: u32, size: u32) -> Result<u32, Failure>;
}

fn trap<T>(reason: &str) -> Result<T, Failure> {
    Err(Failure::Trap(reason.to_owned()))
}

/// The core arguments for `args`.
pub fn lower_args(
    guest: &mut impl Guest,
    args: &[Value],
    ty: &FuncType,
) -> Result<Vec<u64>, Failure> {
    let record = Type::Record(ty.params.clone());
    let value = Value::Record(args.to_vec());
    if flatten(&record).len() > MAX_FLAT_PARAMS {
        let pointer = allocate(guest, alignment(&record), size(&record))?;
        store(guest, &value, &record, pointer)?;
        return Ok(vec![u64::from(pointer)]);
    }
    let mut flat = Vec::new();
    lower(guest, &value, &record, &mut flat)?;
    Ok(flat)
}

/// The value for the core results `flat`.
pub fn lift_result(
    guest: &mut impl Guest,
    flat: &[u64],
    ty: &FuncType,
) -> Result<Option<Value>, Failure> {
    let Some(ty) = &ty.result else {
        return Ok(None);
    };
    if flatten(ty).len() <= MAX_FLAT_RESULTS {
        return lift(guest, ty, flat).map(Some);
    }
    let pointer = flat[0] as u32;
    check(guest, pointer, alignment(ty), u64::from(size(ty)))?;
    load(guest, ty, pointer).map(Some)
}

/// The arguments that a guest passes to a function of the host, whose core arguments are `flat`.
pub fn lift_args(
    guest: &mut impl Guest,
    flat: &[u64],
    ty: &FuncType,
) -> Result<Vec<Value>, Failure> {
    let record = Type::Record(ty.params.clone());
    let value = if flatten(&record).len() > MAX_FLAT_PARAMS {
        let pointer = flat[0] as u32;
        check(guest, pointer, alignment(&record), u64::from(size(&record)))?;
        load(guest, &record, pointer)?
    } else {
        lift(guest, &record, flat)?
    };
    match value {
        Value::Record(values) => Ok(values),
        _ => unreachable!("parameters are a record"),
    }
}

/// What a function of the host returns for `value`: a core value, or nothing where the last of the core
/// arguments `flat` says where the result goes.
pub fn lower_result(
    guest: &mut impl Guest,
    value: &Value,
    ty: &Type,
    flat: &[u64],
) -> Result<Option<u64>, Failure> {
    if flatten(ty).len() <= MAX_FLAT_RESULTS {
        let mut result = Vec::new();
        lower(guest, value, ty, &mut result)?;
        return Ok(result.pop());
    }
    let pointer = *flat.last().expect("a pointer to the result") as u32;
    check(guest, pointer, alignment(ty), u64::from(size(ty)))?;
    store(guest, value, ty, pointer)?;
    Ok(None)
}

/// Traps unless `size` bytes at `pointer` are aligned and in bounds.
fn check(guest: &mut impl Guest, pointer: u32, alignment: u32, size: u64) -> Result<(), Failure> {
    if !pointer.is_multiple_of(alignment) {
        return trap("unaligned pointer");
    }
    if u64::from(pointer) + size > guest.memory()?.len() as u64 {
        return trap("pointer out of bounds of memory");
    }
    Ok(())
}

fn allocate(guest: &mut impl Guest, alignment: u32, size: u32) -> Result<u32, Failure> {
    let pointer = guest.realloc(alignment, size)?;
    if !pointer.is_multiple_of(alignment) {
        return trap("realloc return: result not aligned");
    }
    if u64::from(pointer) + u64::from(size) > guest.memory()?.len() as u64 {
        return trap("realloc return: beyond end of memory");
    }
    Ok(pointer)
}

/// A copy of bytes that [`check`] or [`allocate`] has seen.
fn bytes(guest: &mut impl Guest, pointer: u32, size: usize) -> Result<Vec<u8>, Failure> {
    let start = pointer as usize;
    Ok(guest.memory()?[start..start + size].to_vec())
}

fn write(guest: &mut impl Guest, pointer: u32, bytes: &[u8]) -> Result<(), Failure> {
    let start = pointer as usize;
    guest.memory()?[start..start + bytes.len()].copy_from_slice(bytes);
    Ok(())
}

fn store_int(guest: &mut impl Guest, pointer: u32, size: u32, value: u64) -> Result<(), Failure> {
    write(guest, pointer, &value.to_le_bytes()[..size as usize])
}

fn load_int(guest: &mut impl Guest, pointer: u32, size: u32) -> Result<u64, Failure> {
    let mut le = [0; 8];
    le[..size as usize].copy_from_slice(&bytes(guest, pointer, size as usize)?);
    Ok(u64::from_le_bytes(le))
}

/// The bits of a value that is one core value, or `None`.
fn scalar(value: &Value) -> Option<u64> {
    Some(match value {
        Value::Bool(v) => u64::from(*v),
        Value::U8(v) => u64::from(*v),
        Value::S8(v) => u64::from(i32::from(*v) as u32),
        Value::U16(v) => u64::from(*v),
        Value::S16(v) => u64::from(i32::from(*v) as u32),
        Value::U32(v) | Value::F32(v) | Value::Handle(v) => u64::from(*v),
        Value::S32(v) => u64::from(*v as u32),
        Value::U64(v) | Value::F64(v) => *v,
        Value::S64(v) => *v as u64,
        Value::Char(v) => u64::from(u32::from(*v)),
        Value::String(_)
        | Value::List(_)
        | Value::Record(_)
        | Value::Variant(..)
        | Value::Flags(_) => return None,
    })
}

/// The value of the scalar type `ty` whose bits are `bits`.
fn from_scalar(ty: &Type, bits: u64) -> Result<Value, Failure> {
    Ok(match ty {
        Type::Bool => Value::Bool(bits as u32 != 0),
        Type::U8 => Value::U8(bits as u8),
        Type::S8 => Value::S8(bits as i8),
        Type::U16 => Value::U16(bits as u16),
        Type::S16 => Value::S16(bits as i16),
        Type::U32 => Value::U32(bits as u32),
        Type::S32 => Value::S32(bits as i32),
        Type::U64 => Value::U64(bits),
        Type::S64 => Value::S64(bits as i64),
        Type::F32 => Value::F32(bits as u32),
        Type::F64 => Value::F64(bits),
        Type::Handle => Value::Handle(bits as u32),
        Type::Char => match char::from_u32(bits as u32) {
            Some(c) => Value::Char(c),
            None => return trap("invalid `char` bit pattern"),
        },
        Type::String
        | Type::List(_)
        | Type::FixedList(..)
        | Type::Record(_)
        | Type::Variant(_)
        | Type::Flags(_) => unreachable!("{ty:?} is no scalar"),
    })
}

fn units(flags: &[bool]) -> Vec<u64> {
    let mut units = vec![0; flags_units(flags.len()) as usize];
    for (i, _) in flags.iter().enumerate().filter(|(_, set)| **set) {
        units[i / 32] |= 1 << (i % 32);
    }
    units
}

fn from_units(labels: usize, units: &[u64]) -> Value {
    Value::Flags(
        (0..labels)
            .map(|i| units[i / 32] >> (i % 32) & 1 == 1)
            .collect(),
    )
}

fn lower(
    guest: &mut impl Guest,
    value: &Value,
    ty: &Type,
    flat: &mut Vec<u64>,
) -> Result<(), Failure> {
    if let Some(bits) = scalar(value) {
        flat.push(bits);
        return Ok(());
    }
    match (value, ty) {
        (Value::Record(values), Type::Record(fields)) => {
            for (value, (_, ty)) in values.iter().zip(fields) {
                lower(guest, value, ty, flat)?;
            }
        }
        (Value::List(values), Type::FixedList(element, _)) => {
            for value in values {
                lower(guest, value, element, flat)?;
            }
        }
        (Value::Variant(case, payload), Type::Variant(cases)) => {
            let end = flat.len() + flatten(ty).len();
            flat.push(*case as u64);
            if let (Some(value), Some(ty)) = (payload, &cases[*case].1) {
                lower(guest, value, ty, flat)?;
            }
            flat.resize(end, 0);
        }
        (Value::Flags(flags), Type::Flags(_)) => flat.extend(units(flags)),
        _ => {
            let (pointer, length) = lower_sequence(guest, value, ty)?;
            flat.extend([u64::from(pointer), u64::from(length)]);
        }
    }
    Ok(())
}

/// A string or list in memory that is allocated for it: where, and how long.
fn lower_sequence(guest: &mut impl Guest, value: &Value, ty: &Type) -> Result<(u32, u32), Failure> {
    match (value, ty) {
        (Value::String(text), Type::String) => {
            let pointer = allocate(guest, 1, text.len() as u32)?;
            write(guest, pointer, text.as_bytes())?;
            Ok((pointer, text.len() as u32))
        }
        (Value::List(values), Type::List(element)) => {
            let stride = size(element);
            let pointer = allocate(guest, alignment(element), stride * values.len() as u32)?;
            for (i, value) in values.iter().enumerate() {
                store(guest, value, element, pointer + stride * i as u32)?;
            }
            Ok((pointer, values.len() as u32))
        }
        _ => unreachable!("{value:?} is of type {ty:?}"),
    }
}

fn store(guest: &mut impl Guest, value: &Value, ty: &Type, pointer: u32) -> Result<(), Failure> {
    if let Some(bits) = scalar(value) {
        return store_int(guest, pointer, size(ty), bits);
    }
    match (value, ty) {
        (Value::Record(values), Type::Record(fields)) => {
            let mut at = pointer;
            for (value, (_, ty)) in values.iter().zip(fields) {
                at = align_to(at, alignment(ty));
                store(guest, value, ty, at)?;
                at += size(ty);
            }
        }
        (Value::List(values), Type::FixedList(element, _)) => {
            for (i, value) in values.iter().enumerate() {
                store(guest, value, element, pointer + size(element) * i as u32)?;
            }
        }
        (Value::Variant(case, payload), Type::Variant(cases)) => {
            store_int(guest, pointer, discriminant_size(cases.len()), *case as u64)?;
            if let (Some(value), Some(ty)) = (payload, &cases[*case].1) {
                store(guest, value, ty, pointer + payload_offset(cases))?;
            }
        }
        (Value::Flags(flags), Type::Flags(labels)) => {
            let unit = flags_unit(labels.len());
            for (i, bits) in units(flags).into_iter().enumerate() {
                store_int(guest, pointer + unit * i as u32, unit, bits)?;
            }
        }
        _ => {
            let (address, length) = lower_sequence(guest, value, ty)?;
            store_int(guest, pointer, 4, u64::from(address))?;
            store_int(guest, pointer + 4, 4, u64::from(length))?;
        }
    }
    Ok(())
}

/// `flat` has exactly as many values as `ty` flattens to, or more.
fn lift(guest: &mut impl Guest, ty: &Type, flat: &[u64]) -> Result<Value, Failure> {
    match ty {
        Type::String | Type::List(_) => lift_sequence(guest, ty, flat[0] as u32, flat[1] as u32),
        Type::FixedList(element, length) => {
            let slots = flatten(element).len();
            let items = (0..*length as usize).map(|i| lift(guest, element, &flat[i * slots..]));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        Type::Record(fields) => {
            let mut at = 0;
            let mut values = Vec::new();
            for (_, ty) in fields {
                values.push(lift(guest, ty, &flat[at..])?);
                at += flatten(ty).len();
            }
            Ok(Value::Record(values))
        }
        Type::Variant(cases) => {
            let payload = |ty: &Type| lift(guest, ty, &flat[1..]);
            variant(cases, flat[0] as u32, payload)
        }
        Type::Flags(labels) => Ok(from_units(labels.len(), flat)),
        scalar => from_scalar(scalar, flat[0]),
    }
}

fn variant(
    cases: &[(String, Option<Type>)],
    case: u32,
    payload: impl FnOnce(&Type) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let case = case as usize;
    let Some((_, ty)) = cases.get(case) else {
        return trap("invalid variant discriminant");
    };
    let payload = ty.as_ref().map(payload).transpose()?;
    Ok(Value::Variant(case, payload.map(Box::new)))
}

fn lift_sequence(
    guest: &mut impl Guest,
    ty: &Type,
    pointer: u32,
    length: u32,
) -> Result<Value, Failure> {
    let Type::List(element) = ty else {
        check(guest, pointer, 1, u64::from(length))?;
        return match String::from_utf8(bytes(guest, pointer, length as usize)?) {
            Ok(text) => Ok(Value::String(text)),
            Err(error) => trap(&error.to_string()),
        };
    };
    let stride = size(element);
    let total = u64::from(stride) * u64::from(length);
    check(guest, pointer, alignment(element), total)?;
    let items = (0..length).map(|i| load(guest, element, pointer + stride * i));
    Ok(Value::List(items.collect::<Result<_, _>>()?))
}

fn load(guest: &mut impl Guest, ty: &Type, pointer: u32) -> Result<Value, Failure> {
    match ty {
        Type::String | Type::List(_) => {
            let address = load_int(guest, pointer, 4)? as u32;
            let length = load_int(guest, pointer + 4, 4)? as u32;
            lift_sequence(guest, ty, address, length)
        }
        Type::FixedList(element, length) => {
            let stride = size(element);
            let items = (0..*length).map(|i| load(guest, element, pointer + stride * i));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        Type::Record(fields) => {
            let mut at = pointer;
            let mut values = Vec::new();
            for (_, ty) in fields {
                at = align_to(at, alignment(ty));
                values.push(load(guest, ty, at)?);
                at += size(ty);
            }
            Ok(Value::Record(values))
        }
        Type::Variant(cases) => {
            let case = load_int(guest, pointer, discriminant_size(cases.len()))? as u32;
            variant(cases, case, |ty| {
                load(guest, ty, pointer + payload_offset(cases))
            })
        }
        Type::Flags(labels) => {
            let unit = flags_unit(labels.len());
            let units = (0..flags_units(labels.len()))
                .map(|i| load_int(guest, pointer + unit * i, unit))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(from_units(labels.len(), &units))
        }
        scalar => from_scalar(scalar, load_int(guest, pointer, size(scalar))?),
    }
}
