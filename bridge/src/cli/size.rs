//! Sizes in bytes as arguments.

use p1bridge_linker::profile::arena_size;

/// Reads a number of bytes: `4096`, `64KiB`, `4M`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "KiB" | "K" | "k" => 1 << 10,
        "MiB" | "M" | "m" => 1 << 20,
        "GiB" | "G" | "g" => 1 << 30,
        unit => return Err(format!("{unit:?} is not a unit; use KiB, MiB or GiB")),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    bytes.ok_or_else(|| format!("{text:?} is not a size; write 4096 or 64KiB, for example"))
}

/// Reads the size of an arena for the host.
pub fn arena(text: &str) -> Result<u32, String> {
    let bytes = u32::try_from(bytes(text)?).unwrap_or(u32::MAX);
    arena_size(bytes).map_err(|error| error.to_string())
}

/// A size in bytes, KiB, MiB or GiB, below 4 GiB.
pub fn ram(text: &str) -> Result<u32, String> {
    match u32::try_from(bytes(text)?) {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => Err("it is a size below 4GiB, such as 48KiB".to_string()),
    }
}

/// The same, or 0.
pub fn room(text: &str) -> Result<u32, String> {
    let too_many = |_| "it is a size below 4GiB, such as 16KiB".to_string();
    u32::try_from(bytes(text)?).map_err(too_many)
}
