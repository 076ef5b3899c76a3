//! Values: how they lie in memory and in core values, and the way from there and back.

use crate::guest::room;
use crate::{Error, Guest, Source};

/// The most core values that arguments are flattened to (`CanonicalABI.md`, "Flattening").
pub const MAX_FLAT: usize = 16;

/// How a type lies in the memory of the guest.
pub trait Layout {
    /// Its bytes.
    const SIZE: u32;
    /// What its address is a multiple of.
    const ALIGN: u32;
    /// How many core values it is flattened to. All of them are kept in 64 bits, so that those of the cases of a
    /// variant are joined by keeping their bits.
    const FLAT: usize;
}

/// A type whose values come from the guest.
pub trait Lift<'m>: Layout + Sized {
    /// The value at an address.
    ///
    /// # Errors
    ///
    /// When there is none.
    fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error>;

    /// The value of core values.
    ///
    /// # Errors
    ///
    /// When there is none.
    fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error>;

    /// The values of a list that has been found to be inside of the memory.
    ///
    /// # Errors
    ///
    /// When one of them is none, or the host has no room for them.
    #[cfg(feature = "alloc")]
    fn load_all(
        from: &mut Source<'m, '_>,
        at: u32,
        count: u32,
    ) -> Result<alloc::vec::Vec<Self>, Error> {
        let mut all = alloc::vec::Vec::new();
        all.try_reserve_exact(count as usize)
            .map_err(|_| Error::Room)?;
        for index in 0..count {
            all.push(Self::load(from, after(at, index * Self::SIZE))?);
        }
        Ok(all)
    }
}

/// A type whose values are given to the guest.
pub trait Lower: Layout {
    /// Writes the value to an address.
    ///
    /// # Errors
    ///
    /// When the guest has no room.
    fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error>;

    /// Gives the core values of the value.
    ///
    /// # Errors
    ///
    /// When the guest has no room.
    fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error>;

    /// Writes values one after the other to where there is room.
    ///
    /// # Errors
    ///
    /// When the guest has no room for what is in them.
    fn store_all<G: Guest>(values: &[Self], guest: &mut G, at: u32) -> Result<(), Error>
    where
        Self: Sized,
    {
        let mut to = at;
        for value in values {
            value.store(guest, to)?;
            to = after(to, Self::SIZE);
        }
        Ok(())
    }
}

/// An address that is further on. What is outside of the memory is found where it is used.
pub fn after(at: u32, offset: u32) -> u32 {
    at.wrapping_add(offset)
}

/// The core values from one on.
pub fn from(slots: &[u64], at: usize) -> &[u64] {
    slots.get(at..).unwrap_or(&[])
}

/// The core values from one on, to be written.
pub fn from_mut(slots: &mut [u64], at: usize) -> &mut [u64] {
    slots.get_mut(at..).unwrap_or(&mut [])
}

/// The first core value.
pub fn first(slots: &[u64]) -> u64 {
    slots.first().copied().unwrap_or(0)
}

/// Writes the first core value.
pub fn put_first(slots: &mut [u64], value: u64) {
    if let Some(slot) = slots.first_mut() {
        *slot = value;
    }
}

/// Sets core values to 0: those that a case of a variant does not have.
pub fn clear(slots: &mut [u64], count: usize) {
    for slot in slots.iter_mut().take(count) {
        *slot = 0;
    }
}

/// The number of a case in so many bytes.
///
/// # Errors
///
/// When it is outside of the memory.
pub fn load_case(from: &mut Source<'_, '_>, at: u32, bytes: u32) -> Result<u32, Error> {
    Ok(match bytes {
        1 => u8::load(from, at)?.into(),
        2 => u16::load(from, at)?.into(),
        _ => u32::load(from, at)?,
    })
}

/// Writes the number of a case in so many bytes.
///
/// # Errors
///
/// When it is outside of the memory.
pub fn store_case<G: Guest>(guest: &mut G, at: u32, bytes: u32, case: u32) -> Result<(), Error> {
    match bytes {
        1 => (case as u8).store(guest, at),
        2 => (case as u16).store(guest, at),
        _ => case.store(guest, at),
    }
}

