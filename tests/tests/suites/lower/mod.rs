//! Lowering: the same functions before and after compute the same.
//!
//! Before: wasmi with every proposal. After: wasmi with those of the profile alone, and WAMR of 2020
//! where the functions take and give 32-bit integers.

mod engines;
mod exceptions;
mod memories;
mod odd;
mod random;
mod simd;
mod values;
