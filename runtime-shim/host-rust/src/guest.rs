//! What an engine gives, and calls in both directions.

use crate::value::{Layout, Lift, Lower, MAX_FLAT, Ref, first};
use crate::{Error, Handles};

/// An instance on some engine.
pub trait Guest {
    /// What has the functions of the host.
    type Host;

    /// The memory as it is now, the handles, and the host. A module without a memory has an empty one.
    fn parts(&mut self) -> Parts<'_, Self::Host>;

    /// Calls an export by its place in the world. Arguments are core values in slots of 64 bits, `i32` without sign,
    /// `f32` and `f64` by their bits; the result replaces the first.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if the module has no such export, and what the guest ends with.
    fn call(&mut self, export: usize, slots: &mut [u64]) -> Result<(), Error>;
}

/// What an instance consists of.
#[derive(Debug)]
pub struct Parts<'a, H> {
    /// The memory of the guest.
    pub memory: &'a mut [u8],
    /// What the guest has handles of.
    pub handles: &'a mut Handles,
    /// The host.
    pub host: &'a mut H,
}

/// Where values are lifted from.
///
/// Views of the memory cannot outlive a call into the guest:
///
/// ```compile_fail,E0499
/// use p1bridge_host::{Error, Guest, Lift, Source};
///
/// fn shouted<G: Guest>(guest: &mut G) -> Result<usize, Error> {
///     let parts = guest.parts();
///     let mut from = Source { memory: parts.memory, handles: parts.handles };
///     let text = <&str>::lift(&mut from, &[8, 2])?;
///     guest.call(1, &mut [])?; // the memory may move
///     Ok(text.len())
/// }
/// ```
///
/// Before it they are as any other:
///
/// ```
/// use p1bridge_host::{Error, Guest, Lift, Source};
///
/// fn shouted<G: Guest>(guest: &mut G) -> Result<usize, Error> {
///     let parts = guest.parts();
///     let mut from = Source { memory: parts.memory, handles: parts.handles };
///     let length = <&str>::lift(&mut from, &[8, 2])?.len();
///     guest.call(1, &mut [])?;
///     Ok(length)
/// }
/// ```
#[derive(Debug)]
pub struct Source<'m, 'h> {
    /// The memory of the guest.
    pub memory: &'m [u8],
    /// What the guest has handles of.
    pub handles: &'h mut Handles,
}

/// A function that a world imports or exports, with its core type: letters `i`, `I`, `f`, `F`.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The module of an import; nothing for an export.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The types of what it takes.
    pub params: &'static str,
    /// The type of what it gives, or nothing.
    pub result: &'static str,
}

/// A world, with the host that has its functions. Generated code implements it.
pub trait World<H> {
    /// What the module may import.
    const IMPORTS: &'static [Function];
    /// What it may export; the first is `cabi_realloc`, the second `_initialize`.
    const EXPORTS: &'static [Function];

    /// Calls a function of the host by its place in the imports; arguments and result are as in [`Guest::call`].
    ///
    /// # Errors
    ///
    /// When the guest gave what is wrong, or the host refuses.
    fn import<G: Guest<Host = H>>(
        index: usize,
        guest: &mut G,
        slots: &mut [u64],
    ) -> Result<(), Error>;
}

/// Slots for any call.
pub const SLOTS: usize = MAX_FLAT + 1;

/// Where a function wants its result.
#[derive(Clone, Copy, Debug)]
pub struct Area(u32);

/// The arguments of a function of the host, and where its result of type `R` goes.
///
/// # Errors
///
/// When the guest gave what is wrong.
pub fn arguments<'m, P: Lift<'m>, R: Layout>(
    from: &mut Source<'m, '_>,
    slots: &[u64],
) -> Result<(P, Area), Error> {
    let (params, next) = match P::FLAT {
        0..=MAX_FLAT => (P::lift(from, slots)?, P::FLAT),
        _ => {
            let at = first(slots) as u32;
            from.check(at, 1, P::SIZE, P::ALIGN)?;
            (P::load(from, at)?, 1)
        }
    };
    let area = match R::FLAT {
        0 | 1 => 0,
        _ => {
            let area = slots.get(next).copied().unwrap_or(0) as u32;
            from.check(area, 1, R::SIZE, R::ALIGN)?;
            area
        }
    };
    Ok((params, Area(area)))
}

/// Gives the result of a function of the host to the guest.
///
/// # Errors
///
/// When the guest has no room for it.
pub fn reply<G: Guest, R: Lower>(
    guest: &mut G,
    slots: &mut [u64],
    area: Area,
    result: &R,
) -> Result<(), Error> {
    match R::FLAT {
        0 => Ok(()),
        1 => result.lower(guest, slots),
        _ => {
            let parts = guest.parts();
            if parts.handles.has_arena() {
                parts.handles.room = Some(free(parts.memory, area.0)?);
            }
            let stored = result.store(guest, area.0);
            guest.parts().handles.room = None;
            stored
        }
    }
}

/// Between which addresses the arena is free: the two words before the place of a result. A result without
/// strings and lists may have other things there, and needs no room.
fn free(memory: &[u8], area: u32) -> Result<(u32, u32), Error> {
    let words = (area as usize).checked_sub(8);
    let words = words.and_then(|at| memory.get(at..)?.first_chunk::<8>());
    let &[a, b, c, d, e, f, g, h] = words.ok_or(Error::Bounds)?;
    Ok((
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ))
}

