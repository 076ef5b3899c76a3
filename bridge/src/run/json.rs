//! Values of WIT as JSON.
//!
//! | WIT | JSON |
//! |---|---|
//! | integers, handles, finite floats | a number |
//! | other floats | `"nan"`, `"inf"`, `"-inf"` |
//! | characters, strings, cases of enums | a string |
//! | lists, tuples | an array; a map is one of pairs |
//! | records | an object |
//! | variants | an object with the case: its payload, or null |
//! | options | null, or `{"some": …}`: an option of an option keeps its layers |
//! | results | `{"ok": …}` or `{"err": …}`, null for no payload |
//! | flags | the names of those that are set |

use serde_json::{Number, Value as Json, json};

use super::Value;
use super::wave::Data;
use crate::signatures::types::{Kind, Type};

/// A number of core code.
pub fn of_core(value: Value) -> Json {
    match value {
        Value::I32(v) => v.into(),
        Value::I64(v) => v.into(),
        Value::F32(v) => float32(v),
        Value::F64(v) => float64(v),
    }
}

/// A value of type `ty`.
pub fn of(data: &Data, ty: &Type) -> Json {
    match (data, &ty.kind) {
        (Data::Bits(bits), kind) => of_bits(*bits, kind),
        (Data::Text(text), _) => Json::from(text.as_str()),
        (Data::Many(values), Kind::List(element) | Kind::FixedList(element, _)) => {
            values.iter().map(|value| of(value, element)).collect()
        }
        (Data::Many(values), Kind::Tuple(types)) => array(values, types.iter()),
        (Data::Many(pairs), Kind::Map(types)) => pairs
            .iter()
            .map(|pair| match pair {
                Data::Many(pair) => array(pair, [&types.0, &types.1]),
                _ => Json::Null,
            })
            .collect(),
        (Data::Many(values), Kind::Record(fields)) => values
            .iter()
            .zip(fields.iter())
            .map(|(value, (name, ty))| (name.clone(), of(value, ty)))
            .collect(),
        (Data::Case(at, payload), kind) => of_case(*at as usize, payload.as_deref(), kind),
        // No lifted value has the form of another type.
        (Data::Many(_), _) => Json::Null,
    }
}

fn array<'a>(values: &[Data], types: impl IntoIterator<Item = &'a Type>) -> Json {
    let values = values.iter().zip(types);
    values.map(|(value, ty)| of(value, ty)).collect()
}

fn of_bits(bits: u64, kind: &Kind) -> Json {
    match kind {
        Kind::Bool => (bits != 0).into(),
        Kind::S8 | Kind::S16 | Kind::S32 | Kind::S64 => (bits as i64).into(),
        Kind::F32 => float32(f32::from_bits(bits as u32)),
        Kind::F64 => float64(f64::from_bits(bits)),
        Kind::Char => {
            let character = char::from_u32(bits as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            character.to_string().into()
        }
        Kind::Flags(labels) => {
            let set = labels.iter().enumerate();
            set.filter(|(at, _)| bits >> at & 1 == 1)
                .map(|(_, label)| label.as_str())
                .collect()
        }
        Kind::U8 => (bits as u8).into(),
        Kind::U16 => (bits as u16).into(),
        Kind::U32 | Kind::Handle => (bits as u32).into(),
        _ => bits.into(),
    }
}

fn of_case(at: usize, payload: Option<&Data>, kind: &Kind) -> Json {
    let payload = |ty: Option<&Type>| match (payload, ty) {
        (Some(payload), Some(ty)) => of(payload, ty),
        _ => Json::Null,
    };
    match (kind, at) {
        (Kind::Enum(cases), at) => cases[at].as_str().into(),
        (Kind::Variant(cases), at) => {
            let (name, ty) = &cases[at];
            json!({ name: payload(ty.as_ref()) })
        }
        (Kind::Option(_), 0) => Json::Null,
        (Kind::Option(ty), _) => json!({ "some": payload(Some(ty)) }),
        (Kind::Result(types), 0) => json!({ "ok": payload(types.0.as_ref()) }),
        (Kind::Result(types), _) => json!({ "err": payload(types.1.as_ref()) }),
        _ => Json::Null,
    }
}

/// The shortest digits that mean this `f32`.
fn float32(value: f32) -> Json {
    let exact = value.to_string().parse::<f64>();
    float64(exact.unwrap_or(value.into()))
}

fn float64(value: f64) -> Json {
    match Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => "nan".into(),
        None if value > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}
