//! MAT version 5, which `-v5`, `-v6` and `-v7` write (MAT-File Format, The MathWorks, R2023b, chapter 1).
//!
//! A header of 128 bytes ends with the version (0x0100) and `IM` or `MI`, which tells the order of bytes. Elements follow: a tag of type and length, data,
//! padding to 8 bytes; data of at most 4 bytes may stand in the tag itself. A variable is an element of type 14 (array flags, dimensions, name, content),
//! or one of type 15, which is such an element compressed by zlib. Numbers may be stored in a smaller type than their class.

mod input;

use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::bufread::ZlibDecoder;

use super::budget::{Budget, not_read, product};
use super::error::MatError;
use super::numbers::{Stored, convert};
use super::text::rows;
use super::value::{MatValue, Numbers, Sparse};
use crate::read_seek::ReadSeek;
use input::{Inflated, Input, Plain};

const HEADER_BYTES: u64 = 128;
const INT8: u32 = 1;
const UINT8: u32 = 2;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const UTF8: u32 = 16;
const UTF16: u32 = 17;
const UTF32: u32 = 18;
/// Bits of the array flags.
const COMPLEX: u32 = 0x800;
const LOGICAL: u32 = 0x200;

/// All variables with their names.
pub(super) fn read(
    reader: &mut dyn ReadSeek,
    file_bytes: u64,
    is_big_endian: bool,
    budget: &mut Budget<'_>,
) -> Result<Vec<(String, MatValue)>, MatError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut variables = Vec::new();
    let mut position = HEADER_BYTES;
    while position + 8 <= file_bytes {
        reader.seek(SeekFrom::Start(position))?;
        let mut tag = [0; 8];
        reader.read_exact(&mut tag)?;
        let [kind, length] = words(tag, is_big_endian);
        let end = position + 8 + u64::from(length);
        if end > file_bytes {
            let variable = format!("variable {}", variables.len() + 1);
            return Err(MatError::Truncated { variable, position: file_bytes, end });
        }
        let found = match kind {
            COMPRESSED => {
                let inflated = ZlibDecoder::new((&mut reader).take(u64::from(length)));
                let mut input = Inflated::new(inflated);
                let most = most_inflated(u64::from(length));
                let mut elements = Elements {
                    input: &mut input,
                    position: 0,
                    is_big_endian,
                    most,
                    compressed: Some(u64::from(length)),
                };
                elements.variable(most, budget)?
            }
            MATRIX => {
                reader.seek(SeekFrom::Start(position))?;
                let mut input = Plain(&mut reader);
                let mut elements =
                    Elements { input: &mut input, position, is_big_endian, most: file_bytes, compressed: None };
                elements.variable(end, budget)?
            }
            // Nothing that holds a variable.
            _ => None,
        };
        variables.extend(found);
        position = match kind {
            COMPRESSED => end,
            _ => end.next_multiple_of(8),
        };
    }
    Ok(variables)
}

/// What compressed bytes may become: a silent recording shrinks as far as deflate goes, one of any length does not.
fn most_inflated(compressed: u64) -> u64 {
    const RATIO: u64 = 300;
    const ANYWAY: u64 = 1 << 24;
    compressed.saturating_mul(RATIO).max(ANYWAY)
}

fn words(tag: [u8; 8], is_big_endian: bool) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = tag;
    let word = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    [word([a, b, c, d]), word([e, f, g, h])]
}

struct Elements<'a> {
    input: &'a mut dyn Input,
    position: u64,
    is_big_endian: bool,
    /// Where the file ends, or what may be inflated.
    most: u64,
    compressed: Option<u64>,
}

/// An element whose tag has been read.
struct Element {
    kind: u32,
    /// Of its data.
    bytes: u64,
    /// Data of at most four bytes stand in the tag.
    small: Option<[u8; 4]>,
    /// Where the next one begins.
    end: u64,
}

