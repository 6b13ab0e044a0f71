//! Times as they are written: to so many decimals of a second, or as clock text.

/// A time in ticks of 10^-decimals of the unit, exactly as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) digits: i64,
    pub(super) decimals: u8,
    pub(super) form: Form,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A number of seconds, milliseconds, ...
    Number,
    /// `12:00:00.004`: seconds since midnight.
    Clock,
    /// `2024-05-01T12:00:00.004Z`: seconds since 1970.
    Date,
}

const SECONDS_PER_DAY: i64 = 86_400;
/// More decimals than this are beyond what `f64` tells apart.
const MOST_DECIMALS: i64 = 24;
/// Digits that fit an `i64`, whatever they are.
const MOST_DIGITS: usize = 18;

impl Written {
    pub(super) fn parse(text: &str) -> Option<Self> {
        decimal(text).or_else(|| clock(text)).or_else(|| date(text))
    }

    /// Whether a time of day comes after midnight and `before`, which is so many days later than it says, before midnight.
    pub(super) fn is_past_midnight(self, before: Self, days: i64) -> bool {
        const HALF_A_DAY_S: f64 = 43_200.0;
        let seconds_before = before.value() - days as f64 * SECONDS_PER_DAY as f64;
        self.form == Form::Clock && self.value() < seconds_before - HALF_A_DAY_S
    }

    pub(super) fn days_later(self, days: i64) -> Self {
        let ticks = 10_i64.checked_pow(self.decimals.into()).and_then(|second| second.checked_mul(SECONDS_PER_DAY));
        let shift = ticks.and_then(|day| day.checked_mul(days)).unwrap_or(0);
        Self { digits: self.digits.saturating_add(shift), ..self }
    }

    /// In the unit of the column; in seconds where it is clock text.
    pub(super) fn value(self) -> f64 {
        self.digits as f64 / 10_f64.powi(self.decimals.into())
    }
}

fn decimal(text: &str) -> Option<Written> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut digits, mut significant, mut decimals) = (0_i64, 0, -i64::from(exponent));
    for (position, byte) in whole.bytes().chain(fraction.bytes()).enumerate() {
        if !byte.is_ascii_digit() {
            return None;
        }
        let is_fraction = position >= whole.len();
        if significant == 0 && byte == b'0' {
            decimals += i64::from(is_fraction);
        } else if significant < MOST_DIGITS {
            digits = digits * 10 + i64::from(byte - b'0');
            significant += 1;
            decimals += i64::from(is_fraction);
        } else if !is_fraction {
            // Beyond what is kept, but it counts.
            decimals -= 1;
        }
    }
    while decimals > MOST_DECIMALS {
        digits /= 10;
        decimals -= if digits == 0 { decimals - MOST_DECIMALS } else { 1 };
    }
    if digits == 0 {
        decimals = decimals.max(0);
    }
    while decimals < 0 {
        digits = digits.checked_mul(10)?;
        decimals += 1;
    }
    let digits = if negative { -digits } else { digits };
    Some(Written { digits, decimals: u8::try_from(decimals).ok()?, form: Form::Number })
}

/// `h:mm:ss` with a fraction behind a point or comma.
fn clock(text: &str) -> Option<Written> {
    let (seconds, fraction) = time_of_day(text)?;
    with_fraction(seconds, fraction, Form::Clock)
}

fn time_of_day(text: &str) -> Option<(i64, &str)> {
    let mut parts = text.splitn(3, ':');
    let hours = whole(parts.next()?, 1..=2)?;
    let minutes = whole(parts.next()?, 2..=2)?;
    let rest = parts.next()?;
    let (seconds, fraction) = rest.split_at_checked(2)?;
    let seconds = whole(seconds, 2..=2)?;
    // 60: a leap second.
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let fraction = match fraction.as_bytes().first() {
        None => "",
        Some(b'.' | b',') if fraction.len() > 1 => &fraction[1..],
        Some(_) => return None,
    };
    Some((hours * 3600 + minutes * 60 + seconds, fraction))
}

