//! The small core modules around the program: its memory, the library's own memory, and what ties knots that only close when
//! the program is there.

use p1bridge_linker::wrapped::INSIDE;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    InstructionSink, MemArg, MemArgTarget, MemorySection, MemoryType, Module, RefType,
    StartSection, TableSection, TableType, TypeSection, ValType,
};

/// The type of `cabi_realloc`.
const REALLOC: ([ValType; 4], [ValType; 1]) = ([ValType::I32; 4], [ValType::I32]);

/// What the module of the memory exports, beside functions under the names by which the library imports them.
pub mod memory {
    pub const MEMORY: &str = p1bridge_linker::wrapped::PROGRAM_MEMORY;
    /// `realloc` for calls of the library: it hands out what the library has said.
    pub const STEERED: &str = "r";
    /// `realloc` for calls of the program: its own.
    pub const REALLOC: &str = p1bridge_linker::wrapped::PROGRAM_REALLOC;
    pub const TABLE: &str = "t";
    /// Where the library says what is handed out.
    pub const AT: &str = "at";
}

/// What the module of the library's own memory exports beside what the library imports.
pub mod state {
    pub const MEMORY: &str = "m";
    pub const REALLOC: &str = "r";
}

/// A module with functions, globals and exports, written from the top.
#[derive(Default)]
struct Small {
    types: TypeSection,
    functions: FunctionSection,
    globals: GlobalSection,
    exports: ExportSection,
    code: CodeSection,
}

impl Small {
    fn global(&mut self, value: i32) -> u32 {
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        self.globals.global(ty, &ConstExpr::i32_const(value));
        self.globals.len() - 1
    }

    fn ty(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let (params, results) = (params.iter().copied(), results.iter().copied());
        self.types.ty().function(params, results);
        self.types.len() - 1
    }

    /// Adds an exported function with so many locals of 32 bits.
    fn function(
        &mut self,
        name: &str,
        (params, results): (&[ValType], &[ValType]),
        locals: u32,
        body: impl FnOnce(&mut InstructionSink<'_>),
    ) {
        let ty = self.ty(params, results);
        self.functions.function(ty);
        let index = self.functions.len() - 1;
        self.exports.export(name, ExportKind::Func, index);
        let groups = (locals > 0).then_some((locals, ValType::I32));
        let mut function = Function::new(groups);
        let mut code = function.instructions();
        body(&mut code);
        code.end();
        self.code.function(&function);
    }
}

/// The module with the memory of the program and `slots` functions of it that are called before it is there, the first of them
/// its `realloc` if `has_realloc`. `wanted` are the functions that the library imports of it.
pub fn memory(ty: Option<MemoryType>, wanted: &[&str], has_realloc: bool, slots: u32) -> Vec<u8> {
    let mut small = Small::default();
    let (i32, realloc) = (ValType::I32, (&REALLOC.0[..], &REALLOC.1[..]));
    if ty.is_some() {
        small.exports.export(memory::MEMORY, ExportKind::Memory, 0);
    }
    if wanted.contains(&memory::AT) {
        let (next, end) = (small.global(0), small.global(0));
        small.function(memory::AT, (&[i32, i32], &[]), 0, |code| {
            code.local_get(0)
                .global_set(next)
                .local_get(1)
                .global_set(end);
        });
        small.function(memory::STEERED, realloc, 0, |code| {
            // A block that changes its size is the last one.
            start_of_block(code, next);
            code.local_tee(0).global_get(end).i32_gt_u();
            code.local_get(3)
                .global_get(end)
                .local_get(0)
                .i32_sub()
                .i32_gt_u()
                .i32_or();
            code.if_(BlockType::Empty).unreachable().end();
            code.local_get(0)
                .local_get(3)
                .i32_add()
                .global_set(next)
                .local_get(0);
        });
    }
    let inside = wanted.contains(&INSIDE).then(|| small.global(0));
    if let Some(inside) = inside {
        small.function(INSIDE, (&[], &[i32]), 0, |code| {
            code.global_get(inside);
        });
    }
    let called = small.ty(realloc.0, realloc.1);
    if has_realloc {
        small.function(memory::REALLOC, realloc, 0, |code| {
            if let Some(inside) = inside {
                code.i32_const(1).global_set(inside);
            }
            (0..4).for_each(|at| {
                code.local_get(at);
            });
            code.i32_const(0).call_indirect(0, called);
            if let Some(inside) = inside {
                code.i32_const(0).global_set(inside);
            }
        });
    }
    let destructor = small.ty(&[i32], &[]);
    for slot in u32::from(has_realloc)..slots {
        small.function(&slot_name(slot), (&[i32], &[]), 0, |code| {
            code.local_get(0)
                .i32_const(slot as i32)
                .call_indirect(0, destructor);
        });
    }
    let mut module = Module::new();
    module.section(&small.types).section(&small.functions);
    if slots > 0 {
        let mut tables = TableSection::new();
        tables.table(table(slots));
        module.section(&tables);
        small.exports.export(memory::TABLE, ExportKind::Table, 0);
    }
    if let Some(ty) = ty {
        let mut memories = MemorySection::new();
        memories.memory(ty);
        module.section(&memories);
    }
    if !small.globals.is_empty() {
        module.section(&small.globals);
    }
    module.section(&small.exports).section(&small.code);
    module.finish()
}

/// What the function of a slot is called.
pub fn slot_name(slot: u32) -> String {
    format!("d{slot}")
}

fn table(slots: u32) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: slots.into(),
        maximum: Some(slots.into()),
        shared: false,
    }
}

