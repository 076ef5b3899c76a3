//! Every built-in profile, and some that nobody has, with small modules of one odd feature, and of two:
//! what comes out is valid and does the same, or the error says why there is nothing.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow, ensure};
use p1bridge::lower::lower;
use p1bridge::profiles::{NAMES, Profile, named};
use wasmi::{
    Engine, Extern, ExternType, Func, Global, Instance, Memory, Module, Mutability, Nullable, Ref,
    Store, Table, Val, ValType,
};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use super::engines::full;

/// A part of a module: its imports, and everything else.
struct Part {
    name: &'static str,
    imports: &'static str,
    fields: &'static str,
}

/// `$mem` and `$tab` are what the module has; names of a part begin with its own name.
macro_rules! parts {
    ($($name:ident: $imports:literal, $fields:literal;)*) => {
        &[$(Part { name: stringify!($name), imports: $imports, fields: $fields }),*]
    };
}

/// The memory of the module.
const MEMORIES: &[Part] = parts! {
    memory: "", "(memory $mem (export \"memory\") 1 4)";
    hidden: "", "(memory $mem 1)";
    exported_twice: "", "(memory $mem (export \"memory\") (export \"again\") 1)";
    imported_memory: "(import \"host\" \"memory\" (memory $mem 1 4))", "";
    second: "", "(memory 1) (memory $mem (export \"memory\") 1 4)";
    beside_imported: "(import \"host\" \"memory\" (memory 1 4))", "(memory $mem (export \"memory\") 1 4)";
    shared: "", "(memory $mem (export \"memory\") 1 4 shared)";
    small_pages: "", "(memory $mem (export \"memory\") 70000 80000 (pagesize 1))";
    huge: "", "(memory $mem 65536)";
};

/// The table of the module.
const TABLES: &[Part] = parts! {
    table: "", "(table $tab 8 20 funcref)";
    unlimited: "", "(table $tab 8 funcref)";
    exported_table: "", "(table $tab (export \"table\") 8 20 funcref)";
    imported_table: "(import \"host\" \"table\" (table $tab 8 20 funcref))", "";
    second_table: "", "(table 3 funcref) (table $tab 8 20 funcref)";
    exported_second: "", "(table 3 funcref) (table $tab (export \"table\") 8 20 funcref)";
    beside_externs: "", "(table 3 externref) (table $tab 8 20 funcref)";
    beside_imported_table: "(import \"host\" \"table\" (table 8 20 funcref))", "(table $tab 8 20 funcref)";
    large: "", "(table $tab 100000000 funcref)";
};

