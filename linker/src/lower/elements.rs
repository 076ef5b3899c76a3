//! The element section of the output.

use anyhow::{Result, anyhow, bail};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ConstExpr, ElementSection, Elements};
use wasmparser::WasmFeatures;

use super::lowering::Lowering;
use super::sections::raw;
use super::table_layout;
use crate::parse::constant::{self, Value};
use crate::parse::module::{Element, ElementMode, Items};

impl Lowering<'_, '_, '_> {
    pub fn elements(&self) -> Result<ElementSection> {
        let mut section = ElementSection::new();
        let module = self.module;
        if self.tables.is_some() {
            return Ok(section);
        }
        let has_references = self.profile.has(WasmFeatures::REFERENCE_TYPES);
        for element in &module.elements {
            let refs = table_layout::references(module, element);
            let plain: Option<Vec<u32>> = refs.as_ref().ok().and_then(|refs| {
                refs.iter()
                    .map(|func| func.map(|func| self.funcs[func as usize]))
                    .collect()
            });
            let items = match &plain {
                Some(funcs) => Elements::Functions(funcs.into()),
                None => self.expressions(element)?,
            };
            match &element.mode {
                ElementMode::Passive if self.needs.segments => {}
                ElementMode::Declared if !has_references => {}
                ElementMode::Passive => {
                    section.passive(items);
                }
                ElementMode::Declared => {
                    section.declared(items);
                }
                ElementMode::Active { table, offset } => {
                    let value = constant::of_module(module, offset);
                    let base = self
                        .joined
                        .as_ref()
                        .map_or(0, |bases| bases[*table as usize]);
                    let at = |n: u32| -> Result<ConstExpr> {
                        match value {
                            Some(Value::I32(value)) => {
                                Ok(ConstExpr::i32_const(value.wrapping_add((base + n) as i32)))
                            }
                            Some(value) if base + n == 0 => value.encode(Ok),
                            None if base + n == 0 => raw(offset),
                            _ => bail!(
                                "the place of the element segment at offset {:#x} depends on an import",
                                element.offset
                            ),
                        }
                    };
                    let table = self.table(*table);
                    let explicit = (table != 0).then_some(table);
                    if plain.is_some() || has_references {
                        section.active(explicit, &at(0)?, items);
                        continue;
                    }
                    // Nulls are what a table has anyway: only the runs between them are written.
                    let refs = refs?;
                    let mut n = 0;
                    for run in refs.chunk_by(|a, b| a.is_some() == b.is_some()) {
                        let funcs: Vec<u32> = run
                            .iter()
                            .flatten()
                            .map(|&func| self.funcs[func as usize])
                            .collect();
                        if !funcs.is_empty() {
                            section.active(explicit, &at(n)?, Elements::Functions(funcs.into()));
                        }
                        n += run.len() as u32;
                    }
                }
            }
        }
        Ok(section)
    }

    fn expressions(&self, element: &Element<'_>) -> Result<Elements<'static>> {
        let Items::Expressions(ty, exprs) = &element.items else {
            bail!("an element segment of indices has no null");
        };
        let ty = RoundtripReencoder
            .ref_type(*ty)
            .map_err(|error| anyhow!("{error}"))?;
        let exprs: Vec<ConstExpr> = exprs
            .iter()
            .map(|expr| match constant::of_module(self.module, expr) {
                Some(value) => value.encode(|func| Ok(self.funcs[func as usize])),
                None => raw(expr),
            })
            .collect::<Result<_>>()?;
        Ok(Elements::Expressions(ty, exprs.into()))
    }

    /// The table of functions that have numbers.
    pub fn numbered_elements(&self) -> ElementSection {
        let mut section = ElementSection::new();
        let functions: Vec<u32> = self
            .tables
            .iter()
            .flat_map(|tables| &tables.functions)
            .map(|&func| self.funcs[func as usize])
            .collect();
        if !functions.is_empty() {
            section.active(
                None,
                &ConstExpr::i32_const(1),
                Elements::Functions(functions.into()),
            );
        }
        section
    }
}
