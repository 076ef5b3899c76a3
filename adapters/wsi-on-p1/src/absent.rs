//! What stands in for functions that are not there. The linker takes these, by signature, for what the target does not
//! have and the program can do without.

use crate::exports;
use crate::frame::negative;
use crate::p1::NOSYS;

exports! {
    "weak:nosys-i"
    fn nosys_i(_a: u32) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-ii"
    fn nosys_ii(_a: u32, _b: u32) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-iii"
    fn nosys_iii(_a: u32, _b: u32, _c: u32) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-iiii"
    fn nosys_iiii(_a: u32, _b: u32, _c: u32, _d: u32) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-il"
    fn nosys_il(_a: u32, _b: u64) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-l"
    fn nosys_l(_a: u64) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-iil"
    fn nosys_iil(_a: u32, _b: u32, _c: u64) -> i32 {
        negative(NOSYS)
    }

    "weak:nosys-wide-ii"
    fn nosys_wide_ii(_a: u32, _b: u32) -> i64 {
        negative(NOSYS).into()
    }

    "weak:nosys-wide-ilii"
    fn nosys_wide_ilii(_a: u32, _b: u64, _c: u32, _d: u32) -> i64 {
        negative(NOSYS).into()
    }
}
