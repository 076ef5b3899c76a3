//! A lowered import that is another guest's lifted export, as one core function.
//!
//! `CanonicalABI.md`, "canon lift" and "canon lower": values are taken from the caller's flat
//! parameters and memory and put straight into the callee's, with every check that both sides
//! demand; results go the other way. Pointers are kept as the guests have them and turned into
//! addresses at each access, because a `realloc` may move the regions.

use anyhow::{Result, bail};
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::Glue;
use super::handles::Handles;
use super::memory::quantity;
use crate::abi::{self, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type, field_offsets};
use crate::merge::{Access, Maps, Quantity, region_access};
use crate::plan::{Plan, fused::entered};
use crate::resolve::{
    CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, FuncDef, Resource,
    ResourceId, StringEncoding,
};

/// `MAX_LIST_BYTE_LENGTH` and `MAX_STRING_BYTE_LENGTH`.
const MAX_BYTES: i64 = (1 << 28) - 1;

/// One of the two component instances of a call.
struct Side {
    instance: ComponentInstanceId,
    /// The memory, if the call needs one.
    access: Option<Access>,
    realloc: Option<u32>,
}

/// Where a value is.
#[derive(Clone)]
enum Place {
    /// In locals, in flat form; variants may have joined their types.
    Flat(Vec<u32>),
    /// In memory, at an offset from the pointer in a local.
    Memory { pointer: u32, offset: u32 },
}

/// Encodes the function for a lowered import.
///
/// # Errors
///
/// Names what is not supported yet.
pub fn encode(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let CanonKind::Lower {
        callee: ComponentFunc::Lift(lift),
        options,
    } = &canon.kind
    else {
        unreachable!("only calls between guests are fused");
    };
    let lift = &plan.program.lifts[lift.0 as usize];
    let ty = &lift.ty;
    let mut fused = Fused {
        glue,
        plan,
        maps,
        handles: &glue.handles,
        code: Vec::new(),
        locals: Vec::new(),
        params: canon.ty.params().iter().copied().map(core_type).collect(),
        lent: Vec::new(),
    };
    let caller = fused.side(options, canon.instance);
    let callee = fused.side(&lift.options, lift.instance);
    let core = |def: FuncDef| -> u32 {
        maps.target(plan.target(def))
            .expect("what a fused call needs is live")
    };

    // Trap before anything else when the callee may not be entered.
    super::canon::check_may_leave(maps, &mut fused.code, canon.instance);
    let entered: Vec<u32> = entered(&plan.program, canon.instance, lift.instance)
        .iter()
        .filter_map(|id| maps.globals.entered.get(id).copied())
        .collect();
    for &global in &entered {
        fused
            .sink()
            .global_get(global)
            .if_(BlockType::Empty)
            .unreachable()
            .end()
            .i32_const(1)
            .global_set(global);
    }
    let counter = fused.begin_borrows(ty, &callee);

    // Parameters.
    let params = ty.params();
    let flat: Vec<ValType> = params.iter().flat_map(Type::flat).map(core_type).collect();
    let record = &ty.params;
    let mut next = 0;
    let source = if flat.len() > MAX_FLAT_PARAMS {
        next = 1;
        fused.check_pointer(&caller, 0, record)?;
        Place::Memory {
            pointer: 0,
            offset: 0,
        }
    } else {
        next += flat.len() as u32;
        Place::Flat((0..next).collect())
    };
    let mut arguments = Vec::new();
    if flat.len() > MAX_FLAT_PARAMS {
        let pointer = fused.local(ValType::I32);
        fused.allocate_const(&callee, record.align(), record.size(), pointer)?;
        fused.copy(
            record,
            &caller,
            &source,
            &callee,
            &Place::Memory { pointer, offset: 0 },
        )?;
        arguments.push(pointer);
    } else {
        for ty in &flat {
            arguments.push(fused.local(*ty));
        }
        fused.copy(
            record,
            &caller,
            &source,
            &callee,
            &Place::Flat(arguments.clone()),
        )?;
    }
    for argument in arguments {
        fused.sink().local_get(argument);
    }
    fused.sink().call(core(lift.func));

    // Results.
    let flat: Vec<ValType> = ty
        .result
        .iter()
        .flat_map(Type::flat)
        .map(core_type)
        .collect();
    let mut returned = Vec::new();
    let mut results = Vec::new();
    if let Some(result) = &ty.result {
        let in_memory = flat.len() > MAX_FLAT_RESULTS;
        let from = fused.local(if in_memory { ValType::I32 } else { flat[0] });
        fused.sink().local_set(from);
        returned.push(from);
        let source = if in_memory {
            fused.check_pointer(&callee, from, result)?;
            Place::Memory {
                pointer: from,
                offset: 0,
            }
        } else {
            Place::Flat(vec![from])
        };
        let target = if in_memory {
            fused.check_pointer(&caller, next, result)?;
            Place::Memory {
                pointer: next,
                offset: 0,
            }
        } else {
            results.push(fused.local(flat[0]));
            Place::Flat(results.clone())
        };
        fused.copy(result, &callee, &source, &caller, &target)?;
    }
    fused.end_borrows(counter, &caller)?;
    if let Some(post_return) = lift.options.post_return {
        for local in returned {
            fused.sink().local_get(local);
        }
        fused.may_not_leave(&callee, 1);
        fused.sink().call(core(post_return));
        fused.may_not_leave(&callee, 0);
    }
    for &global in &entered {
        fused.sink().i32_const(0).global_set(global);
    }
    for result in results {
        fused.sink().local_get(result);
    }
    fused.sink().end();
    let mut function = Function::new_with_locals_types(fused.locals.iter().copied());
    function.raw(fused.code);
    Ok(function)
}