/// Puts the address of a block on the stack: the old one, if there is one, or the next that is aligned. The parameters are those
/// of `realloc`.
fn start_of_block(code: &mut InstructionSink<'_>, next: u32) {
    code.global_get(next)
        .local_get(2)
        .i32_add()
        .i32_const(1)
        .i32_sub();
    code.i32_const(0).local_get(2).i32_sub().i32_and();
    code.local_get(0).local_get(0).i32_eqz().select();
}

/// The first address that is not of the table and of return areas.
const FIRST: i32 = 512;

/// What a function is exported as that is the `at`th of those that the library imports.
pub fn state_name(at: usize) -> String {
    char::from(b'A' + at as u8).to_string()
}

/// The module with the library's own memory. `wanted` are the functions that the library imports of it; they have the names
/// [`state_name`].
pub fn state(wanted: &[&str]) -> Vec<u8> {
    let mut small = Small::default();
    let (i32, i64) = (ValType::I32, ValType::I64);
    small.exports.export(state::MEMORY, ExportKind::Memory, 0);
    let top = small.global(FIRST);
    // Raises the top to local 1, and leaves on the stack whether there is memory for it.
    let raise = |code: &mut InstructionSink<'_>| {
        code.local_get(1)
            .memory_size(0)
            .i32_const(16)
            .i32_shl()
            .i32_gt_u();
        code.if_(BlockType::Result(ValType::I32));
        // The pages that are missing.
        code.local_get(1)
            .i32_const(16)
            .i32_shr_u()
            .i32_const(1)
            .i32_add();
        code.memory_size(0)
            .i32_sub()
            .memory_grow(0)
            .i32_const(-1)
            .i32_ne();
        code.else_().i32_const(1).end();
    };
    small.function(state::REALLOC, (&REALLOC.0, &REALLOC.1), 0, |code| {
        start_of_block(code, top);
        code.local_tee(0)
            .local_get(3)
            .i32_add()
            .local_tee(1)
            .local_get(0)
            .i32_lt_u();
        code.if_(BlockType::Empty).unreachable().end();
        raise(code);
        code.i32_eqz().if_(BlockType::Empty).unreachable().end();
        code.local_get(1).global_set(top).local_get(0);
    });
    let at = |align: u32| MemArg {
        offset: 0,
        align,
        target: MemArgTarget::Memory(0),
        ordering: None,
    };
    for (name, number) in wanted.iter().zip(0..) {
        let params: &[ValType] = match *name {
            "load8" | "load16" | "load32" | "load64" | "head" | "room" | "cut" => &[i32],
            "store8" | "store16" | "store32" => &[i32, i32],
            "store64" => &[i32, i64],
            _ => &[],
        };
        let results: &[ValType] = match *name {
            "load64" | "head" => &[i64],
            "load8" | "load16" | "load32" | "room" | "top" => &[i32],
            _ => &[],
        };
        let locals = u32::from(*name == "room");
        let exported = state_name(number);
        small.function(&exported, (params, results), locals, |code| {
            match *name {
                "load8" => code.local_get(0).i32_load8_u(at(0)),
                "load16" => code.local_get(0).i32_load16_u(at(0)),
                "load32" => code.local_get(0).i32_load(at(0)),
                "load64" => code.local_get(0).i64_load(at(0)),
                "store8" => code.local_get(0).local_get(1).i32_store8(at(0)),
                "store16" => code.local_get(0).local_get(1).i32_store16(at(0)),
                "store32" => code.local_get(0).local_get(1).i32_store(at(0)),
                "store64" => code.local_get(0).local_get(1).i64_store(at(0)),
                "top" => code.global_get(top),
                "cut" => code.local_get(0).global_set(top),
                "head" => {
                    // The table's address and its room lie at 0 and 4; a record begins with what it is.
                    code.local_get(0).i32_const(4).i32_load(at(2)).i32_ge_u();
                    code.if_(BlockType::Empty).i64_const(0).return_().end();
                    code.i32_const(0)
                        .i32_load(at(2))
                        .local_get(0)
                        .i32_const(5)
                        .i32_shl();
                    code.i32_add().i64_load(at(3))
                }
                "room" => {
                    code.global_get(top)
                        .i32_const(7)
                        .i32_add()
                        .i32_const(-8)
                        .i32_and();
                    // The start goes to local 0, the end to local 1.
                    code.local_tee(1).local_get(0).i32_add();
                    code.local_get(1).local_set(0).local_tee(1);
                    code.local_get(0).i32_lt_u().if_(BlockType::Empty);
                    code.i32_const(0).return_().end();
                    raise(code);
                    code.i32_eqz()
                        .if_(BlockType::Empty)
                        .i32_const(0)
                        .return_()
                        .end();
                    code.local_get(0)
                        .i32_const(0)
                        .local_get(1)
                        .local_get(0)
                        .i32_sub();
                    code.memory_fill(0)
                        .local_get(1)
                        .global_set(top)
                        .local_get(0)
                }
                // What the library does not have is refused where the program is built.
                _ => code.unreachable(),
            };
        });
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut module = Module::new();
    module
        .section(&small.types)
        .section(&small.functions)
        .section(&memories)
        .section(&small.globals)
        .section(&small.exports)
        .section(&small.code);
    module.finish()
}

