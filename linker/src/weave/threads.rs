//! Programs with threads (the proposal wasi-threads): while WSI is woven into them, their memory is one of their own that
//! nobody shares; afterwards it is what it was.
//!
//! Each thread is a new instance. What is woven in keeps nothing anywhere: its frames lie below the stack pointer, a global
//! that every thread has for itself.

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{EntityType, ImportSection, MemorySection, SectionId};
use wasmparser::{Import, MemoryType, Parser, Payload, TypeRef};

use crate::plan::Plan;
use crate::sections::Sections;

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
    let mut parts = Parts::read(module)?;
    let mut imports = ImportSection::new();
    for import in &parts.imports {
        if !matches!(import.ty, TypeRef::Memory(_)) {
            imports.import(import.module, import.name, entity(import.ty)?);
        }
    }
    parts.sections.put(SectionId::Import, &imports);
    let mut memories = MemorySection::new();
    memories.memory(RoundtripReencoder.memory_type(memory)?);
    parts.sections.put(SectionId::Memory, &memories);
    Ok(Some((parts.sections.module(), shared)))
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
    let mut parts = Parts::read(module)?;
    let is_one = matches!(parts.memories[..], [memory] if memory.initial == shared.ty.initial);
    ensure!(
        is_one,
        "the module is not as planned: this is a bug of p1bridge"
    );
    let ty = RoundtripReencoder.memory_type(shared.ty)?;
    let Some((from, name)) = &shared.from else {
        let mut memories = MemorySection::new();
        memories.memory(ty);
        parts.sections.put(SectionId::Memory, &memories);
        return Ok(parts.sections.module());
    };
    let mut imports = ImportSection::new();
    imports.import(from, name, ty);
    for import in &parts.imports {
        imports.import(import.module, import.name, entity(import.ty)?);
    }
    parts.sections.put(SectionId::Import, &imports);
    parts.sections.remove(SectionId::Memory);
    Ok(parts.sections.module())
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

/// The sections of a module, with what of them is looked into.
struct Parts<'a> {
    sections: Sections<'a>,
    imports: Vec<Import<'a>>,
    memories: Vec<MemoryType>,
}

impl<'a> Parts<'a> {
    fn read(module: &'a [u8]) -> Result<Parts<'a>> {
        let (mut imports, mut memories) = (Vec::new(), Vec::new());
        let sections = Sections::read(module, |payload| {
            match payload {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imports.push(import?);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        memories.push(memory?);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(Parts {
            sections,
            imports,
            memories,
        })
    }
}
