//! Numbers that JSON does not have: infinities are the texts `"Infinity"` and `"-Infinity"`; NaN is null, or the text `"NaN"` where it is to differ from NULL.

use std::io::Write;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, FieldRef, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, EncoderFactory, EncoderOptions, NullableEncoder};

/// What becomes of NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nan {
    AsNull,
    AsText,
}

impl EncoderFactory for Nan {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let numbers: Box<dyn Encoder + 'a> = match array.data_type() {
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>().values();
                if values.iter().all(|value| value.is_finite()) {
                    return Ok(None);
                }
                Box::new(Numbers {
                    value: |row| values[row],
                    finite: |value: f64| serde_json::to_string(&value),
                    nan: *self,
                })
            }
            DataType::Float32 => {
                let values = array.as_primitive::<Float32Type>().values();
                if values.iter().all(|value| value.is_finite()) {
                    return Ok(None);
                }
                let finite = |value: f64| serde_json::to_string(&(value as f32));
                Box::new(Numbers { value: |row| f64::from(values[row]), finite, nan: *self })
            }
            _ => return Ok(None),
        };
        Ok(Some(NullableEncoder::new(numbers, array.nulls().cloned())))
    }
}

struct Numbers<V, F> {
    value: V,
    /// The shortest text of a finite number of this type.
    finite: F,
    nan: Nan,
}

impl<V: Fn(usize) -> f64, F: Fn(f64) -> serde_json::Result<String>> Encoder for Numbers<V, F> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let value = (self.value)(row);
        let text = match (value.is_nan(), self.nan) {
            (true, Nan::AsNull) => "null".to_owned(),
            (true, Nan::AsText) => "\"NaN\"".to_owned(),
            (false, _) if value == f64::INFINITY => "\"Infinity\"".to_owned(),
            (false, _) if value == f64::NEG_INFINITY => "\"-Infinity\"".to_owned(),
            (false, _) => (self.finite)(value).unwrap_or_else(|_| "null".to_owned()),
        };
        // A vector takes all.
        let _ = out.write_all(text.as_bytes());
    }
}