fn write<G: Guest>(guest: &mut G, at: u32, bytes: &[u8]) -> Result<(), Error> {
    let memory = guest.parts().memory;
    let to = memory
        .get_mut(at as usize..)
        .and_then(|rest| rest.get_mut(..bytes.len()));
    to.ok_or(Error::Bounds)?.copy_from_slice(bytes);
    Ok(())
}

macro_rules! number {
    ($($ty:ident $size:literal, $from:expr, $to:expr;)*) => {$(
        impl Layout for $ty {
            const SIZE: u32 = $size;
            const ALIGN: u32 = $size;
            const FLAT: usize = 1;
        }

        impl<'m> Lift<'m> for $ty {
            fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
                match from.bytes(at, $size)?.first_chunk() {
                    Some(bytes) => Ok($ty::from_le_bytes(*bytes)),
                    None => Err(Error::Bounds),
                }
            }

            fn lift(_: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
                let from: fn(u64) -> $ty = $from;
                Ok(from(first(slots)))
            }

            #[cfg(feature = "alloc")]
            fn load_all(
                from: &mut Source<'m, '_>,
                at: u32,
                count: u32,
            ) -> Result<alloc::vec::Vec<Self>, Error> {
                let bytes = from.bytes(at, u64::from(count) * $size)?;
                let mut all = alloc::vec::Vec::new();
                all.try_reserve_exact(count as usize).map_err(|_| Error::Room)?;
                all.extend(bytes.as_chunks().0.iter().map(|bytes| $ty::from_le_bytes(*bytes)));
                Ok(all)
            }
        }

        impl Lower for $ty {
            fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
                write(guest, at, &self.to_le_bytes())
            }

            fn lower<G: Guest>(&self, _: &mut G, slots: &mut [u64]) -> Result<(), Error> {
                let to: fn($ty) -> u64 = $to;
                put_first(slots, to(*self));
                Ok(())
            }

            fn store_all<G: Guest>(values: &[Self], guest: &mut G, at: u32) -> Result<(), Error> {
                let memory = guest.parts().memory;
                let bytes = values.len().checked_mul($size).ok_or(Error::Bounds)?;
                let to = memory.get_mut(at as usize..).and_then(|rest| rest.get_mut(..bytes));
                let to = to.ok_or(Error::Bounds)?.as_chunks_mut().0;
                for (to, value) in to.iter_mut().zip(values) {
                    *to = value.to_le_bytes();
                }
                Ok(())
            }
        }
    )*};
}

number! {
    u8 1, |bits| bits as u8, |value| value.into();
    s8 1, |bits| bits as i8, |value| u64::from(i32::from(value) as u32);
    u16 2, |bits| bits as u16, |value| value.into();
    s16 2, |bits| bits as i16, |value| u64::from(i32::from(value) as u32);
    u32 4, |bits| bits as u32, |value| value.into();
    s32 4, |bits| bits as i32, |value| u64::from(value as u32);
    u64 8, |bits| bits, |value| value;
    s64 8, |bits| bits as i64, |value| value as u64;
    f32 4, |bits| f32::from_bits(bits as u32), |value| value.to_bits().into();
    f64 8, f64::from_bits, f64::to_bits;
}

// The names that WIT has for them.
#[allow(non_camel_case_types)]
type s8 = i8;
#[allow(non_camel_case_types)]
type s16 = i16;
#[allow(non_camel_case_types)]
type s32 = i32;
#[allow(non_camel_case_types)]
type s64 = i64;

/// What is kept in another type.
macro_rules! kept_in {
    ($ty:ty, $kept:ty, $from:expr, $to:expr) => {
        impl Layout for $ty {
            const SIZE: u32 = <$kept>::SIZE;
            const ALIGN: u32 = <$kept>::ALIGN;
            const FLAT: usize = 1;
        }

        impl<'m> Lift<'m> for $ty {
            fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
                $from(<$kept>::load(from, at)?.into())
            }

            fn lift(_: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
                $from(first(slots) as u32)
            }
        }

        impl Lower for $ty {
            fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
                let kept: $kept = $to(*self);
                kept.store(guest, at)
            }

            fn lower<G: Guest>(&self, _: &mut G, slots: &mut [u64]) -> Result<(), Error> {
                let kept: $kept = $to(*self);
                put_first(slots, kept.into());
                Ok(())
            }
        }
    };
}

