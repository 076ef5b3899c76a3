//! Resources of the host, and the handles that a guest has of them.

use core::fmt;
use core::marker::PhantomData;

use crate::value::{Layout, Lift, Lower, first, put_first};
use crate::{Error, Guest, Source};

/// A resource of the host. Generated code implements it.
pub trait Resource {
    /// What tells its handles from those of other resources of the same world; never 0.
    const KIND: u16;
}

/// A resource of the host that changes its owner: a number by which the host knows it.
pub struct Own<R> {
    /// The number that the host has given it.
    pub rep: u32,
    of: PhantomData<fn() -> R>,
}

/// A resource of the host that is lent for the time of a call.
pub struct Borrow<R> {
    /// The number that the host has given it.
    pub rep: u32,
    of: PhantomData<fn() -> R>,
}

impl<R> Own<R> {
    /// The resource with that number.
    pub fn new(rep: u32) -> Own<R> {
        Own {
            rep,
            of: PhantomData,
        }
    }

    /// The same, lent.
    pub fn borrow(&self) -> Borrow<R> {
        Borrow::new(self.rep)
    }
}

impl<R> Borrow<R> {
    /// The resource with that number.
    pub fn new(rep: u32) -> Borrow<R> {
        Borrow {
            rep,
            of: PhantomData,
        }
    }
}

impl<R> Clone for Borrow<R> {
    fn clone(&self) -> Borrow<R> {
        *self
    }
}

impl<R> Copy for Borrow<R> {}

impl<R> PartialEq for Own<R> {
    fn eq(&self, other: &Own<R>) -> bool {
        self.rep == other.rep
    }
}

impl<R> PartialEq for Borrow<R> {
    fn eq(&self, other: &Borrow<R>) -> bool {
        self.rep == other.rep
    }
}

impl<R> fmt::Debug for Own<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({})", self.rep)
    }
}

impl<R> fmt::Debug for Borrow<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Borrow({})", self.rep)
    }
}

/// A place in the table of handles.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// The host's number, or the next free place.
    rep: u32,
    /// 0 is free.
    kind: u16,
    /// To which call it is lent, counted from the outermost; 0 for one that is the guest's own.
    lent: u16,
}

/// The most handles of one instance (`CanonicalABI.md`, "Table State").
const MOST: usize = (1 << 28) - 1;

/// The table of the handles that the guest has of resources of the host.
#[derive(Debug)]
pub struct Handles {
    entries: Entries,
    /// The first of the free places, which are a list.
    free: usize,
    /// How many are lent.
    lent: usize,
    /// How many calls into the guest have been begun and not ended.
    calls: u16,
    /// Whether the module has an arena for what functions of the host give.
    arena: bool,
    /// Where that is free, and its end, while such a result is lowered.
    pub(crate) room: Option<(u32, u32)>,
}

#[derive(Debug)]
enum Entries {
    #[cfg(feature = "alloc")]
    Growing(alloc::vec::Vec<Entry>),
    Fixed(&'static mut [Entry]),
}

impl Entries {
    fn all(&mut self) -> &mut [Entry] {
        match self {
            #[cfg(feature = "alloc")]
            Entries::Growing(entries) => entries,
            Entries::Fixed(entries) => entries,
        }
    }
}

#[cfg(feature = "alloc")]
impl Default for Handles {
    fn default() -> Handles {
        Handles {
            entries: Entries::Growing(alloc::vec::Vec::new()),
            free: 0,
            lent: 0,
            calls: 0,
            arena: false,
            room: None,
        }
    }
}

impl Handles {
    /// A table in memory of the caller, which says how many handles there can be.
    pub fn fixed(entries: &'static mut [Entry]) -> Handles {
        for (at, entry) in entries.iter_mut().enumerate() {
            *entry = Entry {
                rep: at as u32 + 1,
                ..Entry::default()
            };
        }
        Handles {
            entries: Entries::Fixed(entries),
            free: 0,
            lent: 0,
            calls: 0,
            arena: false,
            room: None,
        }
    }

    /// For bindings: whether the module exports `p1bridge.host-arena`. Strings and lists that functions of the host
    /// give then go to the arena of the module, from which it copies them.
    pub fn set_arena(&mut self, is_there: bool) {
        self.arena = is_there;
    }

    /// Whether it has one.
    pub(crate) fn has_arena(&self) -> bool {
        self.arena
    }

    fn entry(&mut self, kind: u16, handle: u32) -> Result<&mut Entry, Error> {
        // Handles begin with 1.
        let at = (handle as usize).wrapping_sub(1);
        match self.entries.all().get_mut(at) {
            Some(entry) if entry.kind == kind => Ok(entry),
            _ => Err(Error::Handle),
        }
    }

    fn add(&mut self, kind: u16, rep: u32, lent: u16) -> Result<u32, Error> {
        let at = self.free;
        #[cfg(feature = "alloc")]
        if let Entries::Growing(entries) = &mut self.entries
            && at == entries.len()
            && at < MOST
        {
            entries.try_reserve(1).map_err(|_| Error::Table)?;
            entries.push(Entry {
                rep: at as u32 + 1,
                ..Entry::default()
            });
        }
        let entry = self.entries.all().get_mut(at).filter(|_| at < MOST);
        let entry = entry.ok_or(Error::Table)?;
        self.free = entry.rep as usize;
        *entry = Entry { rep, kind, lent };
        self.lent += usize::from(lent != 0);
        Ok(at as u32 + 1)
    }