const PARTS: &[Part] = parts! {
    nothing: "", "";
    // Numbers.
    plain: "", "(func (export \"plain\") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))";
    sign: "", "(func (export \"sign\") (param i32) (result i32) (i32.extend8_s (i32.add (local.get 0) (i32.const 200))))";
    sat: "", "(func (export \"sat\") (param i32) (result i32) (i32.trunc_sat_f64_s (f64.mul (f64.convert_i32_s (local.get 0)) (f64.const 1e30))))";
    simd: "", "(func (export \"simd\") (param i32) (result i32) (i32x4.extract_lane 2 (i32x4.splat (local.get 0))))";
    relaxed: "", "(func (export \"relaxed\") (result i32) (i32x4.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (f32.const 3)))))";
    wide: "", "(func (export \"wide\") (result i64) (i64.mul_wide_u (i64.const 3) (i64.const 4)) drop)";
    // Control.
    several_results: "", "(func $several_results (result i32 i64) (i32.const 4) (i64.const 5))
        (func (export \"several_results\") (result i32) (call $several_results) i32.wrap_i64 i32.sub)";
    exported_results: "", "(func (export \"exported_results\") (result i32 i32) (i32.const 4) (i32.const 5))";
    block_params: "", "(func (export \"block_params\") (param i32) (result i32)
        (i32.const 9) (local.get 0) (block (param i32 i32) (result i32) i32.sub (br_if 0 (local.get 0)) (i32.const 2) i32.mul))";
    loop_params: "", "(func (export \"loop_params\") (param i32) (result i32)
        (i32.const 3) (loop (param i32) (result i32) (i32.const 1) i32.sub (br_if 0 (local.tee 0)) (local.get 0)) drop (local.get 0))";
    self_tail: "", "(func $self_tail (param i32 i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (local.get 1)) (else (return_call $self_tail (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 2))))))
        (func (export \"self_tail\") (result i32) (call $self_tail (i32.const 9) (i32.const 0)))";
    tail: "", "(func $tail (result i32) (i32.const 6)) (func (export \"tail\") (result i32) (return_call $tail))";
    tail_results: "", "(func $tail_results (result i32 i32) (i32.const 6) (i32.const 2))
        (func $tail_two (result i32 i32) (return_call $tail_results))
        (func (export \"tail_results\") (result i32) (call $tail_two) i32.sub)";
    throws: "", "(tag $throws (param i32)) (func (export \"throws\") (result i32) (block $h (result i32) (try_table (catch $throws $h) (throw $throws (i32.const 3))) (i32.const 1)))";
    legacy: "", "(tag $legacy) (func (export \"legacy\") (result i32) try (result i32) throw $legacy catch $legacy i32.const 3 end)";
    imported_tag: "(import \"host\" \"tag\" (tag (param i32)))", "";
    // Memory.
    load: "", "(func (export \"load\") (param i32) (result i32) (i32.store $mem offset=8 (local.get 0) (i32.const 77)) (i32.load8_u $mem offset=8 (local.get 0)))";
    beyond: "", "(func (export \"beyond\") (result i32) (i32.load $mem (i32.const 65533)))";
    far_beyond: "", "(func (export \"far_beyond\") (result i32) (i32.load $mem offset=4294967295 (i32.const 65533)))";
    simd_load: "", "(func (export \"simd_load\") (result i32) (i32x4.extract_lane 0 (v128.load $mem (i32.const 16))))";
    size: "", "(func (export \"size\") (result i32) (memory.size $mem))";
    grow: "", "(func (export \"grow\") (param i32) (result i32) (drop (memory.grow $mem (local.get 0))) (memory.size $mem))";
    fill: "", "(func (export \"fill\") (param i32) (result i32) (memory.fill $mem (i32.const 100) (i32.const 5) (local.get 0)) (i32.load $mem (i32.const 100)))";
    copy: "", "(func (export \"copy\") (param i32) (result i32) (i32.store $mem (i32.const 200) (i32.const 0x01020304))
        (memory.copy $mem $mem (i32.const 201) (i32.const 200) (i32.const 40)) (memory.copy $mem $mem (i32.const 65530) (i32.const 200) (local.get 0)) (i32.load $mem (i32.const 202)))";
    fill_beyond: "", "(func (export \"fill_beyond\") (memory.fill $mem (i32.const 65530) (i32.const 5) (i32.const 100)))";
    init: "", "(data $init \"abcdefghij\") (func (export \"init\") (param i32) (result i32) (memory.init $mem $init (i32.const 300) (i32.const 1) (local.get 0)) (data.drop $init) (i32.load $mem (i32.const 300)))";
    no_data: "", "(data $no_data \"\") (func (export \"no_data\") (memory.init $mem $no_data (i32.const 0) (i32.const 0) (i32.const 0)))";
    unused_data: "", "(data $unused_data \"abc\")";
    atomic: "", "(func (export \"atomic\") (result i32) (i32.atomic.rmw.add $mem (i32.const 64) (i32.const 1)))";
    data: "", "(data (memory $mem) (i32.const 400) \"wxyz\") (func (export \"data\") (result i32) (i32.load $mem (i32.const 400)))";
    data_at_end: "", "(data (memory $mem) (i32.const 65532) \"wxyz\")";
    data_beyond: "", "(data (memory $mem) (i32.const 65533) \"wxyz\")";
    data_nowhere: "", "(data (memory $mem) (i32.const -1) \"\")";
    data_summed: "", "(data (memory $mem) (offset (i32.add (i32.const 200) (i32.const 212))) \"lmno\") (func (export \"data_summed\") (result i32) (i32.load $mem (i32.const 412)))";
    data_imported: "(import \"host\" \"at\" (global $data_imported i32))", "(data (memory $mem) (global.get $data_imported) \"pqrs\") (func (export \"data_imported\") (result i32) (i32.load $mem (i32.const 7)))";
    data_imported_sum: "(import \"host\" \"at\" (global $data_imported_sum i32))", "(data (memory $mem) (offset (i32.mul (global.get $data_imported_sum) (i32.const 3))) \"pqrs\") (func (export \"data_imported_sum\") (result i32) (i32.load $mem (i32.const 21)))";
    data_global: "", "(global $data_global i32 (i32.const 420)) (data (memory $mem) (global.get $data_global) \"tuvw\") (func (export \"data_global\") (result i32) (i32.load $mem (i32.const 420)))";
    other_memory: "", "(memory $other_memory 1) (data (memory $other_memory) (i32.const 4) \"four\")
        (func (export \"other_memory\") (param i32) (result i32) (memory.copy $other_memory $mem (i32.const 0) (i32.const 0) (local.get 0)) (memory.fill $other_memory (i32.const 8) (i32.const 1) (i32.const 2)) (i32.add (i32.load $other_memory (i32.const 7)) (i32.load $mem (i32.const 0))))";
    other_grows: "", "(memory $other_grows 1) (func (export \"other_grows\") (result i32) (memory.grow $other_grows (i32.const 1)))";
    other_init: "", "(memory $other_init 1) (data $other_init \"abcdefgh\") (func (export \"other_init\") (result i32) (memory.init $other_init $other_init (i32.const 2) (i32.const 1) (i32.const 5)) (i32.load $other_init (i32.const 2)))";
    other_exported: "", "(memory (export \"other\") 1)";
    other_empty: "", "(memory $other_empty 0 0) (func (export \"other_empty\") (result i32) (memory.grow $other_empty (i32.const 1)))";
    memory_64: "", "(memory $memory_64 i64 1) (func (export \"memory_64\") (result i32) (i32.load $memory_64 (i64.const 8)))";
    fill_64: "", "(memory $fill_64 i64 1) (func (export \"fill_64\") (memory.fill $fill_64 (i64.const 8) (i32.const 1) (i64.const 3)))";
    // Tables.
    call: "", "(func $call_it (result i32) (i32.const 31)) (elem (table $tab) (i32.const 0) func $call_it)
        (func (export \"call\") (param i32) (result i32) (call_indirect $tab (result i32) (local.get 0)))";
    call_other: "", "(func (export \"call_other\") (param i32) (call_indirect $tab (param i64) (i64.const 1) (local.get 0)))";
    tail_table: "", "(func (export \"tail_table\") (param i32) (result i32) (return_call_indirect $tab (result i32) (local.get 0)))";
    table_get: "", "(func (export \"table_get\") (param i32) (result i32) (ref.is_null (table.get $tab (local.get 0))))";
    table_set: "", "(func $table_set (result i32) (i32.const 32)) (elem declare func $table_set)
        (func (export \"table_set\") (param i32) (table.set $tab (i32.add (local.get 0) (i32.const 1)) (ref.func $table_set)))";
    table_size: "", "(func (export \"table_size\") (result i32) (table.size $tab))";
    table_grow: "", "(func (export \"table_grow\") (param i32) (result i32) (table.grow $tab (ref.null func) (local.get 0)))";
    table_fill: "", "(func (export \"table_fill\") (param i32) (table.fill $tab (i32.const 6) (ref.null func) (local.get 0)))";
    table_copy: "", "(func (export \"table_copy\") (param i32) (table.copy $tab $tab (i32.const 4) (i32.const 0) (local.get 0)))";
    table_copy_beyond: "", "(func (export \"table_copy_beyond\") (table.copy $tab $tab (i32.const 8) (i32.const 0) (i32.const 1)))";
    table_copy_nothing: "", "(func (export \"table_copy_nothing\") (table.copy $tab $tab (i32.const -1) (i32.const 0) (i32.const 0)))";
    table_init: "", "(func $table_init (result i32) (i32.const 33)) (elem $table_init_e func $table_init $table_init)
        (func (export \"table_init\") (param i32) (table.init $tab $table_init_e (i32.const 2) (i32.const 0) (local.get 0)) (elem.drop $table_init_e))";
    elem_drop: "", "(func $elem_drop) (elem $elem_drop_e func $elem_drop) (func (export \"elem_drop\") (elem.drop $elem_drop_e))";
    elem_unused: "", "(func $elem_unused) (elem funcref (ref.func $elem_unused) (ref.null func))";
    elem_declared: "", "(func $elem_declared) (elem declare func $elem_declared)";
    elem_null: "", "(func $elem_null (result i32) (i32.const 34)) (elem (table $tab) (i32.const 1) funcref (ref.func $elem_null) (ref.null func) (ref.func $elem_null))";
    elem_null_over: "", "(func $elem_null_over (result i32) (i32.const 35)) (elem (table $tab) (i32.const 0) func $elem_null_over $elem_null_over) (elem (table $tab) (i32.const 0) funcref (ref.null func))";
    elem_null_beyond: "", "(elem (table $tab) (i32.const 7) funcref (ref.null func) (ref.null func))";
    elem_beyond: "", "(func $elem_beyond) (elem (table $tab) (i32.const 7) func $elem_beyond $elem_beyond)";
    elem_nowhere: "", "(elem (table $tab) (i32.const -1) func)";
    elem_negative: "", "(func $elem_negative) (elem (table $tab) (i32.const -1) func $elem_negative)";
    elem_imported: "(import \"host\" \"at\" (global $elem_imported i32))", "(func $elem_imported_f (result i32) (i32.const 36)) (elem (table $tab) (global.get $elem_imported) func $elem_imported_f)";
    elem_imported_null: "(import \"host\" \"at\" (global $elem_imported_null i32))", "(elem (table $tab) (global.get $elem_imported_null) funcref (ref.null func))";
    elem_summed: "", "(func $elem_summed (result i32) (i32.const 37)) (elem (table $tab) (offset (i32.add (i32.const 1) (i32.const 2))) func $elem_summed)";
    elem_global: "", "(global $elem_global i32 (i32.const 3)) (func $elem_global_f (result i32) (i32.const 38)) (elem (table $tab) (offset (global.get $elem_global)) func $elem_global_f)";
    elem_host: "(import \"host\" \"f\" (func $elem_host (result i32)))", "(elem (table $tab) (i32.const 5) func $elem_host)";
    elem_reference: "(import \"host\" \"reference\" (global $elem_reference funcref))", "(elem (table $tab) (i32.const 5) funcref (global.get $elem_reference))";
    other_table: "", "(table $other_table 4 funcref) (func $other_table_f (result i32) (i32.const 39)) (elem (table $other_table) (i32.const 1) func $other_table_f)
        (func (export \"other_table\") (param i32) (result i32) (call_indirect $other_table (result i32) (local.get 0)))";
    between_tables: "", "(table $between 4 funcref) (func $between (result i32) (i32.const 40)) (elem (table $between) (i32.const 0) func $between)
        (func (export \"between_tables\") (param i32) (result i32) (table.copy $tab $between (i32.const 1) (local.get 0) (i32.const 1)) (call_indirect $tab (result i32) (i32.const 1)))";
    other_beyond: "", "(table $other_beyond 2 funcref) (func $other_beyond) (elem (table $other_beyond) (i32.const 1) func $other_beyond $other_beyond)";
    externs: "", "(table $externs 4 externref) (func (export \"externs\") (result i32) (ref.is_null (table.get $externs (i32.const 1))))";
    table_64: "", "(table $table_64 i64 4 funcref) (func (export \"table_64\") (result i64) (table.size $table_64))";
    table_filled: "", "(func $table_filled) (table 4 funcref (ref.func $table_filled))";
    // References.
    is_null: "", "(func $is_null) (elem declare func $is_null) (func (export \"is_null\") (result i32) (ref.is_null (ref.func $is_null)))";
    null: "", "(func (export \"null\") (result i32) (ref.is_null (ref.null func)))";
    local: "", "(func (export \"local\") (result i32) (local funcref) (ref.is_null (local.get 0)))";
    through: "", "(func $through (param funcref) (result funcref) (local.get 0)) (func (export \"through\") (result i32) (ref.is_null (call $through (ref.null func))))";
    chosen: "", "(func (export \"chosen\") (param i32) (result i32) (ref.is_null (select (result funcref) (ref.null func) (ref.null func) (local.get 0))))";
    typed: "", "(func (export \"typed\") (param i32) (result i32) (select (result i32) (i32.const 1) (i32.const 2) (local.get 0)))";
    block_of: "", "(func (export \"block_of\") (result i32) (ref.is_null (block (result funcref) (ref.null func))))";
    null_extern: "", "(func (export \"null_extern\") (result i32) (ref.is_null (ref.null extern)))";
    takes: "", "(func (export \"takes\") (param funcref) (result i32) (ref.is_null (local.get 0)))";
    takes_extern: "", "(func (export \"takes_extern\") (param externref) (result i32) (ref.is_null (local.get 0)))";
    call_ref: "", "(type $call_ref_t (func (result i32))) (func $call_ref (type $call_ref_t) (i32.const 41)) (elem declare func $call_ref) (func (export \"call_ref\") (result i32) (call_ref $call_ref_t (ref.func $call_ref)))";
    number: "", "(func (export \"number\") (result i32) (i31.get_s (ref.i31 (i32.const 5))))";
    // Globals.
    global: "", "(global $global (mut i32) (i32.const 3)) (func (export \"global\") (result i32) (global.set $global (i32.add (global.get $global) (i32.const 1))) (global.get $global))";
    exported_global: "", "(global (export \"exported_global\") i64 (i64.const 3))";
    exported_mutable: "", "(global (export \"exported_mutable\") (mut i32) (i32.const 3))";
    exported_reference: "", "(global (export \"exported_reference\") funcref (ref.null func))";
    exported_function: "", "(func $exported_function) (global (export \"exported_function\") funcref (ref.func $exported_function))";
    exported_extern: "", "(global (export \"exported_extern\") externref (ref.null extern))";
    own_reference: "", "(func $own_reference) (global $own_reference_g (mut funcref) (ref.func $own_reference)) (func (export \"own_reference\") (result i32) (ref.is_null (global.get $own_reference_g)))";
    imported_global: "(import \"host\" \"at\" (global $imported_global i32))", "(func (export \"imported_global\") (result i32) (global.get $imported_global))";
    passed_global: "(import \"host\" \"at\" (global $passed_global i32))", "(export \"passed_global\" (global $passed_global))";
    unused_global: "(import \"host\" \"at\" (global i32))", "";
    imported_mutable: "(import \"host\" \"mutable\" (global $imported_mutable (mut i32)))", "(func (export \"imported_mutable\") (result i32) (global.get $imported_mutable))";
    imported_reference: "(import \"host\" \"reference\" (global $imported_reference funcref))", "(func (export \"imported_reference\") (result i32) (ref.is_null (global.get $imported_reference)))";
    unused_extern: "(import \"host\" \"extern\" (global externref))", "";
    after_imported: "(import \"host\" \"at\" (global $after_imported i32))", "(global $after_imported_g i32 (global.get $after_imported)) (func (export \"after_imported\") (result i32) (global.get $after_imported_g))";
    after_own: "", "(global $after_own i32 (i32.const 42)) (global $after_own_g i32 (global.get $after_own)) (func (export \"after_own\") (result i32) (global.get $after_own_g))";
    after_own_reference: "", "(func $aor) (global $aor funcref (ref.func $aor)) (global $aor_g funcref (global.get $aor)) (func (export \"after_own_reference\") (result i32) (ref.is_null (global.get $aor_g)))";
    sum: "", "(global $sum i64 (i64.add (i64.const 5) (i64.mul (i64.const 3) (i64.const 7)))) (func (export \"sum\") (result i64) (global.get $sum))";
    sum_of_own: "", "(global $soo i32 (i32.const 5)) (global $soo_g i32 (i32.add (global.get $soo) (global.get $soo))) (func (export \"sum_of_own\") (result i32) (global.get $soo_g))";
    imported_sum: "(import \"host\" \"at\" (global $imported_sum i32))", "(global $imported_sum_g i32 (i32.add (global.get $imported_sum) (i32.const 4))) (func (export \"imported_sum\") (result i32) (global.get $imported_sum_g))";
    sum_of_sums: "(import \"host\" \"at\" (global $sos i32))", "(global $sos_a i32 (i32.sub (global.get $sos) (i32.const 4))) (global $sos_b i32 (i32.mul (global.get $sos_a) (global.get $sos_a))) (func (export \"sum_of_sums\") (result i32) (global.get $sos_b))";
    vector: "", "(global $vector v128 (v128.const i32x4 1 2 3 4)) (func (export \"vector\") (result i32) (i32x4.extract_lane 1 (global.get $vector)))";
    // Functions of the host.
    host: "(import \"host\" \"f\" (func $host (result i32)))", "(func (export \"host\") (result i32) (call $host))";
    host_unused: "(import \"host\" \"unused\" (func (result i32)))", "";
    host_exported: "(import \"host\" \"f\" (func $host_exported (result i32)))", "(export \"host_exported\" (func $host_exported))";
    host_twice: "(import \"host\" \"f\" (func $host_twice (result i32))) (import \"host\" \"f\" (func $host_again (result i32)))", "(func (export \"host_twice\") (result i32) (i32.sub (call $host_twice) (call $host_again)))";
    host_overloaded: "(import \"host\" \"f\" (func $host_o (result i32))) (import \"host\" \"f\" (func $host_p (param i32)))", "(func (export \"host_overloaded\") (call $host_p (call $host_o)))";
    host_results: "(import \"host\" \"results\" (func $host_results (result i32 i32)))", "(func (export \"host_results\") (result i32) (call $host_results) i32.add)";
    host_takes: "(import \"host\" \"takes\" (func $host_takes (param funcref)))", "(func (export \"host_takes\") (call $host_takes (ref.null func)))";
    host_gives: "(import \"host\" \"gives\" (func $host_gives (result externref)))", "(func (export \"host_gives\") (result i32) (ref.is_null (call $host_gives)))";
    become_one: "(import \"a\" \"b#c\" (func $one (result i32))) (import \"a#b\" \"c\" (func $two (result i32)))", "(func (export \"become_one\") (result i32) (i32.sub (call $one) (call $two)))";
    in_env: "(import \"env\" \"host#f\" (func $in_env (result i32))) (import \"host\" \"f\" (func $in_host (result i32)))", "(func (export \"in_env\") (result i32) (i32.sub (call $in_env) (call $in_host)))";
    fd_write: "(import \"wasi_snapshot_preview1\" \"fd_write\" (func $fd_write (param i32 i32 i32 i32) (result i32)))", "(func (export \"fd_write\") (result i32) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8)))";
    path_open: "(import \"wasi_snapshot_preview1\" \"path_open\" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))", "(func (export \"path_open\") (result i32) (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))";
    poll: "(import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func $poll (param i32 i32 i32 i32) (result i32)))", "(func (export \"poll\") (result i32) (call $poll (i32.const 512) (i32.const 1024) (i32.const 1) (i32.const 2048)))";
    filestat: "(import \"wasi_snapshot_preview1\" \"fd_filestat_get\" (func $filestat (param i32 i32) (result i32)))", "(func (export \"filestat\") (result i32) (call $filestat (i32.const 3) (i32.const 512)))";
    renumber: "(import \"wasi_snapshot_preview1\" \"fd_renumber\" (func $renumber (param i32 i32) (result i32)))", "(func (export \"renumber\") (result i32) (call $renumber (i32.const 3) (i32.const 4)))";
    renumber_wrong: "(import \"wasi_snapshot_preview1\" \"fd_renumber\" (func $renumber_wrong (param i64)))", "(func (export \"renumber_wrong\") (call $renumber_wrong (i64.const 3)))";
    path_open_wrong: "(import \"wasi_snapshot_preview1\" \"path_open\" (func $path_open_wrong (result i64)))", "(func (export \"path_open_wrong\") (result i64) (call $path_open_wrong))";
    advise_wrong: "(import \"wasi_snapshot_preview1\" \"fd_advise\" (func $advise_wrong (result i64)))", "(func (export \"advise_wrong\") (result i64) (call $advise_wrong))";
    clock_wrong: "(import \"wasi_snapshot_preview1\" \"clock_time_get\" (func $clock_wrong (param f32)))", "(func (export \"clock_wrong\") (call $clock_wrong (f32.const 1)))";
    unknown: "(import \"wasi_snapshot_preview1\" \"fd_unheard_of\" (func $unknown (result i32)))", "(func (export \"unknown\") (result i32) (call $unknown))";
    // What a host does by itself.
    start: "", "(global $start (mut i32) (i32.const 1)) (func $start_f (global.set $start (i32.const 7))) (start $start_f) (func (export \"start\") (result i32) (global.get $start))";
    start_host: "(import \"host\" \"f\" (func $start_h (result i32)))", "(global $start_host (mut i32) (i32.const 1)) (func $start_host_f (global.set $start_host (call $start_h))) (start $start_host_f) (func (export \"start_host\") (result i32) (global.get $start_host))";
    start_import: "(import \"host\" \"start\" (func $start_import))", "(start $start_import)";
    heap_base: "", "(global (export \"__heap_base\") i32 (i32.const 1024))";
    memory_function: "", "(func (export \"memory_\") (result i32) (i32.const 2))";
    exports: "", "(func (export \"\") (export \"a\\00b\") (result i32) (i32.const 2))";
    both_ways: "", "(func (export \"_start\")) (func (export \"_initialize\"))";
    custom: "", "(@custom \"p1bridge.quirks\" \"app-heap nonsense\") (@custom \"target_features\" \"\\ff\") (@custom \"name\" \"\\ff\\ff\") (@custom \"producers\" \"\")";
};

/// Profiles of no runtime: without bulk memory but with several memories, with one table and
/// references, with quirks and several memories, with the smallest limits.
const STRANGE: &[&str] = &[
    r#"name = "no-bulk"
    [wasm]
    features = ["mutable-globals", "sign-ext", "nontrapping-fptoint", "multivalue", "reference-types", "call-indirect-overlong", "multi-memory", "tail-call", "extended-const", "memory64", "custom-page-sizes", "threads"]"#,
    r#"name = "one-table"
    [wasm]
    features = ["mutable-globals", "sign-ext", "nontrapping-fptoint", "multivalue", "bulk-memory", "reference-types", "multi-memory", "tail-call", "extended-const", "memory64"]
    [limits]
    tables = 1"#,
    r#"name = "quirks"
    [wasm]
    features = ["multi-memory", "bulk-memory", "memory64", "simd128", "exception-handling"]
    [host]
    start = false
    never-export = ["malloc", "free"]
    [quirks]
    app-heap = true
    filestat-56 = true
    subscription-56 = true
    one-relative-clock = true
    rights-within-parent = true
    renumber-self-crashes = true"#,
    r#"name = "small"
    [wasm]
    features = []
    [limits]
    memory-pages = 300
    tables = 1
    table-elements = 9
    locals = 3"#,
];

fn module(memory: &Part, table: &Part, parts: &[&Part]) -> String {
    let all = || [memory, table].into_iter().chain(parts.iter().copied());
    let mut text = "(module ".to_owned();
    for part in all() {
        writeln!(text, "{}", part.imports).expect("a string takes it");
    }
    // `$mem` is the first memory that is defined, unless its own part says otherwise.
    for part in all() {
        writeln!(text, "{}", part.fields).expect("a string takes it");
    }
    text + ")"
}

/// What a host sees of an instance: what each call gives, and what is exported.
#[derive(Debug, PartialEq)]
struct Seen {
    calls: Vec<(String, Vec<Option<Vec<String>>>)>,
    globals: Vec<(String, String)>,
    tables: Vec<(String, Vec<String>)>,
    memories: Vec<(String, Vec<u8>)>,
}

/// Runs a module on an engine that takes all that it can; nothing where it is not taken, an error
/// inside where it traps at its start.
fn see(engine: &Engine, wasm: &[u8]) -> Option<Result<Seen>> {
    let module = Module::new(engine, wasm).ok()?;
    let mut store = Store::new(engine, ());
    // What has one name and one type is one thing.
    let mut known: Vec<(String, Extern)> = Vec::new();
    let mut externs = Vec::new();
    for import in module.imports() {
        let key = format!("{}.{} {:?}", import.module(), import.name(), import.ty());
        let item = match known.iter().find(|(known, _)| *known == key) {
            Some((_, item)) => *item,
            None => provide(&mut store, import.name(), import.ty())?,
        };
        known.push((key, item));
        externs.push(item);
    }
    let instance = match Instance::new(&mut store, &module, &externs) {
        Ok(instance) => instance,
        Err(error)
            if error.as_trap_code().is_some() || error.to_string().contains("out of bounds") =>
        {
            return Some(Err(anyhow!("{error}")));
        }
        Err(error) if error.to_string().contains("does not fit") => {
            return Some(Err(anyhow!("{error}")));
        }
        Err(_) => return None,
    };
    Some(Ok(seen(&mut store, &module, instance)))
}

/// What is imported, from its name and type alone.
fn provide(store: &mut Store<()>, name: &str, ty: &ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            // `module#name` is the function of that name.
            let name = name.rsplit('#').next().unwrap_or(name);
            let given = match name.starts_with("fd_") || name.contains('_') {
                true => 8,
                false => name.bytes().map(i32::from).sum(),
            };
            let func = Func::new(&mut *store, ty.clone(), move |_, _, results| {
                for result in results {
                    if let Val::I32(_) = result {
                        *result = Val::I32(given);
                    }
                }
                Ok(())
            });
            func.into()
        }
        ExternType::Global(ty) => {
            let value = match ty.content() {
                ValType::I32 => Val::I32(7),
                ty => Val::default_for_ty(ty),
            };
            let mutable = ty.mutability() == Mutability::Var;
            let mutability = if mutable {
                Mutability::Var
            } else {
                Mutability::Const
            };
            Global::new(&mut *store, value, mutability).into()
        }
        ExternType::Memory(ty) => Memory::new(&mut *store, *ty).ok()?.into(),
        ExternType::Table(ty) => {
            let null = match ty.element() {
                wasmi::RefType::Func => Ref::from(Nullable::<Func>::Null),
                wasmi::RefType::Extern => Ref::from(Nullable::<wasmi::ExternRef>::Null),
            };
            Table::new(&mut *store, *ty, null).ok()?.into()
        }
    })
}

/// The exports in the order of their names; functions are called with 0, 1 and 3 for each number.
fn seen(store: &mut Store<()>, module: &Module, instance: Instance) -> Seen {
    let mut names: Vec<String> = module.exports().map(|e| e.name().to_owned()).collect();
    // What the host has allocated keeps the memory from growing in some layouts.
    names.sort_by_key(|name| (matches!(name.as_str(), "malloc" | "free"), name.clone()));
    let mut seen = Seen {
        calls: Vec::new(),
        globals: Vec::new(),
        tables: Vec::new(),
        memories: Vec::new(),
    };
    let mut others = Vec::new();
    for name in names {
        match instance.get_export(&*store, &name) {
            Some(Extern::Func(func)) => {
                let gave = [0, 1, 3].map(|n| call(store, func, n));
                seen.calls.push((name, gave.into()));
            }
            Some(other) => others.push((name, other)),
            None => {}
        }
    }
    for (name, export) in others {
        match export {
            Extern::Global(global) => {
                let value = global.get(&*store);
                seen.globals.push((name, show(&value)));
            }
            Extern::Table(table) => {
                let entries = (0..table.size(&*store).min(40)).map(|at| {
                    let entry = table.get(&*store, at);
                    match entry {
                        Some(Ref::Func(Nullable::Val(func))) => {
                            format!("{:?}", call(store, func, 0))
                        }
                        _ => "null".to_owned(),
                    }
                });
                let entries = entries.collect();
                seen.tables.push((name, entries));
            }
            Extern::Memory(memory) => {
                let bytes = memory.data(&*store);
                let bytes = bytes[..bytes.len().min(4096)].to_vec();
                seen.memories.push((name, bytes));
            }
            Extern::Func(_) => {}
        }
    }
    seen
}

fn call(store: &mut Store<()>, func: Func, n: i32) -> Option<Vec<String>> {
    let ty = func.ty(&*store);
    let args: Vec<Val> = ty
        .params()
        .iter()
        .map(|ty| match ty {
            ValType::I32 => Val::I32(n),
            ValType::I64 => Val::I64(n.into()),
            ty => Val::default_for_ty(*ty),
        })
        .collect();
    let mut results: Vec<Val> = ty
        .results()
        .iter()
        .map(|ty| Val::default_for_ty(*ty))
        .collect();
    func.call(&mut *store, &args, &mut results).ok()?;
    Some(results.iter().map(show).collect())
}

fn show(value: &Val) -> String {
    match value {
        Val::I32(n) => n.to_string(),
        Val::I64(n) => n.to_string(),
        Val::FuncRef(func) => format!("function {}", !func.is_null()),
        Val::ExternRef(value) => format!("extern {}", !value.is_null()),
        value => format!("{value:?}"),
    }
}

/// What came of one module for one profile.
enum Outcome {
    Refused,
    /// Valid, but no engine here takes the module.
    Valid,
    Same,
}

/// Whether a module exports any of these names.
fn exports(wasm: &[u8], names: &[&str]) -> bool {
    let payloads = Parser::new(0).parse_all(wasm).flatten();
    let mut exports = payloads
        .filter_map(|payload| match payload {
            Payload::ExportSection(section) => Some(section),
            _ => None,
        })
        .flat_map(|section| section.into_iter().flatten());
    exports.any(|export| names.contains(&export.name))
}

/// The pages that the memories of a module begin with.
fn pages(wasm: &[u8]) -> u64 {
    let payloads = Parser::new(0).parse_all(wasm).flatten();
    let memories = payloads.filter_map(|payload| match payload {
        Payload::MemorySection(section) => Some(section),
        _ => None,
    });
    memories
        .flat_map(|section| section.into_iter().flatten())
        .map(|ty| ty.initial)
        .sum()
}

/// Lowers and compares.
fn outcome(wasm: &[u8], profile: &Profile, right: Option<&Result<Seen>>) -> Result<Outcome> {
    let lowered = catch_unwind(AssertUnwindSafe(|| lower(wasm, profile)))
        .map_err(|_| anyhow!("lower panicked"))?;
    let lowered = match lowered {
        Ok(lowered) => lowered,
        Err(error) => {
            let message = format!("{error:#}");
            ensure!(
                !message.contains("bug") && !message.contains("panic"),
                "the message is {message}"
            );
            return Ok(Outcome::Refused);
        }
    };
    if let Some(features) = profile.features {
        Validator::new_with_features(features.validator_flags())
            .validate_all(&lowered.wasm)
            .context("it is not valid for the profile")?;
    }
    // What lies above the memory is there for what goes beyond its end.
    let goes_beyond = exports(wasm, &["beyond", "fill_beyond"]);
    let Some(right) = right.filter(|_| !goes_beyond || pages(&lowered.wasm) == pages(wasm)) else {
        return Ok(Outcome::Valid);
    };
    let found = see(&full(), &lowered.wasm).context("no engine takes it after lowering")?;
    let (right, found) = match (right, found) {
        (Err(_), Err(_)) => return Ok(Outcome::Same),
        (Ok(right), Ok(found)) => (right, found),
        (right, found) => anyhow::bail!(
            "it began with {:?} instead of {:?}",
            found.err(),
            right.as_ref().err()
        ),
    };
    let done = [lowered.done, lowered.warnings].concat().join("\n");
    let said = |name: &str| done.contains(&format!("the export {name} is left out"));
    let same =
        |what: &str, found: &dyn std::fmt::Debug, right: &dyn std::fmt::Debug| -> Result<()> {
            let (found, right) = (format!("{found:?}"), format!("{right:?}"));
            ensure!(found == right, "{what} gave {found} instead of {right}");
            Ok(())
        };
    for (name, right) in &right.calls {
        match found.calls.iter().find(|(found, _)| found == name) {
            Some((_, found)) => same(name, found, right)?,
            None => ensure!(said(name), "the export {name:?} is gone"),
        }
    }
    for (name, right) in &right.globals {
        match found.globals.iter().find(|(found, _)| found == name) {
            Some((_, found)) => same(name, found, right)?,
            None => ensure!(said(name), "the export {name:?} is gone"),
        }
    }
    for (name, right) in &right.tables {
        let found = found.tables.iter().find(|(found, _)| found == name);
        let (_, found) = found.with_context(|| format!("the table {name:?} is gone"))?;
        same(name, found, right)?;
    }
    for (name, right) in &right.memories {
        let found = found.memories.iter().find(|(found, _)| found == name);
        let (_, found) = found.with_context(|| format!("the memory {name:?} is gone"))?;
        ensure!(
            found.starts_with(right),
            "the memory {name:?} has other bytes"
        );
    }
    Ok(Outcome::Same)
}

#[test]
fn odd_modules_are_lowered_right_or_refused_with_a_reason() {
    let mut profiles: Vec<Profile> = NAMES.iter().map(|name| named(name).unwrap()).collect();
    profiles.extend(
        STRANGE
            .iter()
            .map(|text| Profile::parse(text).expect("a profile")),
    );

    let mut modules: Vec<(String, String)> = Vec::new();
    let mut add = |memory: &Part, table: &Part, parts: &[&Part]| {
        let names: Vec<&str> = [memory, table]
            .iter()
            .chain(parts)
            .map(|part| part.name)
            .collect();
        modules.push((names.join(" "), module(memory, table, parts)));
    };
    for part in PARTS {
        for memory in MEMORIES {
            add(memory, &TABLES[0], &[part]);
        }
        for table in &TABLES[1..] {
            add(&MEMORIES[0], table, &[part]);
        }
    }
    for (at, one) in PARTS.iter().enumerate() {
        for other in &PARTS[at + 1..] {
            add(&MEMORIES[0], &TABLES[0], &[one, other]);
        }
    }

    let (next, same, valid, refused) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let wrong: Mutex<Vec<String>> = Mutex::default();
    let work = || {
        let engine = full();
        while let Some((name, text)) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
            let wasm = match wat::parse_str(text) {
                Ok(wasm) => wasm,
                Err(error) => {
                    wrong.lock().unwrap().push(format!("{name}: {error}"));
                    continue;
                }
            };
            // Two starts, or two exports of a name.
            let features = WasmFeatures::all();
            if Validator::new_with_features(features)
                .validate_all(&wasm)
                .is_err()
            {
                continue;
            }
            // These would take gigabytes.
            let runs = !name.starts_with("huge ") && !name.contains(" large ");
            let right = runs.then(|| see(&engine, &wasm)).flatten();
            for profile in &profiles {
                match outcome(&wasm, profile, right.as_ref()) {
                    Ok(Outcome::Same) => same.fetch_add(1, Ordering::Relaxed),
                    Ok(Outcome::Valid) => valid.fetch_add(1, Ordering::Relaxed),
                    Ok(Outcome::Refused) => refused.fetch_add(1, Ordering::Relaxed),
                    Err(error) => {
                        let mut wrong = wrong.lock().unwrap();
                        wrong.push(format!("{name} for {}: {error:#}", profile.name()));
                        0
                    }
                };
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let count = |n: &AtomicUsize| n.load(Ordering::Relaxed);
    println!(
        "{} modules: {} the same, {} valid, {} refused",
        modules.len(),
        count(&same),
        count(&valid),
        count(&refused)
    );
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} wrong, the first of them:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    assert!(count(&same) > 20_000, "hardly anything was compared");
}

/// A module with `memory.size`, an access with an offset of six bytes, one that names the first memory
/// and one of both, as multi-memory and memory64 encode them.
fn over_long() -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    let mut types = wasm_encoder::TypeSection::new();
    types.ty().function([], [wasm_encoder::ValType::I32]);
    let mut functions = wasm_encoder::FunctionSection::new();
    functions.function(0);
    let mut memories = wasm_encoder::MemorySection::new();
    memories.memory(wasm_encoder::MemoryType {
        minimum: 3,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = wasm_encoder::ExportSection::new();
    exports.export("f", wasm_encoder::ExportKind::Func, 0);
    let mut data = wasm_encoder::DataSection::new();
    data.active(0, &wasm_encoder::ConstExpr::i32_const(8), [5, 0, 0, 0]);
    let mut body = wasm_encoder::Function::new([]);
    body.raw([
        0x3f, 0x80, 0x00, // memory.size
        0x41, 0x00, 0x28, 0x02, 0x88, 0x80, 0x80, 0x80, 0x80, 0x00, // i32.load offset=8
        0x6a, // i32.add
        0x41, 0x00, 0x28, 0x42, 0x00, 0x08, // i32.load 0 offset=8
        0x6a, // i32.add
        0x41, 0x00, 0x2d, 0x40, 0x80, 0x00, 0x88, 0x80, 0x80, 0x80, 0x80, 0x80,
        0x00, // i32.load8_u
        0x6a, // i32.add
        0x0b,
    ]);
    let mut code = wasm_encoder::CodeSection::new();
    code.function(&body);
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code)
        .section(&data);
    module.finish()
}

#[test]
fn over_long_indices_and_offsets_are_written_short() {
    let module = over_long();
    let mvp = WasmFeatures::MVP;
    let before = Validator::new_with_features(mvp).validate_all(&module);
    assert!(before.is_err(), "it needs proposals");
    for name in NAMES {
        let lowered = lower(&module, &named(name).unwrap()).unwrap().wasm;
        Validator::new_with_features(mvp)
            .validate_all(&lowered)
            .expect(name);
        let seen = see(&full(), &lowered)
            .expect("it is taken")
            .expect("it starts");
        let (_, gave) = &seen
            .calls
            .iter()
            .find(|(name, _)| name == "f")
            .expect("it is there");
        assert_eq!(gave[0], Some(vec!["18".to_owned()]), "{name}");
    }

    let mut component = wasm_encoder::ComponentBuilder::default();
    let module = component.core_module_raw(None, &module);
    let args: [(&str, wasm_encoder::ModuleArg); 0] = [];
    let instance = component.core_instantiate(None, module, args);
    let kind = wasm_encoder::ExportKind::Func;
    let func = component.core_alias_export(None, instance, "f", kind);
    let (ty, mut function) = component.type_function(None);
    let none: [(&str, wasm_encoder::ComponentValType); 0] = [];
    let number = wasm_encoder::PrimitiveValType::U32;
    function.params(none).result(Some(number.into()));
    let func = component.lift_func(None, func, ty, []);
    component.export("f", wasm_encoder::ComponentExportKind::Func, func, None);
    let component = component.finish();
    for name in NAMES {
        let options = p1bridge_linker::Options {
            profile: named(name).unwrap(),
            verify: true,
            ..p1bridge_linker::Options::default()
        };
        let flat = p1bridge_linker::flatten(&component, &[], &options)
            .unwrap()
            .wasm;
        Validator::new_with_features(mvp)
            .validate_all(&flat)
            .expect(name);
    }
}

/// Globals each of which is the sum of the one before, twice: a value that doubles, and as many ways to
/// the first one.
#[test]
fn sums_of_sums_are_evaluated_once() {
    let mut text = "(module (global $g0 i32 (i32.const 1))".to_owned();
    for n in 1..60 {
        let before = n - 1;
        write!(
            text,
            "(global $g{n} i32 (i32.add (global.get $g{before}) (global.get $g{before})))"
        )
        .expect("a string takes it");
    }
    text += "(func (export \"f\") (result i32) (global.get $g20)))";
    let module = wat::parse_str(text).expect("a module");
    let lowered = lower(&module, &named("mvp").unwrap()).unwrap().wasm;
    let seen = see(&full(), &lowered)
        .expect("it is taken")
        .expect("it starts");
    assert_eq!(seen.calls[0].1[0], Some(vec![(1 << 20).to_string()]));
}
