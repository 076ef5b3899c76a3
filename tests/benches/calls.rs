//! Calls between guests and memory accesses of guests: the component on wasmtime next to the flat
//! module on wasmtime, in the same run, and the fuel of the flat module on wasmi; and how the time
//! of `flatten` grows with the instances. Prints tables for the README.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use p1bridge_linker::{Isolation, Options, Profile, flatten};
use p1bridge_tests::cost::accesses;
use p1bridge_tests::plain;
use p1bridge_tests::speed::{CALLS, Place, VALUES, calls, fuel, values};
use wasmtime::component::{Component, Linker as ComponentLinker};
use wasmtime::{Config, Engine, Linker, Module, Store};

fn flat(component: &[u8], isolation: Isolation, profile: Profile) -> Result<Vec<u8>> {
    let options = Options {
        isolation,
        profile,
        strip: true,
        ..Options::default()
    };
    Ok(flatten(component, &[], &options)?.wasm)
}

/// The best of several rounds of a call that takes a number of repetitions.
/// The answer is in seconds for one.
fn best(mut call: impl FnMut(u32) -> Result<u32>, repetitions: u32) -> Result<(f64, u32)> {
    let mut best = Duration::MAX;
    let mut result = 0;
    for _ in 0..7 {
        let start = Instant::now();
        result = call(repetitions)?;
        best = best.min(start.elapsed());
    }
    Ok((best.as_secs_f64() / f64::from(repetitions), result))
}

fn compare_calls() -> Result<()> {
    println!(
        "| call | component | flat, checked | flat, trusted | flat, for wasmtime | times as fast | wasmi fuel |"
    );
    println!("|---|---|---|---|---|---|---|");
    compare(&calls()?, CALLS)?;
    compare(&values()?, VALUES)
}

/// A row for each export of a component.
fn compare(component: &[u8], exports: &[(&str, &str)]) -> Result<()> {
    let checked = flat(component, Isolation::Checked, Profile::default())?;
    let trusted = flat(component, Isolation::Trusted, Profile::default())?;
    let wasmtime = flat(
        component,
        Isolation::Checked,
        Profile::named("wasmtime").context("a built-in profile")?,
    )?;
    let engine = Engine::new(&Config::new()).map_err(plain)?;
    for (export, what) in exports {
        // Each call of the long ones takes microseconds.
        let repetitions = match *export {
            "bytes" => 2_000,
            export
                if export.ends_with("4096")
                    || export.ends_with("long")
                    || export.starts_with("words") =>
            {
                5_000
            }
            _ => 100_000,
        };
        let mut store = Store::new(&engine, ());
        let instance = ComponentLinker::new(&engine)
            .instantiate(
                &mut store,
                &Component::new(&engine, component).map_err(plain)?,
            )
            .map_err(plain)?;
        let function = instance
            .get_typed_func::<(u32,), (u32,)>(&mut store, export)
            .map_err(plain)?;
        let (before, right) = best(
            |n| Ok(function.call(&mut store, (n,)).map_err(plain)?.0),
            repetitions,
        )?;
        let mut after = Vec::new();
        for module in [&checked, &trusted, &wasmtime] {
            let mut store = Store::new(&engine, ());
            let module = Module::new(&engine, module).map_err(plain)?;
            let instance = Linker::new(&engine)
                .instantiate(&mut store, &module)
                .map_err(plain)?;
            let function = instance
                .get_typed_func::<u32, u32>(&mut store, export)
                .map_err(plain)?;
            let (time, found) = best(|n| function.call(&mut store, n).map_err(plain), repetitions)?;
            // Handles and counters differ from round to round, but in the same way.
            ensure!(found == right, "{export}: {found} instead of {right}");
            after.push(time);
        }
        let (one, _) = fuel(&checked, export, 100)?;
        let (two, _) = fuel(&checked, export, 200)?;
        let ns = |time: f64| time * 1e9;
        println!(
            "| {what} | {:.1} ns | {:.1} ns | {:.1} ns | {:.1} ns | {:.1}, {:.1}, {:.1} | {} |",
            ns(before),
            ns(after[0]),
            ns(after[1]),
            ns(after[2]),
            before / after[0],
            before / after[1],
            before / after[2],
            (two - one) / 100
        );
    }
    Ok(())
}

fn compare_kernels() -> Result<()> {
    println!(
        "\n| kernel, fuel in times that of the only guest | matrix multiply | SHA-256 | sort |"
    );
    println!("|---|---|---|---|");
    for place in [Place::First, Place::Second, Place::Sliding] {
        for isolation in [Isolation::Trusted, Isolation::Checked] {
            let mut row = format!("| {place:?}, {isolation:?} |");
            for cost in accesses(place, isolation)? {
                row += &format!(" {cost:.3} |");
            }
            println!("{row}");
        }
    }
    Ok(())
}

/// A component with a guest of about a megabyte, nested and instantiated so many times.
fn nested(instances: usize) -> Result<Vec<u8>> {
    let body =
        "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 31)) (i32.load (i32.const 16))))"
            .repeat(60);
    let functions: String = (0..1400)
        .map(|i| format!("(func $f{i} (param i32) (result i32) {body} (local.get 0))"))
        .collect();
    let all: String = (0..1400).map(|i| format!("(call $f{i}) ")).collect();
    let mut text = format!(
        "(component $Root (component $G (core module $M (memory 1) {functions}
          (func (export \"f\") (param i32) (result i32) (local.get 0) {all}))
          (core instance $m (instantiate $M))
          (func (export \"f\") (param \"x\" u32) (result u32) (canon lift (core func $m \"f\"))))"
    );
    for level in 0..instances {
        text += &format!(
            "(component $L{level} (alias outer $Root $G (component $G)) (instance $g (instantiate $G)) (export \"f{level}\" (func $g \"f\"))"
        );
        text += ") ";
        text += &format!(
            "(instance $l{level} (instantiate $L{level})) (export \"f{level}\" (func $l{level} \"f{level}\"))"
        );
    }
    text.push(')');
    wat::parse_str(text).context("the nested instances")
}

fn compare_instances() -> Result<()> {
    println!("\n| instances of a guest of 1 MB | flatten | per instance |");
    println!("|---|---|---|");
    for instances in [1, 5, 10, 20] {
        let component = nested(instances)?;
        let mut time = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            flat(&component, Isolation::Checked, Profile::default())?;
            time = time.min(start.elapsed());
        }
        println!(
            "| {instances} | {:.0} ms | {:.1} ms |",
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e3 / instances as f64
        );
    }
    Ok(())
}

fn main() -> Result<()> {
    compare_calls()?;
    compare_kernels()?;
    compare_instances()
}
