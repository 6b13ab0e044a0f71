//! Aggregates that keep what [`crate::numbers`] promises: DataFusion's, but for the parts that would break it.
//!
//! - `sum` of whole numbers adds up in 128 bits, and a sum beyond 64 bits is an error; `sum(DISTINCT ...)` adds in order of values.
//! - `min` and `max` of floats by group follow the total order; DataFusion's compare by `<`, so that what comes after a NaN replaces it.
//! - Over windows that move, sums, means and moments of floats are computed from the rows of the window. DataFusion subtracts what leaves
//!   it: then one infinite value, one NaN or one large number spoils all windows after it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::expr::{AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature,
};

use crate::extremes::Extremes;
use crate::sliding::Recomputed;
use crate::sums::{DistinctSum, GroupSums, SUM_STATE, WholeSum};

/// Functions that subtract rows which leave a window.
const SUBTRACTING: [&str; 17] = [
    "sum",
    "avg",
    "var",
    "var_pop",
    "stddev",
    "stddev_pop",
    "covar_samp",
    "covar_pop",
    "corr",
    "regr_slope",
    "regr_intercept",
    "regr_r2",
    "regr_avgx",
    "regr_avgy",
    "regr_sxx",
    "regr_syy",
    "regr_sxy",
];

/// Of so many digits ten thousand million numbers can be added up.
const DIGITS: u8 = 28;

fn fits_often(decimal: &DataType) -> bool {
    matches!(decimal, DataType::Decimal128(precision, _) if *precision <= DIGITS)
}

/// All aggregates, with these in the place of those that need it.
pub(crate) fn aggregate_functions() -> Vec<Arc<AggregateUDF>> {
    let all = SessionStateDefaults::default_aggregate_functions();
    let of_function = |function: Arc<AggregateUDF>| match function.name() {
        "min" | "max" => Arc::new(AggregateUDF::new_from_impl(Careful { inner: function })),
        name if SUBTRACTING.contains(&name) => Arc::new(AggregateUDF::new_from_impl(Careful { inner: function })),
        _ => function,
    };
    all.into_iter().map(of_function).collect()
}

/// An aggregate of DataFusion with other accumulators where its own are not what is promised.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Careful {
    inner: Arc<AggregateUDF>,
}

impl Careful {
    /// Decimal numbers are added up in 128 bits without looking; those that could leave them are refused.
    fn may_add_up(&self, data_type: Option<&DataType>) -> Result<()> {
        let adds_up = matches!(self.inner.name(), "sum" | "avg");
        match data_type {
            Some(decimal) if adds_up && decimal.is_decimal() && !fits_often(decimal) => plan_err!(
                "{} of {decimal} may leave 38 digits; CAST to DOUBLE, or to DECIMAL of at most {DIGITS} digits",
                self.inner.name()
            ),
            _ => Ok(()),
        }
    }

    fn is_whole_sum(&self, data_type: &DataType) -> bool {
        self.inner.name() == "sum" && data_type.is_integer()
    }
}

impl AggregateUDFImpl for Careful {
    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let data_type = arguments.return_type().clone();
        let number = data_type.is_integer() || data_type == DataType::Float64;
        match self.inner.name() {
            "sum" if arguments.is_distinct && number => Ok(Box::new(DistinctSum::new(data_type))),
            "sum" if data_type.is_integer() => Ok(Box::new(WholeSum::new(data_type))),
            _ => self.inner.accumulator(arguments),
        }
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        if self.is_whole_sum(arguments.return_type()) && !arguments.is_distinct {
            return Ok(vec![Arc::new(Field::new(format_state_name(arguments.name, "sum"), SUM_STATE, true))]);
        }
        self.inner.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let data_type = arguments.return_type();
        match (self.inner.name(), data_type) {
            ("sum", whole) if whole.is_integer() => Ok(Box::new(GroupSums::new(whole.clone()))),
            ("max", DataType::Float64) => {
                Ok(Box::new(Extremes::<Float64Type>::new(|new, old| new.total_cmp(&old).is_gt())))
            }
            ("max", DataType::Float32) => {
                Ok(Box::new(Extremes::<Float32Type>::new(|new, old| new.total_cmp(&old).is_gt())))
            }
            ("min", DataType::Float64) => {
                Ok(Box::new(Extremes::<Float64Type>::new(|new, old| new.total_cmp(&old).is_lt())))
            }
            ("min", DataType::Float32) => {
                Ok(Box::new(Extremes::<Float32Type>::new(|new, old| new.total_cmp(&old).is_lt())))
            }
            _ => self.inner.create_groups_accumulator(arguments),
        }
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let data_type = arguments.return_type();
        if self.is_whole_sum(data_type) && !arguments.is_distinct {
            return Ok(Box::new(WholeSum::new(data_type.clone())));
        }
        match self.inner.name() {
            "min" | "max" => self.inner.create_sliding_accumulator(arguments),
            _ => Ok(Box::new(Recomputed::new(Self { inner: self.inner.clone() }, &arguments))),
        }
    }

    // What follows is DataFusion's own.

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, parameters: &AggregateFunctionParams) -> Result<String> {
        self.inner.schema_name(parameters)
    }

    fn human_display(&self, parameters: &AggregateFunctionParams) -> Result<String> {
        self.inner.human_display(parameters)
    }

    fn window_function_schema_name(&self, parameters: &WindowFunctionParams) -> Result<String> {
        self.inner.window_function_schema_name(parameters)
    }

    fn display_name(&self, parameters: &AggregateFunctionParams) -> Result<String> {
        self.inner.display_name(parameters)
    }

    fn window_function_display_name(&self, parameters: &WindowFunctionParams) -> Result<String> {
        self.inner.window_function_display_name(parameters)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.may_add_up(arguments.first())?;
        self.inner.return_type(arguments)
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        self.may_add_up(arguments.first().map(|field| field.data_type()))?;
        self.inner.return_field(arguments)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.inner.simplify()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.inner.reverse_udf() {
            // The inner one would come back bare.
            ReversedUDAF::Identical => ReversedUDAF::Identical,
            _ => ReversedUDAF::NotSupported,
        }
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }

    fn supports_within_group_clause(&self) -> bool {
        self.inner.supports_within_group_clause()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}
