//! Numbers of any type of HDF5 as f64.

use std::ops::Range;

use hdf5_reader::{ByteOrder, Dataset, Datatype, H5Type, SliceInfo, SliceInfoElem};

use super::Hdf5Error;
use super::error::damaged;

/// Those of a data set, of some places along its first axis or all.
pub(super) fn numbers(
    dataset: &Dataset,
    kind: &Datatype,
    rows: Option<Range<u64>>,
    path: &str,
) -> Result<Vec<f64>, Hdf5Error> {
    // The crate decodes by the type of the data set; an enumeration is decoded here.
    if dataset.dtype() != kind {
        let raw = dataset.read_raw_bytes().map_err(|error| damaged(path, &error))?;
        let all = plain(kind, &raw).unwrap_or_default();
        return Ok(rows_of(all, dataset.shape(), rows));
    }
    let read = Reading { dataset, rows, path };
    match *kind {
        Datatype::FloatingPoint { size: 4, .. } => read.of(f64::from as fn(f32) -> f64),
        Datatype::FloatingPoint { size: 8, .. } => read.of(|value: f64| value),
        Datatype::FixedPoint { size: 1, signed: true, .. } => read.of(f64::from as fn(i8) -> f64),
        Datatype::FixedPoint { size: 1, signed: false, .. } => read.of(f64::from as fn(u8) -> f64),
        Datatype::FixedPoint { size: 2, signed: true, .. } => read.of(f64::from as fn(i16) -> f64),
        Datatype::FixedPoint { size: 2, signed: false, .. } => read.of(f64::from as fn(u16) -> f64),
        Datatype::FixedPoint { size: 4, signed: true, .. } => read.of(f64::from as fn(i32) -> f64),
        Datatype::FixedPoint { size: 4, signed: false, .. } => read.of(f64::from as fn(u32) -> f64),
        Datatype::FixedPoint { size: 8, signed: true, .. } => read.of(|value: i64| value as f64),
        Datatype::FixedPoint { size: 8, signed: false, .. } => read.of(|value: u64| value as f64),
        _ => Err(Hdf5Error::OtherKind {
            path: path.to_owned(),
            allowed: "whole numbers of 1, 2, 4 or 8 bytes or floating-point ones of 4 or 8",
        }),
    }
}

struct Reading<'a> {
    dataset: &'a Dataset,
    rows: Option<Range<u64>>,
    path: &'a str,
}

impl Reading<'_> {
    fn of<T: H5Type>(self, as_f64: impl Fn(T) -> f64) -> Result<Vec<f64>, Hdf5Error> {
        let Self { dataset, rows, path } = self;
        let array = match rows {
            Some(Range { start, end }) if dataset.ndim() > 0 => {
                let mut selection = SliceInfo::all(dataset.ndim());
                if let Some(first) = selection.selections.first_mut() {
                    *first = SliceInfoElem::Slice { start, end, step: 1 };
                }
                dataset.read_slice::<T>(&selection)
            }
            _ => dataset.read_array::<T>(),
        };
        let array = array.map_err(|error| damaged(path, &error))?;
        Ok(array.into_iter().map(as_f64).collect())
    }
}

fn rows_of(all: Vec<f64>, shape: &[u64], rows: Option<Range<u64>>) -> Vec<f64> {
    let (Some(rows), Some(&first)) = (rows, shape.first()) else {
        return all;
    };
    let of_row = all.len().checked_div(usize::try_from(first).unwrap_or(usize::MAX)).unwrap_or(0);
    let place = |row: u64| usize::try_from(row).unwrap_or(usize::MAX).saturating_mul(of_row).min(all.len());
    all[place(rows.start)..place(rows.end)].to_vec()
}

/// Numbers of a type as they stand behind each other; `None` where the type is none of those read.
pub(super) fn plain(kind: &Datatype, raw: &[u8]) -> Option<Vec<f64>> {
    let (size, is_big, as_f64): (usize, bool, fn([u8; 8]) -> f64) = match *kind {
        Datatype::FloatingPoint { size, byte_order } => {
            let as_f64: fn([u8; 8]) -> f64 = match size {
                4 => |b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
                8 => f64::from_le_bytes,
                _ => return None,
            };
            (usize::from(size), byte_order == ByteOrder::BigEndian, as_f64)
        }
        Datatype::FixedPoint { size, signed, byte_order } => {
            let as_f64: fn([u8; 8]) -> f64 = match (size, signed) {
                (1, true) => |b| f64::from(b[0].cast_signed()),
                (2, true) => |b| f64::from(i16::from_le_bytes([b[0], b[1]])),
                (4, true) => |b| f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])),
                (8, true) => |b| i64::from_le_bytes(b) as f64,
                (1 | 2 | 4 | 8, false) => |b| u64::from_le_bytes(b) as f64,
                _ => return None,
            };
            (usize::from(size), byte_order == ByteOrder::BigEndian, as_f64)
        }
        _ => return None,
    };
    let number = |element: &[u8]| {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(element);
        if is_big {
            bytes[..size].reverse();
        }
        as_f64(bytes)
    };
    Some(raw.chunks_exact(size).map(number).collect())
}

/// Where real and imaginary parts lie in an element, and their types.
pub(super) fn complex_parts(datatype: &Datatype) -> Option<[(usize, &Datatype); 2]> {
    let Datatype::Compound { size, fields } = datatype else {
        return None;
    };
    let part = |name: &str| {
        let field = fields.iter().find(|field| field.name == name)?;
        let (Datatype::FloatingPoint { size: bytes @ (4 | 8), .. } | Datatype::FixedPoint { size: bytes, .. }) =
            field.datatype
        else {
            return None;
        };
        let start = field.byte_offset as usize;
        (start + usize::from(bytes) <= *size as usize).then_some((start, &field.datatype))
    };
    Some([part("real")?, part("imag")?])
}

pub(super) fn complex(raw: &[u8], width: usize, parts: [(usize, &Datatype); 2]) -> (Vec<f64>, Vec<f64>) {
    let of = |(start, kind): (usize, &Datatype)| {
        let (Datatype::FloatingPoint { size, .. } | Datatype::FixedPoint { size, .. }) = *kind else {
            return Vec::new();
        };
        let bytes = start..start + usize::from(size);
        let elements = raw.chunks_exact(width.max(1)).filter_map(|element| element.get(bytes.clone()));
        plain(kind, &elements.flatten().copied().collect::<Vec<u8>>()).unwrap_or_default()
    };
    let [real, imaginary] = parts;
    (of(real), of(imaginary))
}
