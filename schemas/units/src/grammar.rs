//! The grammar of unit texts.
//!
//! ```text
//! unit     = product { "/" factor }
//! product  = factor { ( " " | "*" | "·" ) factor }
//! factor   = "1" | ( symbol | "(" unit ")" ) [ [ "^" ] whole | "^" half | "^" "(" ( whole | half ) ")" ]
//! whole    = [ "+" | "-" ] digits, or superscripts
//! half     = whole "/2", whole odd
//! ```
//! After a quotient only a further quotient may follow: `a/b c` means different things to different readers.

use crate::UnitError;
use crate::suggestion::nearest_symbol;
use crate::symbols::{Scale, look_up};

/// Longer texts are refused, which bounds the work.
pub(crate) const LONGEST: usize = 120;
const LARGEST_POWER: i32 = 30;
const LARGEST_EXPONENT: i32 = 3_000;

/// Reads `text[start..]` as a unit; columns in errors count from the start of `text`.
pub(crate) fn parse_unit(text: &str, start: usize) -> Result<Scale, UnitError> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > LONGEST {
        return Err(UnitError::TooLong {
            start: characters.iter().take(20).collect(),
            length: characters.len(),
            allowed: LONGEST,
        });
    }
    let mut parser = Parser { text, characters, position: start, scale: Scale::ONE };
    parser.skip_spaces();
    if parser.peek().is_none() {
        return Err(UnitError::Empty);
    }
    parser.unit()?;
    Ok(parser.scale)
}

struct Parser<'a> {
    text: &'a str,
    characters: Vec<char>,
    position: usize,
    scale: Scale,
}

impl Parser<'_> {
    fn unit(&mut self) -> Result<(), UnitError> {
        self.quotient()?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("a unit, a power, `*`, `/` or the end")),
        }
    }

    fn quotient(&mut self) -> Result<(), UnitError> {
        self.product(1)?;
        while self.peek() == Some('/') {
            self.position += 1;
            self.skip_spaces();
            self.factor(-1)?;
            let separator = self.position;
            self.skip_spaces();
            match self.peek() {
                None | Some('/' | ')') => {}
                Some(c) if is_product(c) || is_symbol(c) => {
                    return Err(UnitError::AmbiguousQuotient { text: self.text.to_owned(), column: separator + 1 });
                }
                Some(_) => return Err(self.unexpected("`/` or the end")),
            }
        }
        Ok(())
    }

    fn product(&mut self, sign: i32) -> Result<(), UnitError> {
        self.factor(sign)?;
        loop {
            let end = self.position;
            self.skip_spaces();
            match self.peek() {
                Some(c) if is_product(c) => {
                    self.position += 1;
                    self.skip_spaces();
                    self.factor(sign)?;
                }
                Some(c) if (is_symbol(c) || c == '1' || c == '(') && self.position > end => self.factor(sign)?,
                _ => return Ok(()),
            }
        }
    }

    fn factor(&mut self, sign: i32) -> Result<(), UnitError> {
        let start = self.position;
        if self.peek() == Some('1') {
            self.position += 1;
            return Ok(());
        }
        if self.peek() == Some('(') {
            return self.parenthesis(sign);
        }
        while self.peek().is_some_and(is_symbol) {
            self.position += 1;
        }
        let symbol: String = self.characters[start..self.position].iter().collect();
        if symbol.is_empty() {
            return Err(self.unexpected("a unit such as `mV`"));
        }
        let scale = look_up(&symbol).ok_or_else(|| UnitError::UnknownSymbol {
            text: self.text.to_owned(),
            column: start + 1,
            suggestion: nearest_symbol(&symbol),
            symbol,
        })?;
        let halves = sign * self.power_in_halves()?;
        self.multiply(scale, halves)
    }

    fn parenthesis(&mut self, sign: i32) -> Result<(), UnitError> {
        self.position += 1;
        self.skip_spaces();
        let before = std::mem::replace(&mut self.scale, Scale::ONE);
        self.quotient()?;
        if self.peek() != Some(')') {
            return Err(self.unexpected("`)`"));
        }
        self.position += 1;
        let halves = sign * self.power_in_halves()?;
        let inside = std::mem::replace(&mut self.scale, before);
        self.multiply(inside, halves)
    }

    /// Twice the power that is written next, 2 if there is none.
    fn power_in_halves(&mut self) -> Result<i32, UnitError> {
        let start = self.position;
        let written_out = self.peek() == Some('^');
        if written_out {
            self.position += 1;
        }
        let parenthesis = written_out && self.peek() == Some('(');
        if parenthesis {
            self.position += 1;
        }
        let number = self.position;
        while self.peek().and_then(as_digit_or_sign).is_some() {
            self.position += 1;
        }
        let digits: String =
            self.characters[number..self.position].iter().copied().filter_map(as_digit_or_sign).collect();
        if digits.is_empty() && !written_out {
            return Ok(2);
        }
        let power = match digits.parse::<i32>() {
            Ok(power) if power != 0 && power.abs() <= 2 * LARGEST_POWER => power,
            _ => return Err(self.power_error(start)),
        };
        let halves = if written_out && self.begins_denominator() {
            self.position += 1;
            let denominator = self.position;
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.position += 1;
            }
            if self.characters[denominator..self.position] != ['2'] || power % 2 == 0 {
                return Err(UnitError::Fraction { text: self.text.to_owned(), column: start + 1 });
            }
            power
        } else if power.abs() <= LARGEST_POWER {
            2 * power
        } else {
            return Err(self.power_error(start));
        };
        if parenthesis {
            if self.peek() != Some(')') {
                return Err(self.unexpected("`)`"));
            }
            self.position += 1;
        }
        Ok(halves)
    }

    /// A quotient by a number other than 1 has no other meaning.
    fn begins_denominator(&self) -> bool {
        self.peek() == Some('/') && matches!(self.characters.get(self.position + 1), Some('0' | '2'..='9'))
    }

    fn power_error(&self, start: usize) -> UnitError {
        UnitError::Power { text: self.text.to_owned(), column: start + 1, allowed: LARGEST_POWER }
    }

    fn multiply(&mut self, factor: Scale, halves: i32) -> Result<(), UnitError> {
        let text = || self.text.to_owned();
        let (dimension, odd) = if halves % 2 == 0 {
            (Some(factor.dimension), false)
        } else {
            (factor.dimension.root(2), (factor.half_tens | factor.half_sixes) % 2 != 0)
        };
        let Some(dimension) = dimension.filter(|_| !odd) else {
            return Err(UnitError::Root { text: text() });
        };
        let power = if halves % 2 == 0 { halves / 2 } else { halves };
        let half_tens = self.scale.half_tens + factor.half_tens * halves / 2;
        let half_sixes = self.scale.half_sixes + factor.half_sixes * halves / 2;
        match dimension.power(power).and_then(|factor| self.scale.dimension.times(&factor)) {
            Some(dimension) if half_tens.abs() <= 2 * LARGEST_EXPONENT => {
                self.scale = Scale { dimension, half_tens, half_sixes };
                Ok(())
            }
            _ => Err(UnitError::TooLarge { text: text() }),
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.position).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.position += 1;
        }
    }

    fn unexpected(&self, expected: &'static str) -> UnitError {
        UnitError::Unexpected { text: self.text.to_owned(), column: self.position + 1, found: self.peek(), expected }
    }
}

