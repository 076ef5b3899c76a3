//! What a body throws, calls and catches: its regions.
//!
//! A region is code with one place that exceptions from it go to. The first is that of the whole
//! function; every `try` opens another. Regions are numbered in the order in which they are opened, so
//! what leaves a region goes to one with a smaller number.

use anyhow::{Result, anyhow};
use wasmparser::{BlockType, Catch, Operator, ValType};

use super::super::flow::Flow;
use super::tags::TagSet;
use crate::features::is_exception;
use crate::parse::module::Module;

/// A clause of a `try`.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// None: it catches everything.
    pub tag: Option<u32>,
    /// Whether it gives a reference.
    pub reference: bool,
    /// Whether a `rethrow` throws again what it has caught.
    pub kept: bool,
}

/// Code with one place that exceptions from it go to.
#[derive(Clone, Debug, Default)]
pub struct Region {
    /// The region that gets what no clause catches.
    pub outer: u32,
    pub clauses: Vec<Clause>,
    /// The tags that it throws itself.
    pub throws: TagSet,
    /// Whether it throws references.
    pub throws_ref: bool,
    /// What it throws again: a region and a clause of that.
    pub rethrows: Vec<(u32, usize)>,
    pub calls: Vec<u32>,
    /// The types of indirect calls.
    pub types: Vec<u32>,
}

/// What a body throws, calls and catches.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    pub regions: Vec<Region>,
    /// Whether a reference to an exception may come from elsewhere.
    pub takes_ref: bool,
    /// The types of blocks that become two, where they have parameters.
    pub with_params: Vec<u32>,
    /// The functions that it refers to.
    pub refs: Vec<u32>,
    /// Whether what an instruction does depends on the type of what is on the stack.
    pub needs_types: bool,
    /// Whether it drops anything.
    pub drops: bool,
}

struct Frame {
    /// The region that the current part of the block is in.
    region: u32,
    /// The region that it has opened itself.
    own: Option<u32>,
}

/// Whether a type is a reference to an exception.
pub fn is_exn(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if is_exception(ty.heap_type()))
}

/// Whether a function of this type takes or gives references to exceptions.
pub fn has_exn(ty: &wasmparser::FuncType) -> bool {
    ty.params().iter().chain(ty.results()).any(|ty| is_exn(*ty))
}

/// Looks at the body of the `defined`th function of the code section; `globals` has the types of all globals.
pub fn scan(module: &Module<'_>, globals: &[ValType], defined: usize) -> Result<Scan> {
    let func = module.imported_func_count() + defined as u32;
    let params = module.func_type(func).params();
    let mut scan = Scan {
        regions: vec![Region::default()],
        takes_ref: params.iter().any(|ty| is_exn(*ty)),
        ..Scan::default()
    };
    let mut frames = vec![Frame {
        region: 0,
        own: None,
    }];
    let mut flow = Flow::default();
    let mut ops = module.body(defined).get_operators_reader()?;
    while !ops.eof() {
        let op = ops.read()?;
        if flow.skips(&op) {
            // They have numbers all the same.
            if matches!(op, Operator::Try { .. } | Operator::TryTable { .. }) {
                scan.regions.push(Region::default());
            }
            continue;
        }
        scan.operator(module, globals, &mut frames, &op)?;
        flow.after(&op);
    }
    for region in &mut scan.regions {
        for list in [&mut region.calls, &mut region.types] {
            list.sort_unstable();
            list.dedup();
        }
    }
    Ok(scan)
}

