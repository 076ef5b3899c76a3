//! Values in the despecialized form of [`Type`], and the literals of `.wast` files.

use anyhow::{Context, Result, bail};
use wast::WastArg;
use wast::WastRet;
use wast::component::WastVal;
use wast::core::{NanPattern, WastArgCore, WastRetCore};

use super::types::Type;

/// A component-level value. Floats are bits, so that nothing happens to a NaN on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    U8(u8),
    S8(i8),
    U16(u16),
    S16(i16),
    U32(u32),
    S32(i32),
    U64(u64),
    S64(i64),
    F32(u32),
    F64(u64),
    Char(char),
    String(String),
    /// Of any or of fixed length.
    List(Vec<Value>),
    /// Fields in the order of the type.
    Record(Vec<Value>),
    /// The index of the case, and its payload.
    Variant(usize, Option<Box<Value>>),
    /// For each label whether it is set.
    Flags(Vec<bool>),
    /// An index in somebody's table, which nothing can be said about.
    Handle(u32),
}

/// What an `assert_return` expects.
#[derive(Debug)]
pub enum Expected {
    Value(Value),
    /// Any NaN: the canonical ABI may replace one by another.
    NaN,
}

impl Expected {
    /// Whether `value` is as expected; NaNs of one type are all equal.
    pub fn is(&self, value: &Value) -> bool {
        match self {
            Expected::Value(expected) => same(expected, value),
            Expected::NaN => is_nan(value),
        }
    }
}

