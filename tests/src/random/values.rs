//! Random values as a guest passes them: core values, and an image of its memory.
//!
//! Nothing is built at run time but handles. What a guest may leave undefined is random: padding,
//! upper bits, the slots that a case of a variant does not use. Now and then something is wrong
//! that has to trap.

use super::numbers::Random;
use super::types::{Interface, Parts, Type};
use crate::wast::layout::{self, Core};
use crate::wast::types::Type as Shape;

/// How a component encodes strings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    Utf8,
    Utf16,
    /// `latin1+utf16`.
    Compact,
}

impl Encoding {
    pub const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Compact];

    /// The canonical option.
    pub fn option(self) -> &'static str {
        match self {
            Encoding::Utf8 => "string-encoding=utf8",
            Encoding::Utf16 => "string-encoding=utf16",
            Encoding::Compact => "string-encoding=latin1+utf16",
        }
    }
}

/// A core value that is passed.
#[derive(Clone, Debug)]
pub enum Slot {
    Bits(Core, u64),
    /// The index of a handle of [`Image::handles`].
    Handle(Core, usize),
}

/// A handle that is passed.
#[derive(Clone, Debug)]
pub struct Handle {
    pub resource: usize,
    pub own: bool,
    pub from: From,
    /// Where in memory it is stored.
    pub places: Vec<u32>,
}

/// Where a handle is from.
#[derive(Clone, Debug)]
pub enum From {
    /// A new resource of this representation.
    New(u32),
    /// A new resource of another type.
    NewOf(usize, u32),
    /// Another handle of the list.
    Same(usize),
    /// A new resource that is dropped before its handle is passed.
    Dropped(u32),
    Nonsense(u32),
}

/// What a guest has in memory for one value.
#[derive(Clone, Debug, Default)]
pub struct Image {
    pub base: u32,
    pub bytes: Vec<u8>,
    pub handles: Vec<Handle>,
    /// How many things are wrong on purpose.
    pub faults: usize,
}

impl Image {
    pub fn end(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    /// Room for something, full of random bytes.
    pub fn allocate(&mut self, random: &mut Random, size: u32, alignment: u32) -> u32 {
        let at = self.end().next_multiple_of(alignment);
        let length = (at + size - self.base) as usize;
        while self.bytes.len() < length {
            self.bytes.push(random.bits() as u8);
        }
        at
    }

    fn write(&mut self, at: u32, bytes: &[u8]) {
        let start = (at - self.base) as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }
}

/// From here on lists are empty.
const MAX_IMAGE: usize = 8192;

/// Makes values.
pub struct Values<'a> {
    pub interface: &'a Interface,
    pub random: &'a mut Random,
    pub encoding: Encoding,
    /// Of a hundred things that could be wrong so many are.
    pub wrong: usize,
    pub image: &'a mut Image,
    /// The size of the guest's memory.
    pub memory: u32,
}

