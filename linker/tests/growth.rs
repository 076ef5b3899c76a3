//! How the work grows with the input: instructions are counted, not time, by valgrind where there is one.
//!
//! Each kind of thing that a file can have many of is linked twice, the second time with four times as many of them. What
//! grows in proportion takes at most four times the instructions then; looking at all for each takes up to sixteen.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gimli::write::{Address, AttributeValue, Dwarf, EndianVec, LineProgram, Sections, Unit};
use gimli::{Encoding, Format, LittleEndian};
use p1bridge_linker::{Options, flatten};

/// The file that the child links.
const FILE: &str = "P1BRIDGE_GROWTH_FILE";
/// What four times as much may take: sorted lists and trees take a little more than in proportion.
const MOST: f64 = 4.6;

/// What the child does: nothing where the tests are only run.
#[test]
fn child() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let component = std::fs::read(file).expect("the parent has written it");
    let options = Options {
        verify: false,
        ..Options::default()
    };
    flatten(&component, &[], &options).expect("it can be linked");
}

/// The instructions of linking a component; none without valgrind.
fn instructions(name: &str, component: &[u8]) -> Option<f64> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("growth-{name}.wasm"));
    std::fs::write(&file, component).expect("the folder of the tests can be written");
    let this: PathBuf = std::env::current_exe().expect("a test has a file");
    let ran = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(this)
        .args(["--exact", "child", "--test-threads=1"])
        .env(FILE, &file)
        .stdin(Stdio::null())
        .output();
    let Ok(ran) = ran else {
        return None;
    };
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{name}: {said}");
    let line = said
        .lines()
        .find(|line| line.contains("I   refs:") || line.contains("I refs:"));
    let count = line
        .and_then(|line| line.rsplit(' ').next())
        .expect("a count");
    Some(count.replace(',', "").parse().expect("a number"))
}

fn grows_in_proportion(name: &str, count: usize, make: impl Fn(usize) -> Vec<u8>) {
    let (few, many) = (make(count), make(4 * count));
    let Some(before) = instructions(&format!("{name}-few"), &few) else {
        println!("no valgrind: the growth with {name} is not looked at");
        return;
    };
    let after = instructions(&format!("{name}-many"), &many).expect("as before");
    let times = after / before;
    println!(
        "{name}: {before} instructions for {count}, {times:.2} times as many for four times as many"
    );
    assert!(
        times <= MOST,
        "{name}: {times:.2} times the instructions for 4 times as many"
    );
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a component")
}

/// A component with one guest, whose module has this content and exports `run`.
fn with_module(content: &str) -> String {
    format!(
        "(component (core module $M {content}) (core instance $m (instantiate $M))
           (func (export \"run\") (param \"x\" u32) (result u32) (canon lift (core func $m \"run\"))))"
    )
}

/// Functions that all stay, because a table has them.
fn functions(count: usize, named: bool) -> String {
    let mut text = format!("(table {count} funcref) (elem (i32.const 0) func");
    for at in 0..count {
        let _ = write!(text, " {at}");
    }
    text.push(')');
    for at in 0..count {
        let name = if named {
            format!("$function_{at}")
        } else {
            String::new()
        };
        let export = if at == 0 { "(export \"run\")" } else { "" };
        let _ = write!(
            text,
            "(func {name} {export} (param i32) (result i32)
               (call {} (i32.add (local.get 0) (i32.const {at}))))",
            (at + 1) % count
        );
    }
    text
}

#[test]
fn work_grows_in_proportion_to_functions() {
    grows_in_proportion("functions", 400, |count| {
        component(&with_module(&functions(count, false)))
    });
}

#[test]
fn work_grows_in_proportion_to_names() {
    grows_in_proportion("names", 400, |count| {
        component(&with_module(&functions(count, true)))
    });
}

#[test]
fn work_grows_in_proportion_to_data_segments() {
    grows_in_proportion("segments", 300, |count| {
        let mut text = "(memory 1) (func (export \"run\") (param i32) (result i32)
                          (i32.load (local.get 0)))"
            .to_string();
        for at in 0..count {
            let _ = write!(text, "(data (i32.const {}) \"abcdefgh\")", at * 24);
        }
        component(&with_module(&text))
    });
}