kept_in!(bool, u8, |bits: u32| Ok(bits != 0), u8::from);
kept_in!(
    char,
    u32,
    |bits: u32| char::from_u32(bits).ok_or(Error::Char),
    u32::from
);

impl Layout for () {
    const SIZE: u32 = 0;
    const ALIGN: u32 = 1;
    const FLAT: usize = 0;
}

impl<'m> Lift<'m> for () {
    fn load(_: &mut Source<'m, '_>, _: u32) -> Result<Self, Error> {
        Ok(())
    }

    fn lift(_: &mut Source<'m, '_>, _: &[u64]) -> Result<Self, Error> {
        Ok(())
    }
}

impl Lower for () {
    fn store<G: Guest>(&self, _: &mut G, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn lower<G: Guest>(&self, _: &mut G, _: &mut [u64]) -> Result<(), Error> {
        Ok(())
    }
}

/// An address and a length in the memory of the guest.
fn pair(from: &mut Source<'_, '_>, at: u32) -> Result<[u64; 2], Error> {
    let (address, length) = (u32::load(from, at)?, u32::load(from, after(at, 4))?);
    Ok([address.into(), length.into()])
}

macro_rules! two_words {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        impl<$($generics)*> Layout for $ty {
            const SIZE: u32 = 8;
            const ALIGN: u32 = 4;
            const FLAT: usize = 2;
        }
    )*};
}

two_words! {
    [] &str;
    [T] &[T];
    [T] List<'_, T>;
}

/// Gives a list or a string to the guest: its address and length.
fn give<G: Guest, T: Lower>(values: &[T], guest: &mut G) -> Result<[u32; 2], Error> {
    let length = u32::try_from(values.len()).map_err(|_| Error::Realloc)?;
    if length == 0 {
        return Ok([T::ALIGN, 0]);
    }
    let at = room(guest, T::ALIGN, u64::from(length) * u64::from(T::SIZE))?;
    T::store_all(values, guest, at)?;
    Ok([at, length])
}

impl<'m> Lift<'m> for &'m str {
    fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
        let pair = pair(from, at)?;
        Self::lift(from, &pair)
    }

    fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
        let [at, length] = [first(slots), first(crate::value::from(slots, 1))];
        let bytes = from.bytes(at as u32, u64::from(length as u32))?;
        core::str::from_utf8(bytes).map_err(|_| Error::Utf8)
    }
}

/// Lowers what is like a list.
macro_rules! given {
    ($([$($generics:tt)*] $ty:ty, $self:ident => $values:expr;)*) => {$(
        impl<$($generics)*> Lower for $ty {
            fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
                let $self = self;
                let [address, length] = give($values, guest)?;
                address.store(guest, at)?;
                length.store(guest, after(at, 4))
            }

            fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
                let $self = self;
                let [address, length] = give($values, guest)?;
                put_first(slots, address.into());
                put_first(from_mut(slots, 1), length.into());
                Ok(())
            }
        }
    )*};
}

given! {
    [] &str, text => text.as_bytes();
    [T: Lower] &[T], values => values;
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    two_words! {
        [] String;
        [T] Vec<T>;
    }

    given! {
        [] String, text => text.as_bytes();
        [T: Lower] Vec<T>, values => values;
    }

    impl<'m> Lift<'m> for String {
        fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
            Ok(<&str>::load(from, at)?.into())
        }

        fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
            Ok(<&str>::lift(from, slots)?.into())
        }
    }

    impl<'m, T: Lift<'m>> Lift<'m> for Vec<T> {
        fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
            let pair = pair(from, at)?;
            Self::lift(from, &pair)
        }

        fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
            let at = first(slots) as u32;
            let count = first(crate::value::from(slots, 1)) as u32;
            from.check(at, count, T::SIZE, T::ALIGN)?;
            T::load_all(from, at, count)
        }
    }
}

