//! What the canonical ABI says of types: flat forms, layouts, what has pointers.

use anyhow::{Result, bail};
use wit_parser::{FlagsRepr, Handle, Int, Resolve, SizeAlign, Type, TypeDefKind, TypeId};

/// A type without the names that `use` and `type` give it.
pub fn plain(resolve: &Resolve, mut ty: Type) -> Type {
    while let Type::Id(id) = ty
        && let TypeDefKind::Type(inner) = resolve.types[id].kind
    {
        ty = inner;
    }
    ty
}

/// The types that a type has directly inside.
pub fn element(resolve: &Resolve, id: TypeId) -> Vec<Type> {
    match &resolve.types[id].kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| field.ty).collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty).collect(),
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => {
            vec![*ty]
        }
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Result(result) => [result.ok, result.err].into_iter().flatten().collect(),
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => vec![Type::Id(*id)],
        TypeDefKind::Type(ty) => vec![*ty],
        _ => Vec::new(),
    }
}

/// The definition of a resource behind names of it.
pub fn resource(resolve: &Resolve, id: TypeId) -> TypeId {
    match plain(resolve, Type::Id(id)) {
        Type::Id(id) => id,
        _ => id,
    }
}

/// Everything about layouts.
pub struct Layout<'r> {
    pub resolve: &'r Resolve,
    sizes: SizeAlign,
}

/// The cases of what is one of several: the payload of each.
pub type Cases = Vec<Option<Type>>;

impl<'r> Layout<'r> {
    pub fn new(resolve: &'r Resolve) -> Result<Layout<'r>> {
        let mut sizes = SizeAlign::default();
        sizes.fill(resolve)?;
        Ok(Layout { resolve, sizes })
    }

    pub fn size(&self, ty: &Type) -> u32 {
        self.sizes.size(ty).size_wasm32() as u32
    }

    pub fn align(&self, ty: &Type) -> u32 {
        self.sizes.align(ty).align_wasm32() as u32
    }

    /// The offsets of fields that lie one after the other.
    pub fn fields(&self, types: &[Type]) -> Vec<u32> {
        let mut next = 0u32;
        types
            .iter()
            .map(|ty| {
                let at = next.next_multiple_of(self.align(ty));
                next = at + self.size(ty);
                at
            })
            .collect()
    }

    /// The size and the alignment of types that lie one after the other.
    pub fn record(&self, types: &[Type]) -> (u32, u32) {
        let align = types.iter().map(|ty| self.align(ty)).max().unwrap_or(1);
        let offsets = self.fields(types);
        let end = types
            .iter()
            .zip(offsets)
            .map(|(ty, at)| at + self.size(ty))
            .max();
        (end.unwrap_or(0).next_multiple_of(align), align)
    }

    /// Bytes of the number of a case, and where payloads are.
    pub fn variant(&self, cases: &Cases) -> (u32, u32) {
        let tag = match cases.len() {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        let align = cases
            .iter()
            .flatten()
            .map(|ty| self.align(ty))
            .max()
            .unwrap_or(1);
        (tag, tag.next_multiple_of(align))
    }

    /// How many core values a type is flattened to.
    pub fn flat(&self, ty: &Type) -> usize {
        self.flat_types(ty).len()
    }

    /// The core values of a type, as letters: i, I, f, F (`CanonicalABI.md`, "Flattening").
    pub fn flat_types(&self, ty: &Type) -> Vec<char> {
        let id = match plain(self.resolve, *ty) {
            Type::Id(id) => id,
            Type::U64 | Type::S64 => return vec!['I'],
            Type::F32 => return vec!['f'],
            Type::F64 => return vec!['F'],
            Type::String => return vec!['i', 'i'],
            _ => return vec!['i'],
        };
        let all = |types: &[Type]| types.iter().flat_map(|ty| self.flat_types(ty)).collect();
        match &self.resolve.types[id].kind {
            TypeDefKind::List(_) | TypeDefKind::Map(..) => vec!['i', 'i'],
            TypeDefKind::Record(record) => record
                .fields
                .iter()
                .flat_map(|field| self.flat_types(&field.ty))
                .collect(),
            TypeDefKind::Tuple(tuple) => all(&tuple.types),
            TypeDefKind::FixedLengthList(ty, length) => {
                self.flat_types(ty).repeat(*length as usize)
            }
            TypeDefKind::Flags(flags) => match flags.repr() {
                FlagsRepr::U32(words) => vec!['i'; words],
                _ => vec!['i'],
            },
            _ => match self.cases(id) {
                Some(cases) => {
                    let mut joined: Vec<char> = Vec::new();
                    for ty in cases.iter().flatten() {
                        for (at, one) in self.flat_types(ty).into_iter().enumerate() {
                            match joined.get(at).copied() {
                                None => joined.push(one),
                                Some(other) => joined[at] = join(other, one),
                            }
                        }
                    }
                    joined.insert(0, 'i');
                    joined
                }
                None => vec!['i'],
            },
        }
    }

    /// The payloads of a type that is one of several; none for others.
    pub fn cases(&self, id: TypeId) -> Option<Cases> {
        Some(match &self.resolve.types[id].kind {
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.ty).collect(),
            TypeDefKind::Enum(of) => vec![None; of.cases.len()],
            TypeDefKind::Option(ty) => vec![None, Some(*ty)],
            TypeDefKind::Result(result) => vec![result.ok, result.err],
            _ => return None,
        })
    }

    /// Whether a value of the type has strings or lists, which lie in the memory of the guest.
    pub fn has_views(&self, ty: &Type) -> bool {
        match plain(self.resolve, *ty) {
            Type::String => true,
            Type::Id(id) => {
                matches!(
                    self.resolve.types[id].kind,
                    TypeDefKind::List(_) | TypeDefKind::Map(..)
                ) || !matches!(self.resolve.types[id].kind, TypeDefKind::Handle(_))
                    && element(self.resolve, id)
                        .iter()
                        .any(|ty| self.has_views(ty))
            }
            _ => false,
        }
    }

    /// Refuses types that no host can have yet.
    pub fn check(&self, ty: &Type) -> Result<()> {
        let id = match plain(self.resolve, *ty) {
            Type::Id(id) => id,
            Type::ErrorContext => {
                bail!("error-context is of the async ABI, which is not supported")
            }
            _ => return Ok(()),
        };
        match &self.resolve.types[id].kind {
            TypeDefKind::Future(_) => bail!("a future is of the async ABI, which is not supported"),
            TypeDefKind::Stream(_) => bail!("a stream is of the async ABI, which is not supported"),
            TypeDefKind::Handle(_) | TypeDefKind::Resource => Ok(()),
            _ => element(self.resolve, id)
                .iter()
                .try_for_each(|ty| self.check(ty)),
        }
    }
}

/// The number of bytes of an enum's or variant's case in C.
pub fn tag_type(tag: Int) -> &'static str {
    match tag {
        Int::U8 => "uint8_t",
        Int::U16 => "uint16_t",
        _ => "uint32_t",
    }
}

fn join(a: char, b: char) -> char {
    match (a, b) {
        (a, b) if a == b => a,
        ('i', 'f') | ('f', 'i') => 'i',
        _ => 'I',
    }
}
