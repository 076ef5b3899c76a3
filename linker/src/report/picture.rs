//! A picture of the memory of a module, to scale: as text for a terminal, and as SVG.

use std::fmt::Write;

use super::{MemoryReport, Region, plural};

/// Columns of the bar.
const WIDTH: u64 = 64;
/// Units of the drawing: its width, and the height of a row.
const DRAWN: u64 = 640;
const ROW: u64 = 26;

/// A piece of memory with what it is for.
struct Piece {
    what: String,
    at: u64,
    bytes: u64,
    fill: (char, &'static str),
}

impl MemoryReport {
    /// The memory map as lines of text: a bar to scale for each piece, with its address and bytes.
    pub fn picture(&self) -> Vec<String> {
        let pieces = self.pieces();
        let total = self.total(&pieces);
        let mut lines = vec![self.heading()];
        for piece in &pieces {
            let (from, to) = span(piece, total, WIDTH);
            let bar: String = (0..WIDTH)
                .map(|column| match (from..to).contains(&column) {
                    true => piece.fill.0,
                    false => '·',
                })
                .collect();
            lines.push(format!(
                "{bar} {:>8} {:>8}  {}",
                piece.at, piece.bytes, piece.what
            ));
        }
        lines
    }

    /// The same as an SVG document.
    pub fn svg(&self) -> String {
        let pieces = self.pieces();
        let total = self.total(&pieces);
        let height = ROW * (pieces.len() as u64 + 1);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{height}\" \
             font-family=\"monospace\" font-size=\"12\">\n<text x=\"4\" y=\"17\">{}</text>\n",
            DRAWN + 420,
            self.heading()
        );
        for (row, piece) in (1..).zip(&pieces) {
            let (from, to) = span(piece, total, DRAWN);
            let y = ROW * row;
            let _ = writeln!(
                out,
                "<rect x=\"0\" y=\"{y}\" width=\"{DRAWN}\" height=\"20\" fill=\"#eee\"/><rect x=\"{from}\" \
                 y=\"{y}\" width=\"{}\" height=\"20\" fill=\"{}\"/><text x=\"{}\" y=\"{}\">{} + {}: {}</text>",
                to - from,
                piece.fill.1,
                DRAWN + 8,
                y + 15,
                piece.at,
                piece.bytes,
                escaped(&piece.what)
            );
        }
        out.push_str("</svg>\n");
        out
    }

    fn heading(&self) -> String {
        let pages = plural(self.pages as usize, "page");
        format!("{} bytes in use, {pages}", self.bytes)
    }

    /// What is drawn: the parts of each guest, what the linker adds, and what is free in the last page.
    fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for region in self.regions.iter().filter(|region| region.memory == 0) {
            guest(region, &mut pieces);
        }
        let end = pieces.iter().map(|piece| piece.at + piece.bytes).max();
        let end = end.unwrap_or_default();
        let all = u64::from(self.pages) << 16;
        if self.regions.iter().all(|region| region.memory == 0) && all > end {
            pieces.push(Piece {
                what: "free in the last page".to_string(),
                at: end,
                bytes: all - end,
                fill: (' ', "#fff"),
            });
        }
        pieces
    }

    /// What the width stands for: all that is in use.
    fn total(&self, pieces: &[Piece]) -> u64 {
        let used = pieces.iter().filter(|piece| piece.fill.0 != ' ');
        let end = used.map(|piece| piece.at + piece.bytes).max();
        end.unwrap_or_default().max(1)
    }
}

/// The pieces of a region.
fn guest(region: &Region, pieces: &mut Vec<Piece>) {
    let name = region.what.trim_start_matches("component > ");
    let (at, end) = (
        u64::from(region.address),
        u64::from(region.address) + u64::from(region.bytes),
    );
    let mut add = |what: &str, at: u64, bytes: u64, fill| {
        if bytes > 0 {
            let what = match what {
                "" => name.to_string(),
                what => format!("{name}: {what}"),
            };
            pieces.push(Piece {
                what,
                at,
                bytes,
                fill,
            });
        }
    };
    let parts = region.parts.filter(|_| region.is_guest);
    let Some(parts) = parts else {
        add("", at, end - at, ('#', "#f4a259"));
        return;
    };
    let stack = (at + u64::from(parts.stack_at), u64::from(parts.stack));
    let data = (
        at + u64::from(parts.data_at),
        u64::from(parts.data_end - parts.data_at),
    );
    let mut known = [
        ("stack", stack, ('s', "#5b8e7d")),
        ("data", data, ('d', "#4a7fb5")),
    ];
    known.sort_by_key(|(_, (at, _), _)| *at);
    let mut last = at;
    for (what, (at, bytes), fill) in known {
        add(what, at, bytes.min(end.saturating_sub(at)), fill);
        last = last.max(at + bytes);
    }
    add(
        "zeroes and heap",
        last,
        end.saturating_sub(last),
        ('h', "#b8d8ba"),
    );
}

/// The columns of a piece: at least one.
fn span(piece: &Piece, total: u64, width: u64) -> (u64, u64) {
    let column = |at: u64| (u128::from(at) * u128::from(width) / u128::from(total)) as u64;
    let from = column(piece.at).min(width - 1);
    let to = column(piece.at + piece.bytes).clamp(from + 1, width);
    match piece.fill.0 {
        ' ' => (width, width),
        _ => (from, to),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
