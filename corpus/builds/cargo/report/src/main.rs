//! Prints the most frequent words of standard input, as many as `LIMIT` says.

use std::io::Read;

fn main() {
    let limit = std::env::var("LIMIT").ok().and_then(|limit| limit.parse().ok());
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        eprintln!("cannot read: {error}");
        std::process::exit(2);
    }
    for (word, count) in count::words(&text).into_iter().take(limit.unwrap_or(3)) {
        println!("{count} {word}");
    }
}
