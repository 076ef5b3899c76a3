//! What the parser does not keep: the order of exports.

use anyhow::Result;
use wasmparser::{ExternalKind, Parser, Payload};

/// What the parser does not keep: the order of exports.
pub struct Order<'a> {
    pub exports: Vec<wasmparser::Export<'a>>,
    pub data_count: bool,
}

impl<'a> Order<'a> {
    pub fn read(wasm: &'a [u8]) -> Result<Order<'a>> {
        let mut order = Order {
            exports: Vec::new(),
            data_count: false,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ExportSection(section) => {
                    for export in section {
                        order.exports.push(export?);
                    }
                }
                Payload::DataCountSection { .. } => order.data_count = true,
                _ => {}
            }
        }
        Ok(order)
    }

    /// The function that is exported under this name.
    pub fn exported_function(&self, name: &str) -> Option<u32> {
        self.exports
            .iter()
            .find(|export| export.name == name && export.kind == ExternalKind::Func)
            .map(|export| export.index)
    }
}
