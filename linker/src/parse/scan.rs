//! Validates function bodies and, in the same pass, notes what each one refers to.
//!
//! Bodies are independent of each other once the rest of the file has been validated, so they
//! are shared out over the cores of the machine.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmparser::{
    BinaryReader, FrameKind, FrameStack, FuncToValidate, FuncValidator, FuncValidatorAllocations,
    FunctionBody, ValidatorResources, VisitOperator, VisitSimdOperator, WasmFeatures,
};

use super::notes::{Notes, is_access};
pub use super::notes::{Ref, overlong, value_type_features};
use super::refs::{Noted, Pool, Refs};
use super::sites::{Sites, is_site};
use super::walk::{Code, ELSE, Visits, Watch, walk};
use crate::features::FeatureSet;

/// The bodies of a module that are still to be validated.
pub struct Bodies<'a> {
    /// The module, by its place in the list of modules.
    pub module: usize,
    /// The file.
    pub bytes: &'a [u8],
    /// Where each body is in it, with its locals.
    pub ranges: &'a [Range<usize>],
    /// The type index of each.
    pub types: &'a [u32],
    /// How many functions are imported.
    pub imported: u32,
    pub rules: Rules,
}

/// What the bodies of a module are validated by.
#[derive(Clone)]
pub struct Rules {
    resources: ValidatorResources,
    features: WasmFeatures,
}

impl Rules {
    /// Those of the module that this body is in.
    pub fn of(body: FuncToValidate<ValidatorResources>) -> Rules {
        Rules {
            resources: body.resources,
            features: body.features,
        }
    }
}

/// A body, by its place in the code section.
struct Job<'b> {
    bodies: &'b Bodies<'b>,
    defined: usize,
}

impl<'b> Job<'b> {
    fn body(&self) -> FunctionBody<'b> {
        let Range { start, end } = self.bodies.ranges[self.defined];
        FunctionBody::new(BinaryReader::new(
            &self.bodies.bytes[start..end],
            start as u64,
        ))
    }

    fn to_validate(&self) -> FuncToValidate<ValidatorResources> {
        let rules = self.bodies.rules.clone();
        FuncToValidate {
            resources: rules.resources,
            index: self.bodies.imported + self.defined as u32,
            ty: self.bodies.types[self.defined],
            features: rules.features,
        }
    }
}