fn is_nan(value: &Value) -> bool {
    match value {
        Value::F32(bits) => f32::from_bits(*bits).is_nan(),
        Value::F64(bits) => f64::from_bits(*bits).is_nan(),
        _ => false,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    let all =
        |a: &[Value], b: &[Value]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    match (a, b) {
        (Value::F32(_), Value::F32(_)) | (Value::F64(_), Value::F64(_)) => {
            a == b || is_nan(a) && is_nan(b)
        }
        (Value::List(a), Value::List(b)) | (Value::Record(a), Value::Record(b)) => all(a, b),
        (Value::Variant(i, Some(a)), Value::Variant(j, Some(b))) => i == j && same(a, b),
        _ => a == b,
    }
}

/// The value that an argument stands for.
///
/// # Errors
///
/// When it is not of type `ty`.
pub fn argument(arg: &WastArg<'_>, ty: &Type) -> Result<Value> {
    match arg {
        // Floats are read as core values wherever they stand alone.
        WastArg::Core(WastArgCore::F32(f)) => literal(&WastVal::F32(*f), ty),
        WastArg::Core(WastArgCore::F64(f)) => literal(&WastVal::F64(*f), ty),
        WastArg::Component(value) => literal(value, ty),
        other => bail!("{other:?} is no value of a component"),
    }
}

/// What a result has to be.
///
/// # Errors
///
/// When it cannot be a value of type `ty`.
pub fn expected(ret: &WastRet<'_>, ty: &Type) -> Result<Expected> {
    Ok(Expected::Value(match ret {
        WastRet::Core(WastRetCore::F32(NanPattern::Value(f))) => literal(&WastVal::F32(*f), ty)?,
        WastRet::Core(WastRetCore::F64(NanPattern::Value(f))) => literal(&WastVal::F64(*f), ty)?,
        WastRet::Core(WastRetCore::F32(_)) if *ty == Type::F32 => return Ok(Expected::NaN),
        WastRet::Core(WastRetCore::F64(_)) if *ty == Type::F64 => return Ok(Expected::NaN),
        WastRet::Component(value) => literal(value, ty)?,
        other => bail!("{other:?} is no value of type {ty:?}"),
    }))
}

fn literal(value: &WastVal<'_>, ty: &Type) -> Result<Value> {
    Ok(match (value, ty) {
        (WastVal::Bool(v), Type::Bool) => Value::Bool(*v),
        (WastVal::U8(v), Type::U8) => Value::U8(*v),
        (WastVal::S8(v), Type::S8) => Value::S8(*v),
        (WastVal::U16(v), Type::U16) => Value::U16(*v),
        (WastVal::S16(v), Type::S16) => Value::S16(*v),
        (WastVal::U32(v), Type::U32) => Value::U32(*v),
        (WastVal::S32(v), Type::S32) => Value::S32(*v),
        (WastVal::U64(v), Type::U64) => Value::U64(*v),
        (WastVal::S64(v), Type::S64) => Value::S64(*v),
        (WastVal::F32(v), Type::F32) => Value::F32(v.bits),
        (WastVal::F64(v), Type::F64) => Value::F64(v.bits),
        (WastVal::Char(v), Type::Char) => Value::Char(*v),
        (WastVal::String(v), Type::String) => Value::String((*v).to_owned()),
        (WastVal::List(items), Type::List(element)) => Value::List(literals(items, element)?),
        (WastVal::List(items), Type::FixedList(element, length)) => {
            if items.len() != *length as usize {
                bail!("a list of {} items where {length} belong", items.len());
            }
            Value::List(literals(items, element)?)
        }
        (WastVal::Map(entries), Type::List(entry)) => {
            let Type::Record(fields) = &**entry else {
                bail!("a map where a list of {entry:?} belongs");
            };
            let [(_, key), (_, item)] = &fields[..] else {
                bail!("a map where a list of {entry:?} belongs");
            };
            Value::List(
                entries
                    .iter()
                    .map(|(k, v)| Ok(Value::Record(vec![literal(k, key)?, literal(v, item)?])))
                    .collect::<Result<_>>()?,
            )
        }
        (WastVal::Record(given), Type::Record(fields)) => {
            if given.len() != fields.len() {
                bail!("{} fields where {} belong", given.len(), fields.len());
            }
            Value::Record(
                fields
                    .iter()
                    .map(|(name, ty)| {
                        let (_, value) = given
                            .iter()
                            .find(|(given, _)| given == name)
                            .with_context(|| format!("no field `{name}`"))?;
                        literal(value, ty)
                    })
                    .collect::<Result<_>>()?,
            )
        }
        (WastVal::Tuple(given), Type::Record(fields)) => {
            if given.len() != fields.len() {
                bail!("a tuple of {} where {} belong", given.len(), fields.len());
            }
            let fields = given.iter().zip(fields);
            Value::Record(
                fields
                    .map(|(value, (_, ty))| literal(value, ty))
                    .collect::<Result<_>>()?,
            )
        }
        (WastVal::Variant(name, payload), Type::Variant(cases)) => {
            case(cases, name, payload.as_deref())?
        }
        (WastVal::Enum(name), Type::Variant(cases)) => case(cases, name, None)?,
        (WastVal::Option(None), Type::Variant(cases)) => case(cases, "none", None)?,
        (WastVal::Option(Some(v)), Type::Variant(cases)) => case(cases, "some", Some(v))?,
        (WastVal::Result(Ok(v)), Type::Variant(cases)) => case(cases, "ok", v.as_deref())?,
        (WastVal::Result(Err(v)), Type::Variant(cases)) => case(cases, "error", v.as_deref())?,
        (WastVal::Flags(set), Type::Flags(labels)) => {
            if let Some(unknown) = set.iter().find(|s| !labels.iter().any(|l| l == *s)) {
                bail!("no flag `{unknown}`");
            }
            Value::Flags(labels.iter().map(|l| set.contains(&l.as_str())).collect())
        }
        (value, ty) => bail!("{value:?} is no value of type {ty:?}"),
    })
}

fn literals(items: &[WastVal<'_>], ty: &Type) -> Result<Vec<Value>> {
    items.iter().map(|item| literal(item, ty)).collect()
}

fn case(
    cases: &[(String, Option<Type>)],
    name: &str,
    payload: Option<&WastVal<'_>>,
) -> Result<Value> {
    let index = cases
        .iter()
        .position(|(case, _)| case == name)
        .with_context(|| format!("no case `{name}`"))?;
    let payload = match (payload, &cases[index].1) {
        (None, None) => None,
        (Some(value), Some(ty)) => Some(Box::new(literal(value, ty)?)),
        (Some(_), None) => bail!("the case `{name}` has no payload"),
        (None, Some(_)) => bail!("the case `{name}` has a payload"),
    };
    Ok(Value::Variant(index, payload))
}
