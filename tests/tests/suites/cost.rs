//! Bytes and fuel stay below their goals; time is never asserted.

#[test]
fn flat_modules_cost_no_more_than_their_goals() -> anyhow::Result<()> {
    for figure in p1bridge_tests::cost::figures()? {
        println!("{}", figure.row());
        assert!(figure.value <= figure.goal, "{}", figure.row());
    }
    Ok(())
}
