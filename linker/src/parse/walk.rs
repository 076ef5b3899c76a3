//! Visits the instructions of a body one after the other.
//!
//! It does what [`BinaryReader::visit_operator`] does in a loop. The most frequent instructions are decoded here,
//! which takes a fraction of the time; what a visitor is told is the same. All others, and all that is wrong,
//! are left to the reader.

use std::ops::Range;

use wasmparser::{
    BinaryReader, BlockType, Error, FrameKind, FrameStack, FuncValidator, MemArg, MemArgTarget,
    ValType, ValidatorResources, VisitOperator, WasmFeatures,
};

use super::numbers::{Number, signed, unsigned};
use super::scan::Ref;

/// The instructions of a body.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The body.
    pub bytes: &'a [u8],
    /// Where it is in the file.
    pub first: u64,
    /// The bytes of its locals, which come before the instructions.
    pub locals: usize,
    /// What they are read with.
    pub features: WasmFeatures,
}

impl<'a> Code<'a> {
    /// Reads from `at` on.
    fn reader(&self, at: usize) -> BinaryReader<'a> {
        let mut reader = BinaryReader::new(&self.bytes[at..], self.first + at as u64);
        reader.set_features(self.features);
        reader
    }
}

/// What visits instructions.
pub trait Visits<'a> {
    /// The visitor of the instruction at this place of the file, with its first byte.
    fn at<'t>(
        &'t mut self,
        offset: u64,
        opcode: u8,
    ) -> impl VisitOperator<'a, Output = Result<(), Error>> + FrameStack + 't
    where
        'a: 't;
}

impl<'a> Visits<'a> for FuncValidator<ValidatorResources> {
    #[inline(always)]
    fn at<'t>(
        &'t mut self,
        offset: u64,
        _: u8,
    ) -> impl VisitOperator<'a, Output = Result<(), Error>> + FrameStack + 't
    where
        'a: 't,
    {
        self.visitor(offset)
    }
}

/// What notes where instructions are, by the bytes of the body before each; no instruction is told of twice, but that an
/// access is a site, too. Those that it is not told of mean the same in any module.
pub trait Watch {
    /// An access of the first memory as the MVP encodes it.
    fn access(&mut self);
    /// An instruction that has one index, and is of the MVP.
    fn has(&mut self, at: usize, reference: Ref);
    /// An indirect call through the first table, as the MVP encodes it.
    fn calls_indirectly(&mut self, at: usize, ty: u32);
    /// An instruction of the MVP that has an immediate longer than needed, or a block with a number.
    fn site(&mut self, at: usize);
    /// Any instruction that was not decoded here.
    ///
    /// # Errors
    ///
    /// That it cannot be read.
    fn other(&mut self, at: Range<usize>) -> Result<(), Error>;
}

/// Notes nothing.
impl Watch for () {
    fn access(&mut self) {}

    fn has(&mut self, _: usize, _: Ref) {}

    fn calls_indirectly(&mut self, _: usize, _: u32) {}

    fn site(&mut self, _: usize) {}

    fn other(&mut self, _: Range<usize>) -> Result<(), Error> {
        Ok(())
    }
}

/// Visits all instructions, and gives the reader of what is behind them: nothing.
///
/// # Errors
///
/// What the reader or the visitor finds wrong, and that instructions follow the end of the body.
pub fn walk<'a>(
    code: Code<'a>,
    visits: &mut impl Visits<'a>,
    watch: &mut impl Watch,
) -> Result<BinaryReader<'a>, Error> {
    let mut at = code.locals;
    while at < code.bytes.len() {
        let rest = &code.bytes[at..];
        let visitor = &mut visits.at(code.first + at as u64, rest[0]);
        match frequent(rest, at, visitor, watch)? {
            0 => {
                let mut reader = code.reader(at);
                reader.visit_operator(visitor)??;
                let end = at + reader.current_position();
                watch.other(at..end)?;
                at = end;
            }
            length => at += length,
        }
        if rest[0] == END && visitor.current_frame().is_none() {
            break;
        }
    }
    let mut reader = code.reader(at);
    if !reader.eof() {
        reader.visit_operator(&mut visits.at(reader.original_position(), code.bytes[at]))??;
    }
    Ok(reader)
}

/// The opcode that only a block of the kind `if` has.
pub const ELSE: u8 = 0x05;
const END: u8 = 0x0b;
/// The flags of an access from here on say more than its alignment.
const FIRST_FLAG: u8 = 0x10;

