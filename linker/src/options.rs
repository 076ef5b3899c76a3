//! What the caller may choose, and the libraries that it gives.

use std::collections::BTreeSet;

use crate::opt::Opt;
use crate::profile::Profile;
use crate::wasi;

/// A code-only core module that provides WASI interfaces in lowered form, such as `p2-on-p1`.
///
/// The contract between a library and the linker is written down in `docs/adapter-p2-on-p1.md`. Its bodies have to be valid with the features
/// of the MVP: those that are linked are validated in the output, and the others are not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// The name used in messages and in the report, `provides-on-requires`.
    pub name: &'a str,
    /// The core module.
    pub wasm: &'a [u8],
}

/// What keeps the guests of one output apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Every access is checked against the end of the guest's own region.
    #[default]
    Checked,
    /// Guests are trusted to stay within their memory.
    Trusted,
}

/// How many memories the output has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryMode {
    /// One, in which every guest has a region.
    #[default]
    One,
    /// One for each memory of the guests, for targets that have the multi-memory proposal. What the
    /// host and the libraries work on is in the first; values of other guests are copied.
    Multi,
}

/// Whose descriptors the guests of Preview 1 have, where there is more than one guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Descriptors {
    /// Each has its own, in its adapter, as in a component.
    #[default]
    Separate,
    /// All have those of the host, as the parts of one process: adapters are taken out, and pointers go
    /// through the library `p1-on-p1`.
    Shared,
}

/// Who has the handles of resources that the component exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boundary {
    /// The module itself: any host can call it.
    #[default]
    Native,
    /// The host, through the imports that `wit-component` gives to modules: for modules that are
    /// made into components again.
    Wit,
}

/// What becomes of the stack of a task that waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stacks {
    /// It stays, and what runs meanwhile lies above it: who waits first goes on last.
    #[default]
    Nested,
    /// It is taken away and put back: tasks go on in any order, and may have several threads.
    Switch,
}

/// How the memory of the output grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// With what the guests ask for: what lies above slides up.
    #[default]
    Free,
    /// Every guest keeps the memory that it starts with.
    None,
    /// All of the memory, this many pages, is there from the start; guests grow in their share.
    Within(u32),
    /// The same in bytes, counted as the target's runtime will: where that cuts the memory at its true
    /// end, the last page need not be whole.
    Ram(u32),
}

/// How many handles there are if nobody says.
pub const MAX_HANDLES: u32 = 512;

/// How many there are room for at first in the table of a component instance, where tables grow.
pub const FIRST_HANDLES: u32 = 8;

/// The same for a program that only reads and writes the standard streams, where its memory ends at a
/// byte and never grows.
pub const FEW_HANDLES: u32 = 8;

/// What the caller may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Remove what no export can reach. Off, every function of the guest is kept.
    pub tidy: bool,
    /// Leave out the custom sections: names and producers.
    pub strip: bool,
    /// The optimisations that are left out.
    pub without: BTreeSet<Opt>,
    /// What the target takes; features that it lacks are rewritten or refused.
    pub profile: Profile,
    /// How many handles can be open at once, in each table. Without a number the tables grow with the memory;
    /// where that does not grow, there are as many as programs of the kind need ([`MAX_HANDLES`]).
    pub max_handles: Option<u32>,
    /// How many different pipes, devices and sockets the host is asked about at once; more take turns.
    pub max_poll: u32,
    /// Bytes for the header fields and other strings of HTTP, where a program has any.
    pub max_http: u32,
    /// How many calls may be under way at once, in a program with async functions.
    pub max_tasks: u32,
    /// How many streams and futures there may be in it.
    pub max_streams: u32,
    /// What becomes of the stack of a task that waits.
    pub stacks: Stacks,
    /// How many bytes of a stack are kept while its task waits, with [`Stacks::Switch`].
    pub thread_stack: u32,
    /// What keeps guests apart, where there is more than one.
    pub isolation: Isolation,
    /// How many memories there are.
    pub memory: MemoryMode,
    /// Whose descriptors the guests of Preview 1 have.
    pub descriptors: Descriptors,
    /// Who has the handles of exported resources.
    pub boundary: Boundary,
    /// Bytes of a region in which the host leaves what its functions give, instead of allocating in the
    /// memory of the guest.
    pub host_arena: Option<u32>,
    /// Check the output a second time, against the plan ([`crate::check_emitted`]).
    pub verify: bool,
    /// Pass every value by a function of its own, however small its type is: for tests of such
    /// functions, which are made for large types otherwise.
    pub share_all: bool,
    /// Whether the memory grows.
    pub growth: Growth,
    /// What the components inside of the root are called, in their order: files that were composed.
    pub names: Vec<String>,
    /// The bytes that guests use of their memory, by name, where they do not say it themselves.
    pub guest_memory: Vec<(String, u32)>,
    /// Move guests that have their relocations to where they lie, so that nothing is added to their pointers.
    pub relocate: bool,
    /// The same for all of them, and let the stacks of guests that never call each other lie in one place.
    pub share_stack: bool,
    /// Say on standard error why the module is about to trap, where the linker's code does.
    pub trap_messages: bool,
    /// Functions of WASI that may become stubs, with the errors that they return.
    pub allow: Vec<wasi::Allow>,
    /// Refuse functions of WASI that can only be approximated.
    pub deny_approximations: bool,
    /// What the library may ask about by which a module calls WASI of components: names of [`crate::wrapped`].
    pub upward: BTreeSet<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tidy: true,
            strip: false,
            without: BTreeSet::new(),
            profile: Profile::default(),
            max_handles: None,
            max_poll: 50,
            max_http: 16 << 10,
            max_tasks: 16,
            max_streams: 32,
            stacks: Stacks::default(),
            thread_stack: 4096,
            isolation: Isolation::default(),
            memory: MemoryMode::default(),
            descriptors: Descriptors::default(),
            boundary: Boundary::default(),
            host_arena: None,
            verify: cfg!(debug_assertions),
            share_all: false,
            growth: Growth::default(),
            names: Vec::new(),
            guest_memory: Vec::new(),
            relocate: false,
            share_stack: false,
            trap_messages: false,
            allow: Vec::new(),
            deny_approximations: false,
            upward: BTreeSet::new(),
        }
    }
}

impl Options {
    /// Whether this is done.
    pub fn does(&self, opt: Opt) -> bool {
        !self.without.contains(&opt)
    }
}
