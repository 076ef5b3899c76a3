//! Random interfaces: resources, named types and functions.

use super::numbers::Random;
use crate::wast::layout::{self, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use crate::wast::types::Type as Shape;

/// A value type as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `bool`, a number or `char`; never anything else.
    Scalar(Shape),
    String,
    List(Box<Type>),
    FixedList(Box<Type>, u32),
    Map(Box<Type>, Box<Type>),
    Tuple(Vec<Type>),
    Option(Box<Type>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    /// A record, variant, enum or flags: an index into `Interface::named`.
    Named(usize),
    Own(usize),
    Borrow(usize),
}

/// A type that has to have a name to be exported.
#[derive(Clone, Debug)]
pub enum Named {
    Record(Vec<Type>),
    Variant(Vec<Option<Type>>),
    Enum(usize),
    Flags(usize),
}

/// Who defines a resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Definer {
    /// The component that is called.
    Callee,
    /// A component that caller and callee import from.
    Third,
}

#[derive(Clone, Debug)]
pub struct Resource {
    pub definer: Definer,
    pub destructor: bool,
}

#[derive(Clone, Debug)]
pub struct Function {
    pub params: Vec<Type>,
    pub result: Option<Type>,
    pub post_return: bool,
}

/// What the callee exports.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    pub resources: Vec<Resource>,
    pub named: Vec<Named>,
    pub functions: Vec<Function>,
}

/// The most core values that a generated type flattens to; compilers of components have limits.
const MAX_FLAT: usize = 40;
const MAX_BYTES: u32 = 600;

impl Interface {
    pub fn random(random: &mut Random) -> Interface {
        let mut interface = Interface::default();
        if random.percent(45) {
            for _ in 0..1 + random.below(2) {
                interface.resources.push(Resource {
                    definer: random.pick(&[Definer::Callee, Definer::Third]),
                    destructor: random.percent(70),
                });
            }
        }
        for _ in 0..1 + random.below(3) {
            let function = interface.function(random);
            interface.functions.push(function);
        }
        interface
    }

    fn function(&mut self, random: &mut Random) -> Function {
        // Many small parameters now and then: more than are passed one by one.
        let many = random.percent(10);
        let count = if many {
            12 + random.below(8)
        } else {
            random.below(5)
        };
        let depth = if many { 1 } else { 4 };
        let mut params = Vec::new();
        for _ in 0..count {
            params.push(self.sized(random, depth, true));
        }
        Function {
            params,
            result: (random.percent(75)).then(|| self.sized(random, 4, false)),
            post_return: random.percent(50),
        }
    }

    /// A type of a reasonable size; `borrow` says whether borrowed handles may be in it.
    fn sized(&mut self, random: &mut Random, depth: usize, borrow: bool) -> Type {
        loop {
            let named = self.named.len();
            let ty = self.any(random, depth, borrow);
            let shape = self.shape(&ty);
            if layout::flatten(&shape).len() <= MAX_FLAT && layout::size(&shape) <= MAX_BYTES {
                return ty;
            }
            self.named.truncate(named);
        }
    }

    fn any(&mut self, random: &mut Random, depth: usize, borrow: bool) -> Type {
        if !self.resources.is_empty() && random.percent(20) {
            let resource = random.below(self.resources.len());
            return match borrow && random.percent(50) {
                true => Type::Borrow(resource),
                false => Type::Own(resource),
            };
        }
        let kind = random.below(if depth == 0 { 8 } else { 19 });
        let mut inner = |random: &mut Random| Box::new(self.any(random, depth - 1, borrow));
        match kind {
            0..=5 => scalar(random),
            6..=7 => Type::String,
            8..=10 => Type::List(inner(random)),
            11 => Type::FixedList(inner(random), 1 + random.below(5) as u32),
            12 => {
                let element = inner(random);
                // The values of a map are not handles.
                let handle = |ty: &Type| matches!(ty, Type::Own(_) | Type::Borrow(_));
                match random.percent(50) && !self.has(&element, &handle) {
                    true => Type::Map(Box::new(key(random)), element),
                    false => Type::List(element),
                }
            }
            13 => Type::Tuple((0..1 + random.below(4)).map(|_| *inner(random)).collect()),
            14 => Type::Option(inner(random)),
            15 => {
                let ok = random.percent(70).then(|| inner(random));
                let error = random.percent(70).then(|| inner(random));
                Type::Result(ok, error)
            }
            _ => self.named(random, depth, borrow),
        }
    }

