//! Records: lines cut into cells, and several lines where a quoted cell runs over them.

use std::io::BufRead;
use std::str::from_utf8;

use super::{DelimitedError, Separator};

pub(super) struct Records<R: BufRead> {
    reader: R,
    separator: u8,
    /// Whether the separator is still to be seen from the first line that is no comment.
    is_open: bool,
    note: Option<String>,
    /// What was read up to a line feed; a carriage return by itself ends a line as well.
    chunk: Vec<u8>,
    /// How much of the chunk is behind.
    at: usize,
    line: u64,
    record: Record,
}

/// The cells of one record; reused from one to the next.
#[derive(Default)]
pub(super) struct Record {
    /// Of its first line, from 1.
    pub(super) line: u64,
    text: String,
    cells: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    quoted: bool,
}

/// A cell as written: without the quotes, and without blanks outside of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Without the quotes around it.
    pub text: &'a str,
    /// Whether quotes were around it.
    pub quoted: bool,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Record {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells
            .iter()
            .map(|place| Cell { text: self.text.get(place.start..place.end).unwrap_or(""), quoted: place.quoted })
    }

    pub(super) fn comment_mark(&self) -> Option<char> {
        let first = self.cells().next().filter(|cell| !cell.quoted)?;
        first.text.chars().next().filter(|mark| matches!(mark, '#' | '%'))
    }
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(reader: R, separator: Separator) -> Self {
        let (separator, is_open) = match separator {
            Separator::Comma => (b',', true),
            Separator::Tab => (b'\t', false),
        };
        let (chunk, record) = (Vec::new(), Record::default());
        Self { reader, separator, is_open, note: None, chunk, at: 0, line: 0, record }
    }

    pub(super) fn separator(&self) -> u8 {
        self.separator
    }

    /// What to tell of a separator that is not the usual one.
    pub(super) fn separator_note(&mut self) -> Option<String> {
        self.note.take()
    }

    /// The next line that has any text; none at the end.
    pub(super) fn next_record(&mut self) -> Result<Option<&Record>, DelimitedError> {
        let (mut start, mut end) = loop {
            let Some(place) = self.next_line()? else {
                return Ok(None);
            };
            let is_blank = |&byte: &u8| byte != self.separator && byte.is_ascii_whitespace();
            if !self.chunk[place.0..place.1].iter().all(is_blank) {
                break place;
            }
        };
        if self.is_open {
            self.choose_separator(start, end);
        }
        let line = self.line;
        self.record.line = line;
        self.record.cells.clear();
        self.record.text.clear();
        if !self.chunk[start..end].contains(&b'"') {
            let text = from_utf8(&self.chunk[start..end]).map_err(|_| DelimitedError::NotText { line })?;
            self.record.text.push_str(text);
            split(&self.record.text, self.separator, &mut self.record.cells);
            return Ok(Some(&self.record));
        }
        let mut quoted = Quoted::new(self.separator);
        loop {
            quoted.take(&self.chunk[start..end]).map_err(|()| DelimitedError::Quote { line })?;
            if !quoted.is_open() {
                break;
            }
            // The end of the line belongs to the cell.
            let ended_at = end;
            let terminator_end = self.at;
            quoted.text.extend_from_slice(&self.chunk[ended_at..terminator_end]);
            let Some(next) = self.next_line()? else {
                return Err(DelimitedError::Quote { line });
            };
            (start, end) = next;
        }
        let (text, cells) = quoted.finish();
        self.record.text = String::from_utf8(text).map_err(|_| DelimitedError::NotText { line })?;
        self.record.cells = cells;
        Ok(Some(&self.record))
    }

    /// Where the next line lies in the chunk, without its end.
    fn next_line(&mut self) -> Result<Option<(usize, usize)>, DelimitedError> {
        if self.at >= self.chunk.len() {
            self.chunk.clear();
            self.at = 0;
            if self.reader.read_until(b'\n', &mut self.chunk)? == 0 {
                return Ok(None);
            }
            if self.line == 0 && self.chunk.starts_with(BYTE_ORDER_MARK) {
                self.at = BYTE_ORDER_MARK.len();
            }
        }
        self.line += 1;
        let start = self.at;
        let rest = &self.chunk[start..];
        let end = match rest {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] | text => text.len(),
        };
        match rest[..end].contains(&b'\r').then(|| rest.iter().position(|&byte| byte == b'\r')).flatten() {
            Some(end) => {
                self.at = start + end + 1;
                Ok(Some((start, start + end)))
            }
            None => {
                self.at = self.chunk.len();
                Ok(Some((start, start + end)))
            }
        }
    }

    /// Takes what separates the names of the header, where no comma does.
    fn choose_separator(&mut self, start: usize, end: usize) {
        let line = &self.chunk[start..end];
        let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
        if matches!(first, Some(b'#' | b'%')) {
            return;
        }
        self.is_open = false;
        let mut within = false;
        let (mut commas, mut semicolons, mut tabs) = (0_usize, 0_usize, 0_usize);
        for &byte in line {
            match byte {
                b'"' => within = !within,
                b',' if !within => commas += 1,
                b';' if !within => semicolons += 1,
                b'\t' if !within => tabs += 1,
                _ => {}
            }
        }
        let (separator, name) = match (commas, semicolons, tabs) {
            (1.., _, _) | (0, 0, 0) => return,
            (0, 1.., _) => (b';', "semicolons"),
            _ => (b'\t', "tabs"),
        };
        self.separator = separator;
        self.note = Some(format!("cells are separated by {name}"));
    }
}