/// The module that comes last: it puts `slots` functions of the program, each with the number of its parameters and of its
/// results, into the table, and calls `starts` functions of it that are to run first. All are imported, in this order, under
/// the names [`knot_name`], and the table under [`memory::TABLE`].
pub fn knot(slots: &[(u32, u32)], starts: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    if !slots.is_empty() {
        imports.import(
            "",
            memory::TABLE,
            EntityType::Table(table(slots.len() as u32)),
        );
    }
    let plain = (0u32, 0u32);
    let functions = slots.iter().copied().chain((0..starts).map(|_| plain));
    for ((params, results), at) in functions.zip(0..) {
        let vals = |count: u32| (0..count).map(|_| ValType::I32);
        types.ty().function(vals(params), vals(results));
        imports.import("", &knot_name(at), EntityType::Function(at));
    }
    let mut module = Module::new();
    let count = slots.len() as u32 + starts;
    let runs = starts > 0;
    if runs {
        types.ty().function([], []);
    }
    module.section(&types).section(&imports);
    if runs {
        let mut functions = FunctionSection::new();
        functions.function(count);
        module.section(&functions).section(&StartSection {
            function_index: count,
        });
    }
    if !slots.is_empty() {
        let mut elements = ElementSection::new();
        let all: Vec<u32> = (0..slots.len() as u32).collect();
        elements.active(
            None,
            &ConstExpr::i32_const(0),
            Elements::Functions(all.into()),
        );
        module.section(&elements);
    }
    if runs {
        let mut code = CodeSection::new();
        let mut function = Function::new([]);
        for start in 0..starts {
            function.instructions().call(slots.len() as u32 + start);
        }
        function.instructions().end();
        code.function(&function);
        module.section(&code);
    }
    module.finish()
}

/// What the last module calls what it imports.
pub fn knot_name(at: u32) -> String {
    at.to_string()
}