impl Elements<'_> {
    /// A variable; `None` where it is what MATLAB keeps for itself, which has no name.
    fn variable(&mut self, end: u64, budget: &mut Budget<'_>) -> Result<Option<(String, MatValue)>, MatError> {
        budget.nodes(1)?;
        let (name, value) = self.matrix(end, true, budget)?;
        budget.path.clear();
        Ok(Some((name, value)).filter(|(name, _)| !name.is_empty()))
    }

    fn failed(&self, error: std::io::Error, budget: &Budget<'_>) -> MatError {
        let variable = budget.variable();
        match self.compressed {
            Some(_) => MatError::Compressed { variable, reason: error.to_string() },
            None => MatError::Io(error),
        }
    }

    fn exact(&mut self, buffer: &mut [u8], budget: &Budget<'_>) -> Result<(), MatError> {
        self.input.exact(buffer).map_err(|error| self.failed(error, budget))?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    fn skip_to(&mut self, end: u64, budget: &Budget<'_>) -> Result<(), MatError> {
        let bytes = end.saturating_sub(self.position);
        if bytes > 0 {
            self.input.skip(bytes).map_err(|error| self.failed(error, budget))?;
            self.position = end;
        }
        Ok(())
    }

    fn element(&mut self, end: u64, budget: &Budget<'_>) -> Result<Element, MatError> {
        let truncated = |end: u64| MatError::Truncated { variable: budget.variable(), position: self.position, end };
        if self.position + 8 > end {
            return Err(truncated(end));
        }
        let mut tag = [0; 8];
        self.exact(&mut tag, budget)?;
        let [kind, length] = words(tag, self.is_big_endian);
        let small = kind >> 16;
        if small > 0 {
            if small > 4 {
                return Err(MatError::Damaged {
                    variable: budget.variable(),
                    problem: "a small element has more than 4 bytes",
                });
            }
            let [.., a, b, c, d] = tag;
            return Ok(Element {
                kind: kind & 0xffff,
                bytes: u64::from(small),
                small: Some([a, b, c, d]),
                end: self.position,
            });
        }
        let data_end = self.position + u64::from(length);
        if data_end > end {
            if let Some(compressed) = self.compressed.filter(|_| data_end > self.most) {
                let (variable, announced) = (budget.variable(), u64::from(length));
                return Err(MatError::Expands { variable, announced, compressed, most: self.most });
            }
            return Err(MatError::Truncated { variable: budget.variable(), position: end, end: data_end });
        }
        // The last one may lack its padding.
        Ok(Element { kind, bytes: u64::from(length), small: None, end: data_end.next_multiple_of(8).min(end) })
    }

    /// The data of a short element.
    fn data(&mut self, element: &Element, budget: &mut Budget<'_>) -> Result<Vec<u8>, MatError> {
        const AT_ONCE: u64 = 1 << 16;
        if let Some(small) = element.small {
            return Ok(small[..element.bytes as usize].to_vec());
        }
        budget.values(element.bytes)?;
        let mut data = Vec::new();
        // Memory comes with the data, not with what is announced.
        while (data.len() as u64) < element.bytes {
            let start = data.len();
            data.resize(start + (element.bytes - start as u64).min(AT_ONCE) as usize, 0);
            self.exact(&mut data[start..], budget)?;
        }
        self.skip_to(element.end, budget)?;
        Ok(data)
    }

    fn expect(
        &self,
        element: &Element,
        part: &'static str,
        kinds: &[u32],
        allowed: &'static str,
        budget: &Budget<'_>,
    ) -> Result<(), MatError> {
        if kinds.contains(&element.kind) {
            return Ok(());
        }
        Err(MatError::Element {
            variable: budget.variable(),
            part,
            position: self.position,
            found: element.kind,
            allowed,
        })
    }

    fn whole(&mut self, end: u64, part: &'static str, budget: &mut Budget<'_>) -> Result<Vec<u32>, MatError> {
        let element = self.element(end, budget)?;
        self.expect(&element, part, &[INT32, UINT32], "5, 6 (whole numbers of 32 bits)", budget)?;
        let data = self.data(&element, budget)?;
        let word = |bytes: &[u8]| {
            let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
            if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        Ok(data.chunks_exact(4).map(word).collect())
    }

    fn name(&mut self, end: u64, budget: &mut Budget<'_>) -> Result<String, MatError> {
        let element = self.element(end, budget)?;
        self.expect(&element, "a name", &[INT8, UINT8, UTF8], "1, 2, 16 (characters)", budget)?;
        let data = self.data(&element, budget)?;
        Ok(trimmed(&data))
    }

    /// An array with its name, which only variables have.
    fn matrix(&mut self, end: u64, is_variable: bool, budget: &mut Budget<'_>) -> Result<(String, MatValue), MatError> {
        let matrix = self.element(end, budget)?;
        self.expect(&matrix, "an array", &[MATRIX], "14 (an array)", budget)?;
        let end = self.position + matrix.bytes;
        if matrix.bytes == 0 {
            let (real, imaginary) = (Some(Vec::new()), None);
            let empty = Numbers { dims: vec![0, 0], is_whole: false, is_complex: false, real, imaginary };
            return Ok((String::new(), MatValue::Numbers(empty)));
        }
        let flags = self.whole(end, "array flags", budget)?;
        let flags = flags.first().copied().unwrap_or(0);
        let class = flags & 0xff;
        if class == 17 {
            // Objects of newer classes begin otherwise, and are of no use.
            let name = self.name(end, budget)?;
            self.skip_to(matrix.end, budget)?;
            return Ok((name, MatValue::Other { class: "object".to_owned() }));
        }
        let words = self.whole(end, "dimensions", budget)?;
        let dims: Option<Vec<usize>> = words.iter().map(|&word| usize::try_from(word.cast_signed()).ok()).collect();
        let dims = dims.filter(|dims| (2..=32).contains(&dims.len()) && product(dims).is_some()).ok_or_else(|| {
            let found: Vec<String> = words.iter().take(32).map(|word| word.cast_signed().to_string()).collect();
            MatError::Dimensions { variable: budget.variable(), dims: found.join(" x ") }
        })?;
        let name = self.name(end, budget)?;
        if is_variable {
            budget.path.push_str(&name);
        }
        let structs = if class == 2 { product(&dims) } else { None };
        if !budget.is_read(structs) {
            self.skip_to(matrix.end, budget)?;
            return Ok((name, not_read()));
        }
        let value = match class {
            1 => self.cell(end, dims, budget)?,
            2 => self.fields(end, dims, budget)?,
            4 => self.characters(end, &dims, budget)?,
            5 => self.sparse(end, &dims, flags, budget)?,
            6..=15 => {
                let is_complex = flags & COMPLEX != 0;
                let is_whole = class > 7 || flags & LOGICAL != 0;
                self.numbers(end, dims, is_whole, is_complex, budget)?
            }
            3 => MatValue::Other { class: self.name(end, budget)? },
            16 => MatValue::Other { class: "function handle".to_owned() },
            _ => MatValue::Other { class: format!("of number {class}") },
        };
        self.skip_to(matrix.end, budget)?;
        Ok((name, value))
    }

    /// Refuses more elements than their tags have room for.
    fn room(&self, count: usize, end: u64, budget: &mut Budget<'_>) -> Result<(), MatError> {
        let needed = (count as u64).saturating_mul(8);
        if needed > end.saturating_sub(self.position) {
            let end = self.position.saturating_add(needed);
            return Err(MatError::Truncated { variable: budget.variable(), position: self.position, end });
        }
        budget.nodes(count)
    }

    fn cell(&mut self, end: u64, dims: Vec<usize>, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        let count = product(&dims).unwrap_or(usize::MAX);
        self.room(count, end, budget)?;
        let mut items = Vec::with_capacity(count);
        for number in 1..=count {
            items.push(budget.within(&format!("{{{number}}}"), |budget| Ok(self.matrix(end, false, budget)?.1))?);
        }
        Ok(MatValue::Cell { dims, items })
    }

    fn fields(&mut self, end: u64, dims: Vec<usize>, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        let width = self.whole(end, "the length of names", budget)?.first().copied().unwrap_or(0) as usize;
        let element = self.element(end, budget)?;
        self.expect(&element, "names of fields", &[INT8, UINT8, UTF8], "1, 2, 16 (characters)", budget)?;
        let data = self.data(&element, budget)?;
        let names: Vec<String> = if width == 0 { Vec::new() } else { data.chunks_exact(width).map(trimmed).collect() };
        let count = product(&dims).unwrap_or(usize::MAX);
        self.room(count.saturating_mul(names.len()), end, budget)?;
        if count > 0 && names.is_empty() {
            return Ok(MatValue::Struct { dims, fields: Vec::new() });
        }
        let mut fields: Vec<(String, Vec<MatValue>)> = names.into_iter().map(|name| (name, Vec::new())).collect();
        for number in 1..=count {
            for (name, values) in &mut fields {
                let segment = if count == 1 { format!(".{name}") } else { format!("({number}).{name}") };
                values.push(budget.within(&segment, |budget| Ok(self.matrix(end, false, budget)?.1))?);
            }
        }
        Ok(MatValue::Struct { dims, fields })
    }

    fn characters(&mut self, end: u64, dims: &[usize], budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        let count = product(dims).unwrap_or(usize::MAX);
        if count == 0 && self.position + 8 > end {
            return Ok(MatValue::Text(Vec::new()));
        }
        let element = self.element(end, budget)?;
        self.expect(
            &element,
            "text",
            &[INT8, UINT8, UINT16, UTF8, UTF16, UTF32],
            "1, 2, 4, 16, 17, 18 (characters)",
            budget,
        )?;
        let data = self.data(&element, budget)?;
        let word = |bytes: &[u8]| match (self.is_big_endian, bytes) {
            (true, &[a, b]) => u16::from_be_bytes([a, b]),
            (false, &[a, b]) => u16::from_le_bytes([a, b]),
            _ => 0,
        };
        let characters: Vec<char> = match element.kind {
            UINT16 | UTF16 => {
                // A pair of surrogates is two elements of the array; its rows are told apart by elements.
                let units = data.chunks_exact(2).map(word);
                return rows(&units.collect::<Vec<u16>>(), dims, String::from_utf16_lossy, budget);
            }
            UTF32 => {
                let unit = |bytes: &[u8]| {
                    let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
                    let unit = if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
                    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
                };
                data.chunks_exact(4).map(unit).collect()
            }
            // One byte a character, of Latin-1 where it is no UTF-8.
            _ => match std::str::from_utf8(&data) {
                Ok(text) => text.chars().collect(),
                Err(_) => data.iter().map(|&byte| char::from(byte)).collect(),
            },
        };
        rows(&characters, dims, |row| row.iter().collect(), budget)
    }

    fn sparse(&mut self, end: u64, dims: &[usize], flags: u32, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        let (is_complex, is_logical) = (flags & COMPLEX != 0, flags & LOGICAL != 0);
        let damaged = |budget: &Budget<'_>, problem| MatError::Damaged { variable: budget.variable(), problem };
        let &[rows, columns] = dims else {
            return Err(damaged(budget, "a sparse matrix has two dimensions"));
        };
        let row_numbers = self.whole(end, "rows", budget)?;
        let starts = self.whole(end, "columns", budget)?;
        if starts.len() != columns + 1 || starts.first() != Some(&0) || !starts.is_sorted() {
            return Err(damaged(budget, "its columns do not begin one after the other"));
        }
        let stored = starts.last().copied().unwrap_or(0) as usize;
        if stored > row_numbers.len() {
            return Err(damaged(budget, "it has more elements than rows of them"));
        }
        if row_numbers.iter().take(stored).any(|&row| row as usize >= rows) {
            return Err(damaged(budget, "an element lies below its last row"));
        }
        let mut part = |budget: &mut Budget<'_>| {
            let element = self.element(end, budget)?;
            // MATLAB says of truth values that they are doubles, and writes bytes.
            let kind = match is_logical && element.bytes == row_numbers.len() as u64 {
                true => Stored::U1,
                false => self.number_kind(&element, budget)?,
            };
            let data = self.data(&element, budget)?;
            let mut values: Vec<f64> = Vec::new();
            convert(&data, kind, self.is_big_endian, &mut values);
            if values.len() < stored {
                return Err(damaged(budget, "it has fewer values than elements"));
            }
            values.truncate(stored);
            Ok(values)
        };
        let real = part(budget)?;
        let imaginary = if is_complex { Some(part(budget)?) } else { None };
        Ok(MatValue::Sparse(Sparse {
            dims: [rows, columns],
            rows: row_numbers.iter().take(stored).map(|&row| row as usize).collect(),
            column_starts: starts.into_iter().map(|start| start as usize).collect(),
            real,
            imaginary,
        }))
    }

    fn number_kind(&self, element: &Element, budget: &Budget<'_>) -> Result<Stored, MatError> {
        Stored::of_element(element.kind).ok_or_else(|| MatError::Element {
            variable: budget.variable(),
            part: "numbers",
            position: self.position,
            found: element.kind,
            allowed: "1 to 7, 9, 12, 13 (numbers)",
        })
    }

    fn numbers(
        &mut self,
        end: u64,
        dims: Vec<usize>,
        is_whole: bool,
        is_complex: bool,
        budget: &mut Budget<'_>,
    ) -> Result<MatValue, MatError> {
        let real = self.part(end, &dims, budget)?;
        let imaginary = if is_complex { self.part(end, &dims, budget)? } else { None };
        Ok(MatValue::Numbers(Numbers { dims, is_whole, is_complex, real, imaginary }))
    }

    /// Real or imaginary parts: those that are wanted.
    fn part(&mut self, end: u64, dims: &[usize], budget: &mut Budget<'_>) -> Result<Option<Vec<f64>>, MatError> {
        const AT_ONCE: usize = 1 << 16;
        let count = product(dims).unwrap_or(usize::MAX) as u64;
        if count == 0 && self.position + 8 > end {
            return Ok(Some(Vec::new()));
        }
        let element = self.element(end, budget)?;
        let kind = self.number_kind(&element, budget)?;
        let width = kind.bytes() as u64;
        if Some(element.bytes) != count.checked_mul(width) {
            return Err(MatError::Length {
                variable: budget.variable(),
                dims: dims.to_vec(),
                found: element.bytes / width,
            });
        }
        let Some(span) = budget.span(dims) else {
            self.skip_to(element.end, budget)?;
            return Ok(None);
        };
        budget.values(span.end - span.start)?;
        let mut values = Vec::new();
        if let Some(small) = element.small {
            let bytes = span.start * width..span.end * width;
            convert(&small[bytes.start as usize..bytes.end as usize], kind, self.is_big_endian, &mut values);
            return Ok(Some(values));
        }
        self.skip_to(self.position + span.start * width, budget)?;
        let mut left = (span.end - span.start) * width;
        let mut buffer = vec![0; left.min(AT_ONCE as u64) as usize];
        while left > 0 {
            let bytes = left.min(AT_ONCE as u64) as usize;
            self.exact(&mut buffer[..bytes], budget)?;
            convert(&buffer[..bytes], kind, self.is_big_endian, &mut values);
            left -= bytes as u64;
        }
        self.skip_to(element.end, budget)?;
        Ok(Some(values))
    }
}

/// Up to the first zero byte.
fn trimmed(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
