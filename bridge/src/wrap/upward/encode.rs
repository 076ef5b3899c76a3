//! The component: the definitions of the skeleton in their order, and the core modules between them.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use p1bridge_linker::weave::Upward;
use p1bridge_linker::wrapped::{MEMORY, ON_PROGRAM, ON_STATE, SECTION, STATE, Woven, hash};

use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentInstanceSection, ComponentSection, ComponentTypeSection,
    ComponentValType, CustomSection, ExportKind, InstanceSection, ModuleArg, RawSection,
};
use wasmparser::{CanonicalFunction, CanonicalOption, ComponentType};

use super::super::Wasi;
use super::super::survey::Survey;
use super::modules::{self, memory, state};
use super::parts::{Core, Item, Parts, options};
use super::program::{self, Program, Shape, import_name};
use super::skeleton::{self, meant};

/// The interface of a command.
const RUN_0_2: &str = "wasi:cli/run@0.2.0";
const RUN_0_3: &str = "wasi:cli/run@0.3.0";

/// Encodes the component of a woven module. `survey` is of that module; `runs` says of which WASI the command is that it is.
///
/// # Errors
///
/// When a value passes for which the program has no `cabi_realloc`, and when the skeleton is not as expected.
pub fn component(
    skeleton: &[u8],
    survey: &Survey<'_>,
    woven: &Upward,
    runs: Option<Wasi>,
) -> Result<Vec<u8>> {
    let parts = Parts::of(skeleton)?;
    let uses = Uses::of(&parts, survey, runs)?;
    let program = program::make(&woven.wasm, &uses.shape(), &import_names(survey))?;
    let mut out = Encoder {
        parts: &parts,
        survey,
        uses: &uses,
        program: &program,
        out: Component::new(),
        sections: Pending::None,
        modules: 0,
        instances: 0,
        functions: 0,
        memories: 0,
        has_memories: false,
        of_memory: None,
        of_state: None,
        of_program: None,
        steered: None,
        realloc: None,
        destructors: BTreeMap::new(),
        exports: BTreeMap::new(),
    };
    for item in &parts.items {
        out.item(item)?;
    }
    out.program()?;
    if let Some((name, _)) = &program.run {
        out.run(name);
    }
    let main = u32::from(out.of_memory.is_some()) + u32::from(out.of_state.is_some());
    out.flush();
    let woven = Woven::new(
        main,
        hash(program.sections.parts()),
        program.run.as_ref().map(|(_, start)| *start),
        (woven.own_functions, woven.own_globals),
        &woven.functions,
    )?;
    out.out.section(&CustomSection {
        name: SECTION.into(),
        data: woven.encode().into(),
    });
    Ok(out.out.finish())
}

/// What of the program and around it is needed.
struct Uses<'a> {
    /// The exports of the program that are named: by lifts, as `realloc`, as destructors.
    exports: Vec<&'a str>,
    /// Functions of the program that are called by way of slots: `realloc` first, if it is.
    slots: Vec<&'a str>,
    has_realloc: bool,
    runs: Option<Wasi>,
}

impl<'a> Uses<'a> {
    fn of(parts: &Parts<'a>, survey: &Survey<'_>, runs: Option<Wasi>) -> Result<Uses<'a>> {
        let mut exports: Vec<&'a str> = Vec::new();
        let mut has_realloc = false;
        let mut name = |index: u32| -> Result<()> {
            match parts.really(index)? {
                Core::Program(skeleton::REALLOC) => {}
                Core::Program(name) => exports.push(name),
                _ => bail!("a function is lifted that is not the program's"),
            }
            Ok(())
        };
        for item in &parts.items {
            let Item::Lift(lift) = item else { continue };
            if let CanonicalFunction::Lift {
                core_func_index, ..
            } = lift
            {
                name(*core_func_index)?;
            }
            for option in options(lift) {
                match option {
                    CanonicalOption::PostReturn(index) | CanonicalOption::Callback(index) => {
                        name(*index)?;
                    }
                    CanonicalOption::Realloc(_) => has_realloc = true,
                    _ => {}
                }
            }
        }
        for import in &survey.imports {
            if meant(import.module, import.name).is_some() && !is_of_library(import.module) {
                let canon = parts.import(import.module, import.name)?;
                let mut options = options(canon).iter();
                has_realloc |= options.any(|o| matches!(o, CanonicalOption::Realloc(_)));
            }
        }
        let mut slots = Vec::new();
        if has_realloc {
            slots.push(skeleton::REALLOC);
            exports.push(skeleton::REALLOC);
            if !survey.exports_func(skeleton::REALLOC) {
                bail!("the module does not export `{}`", skeleton::REALLOC);
            }
        }
        for (_, destructor) in parts.destructors()? {
            slots.push(destructor);
            exports.push(destructor);
        }
        Ok(Uses {
            exports,
            slots,
            has_realloc,
            runs,
        })
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            exports: self.exports.iter().copied().collect(),
            runs: self.runs.is_some(),
            starts_late: !self.slots.is_empty(),
        }
    }
}

