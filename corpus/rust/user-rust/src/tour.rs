use bindings::corpus::linked::words::{Bag, Order, bags, shout};

/// What is in a bag, on one line.
fn shown(bag: &Bag, how: &Order) -> String {
    let words = bag.words(how);
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("{} {}", word.text, word.count))
        .collect();
    words.join(", ")
}

/// Does everything that there is to do, and says it line by line.
fn tour(say: &mut dyn FnMut(&str)) {
    let (first, second) = (Bag::new("first"), Bag::new("second"));
    let texts = ["pear", "apple", "fig", "apple", "plum", "pear", "apple", ""];
    for (at, text) in texts.iter().enumerate() {
        let to = if at % 3 == 0 { &second } else { &first };
        say(&match to.add(text) {
            Ok(count) => format!("added {text}: {count}"),
            Err(error) => format!("refused: {error}"),
        });
    }
    say(&shown(&first, &Order::ByName));
    say(&shown(&second, &Order::ByCount));
    say(&format!("bags: {}", bags()));
    say(&format!("merged: {}", Bag::merge(&first, second)));
    say(&shown(&first, &Order::ByCount));
    say(&shown(&first, &Order::Beginning("p".into())));
    drop(first);
    say(&format!("bags: {}", bags()));
    say(&shout("grüße, welt"));
}
