//! Values of WIT and their text, in WAVE: the notation that wasmtime's `--invoke` takes.

use std::borrow::Cow;

use anyhow::{Context, Result, anyhow, bail};
use wasm_wave::ast::Node;
use wasm_wave::parser::ParserError;
use wasm_wave::untyped::UntypedValue;
use wasm_wave::wasm::{DisplayType, WasmType, WasmTypeKind, WasmValue};

use crate::signatures::types::{Kind, Type};

/// A value, despecialised as the canonical ABI has it. What it means is for its [`Type`] to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Booleans, numbers, characters, flags and handles: the bits, integers sign-extended.
    Bits(u64),
    /// A string.
    Text(String),
    /// The elements of a list or the fields of a record. A map is a list of pairs.
    Many(Vec<Data>),
    /// The index of a case of a variant, and its payload.
    Case(u32, Option<Box<Data>>),
}

/// Reads one value.
///
/// # Errors
///
/// When the text is no WAVE, or no value of the type; the message names the type that is expected.
pub fn parse(text: &str, ty: &Type) -> Result<Data> {
    let value = UntypedValue::parse(text)
        .map_err(|error| anyhow!("not a value in WAVE: {error}{}", unquoted(text, ty)))?;
    read(value.node(), ty, text)
}

/// Reads `("x", [1, 2])`: as many values as there are parameters.
///
/// # Errors
///
/// As [`parse`], and when there are more or fewer.
pub fn parse_arguments(text: &str, params: &[(String, Type)], name: &str) -> Result<Vec<Data>> {
    let inside = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    if inside.is_some_and(|inside| inside.trim().is_empty()) {
        expect(params, 0, name)?;
        return Ok(Vec::new());
    }
    let value = UntypedValue::parse(text).map_err(|error| {
        let text = inside.unwrap_or(text).trim();
        let hint = match params {
            [(_, ty)] => unquoted(text, ty),
            _ => String::new(),
        };
        anyhow!("the arguments of `{name}` are not in WAVE: {error}{hint}")
    })?;
    let nodes = value
        .node()
        .as_tuple()
        .map_err(|_| anyhow!("the arguments of `{name}` are not in brackets"))?;
    expect(params, nodes.len(), name)?;
    params
        .iter()
        .zip(nodes)
        .map(|((param, ty), node)| {
            read(node, ty, text).with_context(|| format!("argument `{param}` of `{name}`"))
        })
        .collect()
}

/// Checks how many arguments there are.
///
/// # Errors
///
/// When there are not as many as parameters.
pub fn expect(params: &[(String, Type)], got: usize, name: &str) -> Result<()> {
    if params.len() == got {
        return Ok(());
    }
    let names: Vec<String> = params
        .iter()
        .map(|(name, ty)| format!("{name}: {}", DisplayType(ty)))
        .collect();
    let s = if params.len() == 1 { "" } else { "s" };
    let list = match names.is_empty() {
        true => String::new(),
        false => format!(" ({})", names.join(", ")),
    };
    bail!(
        "`{name}` takes {} argument{s}{list}, but got {got}",
        params.len()
    )
}

/// What to say of `text` in the place of a string or a character, if it has no quotation marks.
fn unquoted(text: &str, ty: &Type) -> String {
    if text.contains(['"', '\'']) {
        return String::new();
    }
    match ty.kind {
        Kind::String => format!("; a string needs quotation marks: \"{text}\""),
        Kind::Char => format!("; a character needs quotation marks: '{text}'"),
        _ => String::new(),
    }
}

/// The text of a value.
pub fn text(value: &Data, ty: &Type) -> Result<String> {
    wasm_wave::to_string(&Shown { ty, data: value }).context("the result has no form in WAVE")
}

