//! The program, with the library woven in, as the core module that goes into the component: its memory is imported, what it
//! imports has short names, and it exports what is lifted.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use p1bridge_linker::sections::Sections;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    SectionId, StartSection, TypeSection, ValType,
};
use wasmparser::{Export, ExternalKind, MemoryType, Payload, TypeRef};

use p1bridge_linker::wrapped::ENDING;

use super::modules::memory::MEMORY;

const INITIALIZE: &str = "_initialize";

/// What is exported and called of the program.
#[derive(Default)]
pub struct Shape<'s> {
    /// The exports that are used.
    pub exports: BTreeSet<&'s str>,
    /// Whether there is a function that runs it.
    pub runs: bool,
    /// Whether it must not start before something else is done.
    pub starts_late: bool,
}

/// The module.
pub struct Program<'a> {
    pub sections: Sections<'a>,
    /// Its memory, which is to come from outside.
    pub memory: Option<MemoryType>,
    /// The export that runs it, and the function that this calls.
    pub run: Option<(String, u32)>,
    /// The exports to call, in order, where it starts late.
    pub starts: Vec<String>,
}

/// What an import is called: its place.
pub fn import_name(at: usize) -> String {
    const DIGITS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let (mut rest, mut name) = (at, String::new());
    loop {
        name.push(char::from(DIGITS[rest % DIGITS.len()]));
        rest /= DIGITS.len();
        if rest == 0 {
            return name;
        }
    }
}

/// Makes the module of `woven`, whose imports get these names.
///
/// # Errors
///
/// When `woven` is invalid, or imports anything but functions.
pub fn make<'a>(woven: &'a [u8], shape: &Shape<'_>, names: &[String]) -> Result<Program<'a>> {
    let mut module = Parts::read(woven)?;
    let initialize = module.exported(INITIALIZE);
    let mut starts = Vec::new();
    let mut exports = ExportSection::new();
    let mut start = module.start;
    match (shape.starts_late, start, initialize) {
        (false, Some(_), Some(_)) | (true, ..) => {
            if let Some(function) = start.take() {
                let name = module.free_name("start");
                exports.export(&name, ExportKind::Func, function);
                starts.push(name);
            }
            if let Some(function) = initialize {
                exports.export(INITIALIZE, ExportKind::Func, function);
                starts.push(INITIALIZE.to_string());
            }
        }
        (false, None, Some(initialize)) => start = Some(initialize),
        (false, ..) => {}
    }
    for export in &module.exports {
        // What nothing uses stays for those who look into the program: where its heap begins, how it allocates.
        let is_known = matches!(export.name, "_start" | INITIALIZE | ENDING)
            || export.kind == ExternalKind::Memory;
        if shape.exports.contains(export.name) || !is_known {
            let kind = RoundtripReencoder.export_kind(export.kind)?;
            exports.export(export.name, kind, export.index);
        }
    }
    let mut run = None;
    if shape.runs {
        let start = module.exported("_start");
        let start = start.context("the module exports no function `_start`")?;
        let name = module.free_name("run");
        exports.export(
            &name,
            ExportKind::Func,
            module.add_run(start, module.exported(ENDING)),
        );
        run = Some((name, start));
    }
    let mut imports = ImportSection::new();
    if let Some(memory) = module.memory {
        imports.import(
            "",
            MEMORY,
            RoundtripReencoder.entity_type(TypeRef::Memory(memory))?,
        );
        module.sections.remove(SectionId::Memory);
    }
    for (name, ty) in names.iter().zip(&module.imports) {
        imports.import("", name, EntityType::Function(*ty));
    }
    let sections = &mut module.sections;
    match imports.is_empty() {
        true => sections.remove(SectionId::Import),
        false => sections.put(SectionId::Import, &imports),
    }
    match exports.is_empty() {
        true => sections.remove(SectionId::Export),
        false => sections.put(SectionId::Export, &exports),
    }
    sections.remove(SectionId::Start);
    if let Some(function_index) = start {
        sections.put(SectionId::Start, &StartSection { function_index });
    }
    Ok(Program {
        memory: module.memory,
        run,
        sections: module.sections,
        starts,
    })
}

/// The sections of a module, with what of them is looked into.
struct Parts<'a> {
    sections: Sections<'a>,
    /// The types of the imported functions.
    imports: Vec<u32>,
    exports: Vec<Export<'a>>,
    memory: Option<MemoryType>,
    start: Option<u32>,
    types: u32,
    functions: u32,
}

impl<'a> Parts<'a> {
    fn read(module: &'a [u8]) -> Result<Parts<'a>> {
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        let (mut memory, mut start) = (None, None);
        let (mut types, mut functions) = (0, 0);
        let sections = Sections::read(module, |payload| {
            match payload {
                // Groups of several types do not come out of the linker.
                Payload::TypeSection(section) => types = section.count(),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let TypeRef::Func(ty) = import.ty else {
                            bail!(
                                "{} {} is imported and no function",
                                import.module,
                                import.name
                            );
                        };
                        imports.push(ty);
                    }
                }
                Payload::FunctionSection(section) => functions = section.count(),
                Payload::MemorySection(section) => {
                    for ty in section {
                        memory = Some(ty?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        exports.push(export?);
                    }
                }
                Payload::StartSection { func, .. } => start = Some(func),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Parts {
            sections,
            imports,
            exports,
            memory,
            start,
            types,
            functions,
        })
    }

    /// The index of an exported function.
    fn exported(&self, name: &str) -> Option<u32> {
        let mut exports = self.exports.iter();
        let found = exports.find(|e| e.name == name && e.kind == ExternalKind::Func);
        found.map(|export| export.index)
    }

    /// A name like this one that nothing is exported under.
    fn free_name(&self, name: &str) -> String {
        let mut name = name.to_string();
        while self.exports.iter().any(|export| export.name == name) {
            name.push('_');
        }
        name
    }

    /// Adds a function that runs the program, then what is to be done at its end, and says that it has succeeded. Gives its
    /// index.
    fn add_run(&mut self, start: u32, end: Option<u32>) -> u32 {
        // More functions can make the number of them longer, and places in the code are those behind it.
        if leb(self.functions) != leb(self.functions + 1) {
            self.sections.remove_customs(".debug");
        }
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        self.sections.append(SectionId::Type, &types);
        let mut functions = FunctionSection::new();
        functions.function(self.types);
        self.sections.append(SectionId::Function, &functions);
        let mut function = Function::new([]);
        let mut instructions = function.instructions();
        instructions.call(start);
        if let Some(end) = end {
            instructions.call(end);
        }
        instructions.i32_const(0).end();
        let mut code = CodeSection::new();
        code.function(&function);
        self.sections.append(SectionId::Code, &code);
        self.imports.len() as u32 + self.functions
    }
}

/// The bytes of a number in a module.
fn leb(value: u32) -> u32 {
    (32 - (value | 1).leading_zeros()).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::import_name;

    #[test]
    fn imports_have_names_of_their_own() {
        let names: std::collections::BTreeSet<String> = (0..5_000).map(import_name).collect();
        assert_eq!(names.len(), 5_000);
        assert_eq!(import_name(0), "a");
        assert_eq!(import_name(25), "z");
        assert_eq!(import_name(26), "ab");
    }
}
