//! Bytes and fuel stay below their goals; time is never asserted.

use p1bridge_tests::cost::Figure;

/// Prints all figures, and fails for one that is above its goal.
fn hold(figures: &[Figure]) {
    for figure in figures {
        println!("{}", figure.row());
    }
    for figure in figures {
        assert!(figure.value <= figure.goal, "{}", figure.row());
    }
}

#[test]
fn flat_modules_cost_no_more_than_their_goals() -> anyhow::Result<()> {
    hold(&p1bridge_tests::cost::figures()?);
    Ok(())
}

#[test]
fn what_is_woven_into_programs_is_small_and_fast() -> anyhow::Result<()> {
    hold(&p1bridge_tests::cost::wrapped()?);
    Ok(())
}

#[test]
fn calls_between_guests_cost_no_more_than_they_did() -> anyhow::Result<()> {
    hold(&p1bridge_tests::cost::between()?);
    Ok(())
}

#[test]
fn calls_cost_little_more_than_on_preview_1() -> anyhow::Result<()> {
    let calls = p1bridge_tests::cost::calls()?;
    for call in &calls {
        println!("{}", call.row());
    }
    for call in &calls {
        assert!(call.meets_its_goals(), "{}", call.row());
    }
    Ok(())
}

#[test]
fn a_program_of_0_3_that_only_prints_asks_no_host_to_read() -> anyhow::Result<()> {
    let programs = p1bridge_tests::manifest::programs()?;
    let named = |name: &str| programs.iter().find(|program| program.name == name);
    let imports = |name: &str| -> anyhow::Result<Vec<String>> {
        let component = named(name).expect("it is in the manifest").wasm()?;
        let flat = p1bridge::flatten::flatten(&component, &Default::default())?.wasm;
        let imports = p1bridge_tests::module::parts(&flat)?.imports;
        Ok(imports.into_iter().map(|(_, name, _)| name).collect())
    };
    let reads = ["fd_read", "fd_pread", "fd_readdir"].map(String::from);
    let prints = imports("tiny-p3-c")?;
    assert!(prints.contains(&"fd_write".to_string()), "{prints:?}");
    assert!(
        !reads.iter().any(|read| prints.contains(read)),
        "{prints:?}"
    );
    let both = imports("hello-p3-c")?;
    assert!(both.contains(&reads[0]), "{both:?}");
    Ok(())
}
