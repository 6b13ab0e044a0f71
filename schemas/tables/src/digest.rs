//! 128-bit BLAKE3 digests: keys, identities and seeds of random streams.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// BLAKE3 truncated to 128 bits; hex at the surface.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 16]);

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{0}` is not a digest; expected 32 hexadecimal digits")]
pub struct DigestParseError(String);

impl Digest {
    /// The digest of some bytes, in a domain of its own: equal bytes in two domains have unrelated digests.
    pub fn of(domain: &str, bytes: &[u8]) -> Self {
        let mut builder = DigestBuilder::new(domain);
        builder.bytes(bytes);
        builder.finish()
    }
}

/// Collects the ingredients of a digest; every part carries its length, so that no two lists of parts run together.
pub struct DigestBuilder(Hasher);

/// BLAKE3. Most of what is hashed here is short, and then the state of nearly two kilobytes costs more than the hash.
#[derive(Default)]
pub(crate) struct Hasher {
    short: Vec<u8>,
    long: Option<Box<blake3::Hasher>>,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.long {
            Some(long) => {
                long.update(bytes);
            }
            None if self.short.len() + bytes.len() <= blake3::CHUNK_LEN => self.short.extend_from_slice(bytes),
            None => {
                let mut long = Box::new(blake3::Hasher::new());
                long.update(&self.short).update(bytes);
                self.long = Some(long);
            }
        }
    }

    /// The first half of the hash.
    pub(crate) fn finish(&self) -> Digest {
        let hash = match &self.long {
            Some(long) => long.finalize(),
            None => blake3::hash(&self.short),
        };
        let mut short = [0; 16];
        short.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(short)
    }
}

impl DigestBuilder {
    pub fn new(domain: &str) -> Self {
        let mut hasher = Hasher { short: Vec::with_capacity(192), long: None };
        hasher.update(&(domain.len() as u64).to_le_bytes());
        hasher.update(domain.as_bytes());
        Self(hasher)
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    pub fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    pub fn digest(&mut self, digest: Digest) -> &mut Self {
        self.0.update(&digest.0);
        self
    }

    pub fn finish(&self) -> Digest {
        self.0.finish()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DigestParseError(text.chars().take(80).collect());
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            _ => (digit | 0x20) - b'a' + 10,
        };
        let mut digest = [0; 16];
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(digest))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
