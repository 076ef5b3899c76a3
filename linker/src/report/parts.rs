//! What the memory of a module is used for: its stack, its data, and what is left for its heap.

use serde::Serialize;
use wasmparser::{Operator, ValType};

use crate::parse::constant;
use crate::parse::module::Module;

/// The stack and the data of a module, as its linker has laid them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Parts {
    /// Where the stack begins, and its bytes; 0 where none is seen.
    pub stack_at: u32,
    pub stack: u32,
    /// Where the data begins, and where it ends; what is zero at the start is not among it.
    pub data_at: u32,
    pub data_end: u32,
}

impl Parts {
    /// Reads them from the active data segments of a memory and the pointer of the stack, which
    /// `wasm-ld` makes the first global.
    pub fn of(module: &Module<'_>, memory: u32) -> Parts {
        let mut parts = Parts {
            data_at: u32::MAX,
            ..Parts::default()
        };
        for data in &module.data {
            if let Some((of, offset)) = &data.active
                && *of == memory
                && let Some(constant::Value::I32(start)) = constant::of_module(module, offset)
            {
                let start = start as u32;
                parts.data_at = parts.data_at.min(start);
                let end = start.saturating_add(data.bytes.len() as u32);
                parts.data_end = parts.data_end.max(end);
            }
        }
        parts.data_at = parts.data_at.min(parts.data_end);
        if let Some(top) = stack_pointer(module) {
            // The stack grows down from there, to the data or to address 0.
            let below = match parts.data_end > 0 && parts.data_end <= top {
                true => parts.data_end.next_multiple_of(16).min(top),
                false => 0,
            };
            parts.stack_at = below;
            parts.stack = top - below;
        }
        parts
    }

    /// The same without so many bytes of a stack that lies below the data, by addresses from there up.
    pub fn without_stack(self, bytes: u32) -> Parts {
        match bytes {
            0 => self,
            _ => Parts {
                stack_at: 0,
                stack: 0,
                data_at: self.data_at - self.data_at.min(bytes),
                data_end: self.data_end - self.data_end.min(bytes),
            },
        }
    }
}

/// The initial value of the global that has the name, or is the first and can be it. One of the names is that of a global
/// which nobody writes: tasks have the pointer in their context.
fn stack_pointer(module: &Module<'_>) -> Option<u32> {
    let of = |wanted| module.global_names.iter().find(|(_, name)| *name == wanted);
    let named = of("__stack_pointer").or(of("__init_stack_pointer"));
    let index = named.map_or(module.imported_globals.len() as u32, |(index, _)| *index);
    let defined = (index as usize).checked_sub(module.imported_globals.len())?;
    let global = module.globals.get(defined)?;
    let written = named.is_none_or(|(_, name)| *name == "__stack_pointer");
    if global.ty.mutable != written || global.ty.content_type != ValType::I32 {
        return None;
    }
    match global.init.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) if value > 0 && value % 16 == 0 => Some(value as u32),
        _ => None,
    }
}
