//! The program, with the library woven in, as the core module that goes into the component: its memory is imported, what it
//! imports has short names, and it exports what is lifted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    Module, RawSection, SectionId, StartSection, TypeSection, ValType,
};
use wasmparser::{Export, ExternalKind, MemoryType, Parser, Payload, TypeRef};

use super::modules::memory::MEMORY;
use crate::validate::located;

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
pub struct Program {
    pub wasm: Vec<u8>,
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
pub fn make(woven: &[u8], shape: &Shape<'_>, names: &[String]) -> Result<Program> {
    let mut module = Sections::read(woven)?;
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
        let is_known =
            matches!(export.name, "_start" | INITIALIZE) || export.kind == ExternalKind::Memory;
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
        exports.export(&name, ExportKind::Func, module.add_run(start)?);
        run = Some((name, start));
    }
    let mut imports = ImportSection::new();
    if let Some(memory) = module.memory {
        imports.import(
            "",
            MEMORY,
            RoundtripReencoder.entity_type(TypeRef::Memory(memory))?,
        );
        module.remove(SectionId::Memory);
    }
    for (name, ty) in names.iter().zip(&module.imports) {
        imports.import("", name, EntityType::Function(*ty));
    }
    match imports.is_empty() {
        true => module.remove(SectionId::Import),
        false => module.put(SectionId::Import, &imports),
    }
    match exports.is_empty() {
        true => module.remove(SectionId::Export),
        false => module.put(SectionId::Export, &exports),
    }
    module.remove(SectionId::Start);
    if let Some(function_index) = start {
        module.put(SectionId::Start, &StartSection { function_index });
    }
    Ok(Program {
        memory: module.memory,
        run,
        wasm: module.finish(),
        starts,
    })
}

/// The sections of a module, in its order, with what of them is looked into.
struct Sections<'a> {
    sections: Vec<(u8, Cow<'a, [u8]>)>,
    /// The types of the imported functions.
    imports: Vec<u32>,
    exports: Vec<Export<'a>>,
    memory: Option<MemoryType>,
    start: Option<u32>,
    types: u32,
    functions: u32,
}

impl<'a> Sections<'a> {
    fn read(module: &'a [u8]) -> Result<Sections<'a>> {
        let mut read = Sections {
            sections: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
            memory: None,
            start: None,
            types: 0,
            functions: 0,
        };
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.map_err(located)?;
            if let Some((id, range)) = payload.as_section() {
                let bytes = module.get(range.start as usize..range.end as usize);
                let bytes = bytes.context("a section is cut off")?;
                read.sections.push((id, Cow::Borrowed(bytes)));
            }
            match payload {
                Payload::TypeSection(section) => {
                    // Groups of several types do not come out of the linker.
                    read.types = section.count();
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(located)?;
                        let TypeRef::Func(ty) = import.ty else {
                            bail!(
                                "{} {} is imported and no function",
                                import.module,
                                import.name
                            );
                        };
                        read.imports.push(ty);
                    }
                }
                Payload::FunctionSection(section) => read.functions = section.count(),
                Payload::MemorySection(section) => {
                    for memory in section {
                        read.memory = Some(memory.map_err(located)?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        read.exports.push(export.map_err(located)?);
                    }
                }
                Payload::StartSection { func, .. } => read.start = Some(func),
                _ => {}
            }
        }
        Ok(read)
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

    /// Adds a function that runs the program and says that it has succeeded.
    fn add_run(&mut self, start: u32) -> Result<u32> {
        // More functions can make the number of them longer, and places in the code are those behind it.
        if leb(self.functions) != leb(self.functions + 1) {
            self.sections
                .retain(|(id, data)| *id != SectionId::Custom as u8 || !is_debug(data));
        }
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        self.append(SectionId::Type, &types);
        let mut functions = FunctionSection::new();
        functions.function(self.types);
        self.append(SectionId::Function, &functions);
        let mut function = Function::new([]);
        function.instructions().call(start).i32_const(0).end();
        let mut code = CodeSection::new();
        code.function(&function);
        self.append(SectionId::Code, &code);
        let index = self.imports.len() as u32 + self.functions;
        self.types += 1;
        self.functions += 1;
        Ok(index)
    }

    /// Adds the one entry of `section` to the one of that kind, which is made if there is none.
    fn append(&mut self, id: SectionId, section: &impl wasm_encoder::Encode) {
        let entry = content(section).split_off(1);
        match self
            .sections
            .iter_mut()
            .find(|(other, _)| *other == id as u8)
        {
            None => self.put(id, section),
            Some((_, data)) => {
                let length = data.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
                let digits = data[..length].iter().rev();
                let count = digits.fold(0u32, |all, byte| all << 7 | u32::from(byte & 0x7f));
                let mut longer = Vec::with_capacity(data.len() + entry.len() + 1);
                wasm_encoder::Encode::encode(&(count + 1), &mut longer);
                longer.extend_from_slice(&data[length..]);
                longer.extend_from_slice(&entry);
                *data = Cow::Owned(longer);
            }
        }
    }

    fn remove(&mut self, id: SectionId) {
        self.sections.retain(|(other, _)| *other != id as u8);
    }

    /// Puts a section in the place of the one of that kind, or where it belongs.
    fn put(&mut self, id: SectionId, section: &impl wasm_encoder::Encode) {
        let data = Cow::Owned(content(section));
        match self
            .sections
            .iter_mut()
            .find(|(other, _)| *other == id as u8)
        {
            Some(old) => old.1 = data,
            None => {
                let later = |(other, _): &(u8, _)| place(*other) > place(id as u8);
                let at = self.sections.iter().position(later);
                self.sections
                    .insert(at.unwrap_or(self.sections.len()), (id as u8, data));
            }
        }
    }

    fn finish(&self) -> Vec<u8> {
        let mut module = Module::new();
        for (id, data) in &self.sections {
            module.section(&RawSection { id: *id, data });
        }
        module.finish()
    }
}

/// Where a section belongs, by its id: those of tags and of the number of data segments are not in the order of their ids.
fn place(id: u8) -> u8 {
    const TAG: u8 = SectionId::Tag as u8;
    const DATA_COUNT: u8 = SectionId::DataCount as u8;
    match id {
        // Custom sections may be anywhere.
        0 => 0,
        TAG => 2 * SectionId::Memory as u8 + 1,
        DATA_COUNT => 2 * SectionId::Element as u8 + 1,
        id => 2 * id,
    }
}

/// The content of a section.
fn content(section: &impl wasm_encoder::Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    // Behind the size.
    let size = bytes.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    bytes.split_off(size)
}

/// Whether the content of a custom section is debug information.
fn is_debug(data: &[u8]) -> bool {
    data.get(1..)
        .is_some_and(|name| name.starts_with(b".debug"))
}

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
