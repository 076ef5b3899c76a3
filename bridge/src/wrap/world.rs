//! Worlds: given with `--wit`, or carried by the module.

use std::path::Path;

use anyhow::{Context, Result};
use wit_component::{DecodedWasm, StringEncoding, embed_component_metadata};
use wit_parser::abi::AbiVariant;
use wit_parser::{
    Function, PackageId, PackageName, Resolve, SizeAlign, Type, WorldId, WorldItem, WorldKey,
};

use crate::guarded::guarded;

/// Functions as core imports spell them: (module, field), the module of a plain function being
/// `$root`.
pub type Names = Vec<(String, String)>;

/// A world and everything that it refers to.
#[derive(Clone, Debug)]
pub struct World {
    resolve: Resolve,
    id: WorldId,
}

impl World {
    /// Reads WIT from `path`, a directory (its packages below `deps`) or a single file.
    ///
    /// `world` may be left out when the package has only one.
    ///
    /// # Errors
    ///
    /// When the WIT cannot be read or parsed, or there is no such world.
    pub fn read(path: &Path, world: Option<&str>) -> Result<World> {
        let mut resolve = Resolve::default();
        let parse = || resolve.push_path(path);
        let (package, _) = guarded("the WIT is too much for its parser", parse)
            .with_context(|| format!("cannot read the WIT of {}", path.display()))?;
        let id = resolve
            .select_world(&[package], world)
            .with_context(|| format!("cannot find the world in {}", path.display()))?;
        Ok(World { resolve, id })
    }

    /// A copy of `module` that carries this world.
    pub(super) fn embed(&self, module: &[u8]) -> Result<Vec<u8>> {
        let mut module = module.to_vec();
        let (resolve, id) = (&self.resolve, self.id);
        guarded("it is too much for the encoder", || {
            embed_component_metadata(&mut module, resolve, id, StringEncoding::UTF8, false)
        })
        .context("cannot encode the world")?;
        Ok(module)
    }

    /// The worlds that a module carries, merged, as [`Survey::worlds`] holds them.
    ///
    /// [`Survey::worlds`]: super::survey::Survey::worlds
    pub(crate) fn carried(sections: &[u8]) -> Result<Option<World>> {
        if sections.is_empty() {
            return Ok(None);
        }
        let decode = || wit_component::metadata::decode(sections);
        let (_, bindings) = guarded("its types are not those of a world", decode)
            .context("the module's `component-type` section is broken")?;
        Ok(Some(World {
            resolve: bindings.resolve,
            id: bindings.world,
        }))
    }

    /// The world of a component; nothing for a WIT package.
    ///
    /// # Errors
    ///
    /// When its types cannot be put in WIT.
    pub(crate) fn of_component(component: &[u8]) -> Result<Option<World>> {
        const NOT_WIT: &str = "its types cannot be put in WIT";
        let decoded = guarded(NOT_WIT, || {
            wit_component::decode(component).context(NOT_WIT)
        })?;
        Ok(match decoded {
            DecodedWasm::Component(resolve, id) => Some(World { resolve, id }),
            DecodedWasm::WitPackage(..) => None,
        })
    }

    /// Everything that the world refers to, and which of its worlds it is.
    pub fn parts(&self) -> (&Resolve, WorldId) {
        (&self.resolve, self.id)
    }

    /// Everything that the world refers to, to be changed.
    pub(crate) fn resolve_mut(&mut self) -> &mut Resolve {
        &mut self.resolve
    }

    /// The functions that the world imports.
    pub(super) fn imports(&self) -> Names {
        self.items(&self.resolve.worlds[self.id].imports)
    }

    /// How many functions the world has.
    pub(super) fn functions_in_all(&self) -> usize {
        self.imports().len() + self.exports().len()
    }

    /// The functions that the world exports.
    pub(super) fn exports(&self) -> Names {
        self.items(&self.resolve.worlds[self.id].exports)
    }

    /// The functions for which the host puts values into the memory of a module with this world: those
    /// of its exports, then those of its imports, each `interface#function`.
    pub(super) fn allocating(&self) -> (Vec<String>, Vec<String>) {
        let mut sizes = SizeAlign::default();
        if sizes.fill(&self.resolve).is_err() {
            return Default::default();
        }
        let has_pointers = |ty: &Type| sizes.size(ty).pointers_to_add() > 0;
        let takes = |func: &Function| {
            let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, func);
            signature.indirect_params || func.params.iter().any(|param| has_pointers(&param.ty))
        };
        let gives = |func: &Function| func.result.as_ref().is_some_and(has_pointers);
        let world = &self.resolve.worlds[self.id];
        (
            self.functions(&world.exports, &takes),
            self.functions(&world.imports, &gives),
        )
    }

    fn functions<'a>(
        &self,
        items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>,
        which: &dyn Fn(&Function) -> bool,
    ) -> Vec<String> {
        let mut names = Vec::new();
        for (key, item) in items {
            match item {
                WorldItem::Function(func) if which(func) => names.push(func.name.clone()),
                WorldItem::Interface { id, .. } => {
                    let module = self.resolve.name_world_key(key);
                    let funcs = self.resolve.interfaces[*id].functions.values();
                    let funcs = funcs.filter(|func| which(func));
                    names.extend(funcs.map(|func| format!("{module}#{}", func.name)));
                }
                _ => {}
            }
        }
        names
    }

    fn items<'a>(&self, items: impl IntoIterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Names {
        let mut names = Vec::new();
        for (key, item) in items {
            match item {
                WorldItem::Function(func) => names.push(("$root".to_string(), func.name.clone())),
                WorldItem::Interface { id, .. } => {
                    let module = self.resolve.name_world_key(key);
                    names.extend(
                        self.resolve.interfaces[*id]
                            .functions
                            .keys()
                            .map(|func| (module.clone(), func.clone())),
                    );
                }
                WorldItem::Type { .. } => {}
            }
        }
        names
    }
}

/// Gives a package another name or version.
pub(crate) fn rename_package(resolve: &mut Resolve, package: PackageId, new: PackageName) {
    let old = std::mem::replace(&mut resolve.packages[package].name, new.clone());
    resolve.package_names.shift_remove(&old);
    resolve.package_names.insert(new, package);
}

/// What the worlds that a module carries import and export, as [`World::imports`] gives it.
pub fn carried_names(sections: &[u8]) -> Result<Option<(Names, Names)>> {
    Ok(World::carried(sections)?.map(|world| (world.imports(), world.exports())))
}
