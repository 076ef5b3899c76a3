//! The ways of values that are written once for several functions.
//!
//! What passes a value of a type is as large as the type, and many functions may take the same one. Such
//! code becomes a function of its own: one for each type, what is done with it, and the sides between
//! which it passes. What is used once stays where it is used. So do small types, unless there are very
//! many of them, because a call takes time. Borrowed handles are remembered in locals of the call that
//! lends them: types with such handles are passed there.

use std::collections::HashMap;

use wasmparser::{FuncType, ValType};

use crate::abi::{self, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type};
use crate::opt::Opt;
use crate::plan::{Binding, Exported, Plan};
use crate::resolve::{
    CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, FuncDef, HOST, InstanceId,
    StringEncoding,
};

/// About how many bytes of code a type has to take to be shared by its second use.
const LARGE: u64 = 512;
/// How many a smaller one has to take in all its uses.
const MANY: u64 = 64 << 10;
/// Below this it is never shared: a call with its parameters is not much smaller.
const SMALL: u64 = 100;

/// These bounds, or those for tests.
#[derive(Clone, Copy, Debug, Default)]
struct Least {
    small: u64,
    large: u64,
    uses: u64,
}

impl Least {
    fn of(plan: &Plan<'_, '_>) -> Least {
        let (small, large, uses) = match plan.options.share_all {
            true => (1, 1, 1),
            false if plan.options.does(Opt::SharedValues) => (SMALL, LARGE, 2),
            false => (u64::MAX, u64::MAX, u64::MAX),
        };
        Least { small, large, uses }
    }

    fn pays(&self, uses: u64, bytes: u64) -> bool {
        uses >= self.uses && (bytes >= self.large || bytes.saturating_mul(uses) >= MANY)
    }
}

/// One side of a call: what the code that passes values depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Party {
    /// The component instance, or the host.
    pub instance: ComponentInstanceId,
    pub memory: Option<(InstanceId, u32)>,
    pub realloc: Option<FuncDef>,
    pub encoding: StringEncoding,
}

impl Party {
    /// The host: what it has is where the plan has put it.
    pub const HOST: Party = Party {
        instance: HOST,
        memory: None,
        realloc: None,
        encoding: StringEncoding::Utf8,
    };

    pub fn guest(
        plan: &Plan<'_, '_>,
        options: &CanonOptions,
        instance: ComponentInstanceId,
    ) -> Party {
        let memory = options.memory;
        let realloc = options.realloc;
        Party {
            instance,
            memory: memory.map(|(id, index)| plan.program.memory(plan.input, id, index)),
            realloc: realloc.map(|def| plan.program.func(plan.input, def)),
            encoding: options.encoding,
        }
    }

    pub fn is_host(&self) -> bool {
        self.instance == HOST
    }
}

/// How a value is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// In locals of these types, which variants may have joined.
    Flat(Vec<ValType>),
    Memory,
}

impl Form {
    /// What parameters or results of a type are, of which at most so many are flat.
    fn of(ty: &Type, most: usize) -> Form {
        match ty.flat() {
            flat if flat.len() > most => Form::Memory,
            flat => Form::Flat(flat),
        }
    }

    fn part(&self, at: usize, width: usize) -> Form {
        match self {
            Form::Flat(types) => Form::Flat(types[at..at + width].to_vec()),
            Form::Memory => Form::Memory,
        }
    }
}

/// What is done with a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// It is copied from one side to the other.
    Copy {
        from: Party,
        source: Form,
        to: Party,
        target: Form,
    },
    /// It is checked where it is.
    Check { side: Party, place: Form },
    /// The handles in it that the host has lent are dropped.
    DropLent { place: Form },
}

impl Way {
    /// The same for a part of the value: where it begins in the flat form, and how much it has of that.
    fn part(&self, at: usize, width: usize) -> Way {
        let mut way = self.clone();
        match &mut way {
            Way::Copy { source, target, .. } => {
                *source = source.part(at, width);
                *target = target.part(at, width);
            }
            Way::Check { place, .. } | Way::DropLent { place } => *place = place.part(at, width),
        }
        way
    }

