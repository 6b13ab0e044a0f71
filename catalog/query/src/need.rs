//! What a planned query needs of its tables: then only these columns, and where it names samples only their rows, are read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use datafusion::scalar::ScalarValue;

/// What a query needs of one table.
#[derive(Debug, Default)]
pub(crate) struct Need {
    pub(crate) columns: BTreeSet<String>,
    /// The filters of each scan.
    filters: Vec<Vec<Expr>>,
    limits: Vec<Option<usize>>,
}

/// What an optimised plan needs of each table, by name.
pub(crate) fn needs(plan: &LogicalPlan) -> Result<BTreeMap<String, Need>> {
    let mut needs: BTreeMap<String, Need> = BTreeMap::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let need = needs.entry(scan.table_name.to_string()).or_default();
            let filtered = scan.filters.iter().flat_map(|filter| filter.column_refs());
            need.columns.extend(filtered.map(|column| column.name.clone()));
            need.columns.extend(scan.projected_schema.fields().iter().map(|field| field.name().clone()));
            need.filters.push(scan.filters.clone());
            need.limits.push(scan.fetch);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(needs)
}

impl Need {
    /// The texts that a column may have in the rows that are needed; `None` where all.
    pub(crate) fn allowed(&self, column: &str) -> Option<HashSet<String>> {
        let of_scan = |filters: &Vec<Expr>| filters.iter().filter_map(|filter| texts(filter, column)).reduce(both);
        self.filters.iter().map(of_scan).reduce(|all, more| Some(all?.into_iter().chain(more?).collect()))?
    }

    /// How many rows are enough, where any will do.
    pub(crate) fn limit(&self) -> Option<usize> {
        let unfiltered = self.filters.iter().all(Vec::is_empty);
        let limits: Option<Vec<usize>> = self.limits.iter().copied().collect();
        limits.filter(|_| unfiltered).and_then(|limits| limits.into_iter().max())
    }
}

fn both(a: HashSet<String>, b: HashSet<String>) -> HashSet<String> {
    a.intersection(&b).cloned().collect()
}

/// The texts that a condition lets a column have; `None` where it does not say.
fn texts(condition: &Expr, column: &str) -> Option<HashSet<String>> {
    let is_column = |expr: &Expr| matches!(expr, Expr::Column(c) if c.name == column);
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq if is_column(left) => Some(HashSet::from([text(right)?])),
            Operator::Eq if is_column(right) => Some(HashSet::from([text(left)?])),
            Operator::And => match (texts(left, column), texts(right, column)) {
                (Some(left), Some(right)) => Some(both(left, right)),
                (one, other) => one.or(other),
            },
            Operator::Or => Some(texts(left, column)?.into_iter().chain(texts(right, column)?).collect()),
            _ => None,
        },
        Expr::InList(list) if !list.negated && is_column(&list.expr) => list.list.iter().map(text).collect(),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text), _) => {
            text.clone()
        }
        Expr::Cast(cast) if cast.field.data_type() == &DataType::Utf8 => text(&cast.expr),
        _ => None,
    }
}
