//! A component without what its types do not depend on: the bodies, data and custom sections of its core modules.
//!
//! Reading the world of a component validates all of it and takes several times its size in memory. Of most, nearly all
//! is bodies.

use anyhow::Result;
use wasm_encoder::{ComponentSectionId, Encode, SectionId};
use wasmparser::BinaryReader;

/// No locals, `unreachable`, `end`: valid for a function of any type. Its size comes first.
const BODY: [u8; 4] = [3, 0x00, 0x00, 0x0b];
/// Bytes of the header of a component, and of a module.
const HEADER: usize = 8;

/// The skeleton of a valid component.
///
/// # Errors
///
/// For a file that is cut off, with the byte offset in what is cut off.
pub fn skeleton(component: &[u8]) -> Result<Vec<u8>> {
    const MODULE: u8 = ComponentSectionId::CoreModule as u8;
    const COMPONENT: u8 = ComponentSectionId::Component as u8;
    sections(component, |id, content| {
        Ok(match id {
            MODULE => Some(module(content)?),
            COMPONENT => Some(skeleton(content)?),
            _ => Some(content.to_vec()),
        })
    })
}

fn module(module: &[u8]) -> Result<Vec<u8>> {
    const CUSTOM: u8 = SectionId::Custom as u8;
    const CODE: u8 = SectionId::Code as u8;
    const DATA: u8 = SectionId::Data as u8;
    const DATA_COUNT: u8 = SectionId::DataCount as u8;
    sections(module, |id, content| {
        Ok(match id {
            CUSTOM | DATA | DATA_COUNT => None,
            CODE => {
                let count = BinaryReader::new(content, 0).read_var_u32()?;
                let mut bodies = Vec::new();
                count.encode(&mut bodies);
                bodies.extend(BODY.repeat(count as usize));
                Some(bodies)
            }
            _ => Some(content.to_vec()),
        })
    })
}

/// The header, and the sections with the content that `change` gives them; those without are left out.
fn sections(
    bytes: &[u8],
    change: impl Fn(u8, &[u8]) -> Result<Option<Vec<u8>>>,
) -> Result<Vec<u8>> {
    let mut reader = BinaryReader::new(bytes, 0);
    let mut out = reader.read_bytes(HEADER)?.to_vec();
    while !reader.eof() {
        let id = reader.read_u8()?;
        let length = reader.read_var_u32()? as usize;
        if let Some(content) = change(id, reader.read_bytes(length)?)? {
            out.push(id);
            content.encode(&mut out);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skeleton_has_the_types_but_no_code_and_data_of_all_modules_inside() {
        let component = wat::parse_str(
            r#"(component
                 (component $inner
                   (core module $M (memory 1) (data (i32.const 0) "some data")
                     (func (export "f") (param i32) (result i32) (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1))
                       (i32.add (local.get 0) (i32.const 4660)))
                     (data "more of it"))
                   (core instance $m (instantiate $M))
                   (func (export "f") (param "x" s32) (result s32) (canon lift (core func $m "f"))))
                 (instance $i (instantiate $inner))
                 (export "f" (func $i "f")))"#,
        )
        .expect("a component");
        let skeleton = skeleton(&component).expect("it is whole");
        for gone in [&b"some data"[..], b"more of it", &[0x41, 0xb4, 0x24]] {
            let has = |bytes: &[u8]| bytes.windows(gone.len()).any(|part| part == gone);
            assert!(has(&component) && !has(&skeleton), "{gone:x?}");
        }
        let world = |bytes: &[u8]| {
            let decoded = wit_component::decode(bytes).expect("it has a world");
            let package = decoded.package();
            let mut printer = wit_component::WitPrinter::default();
            printer
                .print(decoded.resolve(), package, &[])
                .expect("it is printed");
            String::from(printer.output)
        };
        assert_eq!(world(&skeleton), world(&component));
    }
}
