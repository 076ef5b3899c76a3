//! The blocks around an instruction ([`super::structure`]).

use wasm_encoder::ValType;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Function,
    Block,
    Loop,
    If,
    Else,
}

pub struct Frame {
    pub shape: Shape,
    pub params: Vec<ValType>,
    pub results: Vec<ValType>,
    /// Where the parameters are, when there are any.
    pub param_locals: Vec<u32>,
    /// Where the results go, when there are several.
    pub result_locals: Vec<u32>,
    /// The number of blocks of the output around this one.
    pub height: u32,
}

impl Frame {
    pub fn label_types(&self) -> &[ValType] {
        match self.shape {
            Shape::Loop => &self.params,
            _ => &self.results,
        }
    }

    /// The locals that a branch sets; none when the values stay on the stack.
    pub fn label_locals(&self) -> &[u32] {
        match self.shape {
            Shape::Loop => &self.param_locals,
            _ => &self.result_locals,
        }
    }
}

/// The blocks around the current instruction.
pub struct Control {
    pub frames: Vec<Frame>,
    /// How many blocks of the output are open.
    pub height: u32,
}

impl Control {
    pub fn frame(&self, depth: u32) -> &Frame {
        &self.frames[self.frames.len() - 1 - depth as usize]
    }
}
