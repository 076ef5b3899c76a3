//! The functions that the linker writes itself.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};
use wasmparser::FuncType;

use crate::lower;
use crate::merge::Maps;
use crate::plan::{Block, Exported, Plan, Target};
use crate::preview1;
use crate::resolve::{FuncDef, HostId, InstanceId};

/// A function of the linker's own.
#[derive(Clone, Debug)]
pub struct GlueFunction {
    /// For the name section.
    pub name: String,
    pub ty: FuncType,
    pub kind: GlueKind,
}

#[derive(Clone, Debug)]
pub enum GlueKind {
    /// `memory.grow` of the guest: the block above it slides up.
    Grow,
    MemoryCopy,
    MemoryFill,
    /// A `realloc` that is never asked to shrink.
    AllocateOnly(Target),
    /// Runs the start functions, once.
    Initialise,
    /// Initialises the module, then calls.
    Initialised(Target),
    /// The `_start` of a command.
    Run(Target),
    /// The arena for the runtime's own use.
    Malloc,
    Free,
}

/// All of them; the numbers are places in `functions`.
#[derive(Clone, Debug, Default)]
pub struct Glue {
    pub functions: Vec<GlueFunction>,
    pub grow: Option<u32>,
    pub memory_copy: Option<u32>,
    pub memory_fill: Option<u32>,
    pub initialise: Option<u32>,
    /// The guards of `realloc` functions.
    pub allocate_only: Vec<((InstanceId, u32), u32)>,
    /// For each export of the plan, the function that was made for it.
    pub exports: Vec<Option<u32>>,
}

impl Glue {
    /// Decides which functions `plan` needs.
    pub fn new(plan: &Plan<'_, '_>) -> Glue {
        use wasmparser::ValType::I32;
        let mut glue = Glue::default();
        let slides = plan
            .memory
            .and_then(|memory| memory.block)
            .is_some_and(|block| block.slides);
        if slides {
            let ty = FuncType::new([I32], [I32]);
            glue.grow = Some(glue.add("p1bridge:memory.grow", ty, GlueKind::Grow));
        }
        if plan.options.profile.lowers_bulk_memory() {
            let ty = FuncType::new([I32, I32, I32], []);
            glue.memory_copy = plan
                .live
                .memory_copy
                .then(|| glue.add("p1bridge:memory.copy", ty.clone(), GlueKind::MemoryCopy));
            glue.memory_fill = plan
                .live
                .memory_fill
                .then(|| glue.add("p1bridge:memory.fill", ty, GlueKind::MemoryFill));
        }
        for &(id, index) in &plan.live.allocate_only {
            let ty = FuncType::new([I32, I32, I32, I32], [I32]);
            let kind = GlueKind::AllocateOnly(plan.target(FuncDef::Core(id, index)));
            let at = glue.add("p1bridge:cabi_realloc", ty, kind);
            glue.allocate_only.push(((id, index), at));
        }
        let nothing = FuncType::new([], []);
        let initialises = plan
            .exports
            .iter()
            .any(|export| matches!(export.what, Exported::Initialize | Exported::Initialised(_)));
        if initialises || !plan.init.is_empty() {
            glue.initialise =
                Some(glue.add("p1bridge:initialize", nothing.clone(), GlueKind::Initialise));
        }
        for export in &plan.exports {
            let made = match export.what {
                Exported::Func(_) | Exported::Memory => None,
                Exported::Initialize => glue.initialise,
                Exported::Initialised(target) => {
                    let ty = plan.target_type(target).clone();
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::Initialised(target)))
                }
                Exported::Run(target) => {
                    Some(glue.add("_start", nothing.clone(), GlueKind::Run(target)))
                }
                Exported::Malloc => {
                    let ty = FuncType::new([I32], [I32]);
                    Some(glue.add("p1bridge:malloc", ty, GlueKind::Malloc))
                }
                Exported::Free => {
                    let ty = FuncType::new([I32], []);
                    Some(glue.add("p1bridge:free", ty, GlueKind::Free))
                }
            };
            glue.exports.push(made);
        }
        glue
    }

    fn add(&mut self, name: &str, ty: FuncType, kind: GlueKind) -> u32 {
        self.functions.push(GlueFunction {
            name: name.to_string(),
            ty,
            kind,
        });
        self.functions.len() as u32 - 1
    }

    /// Encodes one of the functions.
    pub fn encode(&self, at: usize, plan: &Plan<'_, '_>, maps: &Maps) -> Function {
        let function = &self.functions[at];
        match function.kind {
            GlueKind::Grow => {
                let memory = plan.memory.expect("a memory that grows was planned");
                let block = memory.block.expect("a block that slides was planned");
                grow(maps, &block, memory.guest_limit())
            }
            GlueKind::MemoryCopy => lower::bulk::memory_copy(),
            GlueKind::MemoryFill => lower::bulk::memory_fill(),
            GlueKind::Malloc => lower::arena::malloc(|code| arena_base(plan, maps, code)),
            GlueKind::Free => lower::arena::free(|code| arena_base(plan, maps, code)),
            GlueKind::AllocateOnly(target) => {
                let (old, old_size, new_size) = (0, 1, 3);
                let mut body = Function::new([]);
                let mut code = body.instructions();
                // old != 0 && new_size <= old_size
                code.local_get(old)
                    .i32_eqz()
                    .local_get(new_size)
                    .local_get(old_size)
                    .i32_gt_u()
                    .i32_or()
                    .i32_eqz()
                    .if_(BlockType::Empty)
                    .local_get(old)
                    .return_()
                    .end();
                for param in 0..4 {
                    code.local_get(param);
                }
                code.call(index(maps, target)).end();
                body
            }
            GlueKind::Initialise => initialise(plan, maps),
            GlueKind::Initialised(target) => {
                let mut body = Function::new([]);
                let mut code = body.instructions();
                if let Some(at) = self.initialise {
                    code.call(maps.first_glue + at);
                }
                for param in 0..function.ty.params().len() as u32 {
                    code.local_get(param);
                }
                code.call(index(maps, target)).end();
                body
            }
            GlueKind::Run(target) => {
                let mut body = Function::new([]);
                let mut code = body.instructions();
                if let Some(at) = self.initialise {
                    code.call(maps.first_glue + at);
                }
                code.call(index(maps, target));
                if !plan.target_type(target).results().is_empty() {
                    let exit = plan
                        .program
                        .hosts
                        .iter()
                        .position(|host| {
                            host.module == preview1::MODULE && host.name == "proc_exit"
                        })
                        .map(|at| Target::Host(HostId(at as u32)))
                        .expect("an export that can fail imports proc_exit");
                    code.if_(BlockType::Empty)
                        .i32_const(1)
                        .call(index(maps, exit))
                        .end();
                }
                code.end();
                body
            }
        }
    }
}

