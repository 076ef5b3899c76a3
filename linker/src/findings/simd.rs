//! What of vectors the host would have to know.

use wasmparser::{ExternalKind, FuncType, TypeRef, ValType};

use super::finding::{Finding, Place};
use super::needs::Needs;
use super::survey::global_types;
use crate::parse::module::Module;

/// What stands in the way of lowering vectors.
pub fn unlowered(module: &Module<'_>, needs: &Needs, found: &mut Vec<Finding>) {
    if !needs.simd {
        return;
    }
    let mut add = |what: String, offset: u64| {
        let what =
            format!("{what}, which the host would have to know: pass it in memory, or as numbers");
        found.push(Finding::lacking(
            "simd128",
            &what,
            Some(Place::outside(offset)),
        ));
    };
    for import in &module.imports {
        let what = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty)
                if has_vector(&module.types[ty as usize]) =>
            {
                "has a vector in its type"
            }
            TypeRef::Global(ty) if ty.content_type == ValType::V128 => "is a vector",
            _ => continue,
        };
        let (from, name) = (import.module, import.name);
        add(format!("the import {from}.{name} {what}"), import.offset);
    }
    let globals: Vec<ValType> = global_types(module).collect();
    let mut exports: Vec<_> = module.exports.iter().collect();
    exports.sort_by_key(|(name, _)| **name);
    for (name, &(kind, index)) in exports {
        let what = match kind {
            ExternalKind::Func if has_vector(module.func_type(index)) => "has a vector in its type",
            ExternalKind::Global if globals[index as usize] == ValType::V128 => "is a vector",
            _ => continue,
        };
        add(
            format!("the export {name} {what}"),
            module.range.start as u64,
        );
    }
}

fn has_vector(ty: &FuncType) -> bool {
    let mut all = ty.params().iter().chain(ty.results());
    all.any(|ty| *ty == ValType::V128)
}
