//! Programs with threads (the proposal wasi-threads): while WSI is woven into them, their memory is one of their own that
//! nobody shares; afterwards it is what it was.
//!
//! Each thread is a new instance. What is woven in keeps nothing anywhere: its frames lie below the stack pointer, a global
//! that every thread has for itself.

use std::borrow::Cow;

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{EntityType, ImportSection, MemorySection, Module, RawSection, SectionId};
use wasmparser::{Import, MemoryType, Parser, Payload, TypeRef};

use crate::plan::Plan;

/// The memory of a program with threads.
pub struct Shared {
    ty: MemoryType,
    /// Where it comes from, if the program does not make it: names of an import.
    from: Option<(String, String)>,
}

/// A program with threads with a memory that is not shared; nothing for a program without shared memory.
pub fn unshare(module: &[u8]) -> Result<Option<(Vec<u8>, Shared)>> {
    let Some(shared) = shared(module)? else {
        return Ok(None);
    };
    let memory = MemoryType {
        shared: false,
        ..shared.ty
    };
    let mut sections = Sections::read(module)?;
    let mut imports = ImportSection::new();
    for import in &sections.imports {
        if !matches!(import.ty, TypeRef::Memory(_)) {
            imports.import(import.module, import.name, entity(import.ty)?);
        }
    }
    sections.put(SectionId::Import, &imports);
    let mut memories = MemorySection::new();
    memories.memory(RoundtripReencoder.memory_type(memory)?);
    sections.put(SectionId::Memory, &memories);
    Ok(Some((sections.module(), shared)))
}

/// Refuses what would lie in the memory once for all threads.
pub fn refuse_state(plan: &Plan<'_, '_>) -> Result<()> {
    if plan
        .memory
        .as_ref()
        .is_some_and(|memory| memory.block.is_some())
    {
        bail!(
            "the program has threads, and functions of WSI need a stack pointer in each of them: export the first mutable \
             global of the module as `__stack_pointer`, or leave the names of globals in it"
        );
    }
    Ok(())
}

/// The program with the memory that it had.
pub fn share(module: &[u8], shared: &Shared) -> Result<Vec<u8>> {
    let mut sections = Sections::read(module)?;
    let is_one = matches!(sections.memories[..], [memory] if memory.initial == shared.ty.initial);
    ensure!(
        is_one,
        "the module is not as planned: this is a bug of p1bridge"
    );
    let ty = RoundtripReencoder.memory_type(shared.ty)?;
    let Some((from, name)) = &shared.from else {
        let mut memories = MemorySection::new();
        memories.memory(ty);
        sections.put(SectionId::Memory, &memories);
        return Ok(sections.module());
    };
    let mut imports = ImportSection::new();
    imports.import(from, name, ty);
    for import in &sections.imports {
        imports.import(import.module, import.name, entity(import.ty)?);
    }
    sections.put(SectionId::Import, &imports);
    sections
        .known
        .retain(|(id, _)| *id != SectionId::Memory as u8);
    Ok(sections.module())
}

/// The memory of a module, if threads share it.
fn shared(module: &[u8]) -> Result<Option<Shared>> {
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    if let TypeRef::Memory(ty) = import.ty
                        && ty.shared
                    {
                        let from = Some((import.module.into(), import.name.into()));
                        return Ok(Some(Shared { ty, from }));
                    }
                }
            }
            Payload::MemorySection(section) => {
                for ty in section {
                    let ty = ty?;
                    if ty.shared {
                        return Ok(Some(Shared { ty, from: None }));
                    }
                }
            }
            Payload::CodeSectionStart { .. } => break,
            _ => {}
        }
    }
    Ok(None)
}

fn entity(ty: TypeRef) -> Result<EntityType> {
    RoundtripReencoder
        .entity_type(ty)
        .context("the type of an import")
}

/// The sections of a module, in its order, with what of them is looked into.
struct Sections<'a> {
    known: Vec<(u8, Cow<'a, [u8]>)>,
    imports: Vec<Import<'a>>,
    memories: Vec<MemoryType>,
}

impl<'a> Sections<'a> {
    fn read(module: &'a [u8]) -> Result<Sections<'a>> {
        let mut sections = Sections {
            known: Vec::new(),
            imports: Vec::new(),
            memories: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                let bytes = module.get(range.start as usize..range.end as usize);
                let bytes = bytes.with_context(|| {
                    format!(
                        "the file ends within a section (at offset {:#x})",
                        module.len()
                    )
                })?;
                sections.known.push((id, Cow::Borrowed(bytes)));
            }
            match payload {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        sections.imports.push(import?);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        sections.memories.push(memory?);
                    }
                }
                _ => {}
            }
        }
        Ok(sections)
    }

    /// Puts a section in the place of the one of that kind, or where it belongs.
    fn put(&mut self, id: SectionId, section: &impl wasm_encoder::Encode) {
        let mut bytes = Vec::new();
        section.encode(&mut bytes);
        // Behind the size, which is written anew.
        let size = bytes.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
        let (id, bytes) = (id as u8, Cow::Owned(bytes.split_off(size)));
        let custom = SectionId::Custom as u8;
        match self.known.iter_mut().find(|(other, _)| *other == id) {
            Some(old) => old.1 = bytes,
            None => {
                let later = |(other, _): &(u8, _)| *other != custom && *other > id;
                let at = self.known.iter().position(later);
                self.known
                    .insert(at.unwrap_or(self.known.len()), (id, bytes));
            }
        }
    }

    fn module(&self) -> Vec<u8> {
        let mut module = Module::new();
        for (id, data) in &self.known {
            module.section(&RawSection { id: *id, data });
        }
        module.finish()
    }
}