    /// The same for what a list has in memory.
    fn element(&self) -> Way {
        let mut way = self.clone();
        match &mut way {
            Way::Copy { source, target, .. } => {
                *source = Form::Memory;
                *target = Form::Memory;
            }
            Way::Check { place, .. } | Way::DropLent { place } => *place = Form::Memory,
        }
        way
    }

    /// Whether the elements of a list need no code of their own.
    fn is_nothing_for_elements(&self, element: &Type) -> bool {
        match self {
            Way::Copy { .. } => element.is_plain(),
            other => other.bytes(element) == 0,
        }
    }

    /// About how many bytes of code it takes; none where there is nothing to do.
    fn bytes(&self, ty: &Type) -> u64 {
        let (copies, drops) = match self {
            Way::Copy { .. } => (true, false),
            Way::Check { .. } => (false, false),
            Way::DropLent { .. } => (false, true),
        };
        let sum = |all: &mut dyn Iterator<Item = u64>| all.fold(0, u64::saturating_add);
        match ty {
            Type::Record(fields) => sum(&mut fields.iter().map(|field| self.bytes(field))),
            Type::FixedList(element, length) => {
                self.bytes(element).saturating_mul((*length).into())
            }
            Type::Variant(cases) => {
                let mut each = cases.iter().flatten().map(|case| match self.bytes(case) {
                    0 => 0,
                    bytes => bytes.saturating_add(10),
                });
                match sum(&mut each) {
                    0 if drops => 0,
                    bytes => bytes.saturating_add(40),
                }
            }
            Type::List(element) => match self.bytes(element) {
                0 if drops => 0,
                _ if self.is_nothing_for_elements(element) => 120,
                bytes => bytes.saturating_add(160),
            },
            Type::String if !drops => 120,
            Type::Char if !drops => 40,
            Type::Own(_) if copies => 40,
            Type::Borrow(_) if copies || drops => 40,
            _ if copies => 16,
            _ => 0,
        }
    }

    /// Whether values of a type can be passed by a function of their own.
    fn can_be_apart(&self, ty: &Type) -> bool {
        !matches!(self, Way::Copy { .. }) || !has_borrows(ty)
    }
}

fn has_borrows(ty: &Type) -> bool {
    ty.any(&|ty| matches!(ty, Type::Borrow(_)))
}

/// A type and what is done with its values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Passing {
    pub ty: Type,
    pub way: Way,
}

impl Passing {
    /// Leaves out what makes no difference: whether there is more to share depends on it.
    fn new(ty: &Type, way: &Way) -> Passing {
        let mut way = way.clone();
        let pointers = ty.has_pointers();
        let plain = |party: &mut Party, form: &Form| {
            if !pointers && *form != Form::Memory {
                party.memory = None;
            }
            if !ty.any(&|ty| *ty == Type::String) {
                party.encoding = StringEncoding::Utf8;
            }
        };
        match &mut way {
            Way::Copy {
                from,
                source,
                to,
                target,
            } => {
                plain(from, source);
                plain(to, target);
                from.realloc = None;
                to.realloc = to.realloc.filter(|_| pointers);
            }
            Way::Check { side, place } => {
                plain(side, place);
                side.realloc = None;
            }
            Way::DropLent { .. } => {}
        }
        Passing {
            ty: ty.clone(),
            way,
        }
    }

    /// Whether the host's region has to be known.
    pub fn has_host(&self) -> bool {
        match &self.way {
            Way::Copy { from, to, .. } => from.is_host() || to.is_host(),
            Way::Check { .. } => false,
            Way::DropLent { .. } => true,
        }
    }

