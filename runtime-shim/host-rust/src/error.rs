//! How something ends that does not go well.

use core::fmt;

/// What went wrong. In a function that the guest has called, all of them trap the guest.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The guest has trapped, or has ended: the instance cannot be used any more. It has what the engine said.
    #[cfg(feature = "alloc")]
    Guest(alloc::boxed::Box<dyn core::error::Error + Send + Sync>),
    /// The guest has trapped: the instance cannot be used any more.
    #[cfg(not(feature = "alloc"))]
    Guest,
    /// A function of the host wants the guest to trap, for this reason.
    Host(&'static str),
    /// An address or a length is not inside of the memory.
    Bounds,
    /// An address is not aligned.
    Alignment,
    /// A string is not UTF-8.
    Utf8,
    /// A char is no Unicode scalar value.
    Char,
    /// A variant, an enum, an option or a result has no such case.
    Case,
    /// A number is no handle of this resource, or it is lent and was to be given away.
    Handle,
    /// There is no room for one more handle.
    Table,
    /// The host has no room for a list.
    Room,
    /// `cabi_realloc` gave memory that is not inside of the guest's or not aligned.
    Realloc,
    /// The arena for what functions of the host give (`flatten --host-arena`) is full.
    Arena,
    /// The module does not export a function of that name, or not with the type that it has in the world.
    Missing(&'static str),
}

/// What may not go well.
pub type Result<T> = core::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "alloc")]
            Error::Guest(why) => return write!(f, "the guest ended: {why}"),
            #[cfg(not(feature = "alloc"))]
            Error::Guest => "the guest ended",
            Error::Host(why) => return write!(f, "the host refused: {why}"),
            Error::Bounds => "an address is outside of the memory",
            Error::Alignment => "an address is not aligned",
            Error::Utf8 => "a string is not UTF-8",
            Error::Char => "a char is no scalar value",
            Error::Case => "there is no such case",
            Error::Handle => "a handle is not valid",
            Error::Table => "the table of handles is full",
            Error::Room => "the host has no room for a list",
            Error::Realloc => "cabi_realloc gave a bad address",
            Error::Arena => "the arena for results of the host is full",
            Error::Missing(name) => {
                return write!(
                    f,
                    "the module has no export `{name}`, or one of another type"
                );
            }
        })
    }
}

impl core::error::Error for Error {
    #[cfg(feature = "alloc")]
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Error::Guest(why) => Some(&**why),
            _ => None,
        }
    }
}