/// Runs the constructors of the module, if it has some. Call it first, once.
///
/// # Errors
///
/// When the guest traps.
pub fn initialize<G: Guest>(guest: &mut G) -> Result<(), Error> {
    match guest.call(1, &mut [0; SLOTS]) {
        Err(Error::Missing(_)) => Ok(()),
        other => other,
    }
}

/// Calls an export: the core value that it gives.
///
/// # Errors
///
/// When the guest has no room for the arguments, or traps.
fn begin<G: Guest, P: Lower>(guest: &mut G, export: usize, params: &P) -> Result<u64, Error> {
    guest.parts().handles.begin();
    let ended = lower_and_call(guest, export, params);
    guest.parts().handles.end();
    ended
}

fn lower_and_call<G: Guest, P: Lower>(
    guest: &mut G,
    export: usize,
    params: &P,
) -> Result<u64, Error> {
    let mut slots = [0; SLOTS];
    match P::FLAT {
        0..=MAX_FLAT => params.lower(guest, &mut slots)?,
        _ => {
            let at = room(guest, P::ALIGN, P::SIZE.into())?;
            params.store(guest, at)?;
            slots[0] = at.into();
        }
    }
    guest.call(export, &mut slots)?;
    Ok(slots[0])
}

/// The result of an export from the core value that it gave.
///
/// # Errors
///
/// When the guest gave what is wrong.
pub fn result<'m, R: Lift<'m>>(from: &mut Source<'m, '_>, given: u64) -> Result<R, Error> {
    match R::FLAT {
        0 | 1 => R::lift(from, &[given]),
        _ => {
            from.check(given as u32, 1, R::SIZE, R::ALIGN)?;
            R::load(from, given as u32)
        }
    }
}

/// Gives the result of an export back, if the module wants that.
///
/// # Errors
///
/// When the guest traps.
fn end<G: Guest>(guest: &mut G, post: Option<usize>, given: u64) -> Result<(), Error> {
    let Some(post) = post else { return Ok(()) };
    let mut slots = [0; SLOTS];
    slots[0] = given;
    match guest.call(post, &mut slots) {
        // A guest need not have anything to free.
        Err(Error::Missing(_)) => Ok(()),
        other => other,
    }
}

/// Calls an export, takes its result, and gives the guest its memory back.
///
/// # Errors
///
/// When the guest has no room for the arguments, gave what is wrong, or traps.
pub fn export<G: Guest, P: Lower, R: for<'m> Lift<'m>>(
    guest: &mut G,
    export: usize,
    post: Option<usize>,
    params: &P,
) -> Result<R, Error> {
    export_with(guest, export, post, params, |from, given| {
        result(from, given)
    })
}

/// The same where what is taken of the result is what a function makes of it.
///
/// # Errors
///
/// When the guest has no room for the arguments, gave what is wrong, or traps.
pub fn export_with<G: Guest, P: Lower, R>(
    guest: &mut G,
    export: usize,
    post: Option<usize>,
    params: &P,
    take: impl FnOnce(&mut Source<'_, '_>, u64) -> Result<R, Error>,
) -> Result<R, Error> {
    let given = begin(guest, export, params)?;
    let parts = guest.parts();
    let mut from = Source {
        memory: parts.memory,
        handles: parts.handles,
    };
    let taken = take(&mut from, given)?;
    end(guest, post, given)?;
    Ok(taken)
}

/// Room in the memory of the guest: in the arena for a result that goes there, otherwise by its `cabi_realloc`.
pub(crate) fn room<G: Guest>(guest: &mut G, align: u32, size: u64) -> Result<u32, Error> {
    if size > u32::MAX.into() {
        return Err(Error::Realloc);
    }
    let at = match guest.parts().handles.room.as_mut() {
        Some((free, end)) => {
            let at = u64::from(*free).next_multiple_of(align.into());
            if at + size > u64::from(*end) {
                return Err(Error::Arena);
            }
            *free = (at + size) as u32;
            at as u32
        }
        None => {
            let mut slots = [0; SLOTS];
            (slots[2], slots[3]) = (align.into(), size);
            guest.call(0, &mut slots)?;
            slots[0] as u32
        }
    };
    let parts = guest.parts();
    let from = Source {
        memory: parts.memory,
        handles: parts.handles,
    };
    match size {
        0 => Ok(at),
        _ => match from.bytes(at, size) {
            Ok(_) if at & (align - 1) == 0 => Ok(at),
            _ => Err(Error::Realloc),
        },
    }
}

impl<'m> Source<'m, '_> {
    /// So many bytes of the memory.
    pub(crate) fn bytes(&self, at: u32, size: u64) -> Result<&'m [u8], Error> {
        let memory: &'m [u8] = self.memory;
        let inside = memory.get(at as usize..).and_then(|rest| {
            let size = usize::try_from(size).ok()?;
            rest.get(..size)
        });
        inside.ok_or(Error::Bounds)
    }

    /// Whether there are so many things of a size, aligned.
    pub(crate) fn check(&self, at: u32, count: u32, size: u32, align: u32) -> Result<(), Error> {
        if at & (align - 1) != 0 {
            return Err(Error::Alignment);
        }
        self.bytes(at, u64::from(count) * u64::from(size))?;
        Ok(())
    }
}

/// What is lent to a function of generated code is lowered as what it is.
pub fn lent<T: ?Sized>(value: &T) -> Ref<'_, T> {
    Ref(value)
}