#[test]
fn work_grows_in_proportion_to_imports() {
    grows_in_proportion("imports", 60, |count| {
        let ty = "(param \"x\" u32) (result u32)";
        let (mut interface, mut module, mut lowered, mut with) = Default::default();
        for at in 0..count {
            let parts: [(&mut String, String); 4] = [
                (&mut interface, format!("(export \"f{at}\" (func {ty}))")),
                (
                    &mut module,
                    format!("(import \"h\" \"f{at}\" (func (param i32) (result i32)))"),
                ),
                (
                    &mut lowered,
                    format!("(core func $f{at} (canon lower (func $h \"f{at}\")))"),
                ),
                (&mut with, format!("(export \"f{at}\" (func $f{at}))")),
            ];
            for (text, part) in parts {
                text.push_str(&part);
            }
        }
        let calls: String = (0..count).map(|at| format!("(call {at})")).collect();
        component(&format!(
            "(component (import \"host:many/things\" (instance $h {interface}))
               (core module $M {module}
                 (func (export \"run\") (param i32) (result i32) (local.get 0) {calls}))
               {lowered}
               (core instance $m (instantiate $M (with \"h\" (instance {with}))))
               (func (export \"run\") {ty} (canon lift (core func $m \"run\"))))"
        ))
    });
}

#[test]
fn work_grows_in_proportion_to_instances() {
    grows_in_proportion("instances", 20, |count| {
        let mut text =
            "(component (core module $M (memory 1) (func (export \"f\") (param i32) (result i32)
                          (i32.load (local.get 0))))"
                .to_string();
        for at in 0..count {
            let _ = write!(
                text,
                "(core instance $i{at} (instantiate $M))
                 (func (export \"f{at}\") (param \"x\" u32) (result u32)
                   (canon lift (core func $i{at} \"f\")))"
            );
        }
        text.push(')');
        component(&text)
    });
}

#[test]
fn work_grows_in_proportion_to_debug_information() {
    grows_in_proportion("DWARF", 150, |count| {
        let module = wat::parse_str(format!("(module {})", functions(count, false)));
        with_dwarf(&module.expect("a module"))
    });
}

/// A component of a module that gets debug information for each of its functions, with a line.
fn with_dwarf(module: &[u8]) -> Vec<u8> {
    let encoding = Encoding {
        format: Format::Dwarf32,
        version: 4,
        address_size: 4,
    };
    let mut dwarf = Dwarf::new();
    let unit = dwarf.units.add(Unit::new(encoding, LineProgram::none()));
    let unit = dwarf.units.get_mut(unit);
    let mut code = 0;
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        match payload.expect("a module") {
            wasmparser::Payload::CodeSectionStart {
                unchecked_range, ..
            } => code = unchecked_range.start,
            wasmparser::Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let function = unit.add(unit.root(), gimli::DW_TAG_subprogram);
                let function = unit.get_mut(function);
                let start = Address::Constant(range.start - code);
                function.set(gimli::DW_AT_low_pc, AttributeValue::Address(start));
                let length = AttributeValue::Udata(range.end - range.start);
                function.set(gimli::DW_AT_high_pc, length);
            }
            _ => {}
        }
    }
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).expect("it can be written");
    let mut module = module.to_vec();
    sections
        .for_each(|id, data| {
            wasm_encoder::Section::append_to(
                &wasm_encoder::CustomSection {
                    name: id.name().into(),
                    data: data.slice().into(),
                },
                &mut module,
            );
            gimli::write::Result::Ok(())
        })
        .expect("nothing fails");
    // The text of a component cannot have the bytes of a module.
    let mut component = wasm_encoder::Component::new();
    component.section(&wasm_encoder::RawSection {
        id: wasm_encoder::ComponentSectionId::CoreModule as u8,
        data: &module,
    });
    let rest = wat::parse_str(
        "(component (core module $M (func (export \"run\") (param i32) (result i32) local.get 0))
           (core instance $m (instantiate $M))
           (func (export \"run\") (param \"x\" u32) (result u32) (canon lift (core func $m \"run\"))))",
    )
    .expect("a component");
    // What is inside of the module that the text has is not copied.
    let mut inside = 0;
    for payload in wasmparser::Parser::new(0).parse_all(&rest) {
        let payload = payload.expect("a component");
        if let wasmparser::Payload::ModuleSection {
            unchecked_range, ..
        } = &payload
        {
            inside = unchecked_range.end;
        } else if let Some((id, range)) = payload.as_section()
            && range.start >= inside
        {
            let data = &rest[range.start as usize..range.end as usize];
            component.section(&wasm_encoder::RawSection { id, data });
        }
    }
    component.finish()
}
