//! What numbers mean in SQL here: one zero, one NaN, one order, and whole numbers that never wrap around.
//!
//! **NaN in SQL.** NaN is a value, not the absence of one (that is NULL). There is one NaN and one zero, in tables, in constants and
//! in everything that a query computes on its way. Floats have one total order, that of PostgreSQL and DuckDB:
//! -inf < negative numbers < 0 < positive numbers < inf < NaN, and NaN = NaN.
//!
//! - `=`, `<>`, `<`, `IN`, `BETWEEN`, `IS DISTINCT FROM`, `CASE x WHEN`: by that order. `v < 5` is false for NaN and `v > 5` is true,
//!   `v = v` is true, in WHERE, in SELECT, in ON and in constants alike. `isnan(v)` or `v = 'NaN'` finds NaN, `v < 'inf'` what is left of it.
//! - `ORDER BY`: NaN after inf; NULL last, with DESC first, as in PostgreSQL (`NULLS FIRST` and `NULLS LAST` say otherwise).
//! - `GROUP BY`, `DISTINCT`, `UNION`, `EXCEPT`, `INTERSECT`, joins: NaN is one value, equal to itself.
//! - `max` is NaN where there is one, `min` is NaN only where there is nothing else; `sum`, `avg` and other statistics are NaN where
//!   one value is. Grouped, ungrouped and over windows alike, whatever the order of rows. All leave NULL out.
//! - Dividing a float by zero gives inf, -inf or NaN; dividing a whole number by zero is an error.
//! - As there is one zero, `1 / -0.0` is inf.
//!
//! **Whole numbers** are 64-bit and signed (`BIGINT`), whatever the width in which a table stores them: [`crate::tables`] widens columns
//! as a query reads them. What leaves 64 bits in `+ - * / %`, shifts, negation, `abs`, `sum` or CAST is an error. A result has the type of
//! the query, also in the stored output of a stage: a UInt32 column that is passed through becomes Int64, as do row numbers and lengths;
//! `CAST(x AS INT)` gives Int32.
//! `/` between whole numbers gives a whole number, rounded towards zero, and CAST of a float to a whole number cuts off, as DataFusion does.
//!
//! DataFusion compares floats by their bits in total order, so one zero and one NaN are all that its comparisons need.
//! Its arithmetic is replaced: a query is planned on 64-bit operands by [`SixtyFourBits`], and [`OneMeaning`] puts
//! [`crate::arithmetic`] in the place of operators. Results of aggregates and windows pass [`crate::canonical_results`].

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{AggregateFunction, Cast, TryCast, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawWindowExpr};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::arithmetic::{Operation, canonical_scalar, has_floats, is_arithmetic};
use crate::signed::counts_rows;

/// Plans arithmetic between whole numbers on 64 bits, as casts and some functions give narrow ones, and row numbers as signed.
#[derive(Debug)]
pub(crate) struct SixtyFourBits;

impl ExprPlanner for SixtyFourBits {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let is_arithmetic = matches!(
            raw.op,
            BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
                | BinaryOperator::PGBitwiseShiftLeft
                | BinaryOperator::PGBitwiseShiftRight
        );
        if !is_arithmetic {
            return Ok(PlannerResult::Original(raw));
        }
        let RawBinaryExpr { op, left, right } = raw;
        Ok(PlannerResult::Original(RawBinaryExpr { op, left: wide(left, schema), right: wide(right, schema) }))
    }

    fn plan_aggregate(&self, raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        if !counts_rows(raw.func.name()) {
            return Ok(PlannerResult::Original(raw));
        }
        let RawAggregateExpr { func, args, distinct, filter, order_by, null_treatment } = raw;
        let function = AggregateFunction::new_udf(func, args, distinct, filter, order_by, null_treatment);
        Ok(PlannerResult::Planned(sixty_four_bits(Expr::AggregateFunction(function))))
    }

    fn plan_window(&self, raw: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        if !counts_rows(raw.func_def.name()) {
            return Ok(PlannerResult::Original(raw));
        }
        let RawWindowExpr { func_def, args, partition_by, order_by, window_frame, filter, null_treatment, distinct } =
            raw;
        let params =
            WindowFunctionParams { args, partition_by, order_by, window_frame, filter, null_treatment, distinct };
        let function = WindowFunction { fun: func_def, params };
        Ok(PlannerResult::Planned(sixty_four_bits(Expr::WindowFunction(Box::new(function)))))
    }
}

fn wide(operand: Expr, schema: &DFSchema) -> Expr {
    match operand.get_type(schema) {
        Ok(data_type) if data_type.is_integer() && data_type != DataType::Int64 && !is_constant(&operand) => {
            sixty_four_bits(operand)
        }
        _ => operand,
    }
}

fn sixty_four_bits(number: Expr) -> Expr {
    Expr::Cast(Cast::new(Box::new(number), DataType::Int64))
}

/// Constants beyond 64 bits and a sign are decimal numbers in sums: their own type says so.
fn is_constant(operand: &Expr) -> bool {
    matches!(operand, Expr::Literal(..))
}

/// Puts arithmetic that neither wraps nor knows signs of zeros and NaN in the place of DataFusion's.
#[derive(Debug)]
pub(crate) struct OneMeaning;

impl AnalyzerRule for OneMeaning {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        Ok(plan.transform_up_with_subqueries(of_node)?.data)
    }

    fn name(&self) -> &str {
        "one_meaning"
    }
}

fn of_node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = &plan {
        schema.merge(&DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?);
    }
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expression| {
        let name = names.save(&expression);
        let meant = expression.transform_up(|e| of_expression(e, &schema))?;
        Ok(meant.update_data(|e| name.restore(e)))
    })?
    .map_data(LogicalPlan::recompute_schema)
}

fn of_expression(expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expression {
        Expr::Literal(value, metadata) => match canonical_scalar(&value)? {
            Some(canonical) => Transformed::yes(Expr::Literal(canonical, metadata)),
            None => Transformed::no(Expr::Literal(value, metadata)),
        },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let operation = Operation::of(op);
            let is_number = |e: &Expr| e.get_type(schema).map(|t| t.is_integer() || t.is_floating());
            match operation {
                Some(operation) if is_number(&left)? && is_number(&right)? => {
                    Transformed::yes(operation.call(vec![*left, *right]))
                }
                _ => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        Expr::Negative(operand) => {
            let data_type = operand.get_type(schema)?;
            if data_type.is_integer() || data_type.is_floating() {
                Transformed::yes(Operation::Negate.call(vec![*operand]))
            } else {
                Transformed::no(Expr::Negative(operand))
            }
        }
        // A whole number has no sign of zero to give.
        Expr::Cast(Cast { ref expr, ref field }) | Expr::TryCast(TryCast { ref expr, ref field })
            if has_floats(field.data_type()) && !expr.get_type(schema)?.is_integer() =>
        {
            Transformed::yes(Operation::Canonical.call(vec![expression]))
        }
        Expr::ScalarFunction(ref function) if !is_arithmetic(&function.func) && floats(&expression, schema)? => {
            Transformed::yes(Operation::Canonical.call(vec![expression]))
        }
        Expr::HigherOrderFunction(_) if floats(&expression, schema)? => {
            Transformed::yes(Operation::Canonical.call(vec![expression]))
        }
        other => Transformed::no(other),
    })
}

fn floats(expression: &Expr, schema: &DFSchema) -> Result<bool> {
    Ok(has_floats(&expression.get_type(schema)?))
}
