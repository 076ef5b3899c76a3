//! Exported resources whose handles the host has.
//!
//! A component that is made of a flat module has a handle table of its own. What the module asks it
//! for has the names that `wit-component` gives it: `[resource-new]`, `[resource-rep]` and
//! `[resource-drop]` of the module `[export]INTERFACE`, and the export `INTERFACE#[dtor]RESOURCE`
//! (`BuildTargets.md` of the component model has them in another spelling).

pub mod tasks;

use crate::resolve::{ExportItem, Program, Resource};

/// Makes the resources that the root exports in interfaces resources of the host.
pub fn hand_over(program: &mut Program) {
    for export in &program.exports {
        let ExportItem::Instance(items) = &export.item else {
            continue;
        };
        for (name, item) in items {
            let ExportItem::Type(Some(id)) = item else {
                continue;
            };
            // One that is exported under several names has the handles of the first.
            let resource = &mut program.resources[id.0 as usize];
            let Resource::Defined { destructor, .. } = *resource else {
                continue;
            };
            if let Some(destructor) = destructor {
                let export = format!("{}#[dtor]{name}", export.name);
                program.destructors.push((export, destructor));
            }
            *resource = Resource::Imported {
                interface: Some(format!("[export]{}", export.name)),
                name: name.clone(),
            };
        }
    }
}
