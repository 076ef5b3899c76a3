//! What a hostile guest gives to the host: for each type a value as it has to be, and all the ways to
//! make it wrong in one place.

use p1bridge_tests::wast::layout::{
    Core, MAX_FLAT_PARAMS, alignment, discriminant_size, flatten, payload_offset, size,
};
use p1bridge_tests::wast::types::Type;
use p1bridge_tests::wast::value::Value;

/// The bytes of the guest's memory, behind which the neighbour's begins where nothing keeps them apart.
pub const MEMORY: u32 = 65536;
/// Where values are in the guest's memory, and from where on what they point to.
pub const AT: u32 = 1024;
const HEAP: u32 = 2048;

/// What a part of a value is, for what can be wrong with it.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// To this many bytes of this alignment.
    Pointer(u32, u32),
    /// Of a list or string with elements of these bytes.
    Length(u32),
    /// One of so many.
    Case(u32),
    Char,
    Text,
    Other,
}

impl Kind {
    /// The values to try instead of the right one.
    fn wrong(self, right: u64) -> Vec<u64> {
        let memory = u64::from(MEMORY);
        match self {
            Kind::Pointer(bytes, align) => {
                let last = memory - u64::from(bytes);
                let mut wrong = vec![memory, memory + 8, 0xffff_fff8, last + u64::from(align)];
                // The last place that is right.
                wrong.push(last / u64::from(align) * u64::from(align));
                if align > 1 {
                    wrong.extend([right + 1, right + u64::from(align / 2)]);
                }
                wrong
            }
            Kind::Length(element) => {
                let most = u64::from(MEMORY) / u64::from(element.max(1));
                vec![
                    0,
                    most,
                    0xffff_ffff,
                    0x1000_0000,
                    (1 << 32) / u64::from(element.max(2)),
                ]
            }
            Kind::Case(cases) => vec![u64::from(cases), 0xff, u64::from(cases - 1)],
            Kind::Char => vec![0xd800, 0xdfff, 0x11_0000, 0xffff_ffff, 0x10_ffff],
            Kind::Text => vec![0xff, 0xc0, 0x80, 0x41],
            Kind::Other => Vec::new(),
        }
    }
}

/// A part of a value in memory.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u32,
    bytes: u32,
    kind: Kind,
}

/// What lies in the guest's memory.
#[derive(Default)]
pub struct Image {
    bytes: Vec<u8>,
    places: Vec<Place>,
    /// The core arguments or results.
    flat: Vec<(u64, Kind)>,
    top: u32,
}

/// Bytes of the guest's memory that are changed, and its core arguments.
#[derive(Clone, Debug)]
pub struct Attack {
    pub poke: Option<(u32, u32, u64)>,
    pub flat: Vec<u64>,
    pub what: String,
}

impl Image {
    fn new() -> Image {
        Image {
            bytes: vec![0; MEMORY as usize],
            top: HEAP,
            ..Image::default()
        }
    }

    /// Parameters as an import gets them: flat, or behind a pointer.
    pub fn params(params: &[Type]) -> Image {
        let record = record(params);
        let mut image = Image::new();
        if flatten(&record).len() > MAX_FLAT_PARAMS {
            image.store(&record, AT);
            let kind = Kind::Pointer(size(&record), alignment(&record));
            image.flat.push((AT.into(), kind));
        } else {
            image.flat = image.lower(&record);
        }
        image
    }

    /// A result as an export returns it.
    pub fn result(ty: &Type) -> Image {
        let mut image = Image::new();
        if flatten(ty).len() > 1 {
            image.store(ty, AT);
            let kind = Kind::Pointer(size(ty), alignment(ty));
            image.flat.push((AT.into(), kind));
        } else {
            image.flat = image.lower(ty);
        }
        image
    }