/// What is lent: lowered as what it is.
#[derive(Clone, Copy, Debug)]
pub struct Ref<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Layout> Layout for Ref<'_, T> {
    const SIZE: u32 = T::SIZE;
    const ALIGN: u32 = T::ALIGN;
    const FLAT: usize = T::FLAT;
}

impl<T: Lower> Lower for Ref<'_, T> {
    fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
        self.0.store(guest, at)
    }

    fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
        self.0.lower(guest, slots)
    }
}

/// A list of the guest, whose values are read one at a time.
#[derive(Clone, Copy, Debug)]
pub struct List<'m, T> {
    memory: &'m [u8],
    at: u32,
    count: u32,
    of: core::marker::PhantomData<fn() -> T>,
}

impl<'m, T: Lift<'m>> Lift<'m> for List<'m, T> {
    fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
        let pair = pair(from, at)?;
        Self::lift(from, &pair)
    }

    fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
        let at = first(slots) as u32;
        let count = first(crate::value::from(slots, 1)) as u32;
        from.check(at, count, T::SIZE, T::ALIGN)?;
        Ok(List {
            memory: from.memory,
            at,
            count,
            of: core::marker::PhantomData,
        })
    }
}

impl<'m, T: Lift<'m>> List<'m, T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One of them, if there are so many. A list of handles has none that could be read so: they are
    /// [`Error::Handle`].
    pub fn get(&self, index: usize) -> Option<Result<T, Error>> {
        let index = u32::try_from(index).ok().filter(|at| *at < self.count)?;
        let mut none = crate::Handles::fixed(&mut []);
        let mut from = Source {
            memory: self.memory,
            handles: &mut none,
        };
        Some(T::load(
            &mut from,
            after(self.at, index.wrapping_mul(T::SIZE)),
        ))
    }

    /// All of them, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Result<T, Error>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

const fn larger(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}

const fn more(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The next address that is aligned.
const fn aligned(at: u32, align: u32) -> u32 {
    at.next_multiple_of(align)
}

impl<T: Layout, E: Layout> Layout for Result<T, E> {
    const SIZE: u32 = aligned(Self::ALIGN + larger(T::SIZE, E::SIZE), Self::ALIGN);
    const ALIGN: u32 = larger(T::ALIGN, E::ALIGN);
    const FLAT: usize = 1 + more(T::FLAT, E::FLAT);
}

impl<'m, T: Lift<'m>, E: Lift<'m>> Lift<'m> for Result<T, E> {
    fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
        let payload = after(at, Self::ALIGN);
        Ok(match u8::load(from, at)? {
            0 => Ok(T::load(from, payload)?),
            1 => Err(E::load(from, payload)?),
            _ => return Err(Error::Case),
        })
    }

    fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
        let payload = crate::value::from(slots, 1);
        Ok(match first(slots) as u32 {
            0 => Ok(T::lift(from, payload)?),
            1 => Err(E::lift(from, payload)?),
            _ => return Err(Error::Case),
        })
    }
}

impl<T: Lower, E: Lower> Lower for Result<T, E> {
    fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
        u8::from(self.is_err()).store(guest, at)?;
        match self {
            Ok(value) => value.store(guest, after(at, Self::ALIGN)),
            Err(value) => value.store(guest, after(at, Self::ALIGN)),
        }
    }

    fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
        clear(slots, Self::FLAT);
        put_first(slots, self.is_err().into());
        match self {
            Ok(value) => value.lower(guest, from_mut(slots, 1)),
            Err(value) => value.lower(guest, from_mut(slots, 1)),
        }
    }
}

impl<T: Layout> Layout for Option<T> {
    const SIZE: u32 = aligned(T::ALIGN + T::SIZE, T::ALIGN);
    const ALIGN: u32 = T::ALIGN;
    const FLAT: usize = 1 + T::FLAT;
}

impl<'m, T: Lift<'m>> Lift<'m> for Option<T> {
    fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
        match u8::load(from, at)? {
            0 => Ok(None),
            1 => T::load(from, after(at, T::ALIGN)).map(Some),
            _ => Err(Error::Case),
        }
    }

    fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
        match first(slots) as u32 {
            0 => Ok(None),
            1 => T::lift(from, crate::value::from(slots, 1)).map(Some),
            _ => Err(Error::Case),
        }
    }
}

