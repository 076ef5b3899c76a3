//! Futures in both directions, that carry results with resources.

use futures::join;
use wit_bindgen::{FutureReader, StreamWriter};

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}

use bindings::corpus::flows::trade::{Refusal, Token, alive, look, swap};
use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::stdout;
use bindings::{wit_future, wit_stream};

struct Program;
bindings::export!(Program with_types_in bindings);

type Mine = Result<Token, String>;
type Yours = Result<Token, Refusal>;

async fn say(out: &mut StreamWriter<u8>, text: String) {
    let left = out.write_all(text.into_bytes()).await;
    assert!(left.is_empty(), "standard output is open");
}

fn never() -> Mine {
    Err("never written".to_string())
}

fn name(result: Yours) -> String {
    match result {
        Ok(token) => format!("a token worth {}", token.worth()),
        Err(Refusal::Worthless(token)) => format!("given back, worth {}", token.worth()),
        Err(Refusal::Broken(text)) => format!("broken, {text}"),
    }
}

/// Gives something for something.
async fn trade(mine: Mine) -> String {
    let (writer, reader) = wit_future::new(never);
    let (yours, written) = join!(swap(reader), writer.write(mine));
    assert!(written.is_ok(), "it was read");
    name(yours.await)
}

/// What comes of it goes back before it has come.
async fn trade_twice(mine: Mine) -> String {
    let (writer, reader) = wit_future::new(never);
    let yours: FutureReader<Yours> = swap(reader).await;
    let (again, reader) = wit_future::new(never);
    let last = swap(reader).await;
    let first = async {
        let token = match yours.await {
            Ok(token) => Ok(token),
            Err(_) => Err("refused".to_string()),
        };
        again.write(token).await.is_ok()
    };
    let (written, passed, last) = join!(writer.write(mine), first, last.into_future());
    assert!(written.is_ok() && passed, "they were read");
    name(last)
}

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let (mut out, reader) = wit_stream::new();
        let written = stdout::write_via_stream(reader);

        let text = trade(Ok(Token::new(21))).await;
        say(&mut out, format!("21: {text}\n")).await;
        let text = trade(Ok(Token::new(0))).await;
        say(&mut out, format!("0: {text}\n")).await;
        let text = trade(Err("größer".to_string())).await;
        say(&mut out, format!("an error: {text}\n")).await;
        let text = trade_twice(Ok(Token::new(3))).await;
        say(&mut out, format!("twice: {text}\n")).await;
        let (a, b, c) = join!(
            trade(Ok(Token::new(1))),
            trade(Ok(Token::new(2))),
            trade_twice(Err("x".to_string()))
        );
        say(&mut out, format!("at once: {a}, {b}, {c}\n")).await;

        // A future that is never written gives what it was made with.
        let (writer, reader) = wit_future::new(never);
        let yours = swap(reader).await;
        drop(writer);
        say(&mut out, format!("not written: {}\n", name(yours.await))).await;

        let token = Token::new(7);
        let (worth, later) = look(&token).await;
        say(&mut out, format!("worth {worth}, {}\n", later.await)).await;
        let (grown, (worth, later)) = join!(token.grow(5), look(&token));
        say(
            &mut out,
            format!("grown to {grown} from {worth}, {}\n", later.await),
        )
        .await;
        // Nobody waits for this one.
        let (_, later) = look(&token).await;
        drop(later);
        drop(token);

        // What nobody takes is dropped where it was made.
        let (writer, reader) = wit_future::new(never);
        let yours = swap(reader).await;
        drop(yours);
        let taken = writer.write(Ok(Token::new(9))).await.is_ok();
        let last = trade(Ok(Token::new(100))).await;
        say(&mut out, format!("{last}, {taken}, {} left\n", alive())).await;
        drop(out);
        written.await.map_err(drop)
    }
}