fn read(node: &Node, ty: &Type, source: &str) -> Result<Data> {
    let wrong = |error: Option<ParserError>| {
        let detail = match error {
            // The kind of what was found is plain to see.
            Some(error) if error.detail().is_some() => format!(" ({error})"),
            _ => String::new(),
        };
        let got = &source[node.span()];
        anyhow!(
            "expected {}, got `{got}`{detail}{}",
            DisplayType(ty),
            unquoted(got, ty)
        )
    };
    let fail = |error: ParserError| wrong(Some(error));
    let one = |node: &Node, ty: &Type| read(node, ty, source);
    let payload = |node: Option<&Node>, ty: Option<&Type>| match (node, ty) {
        (Some(node), Some(ty)) => Ok(Some(Box::new(one(node, ty)?))),
        (None, None) => Ok(None),
        _ => Err(wrong(None)),
    };
    macro_rules! number {
        ($number:ty) => {
            Data::Bits(node.as_number::<$number>(source).map_err(fail)? as i64 as u64)
        };
    }
    Ok(match &ty.kind {
        Kind::Bool => Data::Bits(node.as_bool().map_err(fail)?.into()),
        Kind::S8 => number!(i8),
        Kind::S16 => number!(i16),
        Kind::S32 => number!(i32),
        Kind::S64 => number!(i64),
        Kind::U8 => number!(u8),
        Kind::U16 => number!(u16),
        Kind::U32 | Kind::Handle => number!(u32),
        Kind::U64 => number!(u64),
        Kind::F32 => {
            let value = node.as_number::<f32>(source).map_err(fail)?;
            // One NaN: `CanonicalABI.md`, "NaNs".
            let value = if value.is_nan() {
                f32::from_bits(0x7fc0_0000)
            } else {
                value
            };
            Data::Bits(value.to_bits().into())
        }
        Kind::F64 => {
            let value = node.as_number::<f64>(source).map_err(fail)?;
            let value = if value.is_nan() {
                f64::from_bits(0x7ff8 << 48)
            } else {
                value
            };
            Data::Bits(value.to_bits())
        }
        Kind::Char => Data::Bits(u32::from(node.as_char(source).map_err(fail)?).into()),
        Kind::String => Data::Text(node.as_str(source).map_err(fail)?.into_owned()),
        Kind::List(element) => {
            let nodes = node.as_list().map_err(fail)?;
            Data::Many(
                nodes
                    .map(|node| one(node, element))
                    .collect::<Result<_>>()?,
            )
        }
        Kind::FixedList(element, length) => {
            let nodes = node.as_list().map_err(fail)?;
            if nodes.len() != *length as usize {
                return Err(wrong(None));
            }
            Data::Many(
                nodes
                    .map(|node| one(node, element))
                    .collect::<Result<_>>()?,
            )
        }
        Kind::Map(pair) => {
            let entries = node.as_map().map_err(fail)?;
            let entries = entries
                .map(|(key, value)| Ok(Data::Many(vec![one(key, &pair.0)?, one(value, &pair.1)?])));
            Data::Many(entries.collect::<Result<_>>()?)
        }
        Kind::Tuple(types) => {
            let nodes = node.as_tuple().map_err(fail)?;
            if nodes.len() != types.len() {
                return Err(wrong(None));
            }
            let values = nodes.zip(types.iter()).map(|(node, ty)| one(node, ty));
            Data::Many(values.collect::<Result<_>>()?)
        }
        Kind::Record(fields) => {
            let given: Vec<(&str, &Node)> = node.as_record(source).map_err(fail)?.collect();
            if let Some((name, _)) = given
                .iter()
                .find(|(name, _)| !fields.iter().any(|(field, _)| field == name))
            {
                bail!("there is no field `{name}` in {}", DisplayType(ty));
            }
            let value =
                |(field, ty): &(String, Type)| match given.iter().find(|(name, _)| name == field) {
                    Some((_, node)) => one(node, ty).with_context(|| format!("field `{field}`")),
                    None if matches!(ty.kind, Kind::Option(_)) => Ok(Data::Case(0, None)),
                    None => bail!("field `{field}` is missing: {}", DisplayType(ty)),
                };
            Data::Many(fields.iter().map(value).collect::<Result<_>>()?)
        }
        Kind::Variant(cases) => {
            let (label, node) = node.as_variant(source).map_err(fail)?;
            let at = cases.iter().position(|(case, _)| case == label);
            let at = at.ok_or_else(|| wrong(None))?;
            Data::Case(at as u32, payload(node, cases[at].1.as_ref())?)
        }
        Kind::Enum(cases) => {
            let label = node.as_enum(source).map_err(fail)?;
            let at = cases.iter().position(|case| case == label);
            Data::Case(at.ok_or_else(|| wrong(None))? as u32, None)
        }
        Kind::Option(some) => match node.as_option().map_err(fail)? {
            Some(node) => Data::Case(1, Some(Box::new(one(node, some)?))),
            None => Data::Case(0, None),
        },
        Kind::Result(types) => match node.as_result().map_err(fail)? {
            Ok(node) => Data::Case(0, payload(node, types.0.as_ref())?),
            Err(node) => Data::Case(1, payload(node, types.1.as_ref())?),
        },
        Kind::Flags(labels) => {
            let mut bits = 0;
            for flag in node.as_flags(source).map_err(fail)? {
                let at = labels.iter().position(|label| label == flag);
                bits |= 1u64 << at.ok_or_else(|| wrong(None))?;
            }
            Data::Bits(bits)
        }
    })
}

