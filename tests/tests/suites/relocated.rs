//! `--stack-size`: programs that still have their relocations are what their linker makes of them with that
//! stack, and everything else is refused.

use anyhow::Result;
use p1bridge::flatten::{FlattenOptions, Growth, flatten};
use p1bridge::lower::{cut_and_lower, lower};
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_linker::relocate::{CutStacks, Stack, cut_stacks};
use p1bridge_tests::engines::available;
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Exit, RunSpec};
use wasmparser::{Operator, Parser, Payload};

/// The same program, linked with a stack of 64 KiB and with one of 4 KiB.
fn program(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/prebuilt");
    std::fs::read(format!("{folder}/{name}.wasm")).unwrap()
}

/// The sections of a module, but for the names and what is for linkers.
fn sections(wasm: &[u8]) -> Vec<(u8, &[u8])> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.unwrap();
        if let Payload::CustomSection(section) = &payload
            && (section.name() == "name"
                || section.name() == "linking"
                || section.name().starts_with("reloc."))
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            sections.push((id, &wasm[range.start as usize..range.end as usize]));
        }
    }
    sections
}

#[test]
fn a_stack_that_is_cut_gives_what_the_linker_gives() {
    let large = program("relocated-c");
    let CutStacks {
        wasm: cut,
        stacks,
        unseen,
    } = cut_stacks(&large, 4096).unwrap();
    assert!(unseen.is_empty());
    assert_eq!(
        stacks,
        [Stack {
            module: "relocated-c.wasm".to_string(),
            from: 65536,
            to: 4096
        }]
    );
    assert_eq!(cut.len(), large.len());
    // Encoded again, since numbers in place of longer ones have the length of those.
    let as_is = named("as-is").unwrap();
    let [cut, small] =
        [cut, program("relocated-c-small")].map(|wasm| lower(&wasm, &as_is).unwrap().wasm);
    assert!(sections(&cut) == sections(&small));
    assert!(!sections(&large).is_empty() && sections(&cut) != sections(&large));
}

#[test]
fn a_stack_that_was_cut_can_be_cut_again() {
    let large = program("relocated-c");
    let once = cut_stacks(&large, 4096).unwrap().wasm;
    let first = cut_stacks(&large, 8192).unwrap().wasm;
    let again = cut_stacks(&first, 4096).unwrap();
    assert_eq!((again.stacks[0].from, again.stacks[0].to), (8192, 4096));
    assert!(again.wasm == once);
}

#[test]
fn a_program_with_a_stack_that_was_cut_does_the_same_everywhere() {
    let large = program("relocated-c");
    let component = wrap(&large, &WrapOptions::default()).unwrap().component;
    for engine in available() {
        let profile = profile_name(engine.as_ref());
        let options = FlattenOptions {
            profile: named(profile).unwrap(),
            stack_size: Some(4096),
            growth: Growth::Within(4),
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options).unwrap();
        let note = "the stack of relocated-c.wasm has 4096 bytes instead of 65536";
        assert!(flat.report.notes.iter().any(|found| found == note));
        let lowered = cut_and_lower(&large, 4096, &named(profile).unwrap()).unwrap();
        for wasm in [&flat.wasm, &lowered.wasm] {
            let outcome = engine.run(wasm, &RunSpec::default()).unwrap();
            let text = String::from_utf8_lossy(&outcome.stdout);
            assert_eq!(
                text, "332833500\n996004\n69999\none\n120\n1\n825\n",
                "{profile}: {outcome:?}"
            );
            assert!(matches!(outcome.exit, Exit::Code(0) | Exit::Unknown));
        }
    }
}

/// What a program is refused for.
fn refused(wasm: &[u8]) -> String {
    match cut_stacks(wasm, 4096) {
        Err(error) => format!("{error:#}"),
        Ok(cut) => panic!("taken: {:?}", cut.stacks),
    }
}

