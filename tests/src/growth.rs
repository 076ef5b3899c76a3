//! Files with many of a thing: functions, names, data segments, imports, instances, entries of debug information.

use std::fmt::Write as _;

use gimli::write::{Address, AttributeValue, Dwarf, EndianVec, LineProgram, Sections, Unit};
use gimli::{Encoding, Format, LittleEndian};

/// What a file can have many of.
pub struct Kind {
    pub name: &'static str,
    /// So many are few.
    pub few: usize,
    /// The component with so many of them.
    pub make: fn(usize) -> Vec<u8>,
}

/// All of them.
pub const KINDS: [Kind; 6] = [
    Kind {
        name: "functions",
        few: 400,
        make: |count| component(&with_module(&functions(count, false))),
    },
    Kind {
        name: "names",
        few: 400,
        make: |count| component(&with_module(&functions(count, true))),
    },
    Kind {
        name: "data segments",
        few: 300,
        make: segments,
    },
    Kind {
        name: "imports",
        few: 60,
        make: imports,
    },
    Kind {
        name: "instances",
        few: 20,
        make: instances,
    },
    Kind {
        name: "DWARF",
        few: 150,
        make: |count| {
            let module = wat::parse_str(format!("(module {})", functions(count, false)));
            with_dwarf(&module.expect("a module"))
        },
    },
];

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

fn segments(count: usize) -> Vec<u8> {
    let mut text = "(memory 1) (func (export \"run\") (param i32) (result i32)
                      (i32.load (local.get 0)))"
        .to_string();
    for at in 0..count {
        let _ = write!(text, "(data (i32.const {}) \"abcdefgh\")", at * 24);
    }
    component(&with_module(&text))
}

fn imports(count: usize) -> Vec<u8> {
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
}

fn instances(count: usize) -> Vec<u8> {
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
