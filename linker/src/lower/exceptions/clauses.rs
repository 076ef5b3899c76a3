//! `try_table` and `try`: where what was thrown is handled.

use anyhow::{Result, anyhow, bail};
use wasm_encoder::{BlockType as Native, ValType};
use wasmparser::BlockType;

use super::layout::Helper;
use super::rewrite::{Frame, Kept, KeptTag, Kind, Rewrite, Try};

impl Rewrite<'_, '_, '_> {
    /// Opens the blocks of a `try`, the inner one only where something comes to its clauses.
    pub fn open(&mut self, ty: BlockType, kind: impl FnOnce(u32) -> Kind) -> Result<()> {
        let own = self.next_region;
        self.next_region += 1;
        let outer = self.layout.block(ty)?;
        self.sink().block(outer);
        self.height += 1;
        let label = self.height;
        if self.dispatches(own) {
            let inner = self.layout.inner(ty);
            self.sink().block(inner);
            self.height += 1;
            self.handlers[own as usize] = self.height;
        }
        self.frames.push(Frame {
            label,
            region: own,
            kind: kind(own),
        });
        Ok(())
    }

    /// Whether a region has clauses that anything comes to.
    fn dispatches(&self, region: u32) -> bool {
        let clauses = &self.scan.regions[region as usize].clauses;
        !clauses.is_empty() && !self.sets[region as usize].is_empty()
    }

    /// Nothing is on its way any more.
    fn caught(&mut self) {
        let pending = self.layout.pending;
        self.sink().i32_const(0).global_set(pending);
    }

    /// Opens an `if` for what has this tag.
    fn if_tag(&mut self, tag: u32) {
        let pending = self.layout.pending;
        self.sink()
            .global_get(pending)
            .i32_const(tag as i32 + 1)
            .i32_eq()
            .if_(Native::Empty);
        self.height += 1;
    }

    fn get_values(&mut self, tag: Option<u32>) {
        if let Some(tag) = tag {
            let layout = self.layout;
            layout.get_values(tag, &mut self.sink());
        }
    }

    /// The clauses of a `try_table`, up to the end of the outer block. Its labels are counted from
    /// outside of it.
    pub fn end_table(&mut self, own: u32, labels: &[u32]) -> Result<()> {
        if !self.dispatches(own) {
            return Ok(());
        }
        if self.flow.falls_through() {
            self.sink().br(1);
        }
        self.sink().end();
        self.height -= 1;
        let mut rest = self.sets[own as usize];
        let clauses = self.scan.regions[own as usize].clauses.clone();
        for (clause, &label) in clauses.iter().zip(labels) {
            if rest.caught(clause.tag).is_empty() {
                continue;
            }
            let tested = clause.tag.filter(|tag| !rest.is_only(*tag));
            if let Some(tag) = tested {
                self.if_tag(tag);
            }
            if clause.reference {
                self.get_values(clause.tag);
                self.call_helper(Helper::Take)?;
            } else {
                self.caught();
                self.get_values(clause.tag);
            }
            let depth = self.depth(label)?;
            self.sink().br(depth);
            if tested.is_some() {
                self.sink().end();
                self.height -= 1;
                rest = rest.after(clause.tag);
            } else {
                return Ok(());
            }
        }
        self.leave();
        Ok(())
    }

    /// The next clause of a `try`.
    pub fn catch(&mut self, tag: Option<u32>) -> Result<()> {
        let Some(Frame {
            label,
            kind: Kind::Try(mut tried),
            ..
        }) = self.frames.pop()
        else {
            bail!("a clause belongs to no try");
        };
        let outer = self.scan.regions[tried.own as usize].outer;
        if self.dispatches(tried.own) {
            self.end_clause(label, &mut tried);
            if !tried.dispatches {
                self.sink().end();
                self.height -= 1;
                tried.dispatches = true;
            }
        }
        let clause = tried.clauses;
        tried.clauses += 1;
        let comes = !tried.rest.caught(tag).is_empty();
        if comes {
            let tested = tag.filter(|tag| !tried.rest.is_only(*tag));
            if let Some(tag) = tested {
                self.if_tag(tag);
            }
            tried.in_if = tested.is_some();
            tried.rest = match tested {
                Some(_) => tried.rest.after(tag),
                None => tried.rest.after(None),
            };
            if self.scan.regions[tried.own as usize].clauses[clause].kept {
                self.keep(tag, &mut tried);
            }
            self.caught();
            self.get_values(tag);
        }
        self.frames.push(Frame {
            label,
            region: outer,
            kind: Kind::Try(tried),
        });
        if !comes {
            self.flow.ends_here();
        }
        Ok(())
    }

    /// Puts what a clause has caught into locals.
    fn keep(&mut self, tag: Option<u32>, tried: &mut Try) {
        let pending = self.layout.pending;
        let kept = match tag {
            Some(tag) => KeptTag::Known(tag),
            None => {
                let local = self.locals.take(ValType::I32);
                tried.locals.push(local);
                self.sink().global_get(pending).local_set(local);
                KeptTag::Local(local)
            }
        };
        let mut values = Vec::new();
        for place in self.layout.places(tag) {
            let local = self.locals.take(self.layout.payload[place]);
            tried.locals.push(local);
            self.sink()
                .global_get(pending + 1 + place as u32)
                .local_set(local);
            values.push((place, local));
        }
        tried.kept = Some(Kept { tag: kept, values });
    }

    /// Throws again what a clause has caught.
    pub fn rethrow(&mut self, depth: u32) -> Result<()> {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        let frame = at.and_then(|at| self.frames.get(at));
        let Some(Frame {
            kind: Kind::Try(Try {
                kept: Some(kept), ..
            }),
            ..
        }) = frame
        else {
            return Err(anyhow!("a rethrow belongs to no clause"));
        };
        let pending = self.layout.pending;
        let mut code = wasm_encoder::InstructionSink::new(&mut self.code);
        for &(place, local) in &kept.values {
            code.local_get(local).global_set(pending + 1 + place as u32);
        }
        match kept.tag {
            KeptTag::Known(tag) => code.i32_const(tag as i32 + 1),
            KeptTag::Local(local) => code.local_get(local),
        };
        code.global_set(pending);
        self.leave();
        Ok(())
    }

    /// Goes to the end of a `try` from the end of its body or of a clause.
    fn end_clause(&mut self, label: u32, tried: &mut Try) {
        if self.flow.falls_through() {
            let depth = self.height - label;
            self.sink().br(depth);
        }
        if std::mem::take(&mut tried.in_if) {
            self.sink().end();
            self.height -= 1;
        }
    }

    /// What comes before the end of the outer block of a `try`, whose frame is gone.
    pub fn end_try(&mut self, mut tried: Try) {
        if tried.dispatches {
            if tried.in_if {
                let label = self.height - 1;
                self.end_clause(label, &mut tried);
            }
            if !tried.rest.is_empty() {
                self.leave();
            }
        }
        self.locals.give_back(&tried.locals);
    }
}
