//! What `check` lets pass is loaded by the engine, as it is or lowered: random modules of all
//! proposals at once.

use arbitrary::Unstructured;
use p1bridge::check::check;
use p1bridge::lower::lower;
use p1bridge::profiles::Profile;
use p1bridge_tests::random::numbers::bytes;
use p1bridge_tests::{Call, Engine, RunSpec, engines};
use wasm_smith::{Config, Module};
use wasmparser::{ExternalKind, Parser, Payload, ValType};

/// How many modules are tried on engines in this process, and on those that are child processes.
const IN_PROCESS: u64 = 400;
const CHILDREN: u64 = 80;

fn random_module(seed: u64) -> Option<Vec<u8>> {
    let bytes = bytes(seed, 4000);
    // Every proposal is on in some, and most are off in each.
    let on = |bit: u64| (seed.wrapping_mul(0x9e37_79b9) >> bit) & 3 == 0;
    let config = Config {
        export_everything: true,
        max_imports: 0,
        min_funcs: 1,
        min_memories: u32::from(!on(3)),
        max_memories: if on(2) { 3 } else { 1 },
        max_tables: if on(4) { 3 } else { 1 },
        max_memory32_bytes: 4 << 16,
        max_memory64_bytes: 4 << 16,
        max_table_elements: 200,
        memory_max_size_required: on(5),
        bulk_memory_enabled: on(6) || on(8),
        reference_types_enabled: on(8),
        multi_value_enabled: on(10),
        saturating_float_to_int_enabled: on(12),
        sign_extension_ops_enabled: on(14),
        simd_enabled: on(16),
        relaxed_simd_enabled: on(16) && on(18),
        tail_call_enabled: on(20),
        extended_const_enabled: on(22),
        memory64_enabled: on(24),
        exceptions_enabled: on(26) && on(27),
        threads_enabled: on(28) && on(29),
        gc_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        shared_everything_threads_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        allow_start_export: true,
        ..Config::default()
    };
    let mut module = Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    module.ensure_termination(500).ok()?;
    Some(module.to_bytes())
}

/// An export that can be called with numbers: engines take it that something is called.
fn callable(wasm: &[u8]) -> Option<Call> {
    let (mut types, mut functions) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.expect("a valid module") {
            Payload::TypeSection(section) => {
                types = section.into_iter_err_on_gc_types().flatten().collect();
            }
            Payload::FunctionSection(section) => {
                functions = section.into_iter().flatten().collect()
            }
            Payload::ExportSection(section) => {
                for export in section.into_iter().flatten() {
                    if export.kind != ExternalKind::Func {
                        continue;
                    }
                    let index = functions[export.index as usize] as usize;
                    let ty: &wasmparser::FuncType = &types[index];
                    let plain = |ty: &ValType| *ty == ValType::I32;
                    if ty.params().iter().chain(ty.results()).all(plain) && ty.results().len() < 2 {
                        return Some(Call {
                            export: export.name.to_owned(),
                            args: vec![0; ty.params().len()],
                        });
                    }
                }
            }
            _ => {}
        }
    }
    None
}

/// Why an engine does not load a module; traps are of no interest.
fn refused(engine: &dyn Engine, wasm: &[u8], call: &Call) -> Option<String> {
    let spec = RunSpec {
        calls: vec![call.clone()],
        ..RunSpec::default()
    };
    let why = format!("{:#}", engine.run(wasm, &spec).err()?);
    let passed_over = [
        // Segments that do not fit and start functions trap after everything has been taken.
        "out of bounds",
        "trap",
        "unreachable",
        "does not fit",
        "exceed",
        // wasmtime is built without garbage collection here, and then has no `externref`.
        "gc types are disallowed",
        // The same of elements, on wasm3; and it has no `memory.size` while other values wait.
        "table overflow",
        "no operation found for opcode",
        // What follows a branch can be valid for the specification and not for WAMR of 2020; no
        // compiler leaves such code.
        "expect data but stack was empty",
    ];
    (!passed_over.iter().any(|word| why.contains(word))).then_some(why)
}

#[test]
fn what_check_lets_pass_is_loaded() {
    let mut wrong = Vec::new();
    for engine in engines::loaders() {
        let Some(profile) = Profile::named(engine.name()) else {
            continue;
        };
        let in_process = matches!(engine.name(), "wasmi" | "wasmtime");
        let (mut as_it_is, mut lowered) = (0, 0);
        for seed in 0..if in_process { IN_PROCESS } else { CHILDREN } {
            let Some(module) = random_module(seed) else {
                continue;
            };
            let verdict = check(&module, &profile).expect("a valid module");
            let wasm = match (verdict.fits, verdict.fits_lowered) {
                (true, _) => module.clone(),
                (_, true) => match lower(&module, &profile) {
                    Ok(lowered) => lowered.wasm,
                    Err(error) => {
                        wrong.push(format!("seed {seed} cannot be lowered: {error:#}"));
                        continue;
                    }
                },
                _ => continue,
            };
            if !verdict.fits {
                let again = check(&wasm, &profile).expect("a valid module");
                if !again.fits {
                    wrong.push(format!("seed {seed} lowered: {again}"));
                }
            }
            let Some(call) = callable(&wasm) else {
                continue;
            };
            *(if verdict.fits {
                &mut as_it_is
            } else {
                &mut lowered
            }) += 1;
            if let Some(why) = refused(&*engine, &wasm, &call) {
                wrong.push(format!("seed {seed} on {}: {why}", engine.name()));
            }
        }
        println!(
            "{}: {as_it_is} as they are, {lowered} lowered",
            engine.name()
        );
        assert!(as_it_is + lowered > 5, "{}", engine.name());
    }
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}
