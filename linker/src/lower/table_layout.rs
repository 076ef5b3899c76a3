//! Where lowered tables lie, and which functions have numbers: [`super::tables`] says what for.

use std::collections::HashMap;

use anyhow::{Result, bail};

use crate::parse::constant::{self, Value};
use crate::parse::module::{Element, ElementMode, Items, Module};

/// How much a table may grow that says no maximum: the room is reserved.
const GROWTH: u32 = 4096;

/// The most entries of all lowered tables.
const MOST: u64 = 1 << 22;

/// Lowered tables and element segments in the block.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub tables: Vec<Place>,
    /// The element segments that `table.init` may use.
    pub elements: Vec<Place>,
    /// The numbers at the start, for the whole part of the block.
    pub contents: Vec<u8>,
    /// Where this part of the block begins.
    pub offset: u32,
    /// The functions that have numbers, from 1.
    pub functions: Vec<u32>,
    numbers: HashMap<u32, i32>,
}

#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// From the start of the block, in bytes.
    pub offset: u32,
    pub entries: u32,
    pub capacity: u32,
}

impl Tables {
    /// Lays out the tables of `module` from `offset` of the block on.
    ///
    /// # Errors
    ///
    /// Fails for what cannot be a number, and for segments that would trap at the start.
    pub fn new(module: &Module<'_>, offset: u32, grows: bool) -> Result<Tables> {
        let mut tables = Tables {
            offset,
            ..Tables::default()
        };
        let mut end = offset;
        let mut total = 0;
        let mut place = |entries: u32, capacity: u32| -> Result<Place> {
            total += u64::from(capacity);
            if total > MOST {
                bail!("the tables are too large to be lowered: {total} entries");
            }
            let place = Place {
                offset: end,
                entries,
                capacity,
            };
            end += capacity * 4;
            Ok(place)
        };
        for table in &module.tables {
            let initial = u32::try_from(table.ty.initial)?;
            let capacity = match (grows, table.ty.maximum) {
                (false, _) => initial,
                (true, Some(maximum)) => {
                    u32::try_from(maximum)?.min(initial.saturating_add(GROWTH))
                }
                (true, None) => initial.saturating_add(GROWTH),
            };
            tables.tables.push(place(initial, capacity)?);
        }
        for element in &module.elements {
            let entries = match (&element.mode, &element.items) {
                (ElementMode::Passive, Items::Functions(funcs)) => funcs.len(),
                (ElementMode::Passive, Items::Expressions(_, exprs)) => exprs.len(),
                _ => 0,
            } as u32;
            tables.elements.push(place(entries, entries)?);
        }
        let size = (end - offset).next_multiple_of(16);
        tables.contents = vec![0; size as usize];
        for (at, element) in module.elements.iter().enumerate() {
            tables.fill_in(module, at, element)?;
        }
        Ok(tables)
    }

    fn fill_in(&mut self, module: &Module<'_>, at: usize, element: &Element<'_>) -> Result<()> {
        let refs = references(module, element)?;
        let first = match &element.mode {
            ElementMode::Declared => return Ok(()),
            ElementMode::Passive => self.elements[at].offset,
            ElementMode::Active { table, offset } => {
                let Some(Value::I32(offset)) = constant::of_module(module, offset) else {
                    bail!("the offset of an element segment depends on an import");
                };
                let place = self.tables[*table as usize];
                let end = u64::from(offset as u32) + refs.len() as u64;
                if end > u64::from(place.entries) {
                    bail!("an element segment does not fit its table: the module traps at once");
                }
                place.offset + offset as u32 * 4
            }
        };
        for (n, func) in refs.into_iter().enumerate() {
            let number = func.map_or(0, |func| self.number(func));
            let start = (first - self.offset) as usize + n * 4;
            self.contents[start..start + 4].copy_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }

    /// The number of a function.
    pub fn number(&mut self, func: u32) -> i32 {
        *self.numbers.entry(func).or_insert_with(|| {
            self.functions.push(func);
            self.functions.len() as i32
        })
    }

    /// The entries of a table at the start.
    pub fn initial(&self, table: u32) -> u32 {
        self.tables[table as usize].entries
    }

    /// The entries of an element segment.
    pub fn element_entries(&self, element: u32) -> u32 {
        self.elements[element as usize].entries
    }
}

/// What is in an element segment; nothing stands for null.
pub fn references(module: &Module<'_>, element: &Element<'_>) -> Result<Vec<Option<u32>>> {
    match &element.items {
        Items::Functions(funcs) => Ok(funcs.iter().map(|&func| Some(func)).collect()),
        Items::Expressions(_, exprs) => exprs
            .iter()
            .map(|expr| match constant::of_module(module, expr) {
                Some(Value::Func(func)) => Ok(Some(func)),
                Some(Value::Null(_)) => Ok(None),
                _ => bail!(
                    "an element of the segment at offset {:#x} depends on an import",
                    element.offset
                ),
            })
            .collect(),
    }
}

/// The bases of several tables that are joined in one.
pub fn join(module: &Module<'_>) -> Result<Vec<u32>> {
    let mut next = 0u32;
    let mut bases = Vec::new();
    for table in &module.tables {
        bases.push(next);
        next = u32::try_from(table.ty.initial)
            .ok()
            .and_then(|entries| next.checked_add(entries))
            .ok_or_else(|| anyhow::anyhow!("the tables are too large to be joined"))?;
    }
    Ok(bases)
}
