//! Random modules with one proposal on, lowered to the MVP.

use anyhow::{Result, anyhow, bail, ensure};
use arbitrary::Unstructured;
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_tests::random::numbers::bytes;
use p1bridge_tests::wast::vectors;
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{ExportKind, ExportSection};
use wasm_smith::Config;
use wasmparser::{ExternalKind, FuncType, Parser, Payload, ValType};

use crate::random_config::mvp;

use super::engines::{Gave, full, limited, run, run_on_wasmtime};

/// How many modules are tried for each proposal; `P1BRIDGE_RANDOM_MODULES` says another number.
const MODULES: u64 = 3000;

/// Words of errors that are right.
const SAID: &[&str] = &["the module traps at once"];

fn base() -> Config {
    Config {
        table_max_size_required: true,
        max_table_elements: 200,
        ..mvp()
    }
}

fn module(config: Config, seed: u64) -> Result<Vec<u8>> {
    let bytes = bytes(seed, 6000);
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes))
        .map_err(|e| anyhow!("{e}"))?;
    module
        .ensure_termination(2_000)
        .map_err(|e| anyhow!("{e}"))?;
    let mut reduced = wasm_encoder::Module::new();
    let wasm = module.to_bytes();
    let mut reduce = Reduce::default();
    reduce
        .parse_core_module(&mut reduced, Parser::new(0), &wasm)
        .map_err(|e| anyhow!("{e}"))?;
    let reduced = reduced.finish();
    Ok(vectors::wrap(&reduced)?.unwrap_or(reduced))
}

/// Leaves out the exports that a host of the MVP could not use.
#[derive(Default)]
struct Reduce {
    types: Vec<FuncType>,
    functions: Vec<u32>,
}

impl Reencode for Reduce {
    type Error = anyhow::Error;

    /// References of the host cannot be lowered: they become references to functions.
    fn heap_type(
        &mut self,
        ty: wasmparser::HeapType,
    ) -> Result<wasm_encoder::HeapType, wasm_encoder::reencode::Error<anyhow::Error>> {
        match ty {
            wasmparser::HeapType::EXTERN => Ok(wasm_encoder::HeapType::FUNC),
            ty => utils::heap_type(self, ty),
        }
    }