impl Scan {
    fn operator(
        &mut self,
        module: &Module<'_>,
        globals: &[ValType],
        frames: &mut Vec<Frame>,
        op: &Operator<'_>,
    ) -> Result<()> {
        let unbalanced = || anyhow!("a block ends that was not opened");
        let current = frames.last().ok_or_else(unbalanced)?.region;
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                frames.push(Frame {
                    region: current,
                    own: None,
                });
            }
            Operator::Try { blockty } => self.open(module, frames, *blockty, Vec::new()),
            Operator::TryTable { try_table } => {
                let clauses = try_table.catches.iter().map(|catch| {
                    let (tag, reference) = match *catch {
                        Catch::One { tag, .. } => (Some(tag), false),
                        Catch::OneRef { tag, .. } => (Some(tag), true),
                        Catch::All { .. } => (None, false),
                        Catch::AllRef { .. } => (None, true),
                    };
                    Clause {
                        tag,
                        reference,
                        kept: false,
                    }
                });
                self.open(module, frames, try_table.ty, clauses.collect());
            }
            Operator::Catch { .. } | Operator::CatchAll => {
                let frame = frames.last_mut().ok_or_else(unbalanced)?;
                let own = frame.own.ok_or_else(unbalanced)?;
                let region = &mut self.regions[own as usize];
                frame.region = region.outer;
                region.clauses.push(Clause {
                    tag: match op {
                        Operator::Catch { tag_index } => Some(*tag_index),
                        _ => None,
                    },
                    reference: false,
                    kept: false,
                });
            }
            Operator::Delegate { relative_depth } => {
                let own = frames.pop().and_then(|frame| frame.own);
                let target = at(frames, *relative_depth).ok_or_else(unbalanced)?.region;
                self.regions[own.ok_or_else(unbalanced)? as usize].outer = target;
            }
            Operator::End => drop(frames.pop()),
            Operator::Call { function_index } => {
                self.takes_ref |= gives_exn(module.func_type(*function_index));
                self.regions[current as usize].calls.push(*function_index);
            }
            Operator::CallIndirect { type_index, .. } | Operator::CallRef { type_index } => {
                self.takes_ref |= gives_exn(&module.types[*type_index as usize]);
                self.regions[current as usize].types.push(*type_index);
            }
            // The frame of the function is gone by then, and its handlers with it.
            Operator::ReturnCall { function_index } => {
                self.regions[0].calls.push(*function_index);
            }
            Operator::ReturnCallIndirect { type_index, .. }
            | Operator::ReturnCallRef { type_index } => self.regions[0].types.push(*type_index),
            Operator::Throw { tag_index } => {
                self.regions[current as usize].throws |= TagSet::of(*tag_index);
            }
            Operator::ThrowRef => self.regions[current as usize].throws_ref = true,
            Operator::Rethrow { relative_depth } => {
                let own = at(frames, *relative_depth).and_then(|frame| frame.own);
                let own = own.ok_or_else(unbalanced)?;
                let clauses = &mut self.regions[own as usize].clauses;
                let clause = clauses.len().checked_sub(1).ok_or_else(unbalanced)?;
                clauses[clause].kept = true;
                self.regions[current as usize].rethrows.push((own, clause));
            }
            Operator::GlobalGet { global_index } => {
                self.takes_ref |= is_exn(globals[*global_index as usize]);
            }
            Operator::RefFunc { function_index } => self.refs.push(*function_index),
            Operator::RefIsNull
            | Operator::RefAsNonNull
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. } => self.needs_types = true,
            Operator::Drop => self.drops = true,
            _ => {}
        }
        Ok(())
    }

    fn open(
        &mut self,
        module: &Module<'_>,
        frames: &mut Vec<Frame>,
        ty: BlockType,
        clauses: Vec<Clause>,
    ) {
        if let BlockType::FuncType(index) = ty
            && !module.types[index as usize].params().is_empty()
        {
            self.with_params.push(index);
        }
        let own = self.regions.len() as u32;
        self.regions.push(Region {
            outer: frames.last().map_or(0, |frame| frame.region),
            clauses,
            ..Region::default()
        });
        frames.push(Frame {
            region: own,
            own: Some(own),
        });
    }
}

fn at(frames: &[Frame], depth: u32) -> Option<&Frame> {
    let at = frames.len().checked_sub(1 + depth as usize)?;
    frames.get(at)
}

fn gives_exn(ty: &wasmparser::FuncType) -> bool {
    ty.results().iter().any(|ty| is_exn(*ty))
}
