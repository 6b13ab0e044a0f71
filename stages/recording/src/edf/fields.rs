//! Fields of the header: text of fixed width, and the numbers in it.
//!
//! The format asks for ASCII, digits, a decimal point, and blanks behind. Recorders also write blanks in front and behind the sign, a comma for the point,
//! zeros (bytes) behind, and letters of their language.

use std::io::Read;
use std::ops::RangeInclusive;

use super::EdfError;

/// A stretch of the header and where in the file it starts.
pub(super) struct Text {
    bytes: Vec<u8>,
    offset: usize,
}

impl Text {
    pub(super) fn read<R: Read>(
        reader: &mut R,
        length: usize,
        file_length: u64,
        offset: usize,
    ) -> Result<Self, EdfError> {
        let needed = (offset + length) as u64;
        if needed > file_length {
            return Err(EdfError::HeaderTruncated { found: file_length, needed });
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        Ok(Self { bytes, offset })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn field(&self, start: usize, width: usize) -> &[u8] {
        self.bytes.get(start..start + width).unwrap_or(&[])
    }

    /// Without padding. Older recorders write the letters of their language, mostly in Latin-1.
    pub(super) fn text(&self, start: usize, width: usize) -> String {
        let field = self.field(start, width);
        let text = match std::str::from_utf8(field) {
            Ok(text) => text.to_owned(),
            Err(_) => field.iter().map(|&byte| char::from(byte)).collect(),
        };
        text.trim_matches([' ', '\0']).to_owned()
    }

    /// As messages show it, without the blanks behind.
    pub(super) fn printable(&self, start: usize, width: usize) -> String {
        self.field(start, width).trim_ascii_end().escape_ascii().to_string()
    }

    /// The whole number in a field, if it is one; `16.0` is.
    pub(super) fn whole_of(&self, start: usize, width: usize) -> Option<i64> {
        let text = number_text(self.field(start, width))?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let is_whole = !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && fraction.bytes().all(|byte| byte == b'0');
        is_whole.then(|| whole.parse().ok())?
    }

    /// The finite number in a field, if it is one.
    pub(super) fn decimal_of(&self, start: usize, width: usize) -> Option<f64> {
        let text = number_text(self.field(start, width))?;
        let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'));
        text.parse::<f64>().ok().filter(|number| is_number && number.is_finite())
    }

    /// How many digits a number has without zeros in front, and how many of them behind the point; none with an exponent.
    pub(super) fn digits(&self, start: usize, width: usize) -> (usize, usize) {
        let text = number_text(self.field(start, width)).unwrap_or_default();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return (0, 0);
        }
        (format!("{whole}{fraction}").trim_start_matches('0').len(), fraction.len())
    }

    pub(super) fn whole(
        &self,
        field: &str,
        start: usize,
        width: usize,
        allowed: &str,
        range: RangeInclusive<i64>,
    ) -> Result<i64, EdfError> {
        match self.whole_of(start, width).filter(|number| range.contains(number)) {
            Some(number) => Ok(number),
            None => self.refuse(field, start, width, allowed),
        }
    }

    pub(super) fn decimal(
        &self,
        field: &str,
        start: usize,
        width: usize,
        allowed: &str,
        is_allowed: impl Fn(f64) -> bool,
    ) -> Result<f64, EdfError> {
        match self.decimal_of(start, width).filter(|&number| is_allowed(number)) {
            Some(number) => Ok(number),
            None => self.refuse(field, start, width, allowed),
        }
    }

    pub(super) fn refuse<T>(&self, field: &str, start: usize, width: usize, allowed: &str) -> Result<T, EdfError> {
        Err(EdfError::Field {
            field: field.to_owned(),
            offset: self.offset + start,
            found: self.field(start, width).escape_ascii().to_string(),
            allowed: allowed.to_owned(),
        })
    }
}

/// Without blanks around and behind the sign, with a point for a comma. Blanks between digits stay: they are two numbers, or a field of another file.
fn number_text(field: &[u8]) -> Option<String> {
    let is_padding = |c: char| c.is_ascii_whitespace() || c == '\0';
    let text = std::str::from_utf8(field).ok()?.trim_matches(is_padding);
    let (sign, number) = match text.strip_prefix(['-', '+']) {
        Some(number) => (&text[..1], number.trim_start_matches(is_padding)),
        None => ("", text),
    };
    Some(format!("{sign}{}", number.replacen(',', ".", 1)))
}
