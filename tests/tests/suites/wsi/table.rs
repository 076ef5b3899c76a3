//! One table, `wit/wsi/wsi.txt`, and what is written after it: the header, the crate, the library, the component side.

use std::collections::BTreeSet;
use std::fs;

use p1bridge::flatten::LIBRARIES;
use p1bridge_linker::wsi::{Function, Host, functions};
use wasmparser::{Parser, Payload, TypeRef, ValType};

use super::interface;

fn name(function: &Function) -> String {
    format!("{}.{}", function.module, function.name)
}

/// Name, width and whether it is an address, of each argument.
fn arguments_of(function: &Function) -> Vec<String> {
    let arguments = function.arguments.iter();
    let shown = arguments.map(|argument| {
        let width = if argument.ty == ValType::I64 {
            "64"
        } else {
            "32"
        };
        let name = argument.name.replace('-', "_");
        format!("{name} {width} {}", argument.place.is_some())
    });
    shown.collect()
}

/// The exports of the library with their types.
fn exports() -> Vec<(String, wasmparser::FuncType)> {
    let library = LIBRARIES
        .iter()
        .find(|library| library.name == "wsi-on-p1")
        .unwrap();
    let (mut types, mut functions, mut exports) = (Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(library.wasm) {
        match payload.unwrap() {
            Payload::TypeSection(section) => {
                types = section
                    .into_iter_err_on_gc_types()
                    .collect::<Result<Vec<_>, _>>()
                    .unwrap();
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) = import.unwrap().ty {
                        functions.push(ty);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                functions.extend(section.into_iter().map(Result::unwrap))
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.unwrap();
                    let ty = types[functions[export.index as usize] as usize].clone();
                    exports.push((export.name.to_owned(), ty));
                }
            }
            _ => {}
        }
    }
    exports
}

#[test]
fn the_library_has_every_function_that_some_host_has_with_its_signature() {
    let exports = exports();
    let there = |function: &&Function| function.class(Host::Sockets).is_there();
    for function in functions().iter().filter(there) {
        let export = format!("wsi:sys/{}@0.1#{}", function.module, function.name);
        let found = exports.iter().find(|(name, _)| *name == export);
        let (_, ty) = found.unwrap_or_else(|| panic!("{export} is missing"));
        assert_eq!(*ty, function.ty(), "{export}");
    }
    let weak = exports
        .iter()
        .filter(|(name, _)| name.starts_with("weak:"))
        .count();
    assert_eq!(
        exports.len() - weak,
        functions().iter().filter(there).count()
    );
}

#[test]
fn the_header_declares_every_function_with_its_signature() {
    let header = fs::read_to_string(interface().join("guest/wsi.h")).unwrap();
    let mut declared = BTreeSet::new();
    let text = header.replace('\n', " ");
    for declaration in text.split("WSI_F(\"").skip(1) {
        let (declaration, _) = declaration.split_once(';').unwrap();
        let (import, c) = declaration.split_once(") ").unwrap();
        let names: Vec<&str> = import.split('"').collect();
        let (module, field) = (names[0], names[2]);
        let function = functions()
            .iter()
            .find(|known| known.module == module && known.name == field);
        let function = function.unwrap_or_else(|| panic!("{module}.{field} is not in the table"));
        declared.insert(name(function));
        let (head, arguments) = c.split_once('(').unwrap();
        let (result, c_name) = head.rsplit_once(' ').unwrap();
        assert_eq!(c_name, format!("wsi_{module}_{}", field.replace('-', "_")));
        let wanted = match function.result {
            None => "void",
            Some(ValType::I64) => "int64_t",
            _ => "int32_t",
        };
        assert_eq!(result, wanted, "{c_name}");
        let arguments: Vec<&str> = { arguments.trim_end_matches(')').split(',') }
            .map(str::trim)
            .filter(|argument| *argument != "void")
            .collect();
        let given: Vec<String> = arguments
            .iter()
            .map(|argument| {
                let at = argument.rfind([' ', '*']).unwrap();
                let (ty, name) = argument.split_at(at + 1);
                // An address is one of something, and `thread.spawn` and `mem` pass on what nobody looks at.
                let is_place = ty.contains('*') && !ty.starts_with("void *")
                    || ty.contains("void *") && name != "arg";
                format!(
                    "{name} {} {is_place}",
                    if ty.contains("64") { "64" } else { "32" }
                )
            })
            .collect();
        assert_eq!(given, arguments_of(function), "{c_name}");
    }
    let all: BTreeSet<String> = functions().iter().map(name).collect();
    assert_eq!(declared, all);
}

#[test]
fn the_functions_on_preview_1_in_c_are_those_that_preview_1_has() {
    let header = fs::read_to_string(interface().join("guest/wsi-on-p1.h")).unwrap();
    for function in functions() {
        let c = format!(
            " wsi_{}_{}(",
            function.module,
            function.name.replace('-', "_")
        );
        let absent = header.contains(&format!("{} ", name(function)));
        let there = function.class(Host::Preview1).is_there();
        assert_eq!(header.contains(&c), there, "{c}");
        assert_eq!(
            absent,
            !there,
            "{} among those that are absent",
            name(function)
        );
    }
}

#[test]
fn the_crate_declares_every_function_with_its_signature() {
    let source = fs::read_to_string(interface().join("guest/rust/src/sys.rs")).unwrap();
    let mut declared = BTreeSet::new();
    let mut module = "";
    // A declaration may be on several lines.
    let statements = source.replace('\n', " ");
    for statement in statements.split(['{', ';', '}']) {
        let statement = statement.trim();
        if let Some(import) = statement.strip_prefix("\"wsi:sys/") {
            module = import.split('@').next().unwrap();
            continue;
        }
        let Some((field, rust)) = statement
            .strip_prefix('"')
            .and_then(|s| s.split_once("\" fn "))
        else {
            continue;
        };
        let function = { functions().iter() }
            .find(|known| known.module == module && known.name == field)
            .unwrap_or_else(|| panic!("{module}.{field} is not in the table"));
        declared.insert(name(function));
        let (rust_name, rest) = rust.split_once('(').unwrap();
        assert_eq!(rust_name, format!("{module}_{}", field.replace('-', "_")));
        let (arguments, result) = rest.rsplit_once(')').unwrap();
        let wanted = match function.result {
            None => "",
            Some(ValType::I64) => "-> i64",
            _ => "-> i32",
        };
        assert_eq!(result.trim(), wanted, "{rust_name}");
        let given: Vec<String> = { arguments.split(',').map(str::trim) }
            .filter(|argument| !argument.is_empty())
            .map(|argument| {
                let (name, ty) = argument.split_once(": ").unwrap();
                format!(
                    "{name} {} {}",
                    if ty.ends_with("64") { "64" } else { "32" },
                    ty.starts_with('*')
                )
            })
            .collect();
        assert_eq!(given, arguments_of(function), "{rust_name}");
    }
    let all: BTreeSet<String> = functions().iter().map(name).collect();
    assert_eq!(declared, all);
}

#[test]
fn the_component_side_is_valid_and_named_unlike_the_core_form() {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_path(interface().join("wsi.wit")).unwrap();
    let package = &resolve.packages[package];
    assert_eq!(package.name.to_string(), "wsi:sys@0.1.0");
    for interface in package.interfaces.keys() {
        assert!(
            !p1bridge_linker::wsi::is_wsi(&format!("wsi:sys/{interface}@0.1.0")),
            "{interface}"
        );
    }
}
