//! Blocks with parameters or several results, and what branches to them.
//!
//! A label is *spilled* when a branch to it takes values that its kind of block cannot take in the
//! MVP: several, or any to a loop. Such values travel in locals: a branch sets them, what follows the
//! label reads them before anything else, so all labels share them. The body of a function with several results is a block of
//! its own, so that a branch to it and `return` are nothing special; behind it the first result
//! stays on the stack and the others go into globals.

use anyhow::Result;
use wasm_encoder::{BlockType as Native, ValType};
use wasmparser::BlockType;

use super::body::Body;
use super::control::{Control, Frame, Shape};

impl Body<'_, '_, '_, '_> {
    fn control(&mut self) -> &mut Control {
        self.control
            .as_mut()
            .expect("structure is only asked for where it is followed")
    }

    fn set_all(&mut self, locals: &[u32]) {
        for &local in locals.iter().rev() {
            self.sink().local_set(local);
        }
    }

    fn get_all(&mut self, locals: &[u32]) {
        for &local in locals {
            self.sink().local_get(local);
        }
    }

    /// The block type of something that takes nothing and leaves `results`, or spills them.
    fn native(results: &[ValType]) -> Native {
        match results {
            [only] => Native::Result(*only),
            _ => Native::Empty,
        }
    }

    /// Opens the outermost frame.
    pub fn open_function(&mut self, results: Vec<ValType>) {
        let mut height = 0;
        let mut result_locals = Vec::new();
        if results.len() > 1 && self.ctx.needs.multi_value {
            result_locals = self.locals.for_values(&results);
            self.sink().block(Native::Empty);
            height += 1;
        }
        let frame = Frame {
            shape: Shape::Function,
            params: Vec::new(),
            result_locals,
            param_locals: Vec::new(),
            height,
            results,
        };
        if self.looped {
            let ty = match frame.result_locals.is_empty() {
                true => self.block_type(&frame.results),
                false => Native::Empty,
            };
            self.sink().loop_(ty);
            height += 1;
        }
        self.control = Some(Control {
            frames: vec![frame],
            height,
        });
    }

    /// The type of a block that leaves `results` on the stack.
    fn block_type(&mut self, results: &[ValType]) -> Native {
        match results.len() {
            0 | 1 => Self::native(results),
            _ => Native::FunctionType(self.ctx.type_index(&[], results)),
        }
    }

    /// Back to the start of a body that is a loop.
    pub fn restart(&mut self) {
        let control = self.control();
        let depth = control.height - control.frames[0].height - 1;
        self.sink().br(depth);
    }

