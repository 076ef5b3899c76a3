//! The functions and resources of a world that are between the module and its host: not the runtime's.

use anyhow::{Context, Result, bail};
use p1bridge_linker::wasi::is_system;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{
    Function, IndexMap, InterfaceId, Resolve, TypeDefKind, TypeId, TypeOwner, WorldItem, WorldKey,
};

use super::Input;
use super::types::{Layout, resource};

/// What a world imports, or exports.
pub type Items = IndexMap<WorldKey, WorldItem>;

/// A function of the world with the interface that it is of.
pub struct Item<'r> {
    /// The module of the import, or what the export begins with, without the `#`.
    pub module: String,
    /// None for a function of the world itself.
    pub interface: Option<InterfaceId>,
    pub func: &'r Function,
}

impl Item<'_> {
    /// The name of an export.
    pub fn exported(&self) -> String {
        match self.module.as_str() {
            "" => self.func.name.clone(),
            module => format!("{module}#{}", self.func.name),
        }
    }
}

/// A resource of an interface or of the world itself, whose handles one side drops.
pub struct Dropped {
    pub module: String,
    pub id: TypeId,
}

/// Whether the runtime has an interface, and not the host.
fn is_of_runtime(module: &str) -> bool {
    module.starts_with("wasi:") && is_system(module)
}

/// The interfaces among imports or exports.
fn interfaces(items: &Items) -> Vec<InterfaceId> {
    let ids = items.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    });
    ids.collect()
}

/// The functions of imports or exports, as far as the module has them.
pub fn functions<'r>(
    resolve: &'r Resolve,
    items: &'r Items,
    input: &Input,
    import: bool,
) -> Vec<Item<'r>> {
    let mut found = Vec::new();
    for (key, item) in items {
        match item {
            WorldItem::Function(func) => found.push(Item {
                module: if import { "$root" } else { "" }.into(),
                interface: None,
                func,
            }),
            WorldItem::Interface { id, .. } => {
                let module = resolve.name_world_key(key);
                if is_of_runtime(&module) {
                    continue;
                }
                for func in resolve.interfaces[*id].functions.values() {
                    found.push(Item {
                        module: module.clone(),
                        interface: Some(*id),
                        func,
                    });
                }
            }
            WorldItem::Type { .. } => {}
        }
    }
    found.retain(|item| input.has(&item.module, &item.func.name, import));
    found
}

/// Refuses types that no host can have yet, by the name of the function. A flat module has no tasks: functions that are
/// async in WIT block, as `CanonicalABI.md` has it for a synchronous lift or lower.
pub fn check<'i, 'r: 'i>(
    layout: &Layout<'_>,
    items: impl IntoIterator<Item = &'i Item<'r>>,
) -> Result<()> {
    for item in items {
        let types = item.func.params.iter().map(|param| &param.ty);
        types
            .chain(&item.func.result)
            .try_for_each(|ty| layout.check(ty))
            .with_context(|| format!("{}#{}", item.module, item.func.name))?;
    }
    Ok(())
}

/// Whether a resource is the guest's: of an interface that only the module has.
pub fn is_of_guest(resolve: &Resolve, exported: &[InterfaceId], id: TypeId) -> bool {
    match resolve.types[resource(resolve, id)].owner {
        TypeOwner::Interface(id) => exported.contains(&id),
        _ => false,
    }
}

/// The resources of imports or exports.
pub fn resources(resolve: &Resolve, items: &Items) -> Vec<Dropped> {
    let mut found = Vec::new();
    for (key, item) in items {
        let (module, types) = match item {
            WorldItem::Interface { id, .. } => (
                resolve.name_world_key(key),
                resolve.interfaces[*id].types.values().copied().collect(),
            ),
            WorldItem::Type { id, .. } => ("$root".to_string(), vec![*id]),
            WorldItem::Function(_) => continue,
        };
        if is_of_runtime(&module) {
            continue;
        }
        for ty in types {
            if matches!(resolve.types[ty].kind, TypeDefKind::Resource) {
                found.push(Dropped {
                    module: module.clone(),
                    id: ty,
                });
            }
        }
    }
    found
}

/// The interfaces that only the module has.
///
/// # Errors
///
/// When both sides have one with resources.
pub fn only_exported(
    resolve: &Resolve,
    imports: &Items,
    exports: &Items,
) -> Result<Vec<InterfaceId>> {
    let (imported, exported) = (interfaces(imports), interfaces(exports));
    let has_resources = |id: &InterfaceId| {
        let mut types = resolve.interfaces[*id].types.values();
        types.any(|&ty| matches!(resolve.types[ty].kind, TypeDefKind::Resource))
    };
    let both = exported
        .iter()
        .find(|id| imported.contains(id) && has_resources(id));
    if let Some(id) = both {
        bail!(
            "{} is imported and exported, and has resources: nobody could tell the handles apart",
            resolve.id_of(*id).unwrap_or_default()
        );
    }
    Ok(exported
        .into_iter()
        .filter(|id| !imported.contains(id))
        .collect())
}

/// What a function takes and gives in core values, as letters: i, I, f, F.
pub fn core_type(resolve: &Resolve, func: &Function, import: bool) -> (String, String) {
    let variant = match import {
        true => AbiVariant::GuestImport,
        false => AbiVariant::GuestExport,
    };
    let signature = resolve.wasm_signature(variant, func);
    let letters = |types: &[WasmType]| -> String {
        let letter = |ty: &WasmType| match ty {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => 'i',
            WasmType::I64 | WasmType::PointerOrI64 => 'I',
            WasmType::F32 => 'f',
            WasmType::F64 => 'F',
        };
        types.iter().map(letter).collect()
    };
    (letters(&signature.params), letters(&signature.results))
}
