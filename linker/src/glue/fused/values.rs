//! Values on their way from one side of a call to the other.
//!
//! `CanonicalABI.md`, "Loading", "Storing", "Flat Lifting" and "Flat Lowering", each pair of them
//! in one step.

use anyhow::Result;
use wasm_encoder::{BlockType, MemArg, MemArgTarget, ValType};

use super::encoder::{Fused, Place, Side, core_type, memory};
use crate::abi::{self, Type, field_offsets};
use crate::memory::bulk::advance;
use crate::memory::traps::Trap;
use crate::resolve::EndType;

/// `MAX_LIST_BYTE_LENGTH` and `MAX_STRING_BYTE_LENGTH`.
pub const MAX_BYTES: i64 = (1 << 28) - 1;

impl Fused<'_, '_, '_> {
    /// Moves one value.
    pub fn copy(
        &mut self,
        ty: &Type,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        if !self.is_shallow && self.copy_apart(ty, from, source, to, target) {
            return Ok(());
        }
        self.copy_here(ty, from, source, to, target)
    }

    /// Moves one value by code that is written here.
    pub fn copy_here(
        &mut self,
        ty: &Type,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        self.fits()?;
        if self.copy_words(ty, (from, source), (to, target))? {
            return Ok(());
        }
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
            Type::List(_) | Type::String if self.is_shallow => {
                let (pointer, length) = self.load_range(from, source)?;
                self.store_range(to, target, pointer, length)
            }
            Type::Own(_) | Type::Borrow(_) if self.is_shallow => {
                self.before_store(to, target)?;
                self.load(ty, from, source)?;
                self.store(ty, to, target)
            }
            Type::List(element) => self.copy_list(element, from, source, to, target),
            Type::String => self.copy_string(from, source, to, target),
            Type::Own(resource) => self.copy_handle(*resource, true, from, source, to, target),
            Type::Borrow(resource) => self.copy_handle(*resource, false, from, source, to, target),
            Type::Stream(_) | Type::Future(_) if let Some(end) = EndType::of(ty) => {
                self.copy_end(&end, from, source, to, target)
            }
            Type::ErrorContext => self.copy_error_context(from, source, to, target),
            scalar => {
                self.before_store(to, target)?;
                self.load(scalar, from, source)?;
                self.store(scalar, to, target)
            }
        }
    }

    /// Leaves the address to store to on the stack, when the target is in memory.
    pub fn before_store(&mut self, side: &Side, target: &Place) -> Result<()> {
        match target {
            Place::Memory { pointer, .. } => self.address(side, *pointer),
            Place::Flat(_) => Ok(()),
        }
    }

    /// Leaves a scalar on the stack, brought into the range of its type.
    pub fn load(&mut self, ty: &Type, side: &Side, source: &Place) -> Result<()> {
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
                let at = slot(side, *offset)?;
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
                self.sink()
                    .i32_const(((1u32 << labels) - 1) as i32)
                    .i32_and();
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
                self.trap_if(Trap::Char);
                self.sink().local_get(char);
            }
            _ => {}
        }
        Ok(())
    }

    /// Stores the scalar on the stack; the address is below it when the target is in memory.
    pub fn store(&mut self, ty: &Type, side: &Side, target: &Place) -> Result<()> {
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
                let at = slot(side, *offset)?;
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
        Ok(())
    }

    fn copy_variant(
        &mut self,
        cases: &[Option<Type>],
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let case = self.load_case(cases, from, source)?;
        self.before_store(to, target)?;
        self.sink().local_get(case);
        self.store(&tag(cases, target), to, target)?;
        if let (Place::Flat(locals), Place::Flat(targets)) = (source, target)
            && self.choose_payload(cases, case, &locals[1..], &targets[1..])
        {
            return Ok(());
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
        self.each_case(cases, case, |fused, ty| {
            let width = ty.flat().len();
            let source = part(source, payload, &mut 1, width);
            let target = part(target, payload, &mut 1, width);
            fused.copy(ty, from, &source, to, &target)
        })
    }

    /// A local with the case of a variant, which is one of those that there are.
    pub fn load_case(&mut self, cases: &[Option<Type>], side: &Side, place: &Place) -> Result<u32> {
        let case = self.local(ValType::I32);
        self.load(&tag(cases, place), side, place)?;
        self.sink()
            .local_tee(case)
            .i32_const(cases.len() as i32)
            .i32_ge_u();
        self.trap_if(Trap::Discriminant);
        Ok(case)
    }

    /// Does something for the payload of the case whose number is in a local.
    pub fn each_case(
        &mut self,
        cases: &[Option<Type>],
        case: u32,
        mut with: impl FnMut(&mut Self, &Type) -> Result<()>,
    ) -> Result<()> {
        for (at, ty) in cases.iter().enumerate() {
            let Some(ty) = ty else { continue };
            self.sink()
                .local_get(case)
                .i32_const(at as i32)
                .i32_eq()
                .if_(BlockType::Empty);
            with(self, ty)?;
            self.sink().end();
        }
        Ok(())
    }

    /// Locals with the pointer and the length of a list or string, which nobody may set.
    pub fn load_range(&mut self, from: &Side, source: &Place) -> Result<(u32, u32)> {
        if let (Place::Flat(locals), None) = (source, from.host)
            && let [pointer, length] = locals[..]
            && [pointer, length].map(|local| self.local_type(local)) == [ValType::I32; 2]
        {
            return Ok((pointer, length));
        }
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
        Ok((self.copied_from_host(from, pointer, Some(length)), length))
    }

    pub fn store_range(
        &mut self,
        to: &Side,
        target: &Place,
        pointer: u32,
        length: u32,
    ) -> Result<()> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let mut at = 0;
        for (local, offset) in [(pointer, 0), (length, 4)] {
            let place = part(target, offset, &mut at, 1);
            self.before_store(to, &place)?;
            match local == pointer {
                true => self.give_pointer(to, pointer)?,
                false => {
                    self.sink().local_get(local);
                }
            }
            self.store(&word, to, &place)?;
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
        let align = element.align();
        let bytes = self.list_bytes(length, element.size());
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(from, pointer, align, Trap::List)?;
        let new = self.local(ValType::I32);
        self.allocate(to, align, bytes, new)?;
        self.copy_elements(element, (from, pointer), (to, new), bytes)?;
        self.store_range(to, target, new, length)
    }

    /// Moves elements that lie one behind the other and take so many bytes; nobody may set the locals.
    pub fn copy_elements(
        &mut self,
        element: &Type,
        (from, pointer): (&Side, u32),
        (to, new): (&Side, u32),
        bytes: u32,
    ) -> Result<()> {
        let size = element.size();
        if element.is_plain() {
            self.address(to, new)?;
            self.address(from, pointer)?;
            self.sink().local_get(bytes);
            self.move_bytes(to, from)?;
        } else if size > 0 {
            let end = self.local(ValType::I32);
            let from_element = self.local(ValType::I32);
            let to_element = self.local(ValType::I32);
            self.sink()
                .local_get(pointer)
                .local_tee(from_element)
                .local_get(bytes)
                .i32_add()
                .local_set(end)
                .local_get(new)
                .local_set(to_element);
            let scalars = self.scalars(element);
            if let Some(scalars) = scalars.filter(|scalars| !scalars.goes_on()) {
                self.copy_scalars(scalars, (from, from_element), (to, to_element), end)?;
            }
            self.sink().block(BlockType::Empty).loop_(BlockType::Empty);
            if let Some(scalars) = scalars.filter(|scalars| scalars.goes_on()) {
                self.copy_scalars(scalars, (from, from_element), (to, to_element), end)?;
            }
            self.sink()
                .local_get(from_element)
                .local_get(end)
                .i32_eq()
                .br_if(1);
            let source = Place::Memory {
                pointer: from_element,
                offset: 0,
            };
            let target = Place::Memory {
                pointer: to_element,
                offset: 0,
            };
            self.lists += 1;
            self.copy(element, from, &source, to, &target)?;
            self.lists -= 1;
            for element in [from_element, to_element] {
                advance(&mut self.sink(), element, size as i32);
            }
            self.sink().br(0).end().end();
        }
        Ok(())
    }

    /// A local with the bytes of a list, which may be that of its length; a list that is too long
    /// traps.
    pub fn list_bytes(&mut self, length: u32, size: u32) -> u32 {
        if size > 0 {
            self.sink()
                .local_get(length)
                .i32_const((MAX_BYTES / i64::from(size)) as i32)
                .i32_gt_u();
            self.trap_if(Trap::TooLong);
        }
        if size == 1 {
            return length;
        }
        let bytes = self.local(ValType::I32);
        self.sink()
            .local_get(length)
            .i32_const(size as i32)
            .i32_mul()
            .local_set(bytes);
        bytes
    }
}

/// The type of a discriminant: a flat one is compared as it is, before it could be masked.
pub fn tag(cases: &[Option<Type>], place: &Place) -> Type {
    Type::Int {
        bits: match place {
            Place::Flat(_) => 32,
            Place::Memory { .. } => abi::discriminant_size(cases.len()) * 8,
        },
        signed: false,
    }
}

/// A part of a value: at `offset` of its memory form, the next `width` of its flat form.
pub fn part(place: &Place, offset: u32, at: &mut usize, width: usize) -> Place {
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

/// Where an instruction goes that is `offset` bytes from an address of a side, by its alignment.
fn slot(side: &Side, offset: u32) -> Result<impl Fn(u32) -> MemArg + use<>> {
    let memory = memory(side)?.memory;
    Ok(move |align| MemArg {
        offset: offset.into(),
        align,
        target: MemArgTarget::Memory(memory),
        ordering: None,
    })
}