    /// The type of the function: where the value is, flat or as its address; where it goes in memory; the
    /// base of the host's region. One flat value is returned; several are left in globals.
    pub fn func_type(&self) -> FuncType {
        let (from, to) = self.forms();
        let mut params = match from {
            Form::Flat(types) => types.clone(),
            Form::Memory => vec![ValType::I32],
        };
        if to == Some(&Form::Memory) {
            params.push(ValType::I32);
        }
        if self.has_host() {
            params.push(ValType::I32);
        }
        let results = match to {
            Some(Form::Flat(types)) if types.len() == 1 => types.clone(),
            _ => Vec::new(),
        };
        FuncType::new(params, results)
    }

    /// How the value is there, and how it arrives if it goes anywhere.
    pub fn forms(&self) -> (&Form, Option<&Form>) {
        match &self.way {
            Way::Copy { source, target, .. } => (source, Some(target)),
            Way::Check { place, .. } | Way::DropLent { place } => (place, None),
        }
    }

    /// For the name section.
    pub fn name(&self) -> &'static str {
        match self.way {
            Way::Copy { .. } => "p1bridge:copy-value",
            Way::Check { .. } => "p1bridge:check-value",
            Way::DropLent { .. } => "p1bridge:drop-lent",
        }
    }
}

/// What is shared, by its number among the linker's own functions.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    functions: HashMap<Passing, u32>,
    /// The bytes of a type from which on there could be one.
    small: u64,
}

impl Shared {
    /// None yet.
    pub fn new(plan: &Plan<'_, '_>) -> Shared {
        Shared {
            functions: HashMap::new(),
            small: Least::of(plan).small,
        }
    }

    /// The function for a value, if there is one.
    pub fn get(&self, ty: &Type, way: impl FnOnce() -> Way) -> Option<(Passing, u32)> {
        if self.functions.is_empty() || !may_be_large(ty) {
            return None;
        }
        let way = way();
        if way.bytes(ty) < self.small || !way.can_be_apart(ty) {
            return None;
        }
        let passing = Passing::new(ty, &way);
        let at = *self.functions.get(&passing)?;
        Some((passing, at))
    }

    pub fn insert(&mut self, passing: Passing, at: u32) {
        self.functions.insert(passing, at);
    }

    /// The types of the globals in which flat values are left: as many of each as one value has at most.
    pub fn globals(&self) -> Vec<ValType> {
        let flat = self
            .functions
            .keys()
            .filter_map(|passing| match passing.forms() {
                (_, Some(Form::Flat(types))) if types.len() > 1 => Some(types),
                _ => None,
            });
        let flat: Vec<&Vec<ValType>> = flat.collect();
        let mut globals = Vec::new();
        for ty in [ValType::I32, ValType::I64, ValType::F32, ValType::F64] {
            let count = |types: &&Vec<ValType>| types.iter().filter(|one| **one == ty).count();
            let most = flat.iter().map(count).max().unwrap_or(0);
            globals.extend(std::iter::repeat_n(ty, most));
        }
        globals
    }
}

/// Whether a type can take more than a few instructions.
fn may_be_large(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Record(_) | Type::FixedList(..) | Type::Variant(_) | Type::List(_) | Type::String
    )
}

/// Counts how often each value is passed.
#[derive(Default)]
struct Counts {
    least: Least,
    /// In the order in which they are met.
    order: Vec<Passing>,
    /// How often, and how many bytes each use takes.
    uses: HashMap<Passing, (u64, u64)>,
}

impl Counts {
    fn value(&mut self, ty: &Type, way: &Way, times: u64) {
        let bytes = way.bytes(ty);
        if !may_be_large(ty) || bytes < self.least.small {
            return;
        }
        let mut inside = times;
        if way.can_be_apart(ty) {
            let passing = Passing::new(ty, way);
            let known = self.uses.get_mut(&passing);
            // What is in a large one is written once.
            if bytes >= self.least.large {
                inside = u64::from(known.is_none());
            }
            match known {
                Some((uses, _)) => *uses = uses.saturating_add(times),
                None => {
                    self.order.push(passing.clone());
                    self.uses.insert(passing, (times, bytes));
                }
            }
        }
        if inside > 0 {
            self.parts(ty, way, inside);
        }
    }