    fn free(&mut self, handle: u32) {
        let at = (handle as usize).wrapping_sub(1);
        let next = self.free as u32;
        if let Some(entry) = self.entries.all().get_mut(at) {
            let was_lent = entry.lent != 0;
            *entry = Entry {
                rep: next,
                ..Entry::default()
            };
            self.free = at;
            self.lent -= usize::from(was_lent);
        }
    }

    fn take(&mut self, kind: u16, handle: u32) -> Result<u32, Error> {
        let entry = *self.entry(kind, handle)?;
        if entry.lent != 0 {
            return Err(Error::Handle);
        }
        self.free(handle);
        Ok(entry.rep)
    }

    /// The guest drops a handle: the resource, if it was its own.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn drop_handle<R: Resource>(&mut self, slots: &[u64]) -> Result<Option<Own<R>>, Error> {
        let handle = first(slots) as u32;
        let entry = *self.entry(R::KIND, handle)?;
        self.free(handle);
        Ok((entry.lent == 0).then(|| Own::new(entry.rep)))
    }

    /// A call into the guest begins, to which things may be lent.
    pub(crate) fn begin(&mut self) {
        self.calls = self.calls.saturating_add(1);
    }

    /// It has ended: what was lent to it is not the guest's any more.
    pub(crate) fn end(&mut self) {
        if self.lent != 0 {
            let calls = self.calls;
            for at in 0..self.entries.all().len() {
                if self.entries.all()[at].kind != 0 && self.entries.all()[at].lent == calls {
                    self.free(at as u32 + 1);
                }
            }
        }
        self.calls = self.calls.saturating_sub(1);
    }
}

macro_rules! handle {
    ($name:ident, $lift:expr, $lower:expr) => {
        impl<R> Layout for $name<R> {
            const SIZE: u32 = 4;
            const ALIGN: u32 = 4;
            const FLAT: usize = 1;
        }

        impl<'m, R: Resource> Lift<'m> for $name<R> {
            fn load(from: &mut Source<'m, '_>, at: u32) -> Result<Self, Error> {
                let handle = u32::load(from, at)?;
                let lift: fn(&mut Handles, u16, u32) -> Result<u32, Error> = $lift;
                Ok($name::new(lift(from.handles, R::KIND, handle)?))
            }

            fn lift(from: &mut Source<'m, '_>, slots: &[u64]) -> Result<Self, Error> {
                let lift: fn(&mut Handles, u16, u32) -> Result<u32, Error> = $lift;
                Ok($name::new(lift(
                    from.handles,
                    R::KIND,
                    first(slots) as u32,
                )?))
            }
        }

        impl<R: Resource> Lower for $name<R> {
            fn store<G: Guest>(&self, guest: &mut G, at: u32) -> Result<(), Error> {
                let lower: fn(&mut Handles, u16, u32) -> Result<u32, Error> = $lower;
                lower(guest.parts().handles, R::KIND, self.rep)?.store(guest, at)
            }

            fn lower<G: Guest>(&self, guest: &mut G, slots: &mut [u64]) -> Result<(), Error> {
                let lower: fn(&mut Handles, u16, u32) -> Result<u32, Error> = $lower;
                put_first(
                    slots,
                    lower(guest.parts().handles, R::KIND, self.rep)?.into(),
                );
                Ok(())
            }
        }
    };
}

handle!(Own, Handles::take, |handles, kind, rep| handles
    .add(kind, rep, 0));
handle!(
    Borrow,
    |handles, kind, handle| Ok(handles.entry(kind, handle)?.rep),
    |handles, kind, rep| {
        let calls = handles.calls.max(1);
        handles.add(kind, rep, calls)
    }
);

/// Keeps the resources of one kind, for hosts that have no numbers of their own for them.
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub struct Kept<T> {
    all: alloc::vec::Vec<Option<T>>,
    free: alloc::vec::Vec<u32>,
}

#[cfg(feature = "alloc")]
impl<T> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept {
            all: alloc::vec::Vec::new(),
            free: alloc::vec::Vec::new(),
        }
    }
}

#[cfg(feature = "alloc")]
impl<T> Kept<T> {
    /// Keeps one; its number is that of the resource.
    pub fn add<R>(&mut self, one: T) -> Own<R> {
        let at = self.free.pop().unwrap_or(self.all.len() as u32);
        match self.all.get_mut(at as usize) {
            Some(place) => *place = Some(one),
            None => self.all.push(Some(one)),
        }
        Own::new(at)
    }

    /// The one that is lent.
    ///
    /// # Errors
    ///
    /// When the host has given it away.
    pub fn get<R>(&mut self, of: Borrow<R>) -> Result<&mut T, Error> {
        let place = self.all.get_mut(of.rep as usize);
        place.and_then(Option::as_mut).ok_or(Error::Handle)
    }

    /// Gives one away.
    ///
    /// # Errors
    ///
    /// When that was done before.
    pub fn take<R>(&mut self, own: Own<R>) -> Result<T, Error> {
        let place = self.all.get_mut(own.rep as usize);
        let one = place.and_then(Option::take).ok_or(Error::Handle)?;
        self.free.push(own.rep);
        Ok(one)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
