//! Arithmetic of SQL: whole numbers that do not fit are an error, floats have one zero and one NaN.
//!
//! DataFusion's operators wrap around and keep the sign of zeros and NaN. [`crate::numbers`] puts these functions in their place; they
//! are no functions that a query could name.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Datum, Int64Array};
use arrow::compute::kernels::arity::try_binary;
use arrow::compute::kernels::numeric::{add, div, mul, neg, rem, sub};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_datafusion_err, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;
use lapicque_schemas::canonical_column;

/// What stands in the place of an operator of DataFusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    ShiftLeft,
    ShiftRight,
    Negate,
    /// One zero and one NaN, of whatever was computed.
    Canonical,
}

impl Operation {
    /// The operation that an operator stands for, if it is one of those.
    pub(crate) fn of(operator: Operator) -> Option<Self> {
        Some(match operator {
            Operator::Plus => Self::Add,
            Operator::Minus => Self::Subtract,
            Operator::Multiply => Self::Multiply,
            Operator::Divide => Self::Divide,
            Operator::Modulo => Self::Remainder,
            Operator::BitwiseShiftLeft => Self::ShiftLeft,
            Operator::BitwiseShiftRight => Self::ShiftRight,
            _ => return None,
        })
    }

    pub(crate) fn call(self, arguments: Vec<Expr>) -> Expr {
        static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 9]> = LazyLock::new(|| {
            [
                Operation::Add,
                Operation::Subtract,
                Operation::Multiply,
                Operation::Divide,
                Operation::Remainder,
                Operation::ShiftLeft,
                Operation::ShiftRight,
                Operation::Negate,
                Operation::Canonical,
            ]
            .map(|operation| Arc::new(ScalarUDF::new_from_impl(Arithmetic::new(operation))))
        });
        Expr::ScalarFunction(ScalarFunction::new_udf(FUNCTIONS[self as usize].clone(), arguments))
    }

    /// The sign between two operands.
    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract | Self::Negate => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Canonical => "",
        }
    }
}

/// Whether a function is one of those that stand here.
pub(crate) fn is_arithmetic(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<Arithmetic>().is_some()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Arithmetic {
    operation: Operation,
    signature: Signature,
}

impl Arithmetic {
    fn new(operation: Operation) -> Self {
        let operands = if matches!(operation, Operation::Negate | Operation::Canonical) { 1 } else { 2 };
        Self { operation, signature: Signature::any(operands, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Add => "add",
            Operation::Subtract => "subtract",
            Operation::Multiply => "multiply",
            Operation::Divide => "divide",
            Operation::Remainder => "remainder",
            Operation::ShiftLeft => "shift_left",
            Operation::ShiftRight => "shift_right",
            Operation::Negate => "negate",
            Operation::Canonical => "canonical",
        }
    }

    /// As that of the operator, so that no column is called otherwise.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(match (self.operation, arguments) {
            (Operation::Negate, [one]) => format!("(- {})", one.schema_name()),
            (_, [left, right]) => format!("{} {} {}", left.schema_name(), self.operation.sign(), right.schema_name()),
            (_, others) => others.iter().map(|e| e.schema_name().to_string()).collect::<Vec<_>>().join(","),
        })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments.first() {
            Some(data_type) => Ok(data_type.clone()),
            None => internal_err!("arithmetic without operands"),
        }
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        let data_type =
            self.return_type(&arguments.arg_fields.iter().map(|f| f.data_type().clone()).collect::<Vec<_>>())?;
        let nullable = arguments.arg_fields.iter().any(|field| field.is_nullable());
        let field = Field::new(self.name(), data_type, nullable);
        // A negated voltage is a voltage.
        let metadata = if let [one] = arguments.arg_fields { one.metadata().clone() } else { Default::default() };
        Ok(Arc::new(field.with_metadata(metadata)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let both = |kernel: fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError>| {
            apply(&arguments.args[0], &arguments.args[1], kernel)
        };
        let result = match self.operation {
            Operation::Add => both(add),
            Operation::Subtract => both(sub),
            Operation::Multiply => both(mul),
            Operation::Divide => both(div),
            Operation::Remainder => both(rem),
            Operation::ShiftLeft => shifted(&arguments, shift_left),
            Operation::ShiftRight => shifted(&arguments, shift_right),
            Operation::Negate => map(&arguments.args[0], |array| Ok(neg(array)?)),
            Operation::Canonical => Ok(arguments.args[0].clone()),
        };
        canonical(result.map_err(|error| plain(self.operation, error))?)
    }
}

/// A value with one zero and one NaN.
fn canonical(value: ColumnarValue) -> Result<ColumnarValue> {
    if !has_floats(&value.data_type()) {
        return Ok(value);
    }
    Ok(match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(canonical_column(&array)?.unwrap_or(array)),
        ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(canonical_scalar(&scalar)?.unwrap_or(scalar)),
    })
}