fn is_symbol(c: char) -> bool {
    c.is_alphabetic() && as_digit_or_sign(c).is_none() || c == '%' || c == '\u{b5}'
}

fn is_product(c: char) -> bool {
    matches!(c, '*' | '\u{b7}' | '\u{22c5}' | '\u{d7}')
}

fn as_digit_or_sign(c: char) -> Option<char> {
    match c {
        '0'..='9' | '+' | '-' => Some(c),
        '\u{2212}' | '\u{207b}' => Some('-'),
        '\u{b9}' => Some('1'),
        '\u{b2}' => Some('2'),
        '\u{b3}' => Some('3'),
        '\u{2070}' => Some('0'),
        '\u{2074}'..='\u{2079}' => char::from_digit(c as u32 - 0x2070, 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;

    fn same(a: &str, b: &str) {
        assert_eq!(Unit::parse(a).unwrap(), Unit::parse(b).unwrap(), "{a} = {b}");
    }

    fn message(text: &str) -> String {
        Unit::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn products_quotients_and_powers() {
        same("nA um", "nA*um");
        same("nA um", "nA\u{b7}um");
        same("nA um", "  nA  *  um ");
        same("cm2", "cm^2");
        same("cm\u{b2}", "cm^2");
        same("s^-1", "Hz");
        same("s-1", "1/s");
        same("s\u{207b}\u{b9}", "spikes/s");
        same("S/cm^2", "S cm^-2");
        same("J/mol/K", "J/(mol K)");
        same("mol/l", "M");
        same("V/A", "\u{3a9}");
        same("\u{2126}", "ohm");
        same("A s", "C");
        same("W s", "J");
        same("T m^2", "Wb");
        same("V s/A", "H");
        same("N/m^2", "Pa");
        same("1", "mV/mV");
        // Of power densities: of rates, dipole moments, potentials.
        same("Hz^2/Hz", "Hz");
        same("(nA um)^2/Hz", "nA^2 um^2 s");
        same("mV/(nA um)", "mV nA^-1 um^-1");
        same("(nA um)^2 ms", "nA^2 um^2 ms");
        same("ms (mV/s)^-1", "ms s/mV");
        same("J/(mol K)^2", "J mol^-2 K^-2");
        same("((m))", "m");
        same("\u{b5}m", "\u{3bc}m");
    }

    #[test]
    fn powers_in_halves() {
        same("s^-1/2", "s^(-1/2)");
        same("s^1/2 s^1/2", "s");
        same("(s^-1/2)^2", "Hz");
        same("(mV^2/Hz)^1/2", "mV s^1/2");
        same("(mV^2/Hz)^1/2", "mV/Hz^(1/2)");
        same("nV/Hz^1/2", "nV s^1/2");
        same("m^+3/2/s", "m^(3/2) s^-1");
        same("s^\u{2212}1/2", "1/s^1/2");
        same("ms^-1/2 ms^-1/2", "kHz");
        same("(ms^3/2)^-2", "ms^-3");
        same("(ms^1/2 s^1/2)^2", "ms s");
        same("(h min)^1/2", "h^(1/2) min^1/2");
        // A quotient by 1 stays what it was.
        same("s^2/1", "s^2");
        same("s^(2)/m", "s^2/m");
        assert!(Unit::parse("ms^1/2").unwrap() != Unit::parse("s^1/2").unwrap());
        let fraction = "is a fraction other than a half; write a whole number or a half such as `-1/2`";
        for text in ["s^1/3", "s^2/2", "s^1/0", "s^(1/4)", "s^-1/22"] {
            assert_eq!(message(text), format!("`{text}`: the power at column 2 {fraction}"));
        }
        assert_eq!(message("s^(1/2"), "`s^(1/2`: `)` is expected at column 7, found the end");
        assert_eq!(message("s-1/2"), "`s-1/2`: a unit such as `mV` is expected at column 5, found `2`");
        assert!(message("s^(").contains("the power at column 2 is not a whole number"));
        assert!(message("s^61/2").contains("the power at column 2 is not a whole number"));
        for text in ["(s^1/2)^1/2", "(ms^1/2 s^1/2)^1/2"] {
            assert_eq!(
                message(text),
                format!("`{text}`: the powers multiply to quarters; a unit has whole powers and halves")
            );
        }
    }

    #[test]
    fn scales() {
        let exponent = |text| Unit::parse(text).unwrap().decimal_exponent();
        assert_eq!(exponent("uF/cm^2"), -2.0);
        assert_eq!(exponent("kg"), 0.0);
        assert_eq!(exponent("mm^3"), -9.0);
        assert_eq!(exponent("Qm"), 30.0);
        assert_eq!(exponent("qm"), -30.0);
        assert_eq!(exponent("%"), -2.0);
        assert_eq!(exponent("ms^-1/2"), 1.5);
        assert_eq!(Unit::parse("1/min").unwrap().power_of_six(), -1.0);
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(message("mv"), "`mv`: unknown unit `mv` at column 1; did you mean `mV`?");
        assert_eq!(
            message("S/cm^"),
            "`S/cm^`: the power at column 5 is not a whole number from -30 to 30 other than 0"
        );
        assert_eq!(message(""), "a unit such as `mV` is expected, the text is empty");
        assert_eq!(message("S/"), "`S/`: a unit such as `mV` is expected at column 3, found the end");
        assert_eq!(message("mV?"), "`mV?`: a unit, a power, `*`, `/` or the end is expected at column 3, found `?`");
        assert!(message("pA/cm^2 s").contains("ambiguous"));
        assert!(message("pA/(cm^2 s").contains("`)` is expected at column 11"));
        assert!(message("(pA/cm^2").contains("`)` is expected at column 9"));
        assert!(message("pA)").contains("expected at column 3"));
        assert!(message("()").contains("a unit such as `mV` is expected at column 2"));
        assert!(message("(pA").contains("`)` is expected"));
        assert!(message(&"(".repeat(119)).contains("is expected"));
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(matches!(Unit::parse("m^31"), Err(UnitError::Power { .. })));
        assert!(matches!(Unit::parse("m^0"), Err(UnitError::Power { .. })));
        assert!(matches!(Unit::parse("m^99999999999999999999"), Err(UnitError::Power { .. })));
        assert!(matches!(Unit::parse("(m^3)^30"), Ok(unit) if unit.dimension().halves()[0] == 180));
        assert!(matches!(Unit::parse("m^30 m^30 m^30 m^30 m^30"), Err(UnitError::TooLarge { .. })));
        assert!(matches!(Unit::parse(&"m ".repeat(100)), Err(UnitError::TooLong { .. })));
    }
}
