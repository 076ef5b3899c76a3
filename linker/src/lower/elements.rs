//! The element section of the output.

use std::collections::HashSet;

use anyhow::{Result, anyhow, bail};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ConstExpr, ElementSection, Elements};
use wasmparser::RefType;

use super::lowering::Lowering;
use super::table_layout::references;
use crate::parse::constant::{self, Value};
use crate::parse::module::{Element, ElementMode, Items};

/// Where a segment starts that cannot be written as it is, and its functions; nothing stands for null.
type Nulled = (u32, Vec<Option<u32>>);

impl Lowering<'_, '_, '_> {
    pub fn elements(&self) -> Result<ElementSection> {
        let mut section = ElementSection::new();
        if self.tables.is_some() {
            return Ok(section);
        }
        let nulls = match self.needs.elements {
            true => self.nulls()?,
            false => Vec::new(),
        };
        for (at, element) in self.module.elements.iter().enumerate() {
            match &element.mode {
                ElementMode::Active { table, offset } => {
                    let base = self.joined.as_ref().map(|bases| bases[*table as usize]);
                    if let Some((start, refs)) = nulls.get(at).and_then(Option::as_ref) {
                        self.runs(base.unwrap_or(0) + start, refs, &mut section);
                        continue;
                    }
                    let (explicit, offset) = match base {
                        Some(base) => {
                            let start = self.start_within(element, *table, offset)?;
                            (None, ConstExpr::i32_const((base + start) as i32))
                        }
                        None => ((*table != 0).then_some(*table), self.expression(offset)?),
                    };
                    section.active(explicit, &offset, self.items(element)?);
                }
                _ if self.needs.elements => {}
                ElementMode::Passive => {
                    section.passive(self.items(element)?);
                }
                ElementMode::Declared => {
                    section.declared(self.items(element)?);
                }
            }
        }
        Ok(section)
    }

    /// The segments that cannot be written as they are where elements are functions only: those with
    /// nulls, and those whose functions are overwritten by nulls. Each with its start and with nothing
    /// where null is in the end.
    fn nulls(&self) -> Result<Vec<Option<Nulled>>> {
        let module = self.module;
        let mut all: Vec<Option<Nulled>> = vec![None; module.elements.len()];
        let is_active = |element: &Element<'_>| matches!(element.mode, ElementMode::Active { .. });
        let mut some = false;
        for element in module.elements.iter().filter(|e| is_active(e)) {
            some |= references(module, element)?.contains(&None);
        }
        if !some {
            return Ok(all);
        }
        // The last one that writes an entry decides.
        let mut empty: HashSet<(u32, u32)> = HashSet::new();
        for (at, element) in module.elements.iter().enumerate().rev() {
            let ElementMode::Active { table, offset } = &element.mode else {
                continue;
            };
            let start = self.start_within(element, *table, offset)?;
            let mut refs = references(module, element)?;
            for (func, index) in refs.iter_mut().zip(start..) {
                match func {
                    None => drop(empty.insert((*table, index))),
                    Some(_) if empty.contains(&(*table, index)) => *func = None,
                    Some(_) => {}
                }
            }
            all[at] = refs.contains(&None).then_some((start, refs));
        }
        Ok(all)
    }

    /// Where an active segment begins in its table.
    ///
    /// # Errors
    ///
    /// Fails where nobody knows, and where the module would trap.
    fn start_within(
        &self,
        element: &Element<'_>,
        table: u32,
        offset: &wasmparser::ConstExpr<'_>,
    ) -> Result<u32> {
        let imported = self.module.imported_tables.len();
        let own = self
            .module
            .tables
            .get((table as usize).wrapping_sub(imported));
        let (Some(Value::I32(start)), Some(own)) = (constant::of_module(self.module, offset), own)
        else {
            bail!(
                "the place of the element segment at offset {:#x} depends on an import, and the \
                 profile {} has no nulls in segments or one table only",
                element.offset,
                self.profile.name()
            );
        };
        let end = u64::from(start as u32) + element.items.len() as u64;
        if end > own.ty.initial {
            bail!(
                "the element segment at offset {:#x} does not fit its table: the module traps at once",
                element.offset
            );
        }
        Ok(start as u32)
    }

    /// Nulls are what a table has anyway: only the runs between them are written.
    fn runs(&self, start: u32, refs: &[Option<u32>], section: &mut ElementSection) {
        let mut at = start;
        for run in refs.chunk_by(|a, b| a.is_some() == b.is_some()) {
            let funcs: Vec<u32> = run
                .iter()
                .flatten()
                .map(|&func| self.funcs[func as usize])
                .collect();
            if !funcs.is_empty() {
                let offset = ConstExpr::i32_const(at as i32);
                section.active(None, &offset, Elements::Functions(funcs.into()));
            }
            at += run.len() as u32;
        }
    }

    /// What is in a segment: indices where it can be.
    fn items(&self, element: &Element<'_>) -> Result<Elements<'static>> {
        if let Items::Expressions(ty, _) = element.items
            && ty != RefType::FUNCREF
        {
            return self.expressions(element);
        }
        let functions: Option<Vec<u32>> = references(self.module, element)
            .ok()
            .and_then(|refs| refs.into_iter().collect());
        match functions {
            Some(functions) => {
                let new = functions.iter().map(|&func| self.funcs[func as usize]);
                Ok(Elements::Functions(new.collect()))
            }
            None => self.expressions(element),
        }
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
            .map(|expr| self.expression(expr))
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