fn index(maps: &Maps, target: Target) -> u32 {
    maps.target(target).expect("what is exported is live")
}

/// Leaves the address of the arena on the stack.
fn arena_base(plan: &Plan<'_, '_>, maps: &Maps, code: &mut InstructionSink<'_>) {
    let memory = plan.memory.expect("an arena was planned in a memory");
    let block = memory.block.expect("an arena was planned in a block");
    let offset = block.state;
    match maps.globals.pages {
        Some(pages) => code
            .global_get(pages)
            .i32_const(16)
            .i32_shl()
            .i32_const(offset as i32)
            .i32_add(),
        None => code.i32_const((memory.block_base() + offset) as i32),
    };
}

fn initialise(plan: &Plan<'_, '_>, maps: &Maps) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    if let (Some(done), false) = (maps.globals.initialised, plan.init.is_empty()) {
        code.global_get(done)
            .if_(BlockType::Empty)
            .return_()
            .end()
            .i32_const(1)
            .global_set(done);
        for &target in &plan.init {
            code.call(index(maps, target));
        }
    }
    code.end();
    body
}

/// `memory.grow` as the guest sees it.
///
/// The memory grows by as much as the guest asks for, the block moves up by that, and where it
/// lay is zero. A growth that is over the guest's maximum or that the host refuses gives -1 and
/// changes nothing.
fn grow(maps: &Maps, block: &Block, limit: u32) -> Function {
    let pages = maps.globals.pages.expect("numbered with this function");
    let (delta, from, to, at) = (0, 1, 2, 3);
    let word = MemArg {
        offset: 0,
        align: 3,
        target: MemArgTarget::Memory(0),
        ordering: None,
    };
    let mut body = Function::new([(3, ValType::I32)]);
    let mut code = body.instructions();
    let fail = |code: &mut InstructionSink<'_>| {
        code.if_(BlockType::Empty).i32_const(-1).return_().end();
    };
    // delta > limit - pages
    code.local_get(delta)
        .i32_const(limit as i32)
        .global_get(pages)
        .i32_sub()
        .i32_gt_u();
    fail(&mut code);
    // Nothing moves when nothing is asked for.
    code.local_get(delta)
        .i32_eqz()
        .if_(BlockType::Empty)
        .global_get(pages)
        .return_()
        .end();
    code.local_get(delta).memory_grow(0).i32_const(-1).i32_eq();
    fail(&mut code);
    // The old and the new end of the words of the block that are still to be moved.
    code.global_get(pages)
        .i32_const(16)
        .i32_shl()
        .local_tee(from)
        .local_get(delta)
        .i32_const(16)
        .i32_shl()
        .i32_add()
        .local_set(to);
    code.i32_const(block.size() as i32).local_set(at);
    // From the top down: the block may be longer than the step.
    code.loop_(BlockType::Empty)
        .local_get(to)
        .local_get(at)
        .i32_const(8)
        .i32_sub()
        .local_tee(at)
        .i32_add()
        .local_get(from)
        .local_get(at)
        .i32_add()
        .i64_load(word)
        .i64_store(word)
        .local_get(from)
        .local_get(at)
        .i32_add()
        .i64_const(0)
        .i64_store(word)
        .local_get(at)
        .br_if(0)
        .end();
    if let Some(state) = maps.globals.state {
        code.local_get(to).global_set(state);
    }
    code.global_get(pages)
        .global_get(pages)
        .local_get(delta)
        .i32_add()
        .global_set(pages)
        .end();
    body
}