/// A constant with one zero and one NaN; `None` where it has no others.
pub(crate) fn canonical_scalar(scalar: &ScalarValue) -> Result<Option<ScalarValue>> {
    if !has_floats(&scalar.data_type()) {
        return Ok(None);
    }
    match canonical_column(&scalar.to_array()?)? {
        Some(array) => Ok(Some(ScalarValue::try_from_array(&array, 0)?)),
        None => Ok(None),
    }
}

/// Whether values of a type are floats or lists of floats.
pub(crate) fn has_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float64 | DataType::Float32 => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_floats(item.data_type())
        }
        _ => false,
    }
}

fn map(value: &ColumnarValue, f: impl Fn(&ArrayRef) -> Result<ArrayRef>) -> Result<ColumnarValue> {
    Ok(match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(f(array)?),
        ColumnarValue::Scalar(scalar) => {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&f(&scalar.to_array()?)?, 0)?)
        }
    })
}

/// Shifts whole numbers of any width, by way of 64 bits.
fn shifted(
    arguments: &ScalarFunctionArgs,
    shift: fn(i64, i64) -> std::result::Result<i64, ArrowError>,
) -> Result<ColumnarValue> {
    let exact = CastOptions { safe: false, ..Default::default() };
    let scalars = arguments.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    let rows = if scalars { 1 } else { arguments.number_rows };
    let whole = |value: &ColumnarValue| -> Result<Int64Array> {
        let array = cast_with_options(&value.to_array(rows)?, &DataType::Int64, &exact)?;
        Ok(array.as_primitive::<Int64Type>().clone())
    };
    let (left, right) = (whole(&arguments.args[0])?, whole(&arguments.args[1])?);
    let result: Int64Array = try_binary(&left, &right, shift)?;
    let result = cast_with_options(&result, arguments.return_type(), &exact)?;
    Ok(if scalars {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)
    } else {
        ColumnarValue::Array(result)
    })
}

fn shift_left(value: i64, places: i64) -> std::result::Result<i64, ArrowError> {
    let fits = shift_places(places)?.map(|places| (value << places, places));
    let fits = fits.filter(|&(shifted, places)| shifted >> places == value).map(|(shifted, _)| shifted);
    let beyond = || ArrowError::ArithmeticOverflow(format!("{value} << {places}"));
    fits.or((value == 0).then_some(0)).ok_or_else(beyond)
}

fn shift_right(value: i64, places: i64) -> std::result::Result<i64, ArrowError> {
    // By 64 places or more only the sign is left.
    Ok(shift_places(places)?.map_or(value >> 63, |places| value >> places))
}

/// How far to shift; `None` by more than there are bits.
fn shift_places(places: i64) -> std::result::Result<Option<u32>, ArrowError> {
    if places < 0 {
        return Err(ArrowError::ComputeError(format!("a number cannot be shifted by {places} places")));
    }
    Ok(u32::try_from(places).ok().filter(|&places| places < 64))
}

/// Says in the words of a user what went wrong.
fn plain(operation: Operation, error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::ArrowError(arrow, _) => match *arrow {
            ArrowError::ArithmeticOverflow(text) => {
                let what = text.strip_prefix("Overflow happened on: ").unwrap_or(&text).to_owned();
                let what =
                    if operation == Operation::Negate { format!("-({})", what.trim_start_matches("- ")) } else { what };
                exec_datafusion_err!(
                    "{what} is beyond the whole numbers of SQL (64 bits); CAST to DOUBLE where rounding does no harm"
                )
            }
            ArrowError::DivideByZero => {
                exec_datafusion_err!("a whole number does not divide by zero; CAST to DOUBLE gives inf or NaN")
            }
            other => other.into(),
        },
        other => other,
    }
}
