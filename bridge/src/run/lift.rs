//! Calls of lifted functions on wasmi: `CanonicalABI.md`, "Flattening", "Loading", "Storing",
//! "Flat Lifting" and "Flat Lowering", with the layouts that the linker has.
//!
//! A fault of the program, such as a pointer outside of its memory, is a trap, as it would be in a
//! component.

use p1bridge_linker::abi::{self, Type, field_offsets, payload_offset};
use wasmi::{Error, Func, Instance, Memory, Store, Val};
use wasmparser::ValType as Core;

use super::host::Host;
use super::wave::Data;

/// The allocator that a host asks for room in the module.
const REALLOC: &str = "cabi_realloc";

/// A module and the store that it is in.
pub struct Caller<'a> {
    pub store: &'a mut Store<Host>,
    pub instance: Instance,
}

impl Caller<'_> {
    /// Calls the lifted function `export`: lowers `args`, lifts the result, and lets the function
    /// that goes with it free what the result took.
    ///
    /// # Errors
    ///
    /// Traps of the program, and those of the canonical ABI.
    pub fn call(
        &mut self,
        export: &str,
        ty: &abi::FuncType,
        args: &[Data],
    ) -> Result<Option<Data>, Error> {
        let func = self.func(export)?;
        let core = ty.lifted();
        let mut params = Vec::new();
        let record = Data::Many(args.to_vec());
        let in_memory = ty.params.flat().len() > abi::MAX_FLAT_PARAMS;
        if in_memory {
            let at = self.allocate(ty.params.size(), ty.params.align())?;
            self.store(&ty.params, &record, at)?;
            params.push(Val::I32(at as i32));
        } else {
            self.lower(&ty.params, &record, &mut params)?;
        }
        let mut results: Vec<Val> = core
            .results()
            .iter()
            .map(|ty| match ty {
                Core::I64 => Val::I64(0),
                Core::F32 => Val::F32(0.0.into()),
                Core::F64 => Val::F64(0.0.into()),
                _ => Val::I32(0),
            })
            .collect();
        func.call(&mut *self.store, &params, &mut results)?;
        let value = match &ty.result {
            None => None,
            Some(result) if result.flat().len() > abi::MAX_FLAT_RESULTS => {
                let at = results.first().map_or(0, bits) as u32;
                if !at.is_multiple_of(result.align()) {
                    return Err(trap("the address of the result is not aligned"));
                }
                Some(self.load(result, at)?)
            }
            Some(result) => {
                let slots: Vec<u64> = results.iter().map(bits).collect();
                Some(self.lift(result, &mut slots.into_iter())?)
            }
        };
        let post_return = format!("cabi_post_{export}");
        if let Some(free) = self.instance.get_func(&*self.store, &post_return) {
            free.call(&mut *self.store, &results, &mut [])?;
        }
        Ok(value)
    }

    fn func(&self, name: &str) -> Result<Func, Error> {
        self.instance
            .get_func(&*self.store, name)
            .ok_or_else(|| trap(&format!("the module exports no function `{name}`")))
    }

    fn memory(&self) -> Result<Memory, Error> {
        self.instance
            .get_memory(&*self.store, "memory")
            .ok_or_else(|| trap("the module exports no memory, and the value has to be in one"))
    }

    fn allocate(&mut self, size: u32, align: u32) -> Result<u32, Error> {
        let realloc = self.func(REALLOC)?;
        let mut result = [Val::I32(0)];
        let args = [0, 0, align as i32, size as i32].map(Val::I32);
        realloc.call(&mut *self.store, &args, &mut result)?;
        let at = bits(&result[0]) as u32;
        if !at.is_multiple_of(align) {
            return Err(trap(&format!(
                "`{REALLOC}` gave an address that is not aligned"
            )));
        }
        self.bytes(at, size)?;
        Ok(at)
    }

    fn bytes(&self, at: u32, length: u32) -> Result<&[u8], Error> {
        let memory = self.memory()?.data(&*self.store);
        memory
            .get(at as usize..at as usize + length as usize)
            .ok_or_else(|| {
                trap(&format!(
                    "{length} bytes at {at:#x} are outside of the memory"
                ))
            })
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Error> {
        self.bytes(at, bytes.len() as u32)?;
        let memory = self.memory()?.data_mut(&mut *self.store);
        memory[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn number(&self, at: u32, size: u32) -> Result<u64, Error> {
        let mut value = [0; 8];
        value[..size as usize].copy_from_slice(self.bytes(at, size)?);
        Ok(u64::from_le_bytes(value))
    }

    /// Room for a string or the elements of a list, filled: its address and length.
    fn store_range(&mut self, ty: &Type, value: &Data) -> Result<(u32, u32), Error> {
        match (ty, value) {
            (Type::String, Data::Text(text)) => {
                let at = self.allocate(length(text.len())?, 1)?;
                self.write(at, text.as_bytes())?;
                Ok((at, text.len() as u32))
            }
            (Type::List(element), Data::Many(values)) => {
                let size = element.size();
                let all = (size as usize).saturating_mul(values.len());
                let at = self.allocate(length(all)?, element.align())?;
                for (i, value) in values.iter().enumerate() {
                    self.store(element, value, at + i as u32 * size)?;
                }
                Ok((at, values.len() as u32))
            }
            _ => Err(mismatch()),
        }
    }

    fn store(&mut self, ty: &Type, value: &Data, at: u32) -> Result<(), Error> {
        match (ty, value) {
            (Type::String | Type::List(_), _) => {
                let (start, count) = self.store_range(ty, value)?;
                self.write(at, &start.to_le_bytes())?;
                self.write(at + 4, &count.to_le_bytes())
            }
            (Type::FixedList(element, _), Data::Many(values)) => {
                for (i, value) in values.iter().enumerate() {
                    self.store(element, value, at + i as u32 * element.size())?;
                }
                Ok(())
            }
            (Type::Record(fields), Data::Many(values)) => {
                for ((ty, value), offset) in fields.iter().zip(values).zip(field_offsets(fields)) {
                    self.store(ty, value, at + offset)?;
                }
                Ok(())
            }
            (Type::Variant(cases), Data::Case(case, payload)) => {
                let size = abi::discriminant_size(cases.len()) as usize;
                self.write(at, &case.to_le_bytes()[..size])?;
                match (&cases[*case as usize], payload) {
                    (Some(ty), Some(value)) => self.store(ty, value, at + payload_offset(cases)),
                    _ => Ok(()),
                }
            }
            (_, Data::Bits(bits)) => self.write(at, &bits.to_le_bytes()[..ty.size() as usize]),
            _ => Err(mismatch()),
        }
    }

    fn lower(&mut self, ty: &Type, value: &Data, into: &mut Vec<Val>) -> Result<(), Error> {
        match (ty, value) {
            (Type::String | Type::List(_), _) => {
                let (start, count) = self.store_range(ty, value)?;
                into.extend([start, count].map(|number| Val::I32(number as i32)));
                Ok(())
            }
            (Type::FixedList(element, _), Data::Many(values)) => values
                .iter()
                .try_for_each(|value| self.lower(element, value, into)),
            (Type::Record(fields), Data::Many(values)) => fields
                .iter()
                .zip(values)
                .try_for_each(|(ty, value)| self.lower(ty, value, into)),
            (Type::Variant(cases), Data::Case(case, payload)) => {
                into.push(Val::I32(*case as i32));
                let mut slots = Vec::new();
                if let (Some(ty), Some(value)) = (&cases[*case as usize], payload) {
                    self.lower(ty, value, &mut slots)?;
                }
                // Each slot is as wide as the widest case has it.
                let joined = ty.flat();
                for (i, ty) in joined[1..].iter().enumerate() {
                    into.push(slot(*ty, slots.get(i).map_or(0, bits)));
                }
                Ok(())
            }
            (_, Data::Bits(bits)) => {
                into.push(slot(ty.flat()[0], *bits));
                Ok(())
            }
            _ => Err(mismatch()),
        }
    }

    fn load_range(&self, ty: &Type, at: u32, count: u32) -> Result<Data, Error> {
        let Type::List(element) = ty else {
            let bytes = self.bytes(at, count)?.to_vec();
            return match String::from_utf8(bytes) {
                Ok(text) => Ok(Data::Text(text)),
                Err(_) => Err(trap("a string is not UTF-8")),
            };
        };
        if !at.is_multiple_of(element.align()) {
            return Err(trap("the address of a list is not aligned"));
        }
        let size = element.size();
        let all = u64::from(size) * u64::from(count);
        self.bytes(
            at,
            u32::try_from(all).map_err(|_| trap("a list is larger than the memory"))?,
        )?;
        let values = (0..count).map(|i| self.load(element, at + i * size));
        Ok(Data::Many(values.collect::<Result<_, _>>()?))
    }

    fn load(&self, ty: &Type, at: u32) -> Result<Data, Error> {
        Ok(match ty {
            Type::String | Type::List(_) => {
                self.bytes(at, 8)?;
                let (start, count) = (self.number(at, 4)?, self.number(at + 4, 4)?);
                self.load_range(ty, start as u32, count as u32)?
            }
            Type::FixedList(element, count) => {
                self.bytes(at, ty.size())?;
                let values = (0..*count).map(|i| self.load(element, at + i * element.size()));
                Data::Many(values.collect::<Result<_, _>>()?)
            }
            Type::Record(fields) => {
                self.bytes(at, ty.size())?;
                let values = fields.iter().zip(field_offsets(fields));
                let values = values.map(|(ty, offset)| self.load(ty, at + offset));
                Data::Many(values.collect::<Result<_, _>>()?)
            }
            Type::Variant(cases) => {
                self.bytes(at, ty.size())?;
                let case = self.number(at, abi::discriminant_size(cases.len()))? as u32;
                let payload = case_of(cases, case)?;
                let payload = payload.map(|ty| self.load(ty, at + payload_offset(cases)));
                Data::Case(case, payload.transpose()?.map(Box::new))
            }
            _ => scalar(ty, self.number(at, ty.size())?)?,
        })
    }

    /// Takes as many of `slots` as the type has flat values; a result has one at most.
    fn lift(&self, ty: &Type, slots: &mut dyn Iterator<Item = u64>) -> Result<Data, Error> {
        Ok(match ty {
            Type::String | Type::List(_) => {
                let (start, count) = (next(slots)?, next(slots)?);
                self.load_range(ty, start as u32, count as u32)?
            }
            Type::FixedList(element, count) => {
                let values = (0..*count).map(|_| self.lift(element, slots));
                Data::Many(values.collect::<Result<_, _>>()?)
            }
            Type::Record(fields) => {
                let values = fields.iter().map(|ty| self.lift(ty, slots));
                Data::Many(values.collect::<Result<_, _>>()?)
            }
            Type::Variant(cases) => {
                let case = next(slots)? as u32;
                let payload = case_of(cases, case)?;
                let payload = payload.map(|ty| self.lift(ty, slots));
                Data::Case(case, payload.transpose()?.map(Box::new))
            }
            _ => scalar(ty, next(slots)?)?,
        })
    }
}

fn next(slots: &mut dyn Iterator<Item = u64>) -> Result<u64, Error> {
    slots.next().ok_or_else(mismatch)
}

fn case_of(cases: &[Option<Type>], case: u32) -> Result<Option<&Type>, Error> {
    match cases.get(case as usize) {
        Some(payload) => Ok(payload.as_ref()),
        None => Err(trap(&format!(
            "there is no case {case} in a variant of {}",
            cases.len()
        ))),
    }
}

/// What bits of memory, or of a core value that may have more, mean as a value of this type.
fn scalar(ty: &Type, bits: u64) -> Result<Data, Error> {
    Ok(Data::Bits(match ty {
        Type::Bool => u64::from(bits as u32 != 0),
        Type::Int {
            bits: width,
            signed,
        } => {
            let unused = 64 - width;
            match signed {
                true => (((bits << unused) as i64) >> unused) as u64,
                false => bits << unused >> unused,
            }
        }
        Type::Char => match char::from_u32(bits as u32) {
            Some(char) => u32::from(char).into(),
            None => return Err(trap("a char is no Unicode scalar value")),
        },
        Type::Flags(labels) => bits & ((1u64 << labels) - 1),
        Type::F64 => bits,
        _ => bits as u32 as u64,
    }))
}

fn bits(value: &Val) -> u64 {
    match value {
        Val::I32(value) => *value as u32 as u64,
        Val::I64(value) => *value as u64,
        Val::F32(value) => value.to_bits().into(),
        Val::F64(value) => value.to_bits(),
        _ => 0,
    }
}

fn slot(ty: Core, bits: u64) -> Val {
    match ty {
        Core::I64 => Val::I64(bits as i64),
        Core::F32 => Val::F32(f32::from_bits(bits as u32).into()),
        Core::F64 => Val::F64(f64::from_bits(bits).into()),
        _ => Val::I32(bits as i32),
    }
}

fn length(bytes: usize) -> Result<u32, Error> {
    u32::try_from(bytes).map_err(|_| trap("an argument is larger than any memory"))
}

fn trap(why: &str) -> Error {
    Error::new(why.to_string())
}

fn mismatch() -> Error {
    trap("the module has another type than its world says")
}