fn whole(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    (digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn with_fraction(seconds: i64, fraction: &str, form: Form) -> Option<Written> {
    const MOST: usize = 9;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(MOST)];
    let decimals = u8::try_from(fraction.len()).ok()?;
    let scaled = seconds.checked_mul(10_i64.pow(decimals.into()))?;
    let digits = scaled.checked_add(if fraction.is_empty() { 0 } else { fraction.parse().ok()? })?;
    Some(Written { digits, decimals, form })
}

/// `YYYY-MM-DD`, `T` or a blank, a time of day, and `Z` or an offset such as `+02:00`.
fn date(text: &str) -> Option<Written> {
    let (day, rest) = text.split_at_checked(10)?;
    let time = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    let bytes = day.as_bytes();
    if !(matches!(bytes[4], b'-' | b'/') && bytes[7] == bytes[4]) {
        return None;
    }
    let (year, month, date) = (whole(&day[..4], 4..=4)?, whole(&day[5..7], 2..=2)?, whole(&day[8..], 2..=2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return None;
    }
    let (time, offset_s) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => match time.rfind(['+', '-']) {
            Some(at) => (&time[..at], offset(&time[at..])?),
            None => (time, 0),
        },
    };
    let (seconds, fraction) = time_of_day(time.trim_end())?;
    with_fraction(days_since_1970(year, month, date) * SECONDS_PER_DAY + seconds - offset_s, fraction, Form::Date)
}

/// `+hh`, `+hhmm`, `+hh:mm`, in seconds.
fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?.replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (whole(&digits, 2..=2)?, 0),
        4 => (whole(digits.get(..2)?, 2..=2)?, whole(digits.get(2..)?, 2..=2)?),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Of the Gregorian calendar; leap years every 4 years, but for 3 of 4 whole centuries. Years begin with March here, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_before_month = (153 * month + 2) / 5;
    const FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_before_month + day
        - 1
        - FROM_MARCH_OF_YEAR_0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(i64, u8, Form)> {
        Written::parse(text).map(|written| (written.digits, written.decimals, written.form))
    }

    #[test]
    fn numbers_keep_the_decimals_they_are_written_to() {
        for (text, expected) in [
            ("0", (0, 0)),
            ("0.000000", (0, 6)),
            ("0.003906", (3906, 6)),
            ("-1.50", (-150, 2)),
            ("+2", (2, 0)),
            (".5", (5, 1)),
            ("3.", (3, 0)),
            ("1e3", (1000, 0)),
            ("3.0517578125e-05", (30_517_578_125, 15)),
            ("1.25E1", (125, 1)),
            ("1700000000.000250", (1_700_000_000_000_250, 6)),
            ("0.0027777777777777778123", (277_777_777_777_777_781, 20)),
            ("1e-300", (0, 24)),
            ("0e5", (0, 0)),
        ] {
            assert_eq!(read(text), Some((expected.0, expected.1, Form::Number)), "{text}");
        }
        for text in [
            "",
            ".",
            "-",
            "e3",
            "1e",
            "nan",
            "inf",
            "1,5",
            "1 2",
            "0x1",
            "1e30",
            "1e999999999999",
            "12345678901234567890",
            "é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn clock_text_is_seconds() {
        assert_eq!(read("12:00:00.004"), Some((43_200_004, 3, Form::Clock)));
        assert_eq!(read("9:05:01,5"), Some((327_015, 1, Form::Clock)));
        assert_eq!(read("1970-01-01T00:00:01Z"), Some((1, 0, Form::Date)));
        assert_eq!(read("2017-11-02 12:33:05.090"), Some((1_509_625_985_090, 3, Form::Date)));
        assert_eq!(read("2000-02-29T23:59:59.5+02:00"), Some((9_518_615_995, 1, Form::Date)));
        assert_eq!(read("2024/05/01 00:00:00-0130"), Some((1_714_527_000, 0, Form::Date)));
        for text in [
            "24:00:00",
            "12:60:00",
            "12:00",
            "12:00:0",
            "12:00:00.",
            "12:00:00:00",
            "1:2:3",
            "2024-13-01T00:00:00",
            "2024-05-01",
            "2024-05-01T1:0",
            "x:yy:zz",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}", digits in "[-+0-9:.TZe/ ]{0,40}") {
            let _ = Written::parse(&text);
            if let Some(written) = Written::parse(&digits).filter(|written| written.form == Form::Number) {
                let value: f64 = digits.parse().unwrap();
                prop_assert!((written.value() - value).abs() <= 1e-15 * value.abs() + 1e-24, "{digits}");
            }
        }

        #[test]
        fn days_are_those_of_a_calendar_counted_day_by_day(days in 0_usize..60_000) {
            let (mut year, mut month, mut day) = (1970, 1, 1);
            for _ in 0..days {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
                let length = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
                day += 1;
                if day > length {
                    (day, month) = (1, month + 1);
                }
                if month > 12 {
                    (month, year) = (1, year + 1);
                }
            }
            prop_assert_eq!(days_since_1970(year, month, day), days as i64);
        }
    }
}