    /// The same for what is in a value.
    fn parts(&mut self, ty: &Type, way: &Way, times: u64) {
        match ty {
            Type::Record(fields) => {
                let mut at = 0;
                for field in fields.iter() {
                    let width = field.flat().len();
                    self.value(field, &way.part(at, width), times);
                    at += width;
                }
            }
            Type::FixedList(element, length) => {
                let width = element.flat().len();
                match way.part(0, 0) == way.element() {
                    true => self.value(element, way, times.saturating_mul((*length).into())),
                    false => {
                        for at in 0..*length as usize {
                            self.value(element, &way.part(at * width, width), times);
                        }
                    }
                }
            }
            Type::Variant(cases) => {
                for case in cases.iter().flatten() {
                    self.value(case, &way.part(1, case.flat().len()), times);
                }
            }
            Type::List(element) if !way.is_nothing_for_elements(element) => {
                self.value(element, &way.element(), times);
            }
            _ => {}
        }
    }
}

impl Counts {
    /// The parameters and the result of a call.
    fn call(&mut self, ty: &abi::FuncType, caller: Party, callee: Party) {
        let copy = |from: &Party, to: &Party, ty: &Type, most| Way::Copy {
            from: from.clone(),
            source: Form::of(ty, most),
            to: to.clone(),
            target: Form::of(ty, most),
        };
        let way = copy(&caller, &callee, &ty.params, MAX_FLAT_PARAMS);
        self.value(&ty.params, &way, 1);
        if let Some(result) = &ty.result {
            let way = copy(&callee, &caller, result, MAX_FLAT_RESULTS);
            self.value(result, &way, 1);
        }
    }
}

/// What is worth a function of its own, in the order of the plan.
pub fn shared(plan: &Plan<'_, '_>) -> Vec<Passing> {
    let mut counts = Counts {
        least: Least::of(plan),
        ..Counts::default()
    };
    for &id in &plan.live.glue {
        if let Some(Binding::Stub(_)) = plan.bindings.get(&id) {
            continue;
        }
        let canon = &plan.program.canons[id.0 as usize];
        let CanonKind::Lower { callee, options } = &canon.kind else {
            continue;
        };
        let caller = Party::guest(plan, options, canon.instance);
        let (ty, callee) = match callee {
            ComponentFunc::Lift(lift) => {
                let lift = &plan.program.lifts[lift.0 as usize];
                let callee = Party::guest(plan, &lift.options, lift.instance);
                (&lift.ty, callee)
            }
            ComponentFunc::Import(import) => {
                let ty = &plan.program.imports[*import as usize].ty;
                if plan.fusion.in_place(ty) {
                    let place = Form::of(&ty.params, MAX_FLAT_PARAMS);
                    let way = Way::Check {
                        side: caller,
                        place,
                    };
                    counts.value(&ty.params, &way, 1);
                    continue;
                }
                (ty, Party::HOST)
            }
        };
        counts.call(ty, caller, callee);
    }
    for export in &plan.exports {
        match export.what {
            Exported::Copied(id, _) => {
                let lift = &plan.program.lifts[id.0 as usize];
                let callee = Party::guest(plan, &lift.options, lift.instance);
                if !plan.fusion.in_place(&lift.ty) {
                    counts.call(&lift.ty, Party::HOST, callee);
                } else if let Some(ty) = &lift.ty.result {
                    let place = Form::of(ty, MAX_FLAT_RESULTS);
                    let way = Way::Check {
                        side: callee,
                        place,
                    };
                    counts.value(ty, &way, 1);
                }
            }
            Exported::Passed(id, _) => {
                let ty = &plan.program.lifts[id.0 as usize].ty.params;
                let place = Form::of(ty, MAX_FLAT_PARAMS);
                counts.value(ty, &Way::DropLent { place }, 1);
            }
            _ => {}
        }
    }
    let Counts { least, order, uses } = counts;
    let pays = |passing: &Passing| {
        let (uses, bytes) = uses[passing];
        least.pays(uses, bytes)
    };
    order.into_iter().filter(pays).collect()
}