    /// Adds the place where the host is to put a result.
    pub fn and_place_for(mut self, ty: &Type) -> Image {
        if flatten(ty).len() > 1 {
            let kind = Kind::Pointer(size(ty), alignment(ty));
            self.flat.push((512, kind));
        }
        self
    }

    /// The memory as a literal of the text format.
    pub fn literal(&self) -> String {
        let used = &self.bytes[..self.top as usize];
        used.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }

    /// The memory from [`AT`] on, in words.
    pub fn words(&self) -> Vec<(u32, u64)> {
        let used = &self.bytes[AT as usize..self.top.next_multiple_of(4) as usize];
        let words = used.chunks_exact(4).zip((AT..).step_by(4));
        words
            .map(|(bytes, at)| {
                (
                    at,
                    u32::from_le_bytes(bytes.try_into().expect("four bytes")),
                )
            })
            .filter(|(_, word)| *word != 0)
            .map(|(at, word)| (at, word.into()))
            .collect()
    }

    /// The right values, and every way to be wrong in one place.
    pub fn attacks(&self) -> Vec<Attack> {
        let right: Vec<u64> = self.flat.iter().map(|(bits, _)| *bits).collect();
        let mut attacks = vec![Attack {
            poke: None,
            flat: right.clone(),
            what: "nothing wrong".to_owned(),
        }];
        for (at, &(bits, kind)) in self.flat.iter().enumerate() {
            for wrong in kind.wrong(bits) {
                let mut flat = right.clone();
                flat[at] = wrong;
                attacks.push(Attack {
                    poke: None,
                    flat,
                    what: format!("core value {at}, {kind:?}: {wrong:#x}"),
                });
            }
        }
        for place in &self.places {
            let Place { at, bytes, kind } = *place;
            let mut le = [0; 8];
            let old = &self.bytes[at as usize..][..bytes as usize];
            le[..bytes as usize].copy_from_slice(old);
            for wrong in kind.wrong(u64::from_le_bytes(le)) {
                attacks.push(Attack {
                    poke: Some((at, bytes, wrong)),
                    flat: right.clone(),
                    what: format!("{bytes} bytes at {at}, {kind:?}: {wrong:#x}"),
                });
            }
        }
        attacks
    }

    fn write(&mut self, at: u32, bytes: u32, value: u64, kind: Kind) {
        let end = bytes as usize;
        self.bytes[at as usize..][..end].copy_from_slice(&value.to_le_bytes()[..end]);
        self.places.push(Place { at, bytes, kind });
    }

    fn allocate(&mut self, bytes: u32, align: u32) -> u32 {
        let at = self.top.next_multiple_of(align);
        self.top = at + bytes;
        at
    }

    /// A list or string: where its elements are, and how many.
    fn sequence(&mut self, ty: &Type) -> [(u64, Kind); 2] {
        match ty {
            Type::List(element) => {
                let (bytes, align) = (size(element), alignment(element));
                let at = self.allocate(2 * bytes, align);
                for i in 0..2 {
                    self.store(element, at + i * bytes);
                }
                [
                    (at.into(), Kind::Pointer(2 * bytes, align)),
                    (2, Kind::Length(bytes)),
                ]
            }
            _ => {
                // "aé€" and the first byte of its last character.
                let text = "aé€".as_bytes();
                let at = self.allocate(text.len() as u32, 1);
                for (byte, i) in text.iter().zip(0..) {
                    let kind = if i == 3 { Kind::Text } else { Kind::Other };
                    self.write(at + i, 1, (*byte).into(), kind);
                }
                [
                    (at.into(), Kind::Pointer(text.len() as u32, 1)),
                    (text.len() as u64, Kind::Length(1)),
                ]
            }
        }
    }