/// Visits the instruction at the start of `code` if it is one of the most frequent. Gives its length, and 0 if it is
/// another.
#[inline(always)]
fn frequent<'a>(
    code: &[u8],
    at: usize,
    visitor: &mut (impl VisitOperator<'a, Output = Result<(), Error>> + FrameStack),
    watch: &mut impl Watch,
) -> Result<usize, Error> {
    /// Visits one that has a number, with what tells the watch of it; 0 where that is left to the reader.
    macro_rules! number {
        ($read:ident, $number:ident => $tell:expr, $visited:expr) => {
            match $read(&code[1..]) {
                Some($number) => {
                    $tell;
                    $visited.map(|()| 1 + $number.length)
                }
                None => Ok(0),
            }
        };
    }

    /// The arms of those without immediates, with a label or a local, of blocks, and with places of memory.
    macro_rules! instructions {
        (
            $($plain:literal $visit_plain:ident)*;
            $($indexed:literal $visit_indexed:ident)*;
            $($block:literal $visit_block:ident)*;
            $($access:literal $visit_access:ident $max_align:literal)*;
            $($arms:tt)*
        ) => {
            match code[0] {
                $($plain => visitor.$visit_plain().map(|()| 1),)*
                $($indexed => number!(
                    unsigned, index => if index.is_long { watch.site(at) }, visitor.$visit_indexed(index.value)
                ),)*
                $($block => match code.get(1) {
                    Some(0x40) => visitor.$visit_block(BlockType::Empty).map(|()| 2),
                    Some(0x7f) => {
                        watch.site(at);
                        visitor.$visit_block(BlockType::Type(ValType::I32)).map(|()| 2)
                    }
                    _ => Ok(0),
                },)*
                $($access => match memory(code, $max_align) {
                    Some((arg, offset)) => {
                        watch.access();
                        if offset.is_long {
                            watch.site(at);
                        }
                        visitor.$visit_access(arg).map(|()| 2 + offset.length)
                    }
                    None => Ok(0),
                },)*
                $($arms)*
            }
        };
    }

    instructions! {
        0x00 visit_unreachable 0x01 visit_nop 0x0b visit_end 0x0f visit_return
        0x1a visit_drop 0x1b visit_select
        0x45 visit_i32_eqz 0x46 visit_i32_eq 0x47 visit_i32_ne
        0x48 visit_i32_lt_s 0x49 visit_i32_lt_u 0x4a visit_i32_gt_s 0x4b visit_i32_gt_u
        0x4c visit_i32_le_s 0x4d visit_i32_le_u 0x4e visit_i32_ge_s 0x4f visit_i32_ge_u
        0x50 visit_i64_eqz 0x51 visit_i64_eq 0x52 visit_i64_ne
        0x53 visit_i64_lt_s 0x54 visit_i64_lt_u 0x55 visit_i64_gt_s 0x56 visit_i64_gt_u
        0x57 visit_i64_le_s 0x58 visit_i64_le_u 0x59 visit_i64_ge_s 0x5a visit_i64_ge_u
        0x5b visit_f32_eq 0x5c visit_f32_ne
        0x5d visit_f32_lt 0x5e visit_f32_gt 0x5f visit_f32_le 0x60 visit_f32_ge
        0x61 visit_f64_eq 0x62 visit_f64_ne
        0x63 visit_f64_lt 0x64 visit_f64_gt 0x65 visit_f64_le 0x66 visit_f64_ge
        0x67 visit_i32_clz 0x68 visit_i32_ctz 0x69 visit_i32_popcnt
        0x6a visit_i32_add 0x6b visit_i32_sub 0x6c visit_i32_mul
        0x6d visit_i32_div_s 0x6e visit_i32_div_u 0x6f visit_i32_rem_s 0x70 visit_i32_rem_u
        0x71 visit_i32_and 0x72 visit_i32_or 0x73 visit_i32_xor
        0x74 visit_i32_shl 0x75 visit_i32_shr_s 0x76 visit_i32_shr_u
        0x77 visit_i32_rotl 0x78 visit_i32_rotr
        0x79 visit_i64_clz 0x7a visit_i64_ctz 0x7b visit_i64_popcnt
        0x7c visit_i64_add 0x7d visit_i64_sub 0x7e visit_i64_mul
        0x7f visit_i64_div_s 0x80 visit_i64_div_u 0x81 visit_i64_rem_s 0x82 visit_i64_rem_u
        0x83 visit_i64_and 0x84 visit_i64_or 0x85 visit_i64_xor
        0x86 visit_i64_shl 0x87 visit_i64_shr_s 0x88 visit_i64_shr_u
        0x89 visit_i64_rotl 0x8a visit_i64_rotr
        0x8b visit_f32_abs 0x8c visit_f32_neg
        0x92 visit_f32_add 0x93 visit_f32_sub 0x94 visit_f32_mul 0x95 visit_f32_div
        0x99 visit_f64_abs 0x9a visit_f64_neg
        0xa0 visit_f64_add 0xa1 visit_f64_sub 0xa2 visit_f64_mul 0xa3 visit_f64_div
        0xa7 visit_i32_wrap_i64 0xac visit_i64_extend_i32_s 0xad visit_i64_extend_i32_u
        0xb6 visit_f32_demote_f64 0xb7 visit_f64_convert_i32_s 0xb8 visit_f64_convert_i32_u
        0xbb visit_f64_promote_f32 0xbd visit_i64_reinterpret_f64 0xbf visit_f64_reinterpret_i64;
        0x0c visit_br 0x0d visit_br_if
        0x20 visit_local_get 0x21 visit_local_set 0x22 visit_local_tee;
        0x02 visit_block 0x03 visit_loop 0x04 visit_if;
        0x28 visit_i32_load 2 0x29 visit_i64_load 3 0x2a visit_f32_load 2 0x2b visit_f64_load 3
        0x2c visit_i32_load8_s 0 0x2d visit_i32_load8_u 0
        0x2e visit_i32_load16_s 1 0x2f visit_i32_load16_u 1
        0x30 visit_i64_load8_s 0 0x31 visit_i64_load8_u 0
        0x32 visit_i64_load16_s 1 0x33 visit_i64_load16_u 1
        0x34 visit_i64_load32_s 2 0x35 visit_i64_load32_u 2
        0x36 visit_i32_store 2 0x37 visit_i64_store 3 0x38 visit_f32_store 2 0x39 visit_f64_store 3
        0x3a visit_i32_store8 0 0x3b visit_i32_store16 1
        0x3c visit_i64_store8 0 0x3d visit_i64_store16 1 0x3e visit_i64_store32 2;
        ELSE => match visitor.current_frame() {
            Some(FrameKind::If) => visitor.visit_else().map(|()| 1),
            _ => Ok(0),
        },
        0x10 => number!(
            unsigned, index => watch.has(at, Ref::Func(index.value)), visitor.visit_call(index.value)
        ),
        0x11 => match unsigned(&code[1..]) {
            Some(ty) if code.get(1 + ty.length) == Some(&0) => {
                watch.calls_indirectly(at, ty.value);
                visitor.visit_call_indirect(ty.value, 0).map(|()| 2 + ty.length)
            }
            _ => Ok(0),
        },
        0x23 => number!(
            unsigned, index => watch.has(at, Ref::Global(index.value)), visitor.visit_global_get(index.value)
        ),
        0x24 => number!(
            unsigned, index => watch.has(at, Ref::Global(index.value)), visitor.visit_global_set(index.value)
        ),
        0x41 => number!(
            signed, number => if number.is_long { watch.site(at) }, visitor.visit_i32_const(number.value)
        ),
        0x42 => number!(
            signed, number => if number.is_long { watch.site(at) }, visitor.visit_i64_const(number.value.into())
        ),
        _ => Ok(0),
    }
}