/// Per module, what its bodies refer to and which features they use.
type Scanned = Vec<(Refs<'static>, FeatureSet)>;

/// Validates the bodies and collects what they refer to and which features they use.
///
/// `modules` has the number of defined functions for each module; the results are per module, in
/// the same order. The error is that of the first invalid body in the file.
pub fn validate_and_note(
    bodies: &[Bodies<'_>],
    modules: &[usize],
) -> Result<Scanned, wasmparser::Error> {
    Ok(scanned(on_all_cores(bodies, Worker::run)?, modules))
}

/// The same for bodies that are validated in what is made of them.
pub fn note(bodies: &[Bodies<'_>], modules: &[usize]) -> Result<Scanned, wasmparser::Error> {
    Ok(scanned(on_all_cores(bodies, Worker::read)?, modules))
}

fn scanned(workers: Vec<Worker>, modules: &[usize]) -> Scanned {
    let mut out: Vec<(Vec<Noted>, FeatureSet)> = modules
        .iter()
        .map(|&functions| (vec![Noted::default(); functions], FeatureSet::MVP))
        .collect();
    let mut pools = Vec::with_capacity(workers.len());
    for (at, worker) in workers.into_iter().enumerate() {
        for (module, defined, mut noted) in worker.done {
            let (bodies, all) = &mut out[module];
            all.insert(noted.features);
            noted.pool = at as u32;
            bodies[defined] = noted;
        }
        pools.push(worker.pool);
    }
    let pools: Arc<[Pool]> = pools.into();
    let out = out.into_iter();
    out.map(|(bodies, all)| (Refs::noted(pools.clone(), bodies), all))
        .collect()
}

/// Notes what one body refers to that is validated where it is written.
pub(super) fn read(body: &FunctionBody<'_>) -> Result<(Pool, Noted), wasmparser::Error> {
    let mut worker = Worker::default();
    let noted = worker.note(body)?;
    Ok((worker.pool, noted))
}

/// Validates the bodies, and notes nothing. The error is that of the first invalid body in the file.
pub fn validate(bodies: &[Bodies<'_>]) -> Result<(), wasmparser::Error> {
    on_all_cores(bodies, |(): &mut (), job, allocations| {
        let mut validator = job.to_validate().into_validator(allocations);
        validated(&mut validator, &job.body(), &mut ())?;
        Ok(validator.into_allocations())
    })
    .map(|_| ())
}

/// Validates one body.
fn validated(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    watch: &mut impl Watch,
) -> Result<(), wasmparser::Error> {
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let code = Code {
        bytes: body.as_bytes(),
        first: body.range().start,
        locals: reader.current_position(),
        features: *validator.features(),
    };
    let reader = walk(code, validator, watch)?;
    reader.finish_expression(&validator.visitor(reader.original_position()))
}

/// Does something with every body; gives what each worker has of it.
fn on_all_cores<W: Default + Send>(
    bodies: &[Bodies<'_>],
    run: impl Fn(
        &mut W,
        Job<'_>,
        FuncValidatorAllocations,
    ) -> Result<FuncValidatorAllocations, wasmparser::Error>
    + Sync,
) -> Result<Vec<W>, wasmparser::Error> {
    const CHUNK: usize = 64;
    let ranges = bodies.iter().flat_map(|bodies| bodies.ranges);
    let total: usize = ranges.map(ExactSizeIterator::len).sum();
    let threads = if total < 128 * 1024 {
        1
    } else {
        std::thread::available_parallelism().map_or(1, |n| n.get().min(8))
    };

    // Which bodies are looked at together: those of a module from one on.
    let chunks: Vec<(&Bodies<'_>, usize)> = bodies
        .iter()
        .flat_map(|bodies| {
            let starts = (0..bodies.ranges.len()).step_by(CHUNK);
            starts.map(move |start| (bodies, start))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<W, wasmparser::Error> {
        let mut worker = W::default();
        let mut allocations = FuncValidatorAllocations::default();
        while let Some(&(bodies, start)) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let end = bodies.ranges.len().min(start + CHUNK);
            for defined in start..end {
                allocations = run(&mut worker, Job { bodies, defined }, allocations)?;
            }
        }
        Ok(worker)
    };
    let results: Vec<Result<W, wasmparser::Error>> = if threads == 1 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            handles
                .into_iter()
                .map(|handle| handle.join().expect("no worker panics"))
                .collect()
        })
    };

    let mut workers = Vec::with_capacity(results.len());
    let mut first_error: Option<wasmparser::Error> = None;
    for result in results {
        match result {
            Ok(worker) => workers.push(worker),
            Err(error) => {
                if first_error
                    .as_ref()
                    .is_none_or(|first| error.offset() < first.offset())
                {
                    first_error = Some(error);
                }
            }
        }
    }
    match first_error {
        Some(error) => Err(error),
        None => Ok(workers),
    }
}

#[derive(Default)]
struct Worker {
    notes: Notes,
    pool: Pool,
    done: Vec<(usize, usize, Noted)>,
}

impl Worker {
    fn run(
        &mut self,
        job: Job<'_>,
        allocations: FuncValidatorAllocations,
    ) -> Result<FuncValidatorAllocations, wasmparser::Error> {
        let mut validator = job.to_validate().into_validator(allocations);
        let source = job.body();
        let mut body = self.begin(&source)?;
        validated(&mut validator, &source, &mut body)?;
        let noted = body.end();
        self.done.push((job.bodies.module, job.defined, noted));
        Ok(validator.into_allocations())
    }

    /// The same for a body that is known to be valid.
    fn read(
        &mut self,
        job: Job<'_>,
        allocations: FuncValidatorAllocations,
    ) -> Result<FuncValidatorAllocations, wasmparser::Error> {
        let noted = self.note(&job.body())?;
        self.done.push((job.bodies.module, job.defined, noted));
        Ok(allocations)
    }

    fn note(&mut self, source: &FunctionBody<'_>) -> Result<Noted, wasmparser::Error> {
        let mut body = self.begin(source)?;
        let reader = source.get_operators_reader()?.get_binary_reader();
        let first = source.range().start;
        let code = Code {
            bytes: source.as_bytes(),
            first,
            locals: (reader.original_position() - first) as usize,
            features: reader.features(),
        };
        walk(code, &mut Nothing(FrameKind::Block), &mut body)?;
        Ok(body.end())
    }

    /// Begins the notes on a body, with its locals.
    fn begin<'w>(&'w mut self, body: &FunctionBody<'w>) -> Result<Body<'w>, wasmparser::Error> {
        self.notes.begin();
        for locals in body.get_locals_reader()? {
            let (_, ty) = locals?;
            self.notes.features.insert(value_type_features(ty));
        }
        Ok(Body {
            bytes: body.as_bytes(),
            notes: &mut self.notes,
            first_ref: self.pool.refs.len() as u32,
            first_site: self.pool.sites.len() as u32,
            sites: Sites::new(&mut self.pool.sites),
            refs: &mut self.pool.refs,
        })
    }
}

/// The body that notes are taken of.
struct Body<'w> {
    bytes: &'w [u8],
    notes: &'w mut Notes,
    sites: Sites<'w>,
    refs: &'w mut Vec<u32>,
    first_ref: u32,
    first_site: u32,
}

impl Watch for Body<'_> {
    #[inline(always)]
    fn access(&mut self) {
        self.notes.first_memory = true;
    }

    #[inline(always)]
    fn has(&mut self, at: usize, reference: Ref) {
        self.sites.push(at);
        self.notes.add(reference);
    }

    #[inline(always)]
    fn site(&mut self, at: usize) {
        self.sites.push(at);
    }

    #[inline(always)]
    fn calls_indirectly(&mut self, at: usize, ty: u32) {
        self.has(at, Ref::Type(ty));
        self.notes.add(Ref::Table(0));
    }

    fn other(&mut self, at: Range<usize>) -> Result<(), wasmparser::Error> {
        let instruction = &self.bytes[at.clone()];
        if is_site(instruction) {
            self.sites.push(at.start);
            return self.notes.site(instruction);
        }
        if is_access(instruction[0]) {
            self.notes.first_memory = true;
        }
        Ok(())
    }
}

impl Body<'_> {
    fn end(self) -> Noted {
        self.notes.end(self.refs);
        Noted {
            pool: 0,
            refs: self.first_ref..self.refs.len() as u32,
            sites: self.first_site..self.sites.end(),
            features: self.notes.features,
        }
    }
}

/// Only reads; what it is is the kind of the innermost block.
struct Nothing(FrameKind);

impl<'a> Visits<'a> for Nothing {
    fn at<'t>(
        &'t mut self,
        _: u64,
        opcode: u8,
    ) -> impl VisitOperator<'a, Output = Result<(), wasmparser::Error>> + FrameStack + 't
    where
        'a: 't,
    {
        // Only `else` and instructions of the earlier exceptions mind which it is.
        Nothing(match opcode {
            ELSE => FrameKind::If,
            _ => FrameKind::LegacyTry,
        })
    }
}

impl FrameStack for Nothing {
    fn current_frame(&self) -> Option<FrameKind> {
        Some(self.0)
    }
}

macro_rules! define_nothing {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            fn $visit(&mut self $($(, _: $argty)*)?) -> Result<(), wasmparser::Error> {
                Ok(())
            }
        )*
    };
}

impl<'a> VisitOperator<'a> for Nothing {
    type Output = Result<(), wasmparser::Error>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wasmparser::for_each_visit_operator!(define_nothing);
}

impl VisitSimdOperator<'_> for Nothing {
    wasmparser::for_each_visit_simd_operator!(define_nothing);
}