impl Values<'_> {
    /// Whether the next thing is to be wrong.
    pub fn fault(&mut self) -> bool {
        let fault = self.random.percent(self.wrong);
        self.image.faults += usize::from(fault);
        fault
    }

    /// A place in memory with a value.
    pub fn in_memory(&mut self, ty: &Type) -> u32 {
        let (size, alignment) = (self.interface.size(ty), self.interface.alignment(ty));
        let at = self.image.allocate(self.random, size, alignment);
        self.store(ty, at);
        at
    }

    /// A pointer to room for a value, or a wrong one.
    pub fn pointer(&mut self, at: u32, size: u32, alignment: u32) -> u32 {
        if !self.fault() {
            return at;
        }
        let beyond = (self.memory - size.min(self.memory) + alignment) & !(alignment - 1);
        match self.random.below(4) {
            0 if alignment > 1 => at + 1 + self.random.below(alignment as usize - 1) as u32,
            0 | 1 => beyond,
            2 => self.memory,
            _ => alignment.wrapping_neg(),
        }
    }

    fn store(&mut self, ty: &Type, at: u32) {
        match self.interface.parts(ty) {
            Parts::Scalar(shape) => {
                let bits = self.scalar(&shape);
                let size = layout::size(&shape) as usize;
                self.image.write(at, &bits.to_le_bytes()[..size]);
            }
            Parts::Text => {
                let range = self.text();
                self.store_range(at, range);
            }
            Parts::Elements(element) => {
                let range = self.list(&element);
                self.store_range(at, range);
            }
            Parts::Fields(fields) => {
                let mut at = at;
                for ty in fields {
                    at = at.next_multiple_of(self.interface.alignment(&ty));
                    self.store(&ty, at);
                    at += self.interface.size(&ty);
                }
            }
            Parts::Cases(cases) => {
                let size = layout::discriminant_size(cases.len());
                let case = self.random.below(cases.len().min(8));
                let room = 1 << (8 * size);
                if room > cases.len() && self.fault() {
                    let bad = self.random.pick(&[cases.len(), room - 1]);
                    self.image.write(at, &bad.to_le_bytes()[..size as usize]);
                    return;
                }
                self.image.write(at, &case.to_le_bytes()[..size as usize]);
                if let Some(payload) = &cases[case] {
                    self.store(payload, at + self.interface.payload_offset(ty));
                }
            }
            Parts::Flags(count) => {
                let size = layout::flags_unit(count) as usize;
                let bits = self.random.bits();
                self.image.write(at, &bits.to_le_bytes()[..size]);
            }
            Parts::Handle(resource, own) => {
                let handle = self.handle(resource, own);
                self.image.handles[handle].places.push(at);
            }
        }
    }

    fn store_range(&mut self, at: u32, (pointer, length): (u32, u32)) {
        self.image.write(at, &pointer.to_le_bytes());
        self.image.write(at + 4, &length.to_le_bytes());
    }

    /// The core values of a value that is passed one by one.
    pub fn flat(&mut self, ty: &Type) -> Vec<Slot> {
        match self.interface.parts(ty) {
            Parts::Scalar(shape) => {
                let mut bits = self.scalar(&shape);
                if layout::size(&shape) < 4 {
                    // Upper bits are not looked at, and any number but 0 is true.
                    bits = self.random.bits() & 0xffff_ffff;
                }
                vec![Slot::Bits(layout::flatten(&shape)[0], bits)]
            }
            Parts::Text => flat_range(self.text()),
            Parts::Elements(element) => flat_range(self.list(&element)),
            Parts::Fields(fields) => fields.iter().flat_map(|ty| self.flat(ty)).collect(),
            Parts::Cases(cases) => self.flat_variant(ty, &cases),
            Parts::Flags(_) => vec![Slot::Bits(Core::I32, self.random.bits() & 0xffff_ffff)],
            Parts::Handle(resource, own) => {
                vec![Slot::Handle(Core::I32, self.handle(resource, own))]
            }
        }
    }

    fn flat_variant(&mut self, ty: &Type, cases: &[Option<Type>]) -> Vec<Slot> {
        let joined = self.interface.flat(ty);
        let mut case = self.random.below(cases.len().min(8));
        let mut slots = Vec::new();
        if self.fault() {
            case = self
                .random
                .pick(&[cases.len(), cases.len() + 255, 0x1_0000, 0xffff_ffff]);
        } else if let Some(payload) = &cases[case] {
            slots = self.flat(payload);
        }
        slots.insert(0, Slot::Bits(Core::I32, case as u64));
        for (slot, core) in slots.iter_mut().zip(&joined) {
            *slot = match *slot {
                Slot::Bits(Core::I32 | Core::F32, bits) if *core == Core::I64 => {
                    Slot::Bits(*core, bits | self.random.bits() << 32)
                }
                Slot::Bits(_, bits) => Slot::Bits(*core, bits),
                Slot::Handle(_, handle) => Slot::Handle(*core, handle),
            };
        }
        for core in &joined[slots.len()..] {
            let bits = match core {
                Core::I32 | Core::F32 => self.random.bits() & 0xffff_ffff,
                Core::I64 | Core::F64 => self.random.bits(),
            };
            slots.push(Slot::Bits(*core, bits));
        }
        slots
    }

    /// The bits of a scalar, as they are in memory.
    fn scalar(&mut self, shape: &Shape) -> u64 {
        let bits = self.random.bits();
        let special = self.random.percent(30);
        match shape {
            Shape::Char if self.fault() => {
                let wrong = [0xd800, 0xdfff, 0x11_0000, 0xffff_ffff];
                self.random.pick(&wrong)
            }
            Shape::Char => u64::from(u32::from(self.char())),
            Shape::F32 if special => {
                let some = [
                    0,
                    0x8000_0000,
                    0x7f80_0000,
                    0x7fc0_0000,
                    0x7fa0_0001,
                    0xffc1_2345,
                ];
                self.random.pick(&some)
            }
            Shape::F32 => bits & 0xffff_ffff,
            Shape::F64 if special => {
                let some = [
                    0,
                    1 << 63,
                    0x7ff8 << 48,
                    0x7ff0_0000_0000_0001,
                    0xfff8_1234 << 32,
                ];
                self.random.pick(&some)
            }
            Shape::U64 | Shape::S64 if special => self.random.pick(&[0, 1, u64::MAX, 1 << 63]),
            Shape::U32 | Shape::S32 if special => {
                self.random.pick(&[0, 1, 0xffff_ffff, 0x8000_0000])
            }
            Shape::U32 | Shape::S32 => bits & 0xffff_ffff,
            Shape::Bool if special => bits & 1,
            _ => bits,
        }
    }

    fn char(&mut self) -> char {
        let ranges = [
            (0x20, 0x7f),
            (0, 0x80),
            (0x80, 0x100),
            (0x100, 0x800),
            (0x800, 0xd800),
            (0xe000, 0x1_0000),
            (0x1_0000, 0x11_0000),
        ];
        let (from, to) = self.random.pick(&ranges);
        char::from_u32(from + self.random.below((to - from) as usize) as u32)
            .expect("there are no surrogates in the ranges")
    }

    fn characters(&mut self) -> Vec<char> {
        let length = match self.random.below(10) {
            0 => 0,
            1 if self.image.bytes.len() < MAX_IMAGE => 30 + self.random.below(200),
            _ => self.random.below(12),
        };
        // Most begin with a run of simple characters, which is what conversions treat apart.
        let (simple, any) = match self.random.below(5) {
            0 => (length, (0x20, 0x7f)),
            1 => (length, (0x20, 0x100)),
            2 => (length * 2 / 3, (0x20, 0x7f)),
            3 => (length * 2 / 3, (0x20, 0x100)),
            _ => (0, (0, 1)),
        };
        (0..length)
            .map(|i| match i < simple {
                true => char::from_u32(any.0 + self.random.below((any.1 - any.0) as usize) as u32)
                    .expect("Latin-1 is Unicode"),
                false => self.char(),
            })
            .collect()
    }

    /// Where a string is, and its length as the encoding counts it.
    fn text(&mut self) -> (u32, u32) {
        let characters = self.characters();
        let text: String = characters.iter().collect();
        let mut wide: Vec<u16> = text.encode_utf16().collect();
        let latin1 = characters.iter().all(|c| u32::from(*c) < 0x100);
        let (bytes, alignment, units) = match self.encoding {
            Encoding::Utf8 => {
                let mut bytes = text.into_bytes();
                if self.fault() {
                    self.damage_utf8(&mut bytes);
                }
                let units = bytes.len() as u32;
                (bytes, 1, units)
            }
            // A compact string need not be as small as it could be.
            Encoding::Compact if latin1 && self.random.percent(85) => {
                let bytes: Vec<u8> = characters.iter().map(|c| u32::from(*c) as u8).collect();
                let units = bytes.len() as u32;
                (bytes, 2, units)
            }
            Encoding::Utf16 | Encoding::Compact => {
                if self.fault() {
                    let surrogate = [0xd800, 0xdbff, 0xdc00, 0xdfff];
                    let at = self.random.below(wide.len() + 1);
                    wide.insert(at, self.random.pick(&surrogate));
                }
                let tag = match self.encoding {
                    Encoding::Compact => 1 << 31,
                    _ => 0,
                };
                let bytes = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
                (bytes, 2, wide.len() as u32 | tag)
            }
        };
        let at = self
            .image
            .allocate(self.random, bytes.len() as u32, alignment);
        self.image.write(at, &bytes);
        if self.fault() {
            return match self.random.below(3) {
                0 => (at, units | 0x7fff_0000),
                1 => (at, units ^ 0x8000_0000),
                _ => (self.pointer_beyond(at, alignment), units.max(1)),
            };
        }
        (at, units)
    }

    fn damage_utf8(&mut self, bytes: &mut Vec<u8>) {
        let wrong: [&[u8]; 9] = [
            &[0x80],
            &[0xc0, 0x80],
            &[0xe0, 0x80, 0x80],
            &[0xed, 0xa0, 0x80],
            &[0xf0, 0x80, 0x80, 0x80],
            &[0xf4, 0x90, 0x80, 0x80],
            &[0xff],
            &[0xc3],
            &[0xf0, 0x9f, 0x98],
        ];
        let wrong = self.random.pick(&wrong);
        let at = self.random.below(bytes.len() + 1);
        bytes.splice(at..at, wrong.iter().copied());
    }

    /// A pointer that is not aligned or beyond the memory.
    fn pointer_beyond(&mut self, at: u32, alignment: u32) -> u32 {
        match self.random.below(3) {
            0 if alignment > 1 => at | 1,
            1 => alignment.wrapping_neg(),
            _ => self.memory,
        }
    }

    /// Where a list is, and how many elements it has.
    fn list(&mut self, element: &Type) -> (u32, u32) {
        let (size, alignment) = (
            self.interface.size(element),
            self.interface.alignment(element),
        );
        let length = match self.random.below(12) {
            _ if self.image.bytes.len() > MAX_IMAGE => 0,
            0 if matches!(element, Type::Scalar(_)) => 20 + self.random.below(200) as u32,
            n => (n / 3) as u32,
        };
        if length == 0 && self.random.percent(50) {
            // Nothing is read, but the pointer has to be one.
            let last = self.memory / alignment;
            return (alignment * self.random.pick(&[0, 1, last - 1, last]), 0);
        }
        let at = self.image.allocate(self.random, size * length, alignment);
        for i in 0..length {
            self.store(element, at + i * size);
        }
        if self.fault() {
            return match self.random.below(3) {
                0 => (
                    at,
                    self.random.pick(&[0x1000_0000, 0xffff_ffff, self.memory]),
                ),
                _ => (self.pointer_beyond(at, alignment), length.max(1)),
            };
        }
        (at, length)
    }

    fn handle(&mut self, resource: usize, own: bool) -> usize {
        let rep = self.random.bits() as u32;
        let all = self.image.handles.len();
        let again = (0..all).find(|&i| {
            let other = &self.image.handles[i];
            other.resource == resource && !other.own && matches!(other.from, From::New(_))
        });
        let from = match again {
            _ if self.fault() => match self.random.below(5) {
                0 if all > 0 => From::Same(self.random.below(all)),
                1 => From::Dropped(rep),
                2 if self.interface.resources.len() > 1 => From::NewOf(1 - resource, rep),
                3 => From::Nonsense(0),
                _ => From::Nonsense(self.random.pick(&[77, 0x1000_0000, 0xffff_ffff])),
            },
            Some(again) if !own && self.random.percent(30) => From::Same(again),
            _ => From::New(rep),
        };
        self.image.handles.push(Handle {
            resource,
            own,
            from,
            places: Vec::new(),
        });
        all
    }
}

fn flat_range((pointer, length): (u32, u32)) -> Vec<Slot> {
    vec![
        Slot::Bits(Core::I32, u64::from(pointer)),
        Slot::Bits(Core::I32, u64::from(length)),
    ]
}