/// Which bytes the access that `code` is gets at, and its offset: those of the first memory, with an offset as
/// [`unsigned`] reads it.
#[inline(always)]
fn memory(code: &[u8], max_align: u8) -> Option<(MemArg, Number<u32>)> {
    let &[_, align @ 0..FIRST_FLAG, ref offset @ ..] = code else {
        return None;
    };
    let offset = unsigned(offset)?;
    let arg = MemArg {
        align,
        max_align,
        offset: offset.value.into(),
        target: MemArgTarget::Memory(0),
        ordering: None,
    };
    Some((arg, offset))
}

#[cfg(test)]
mod tests {
    use crate::parse::{self, sites::is_site};
    use crate::validate::validate;

    /// A module whose bodies have every kind of instruction that is decoded here, and some that are not.
    const MODULE: &str = r#"(module
        (type $pair (func (param i32 i64) (result i32 i32)))
        (import "m" "f" (func $f (param i32) (result i32)))
        (memory 1) (table 2 funcref) (elem (i32.const 0) func $f $f)
        (global $g (mut i32) (i32.const 0)) (global $wide (mut i64) (i64.const 0))
        (func (param $a i32) (param $b i64) (result i32) (local $c f64) (local i32 i32)
            (block (loop (if (i32.eqz (local.get $a)) (then (nop) (br 2)) (else (br_if 1 (local.get $a))))))
            (local.set $a (call $f (i32.const -64)))
            (global.set $g (i32.add (global.get $g) (i32.const 128)))
            (global.set $wide (i64.mul (global.get $wide) (i64.const -1234567)))
            (i64.store offset=300 align=4 (local.get $a) (i64.load8_s offset=70000 (i32.const 70000)))
            (i32.store16 (local.tee $a (i32.const 3000000)) (i32.load offset=16777216 (local.get $a)))
            (local.set $c (f64.add (f64.const 1.5) (f64.convert_i32_s (i32.const 2147483647))))
            (drop (select (i32.wrap_i64 (i64.const 64)) (i32.extend8_s (local.get $a)) (memory.size)))
            (block (block (br_table 0 1 0 (local.get $a))))
            (drop (call_indirect (type $pair) (local.get 4) (local.get $b) (i32.const 1))) drop
            (if (result i32) (local.get $a) (then (return (i32.const 9))) (else (i32.const 8191)))
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 8192))
            (i32.store8 (i32.trunc_sat_f64_s (local.get $c)) (i32.const -8192)))
        (func (local v128) (local.set 0 (v128.load offset=5 (i32.const 8))) (unreachable)))"#;

    /// What is in place of the last body's first instructions: with numbers as a linker fills them in, and blocks with one.
    const PADDED: &[u8] = &[
        0x41, 0x81, 0x80, 0x80, 0x80, 0x00, // i32.const 1
        0x28, 0x02, 0x84, 0x80, 0x80, 0x80, 0x00, // i32.load offset=4
        0x10, 0x80, 0x80, 0x80, 0x80, 0x00, // call 0
        0x24, 0x80, 0x80, 0x80, 0x80, 0x00, // global.set 0
        0x23, 0x80, 0x00, // global.get 0
        0x41, 0x7f, // i32.const -1
        0x11, 0x81, 0x80, 0x80, 0x80, 0x00, 0x00, // call_indirect (type 1)
        0x02, 0x7f, 0x41, 0xc0, 0x00, 0x0b, // block (result i32) i32.const 64 end
        0x6a, 0x1a, // i32.add drop
        0x20, 0x80, 0x00, 0x21, 0x80, 0x80, 0x00, // local.get 0 local.set 0
        0x42, 0xff, 0x7f, 0x1a, // i64.const -1 drop
    ];

    fn module() -> Vec<u8> {
        let nops = "nop ".repeat(PADDED.len());
        let last = format!("(func (param i32) (result i32) {nops} (local.get 0)))");
        let text = MODULE.strip_suffix(')').expect("its end").to_owned() + &last;
        let mut bytes = wat::parse_str(text).expect("a module");
        let nops = vec![1; PADDED.len()];
        let at = bytes.windows(PADDED.len()).position(|code| code == nops);
        let at = at.expect("the instructions that do nothing");
        bytes[at..at + PADDED.len()].copy_from_slice(PADDED);
        bytes
    }

    #[test]
    fn bodies_are_judged_as_the_reader_judges_them_whatever_byte_is_another() {
        let valid = module();
        let input = parse::module(&valid).expect("a valid module");
        let features = parse::accepted();
        for at in input.modules[0].bodies.iter().cloned().flatten() {
            for byte in [
                0, 1, 4, 5, 7, 0x0b, 0x10, 0x18, 0x19, 0x20, 0x28, 0x40, 0x41, 0x6a, 0x7f, 0x80,
                0xfd, 0xff,
            ] {
                let mut changed = valid.clone();
                changed[at] = byte;
                let told = validate(&changed, features).map_err(|error| error.to_string());
                let wanted = wasmparser::Validator::new_with_features(features)
                    .validate_all(&changed)
                    .map(|_| ())
                    .map_err(|error| error.to_string());
                assert_eq!(told, wanted, "{byte:#x} at {at:#x}");
            }
        }
    }

    #[test]
    fn sites_are_the_same_whether_a_body_is_validated_or_only_read() {
        let bytes = module();
        let read = parse::unfinished(&bytes).expect("a valid module");
        let validated = parse::module(&bytes).expect("a valid module");
        for (defined, body) in read.modules[0].bodies.iter().enumerate() {
            let mut wanted = Vec::new();
            let mut ops = read.modules[0]
                .body(defined)
                .get_operators_reader()
                .expect("a body");
            while !ops.eof() {
                let start = ops.original_position() as usize;
                ops.read().expect("an instruction");
                if is_site(&bytes[start..ops.original_position() as usize]) {
                    wanted.push(start - body.start);
                }
            }
            for (what, input) in [("read", &read), ("validated", &validated)] {
                let refs = &input.modules[0].refs;
                assert_eq!(refs.sites(defined).collect::<Vec<_>>(), wanted, "{what}");
            }
            let refs = [&read, &validated]
                .map(|input| input.modules[0].refs.of(defined).collect::<Vec<_>>());
            assert_eq!(refs[0], refs[1]);
        }
    }
}
