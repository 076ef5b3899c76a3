//! What function bodies refer to, and where.
//!
//! The scan notes it of all bodies of the input. Of libraries, of which a program needs a few functions, a body is read when it is asked
//! for first.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use wasmparser::{BinaryReader, FunctionBody};

use super::notes::Ref;
use super::sites;
use crate::features::FeatureSet;

/// What the bodies of one module refer to, and where.
#[derive(Debug)]
pub struct Refs<'a>(Known<'a>);

#[derive(Debug)]
enum Known<'a> {
    /// Ranges of the pools for each function.
    All {
        /// What each worker has noted, of all modules.
        pools: Arc<[Pool]>,
        /// For each defined function.
        bodies: Vec<Noted>,
    },
    /// Those that were asked for.
    Some {
        read: Read,
        bytes: &'a [u8],
        /// The bodies in it, each with its locals.
        bodies: Vec<(Range<usize>, Asked)>,
    },
}

/// Notes what one body refers to.
type Read = fn(&FunctionBody<'_>) -> Result<(Pool, Noted), wasmparser::Error>;

/// The notes on a body that was asked for.
type Asked = OnceLock<(Pool, Noted)>;

/// What one worker has noted.
#[derive(Debug, Default)]
pub(super) struct Pool {
    pub refs: Vec<u32>,
    pub sites: Vec<u8>,
}

/// Where the notes on a body are.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    pub pool: u32,
    pub refs: Range<u32>,
    pub sites: Range<u32>,
    /// What it uses beyond the MVP.
    pub features: FeatureSet,
}

impl Default for Noted {
    fn default() -> Noted {
        Noted {
            pool: 0,
            refs: 0..0,
            sites: 0..0,
            features: FeatureSet::MVP,
        }
    }
}

impl Default for Refs<'_> {
    fn default() -> Self {
        Refs::noted(Arc::default(), Vec::new())
    }
}

impl<'a> Refs<'a> {
    /// Those that the scan has noted.
    pub(super) fn noted(pools: Arc<[Pool]>, bodies: Vec<Noted>) -> Refs<'a> {
        Refs(Known::All { pools, bodies })
    }

    /// Those of the bodies in these ranges of `bytes`, each of which is read when it is asked for. One that is malformed refers
    /// to nothing: the validation of the output refuses it.
    pub(super) fn as_asked(read: Read, bytes: &'a [u8], ranges: &[Range<usize>]) -> Refs<'a> {
        let bodies = ranges.iter().map(|range| (range.clone(), OnceLock::new()));
        Refs(Known::Some {
            read,
            bytes,
            bodies: bodies.collect(),
        })
    }

    fn of_body(&self, defined: usize) -> (&Pool, &Noted) {
        match &self.0 {
            Known::All { pools, bodies } => {
                let noted = &bodies[defined];
                (&pools[noted.pool as usize], noted)
            }
            Known::Some {
                read,
                bytes,
                bodies,
            } => {
                let (range, notes) = &bodies[defined];
                let (pool, noted) = notes.get_or_init(|| {
                    let reader = BinaryReader::new(&bytes[range.clone()], range.start as u64);
                    read(&FunctionBody::new(reader)).unwrap_or_default()
                });
                (pool, noted)
            }
        }
    }

    /// What the `defined`th function of the code section refers to, each thing once.
    pub fn of(&self, defined: usize) -> impl Iterator<Item = Ref> + '_ {
        let (pool, Noted { refs, .. }) = self.of_body(defined);
        let refs = &pool.refs[refs.start as usize..refs.end as usize];
        refs.iter().map(|&packed| Ref::unpack(packed))
    }

    /// Where the instructions of the `defined`th function of the code section are that may be written
    /// anew, by the bytes before them, its locals among these ([`super::sites`]).
    pub fn sites(&self, defined: usize) -> impl Iterator<Item = usize> + '_ {
        let (pool, Noted { sites, .. }) = self.of_body(defined);
        sites::read(&pool.sites[sites.start as usize..sites.end as usize])
    }

    /// The proposals that the `defined`th function of the code section uses.
    pub fn features(&self, defined: usize) -> FeatureSet {
        self.of_body(defined).1.features
    }
}
