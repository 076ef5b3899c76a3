//! Prints what flat modules cost in bytes and fuel, as a table for the README.

fn main() -> anyhow::Result<()> {
    println!("| | figure | goal, at most |");
    println!("|---|---|---|");
    for figure in p1bridge_tests::cost::figures()? {
        println!("{}", figure.row());
    }
    Ok(())
}