    fn store(&mut self, ty: &Type, at: u32) {
        match ty {
            Type::Record(fields) => {
                let mut offset = 0u32;
                for (_, field) in fields {
                    offset = offset.next_multiple_of(alignment(field));
                    self.store(field, at + offset);
                    offset += size(field);
                }
            }
            Type::Variant(cases) => {
                let case = cases.len() - 1;
                let kind = Kind::Case(cases.len() as u32);
                self.write(at, discriminant_size(cases.len()), case as u64, kind);
                if let Some(payload) = &cases[case].1 {
                    self.store(payload, at + payload_offset(cases));
                }
            }
            Type::String | Type::List(_) => {
                for ((value, kind), offset) in self.sequence(ty).into_iter().zip([0, 4]) {
                    self.write(at + offset, 4, value, kind);
                }
            }
            Type::Char => self.write(at, 4, 0x20ac, Kind::Char),
            scalar => self.write(at, size(scalar), 3, Kind::Other),
        }
    }

    fn lower(&mut self, ty: &Type) -> Vec<(u64, Kind)> {
        match ty {
            Type::Record(fields) => fields.iter().flat_map(|(_, ty)| self.lower(ty)).collect(),
            Type::Variant(cases) => {
                let case = cases.len() - 1;
                let mut flat = vec![(case as u64, Kind::Case(cases.len() as u32))];
                if let Some(payload) = &cases[case].1 {
                    flat.extend(self.lower(payload));
                }
                flat.resize(flatten(ty).len(), (0, Kind::Other));
                flat
            }
            Type::String | Type::List(_) => self.sequence(ty).to_vec(),
            Type::Char => vec![(0x20ac, Kind::Char)],
            _ => vec![(3, Kind::Other)],
        }
    }
}

/// Fields without names: a tuple.
pub fn record(types: &[Type]) -> Type {
    let fields = types.iter().enumerate();
    Type::Record(fields.map(|(i, ty)| (i.to_string(), ty.clone())).collect())
}

/// The type in the text format of components; variants are options and results.
pub fn text(ty: &Type) -> String {
    let payload = |word: &str, ty: &Option<Type>| {
        let text = ty.as_ref().map(text);
        text.map_or(String::new(), |text| format!(" {word}{text}"))
    };
    match ty {
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::F32 => "f32".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(element) => format!("(list {})", text(element)),
        Type::Record(fields) => {
            let fields: Vec<String> = fields.iter().map(|(_, ty)| text(ty)).collect();
            format!("(tuple {})", fields.join(" "))
        }
        Type::Variant(cases) => match &cases[..] {
            [(_, None), (name, some)] if name == "some" => {
                format!("(option{})", payload("", some))
            }
            [(_, ok), (_, error)] => {
                let error = error.as_ref().map(|ty| format!(" (error {})", text(ty)));
                format!("(result{}{})", payload("", ok), error.unwrap_or_default())
            }
            _ => unreachable!("only options and results are used"),
        },
        _ => unreachable!("{ty:?} is not used"),
    }
}

/// A value for the host to give.
pub fn sample(ty: &Type) -> Value {
    match ty {
        Type::U8 => Value::U8(200),
        Type::U16 => Value::U16(60000),
        Type::U32 => Value::U32(70000),
        Type::U64 => Value::U64(1 << 40),
        Type::F32 => Value::F32(1.5f32.to_bits()),
        Type::Bool => Value::Bool(true),
        Type::Char => Value::Char('€'),
        Type::String => Value::String("wörld".to_owned()),
        Type::List(element) => Value::List(vec![sample(element); 3]),
        Type::Record(fields) => Value::Record(fields.iter().map(|(_, ty)| sample(ty)).collect()),
        Type::Variant(cases) => {
            let case = cases.len() - 1;
            let payload = cases[case].1.as_ref();
            Value::Variant(case, payload.map(|ty| Box::new(sample(ty))))
        }
        _ => unreachable!("{ty:?} is not used"),
    }
}

/// The name of a core type.
pub fn core(core: Core) -> &'static str {
    match core {
        Core::I32 => "i32",
        Core::I64 => "i64",
        Core::F32 => "f32",
        Core::F64 => "f64",
    }
}