#[test]
fn relocations_that_do_not_fit_are_refused_and_name_the_place() {
    let right = program("relocated-c");
    // Another function is called, as if something had worked on the code. What is behind the functions of
    // the program is the linker's and has no relocations.
    let mut refused_some = 0;
    for payload in Parser::new(0).parse_all(&right) {
        let Payload::CodeSectionEntry(body) = payload.unwrap() else {
            continue;
        };
        for operator in body
            .get_operators_reader()
            .unwrap()
            .into_iter_with_offsets()
        {
            let (Operator::Call { .. }, offset) = operator.unwrap() else {
                continue;
            };
            if refused_some == 30 {
                return;
            }
            let mut stale = right.clone();
            stale[offset as usize + 1] ^= 1;
            let error = refused(&stale);
            assert!(
                error.contains("does not fit") && error.contains("-z stack-size=4096"),
                "{error}"
            );
            refused_some += 1;
        }
    }
    panic!("only {refused_some} calls");
}

/// Bytes of the symbols or of the relocations of code that are others never make a wrong program: it is an
/// error, or it does the same.
#[test]
fn damaged_relocations_are_errors_or_do_no_harm() -> Result<()> {
    let right = program("relocated-c");
    let cut = cut_stacks(&right, 4096)?.wasm;
    let engines = available();
    let wasmi = engines.iter().find(|engine| engine.name() == "wasmi");
    let wasmi = wasmi.expect("it is in this process");
    let right_text = wasmi.run(&right, &RunSpec::default())?.stdout;
    let start = right
        .windows(7)
        .position(|window| window == b"linking")
        .unwrap();
    // A relocation of data that is not there cannot be missed.
    let end = right
        .windows(10)
        .position(|window| window == b"reloc.DATA")
        .unwrap()
        - 6;
    for at in (start..end).step_by(7) {
        for bit in [0x01, 0x80] {
            let mut damaged = right.clone();
            damaged[at] ^= bit;
            if let Ok(CutStacks { wasm, .. }) = cut_stacks(&damaged, 4096) {
                // What is before is the program; another alignment makes another stack.
                if wasm[..start - 16] == cut[..start - 16] {
                    continue;
                }
                let outcome = wasmi.run(&wasm, &RunSpec::default())?;
                assert_eq!(
                    outcome.stdout, right_text,
                    "at {at:#x} {bit:#x}: {outcome:?}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn programs_without_relocations_are_told_how_to_get_them() {
    let stripped = lower(&program("relocated-c"), &named("as-is").unwrap())
        .unwrap()
        .wasm;
    for wasm in [
        stripped,
        program("hello-c"),
        wat::parse_str("(module (memory 1))").unwrap(),
    ] {
        let error = refused(&wasm);
        assert!(
            error.contains("no stack is seen") && error.contains("--emit-relocs"),
            "{error}"
        );
    }
    let same = cut_stacks(&program("relocated-c-small"), 65536).unwrap();
    assert!(same.wasm == program("relocated-c-small"));
    assert_eq!((same.stacks[0].from, same.stacks[0].to), (4096, 4096));
}

#[test]
fn a_guest_whose_stack_is_not_seen_beside_one_that_is_cut_is_named() {
    let mut component = wasm_encoder::Component::new();
    for name in ["relocated-c", "hello-c"] {
        component.section(&wasm_encoder::RawSection {
            id: wasm_encoder::ComponentSectionId::CoreModule.into(),
            data: &program(name),
        });
    }
    let component = component.finish();
    let cut = cut_stacks(&component, 4096).unwrap();
    assert_eq!(cut.wasm.len(), component.len());
    let notes: Vec<String> = cut.notes().collect();
    assert_eq!(
        notes,
        [
            "the stack of relocated-c.wasm has 4096 bytes instead of 65536",
            "the stack of core module 1 stays as it is: nothing says where it is (link it with --emit-relocs)",
        ]
    );
}