fn core_type(ty: wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        _ => ValType::I32,
    }
}

struct Fused<'p, 'i, 'a> {
    glue: &'p Glue,
    plan: &'p Plan<'i, 'a>,
    maps: &'p Maps,
    handles: &'p Handles,
    code: Vec<u8>,
    /// The types of the locals after the parameters.
    locals: Vec<ValType>,
    /// The types of the parameters.
    params: Vec<ValType>,
    /// Locals that have the addresses of handles that were lent, or 0.
    lent: Vec<u32>,
}

impl Fused<'_, '_, '_> {
    fn sink(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.code)
    }

    fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        (self.params.len() + self.locals.len()) as u32 - 1
    }

    fn local_type(&self, local: u32) -> ValType {
        let local = local as usize;
        match self.params.get(local) {
            Some(ty) => *ty,
            None => self.locals[local - self.params.len()],
        }
    }

    fn side(&self, options: &CanonOptions, instance: ComponentInstanceId) -> Side {
        let slot = options
            .memory
            .map(|(id, index)| self.plan.program.memory(self.plan.input, id, index));
        let region = slot.and_then(|slot| self.plan.memory.as_ref()?.region(slot));
        Side {
            instance,
            access: region.map(|at| region_access(self.plan, &self.maps.globals, at)),
            realloc: options
                .realloc
                .and_then(|def| self.maps.target(self.plan.target(def))),
        }
    }

    /// Says whether an instance may call out, if it ever could when it may not.
    fn may_not_leave(&mut self, side: &Side, value: i32) {
        if let Some(&flag) = self.maps.globals.may_not_leave.get(&side.instance) {
            self.sink().i32_const(value).global_set(flag);
        }
    }

    fn trap_if(&mut self) {
        self.sink().if_(BlockType::Empty).unreachable().end();
    }

    /// Traps unless the pointer is aligned and `bytes` (an i64 on the stack) from it are in memory.
    fn check_range(&mut self, side: &Side, pointer: u32, align: u32) -> Result<()> {
        let access = memory(side)?;
        let alone = !self.plan.memory.as_ref().is_some_and(|m| m.is_shared());
        let mut code = self.sink();
        code.local_get(pointer).i64_extend_i32_u().i64_add();
        match access.bytes {
            // The memory of a single guest may grow without being tracked.
            Quantity::Const(_) if alone => {
                code.memory_size(0)
                    .i64_extend_i32_u()
                    .i64_const(16)
                    .i64_shl();
            }
            bytes => {
                quantity(&mut code, bytes);
                code.i64_extend_i32_u();
            }
        }
        code.i64_gt_u();
        self.trap_if();
        if align > 1 {
            self.sink()
                .local_get(pointer)
                .i32_const(align as i32 - 1)
                .i32_and();
            self.trap_if();
        }
        Ok(())
    }

    fn check_pointer(&mut self, side: &Side, pointer: u32, ty: &Type) -> Result<()> {
        self.sink().i64_const(ty.size().into());
        self.check_range(side, pointer, ty.align())
    }

    /// Allocates a number of bytes that is known.
    fn allocate_const(&mut self, side: &Side, align: u32, size: u32, pointer: u32) -> Result<()> {
        let bytes = self.local(ValType::I32);
        self.sink().i32_const(size as i32).local_set(bytes);
        self.allocate(side, align, bytes, pointer)
    }

    /// Calls the `realloc` of a side for the bytes in a local, and checks what it gives.
    fn allocate(&mut self, side: &Side, align: u32, bytes: u32, pointer: u32) -> Result<()> {
        let Some(realloc) = side.realloc else {
            bail!("a value has to be stored, but there is no realloc option");
        };
        self.may_not_leave(side, 1);
        self.sink()
            .i32_const(0)
            .i32_const(0)
            .i32_const(align as i32)
            .local_get(bytes)
            .call(realloc)
            .local_set(pointer);
        self.may_not_leave(side, 0);
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(side, pointer, align)
    }

    /// Leaves the address of a pointer on the stack.
    fn address(&mut self, side: &Side, pointer: u32) -> Result<()> {
        let base = memory(side)?.base;
        let mut code = self.sink();
        code.local_get(pointer);
        if base != Quantity::Const(0) {
            quantity(&mut code, base);
            code.i32_add();
        }
        Ok(())
    }

    /// Moves one value.
    fn copy(
        &mut self,
        ty: &Type,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        match ty {
            Type::Record(fields) => {
                let offsets = field_offsets(fields);
                let (mut s, mut t) = (0, 0);
                for (field, offset) in fields.iter().zip(offsets) {
                    let width = field.flat().len();
                    let source = part(source, offset, &mut s, width);
                    let target = part(target, offset, &mut t, width);
                    self.copy(field, from, &source, to, &target)?;
                }
                Ok(())
            }
            Type::FixedList(element, length) => {
                let width = element.flat().len();
                let (mut s, mut t) = (0, 0);
                for at in 0..*length {
                    let source = part(source, at * element.size(), &mut s, width);
                    let target = part(target, at * element.size(), &mut t, width);
                    self.copy(element, from, &source, to, &target)?;
                }
                Ok(())
            }
            Type::Variant(cases) => self.copy_variant(cases, from, source, to, target),
            Type::List(element) => self.copy_list(element, from, source, to, target),
            Type::String => self.copy_string(from, source, to, target),
            Type::Own(resource) => self.copy_handle(*resource, true, from, source, to, target),
            Type::Borrow(resource) => self.copy_handle(*resource, false, from, source, to, target),
            scalar => {
                self.before_store(to, target)?;
                self.load(scalar, from, source)?;
                self.store(scalar, target);
                Ok(())
            }
        }
    }

    /// Leaves the address to store to on the stack, when the target is in memory.
    fn before_store(&mut self, side: &Side, target: &Place) -> Result<()> {
        match target {
            Place::Memory { pointer, .. } => self.address(side, *pointer),
            Place::Flat(_) => Ok(()),
        }
    }

    /// Leaves a scalar on the stack, brought into the range of its type.
    fn load(&mut self, ty: &Type, side: &Side, source: &Place) -> Result<()> {
        let flat = core_type(ty.flat()[0]);
        match source {
            Place::Flat(locals) => {
                let have = self.local_type(locals[0]);
                let mut code = self.sink();
                code.local_get(locals[0]);
                match (have, flat) {
                    (ValType::I32, ValType::F32) => {
                        code.f32_reinterpret_i32();
                    }
                    (ValType::I64, ValType::I32) => {
                        code.i32_wrap_i64();
                    }
                    (ValType::I64, ValType::F32) => {
                        code.i32_wrap_i64().f32_reinterpret_i32();
                    }
                    (ValType::I64, ValType::F64) => {
                        code.f64_reinterpret_i64();
                    }
                    _ => {}
                }
                match ty {
                    Type::Int {
                        bits: bits @ (8 | 16),
                        signed: true,
                    } => {
                        let shift = 32 - *bits as i32;
                        code.i32_const(shift).i32_shl().i32_const(shift).i32_shr_s();
                    }
                    Type::Int {
                        bits: bits @ (8 | 16),
                        signed: false,
                    } => {
                        code.i32_const((1 << bits) - 1).i32_and();
                    }
                    _ => {}
                }
            }
            Place::Memory { pointer, offset } => {
                self.address(side, *pointer)?;
                let at = |align: u32| MemArg {
                    offset: (*offset).into(),
                    align,
                    target: MemArgTarget::Memory(0),
                    ordering: None,
                };
                let mut code = self.sink();
                match (ty, ty.size()) {
                    (Type::F32, _) => code.f32_load(at(2)),
                    (Type::F64, _) => code.f64_load(at(3)),
                    (Type::Int { signed: true, .. }, 1) => code.i32_load8_s(at(0)),
                    (Type::Int { signed: true, .. }, 2) => code.i32_load16_s(at(1)),
                    (_, 1) => code.i32_load8_u(at(0)),
                    (_, 2) => code.i32_load16_u(at(1)),
                    (_, 8) => code.i64_load(at(3)),
                    _ => code.i32_load(at(2)),
                };
            }
        }
        match ty {
            Type::Bool => {
                self.sink().i32_const(0).i32_ne();
            }
            Type::Flags(labels @ 0..=31) => {
                self.sink().i32_const((1 << labels) - 1).i32_and();
            }
            Type::Char => {
                let char = self.local(ValType::I32);
                self.sink()
                    .local_tee(char)
                    .i32_const(0x11_0000)
                    .i32_ge_u()
                    .local_get(char)
                    .i32_const(0xd800)
                    .i32_sub()
                    .i32_const(0x800)
                    .i32_lt_u()
                    .i32_or();
                self.trap_if();
                self.sink().local_get(char);
            }
            _ => {}
        }
        Ok(())
    }

    /// Stores the scalar on the stack; the address is below it when the target is in memory.
    fn store(&mut self, ty: &Type, target: &Place) {
        let flat = core_type(ty.flat()[0]);
        match target {
            Place::Flat(locals) => {
                let want = self.local_type(locals[0]);
                let mut code = self.sink();
                match (flat, want) {
                    (ValType::F32, ValType::I32) => {
                        code.i32_reinterpret_f32();
                    }
                    (ValType::I32, ValType::I64) => {
                        code.i64_extend_i32_u();
                    }
                    (ValType::F32, ValType::I64) => {
                        code.i32_reinterpret_f32().i64_extend_i32_u();
                    }
                    (ValType::F64, ValType::I64) => {
                        code.i64_reinterpret_f64();
                    }
                    _ => {}
                }
                code.local_set(locals[0]);
            }
            Place::Memory { offset, .. } => {
                let at = |align: u32| MemArg {
                    offset: (*offset).into(),
                    align,
                    target: MemArgTarget::Memory(0),
                    ordering: None,
                };
                let mut code = self.sink();
                match (ty, ty.size()) {
                    (Type::F32, _) => code.f32_store(at(2)),
                    (Type::F64, _) => code.f64_store(at(3)),
                    (_, 1) => code.i32_store8(at(0)),
                    (_, 2) => code.i32_store16(at(1)),
                    (_, 8) => code.i64_store(at(3)),
                    _ => code.i32_store(at(2)),
                };
            }
        }
    }

    fn copy_variant(
        &mut self,
        cases: &[Option<Type>],
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let tag = Type::Int {
            bits: abi::discriminant_size(cases.len()) * 8,
            signed: false,
        };
        let case = self.local(ValType::I32);
        // A flat discriminant is compared as it is, before it could be masked.
        let whole = Type::Int {
            bits: 32,
            signed: false,
        };
        match source {
            Place::Flat(_) => self.load(&whole, from, source)?,
            Place::Memory { .. } => self.load(&tag, from, source)?,
        }
        self.sink()
            .local_tee(case)
            .i32_const(cases.len() as i32)
            .i32_ge_u();
        self.trap_if();
        self.before_store(to, target)?;
        self.sink().local_get(case);
        match target {
            Place::Flat(_) => self.store(&whole, target),
            Place::Memory { .. } => self.store(&tag, target),
        }
        if let Place::Flat(locals) = target {
            // What a case leaves free is zero.
            for &local in &locals[1..] {
                let ty = self.local_type(local);
                let mut code = self.sink();
                match ty {
                    ValType::I64 => code.i64_const(0),
                    ValType::F32 => code.f32_const(wasm_encoder::Ieee32::new(0)),
                    ValType::F64 => code.f64_const(wasm_encoder::Ieee64::new(0)),
                    _ => code.i32_const(0),
                };
                code.local_set(local);
            }
        }
        let payload = abi::payload_offset(cases);
        for (at, ty) in cases.iter().enumerate() {
            let Some(ty) = ty else { continue };
            self.sink()
                .local_get(case)
                .i32_const(at as i32)
                .i32_eq()
                .if_(BlockType::Empty);
            let width = ty.flat().len();
            let source = part(source, payload, &mut 1, width);
            let target = part(target, payload, &mut 1, width);
            self.copy(ty, from, &source, to, &target)?;
            self.sink().end();
        }
        Ok(())
    }

    /// Takes the pointer and the length of a list or string into locals.
    fn load_range(&mut self, from: &Side, source: &Place) -> Result<(u32, u32)> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let (pointer, length) = (self.local(ValType::I32), self.local(ValType::I32));
        let mut at = 0;
        for (local, offset) in [(pointer, 0), (length, 4)] {
            let place = part(source, offset, &mut at, 1);
            self.load(&word, from, &place)?;
            self.sink().local_set(local);
        }
        Ok((pointer, length))
    }

    fn store_range(&mut self, to: &Side, target: &Place, pointer: u32, length: u32) -> Result<()> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let mut at = 0;
        for (local, offset) in [(pointer, 0), (length, 4)] {
            let place = part(target, offset, &mut at, 1);
            self.before_store(to, &place)?;
            self.sink().local_get(local);
            self.store(&word, &place);
        }
        Ok(())
    }

    fn copy_list(
        &mut self,
        element: &Type,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let (pointer, length) = self.load_range(from, source)?;
        let (size, align) = (element.size(), element.align());
        let bytes = self.local(ValType::I32);
        self.list_bytes(length, size, bytes);
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(from, pointer, align)?;
        let new = self.local(ValType::I32);
        self.allocate(to, align, bytes, new)?;
        if element.is_plain() {
            self.address(to, new)?;
            self.address(from, pointer)?;
            self.sink().local_get(bytes);
            self.move_bytes();
        } else if size > 0 {
            let (end, to_element) = (self.local(ValType::I32), self.local(ValType::I32));
            self.sink()
                .local_get(pointer)
                .local_get(bytes)
                .i32_add()
                .local_set(end)
                .local_get(new)
                .local_set(to_element)
                .block(BlockType::Empty)
                .loop_(BlockType::Empty)
                .local_get(pointer)
                .local_get(end)
                .i32_eq()
                .br_if(1);
            let source = Place::Memory { pointer, offset: 0 };
            let target = Place::Memory {
                pointer: to_element,
                offset: 0,
            };
            self.copy(element, from, &source, to, &target)?;
            self.sink()
                .local_get(pointer)
                .i32_const(size as i32)
                .i32_add()
                .local_set(pointer)
                .local_get(to_element)
                .i32_const(size as i32)
                .i32_add()
                .local_set(to_element)
                .br(0)
                .end()
                .end();
        }
        self.store_range(to, target, new, length)
    }

    /// The bytes of a list, into a local; a list that is too long traps.
    fn list_bytes(&mut self, length: u32, size: u32, bytes: u32) {
        let wide = self.local(ValType::I64);
        self.sink()
            .local_get(length)
            .i64_extend_i32_u()
            .i64_const(size.into())
            .i64_mul()
            .local_tee(wide)
            .i64_const(MAX_BYTES)
            .i64_gt_u();
        self.trap_if();
        self.sink().local_get(wide).i32_wrap_i64().local_set(bytes);
    }

    /// `destination source length` are on the stack.
    fn move_bytes(&mut self) {
        match self.glue.can_move(self.maps) {
            Some(bulk) => bulk.copy(&mut self.sink()),
            None => unreachable!("a fused call has something to move with"),
        }
    }

    /// UTF-8 on both sides; other encodings are refused when planning.
    fn copy_string(
        &mut self,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let (pointer, length) = self.load_range(from, source)?;
        let bytes = self.local(ValType::I32);
        self.list_bytes(length, 1, bytes);
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(from, pointer, 1)?;
        self.address(from, pointer)?;
        let Some(check) = self.glue.check_utf8 else {
            bail!("a string is passed, but nothing was planned to check it");
        };
        let check = self.maps.first_glue + check;
        self.sink().local_get(bytes).call(check).i32_eqz();
        self.trap_if();
        let new = self.local(ValType::I32);
        self.allocate(to, 1, bytes, new)?;
        self.address(to, new)?;
        self.address(from, pointer)?;
        self.sink().local_get(bytes);
        self.move_bytes();
        self.store_range(to, target, new, length)
    }

    fn copy_handle(
        &mut self,
        resource: ResourceId,
        own: bool,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let Resource::Defined { instance, .. } = self.plan.program.resources[resource.0 as usize]
        else {
            // Handles of the host are the library's, whichever guest has them.
            self.before_store(to, target)?;
            self.load(&word, from, source)?;
            self.store(&word, target);
            return Ok(());
        };
        let value = self.local(ValType::I32);
        self.load(&word, from, source)?;
        self.sink().local_set(value);
        let first_glue = self.maps.first_glue;
        if own {
            self.handles
                .table(self.plan, self.maps, &mut self.code, from.instance);
            let remove = first_glue + self.handles.remove_own;
            self.sink()
                .local_get(value)
                .i32_const(resource.0 as i32 + 1)
                .call(remove)
                .local_set(value);
        } else {
            let entry = self.local(ValType::I32);
            self.handles
                .table(self.plan, self.maps, &mut self.code, from.instance);
            let lend = first_glue + self.handles.lend;
            let rep = super::handles::rep();
            self.sink()
                .local_get(value)
                .i32_const(resource.0 as i32 + 1)
                .call(lend)
                .local_tee(entry)
                .i32_load(rep)
                .local_set(value);
            // The address moves with the block: what is kept is the offset in it.
            self.handles
                .offset(self.plan, self.maps, &mut self.code, entry);
            self.sink().local_set(entry);
            self.lent.push(entry);
        }
        if own || to.instance != instance {
            self.handles
                .table(self.plan, self.maps, &mut self.code, to.instance);
            let add = first_glue + self.handles.add;
            self.sink()
                .local_get(value)
                .i32_const(resource.0 as i32 + 1)
                .i32_const(own.into())
                .call(add)
                .local_set(value);
            if !own {
                let borrows = self.maps.globals.borrows[&to.instance];
                self.sink()
                    .global_get(borrows)
                    .i32_const(1)
                    .i32_add()
                    .global_set(borrows);
            }
        }
        self.before_store(to, target)?;
        self.sink().local_get(value);
        self.store(&word, target);
        Ok(())
    }

    /// Starts counting the borrowed handles that the callee gets.
    fn begin_borrows(&mut self, ty: &abi::FuncType, callee: &Side) -> Option<(u32, u32)> {
        let any = ty.params.any(&|ty| matches!(ty, Type::Borrow(_)));
        let global = *self.maps.globals.borrows.get(&callee.instance)?;
        if !any {
            return None;
        }
        let saved = self.local(ValType::I32);
        self.sink()
            .global_get(global)
            .local_set(saved)
            .i32_const(0)
            .global_set(global);
        Some((global, saved))
    }

    /// The callee must have dropped what it borrowed; the caller's handles are free again.
    fn end_borrows(&mut self, counter: Option<(u32, u32)>, _caller: &Side) -> Result<()> {
        if let Some((global, saved)) = counter {
            self.sink().global_get(global);
            self.trap_if();
            self.sink().local_get(saved).global_set(global);
        }
        for entry in std::mem::take(&mut self.lent) {
            self.handles
                .unlend(self.plan, self.maps, &mut self.code, entry);
        }
        Ok(())
    }
}