    pub fn open(&mut self, shape: Shape, ty: BlockType) -> Result<()> {
        let (params, results) = match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![self.ctx.value(ty)?]),
            BlockType::FuncType(index) => {
                let ty = &self.ctx.module.types[index as usize];
                (
                    self.ctx.values(ty.params())?,
                    self.ctx.values(ty.results())?,
                )
            }
        };
        let mut frame = Frame {
            shape,
            param_locals: Vec::new(),
            result_locals: Vec::new(),
            height: 0,
            params,
            results,
        };
        let native;
        if self.ctx.needs.multi_value {
            frame.param_locals = self.locals.for_values(&frame.params);
            if frame.results.len() > 1 {
                frame.result_locals = self.locals.for_values(&frame.results);
            }
            if shape == Shape::If && !frame.params.is_empty() {
                // The condition lies on top of the parameters.
                let condition = self.locals.take(ValType::I32);
                self.sink().local_set(condition);
                self.set_all(&frame.param_locals);
                self.sink().local_get(condition);
                self.locals.give_back(&[condition]);
            } else {
                self.set_all(&frame.param_locals);
            }
            native = Self::native(&frame.results);
        } else {
            native = match ty {
                BlockType::FuncType(index) => self.ctx.block_type(index)?,
                _ => Self::native(&frame.results),
            };
        }
        match shape {
            Shape::Loop => self.sink().loop_(native),
            Shape::If => self.sink().if_(native),
            _ => self.sink().block(native),
        };
        self.get_all(&frame.param_locals);
        let control = self.control();
        control.height += 1;
        frame.height = control.height;
        control.frames.push(frame);
        Ok(())
    }

    pub fn else_(&mut self) {
        let control = self.control();
        let frame = control.frames.last_mut().expect("the input is valid");
        frame.shape = Shape::Else;
        let (results, params) = (frame.result_locals.clone(), frame.param_locals.clone());
        self.set_all(&results);
        self.sink().else_();
        self.get_all(&params);
    }

    pub fn end(&mut self) {
        let frame = self.control().frames.pop().expect("the input is valid");
        if frame.shape == Shape::Function {
            return self.end_function(&frame);
        }
        if frame.shape == Shape::If && !frame.param_locals.is_empty() && !frame.results.is_empty() {
            // Without an `else` the parameters are the results, for which the MVP needs one.
            self.set_all(&frame.result_locals);
            self.sink().else_();
            self.get_all(&frame.param_locals);
        }
        self.set_all(&frame.result_locals);
        self.sink().end();
        self.control().height -= 1;
        self.get_all(&frame.result_locals);
    }

    fn end_function(&mut self, frame: &Frame) {
        self.set_all(&frame.result_locals);
        if self.looped {
            self.sink().end();
        }
        if let Some((first, others)) = frame.result_locals.split_first() {
            self.sink().end();
            let ty = self.ctx.module.func_types[self.func as usize];
            let globals = self.ctx.result_globals(ty);
            for (&local, global) in others.iter().zip(globals) {
                self.sink().local_get(local).global_set(global);
            }
            self.sink().local_get(*first);
        }
        self.sink().end();
    }

    /// The depth in the output.
    fn depth(&mut self, depth: u32) -> u32 {
        let control = self.control();
        control.height - control.frame(depth).height
    }

    fn label_locals(&mut self, depth: u32) -> Vec<u32> {
        self.control().frame(depth).label_locals().to_vec()
    }

    pub fn br(&mut self, depth: u32) {
        let locals = self.label_locals(depth);
        self.set_all(&locals);
        let depth = self.depth(depth);
        self.sink().br(depth);
    }

    pub fn br_if(&mut self, depth: u32) {
        let locals = self.label_locals(depth);
        let native = self.depth(depth);
        if locals.is_empty() {
            self.sink().br_if(native);
            return;
        }
        let condition = self.locals.take(ValType::I32);
        self.sink().local_set(condition);
        self.set_all(&locals);
        self.sink().local_get(condition).br_if(native);
        self.get_all(&locals);
        self.locals.give_back(&[condition]);
    }

    pub fn br_table(&mut self, targets: &[u32], default: u32) {
        let all = || targets.iter().chain([&default]);
        let in_locals =
            all().filter(|depth| !self.control().frame(**depth).label_locals().is_empty());
        let in_locals = in_locals.count();
        if in_locals == 0 {
            return self.native_br_table(targets, default);
        }
        let types = self.control().frame(default).label_types().to_vec();
        let index = self.locals.take(ValType::I32);
        let values = self.locals.for_values(&types);
        self.sink().local_set(index);
        self.set_all(&values);
        // The values travel in the same locals to all labels; where types differ the code is dead.
        if in_locals > targets.len() {
            self.sink().local_get(index);
            self.native_br_table(targets, default);
            self.locals.give_back(&[index]);
            return;
        }
        // One value, which a loop takes in a local and a block on the stack: a block for each target,
        // behind which its branch is taken on its own.
        let mut distinct: Vec<u32> = targets.to_vec();
        distinct.push(default);
        distinct.sort_unstable();
        distinct.dedup();
        for _ in &distinct {
            self.sink().block(Native::Empty);
        }
        self.control().height += distinct.len() as u32;
        let place = |depth: &u32| distinct.binary_search(depth).unwrap_or(0) as u32;
        let places: Vec<u32> = targets.iter().map(place).collect();
        self.sink()
            .local_get(index)
            .br_table(places, place(&default));
        for &target in &distinct {
            self.sink().end();
            self.control().height -= 1;
            if self.control().frame(target).label_types() == types {
                self.get_all(&values);
                self.br(target);
            } else {
                self.sink().unreachable();
            }
        }
        self.locals.give_back(&[index]);
    }

    /// The index is on the stack, and the values are where all labels take them.
    fn native_br_table(&mut self, targets: &[u32], default: u32) {
        let targets: Vec<u32> = targets.iter().map(|&depth| self.depth(depth)).collect();
        let default = self.depth(default);
        self.sink().br_table(targets, default);
    }

    pub fn return_(&mut self) {
        let Some(control) = &self.control else {
            self.sink().return_();
            return;
        };
        let outermost = control.frames.len() as u32 - 1;
        if control.frames[0].result_locals.is_empty() {
            self.sink().return_();
        } else {
            self.br(outermost);
        }
    }
}
