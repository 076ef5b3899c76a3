//! The optimisations, by name: each can be switched off, to find out whether a fault comes from it.
//!
//! `docs/optimisations.md` says what each wins. A module that is made without one is larger or slower, and does the same.

use std::collections::BTreeSet;

use crate::nearest::{did_you_mean, nearest};

/// An optimisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opt {
    /// Preview 1 adapters are taken out: [`crate::unadapt`].
    Adapters,
    /// What variants of numbers have is chosen without branches: `glue/fused/cases.rs`.
    Cases,
    /// Accesses of a guest that is not alone are checked together: `merge/coalesce.rs`.
    Coalesce,
    /// What was found out of addresses is known further on: `merge/facts.rs`.
    Facts,
    /// Branches on constants in libraries are left out: `fold.rs`.
    Fold,
    /// Functions that only pass on are not called: `statics/forwarders.rs`.
    Forwarders,
    /// Short functions of another guest are written out: `plan/inline.rs`.
    Inline,
    /// The linker's own functions move bytes with `memory.copy`: `plan/written.rs`.
    Moves,
    /// A function has one trap for all that the linker checks in it: `glue/one_trap.rs`.
    OneTrap,
    /// Async functions that cannot wait are called as others are: `plan/task_uses.rs`.
    PlainCalls,
    /// Locals have the base of a guest's region in them: `merge/pointers.rs`.
    Pointers,
    /// Code that only gets other indexes is copied, not decoded: `merge/code.rs`.
    Runs,
    /// Lists of `bool`, enums and `char` are passed a word at a time: `glue/fused/scalars.rs`.
    Scalars,
    /// What passes values of a large type is written once: `maps/shared.rs`.
    SharedValues,
    /// Strings are checked and written many characters at a time: `glue/runs.rs`.
    TextRuns,
    /// The same in vectors: `glue/vectors.rs`.
    Vectors,
    /// Records of numbers are moved by words: `glue/fused/words.rs`.
    Words,
    /// Zeroes at the ends of data segments are left out: `plan/zeroes.rs`.
    Zeroes,
}

impl Opt {
    /// All of them, in the order of their names.
    pub const ALL: &[Opt] = &[
        Opt::Adapters,
        Opt::Cases,
        Opt::Coalesce,
        Opt::Facts,
        Opt::Fold,
        Opt::Forwarders,
        Opt::Inline,
        Opt::Moves,
        Opt::OneTrap,
        Opt::PlainCalls,
        Opt::Pointers,
        Opt::Runs,
        Opt::Scalars,
        Opt::SharedValues,
        Opt::TextRuns,
        Opt::Vectors,
        Opt::Words,
        Opt::Zeroes,
    ];

    /// What `--no-opt` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Opt::Adapters => "adapters",
            Opt::Cases => "cases",
            Opt::Coalesce => "coalesce",
            Opt::Facts => "facts",
            Opt::Fold => "fold",
            Opt::Forwarders => "forwarders",
            Opt::Inline => "inline",
            Opt::Moves => "moves",
            Opt::OneTrap => "one-trap",
            Opt::PlainCalls => "plain-calls",
            Opt::Pointers => "pointers",
            Opt::Runs => "runs",
            Opt::Scalars => "scalars",
            Opt::SharedValues => "shared-values",
            Opt::TextRuns => "text-runs",
            Opt::Vectors => "vectors",
            Opt::Words => "words",
            Opt::Zeroes => "zeroes",
        }
    }

    /// The one of this name.
    fn parse(name: &str) -> Result<Opt, String> {
        let found = Opt::ALL.iter().find(|opt| opt.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Opt::ALL.iter().map(|opt| opt.name()).collect();
            let meant = did_you_mean(nearest(name, names.iter().copied()));
            let names = names.join(", ");
            format!("there is no optimisation `{name}` (there are {names}, and all){meant}")
        })
    }

    /// Those that `--no-opt` means by a name: one, or `all`.
    ///
    /// # Errors
    ///
    /// For any other name, with those that there are.
    pub fn named(name: &str) -> Result<BTreeSet<Opt>, String> {
        match name {
            "all" => Ok(Opt::ALL.iter().copied().collect()),
            _ => Ok([Opt::parse(name)?].into()),
        }
    }
}