fn memory(side: &Side) -> Result<&Access> {
    match &side.access {
        Some(access) => Ok(access),
        None => bail!("a value is passed in memory, but there is no memory option"),
    }
}

/// A part of a value: at `offset` of its memory form, the next `width` of its flat form.
fn part(place: &Place, offset: u32, at: &mut usize, width: usize) -> Place {
    match place {
        Place::Flat(locals) => {
            let start = *at;
            *at += width;
            Place::Flat(locals[start..start + width].to_vec())
        }
        Place::Memory {
            pointer,
            offset: start,
        } => Place::Memory {
            pointer: *pointer,
            offset: start + offset,
        },
    }
}

/// What a fused call of these options and this type is not able to do yet.
pub fn refused(ty: &abi::FuncType, lower: &CanonOptions, lift: &CanonOptions) -> Option<String> {
    for options in [lower, lift] {
        if let Some(option) = options.unsupported {
            return Some(format!("the canonical option {option} is not supported"));
        }
    }
    let any = |test: &dyn Fn(&Type) -> bool| {
        ty.params.any(test) || ty.result.as_ref().is_some_and(|ty| ty.any(test))
    };
    if any(&|ty| *ty == Type::String) {
        for options in [lower, lift] {
            if options.encoding != StringEncoding::Utf8 {
                return Some(format!(
                    "string-encoding={} between components is not supported yet",
                    options.encoding.name()
                ));
            }
        }
    }
    let in_list = |ty: &Type| match ty {
        Type::List(element) => element.any(&|ty| matches!(ty, Type::Borrow(_))),
        _ => false,
    };
    if any(&in_list) {
        return Some("borrowed handles in lists are not supported yet".to_string());
    }
    None
}
