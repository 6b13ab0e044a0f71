//! Numbers as MAT files store them.

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    I1,
    U1,
    I2,
    U2,
    I4,
    U4,
    F4,
    F8,
    I8,
    U8,
}

impl Stored {
    /// By the type of an element of version 5.
    pub(super) fn of_element(kind: u32) -> Option<Self> {
        Some(match kind {
            1 => Self::I1,
            2 => Self::U1,
            3 => Self::I2,
            4 => Self::U2,
            5 => Self::I4,
            6 => Self::U4,
            7 => Self::F4,
            9 => Self::F8,
            12 => Self::I8,
            13 => Self::U8,
            _ => return None,
        })
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::I1 | Self::U1 => 1,
            Self::I2 | Self::U2 => 2,
            Self::I4 | Self::U4 | Self::F4 => 4,
            Self::F8 | Self::I8 | Self::U8 => 8,
        }
    }
}

/// Adds the numbers in `data` to `values`.
pub(super) fn convert(data: &[u8], kind: Stored, is_big_endian: bool, values: &mut Vec<f64>) {
    match kind {
        Stored::I1 => of(data, values, is_big_endian, |b: [u8; 1]| f64::from(i8::from_le_bytes(b))),
        Stored::U1 => of(data, values, is_big_endian, |b: [u8; 1]| f64::from(u8::from_le_bytes(b))),
        Stored::I2 => of(data, values, is_big_endian, |b| f64::from(i16::from_le_bytes(b))),
        Stored::U2 => of(data, values, is_big_endian, |b| f64::from(u16::from_le_bytes(b))),
        Stored::I4 => of(data, values, is_big_endian, |b| f64::from(i32::from_le_bytes(b))),
        Stored::U4 => of(data, values, is_big_endian, |b| f64::from(u32::from_le_bytes(b))),
        Stored::F4 => of(data, values, is_big_endian, |b| f64::from(f32::from_le_bytes(b))),
        Stored::F8 => of(data, values, is_big_endian, f64::from_le_bytes),
        Stored::I8 => of(data, values, is_big_endian, |b| i64::from_le_bytes(b) as f64),
        Stored::U8 => of(data, values, is_big_endian, |b| u64::from_le_bytes(b) as f64),
    }
}

fn of<const N: usize>(data: &[u8], values: &mut Vec<f64>, is_big_endian: bool, number: impl Fn([u8; N]) -> f64) {
    let (elements, _) = data.as_chunks::<N>();
    values.extend(elements.iter().map(|&bytes| {
        let mut bytes = bytes;
        if is_big_endian {
            bytes.reverse();
        }
        number(bytes)
    }));
}
