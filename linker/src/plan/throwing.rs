//! What may be thrown in a program, and how it is caught.

use std::collections::BTreeMap;

use wasmparser::{FuncType, Operator, WasmFeatures};

use super::live::Live;
use crate::features::FeatureSet;
use crate::parse::Input;
use crate::resolve::{CoreDef, FuncDef, InstanceId, Program};
use crate::statics::reach::{Reached, reaches};

/// The instructions that catch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `try` and `catch`, of the older proposal.
    Legacy,
    /// `try_table`.
    TryTable,
}

/// A tag that a core instance defines.
pub type Tag = (InstanceId, u32);

/// What may be thrown in a program.
#[derive(Clone, Debug, Default)]
pub struct Throwing {
    /// The instructions that the program catches with; none where nothing does.
    pub form: Option<Form>,
    guests: Guests,
}

impl Throwing {
    /// Looks at everything that is live.
    pub fn new(input: &Input<'_>, program: &Program, live: &Live) -> Throwing {
        let form = form(input, program, live);
        let guests = match form {
            Some(_) => Guests::new(program),
            None => Guests::default(),
        };
        Throwing { form, guests }
    }

    /// Whether an exception can come out of a call of `def` that something could catch.
    pub fn can(&self, input: &Input<'_>, program: &Program, def: FuncDef) -> bool {
        let throws = |reached| match reached {
            Reached::Body(id, defined) => {
                let features = program.module(input, id).refs.features(defined);
                !features.intersection(exceptions()).is_empty()
            }
            _ => false,
        };
        // What another instance throws ends at its own border.
        self.form.is_some() && reaches(input, program, [def], throws, |_| Vec::new())
    }

    /// The live tags that functions of an instance can come by.
    pub fn tags(
        &self,
        input: &Input<'_>,
        program: &Program,
        live: &Live,
        of: InstanceId,
    ) -> Vec<Tag> {
        let mut tags = Vec::new();
        for id in program.ids().filter(|&id| self.guests.same(id, of)) {
            let imported = program.module(input, id).imported_tags.len();
            let live = live.instance(id).tags.iter().enumerate().skip(imported);
            tags.extend(
                live.filter(|(_, live)| **live)
                    .map(|(at, _)| (id, at as u32)),
            );
        }
        tags
    }
}

fn exceptions() -> FeatureSet {
    FeatureSet::of(WasmFeatures::EXCEPTIONS | WasmFeatures::LEGACY_EXCEPTIONS)
}

/// What the live functions catch with. Engines do not take both in one module, so the older one is
/// for all where any function has it.
fn form(input: &Input<'_>, program: &Program, live: &Live) -> Option<Form> {
    let legacy = FeatureSet::of(WasmFeatures::LEGACY_EXCEPTIONS);
    let mut found = None;
    for id in program.ids() {
        let module = program.module(input, id);
        if module.features.intersection(exceptions()).is_empty() {
            continue;
        }
        let imported = module.imported_func_count() as usize;
        let live = &live.instance(id).funcs;
        for defined in (0..module.bodies.len()).filter(|at| live[imported + at]) {
            let features = module.refs.features(defined);
            if features.contains(legacy) {
                return Some(Form::Legacy);
            }
            if found.is_none() && !features.intersection(exceptions()).is_empty() {
                let ops = module.body(defined).get_operators_reader();
                let mut ops = ops.into_iter().flatten();
                let tries = ops.any(|op| matches!(op, Ok(Operator::TryTable { .. })));
                found = tries.then_some(Form::TryTable);
            }
        }
    }
    found
}

/// The functions with a border, each with the tags that end there.
pub type Borders = BTreeMap<(InstanceId, u32), Vec<Tag>>;

/// The types of the values of a tag.
pub fn values<'p>(input: &'p Input<'_>, program: &Program, (id, index): Tag) -> &'p FuncType {
    let module = program.module(input, id);
    let ty = module.tags[index as usize - module.imported_tags.len()];
    &module.types[ty as usize]
}

/// Which core instances share functions, tables, memories, globals or tags: exceptions pass between no
/// others.
#[derive(Clone, Debug, Default)]
struct Guests {
    /// For each instance, the first of its group.
    groups: Vec<usize>,
}

impl Guests {
    /// Joins what shares definitions.
    fn new(program: &Program) -> Guests {
        let mut groups: Vec<usize> = (0..program.instances.len()).collect();
        for (at, instance) in program.instances.iter().enumerate() {
            for arg in &instance.args {
                let (CoreDef::Func(FuncDef::Core(id, _))
                | CoreDef::Table(id, _)
                | CoreDef::Memory(id, _)
                | CoreDef::Global(id, _)
                | CoreDef::Tag(id, _)) = *arg
                else {
                    continue;
                };
                // The memory of a program without one is of no instance.
                let Some(&other) = groups.get(id.0 as usize) else {
                    continue;
                };
                let (from, to) = (groups[at].max(other), groups[at].min(other));
                for group in groups.iter_mut().filter(|group| **group == from) {
                    *group = to;
                }
            }
        }
        Guests { groups }
    }

    /// Whether two instances are of one group.
    fn same(&self, one: InstanceId, other: InstanceId) -> bool {
        self.groups[one.0 as usize] == self.groups[other.0 as usize]
    }
}