fn is_blank(byte: u8, separator: u8) -> bool {
    byte != separator && matches!(byte, b' ' | b'\t')
}

fn split(line: &str, separator: u8, cells: &mut Vec<Place>) {
    let bytes = line.as_bytes();
    let mut from = 0;
    for part in bytes.split(|&byte| byte == separator) {
        let before = part.iter().take_while(|&&byte| is_blank(byte, separator)).count();
        let after = part[before..].iter().rev().take_while(|&&byte| is_blank(byte, separator)).count();
        cells.push(Place { start: from + before, end: from + part.len() - after, quoted: false });
        from += part.len() + 1;
    }
}

/// Cuts lines with quotes, byte by byte.
struct Quoted {
    separator: u8,
    state: State,
    text: Vec<u8>,
    cells: Vec<Place>,
    start: usize,
    quoted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a cell.
    Before,
    Bare,
    Within,
    /// Behind a quote within quotes: the end of the cell, or half of a doubled one.
    Quote,
    /// Behind the closing quote.
    Behind,
}

impl Quoted {
    fn new(separator: u8) -> Self {
        Self { separator, state: State::Before, text: Vec::new(), cells: Vec::new(), start: 0, quoted: false }
    }

    fn is_open(&self) -> bool {
        self.state == State::Within
    }

    fn take(&mut self, line: &[u8]) -> Result<(), ()> {
        for &byte in line {
            let is_separator = byte == self.separator;
            match self.state {
                State::Within if byte == b'"' => self.state = State::Quote,
                State::Within => self.text.push(byte),
                State::Quote if byte == b'"' => {
                    self.text.push(byte);
                    self.state = State::Within;
                }
                _ if is_separator => self.end_cell(),
                State::Before if byte == b'"' => {
                    self.quoted = true;
                    self.state = State::Within;
                }
                State::Before if is_blank(byte, self.separator) => {}
                State::Before | State::Bare => {
                    self.text.push(byte);
                    self.state = State::Bare;
                }
                State::Quote | State::Behind if is_blank(byte, self.separator) => self.state = State::Behind,
                State::Quote | State::Behind => return Err(()),
            }
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        let mut end = self.text.len();
        if !self.quoted {
            while end > self.start && is_blank(self.text[end - 1], self.separator) {
                end -= 1;
            }
        }
        self.cells.push(Place { start: self.start, end, quoted: self.quoted });
        self.start = self.text.len();
        self.quoted = false;
        self.state = State::Before;
    }

    fn finish(mut self) -> (Vec<u8>, Vec<Place>) {
        self.end_cell();
        (self.text, self.cells)
    }
}
