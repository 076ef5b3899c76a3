//! The shape of an adapter: what its code is, apart from how it is numbered.
//!
//! Whoever wraps a module drops the functions of the adapter that are not needed, renumbers the
//! others and adds code that allocates a stack. So a function is known by a hash of its
//! instructions in which indices are replaced by what they stand for: a call by the hash of the
//! callee or the name of the import, a type by its signature. Allocation (a call of a `realloc`,
//! and a call that does nothing but allocate at the start of an export) is left out.
//!
//! `known.txt` has the hashes of the releases that were looked at.

use std::collections::{BTreeMap, HashMap, HashSet};

use wasmparser::{BlockType, ExternalKind, FuncType, Operator, ValType};

use crate::parse::module::Module;
use crate::parse::scan::Ref;

/// One line for each function: its name and the hashes that it has in known releases.
const KNOWN: &str = include_str!("known.txt");

/// Checks that each of `functions` (name and index) has the code of a known release.
pub fn check(module: &Module<'_>, functions: &BTreeMap<String, u32>) -> Result<(), String> {
    let mut hasher = Hasher::new(module);
    for (name, &index) in functions {
        let hash = hasher
            .function(index)
            .ok_or_else(|| format!("its function {name} could not be read"))?;
        let known = KNOWN.lines().any(|line| {
            let mut words = line.split(' ');
            words.next() == Some(family_name(name).as_str())
                && words.any(|word| u64::from_str_radix(word, 16) == Ok(hash))
        });
        if !known {
            return Err(format!(
                "the code of its function {name} is not that of a known release"
            ));
        }
    }
    Ok(())
}

/// The hash of each function that an adapter exports, for `known.txt`.
pub fn fingerprints(module: &Module<'_>) -> BTreeMap<String, u64> {
    let mut hasher = Hasher::new(module);
    module
        .exports
        .iter()
        .filter(|(_, (kind, _))| *kind == ExternalKind::Func)
        .filter_map(|(name, &(_, index))| Some((family_name(name), hasher.function(index)?)))
        .collect()
}

/// The name of an export without the patch version.
fn family_name(name: &str) -> String {
    match (name.find('@'), name.find('#')) {
        (Some(at), Some(hash)) if at < hash => {
            format!("{}@0.2{}", &name[..at], &name[hash..])
        }
        _ => name.to_string(),
    }
}

struct Hasher<'m, 'a> {
    module: &'m Module<'a>,
    done: HashMap<u32, u64>,
    /// Functions whose callees are being hashed.
    open: Vec<u32>,
}

impl<'m, 'a> Hasher<'m, 'a> {
    fn new(module: &'m Module<'a>) -> Hasher<'m, 'a> {
        Hasher {
            module,
            done: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// The hash of a function and all that it calls; nothing when the code cannot be read.
    fn function(&mut self, index: u32) -> Option<u64> {
        if let Some(&hash) = self.done.get(&index) {
            return Some(hash);
        }
        if self.is_realloc(index) {
            return Some(fnv(b"realloc"));
        }
        let hash = match self.module.imported_funcs.get(index as usize) {
            Some(&import) => {
                let import = &self.module.imports[import];
                let interface = import.module.split('@').next()?;
                fnv(format!("{interface}#{}", import.name).as_bytes())
            }
            None => {
                if self.open.contains(&index) || self.open.len() > 200 {
                    return Some(fnv(b"recursion"));
                }
                self.open.push(index);
                let hash = self.body(index)?;
                self.open.pop();
                hash
            }
        };
        self.done.insert(index, hash);
        Some(hash)
    }

    fn body(&mut self, index: u32) -> Option<u64> {
        let defined = (index - self.module.imported_func_count()) as usize;
        let body = self.module.body(defined);
        let mut text = signature(self.module.func_type(index));
        for locals in body.get_locals_reader().ok()? {
            let (count, ty) = locals.ok()?;
            text.extend_from_slice(format!("{count}{ty}").as_bytes());
        }
        let mut first = true;
        for op in body.get_operators_reader().ok()? {
            let op = op.ok()?;
            let was_first = std::mem::replace(&mut first, false);
            match op {
                Operator::Call { function_index } => {
                    if was_first && self.only_allocates(function_index) {
                        continue;
                    }
                    text.push(0x10);
                    text.extend_from_slice(&self.function(function_index)?.to_le_bytes());
                }
                Operator::GlobalGet { .. } => text.push(0x23),
                Operator::GlobalSet { .. } => text.push(0x24),
                Operator::CallIndirect { type_index, .. } => {
                    text.push(0x11);
                    text.extend(signature(&self.module.types[type_index as usize]));
                }
                Operator::Block {
                    blockty: BlockType::FuncType(ty),
                }
                | Operator::Loop {
                    blockty: BlockType::FuncType(ty),
                }
                | Operator::If {
                    blockty: BlockType::FuncType(ty),
                } => text.extend(signature(&self.module.types[ty as usize])),
                other => text.extend_from_slice(format!("{other:?}").as_bytes()),
            }
        }
        Some(fnv(&text))
    }

    fn is_realloc(&self, index: u32) -> bool {
        let i = ValType::I32;
        *self.module.func_type(index) == FuncType::new([i, i, i, i], [i]) && self.is_local(index)
    }

    /// Whether a function takes and gives nothing and reaches no WASI import.
    fn only_allocates(&self, index: u32) -> bool {
        *self.module.func_type(index) == FuncType::new([], []) && self.is_local(index)
    }

    /// Whether a function reaches no import but those of the guest that allocate.
    fn is_local(&self, index: u32) -> bool {
        let first = self.module.imported_func_count();
        let mut seen = HashSet::from([index]);
        let mut work = vec![index];
        while let Some(index) = work.pop() {
            if let Some(&import) = self.module.imported_funcs.get(index as usize) {
                let import = &self.module.imports[import];
                if import.module != "__main_module__" || !import.name.starts_with("cabi_realloc") {
                    return false;
                }
                continue;
            }
            for reference in self.module.refs.of((index - first) as usize) {
                match reference {
                    Ref::Func(callee) if seen.insert(callee) => work.push(callee),
                    Ref::Table(_) | Ref::TableWrite(_) | Ref::FuncRef(_) => return false,
                    _ => {}
                }
            }
        }
        true
    }
}

fn signature(ty: &FuncType) -> Vec<u8> {
    format!("{:?}{:?}", ty.params(), ty.results()).into_bytes()
}

/// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