    fn parse_type_section(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), wasm_encoder::reencode::Error<anyhow::Error>> {
        for ty in section.clone().into_iter_err_on_gc_types() {
            self.types.push(ty?);
        }
        utils::parse_type_section(self, types, section)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm_encoder::FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), wasm_encoder::reencode::Error<anyhow::Error>> {
        for ty in section.clone() {
            self.functions.push(ty?);
        }
        utils::parse_function_section(self, functions, section)
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), wasm_encoder::reencode::Error<anyhow::Error>> {
        for export in section {
            let export = export?;
            match export.kind {
                // Of several, one is the host's.
                ExternalKind::Memory if export.index == 0 => {
                    exports.export(export.name, ExportKind::Memory, export.index);
                }
                ExternalKind::Func => {
                    let ty = &self.types[self.functions[export.index as usize] as usize];
                    let plain = |ty: &ValType| !matches!(ty, ValType::Ref(_));
                    if ty.results().len() < 2 && ty.params().iter().chain(ty.results()).all(plain) {
                        exports.export(export.name, ExportKind::Func, export.index);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn exported_functions(wasm: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                let export = export?;
                if export.kind == ExternalKind::Func {
                    names.push(export.name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

/// Whether anything was returned.
fn check(config: Config, seed: u64) -> Result<bool> {
    let before = module(config, seed)?;
    let after = match lower(&before, &named("mvp")?) {
        Ok(lowered) => lowered.wasm,
        // What is refused is said; nothing is to be compared then.
        Err(error) if SAID.iter().any(|word| format!("{error:#}").contains(word)) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let mut calls = Vec::new();
    for round in 0..3u64 {
        for name in exported_functions(&before)? {
            let args = (0..64).map(|i| round * 0x0101_0101 + i * 7).collect();
            calls.push((name, args));
        }
    }
    let right = run(&full(), &before, &calls)?;
    let found = run(&limited("mvp")?, &after, &calls)?;
    let Err(error) = same(&calls, &right, &found) else {
        return Ok(right.is_some_and(|(gave, _)| gave.iter().any(Option::is_some)));
    };
    // wasmi 2.0.0 is wrong in a few modules, before or after they are lowered: wasmtime decides.
    let right = run_on_wasmtime(&before, &calls)?;
    let found = run_on_wasmtime(&after, &calls)?;
    same(&calls, &right, &found)?;
    println!("seed {seed}: on wasmi alone, {error:#}");
    Ok(false)
}

/// What an engine gave and the memory at the end; none where the module traps at its start.
type Ran = Option<(Vec<Gave>, Vec<u8>)>;

fn same(calls: &[(String, Vec<u64>)], right: &Ran, found: &Ran) -> Result<()> {
    let (Some((right, right_memory)), Some((found, memory))) = (right, found) else {
        ensure!(
            right.is_some() == found.is_some(),
            "one of them does not start"
        );
        return Ok(());
    };
    for ((call, right), found) in calls.iter().zip(right).zip(found) {
        if right != found {
            bail!("{} gave {found:x?} instead of {right:x?}", call.0);
        }
    }
    ensure!(memory.starts_with(right_memory), "the memory differs");
    Ok(())
}

/// How many modules are tried.
pub fn modules() -> u64 {
    let asked = std::env::var("P1BRIDGE_RANDOM_MODULES").ok();
    asked
        .and_then(|count| count.parse().ok())
        .unwrap_or(MODULES)
}

fn check_all(change: fn(&mut Config)) {
    let modules = modules();
    on_a_large_stack(move || {
        let (mut told, mut wrong) = (0, Vec::new());
        let config = |seed: u64| {
            let mut config = base();
            config.disallow_traps = seed % 2 == 1;
            change(&mut config);
            config
        };
        for seed in 0..modules {
            match check(config(seed), seed) {
                Ok(result) => told += u64::from(result),
                Err(error) => {
                    let path = std::env::temp_dir().join(format!("p1bridge-lower-{seed}.wasm"));
                    if let Ok(wasm) = module(config(seed), seed) {
                        std::fs::write(&path, wasm).expect("the temporary folder");
                    }
                    wrong.push(format!("seed {seed}, {}: {error:#}", path.display()));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{} of {modules} are wrong: {:#?}",
            wrong.len(),
            &wrong[..wrong.len().min(10)]
        );
        assert!(
            told > modules / 20,
            "only {told} of {modules} returned anything"
        );
    });
}

/// Some modules call themselves until fuel runs out, on the stack of the thread.
pub fn on_a_large_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 28);
    if let Err(panic) = thread.spawn(work).expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn sign_extension() {
    check_all(|config| config.sign_extension_ops_enabled = true);
}

#[test]
fn saturating_conversions() {
    check_all(|config| config.saturating_float_to_int_enabled = true);
}

#[test]
fn bulk_memory() {
    check_all(|config| {
        config.bulk_memory_enabled = true;
        config.min_data_segments = 1;
        config.max_tables = 0;
    });
}

#[test]
fn several_values() {
    check_all(|config| config.multi_value_enabled = true);
}

#[test]
fn references_and_tables() {
    check_all(|config| {
        config.reference_types_enabled = true;
        config.bulk_memory_enabled = true;
        config.max_tables = 3;
        config.min_tables = 1;
        // Accesses behind the end of the memory are not checked where lowered tables lie there.
        config.min_memories = 0;
        config.max_memories = 0;
    });
}

#[test]
fn tail_calls() {
    check_all(|config| config.tail_call_enabled = true);
}

#[test]
fn extended_constant_expressions() {
    check_all(|config| config.extended_const_enabled = true);
}

#[test]
fn several_memories() {
    check_all(|config| {
        config.bulk_memory_enabled = true;
        config.min_memories = 2;
        config.max_memories = 3;
        config.min_data_segments = 1;
        config.max_tables = 0;
    });
}

#[test]
fn vectors_alone() {
    check_all(|config| {
        config.simd_enabled = true;
        // Which NaN there is may differ.
        config.canonicalize_nans = true;
    });
}

#[test]
fn vectors_beside_everything() {
    check_all(|config| {
        config.simd_enabled = true;
        config.canonicalize_nans = true;
        everything(config);
    });
}

#[test]
fn everything_at_once() {
    check_all(everything);
}

fn everything(config: &mut Config) {
    config.sign_extension_ops_enabled = true;
    config.saturating_float_to_int_enabled = true;
    config.bulk_memory_enabled = true;
    config.multi_value_enabled = true;
    config.reference_types_enabled = true;
    config.tail_call_enabled = true;
    config.extended_const_enabled = true;
    config.max_tables = 3;
    // As above, with a memory: none of its accesses may be behind the end.
    config.disallow_traps = true;
}