    fn named(&mut self, random: &mut Random, depth: usize, borrow: bool) -> Type {
        if !self.named.is_empty() && random.percent(25) {
            let again = Type::Named(random.below(self.named.len()));
            if borrow || !self.has(&again, &|ty| matches!(ty, Type::Borrow(_))) {
                return again;
            }
        }
        let mut inner = |random: &mut Random| self.any(random, depth - 1, borrow);
        let named = match random.below(7) {
            0..=1 => Named::Record((0..1 + random.below(5)).map(|_| inner(random)).collect()),
            2..=4 => {
                let mut cases = Vec::new();
                for _ in 0..1 + random.below(5) {
                    cases.push(random.percent(70).then(|| inner(random)));
                }
                if random.percent(5) {
                    // A discriminant of two bytes.
                    cases.resize(300, None);
                }
                Named::Variant(cases)
            }
            5 => Named::Enum(random.pick(&[1, 2, 3, 17, 255, 256, 257, 300])),
            _ => Named::Flags(random.pick(&[1, 2, 7, 8, 9, 15, 16, 17, 31, 32])),
        };
        self.named.push(named);
        Type::Named(self.named.len() - 1)
    }

    /// The type with everything that is only another name for something taken away.
    pub fn shape(&self, ty: &Type) -> Shape {
        let payload = |ty: Option<&Type>| ty.map(|ty| self.shape(ty));
        let case = |ty: Option<&Type>| (String::new(), payload(ty));
        let record = |fields: &[Type]| {
            Shape::Record(
                fields
                    .iter()
                    .map(|ty| (String::new(), self.shape(ty)))
                    .collect(),
            )
        };
        match ty {
            Type::Scalar(shape) => shape.clone(),
            Type::String => Shape::String,
            Type::List(element) => Shape::List(Box::new(self.shape(element))),
            Type::FixedList(element, n) => Shape::FixedList(Box::new(self.shape(element)), *n),
            Type::Map(key, value) => Shape::List(Box::new(record(&[
                key.as_ref().clone(),
                value.as_ref().clone(),
            ]))),
            Type::Tuple(fields) => record(fields),
            Type::Option(ty) => Shape::Variant(vec![case(None), case(Some(ty))]),
            Type::Result(ok, error) => {
                Shape::Variant(vec![case(ok.as_deref()), case(error.as_deref())])
            }
            Type::Named(index) => match &self.named[*index] {
                Named::Record(fields) => record(fields),
                Named::Variant(cases) => {
                    Shape::Variant(cases.iter().map(|ty| case(ty.as_ref())).collect())
                }
                Named::Enum(count) => Shape::Variant(vec![case(None); *count]),
                Named::Flags(count) => Shape::Flags(vec![String::new(); *count]),
            },
            Type::Own(_) | Type::Borrow(_) => Shape::Handle,
        }
    }

