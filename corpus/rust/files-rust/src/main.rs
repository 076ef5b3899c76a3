//! Files through the standard library, in the current directory. What is read is never sized by the host's idea of the
//! file's size (as `fs::read` does), which is wrong on one of the hosts; only `large` prints it.
//!
//! `files-rust tour|tree|kinds|large`

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("tree") => tree(),
        Some("kinds") => {
            kinds();
            Ok(())
        }
        Some("large") => large(),
        Some("fail") => File::open("not-there.txt").map(drop),
        _ => tour(),
    }
}

fn contents(file: &mut File) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buffer = [0; 3000];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(all),
            n => all.extend_from_slice(&buffer[..n]),
        }
    }
}

fn text(file: &mut File) -> io::Result<String> {
    Ok(String::from_utf8(contents(file)?).expect("UTF-8"))
}

fn tour() -> io::Result<()> {
    let mut file = File::create("notes.txt")?;
    writeln!(file, "first")?;
    writeln!(file, "second")?;
    drop(file);
    let mut file = OpenOptions::new().append(true).open("notes.txt")?;
    writeln!(file, "third")?;
    drop(file);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open("notes.txt")?;
    println!("at {}", file.seek(SeekFrom::End(-6))?);
    println!("rest {:?}", text(&mut file)?);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b"FIRST")?;
    drop(file);
    for (number, line) in BufReader::new(File::open("notes.txt")?).lines().enumerate() {
        println!("{number}: {}", line?);
    }
    fs::rename("notes.txt", "kept.txt")?;
    println!(
        "there {} gone {}",
        Path::new("kept.txt").exists(),
        !Path::new("notes.txt").exists()
    );
    Ok(())
}

fn tree() -> io::Result<()> {
    fs::create_dir_all("top/middle/bottom")?;
    for i in 0..300 {
        fs::write(format!("top/middle/{:03}.txt", i * 7 % 300), format!("{i}"))?;
    }
    let mut names = Vec::new();
    for entry in fs::read_dir("top/middle")? {
        let entry = entry?;
        names.push((
            entry.file_name().into_string().expect("UTF-8"),
            entry.file_type()?.is_dir(),
        ));
    }
    names.sort();
    println!(
        "{} entries, first {:?}, last {:?}",
        names.len(),
        names[0],
        names[names.len() - 1]
    );
    for i in (0..300).filter(|i| i % 150 != 0) {
        fs::remove_file(format!("top/middle/{i:03}.txt"))?;
    }
    fs::remove_dir("top/middle/bottom")?;
    println!(
        "150.txt holds {}",
        text(&mut File::open("top/middle/150.txt")?)?
    );
    Ok(())
}

fn kinds() {
    let kind = |result: io::Result<()>| {
        result.map_or_else(|e| format!("{:?}", e.kind()), |()| "fine".to_owned())
    };
    println!(
        "open a missing file: {}",
        kind(File::open("missing").map(drop))
    );
    println!("make a directory: {}", kind(fs::create_dir("folder")));
    println!("make it again: {}", kind(fs::create_dir("folder")));
    println!("write into it: {}", kind(fs::write("folder/file", "x")));
    println!("remove it while full: {}", kind(fs::remove_dir("folder")));
    println!(
        "create anew what is there: {}",
        kind(File::create_new("folder/file").map(drop))
    );
    println!(
        "read a directory as a file: {}",
        kind(
            File::open("folder")
                .and_then(|mut f| text(&mut f))
                .map(drop)
        )
    );
    println!(
        "list a file: {}",
        kind(fs::read_dir("folder/file").map(drop))
    );
    println!("climb out: {}", File::open("../outside.txt").is_err());
}

/// A file of a megabyte in pieces of odd sizes, and its size as the host sees it.
fn large() -> io::Result<()> {
    let mut file = File::create("large.bin")?;
    let piece: Vec<u8> = (0..7919u32).map(|i| (i % 253) as u8).collect();
    let mut written = 0;
    while written < 1 << 20 {
        let n = piece.len().min((1 << 20) - written);
        file.write_all(&piece[..n])?;
        written += n;
    }
    file.sync_all()?;
    let size = fs::metadata("large.bin")?.len();
    let bytes = contents(&mut File::open("large.bin")?)?;
    let intact = bytes
        .iter()
        .enumerate()
        .all(|(i, b)| *b == (i % 7919 % 253) as u8);
    println!("size {size}, read {}, intact {intact}", bytes.len());
    fs::remove_file("large.bin")
}
