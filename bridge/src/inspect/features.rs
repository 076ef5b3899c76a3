//! Which proposals a core module uses, section by section and instruction by instruction.

use p1bridge_linker::FeatureSet;
use p1bridge_linker::features::of_operator;
use p1bridge_linker::parse::scan::value_type_features;
use wasmparser::{
    BinaryReaderError, CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind,
    FuncValidator, FunctionBody, MemoryType, Operator, OperatorsReader, RecGroup, RefType,
    TableType, TypeRef, ValType, WasmFeatures, WasmModuleResources,
};

type Result<T = ()> = std::result::Result<T, BinaryReaderError>;

/// Collects the proposals of one module.
#[derive(Default)]
pub struct Uses(FeatureSet);

impl Uses {
    pub fn set(&self) -> FeatureSet {
        self.0
    }

    pub fn add(&mut self, features: WasmFeatures) {
        self.0.insert(FeatureSet::of(features));
    }

    fn value(&mut self, ty: ValType) {
        self.0.insert(value_type_features(ty));
    }

    pub fn types(&mut self, group: &RecGroup) {
        if group.is_explicit_rec_group() {
            self.add(WasmFeatures::GC);
        }
        for ty in group.types() {
            if !ty.is_final || !ty.supertype_idxs.is_empty() {
                self.add(WasmFeatures::GC);
            }
            match &ty.composite_type.inner {
                CompositeInnerType::Func(func) => {
                    if func.results().len() > 1 {
                        self.add(WasmFeatures::MULTI_VALUE);
                    }
                    for ty in func.params().iter().chain(func.results()) {
                        self.value(*ty);
                    }
                }
                CompositeInnerType::Cont(_) => self.add(WasmFeatures::STACK_SWITCHING),
                _ => self.add(WasmFeatures::GC),
            }
        }
    }

    pub fn import(&mut self, ty: &TypeRef) {
        match ty {
            TypeRef::Global(ty) => {
                self.value(ty.content_type);
                if ty.mutable {
                    self.add(WasmFeatures::MUTABLE_GLOBAL);
                }
            }
            TypeRef::Tag(_) => self.add(WasmFeatures::EXCEPTIONS),
            TypeRef::FuncExact(_) => self.add(WasmFeatures::CUSTOM_DESCRIPTORS),
            TypeRef::Func(_) | TypeRef::Table(_) | TypeRef::Memory(_) => {}
        }
    }

    /// A memory of the index space; `first` if it is memory 0.
    pub fn memory(&mut self, ty: &MemoryType, first: bool) {
        if !first {
            self.add(WasmFeatures::MULTI_MEMORY);
        }
        if ty.memory64 {
            self.add(WasmFeatures::MEMORY64);
        }
        if ty.shared {
            self.add(WasmFeatures::THREADS);
        }
        if ty.page_size_log2.is_some() {
            self.add(WasmFeatures::CUSTOM_PAGE_SIZES);
        }
    }

    /// A table of the index space; `first` if it is table 0.
    pub fn table(&mut self, ty: &TableType, first: bool) {
        if !first {
            self.add(WasmFeatures::REFERENCE_TYPES);
        }
        if ty.element_type != RefType::FUNCREF {
            self.value(ty.element_type.into());
        }
        if ty.table64 {
            self.add(WasmFeatures::MEMORY64);
        }
    }

    pub fn global(&mut self, ty: ValType, init: &ConstExpr<'_>) -> Result {
        self.value(ty);
        self.constant(init)
    }

    pub fn element(&mut self, element: wasmparser::Element<'_>) -> Result {
        match &element.kind {
            ElementKind::Passive => self.add(WasmFeatures::BULK_MEMORY),
            ElementKind::Declared => self.add(WasmFeatures::REFERENCE_TYPES),
            ElementKind::Active {
                table_index,
                offset_expr,
            } => {
                if table_index.is_some() {
                    self.add(WasmFeatures::BULK_MEMORY);
                }
                self.constant(offset_expr)?;
            }
        }
        if let ElementItems::Expressions(ty, expressions) = element.items {
            self.add(WasmFeatures::BULK_MEMORY);
            self.value(ty.into());
            for expression in expressions {
                self.constant(&expression?)?;
            }
        }
        Ok(())
    }

    pub fn data(&mut self, data: &wasmparser::Data<'_>) -> Result {
        match &data.kind {
            DataKind::Passive => {
                self.add(WasmFeatures::BULK_MEMORY);
                Ok(())
            }
            DataKind::Active { offset_expr, .. } => self.constant(offset_expr),
        }
    }

    fn constant(&mut self, expression: &ConstExpr<'_>) -> Result {
        for operator in expression.get_operators_reader() {
            match operator? {
                Operator::I32Add
                | Operator::I32Sub
                | Operator::I32Mul
                | Operator::I64Add
                | Operator::I64Sub
                | Operator::I64Mul => self.add(WasmFeatures::EXTENDED_CONST),
                operator => self.0.insert(of_operator(&operator)),
            }
        }
        Ok(())
    }

    /// Validates a function body and notes what it uses.
    pub fn body<T: WasmModuleResources>(
        &mut self,
        body: &FunctionBody<'_>,
        validator: &mut FuncValidator<T>,
    ) -> Result {
        for locals in body.get_locals_reader()? {
            self.value(locals?.1);
        }
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        reader.set_features(*validator.features());
        let mut operators = OperatorsReader::new(reader);
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            validator.op(offset, &operator)?;
            self.0.insert(of_operator(&operator));
            // Table 0 in more than the one byte that it takes.
            let end = operators.original_position();
            if let Operator::CallIndirect { table_index: 0, .. } = operator
                && end - offset > 2
                && body.as_bytes()[(end - body.range().start) as usize - 2] & 0x80 != 0
            {
                self.add(WasmFeatures::CALL_INDIRECT_OVERLONG);
            }
        }
        operators.finish()
    }
}
