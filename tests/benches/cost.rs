//! Prints what flat modules cost in bytes and fuel, as a table for the README, and what single calls
//! cost, as one for `docs/adapter-p2-on-p1.md`.

fn main() -> anyhow::Result<()> {
    println!("| | figure | goal, at most |");
    println!("|---|---|---|");
    for figure in p1bridge_tests::cost::figures()? {
        println!("{}", figure.row());
    }
    println!(
        "\n| | fuel, Preview 1 | fuel, WASI 0.2 | more | through bindings | host calls | host calls |"
    );
    println!("|---|---|---|---|---|---|---|");
    for call in p1bridge_tests::cost::calls()? {
        println!("{}", call.row());
    }
    Ok(())
}
