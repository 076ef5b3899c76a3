//! `retrofit`: replaces WebAssembly inside of firmware images and update packages.
//!
//! The new module gets exactly the bytes that the old one has ([`pad`]), so nothing that knows an offset or a length has to
//! be found; what is left to do is checksums, which each format knows.
//!
//! | step | does |
//! |---|---|
//! | [`container`] | files in files: what a format has inside, what guards it, and how a member is put back |
//! | [`formats`] | one module for each format |
//! | [`slots`] | where modules lie, how much room they have, and what the image's own runtime takes |
//! | [`fit`] | whether a new module is one that the firmware can use in place of the old one |
//! | [`fixup`] | makes checksums again that only the vendor knows of |
//! | [`pad`] | makes a module as long as its slot |
//! | [`replace`] | writes the image, reads it again, and holds every byte that differs to the plan |
//! | [`patch`] | what has changed, for whoever has the old image |

mod container;
mod fit;
mod fixup;
mod formats;
mod pad;
pub mod patch;
mod replace;
mod show;
mod slots;

pub use container::{Guard, Locked};
pub use fit::Difference;
pub use fixup::Fixup;
pub use replace::{Change, Options, Replaced, Where, contents, number, replace};
pub(crate) use slots::{HEAD, head};
pub use slots::{Kind, Report, Slot, slots};