/// A value beside its type, for the writer of WAVE.
#[derive(Clone, Copy)]
struct Shown<'a> {
    ty: &'a Type,
    data: &'a Data,
}

impl<'a> Shown<'a> {
    fn bits(&self) -> u64 {
        match self.data {
            Data::Bits(bits) => *bits,
            _ => 0,
        }
    }

    fn many(&self) -> &'a [Data] {
        match self.data {
            Data::Many(values) => values,
            _ => &[],
        }
    }

    fn case(&self) -> (usize, Option<&'a Data>) {
        match self.data {
            Data::Case(at, payload) => (*at as usize, payload.as_deref()),
            _ => (0, None),
        }
    }
}

fn pair<'a>(ty: Option<&'a Type>, data: Option<&'a Data>) -> Option<Cow<'a, Shown<'a>>> {
    Some(Cow::Owned(Shown {
        ty: ty?,
        data: data?,
    }))
}

impl<'a> WasmValue for Shown<'a> {
    type Type = Type;

    fn kind(&self) -> WasmTypeKind {
        self.ty.kind()
    }
    fn unwrap_bool(&self) -> bool {
        self.bits() != 0
    }
    fn unwrap_s8(&self) -> i8 {
        self.bits() as i8
    }
    fn unwrap_s16(&self) -> i16 {
        self.bits() as i16
    }
    fn unwrap_s32(&self) -> i32 {
        self.bits() as i32
    }
    fn unwrap_s64(&self) -> i64 {
        self.bits() as i64
    }
    fn unwrap_u8(&self) -> u8 {
        self.bits() as u8
    }
    fn unwrap_u16(&self) -> u16 {
        self.bits() as u16
    }
    fn unwrap_u32(&self) -> u32 {
        self.bits() as u32
    }
    fn unwrap_u64(&self) -> u64 {
        self.bits()
    }
    fn unwrap_f32(&self) -> f32 {
        f32::from_bits(self.bits() as u32)
    }
    fn unwrap_f64(&self) -> f64 {
        f64::from_bits(self.bits())
    }
    fn unwrap_char(&self) -> char {
        char::from_u32(self.bits() as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
    fn unwrap_string(&self) -> Cow<'_, str> {
        match self.data {
            Data::Text(text) => Cow::Borrowed(text),
            _ => Cow::Borrowed(""),
        }
    }
    fn unwrap_list(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        let (Kind::List(ty) | Kind::FixedList(ty, _)) = &self.ty.kind else {
            return Box::new(std::iter::empty());
        };
        let values = self.many().iter();
        Box::new(values.map(|data| Cow::Owned(Shown { ty, data })))
    }
    fn unwrap_record(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Cow<'_, Self>)> + '_> {
        let Kind::Record(fields) = &self.ty.kind else {
            return Box::new(std::iter::empty());
        };
        let fields = fields.iter().zip(self.many());
        Box::new(
            fields.map(|((name, ty), data)| {
                (Cow::Borrowed(&name[..]), Cow::Owned(Shown { ty, data }))
            }),
        )
    }
    fn unwrap_tuple(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        let Kind::Tuple(types) = &self.ty.kind else {
            return Box::new(std::iter::empty());
        };
        let values = types.iter().zip(self.many());
        Box::new(values.map(|(ty, data)| Cow::Owned(Shown { ty, data })))
    }
    fn unwrap_variant(&self) -> (Cow<'_, str>, Option<Cow<'_, Self>>) {
        let (at, data) = self.case();
        match &self.ty.kind {
            Kind::Variant(cases) => {
                let (name, ty) = &cases[at];
                (Cow::Borrowed(name), pair(ty.as_ref(), data))
            }
            _ => (Cow::Borrowed(""), None),
        }
    }
    fn unwrap_enum(&self) -> Cow<'_, str> {
        match &self.ty.kind {
            Kind::Enum(cases) => Cow::Borrowed(&cases[self.case().0]),
            _ => Cow::Borrowed(""),
        }
    }
    fn unwrap_option(&self) -> Option<Cow<'_, Self>> {
        match &self.ty.kind {
            Kind::Option(ty) => pair(Some(&**ty), self.case().1),
            _ => None,
        }
    }
    fn unwrap_result(&self) -> Result<Option<Cow<'_, Self>>, Option<Cow<'_, Self>>> {
        let (at, data) = self.case();
        match (&self.ty.kind, at) {
            (Kind::Result(types), 0) => Ok(pair(types.0.as_ref(), data)),
            (Kind::Result(types), _) => Err(pair(types.1.as_ref(), data)),
            _ => Ok(None),
        }
    }
    fn unwrap_flags(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        let Kind::Flags(labels) = &self.ty.kind else {
            return Box::new(std::iter::empty());
        };
        let bits = self.bits();
        let set = labels
            .iter()
            .enumerate()
            .filter(move |(at, _)| bits >> at & 1 == 1);
        Box::new(set.map(|(_, label)| Cow::Borrowed(&label[..])))
    }
    fn unwrap_map(&self) -> Box<dyn Iterator<Item = (Cow<'_, Self>, Cow<'_, Self>)> + '_> {
        let Kind::Map(types) = &self.ty.kind else {
            return Box::new(std::iter::empty());
        };
        let entries = self.many().iter().filter_map(|entry| match entry {
            Data::Many(both) => Some((both.first()?, both.get(1)?)),
            _ => None,
        });
        Box::new(entries.map(|(key, data)| {
            (
                Cow::Owned(Shown {
                    ty: &types.0,
                    data: key,
                }),
                Cow::Owned(Shown { ty: &types.1, data }),
            )
        }))
    }
}

