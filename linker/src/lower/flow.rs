//! Which instructions of a body are reached at all.

use wasmparser::Operator;

/// Follows a body: what stands behind an unconditional branch, up to the end of its block, is dead.
#[derive(Default)]
pub struct Flow {
    dead: bool,
    /// The blocks that were opened since.
    nested: u32,
    /// Whether the instruction before the current one was dead.
    was_dead: bool,
}

impl Flow {
    /// Takes in the next instruction: whether it is dead. An instruction that ends a block, or begins
    /// another part of it, is not.
    pub fn skips(&mut self, op: &Operator<'_>) -> bool {
        self.was_dead = self.dead;
        if !self.dead {
            return false;
        }
        match op {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => self.nested += 1,
            Operator::End | Operator::Delegate { .. } if self.nested > 0 => self.nested -= 1,
            Operator::End
            | Operator::Delegate { .. }
            | Operator::Else
            | Operator::Catch { .. }
            | Operator::CatchAll
                if self.nested == 0 =>
            {
                self.dead = false;
                return false;
            }
            _ => {}
        }
        true
    }

    /// Whether the end of what is before the current instruction is reached.
    pub fn falls_through(&self) -> bool {
        !self.was_dead
    }

    /// Everything from here to the end of the part is dead.
    pub fn ends_here(&mut self) {
        self.dead = true;
    }

    /// Sees to what is behind an instruction that is not dead.
    pub fn after(&mut self, op: &Operator<'_>) {
        self.dead |= matches!(
            op,
            Operator::Unreachable
                | Operator::Br { .. }
                | Operator::BrTable { .. }
                | Operator::Return
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
                | Operator::Throw { .. }
                | Operator::ThrowRef
                | Operator::Rethrow { .. }
        );
    }
}
