//! What is found out about adapters, and the program without them.

use std::collections::BTreeSet;

use crate::resolve::{InstanceId, LiftId, Program};

/// A program in which plain adapters are no longer reachable.
pub struct Adapted {
    pub program: Program,
    /// The adapters that were found.
    pub adapters: Vec<Adapter>,
    /// The lifted `wasi:cli/run` functions that are really the `_start` of a Preview 1 command:
    /// it returns nothing, and its exit code is its own.
    pub starts: Vec<LiftId>,
    /// What a program that `wrap` has made has beside it, of which only the memory is needed.
    pub beside: BTreeSet<InstanceId>,
}

/// What was found out about an adapter of Preview 1.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Its instance; none where it is woven into the program.
    pub instance: Option<InstanceId>,
    /// Its module.
    pub path: String,
    pub bytes: usize,
    /// The functions of Preview 1 that the guest uses.
    pub functions: Vec<String>,
    /// Why it stays; none when it was taken out.
    pub kept: Option<String>,
}