/// The names of imports: those of the library are in capitals.
fn import_names(survey: &Survey<'_>) -> Vec<String> {
    let imports = survey.imports.iter().enumerate();
    let name = |(at, import): (usize, &wasmparser::Import<'_>)| {
        let name = import_name(at);
        match meant(import.module, import.name).is_none() || is_of_library(import.module) {
            true => name.to_uppercase(),
            false => name,
        }
    };
    imports.map(name).collect()
}

/// Whether an import is one of the library.
fn is_of_library(module: &str) -> bool {
    module.starts_with(ON_PROGRAM) || module.starts_with(ON_STATE)
}

fn has_destructor(ty: &ComponentType<'_>) -> bool {
    matches!(ty, ComponentType::Resource { dtor: Some(_), .. })
}

/// The section that definitions are added to.
enum Pending {
    None,
    Alias(ComponentAliasSection),
    Canon(CanonicalFunctionSection),
    Core(InstanceSection),
}

struct Encoder<'e, 'a> {
    parts: &'e Parts<'a>,
    survey: &'e Survey<'e>,
    uses: &'e Uses<'a>,
    program: &'e Program<'e>,
    out: Component,
    sections: Pending,
    modules: u32,
    instances: u32,
    functions: u32,
    memories: u32,
    /// Whether the modules with memories are there.
    has_memories: bool,
    /// The instances of the modules, and their memories.
    of_memory: Option<(u32, u32)>,
    of_state: Option<(u32, u32)>,
    of_program: Option<u32>,
    /// Functions that allocate: what the library has said; by the program.
    steered: Option<u32>,
    realloc: Option<u32>,
    /// Destructors, by their index in the skeleton.
    destructors: BTreeMap<u32, u32>,
    /// Exports of the program that have an index.
    exports: BTreeMap<String, u32>,
}

impl<'e, 'a> Encoder<'e, 'a> {
    fn flush(&mut self) {
        match std::mem::replace(&mut self.sections, Pending::None) {
            Pending::None => {}
            Pending::Alias(section) => {
                self.out.section(&section);
            }
            Pending::Canon(section) => {
                self.out.section(&section);
            }
            Pending::Core(section) => {
                self.out.section(&section);
            }
        }
    }

    fn alias(&mut self, alias: Alias<'_>) {
        if !matches!(self.sections, Pending::Alias(_)) {
            self.flush();
            self.sections = Pending::Alias(ComponentAliasSection::new());
        }
        if let Pending::Alias(section) = &mut self.sections {
            section.alias(alias);
        }
    }

    /// Gives an export of a core instance an index.
    fn core_alias(&mut self, instance: u32, kind: ExportKind, name: &str) -> u32 {
        self.alias(Alias::CoreInstanceExport {
            instance,
            kind,
            name,
        });
        let count = match kind {
            ExportKind::Memory => &mut self.memories,
            _ => &mut self.functions,
        };
        *count += 1;
        *count - 1
    }

    /// Gives a function of the canonical ABI, as it is in the skeleton, with another memory and other functions.
    fn canon(&mut self, canon: &CanonicalFunction, remap: &mut Remap<'_>) -> Result<()> {
        if !matches!(self.sections, Pending::Canon(_)) {
            self.flush();
            self.sections = Pending::Canon(CanonicalFunctionSection::new());
        }
        if let Pending::Canon(section) = &mut self.sections {
            remap.parse_component_canonical(section, canon.clone())?;
        }
        Ok(())
    }

