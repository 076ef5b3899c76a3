//! Exports with vectors, for hosts that have none: each is wrapped in a function that takes halves, and
//! whose results are asked for afterwards.

use std::ops::Range;

use anyhow::{Result, bail};
use wasm_encoder::{Encode, Function, Instruction, Module, RawSection, ValType};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef, ValType as Input};

/// The export that gives a result of an export, or one half of it.
pub fn result(export: &str, at: usize, half: &str) -> String {
    format!("{export}#{at}{half}")
}

/// What is added to the sections of a module.
#[derive(Default)]
struct Added {
    types: Vec<u8>,
    type_count: u32,
    functions: Vec<u8>,
    globals: Vec<u8>,
    global_count: u32,
    exports: Vec<u8>,
    export_count: u32,
    code: Vec<u8>,
    code_count: u32,
}

/// The module with such functions; nothing where no export has a vector.
///
/// # Errors
///
/// Fails for what is no valid module.
pub fn wrap(wasm: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut types: Vec<FuncType> = Vec::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut globals = 0;
    let mut exports = Vec::new();
    let mut sections: Vec<(u8, Range<usize>)> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section() {
            sections.push((id, range.start as usize..range.end as usize));
        }
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    types.push(ty?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Func(ty) => functions.push(ty),
                        TypeRef::Global(_) => globals += 1,
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    functions.push(ty?);
                }
            }
            Payload::GlobalSection(section) => globals += section.count(),
            Payload::ExportSection(section) => {
                for export in section {
                    exports.push(export?);
                }
            }
            _ => {}
        }
    }
    let wrapped = |func: u32| {
        let ty = &types[functions[func as usize] as usize];
        let mut all = ty.params().iter().chain(ty.results());
        all.any(|ty| *ty == Input::V128).then_some(ty)
    };
    let vectors = exports
        .iter()
        .any(|export| export.kind == ExternalKind::Func && wrapped(export.index).is_some());
    if !vectors {
        return Ok(None);
    }
    let mut added = Added::default();
    let (first_type, mut next) = (types.len() as u32, functions.len() as u32);
    let export = |added: &mut Added, name: &str, kind: ExternalKind, index: u32| {
        name.encode(&mut added.exports);
        added.exports.push(kind as u8);
        index.encode(&mut added.exports);
        added.export_count += 1;
    };
    for one in &exports {
        let ty = match one.kind {
            ExternalKind::Func => wrapped(one.index),
            _ => None,
        };
        let Some(ty) = ty else {
            export(&mut added, one.name, one.kind, one.index);
            continue;
        };
        let mut body = Function::new([]);
        let mut params = Vec::new();
        for param in ty.params() {
            let at = params.len() as u32;
            if *param == Input::V128 {
                params.extend([ValType::I64, ValType::I64]);
                body.instruction(&Instruction::LocalGet(at));
                body.instruction(&Instruction::I64x2Splat);
                body.instruction(&Instruction::LocalGet(at + 1));
                body.instruction(&Instruction::I64x2ReplaceLane(1));
            } else {
                params.push(ValType::try_from(*param).map_err(|error| anyhow::anyhow!("{error}"))?);
                body.instruction(&Instruction::LocalGet(at));
            }
        }
        body.instruction(&Instruction::Call(one.index));
        let first = globals + added.global_count;
        for at in (0..ty.results().len() as u32).rev() {
            body.instruction(&Instruction::GlobalSet(first + at));
        }
        body.instruction(&Instruction::End);
        function(&mut added, first_type, &params, &[], &body);
        export(&mut added, one.name, ExternalKind::Func, next);
        next += 1;
        for (at, result_type) in ty.results().iter().enumerate() {
            let global = globals + added.global_count;
            global_of(&mut added, *result_type)?;
            let halves: &[(&str, Option<u8>)] = match result_type {
                Input::V128 => &[("l", Some(0)), ("h", Some(1))],
                _ => &[("", None)],
            };
            for (half, lane) in halves {
                let mut body = Function::new([]);
                body.instruction(&Instruction::GlobalGet(global));
                let mut gives = ValType::I64;
                match lane {
                    Some(lane) => drop(body.instruction(&Instruction::I64x2ExtractLane(*lane))),
                    None => gives = ValType::try_from(*result_type).unwrap_or(ValType::I64),
                }
                body.instruction(&Instruction::End);
                function(&mut added, first_type, &[], &[gives], &body);
                let name = result(one.name, at, half);
                export(&mut added, &name, ExternalKind::Func, next);
                next += 1;
            }
        }
    }
    module(wasm, &sections, &added).map(Some)
}

fn function(
    added: &mut Added,
    first_type: u32,
    params: &[ValType],
    results: &[ValType],
    body: &Function,
) {
    added.types.push(0x60);
    params.encode(&mut added.types);
    results.encode(&mut added.types);
    (first_type + added.type_count).encode(&mut added.functions);
    added.type_count += 1;
    body.encode(&mut added.code);
    added.code_count += 1;
}

fn global_of(added: &mut Added, ty: Input) -> Result<()> {
    let (ty, zero) = match ty {
        Input::I32 => (ValType::I32, Instruction::I32Const(0)),
        Input::I64 => (ValType::I64, Instruction::I64Const(0)),
        Input::F32 => (ValType::F32, Instruction::F32Const(0.0.into())),
        Input::F64 => (ValType::F64, Instruction::F64Const(0.0.into())),
        Input::V128 => (ValType::V128, Instruction::V128Const(0)),
        Input::Ref(_) => bail!("a reference beside a vector"),
    };
    ty.encode(&mut added.globals);
    added.globals.push(1);
    zero.encode(&mut added.globals);
    Instruction::End.encode(&mut added.globals);
    added.global_count += 1;
    Ok(())
}

/// The sections of the input with what is added behind.
fn module(wasm: &[u8], sections: &[(u8, Range<usize>)], added: &Added) -> Result<Vec<u8>> {
    const GLOBAL: u8 = 6;
    let mut module = Module::new();
    let mut globals = false;
    for (id, range) in sections {
        if *id == 0 {
            continue;
        }
        if matches!(id, 7..) && *id < 13 && !globals {
            globals = true;
            section(
                &mut module,
                GLOBAL,
                &[0],
                added.global_count,
                &added.globals,
            )?;
        }
        let content = &wasm[range.clone()];
        match id {
            1 => section(&mut module, 1, content, added.type_count, &added.types)?,
            3 => section(&mut module, 3, content, added.code_count, &added.functions)?,
            6 => {
                globals = true;
                section(&mut module, 6, content, added.global_count, &added.globals)?;
            }
            7 => section(&mut module, 7, &[0], added.export_count, &added.exports)?,
            10 => section(&mut module, 10, content, added.code_count, &added.code)?,
            id => drop(module.section(&RawSection {
                id: *id,
                data: content,
            })),
        }
    }
    Ok(module.finish())
}

fn section(module: &mut Module, id: u8, content: &[u8], more: u32, behind: &[u8]) -> Result<()> {
    let mut reader = wasmparser::BinaryReader::new(content, 0);
    let count = reader.read_var_u32()?;
    let mut data = Vec::new();
    (count + more).encode(&mut data);
    data.extend_from_slice(&content[reader.original_position() as usize..]);
    data.extend_from_slice(behind);
    module.section(&RawSection { id, data: &data });
    Ok(())
}
