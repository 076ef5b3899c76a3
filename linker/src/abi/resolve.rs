//! From the validator's types to [`Type`], with resources replaced by those of the program.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentDefinedType, ComponentFuncTypeId, ComponentValType, ResourceId as ValidatorResource,
};
use wasmparser::types::Types;

use super::types::{FuncType, Type};
use crate::entity::ResourceId;

/// What the resource types of one component instance are in the program.
pub type ResourceMap = HashMap<ValidatorResource, ResourceId>;

/// More types than any real signature has; beyond it a small file is running away.
const MAX_NODES: u32 = 100_000;

/// Resolves the types of one signature.
pub struct Resolver<'t> {
    types: &'t Types,
    resources: &'t ResourceMap,
    nodes: u32,
}

impl<'t> Resolver<'t> {
    pub fn new(types: &'t Types, resources: &'t ResourceMap) -> Resolver<'t> {
        Resolver {
            types,
            resources,
            nodes: 0,
        }
    }

    /// How many types have been resolved.
    pub fn nodes(&self) -> usize {
        self.nodes as usize
    }

    /// The type of a function.
    ///
    /// # Errors
    ///
    /// Fails for types that are too large.
    pub fn function(&mut self, id: ComponentFuncTypeId) -> Result<FuncType> {
        let ty = &self.types[id];
        let params = ty
            .params
            .iter()
            .map(|(_, ty)| self.value(*ty))
            .collect::<Result<_>>()?;
        Ok(FuncType {
            params: Type::Record(params),
            result: ty.result.map(|ty| self.value(ty)).transpose()?,
        })
    }

    fn element(&mut self, ty: Option<ComponentValType>) -> Result<Option<Arc<Type>>> {
        let ty = ty.map(|ty| self.value(ty)).transpose()?;
        Ok(ty.map(Arc::new))
    }

    /// The type of a value.
    ///
    /// # Errors
    ///
    /// Fails for types that are too large.
    pub fn value(&mut self, ty: ComponentValType) -> Result<Type> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            bail!("a signature has more than {MAX_NODES} types in it");
        }
        let int = |bits, signed| Type::Int { bits, signed };
        let id = match ty {
            ComponentValType::Primitive(primitive) => {
                return Ok(match primitive {
                    PrimitiveValType::Bool => Type::Bool,
                    PrimitiveValType::S8 => int(8, true),
                    PrimitiveValType::U8 => int(8, false),
                    PrimitiveValType::S16 => int(16, true),
                    PrimitiveValType::U16 => int(16, false),
                    PrimitiveValType::S32 => int(32, true),
                    PrimitiveValType::U32 => int(32, false),
                    PrimitiveValType::S64 => int(64, true),
                    PrimitiveValType::U64 => int(64, false),
                    PrimitiveValType::F32 => Type::F32,
                    PrimitiveValType::F64 => Type::F64,
                    PrimitiveValType::Char => Type::Char,
                    PrimitiveValType::String => Type::String,
                    PrimitiveValType::ErrorContext => Type::ErrorContext,
                });
            }
            ComponentValType::Type(id) => id,
        };
        Ok(match &self.types[id] {
            ComponentDefinedType::Primitive(primitive) => {
                self.value(ComponentValType::Primitive(*primitive))?
            }
            ComponentDefinedType::Record(record) => {
                Type::Record(self.values(record.fields.values().copied())?)
            }
            ComponentDefinedType::Tuple(tuple) => {
                Type::Record(self.values(tuple.types.iter().copied())?)
            }
            ComponentDefinedType::Variant(variant) => {
                Type::Variant(self.cases(variant.cases.values().map(|case| case.ty))?)
            }
            ComponentDefinedType::Enum(labels) => {
                Type::Variant(self.cases(labels.iter().map(|_| None))?)
            }
            ComponentDefinedType::Option { ty, .. } => {
                Type::Variant(self.cases([None, Some(*ty)].into_iter())?)
            }
            ComponentDefinedType::Result { ok, err, .. } => {
                Type::Variant(self.cases([*ok, *err].into_iter())?)
            }
            ComponentDefinedType::List { element, .. } => {
                Type::List(Arc::new(self.value(*element)?))
            }
            ComponentDefinedType::FixedLengthList {
                element, length, ..
            } => {
                self.nodes = self.nodes.saturating_add(*length);
                Type::FixedList(Arc::new(self.value(*element)?), *length)
            }
            ComponentDefinedType::Map { key, value, .. } => {
                let pair = self.values([*key, *value].into_iter())?;
                Type::List(Arc::new(Type::Record(pair)))
            }
            ComponentDefinedType::Flags(labels) => Type::Flags(labels.len() as u32),
            ComponentDefinedType::Own(id) => Type::Own(self.resource(id.resource())?),
            ComponentDefinedType::Borrow(id) => Type::Borrow(self.resource(id.resource())?),
            ComponentDefinedType::Future { ty, .. } => Type::Future(self.element(*ty)?),
            ComponentDefinedType::Stream { ty, .. } => Type::Stream(self.element(*ty)?),
        })
    }

    fn values(&mut self, types: impl Iterator<Item = ComponentValType>) -> Result<Arc<[Type]>> {
        types.map(|ty| self.value(ty)).collect()
    }

    fn cases(
        &mut self,
        types: impl Iterator<Item = Option<ComponentValType>>,
    ) -> Result<Arc<[Option<Type>]>> {
        types
            .map(|ty| ty.map(|ty| self.value(ty)).transpose())
            .collect()
    }

    fn resource(&self, id: ValidatorResource) -> Result<ResourceId> {
        match self.resources.get(&id) {
            Some(&id) => Ok(id),
            None => bail!("a signature names a resource type that its component does not"),
        }
    }
}
