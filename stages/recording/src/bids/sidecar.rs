//! Sidecars: what JSON files beside a recording, and above it, say of it.

use std::io::{self, Read};

use serde_json::{Map, Value};

/// What sidecars say, key by key.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sidecar(Map<String, Value>);

/// A sidecar that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum SidecarError {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it is JSON, but no object of keys and values")]
    NoObject,
    #[error("it has more than {} MB; a sidecar is a short text", MOST_BYTES >> 20)]
    Long,
}

/// No sidecar comes near it.
const MOST_BYTES: u64 = 16 << 20;

impl Sidecar {
    /// Reads a file.
    ///
    /// # Errors
    /// What is no object in JSON, or longer than 16 MB.
    pub fn read(reader: impl Read) -> Result<Self, SidecarError> {
        let mut text = Vec::new();
        reader.take(MOST_BYTES + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(SidecarError::Long);
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        match serde_json::from_slice(text)? {
            Value::Object(keys) => Ok(Self(keys)),
            _ => Err(SidecarError::NoObject),
        }
    }

    /// Takes what a nearer sidecar says, which wins key by key.
    pub fn overlay(&mut self, nearer: &Self) {
        self.0.extend(nearer.0.iter().map(|(key, value)| (key.clone(), value.clone())));
    }

    /// A number, also where it was written as text; none where it is missing or something else.
    pub fn number(&self, key: &str) -> Option<f64> {
        let number = match self.0.get(key)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite())
    }

    /// A text; none where it is missing, `n/a` or something else.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("n/a"))
    }
}
