//! What of exceptions the host would have to know, or cannot be a number.

use wasmparser::{ExternalKind, FuncType, RefType, TypeRef, ValType};

use super::finding::{Finding, Place};
use super::needs::Needs;
use super::survey::{global_types, table_types};
use crate::features::is_exception;
use crate::parse::module::{Items, Module};

/// What stands in the way of lowering exceptions.
pub fn unlowered(module: &Module<'_>, needs: &Needs, found: &mut Vec<Finding>) {
    if !needs.exceptions {
        return;
    }
    let mut add = |what: String, offset: u64| {
        let place = Some(Place::outside(offset));
        found.push(Finding::lacking("exception-handling", &what, place));
    };
    let start = module.range.start as u64;
    for import in &module.imports {
        let what = match import.ty {
            TypeRef::Tag(_) => "is a tag",
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) if has_exn(&module.types[ty as usize]) => {
                "has references to exceptions in its type"
            }
            TypeRef::Global(ty) if is_exn(ty.content_type) => "is a reference to an exception",
            _ => continue,
        };
        add(
            format!(
                "the import {}.{} {what}, which the host would have to know",
                import.module, import.name
            ),
            import.offset,
        );
    }
    let globals: Vec<ValType> = global_types(module).collect();
    let mut exports: Vec<_> = module.exports.iter().collect();
    exports.sort_by_key(|(name, _)| **name);
    for (name, &(kind, index)) in exports {
        let what = match kind {
            ExternalKind::Func if has_exn(module.func_type(index)) => {
                "has references to exceptions in its type"
            }
            ExternalKind::Global if is_exn(globals[index as usize]) => {
                "is a reference to an exception"
            }
            _ => continue,
        };
        add(
            format!("the export {name} {what}, which the host would have to know"),
            start,
        );
    }
    let in_table = table_types(module).any(|ty| is_exn(ty.element_type.into()));
    let in_segment = module
        .elements
        .iter()
        .find(|element| matches!(element.items, Items::Expressions(ty, _) if is_exn(ty.into())));
    if in_table || in_segment.is_some() {
        let offset = in_segment.map_or(start, |element| element.offset);
        let what = "a table has references to exceptions, which are no entries of a table any more";
        add(what.to_string(), offset);
    }
    for &tag in &module.tags {
        let ty = &module.types[tag as usize];
        if !can_travel(ty) {
            add(
                format!(
                    "a tag has the type {ty}: of references, only funcref and externref can be thrown"
                ),
                start,
            );
        }
    }
}

fn is_exn(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if is_exception(ty.heap_type()))
}

fn has_exn(ty: &FuncType) -> bool {
    ty.params().iter().chain(ty.results()).any(|ty| is_exn(*ty))
}

/// Whether the values of a tag can be in globals.
fn can_travel(ty: &FuncType) -> bool {
    ty.params().iter().all(|ty| match ty {
        ValType::Ref(ty) => matches!(*ty, RefType::FUNCREF | RefType::EXTERNREF),
        _ => true,
    })
}
