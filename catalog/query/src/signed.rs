//! Functions that count, with signed results.
//!
//! DataFusion's give unsigned numbers, whose differences have no place below zero and which turn whole numbers that they meet in a
//! UNION into decimal ones.

use std::sync::Arc;

use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// Lengths and places of and in lists.
const COUNTING: [&str; 6] =
    ["array_length", "array_ndims", "cardinality", "array_position", "array_positions", "array_dims"];

/// Aggregates and functions over windows that count.
const COUNTING_ROWS: [&str; 6] = ["row_number", "rank", "dense_rank", "ntile", "approx_distinct", "regr_count"];

/// Whether an aggregate or a function over windows gives an unsigned number.
pub(crate) fn counts_rows(function: &str) -> bool {
    COUNTING_ROWS.contains(&function)
}

/// All functions of single values, with these in the place of those that need it.
pub(crate) fn scalar_functions() -> Vec<Arc<ScalarUDF>> {
    let of_function = |inner: Arc<ScalarUDF>| match COUNTING.contains(&inner.name()) {
        true => Arc::new(ScalarUDF::new_from_impl(Signed { inner })),
        false => inner,
    };
    SessionStateDefaults::default_scalar_functions().into_iter().map(of_function).collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Signed {
    inner: Arc<ScalarUDF>,
}

/// The signed type in the place of an unsigned one.
pub(crate) fn signed(data_type: &DataType) -> DataType {
    match data_type {
        DataType::UInt64 => DataType::Int64,
        DataType::List(item) => {
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(signed(item.data_type()))))
        }
        other => other.clone(),
    }
}

impl ScalarUDFImpl for Signed {
    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(signed(&self.inner.return_type(arguments)?))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(arguments)?;
        let data_type = signed(field.data_type());
        Ok(Arc::new(field.as_ref().clone().with_data_type(data_type)))
    }

    fn invoke_with_args(&self, mut arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let data_type = arguments.return_type().clone();
        let fields: Vec<FieldRef> = arguments.arg_fields.clone();
        let scalars: Vec<Option<ScalarValue>> = arguments
            .args
            .iter()
            .map(|value| if let ColumnarValue::Scalar(scalar) = value { Some(scalar.clone()) } else { None })
            .collect();
        let scalars: Vec<Option<&ScalarValue>> = scalars.iter().map(Option::as_ref).collect();
        let inner = ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &scalars };
        let name = arguments.return_field.name().clone();
        let own = self.inner.return_field_from_args(inner)?;
        arguments.return_field = Arc::new(
            Field::new(name, own.data_type().clone(), own.is_nullable()).with_metadata(own.metadata().clone()),
        );
        let exact = CastOptions { safe: false, ..Default::default() };
        Ok(match self.inner.invoke_with_args(arguments)? {
            ColumnarValue::Array(array) => ColumnarValue::Array(cast_with_options(&array, &data_type, &exact)?),
            ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(scalar.cast_to(&data_type)?),
        })
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}
