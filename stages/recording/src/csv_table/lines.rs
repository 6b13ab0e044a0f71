//! Lines and their cells.
//!
//! An own splitter instead of a crate: messages need the number of the line also after CRLF and blank lines, and a table of numbers has no cell that runs
//! over several lines.

use std::borrow::Cow;
use std::io::BufRead;

use super::CsvError;

pub(super) struct Lines<R: BufRead> {
    reader: R,
    bytes: Vec<u8>,
    number: u64,
}

pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: u64,
    /// Without quotes and the spaces around them.
    pub(super) cells: Vec<Cow<'a, str>>,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, bytes: Vec::new(), number: 0 }
    }

    /// The next line that has any text; none at the end.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, CsvError> {
        loop {
            self.bytes.clear();
            if self.reader.read_until(b'\n', &mut self.bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.bytes.starts_with(BYTE_ORDER_MARK) {
                self.bytes.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.bytes.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        let number = self.number;
        let text = std::str::from_utf8(&self.bytes).map_err(|_| CsvError::NotText { line: number })?;
        let cells = cells(text).ok_or(CsvError::Quote { line: number })?;
        Ok(Some(Line { number, cells }))
    }
}

/// None if quotes are not closed, or closed before the end of a cell.
fn cells(line: &str) -> Option<Vec<Cow<'_, str>>> {
    if !line.contains('"') {
        return Some(line.split(',').map(|cell| Cow::Borrowed(cell.trim())).collect());
    }
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let start = rest.trim_start();
        let (cell, behind) = match start.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = start.find(',').unwrap_or(start.len());
                (Cow::Borrowed(start[..end].trim_end()), &start[end..])
            }
        };
        cells.push(cell);
        let behind = behind.trim_start();
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Some(cells),
            None => return None,
        }
    }
}

/// The cell up to its closing quote, and what follows. A doubled quote stands for one.
fn unquote(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let quote = from + quoted[from..].find('"')?;
        let behind = &quoted[quote + 1..];
        if !behind.starts_with('"') {
            let cell = &quoted[..quote];
            let cell = match from {
                0 => Cow::Borrowed(cell),
                _ => Cow::Owned(cell.replace("\"\"", "\"")),
            };
            return Some((cell, behind));
        }
        from = quote + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_split_trimmed_and_unquoted() {
        for (line, expected) in [
            ("a, b ,c\r\n", &["a", "b", "c"][..]),
            ("a,,", &["a", "", ""]),
            ("\"a,b\" , \"c \"\"d\"\"\",e\n", &["a,b", "c \"d\"", "e"]),
            ("\"\",\"\"\"\"", &["", "\""]),
            ("x,\"y\",", &["x", "y", ""]),
        ] {
            assert_eq!(cells(line).unwrap(), expected, "{line:?}");
        }
        for line in ["\"a", "\"a\"b,c", "a,\"b\"\"", "\""] {
            assert_eq!(cells(line), None, "{line:?}");
        }
    }
}
