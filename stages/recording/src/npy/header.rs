//! The header of an NPY file: a Python dictionary literal of three entries.
//!
//! Only what NumPy writes for plain arrays is understood: quoted strings with single or double quotes and without escapes, `True`, `False`, and tuples of
//! non-negative whole numbers. A record type (a list as `descr`) is refused by name.

use std::io::Read;

use super::NpyError;

pub(super) struct Header {
    pub(super) element: ElementType,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
    /// Offset of the first element in the file.
    pub(super) end: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ElementType {
    pub(super) number: Number,
    pub(super) big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    F4,
    F8,
    I1,
    I2,
    I4,
    I8,
    U1,
    U2,
    U4,
    U8,
}

impl ElementType {
    fn parse(descr: &str) -> Option<Self> {
        use Number::{F4, F8, I1, I2, I4, I8, U1, U2, U4, U8};
        let (order, number) = descr.split_at_checked(1)?;
        let number = match number {
            "f4" => F4,
            "f8" => F8,
            "i1" => I1,
            "i2" => I2,
            "i4" => I4,
            "i8" => I8,
            "u1" => U1,
            "u2" => U2,
            "u4" => U4,
            "u8" => U8,
            _ => return None,
        };
        let big_endian = match order {
            "<" => false,
            ">" => true,
            "|" if matches!(number, I1 | U1) => false,
            _ => return None,
        };
        Some(Self { number, big_endian })
    }

    pub(super) fn bytes(self) -> usize {
        match self.number {
            Number::I1 | Number::U1 => 1,
            Number::I2 | Number::U2 => 2,
            Number::F4 | Number::I4 | Number::U4 => 4,
            Number::F8 | Number::I8 | Number::U8 => 8,
        }
    }
}

impl Header {
    pub(super) fn read<R: Read>(reader: &mut R, file_length: u64) -> Result<Self, NpyError> {
        let mut start = [0; 8];
        if file_length < 8 {
            return Err(NpyError::NotNpy);
        }
        reader.read_exact(&mut start)?;
        let [magic @ .., major, minor] = start;
        if magic != *b"\x93NUMPY" {
            return Err(NpyError::NotNpy);
        }
        let length_bytes = match (major, minor) {
            (1, 0) => 2,
            (2 | 3, 0) => 4,
            _ => return Err(NpyError::Version { major, minor }),
        };
        let fits = |needed: u64| {
            if needed > file_length {
                return Err(NpyError::HeaderTruncated { found: file_length, needed });
            }
            Ok(())
        };
        fits(8 + length_bytes)?;
        let mut length = [0; 4];
        reader.read_exact(&mut length[..length_bytes as usize])?;
        let length = u32::from_le_bytes(length);
        let end = 8 + length_bytes + u64::from(length);
        fits(end)?;
        let mut text = vec![0; length as usize];
        reader.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let mut parser = Parser { text: text.trim_end(), position: 0 };
        parser.dictionary(end)
    }

    pub(super) fn shape_text(&self) -> String {
        let numbers: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        match numbers.as_slice() {
            [one] => format!("({one},)"),
            several => format!("({})", several.join(", ")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
}

/// More dimensions than NumPy allows.
const MOST_DIMENSIONS: usize = 64;

impl Parser<'_> {
    fn dictionary(&mut self, end: u64) -> Result<Header, NpyError> {
        let (mut element, mut fortran_order, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.string()?;
            self.expect(':')?;
            match key.as_str() {
                "descr" if element.is_none() => element = Some(self.element_type()?),
                "fortran_order" if fortran_order.is_none() => fortran_order = Some(self.boolean()?),
                "shape" if shape.is_none() => shape = Some(self.tuple()?),
                _ => {
                    let problem = format!("key `{key}` is unknown or stands twice");
                    return Err(self.refuse(&problem));
                }
            }
            if !self.accept(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.rest().trim().is_empty() {
            return Err(self.refuse("unexpected text after the dictionary"));
        }
        match (element, fortran_order, shape) {
            (Some(element), Some(fortran_order), Some(shape)) => Ok(Header { element, fortran_order, shape, end }),
            _ => Err(self.refuse("one of `descr`, `fortran_order`, `shape` is missing")),
        }
    }

    fn element_type(&mut self) -> Result<ElementType, NpyError> {
        self.skip_space();
        if self.rest().starts_with('[') {
            return Err(NpyError::ElementType { found: "a record type".to_owned() });
        }
        let descr = self.string()?;
        ElementType::parse(&descr).ok_or(NpyError::ElementType { found: descr })
    }

    fn boolean(&mut self) -> Result<bool, NpyError> {
        self.skip_space();
        for (word, value) in [("True", true), ("False", false)] {
            if self.rest().starts_with(word) {
                self.position += word.len();
                return Ok(value);
            }
        }
        Err(self.refuse("expected True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<u64>, NpyError> {
        let mut numbers = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            numbers.push(self.whole_number()?);
            if numbers.len() > MOST_DIMENSIONS {
                return Err(self.refuse("too many dimensions"));
            }
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(numbers)
    }

    fn whole_number(&mut self) -> Result<u64, NpyError> {
        self.skip_space();
        let rest = self.rest();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..digits].parse().map_err(|_| self.refuse("expected a whole number from 0 to 2^64 - 1"))?;
        self.position += digits;
        // Python 2 wrote long integers with a suffix.
        if self.rest().starts_with('L') {
            self.position += 1;
        }
        Ok(number)
    }

    fn string(&mut self) -> Result<String, NpyError> {
        self.skip_space();
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let Some(quote) = quote else {
            return Err(self.refuse("expected a quoted string"));
        };
        let Some(length) = rest[1..].find(quote) else {
            return Err(self.refuse("a string without its closing quote"));
        };
        let string = rest[1..=length].to_owned();
        self.position += length + 2;
        Ok(string)
    }

    fn expect(&mut self, wanted: char) -> Result<(), NpyError> {
        if self.accept(wanted) {
            return Ok(());
        }
        Err(self.refuse(&format!("expected `{wanted}`")))
    }

    fn accept(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(wanted);
        if found {
            self.position += wanted.len_utf8();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &str {
        self.text.get(self.position..).unwrap_or("")
    }

    fn refuse(&self, problem: &str) -> NpyError {
        const MOST_SHOWN: usize = 200;
        NpyError::Header {
            position: self.position,
            problem: problem.to_owned(),
            header: self.text.chars().take(MOST_SHOWN).collect(),
        }
    }
}