    fn core(&mut self) -> &mut InstanceSection {
        if !matches!(self.sections, Pending::Core(_)) {
            self.flush();
            self.sections = Pending::Core(InstanceSection::new());
        }
        self.instances += 1;
        match &mut self.sections {
            Pending::Core(section) => section,
            _ => unreachable!("it was just made"),
        }
    }

    fn module(&mut self, wasm: &[u8]) -> u32 {
        self.module_section(&RawSection {
            id: wasm_encoder::ComponentSectionId::CoreModule.into(),
            data: wasm,
        })
    }

    fn module_section(&mut self, section: &impl ComponentSection) -> u32 {
        self.flush();
        self.out.section(section);
        self.modules += 1;
        self.modules - 1
    }

    fn instantiate(&mut self, module: u32, bag: Option<u32>) -> u32 {
        let args = bag.map(|bag| ("", ModuleArg::Instance(bag)));
        self.core().instantiate(module, args);
        self.instances - 1
    }

    /// What the library imports from one of the small modules.
    fn wanted(&self, module: &str) -> Vec<&'e str> {
        let imports = self.survey.imports.iter();
        let imports = imports.filter(|import| import.module == module);
        imports.map(|import| import.name).collect()
    }

    /// Puts the modules with memories, which everything else stands on.
    fn memories(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.has_memories, true) {
            return Ok(());
        }
        let mut ty = None;
        if let Some(memory) = self.program.memory {
            ty = Some(Remap::none().memory_type(memory)?);
        }
        let slots = self.uses.slots.len() as u32;
        let wanted = self.wanted(MEMORY);
        if ty.is_some() || slots > 0 {
            let steers = wanted.contains(&memory::AT);
            let wasm = modules::memory(ty, &wanted, self.uses.has_realloc, slots);
            let module = self.module(&wasm);
            let instance = self.instantiate(module, None);
            let mut index = 0;
            if ty.is_some() {
                index = self.core_alias(instance, ExportKind::Memory, memory::MEMORY);
            }
            self.of_memory = Some((instance, index));
            if steers {
                self.steered = Some(self.core_alias(instance, ExportKind::Func, memory::STEERED));
            }
            if self.uses.has_realloc {
                self.realloc = Some(self.core_alias(instance, ExportKind::Func, memory::REALLOC));
            }
            let first = u32::from(self.uses.has_realloc);
            for ((in_skeleton, _), slot) in self.parts.destructors()?.iter().zip(first..) {
                let name = modules::slot_name(slot);
                let index = self.core_alias(instance, ExportKind::Func, &name);
                self.destructors.insert(*in_skeleton, index);
            }
        }
        let wanted = self.wanted(STATE);
        let lowers = self.survey.imports.iter();
        let mut lowers = lowers.filter(|import| import.module.starts_with(ON_STATE));
        if !wanted.is_empty() || lowers.next().is_some() {
            let wasm = modules::state(&wanted);
            let module = self.module(&wasm);
            let instance = self.instantiate(module, None);
            let index = self.core_alias(instance, ExportKind::Memory, state::MEMORY);
            self.of_state = Some((instance, index));
        }
        Ok(())
    }

    fn item(&mut self, item: &Item<'a>) -> Result<()> {
        match item {
            Item::Raw(id, data) => {
                self.flush();
                self.out.section(&RawSection { id: *id, data });
            }
            Item::Types(types) => {
                if types.iter().any(has_destructor) {
                    self.memories()?;
                }
                self.flush();
                let mut section = ComponentTypeSection::new();
                let mut remap = Remap {
                    functions: &self.destructors,
                    ..Remap::none()
                };
                for ty in types {
                    remap.parse_component_type(section.ty(), ty.clone())?;
                }
                self.out.section(&section);
            }
            Item::Alias(alias) => {
                let alias = Remap::none().component_alias(alias.clone())?;
                self.alias(alias);
            }
            Item::Lift(lift) => self.lift(lift)?,
        }
        Ok(())
    }

    fn lift(&mut self, lift: &CanonicalFunction) -> Result<()> {
        self.program()?;
        let mut named = Vec::new();
        if let CanonicalFunction::Lift {
            core_func_index, ..
        } = lift
        {
            named.push(*core_func_index);
        }
        let mut functions = BTreeMap::new();
        for option in options(lift) {
            match option {
                CanonicalOption::PostReturn(index) | CanonicalOption::Callback(index) => {
                    named.push(*index);
                }
                CanonicalOption::Realloc(index) => {
                    functions.insert(*index, self.realloc.context("there is no realloc")?);
                }
                _ => {}
            }
        }
        for index in named {
            let Core::Program(name) = self.parts.really(index)? else {
                bail!("a function is lifted that is not the program's");
            };
            functions.insert(index, self.export(name)?);
        }
        let memory = self.of_memory.map(|(_, memory)| memory);
        let mut remap = Remap {
            functions: &functions,
            memory,
            ..Remap::none()
        };
        self.canon(lift, &mut remap)
    }

    /// The index of an exported function of the program.
    fn export(&mut self, name: &str) -> Result<u32> {
        if let Some(&index) = self.exports.get(name) {
            return Ok(index);
        }
        let program = self.of_program.context("the program is not there yet")?;
        let index = self.core_alias(program, ExportKind::Func, name);
        self.exports.insert(name.to_string(), index);
        Ok(index)
    }

    /// Lowers what the program imports, and puts the program.
    fn program(&mut self) -> Result<()> {
        if self.of_program.is_some() {
            return Ok(());
        }
        self.memories()?;
        let mut bag: Vec<(String, ExportKind, u32)> = Vec::new();
        if self.program.memory.is_some() {
            let (_, memory) = self.of_memory.context("the program has a memory")?;
            bag.push((memory::MEMORY.to_string(), ExportKind::Memory, memory));
        }
        let mut of_state_realloc = None;
        let survey = self.survey;
        // First what is there, then what is lowered: definitions of one kind share a section.
        let mut provided = vec![None; survey.imports.len()];
        let of_state = self.wanted(STATE);
        for (import, index) in survey.imports.iter().zip(&mut provided) {
            let (instance, name) = match import.module {
                MEMORY => (self.of_memory, import.name.to_string()),
                STATE => {
                    let at = of_state.iter().position(|name| *name == import.name);
                    let at = at.context("it is one of them")?;
                    (self.of_state, modules::state_name(at))
                }
                _ => continue,
            };
            let (instance, _) = instance.context("a small module is not there")?;
            *index = Some(self.core_alias(instance, ExportKind::Func, &name));
        }
        if let (Some((instance, _)), true) = (self.of_state, self.allocates_in_state()?) {
            let realloc = self.core_alias(instance, ExportKind::Func, state::REALLOC);
            of_state_realloc = Some(realloc);
        }
        for (import, index) in survey.imports.iter().zip(&mut provided) {
            let Some((module, name)) = meant(import.module, import.name) else {
                continue;
            };
            let canon = self.parts.import(module, name)?;
            let (memory, realloc) = if import.module.starts_with(ON_STATE) {
                (self.of_state, of_state_realloc)
            } else if import.module.starts_with(ON_PROGRAM) {
                (self.of_memory, self.steered)
            } else {
                (self.of_memory, self.realloc)
            };
            let mut remap = Remap {
                memory: memory.map(|(_, memory)| memory),
                all: realloc,
                ..Remap::none()
            };
            let canon = canon.clone();
            self.canon(&canon, &mut remap)
                .with_context(|| format!("{module} {name}"))?;
            *index = Some(self.functions);
            self.functions += 1;
        }
        for (name, index) in import_names(survey).into_iter().zip(provided) {
            let index = index.context("an import is not provided")?;
            bag.push((name, ExportKind::Func, index));
        }
        let module = self.module_section(&self.program.sections);
        let bag = self.bag(&bag);
        self.of_program = Some(self.instantiate(module, bag));
        self.knot()
    }

    /// Whether a function gives the library something of a size that it does not know.
    fn allocates_in_state(&self) -> Result<bool> {
        for import in &self.survey.imports {
            if import.module.starts_with(ON_STATE)
                && let Some((module, name)) = meant(import.module, import.name)
            {
                let mut options = options(self.parts.import(module, name)?).iter();
                if options.any(|option| matches!(option, CanonicalOption::Realloc(_))) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn bag(&mut self, exports: &[(String, ExportKind, u32)]) -> Option<u32> {
        if exports.is_empty() {
            return None;
        }
        let exports = exports
            .iter()
            .map(|(name, kind, index)| (&**name, *kind, *index));
        let exports: Vec<_> = exports.collect();
        self.core().export_items(exports);
        Some(self.instances - 1)
    }

    /// Puts the module that fills the slots and starts the program, if either is to be done.
    fn knot(&mut self) -> Result<()> {
        let (slots, starts) = (&self.uses.slots, &self.program.starts);
        if slots.is_empty() && starts.is_empty() {
            return Ok(());
        }
        let mut bag = Vec::new();
        if !slots.is_empty() {
            let (instance, _) = self.of_memory.context("there are slots")?;
            self.alias(Alias::CoreInstanceExport {
                instance,
                kind: ExportKind::Table,
                name: memory::TABLE,
            });
            bag.push((memory::TABLE.to_string(), ExportKind::Table, 0));
        }
        let starts = starts.iter().map(|name| &**name);
        for (name, at) in slots.iter().copied().chain(starts).zip(0..) {
            let index = self.export(name)?;
            bag.push((modules::knot_name(at), ExportKind::Func, index));
        }
        let signatures: Vec<(u32, u32)> = { slots.iter() }
            .map(|name| {
                if *name == skeleton::REALLOC {
                    (4, 1)
                } else {
                    (1, 0)
                }
            })
            .collect();
        let module = self.module(&modules::knot(
            &signatures,
            self.program.starts.len() as u32,
        ));
        let bag = self.bag(&bag);
        self.instantiate(module, bag);
        Ok(())
    }

    /// Exports what runs a command.
    fn run(&mut self, name: &str) {
        let program = self.of_program.expect("it was just put");
        let function = self.core_alias(program, ExportKind::Func, name);
        self.flush();
        let mut types = ComponentTypeSection::new();
        types.defined_type().result(None, None);
        let ty = self.parts.types;
        // A function that may wait is lifted like one that does not: it returns when it has waited.
        let is_async = self.uses.runs == Some(Wasi::V0_3);
        types
            .function()
            .async_(is_async)
            .params::<[(&str, ComponentValType); 0], ComponentValType>([])
            .result(Some(ComponentValType::Type(ty)));
        self.out.section(&types);
        let mut canons = CanonicalFunctionSection::new();
        canons.lift(function, ty + 1, []);
        self.out.section(&canons);
        let mut instances = ComponentInstanceSection::new();
        instances.export_items([("run", ComponentExportKind::Func, self.parts.funcs)]);
        self.out.section(&instances);
        let mut exports = ComponentExportSection::new();
        exports.export(
            if is_async { RUN_0_3 } else { RUN_0_2 },
            ComponentExportKind::Instance,
            self.parts.instances,
            None,
        );
        self.out.section(&exports);
    }
}

/// What indexes of the skeleton become.
struct Remap<'r> {
    functions: &'r BTreeMap<u32, u32>,
    /// What all functions become that are not among these.
    all: Option<u32>,
    memory: Option<u32>,
}

impl Remap<'static> {
    fn none() -> Remap<'static> {
        static NONE: BTreeMap<u32, u32> = BTreeMap::new();
        Remap {
            functions: &NONE,
            all: None,
            memory: None,
        }
    }
}

/// What the skeleton names and the component has not.
#[derive(Debug)]
struct Missing(&'static str);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Missing {}

impl Reencode for Remap<'_> {
    type Error = Missing;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Missing>> {
        let found = self.functions.get(&index).copied().or(self.all);
        found.ok_or(Error::UserError(Missing("it has no such function")))
    }

    fn memory_index(&mut self, _: u32) -> Result<u32, Error<Missing>> {
        let memory = self.memory;
        memory.ok_or(Error::UserError(Missing("it needs a memory")))
    }
}

impl ReencodeComponent for Remap<'_> {}
