//! An adapter whose code is not that of a known release stays, as ordinary code over the library:
//! it may have behaviour of its own.

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::run::{Exit, RunOptions, run};
use p1bridge::wrap::{Adapter, WrapOptions, wrap};
use p1bridge_tests::captured;
use wasi_preview1_component_adapter_provider as provider;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};

/// The command adapter with a `nop` at the start of every function.
fn unknown_adapter() -> Result<Vec<u8>> {
    struct Nops;
    impl Reencode for Nops {
        type Error = std::convert::Infallible;

        fn parse_function_body(
            &mut self,
            code: &mut wasm_encoder::CodeSection,
            body: wasmparser::FunctionBody<'_>,
        ) -> Result<(), wasm_encoder::reencode::Error> {
            let mut function = self.new_function_with_parsed_locals(&body)?;
            function.instruction(&wasm_encoder::Instruction::Nop);
            let mut ops = body.get_operators_reader()?;
            while !ops.eof() {
                function.instruction(&RoundtripReencoder.instruction(ops.read()?)?);
            }
            code.function(&function);
            Ok(())
        }
    }
    let mut module = wasm_encoder::Module::new();
    Nops.parse_core_module(
        &mut module,
        wasmparser::Parser::new(0),
        provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    )?;
    Ok(module.finish())
}

fn output_of(module: &[u8], args: &[&str]) -> Result<(Exit, Vec<u8>)> {
    let directory = tempfile::tempdir()?;
    let options = RunOptions {
        env: vec![("GREETING".to_string(), "good morning".to_string())],
        ..captured(args, directory.path())
    };
    let outcome = run(module, &options)?;
    Ok((outcome.exit, outcome.stdout))
}

#[test]
fn an_unknown_adapter_stays_and_works() -> Result<()> {
    let adapter = unknown_adapter()?;
    for (name, args) in [
        ("hello-c", &["a", "b c"][..]),
        ("digest-p1-c", &[]),
        ("hello-rust", &["one"]),
    ] {
        let path = format!(
            "{}/../corpus/prebuilt/{name}.wasm",
            env!("CARGO_MANIFEST_DIR")
        );
        let module = std::fs::read(&path).with_context(|| path.clone())?;
        let options = WrapOptions {
            adapters: vec![Adapter {
                name: "wasi_snapshot_preview1".to_string(),
                wasm: adapter.clone(),
                origin: "adapter with nops".to_string(),
            }],
            ..WrapOptions::default()
        };
        let component = wrap(&module, &options)?.component;
        let flat = flatten(
            &component,
            &FlattenOptions {
                verify: true,
                ..FlattenOptions::default()
            },
        )?;
        ensure!(
            flat.report
                .adapters
                .iter()
                .all(|adapter| !adapter.un_adapted),
            "{name}: an unknown adapter was taken out"
        );
        let (exit, stdout) = output_of(&flat.wasm, args)?;
        let (expected_exit, expected) = output_of(&module, args)?;
        ensure!(!expected.is_empty(), "{name} prints nothing");
        assert_eq!(
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&expected),
            "{name}"
        );
        assert_eq!(exit, expected_exit, "{name}");
    }
    Ok(())
}