impl<T: Lower> Lower for Option<T> {
    fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
        u8::from(self.is_some()).store(guest, at)?;
        match self {
            Some(value) => value.store(guest, after(at, T::ALIGN)),
            None => Ok(()),
        }
    }

    fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
        clear(slots, Self::FLAT);
        put_first(slots, self.is_some().into());
        match self {
            Some(value) => value.lower(guest, from_mut(slots, 1)),
            None => Ok(()),
        }
    }
}

impl<T: Layout, const N: usize> Layout for [T; N] {
    const SIZE: u32 = T::SIZE * N as u32;
    const ALIGN: u32 = T::ALIGN;
    const FLAT: usize = T::FLAT * N;
}

/// So many values, each from a function.
fn array<T, const N: usize>(
    mut one: impl FnMut(usize) -> Result<T, Error>,
) -> Result<[T; N], Error> {
    let mut made = [const { None }; N];
    for (at, place) in made.iter_mut().enumerate() {
        *place = Some(one(at)?);
    }
    Ok(made.map(|one| one.expect("each was made before")))
}

impl<'m, T: Lift<'m>, const N: usize> Lift<'m> for [T; N] {
    fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
        array(|index| T::load(from, after(at, T::SIZE.wrapping_mul(index as u32))))
    }

    fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
        array(|index| T::lift(from, crate::value::from(slots, index * T::FLAT)))
    }
}

impl<T: Lower, const N: usize> Lower for [T; N] {
    fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
        T::store_all(self, guest, at)
    }

    fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
        for (index, value) in self.iter().enumerate() {
            value.lower(guest, from_mut(slots, index * T::FLAT))?;
        }
        Ok(())
    }
}

/// Where the parts of a tuple or a record are that come after a part.
const fn next(at: u32, size: u32, align: u32) -> u32 {
    aligned(at, align) + size
}

macro_rules! tuple {
    ($($name:ident)+) => {
        impl<$($name: Layout),+> Layout for ($($name,)+) {
            const SIZE: u32 = {
                let mut at = 0;
                $(at = next(at, $name::SIZE, $name::ALIGN);)+
                aligned(at, Self::ALIGN)
            };
            const ALIGN: u32 = {
                let mut align = 1;
                $(align = larger(align, $name::ALIGN);)+
                align
            };
            const FLAT: usize = 0 $(+ $name::FLAT)+;
        }

        #[allow(non_snake_case, unused_assignments)]
        impl<'m, $($name: Lift<'m>),+> Lift<'m> for ($($name,)+) {
            fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
                let mut offset = 0;
                $(
                    let $name = $name::load(from, after(at, aligned(offset, $name::ALIGN)))?;
                    offset = next(offset, $name::SIZE, $name::ALIGN);
                )+
                Ok(($($name,)+))
            }

            fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
                let mut slot = 0;
                $(
                    let $name = $name::lift(from, crate::value::from(slots, slot))?;
                    slot += $name::FLAT;
                )+
                Ok(($($name,)+))
            }
        }

        #[allow(non_snake_case, unused_assignments)]
        impl<$($name: Lower),+> Lower for ($($name,)+) {
            fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
                let ($($name,)+) = self;
                let mut offset = 0;
                $(
                    $name.store(guest, after(at, aligned(offset, $name::ALIGN)))?;
                    offset = next(offset, $name::SIZE, $name::ALIGN);
                )+
                Ok(())
            }

            fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
                let ($($name,)+) = self;
                let mut slot = 0;
                $(
                    $name.lower(guest, from_mut(slots, slot))?;
                    slot += $name::FLAT;
                )+
                Ok(())
            }
        }
    };
}

/// All tuples up to that of all the names.
macro_rules! tuples {
    ([$($done:ident)*]) => {};
    ([$($done:ident)*] $name:ident $($rest:ident)*) => {
        tuple!($($done)* $name);
        tuples!([$($done)* $name] $($rest)*);
    };
}

tuples!([] T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14 T15 T16 T17 T18 T19 T20 T21 T22 T23 T24 T25 T26 T27 T28 T29 T30 T31);
