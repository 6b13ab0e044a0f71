//! Sizes of memory, as text: `4 GiB`, `500 MB`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// Bytes, written with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// Text that is not a size.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NotASize(String);

impl fmt::Display for NotASize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a size with its unit, e.g. `4 GiB` or `500 MB`, got `{}`", self.0)
    }
}

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let wrong = || NotASize(text.to_owned());
        let (name, bytes) = UNITS.iter().find(|(name, _)| text.ends_with(name)).ok_or_else(wrong)?;
        let number: f64 = text[..text.len() - name.len()].trim().parse().map_err(|_| wrong())?;
        let total = number * *bytes as f64;
        let is_size = number.is_finite() && total >= 1.0 && total < i64::MAX as f64;
        if is_size { Ok(Self(total as u64)) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!("4 GiB".parse(), Ok(Size(4 << 30)));
        assert_eq!("1.5MB".parse(), Ok(Size(1_500_000)));
        for wrong in ["4", "GiB", "-1 GB", "4 Gb", "inf GB", "1e30 TB", "0 MB"] {
            assert!(wrong.parse::<Size>().unwrap_err().to_string().contains(wrong), "{wrong}");
        }
    }
}