impl WasmType for Type {
    fn kind(&self) -> WasmTypeKind {
        match &self.kind {
            Kind::Bool => WasmTypeKind::Bool,
            Kind::S8 => WasmTypeKind::S8,
            Kind::S16 => WasmTypeKind::S16,
            Kind::S32 => WasmTypeKind::S32,
            Kind::S64 => WasmTypeKind::S64,
            Kind::U8 => WasmTypeKind::U8,
            Kind::U16 => WasmTypeKind::U16,
            Kind::U32 | Kind::Handle => WasmTypeKind::U32,
            Kind::U64 => WasmTypeKind::U64,
            Kind::F32 => WasmTypeKind::F32,
            Kind::F64 => WasmTypeKind::F64,
            Kind::Char => WasmTypeKind::Char,
            Kind::String => WasmTypeKind::String,
            Kind::List(_) => WasmTypeKind::List,
            Kind::FixedList(..) => WasmTypeKind::FixedLengthList,
            Kind::Map(_) => WasmTypeKind::Map,
            Kind::Record(_) => WasmTypeKind::Record,
            Kind::Tuple(_) => WasmTypeKind::Tuple,
            Kind::Variant(_) => WasmTypeKind::Variant,
            Kind::Enum(_) => WasmTypeKind::Enum,
            Kind::Option(_) => WasmTypeKind::Option,
            Kind::Result(_) => WasmTypeKind::Result,
            Kind::Flags(_) => WasmTypeKind::Flags,
        }
    }
    fn list_element_type(&self) -> Option<Type> {
        match &self.kind {
            Kind::List(ty) | Kind::FixedList(ty, _) => Some((**ty).clone()),
            _ => None,
        }
    }
    fn record_fields(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Type)> + '_> {
        let fields: &[(String, Type)] = match &self.kind {
            Kind::Record(fields) => fields,
            _ => &[],
        };
        Box::new(
            fields
                .iter()
                .map(|(name, ty)| (Cow::Borrowed(&name[..]), ty.clone())),
        )
    }
    fn tuple_element_types(&self) -> Box<dyn Iterator<Item = Type> + '_> {
        let types: &[Type] = match &self.kind {
            Kind::Tuple(types) => types,
            _ => &[],
        };
        Box::new(types.iter().cloned())
    }
    fn variant_cases(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Option<Type>)> + '_> {
        let cases: &[(String, Option<Type>)] = match &self.kind {
            Kind::Variant(cases) => cases,
            _ => &[],
        };
        Box::new(
            cases
                .iter()
                .map(|(name, ty)| (Cow::Borrowed(&name[..]), ty.clone())),
        )
    }
    fn enum_cases(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        let cases: &[String] = match &self.kind {
            Kind::Enum(cases) => cases,
            _ => &[],
        };
        Box::new(cases.iter().map(|case| Cow::Borrowed(&case[..])))
    }
    fn option_some_type(&self) -> Option<Type> {
        match &self.kind {
            Kind::Option(ty) => Some((**ty).clone()),
            _ => None,
        }
    }
    fn result_types(&self) -> Option<(Option<Type>, Option<Type>)> {
        match &self.kind {
            Kind::Result(types) => Some((**types).clone()),
            _ => None,
        }
    }
    fn flags_names(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        let labels: &[String] = match &self.kind {
            Kind::Flags(labels) => labels,
            _ => &[],
        };
        Box::new(labels.iter().map(|label| Cow::Borrowed(&label[..])))
    }
    fn map_key_value_types(&self) -> Option<(Type, Type)> {
        match &self.kind {
            Kind::Map(types) => Some((**types).clone()),
            _ => None,
        }
    }
}
