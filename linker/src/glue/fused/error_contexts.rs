//! Error contexts: `CanonicalABI.md`, "canon error-context.new" and what follows it.
//!
//! A host may keep another message than the one it is given, or none. A flat module keeps none, so that an error
//! context is a handle and nothing behind it.

use anyhow::Result;
use wasm_encoder::{Function, ValType};

use super::encoder::{Fused, Place, Side};
use crate::abi::Type;
use crate::glue::callee::check_may_leave;
use crate::maps::{Glue, Maps};
use crate::plan::Plan;
use crate::resolve::{CanonId, CanonOptions, ComponentInstanceId, StringEncoding};

/// The type of handles.
const ERROR_CONTEXT: i32 = 0x4000_0002;

/// `error-context.new`: `(pointer, length) -> handle`.
pub fn new(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Function {
    let instance = plan.program.canons[id.0 as usize].instance;
    let mut fused = begin(glue, plan, maps, id);
    fused.new_error_context(instance);
    fused.finish()
}

/// `error-context.debug-message`: `(handle, pointer)`. The message is empty.
///
/// # Errors
///
/// Without a memory, which the validator wants.
pub fn debug_message(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    options: &CanonOptions,
) -> Result<Function> {
    let (handle, pointer) = (0, 1);
    let instance = plan.program.canons[id.0 as usize].instance;
    let mut fused = begin(glue, plan, maps, id);
    fused.find_error_context(instance, handle);
    let guest = fused.guest(options, instance);
    fused.check_pointer(&guest, pointer, &Type::String)?;
    // What a `realloc` gives for no bytes is anything that is aligned; guests do not free it.
    let dangling = match options.encoding {
        StringEncoding::Utf8 => 1,
        StringEncoding::Utf16 | StringEncoding::Latin1Utf16 => 2,
    };
    let (start, length) = (fused.local(ValType::I32), fused.local(ValType::I32));
    fused
        .sink()
        .i32_const(dangling)
        .local_set(start)
        .i32_const(0)
        .local_set(length);
    fused.store_range(&guest, &Place::at(pointer), start, length)?;
    Ok(fused.finish())
}

/// `error-context.drop`: `(handle)`.
pub fn drop(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Function {
    let instance = plan.program.canons[id.0 as usize].instance;
    let mut fused = begin(glue, plan, maps, id);
    fused.table(instance);
    let remove = maps.first_glue + glue.handles.remove;
    fused
        .sink()
        .local_get(0)
        .i32_const(ERROR_CONTEXT)
        .call(remove)
        .drop();
    fused.finish()
}

fn begin<'p, 'i, 'a>(
    glue: &'p Glue,
    plan: &'p Plan<'i, 'a>,
    maps: &'p Maps,
    id: CanonId,
) -> Fused<'p, 'i, 'a> {
    let canon = &plan.program.canons[id.0 as usize];
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    fused
}

impl Fused<'_, '_, '_> {
    /// Passes an error context on: both sides have one then.
    pub fn copy_error_context(
        &mut self,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let word = Type::Int {
            bits: 32,
            signed: false,
        };
        let value = self.local(ValType::I32);
        self.load(&word, from, source)?;
        self.sink().local_set(value);
        self.find_error_context(from.party.instance, value);
        self.new_error_context(to.party.instance);
        self.sink().local_set(value);
        self.before_store(to, target)?;
        self.sink().local_get(value);
        self.store(&word, to, target)
    }

    /// Leaves the handle of a new error context.
    fn new_error_context(&mut self, instance: ComponentInstanceId) {
        self.table(instance);
        let add = self.maps.first_glue + self.handles.add;
        self.sink()
            .i32_const(0)
            .i32_const(ERROR_CONTEXT)
            .i32_const(1)
            .call(add);
    }

    /// Traps unless a local has the handle of an error context.
    fn find_error_context(&mut self, instance: ComponentInstanceId, handle: u32) {
        self.table(instance);
        let find = self.maps.first_glue + self.handles.find;
        self.sink()
            .local_get(handle)
            .i32_const(ERROR_CONTEXT)
            .call(find)
            .drop();
    }

    fn table(&mut self, instance: ComponentInstanceId) {
        self.handles
            .table(self.plan, self.maps, &mut self.code, instance);
    }
}
