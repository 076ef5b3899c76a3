//! Where vectors are in a body: none of them is on the stack. Each half is a constant, or in a local.

use std::collections::HashMap;

use super::expression::{Expr, Place};

/// Where a local of the input is.
#[derive(Clone, Copy, Debug)]
pub enum Local {
    Other(u32),
    /// The lower half and the upper one.
    Vector([u32; 2]),
}

/// Both halves of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    pub low: Place,
    pub high: Place,
}

impl Vector {
    pub const ZERO: Vector = Vector {
        low: Place::Const(0),
        high: Place::Const(0),
    };

    pub fn halves(self) -> [Place; 2] {
        [self.low, self.high]
    }
}

/// What a half of a result is.
pub enum Half {
    /// What an operand has somewhere.
    Same(Place),
    Of(Expr),
}

/// What is to come on the stack, when something else than a vector wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    Get(u32),
    Const(i32),
}

/// A half that is computed where it is read.
pub struct Late {
    pub state: State,
    /// How many values there are.
    pub count: u32,
}

pub enum State {
    /// Each local in it counts as one value.
    Waiting(Expr),
    /// A part of another formula.
    Taken,
    Known(Place),
}

/// How many values each local has that is added.
#[derive(Default)]
pub struct Counts(pub HashMap<u32, u32>);
