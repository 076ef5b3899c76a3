//! Exceptions of both proposals become branches and tests, before anything else is lowered.
//!
//! | file | what it has |
//! |---|---|
//! | [`tags`] | sets of tags |
//! | [`scan`] | what a body throws, calls and catches |
//! | [`escapes`] | which exceptions come out of which functions |
//! | [`layout`] | types, globals and functions that are added |
//! | [`helpers`] | those functions |
//! | [`rewrite`], [`clauses`] | one body |
//!
//! `throw` sets globals and branches to the innermost handler, or to the end of the function. After a call
//! that may throw, one of the globals is tested. Only functions that throw, or call what throws,
//! change; every function keeps its index. What comes out may use blocks and functions with several
//! values: those are lowered after this.

mod clauses;
mod escapes;
mod helpers;
mod layout;
mod rewrite;
mod scan;
mod tags;

use std::collections::HashMap;

use anyhow::{Result, anyhow};
use wasm_encoder::{ConstExpr, GlobalSection, GlobalType, ValType};
use wasmparser::WasmFeatures;

use super::pass::{Added, PIECE, Pass, Passed, same_init, to_validate, zero};
use crate::features::FeatureSet;
use crate::findings::survey::global_types;
use crate::parallel::in_pieces;
use crate::parse::module::Module;
use layout::Layout;
use scan::is_exn;

/// Takes the exceptions out of a module.
///
/// # Errors
///
/// Fails for what cannot be lowered and is not found before.
pub fn lower(module: &Module<'_>) -> Result<Passed> {
    let globals: Vec<_> = global_types(module).collect();
    let scans = in_pieces(module.bodies.len(), PIECE, |bodies| {
        bodies
            .map(|defined| scan::scan(module, &globals, defined))
            .collect::<Result<Vec<_>>>()
    });
    let scans: Vec<Vec<_>> = scans.into_iter().collect::<Result<_>>()?;
    let layout = Layout::new(module, scans.into_iter().flatten().collect())?;
    let exceptions = FeatureSet::of(WasmFeatures::EXCEPTIONS | WasmFeatures::LEGACY_EXCEPTIONS);
    let wants_types =
        (layout.scans.iter()).any(|scan| scan.needs_types || scan.drops && !layout.narrow);
    let types = match wants_types {
        true => to_validate(module)?,
        false => Vec::new(),
    };
    let warnings = match layout.open_table {
        true => vec![
            "the host can call functions through a table: what one of them throws does not trap \
             there, as it does where the host calls an export"
                .to_string(),
        ],
        false => Vec::new(),
    };
    pass(&layout)?.finish(
        done(&layout),
        warnings,
        |defined, dwarf, out| match rewrite::changes(&layout, exceptions, defined) {
            true => rewrite::body(&layout, defined, types.get(defined), dwarf, out).map(Some),
            false => Ok(None),
        },
    )
}

/// Everything but the bodies.
fn pass<'m, 'a>(layout: &Layout<'m, 'a>) -> Result<Pass<'m, 'a>> {
    let module = layout.module;
    let added = layout.helpers.iter().map(|&helper| Added {
        ty: layout.helper_type_index(helper),
        name: helper.name(layout),
        body: helper.function(layout).into_raw_body(),
    });
    let mut global_names = vec![(layout.pending, "p1bridge:exception".to_string())];
    for (at, _) in layout.payload.iter().enumerate() {
        let name = format!("p1bridge:exception value {at}");
        global_names.push((layout.pending + 1 + at as u32, name));
    }
    let exported: HashMap<u32, u32> = (0..module.func_types.len() as u32)
        .map(|func| (func, layout.bordered(func)))
        .filter(|(func, bordered)| func != bordered)
        .collect();
    Ok(Pass {
        module,
        types: layout.types.to_vec(),
        added: added.collect(),
        globals: global_section(layout)?,
        global_names,
        exported,
        without_tags: true,
        // References become other values, and move what comes behind them.
        keeps_locals: layout.narrow && module.types.iter().all(|ty| !scan::has_exn(ty)),
    })
}

/// What was done, for people.
fn done(layout: &Layout<'_, '_>) -> Vec<String> {
    let imported = layout.module.imported_func_count();
    let all = layout.module.bodies.len();
    let throw = (imported..imported + all as u32)
        .filter(|func| !layout.escapes.of(*func).is_empty())
        .count();
    vec![format!(
        "exceptions became branches: they can come out of {throw} of {all} functions"
    )]
}

fn global_section(layout: &Layout<'_, '_>) -> Result<GlobalSection> {
    let mut section = GlobalSection::new();
    let zero_of = |ty: ValType| {
        let mut code = Vec::new();
        let known = zero(ty, &mut wasm_encoder::InstructionSink::new(&mut code));
        known
            .then(|| ConstExpr::raw(code))
            .ok_or_else(|| anyhow!("a global is a reference that cannot be null"))
    };
    for global in &layout.module.globals {
        let exn = is_exn(global.ty.content_type);
        let ty = GlobalType {
            val_type: layout.values(&[global.ty.content_type])?[0],
            mutable: global.ty.mutable,
            shared: global.ty.shared,
        };
        let init = match exn {
            // There is no other value that it could begin with than null.
            true => zero_of(ty.val_type)?,
            false => same_init(&global.init)?,
        };
        section.global(ty, &init);
    }
    let added = [ValType::I32];
    let added = added
        .iter()
        .chain(&layout.payload)
        .chain(&layout.split_types);
    for &val_type in added {
        let ty = GlobalType {
            val_type,
            mutable: true,
            shared: false,
        };
        section.global(ty, &zero_of(val_type)?);
    }
    Ok(section)
}
