//! Bytes and fuel stay below their goals; time is never asserted.

#[test]
fn flat_modules_cost_no_more_than_their_goals() -> anyhow::Result<()> {
    for figure in p1bridge_tests::cost::figures()? {
        println!("{}", figure.row());
        assert!(figure.value <= figure.goal, "{}", figure.row());
    }
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