    /// The fields of a type that is a record in the end, the cases of one that is a variant.
    pub fn parts(&self, ty: &Type) -> Parts {
        match ty {
            Type::Tuple(fields) => Parts::Fields(fields.clone()),
            Type::FixedList(element, n) => {
                Parts::Fields(vec![element.as_ref().clone(); *n as usize])
            }
            Type::Option(ty) => Parts::Cases(vec![None, Some(ty.as_ref().clone())]),
            Type::Result(ok, error) => {
                Parts::Cases(vec![ok.as_deref().cloned(), error.as_deref().cloned()])
            }
            Type::List(element) => Parts::Elements(element.as_ref().clone()),
            Type::Map(key, value) => Parts::Elements(Type::Tuple(vec![
                key.as_ref().clone(),
                value.as_ref().clone(),
            ])),
            Type::Named(index) => match &self.named[*index] {
                Named::Record(fields) => Parts::Fields(fields.clone()),
                Named::Variant(cases) => Parts::Cases(cases.clone()),
                Named::Enum(count) => Parts::Cases(vec![None; *count]),
                Named::Flags(count) => Parts::Flags(*count),
            },
            Type::String => Parts::Text,
            Type::Scalar(shape) => Parts::Scalar(shape.clone()),
            Type::Own(resource) => Parts::Handle(*resource, true),
            Type::Borrow(resource) => Parts::Handle(*resource, false),
        }
    }

    /// Whether `test` holds for the type or anything in it.
    pub fn has(&self, ty: &Type, test: &dyn Fn(&Type) -> bool) -> bool {
        test(ty)
            || match self.parts(ty) {
                Parts::Fields(fields) => fields.iter().any(|ty| self.has(ty, test)),
                Parts::Cases(cases) => cases.iter().flatten().any(|ty| self.has(ty, test)),
                Parts::Elements(ty) => self.has(&ty, test),
                _ => false,
            }
    }

    /// Whether `test` holds for anything in any function.
    pub fn uses(&self, test: &dyn Fn(&Type) -> bool) -> bool {
        self.functions.iter().any(|function| {
            let all = function.params.iter().chain(&function.result);
            all.into_iter().any(|ty| self.has(ty, test))
        })
    }

    pub fn flat(&self, ty: &Type) -> Vec<layout::Core> {
        layout::flatten(&self.shape(ty))
    }

    pub fn size(&self, ty: &Type) -> u32 {
        layout::size(&self.shape(ty))
    }

    pub fn alignment(&self, ty: &Type) -> u32 {
        layout::alignment(&self.shape(ty))
    }

    /// The parameters as one record, which is what they are in memory.
    pub fn params(&self, function: &Function) -> Type {
        Type::Tuple(function.params.clone())
    }

    /// Whether the parameters are passed in memory.
    pub fn spills_params(&self, function: &Function) -> bool {
        self.flat(&self.params(function)).len() > MAX_FLAT_PARAMS
    }

    /// Whether the result is passed in memory.
    pub fn spills_result(&self, function: &Function) -> bool {
        function
            .result
            .as_ref()
            .is_some_and(|ty| self.flat(ty).len() > MAX_FLAT_RESULTS)
    }

    /// Where in memory the payload of a variant is.
    pub fn payload_offset(&self, ty: &Type) -> u32 {
        match self.shape(ty) {
            Shape::Variant(cases) => layout::payload_offset(&cases),
            other => unreachable!("{other:?} is no variant"),
        }
    }
}

/// What a type is made of.
pub enum Parts {
    Scalar(Shape),
    Text,
    Elements(Type),
    Fields(Vec<Type>),
    Cases(Vec<Option<Type>>),
    Flags(usize),
    /// The resource, and whether it is owned.
    Handle(usize, bool),
}

fn scalar(random: &mut Random) -> Type {
    Type::Scalar(random.pick(&[
        Shape::Bool,
        Shape::U8,
        Shape::S8,
        Shape::U16,
        Shape::S16,
        Shape::U32,
        Shape::S32,
        Shape::U64,
        Shape::S64,
        Shape::F32,
        Shape::F64,
        Shape::Char,
    ]))
}

/// A type that a map can have keys of.
fn key(random: &mut Random) -> Type {
    match random.below(5) {
        0..=1 => Type::String,
        _ => loop {
            let ty = scalar(random);
            if !matches!(ty, Type::Scalar(Shape::F32 | Shape::F64)) {
                return ty;
            }
        },
    }
}
