//! Whether a query over many samples gives what running it for each sample by itself would.
//!
//! That holds if rows of different samples never meet: joins of sample-wise tables are on `sample`, aggregates are grouped and
//! windows partitioned by it, nothing cuts off or sorts across samples, and `sample` itself is only passed on or compared with `sample`.

use std::collections::HashSet;

use datafusion::common::Column;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{BinaryExpr, Expr, JoinType, LogicalPlan, Operator, Subquery};

/// Checks a plan before optimisation; `sample_wise` are the tables that have rows for every sample.
pub(crate) fn check_sample_grain(plan: &LogicalPlan, sample_wise: &[&str]) -> Result<(), String> {
    let of_sample = labels(plan, &sample_wise.iter().copied().collect())?;
    match plan.schema().columns().iter().find(|c| c.name == "sample") {
        Some(column) if of_sample.contains(column) => Ok(()),
        Some(_) => Err("the column `sample` of the result is not the `sample` of an input".to_owned()),
        None => Err("with `grain: sample` the query must select `sample`".to_owned()),
    }
}

/// The columns of a plan's output that are labels of samples; empty where its rows belong to no sample.
fn labels(plan: &LogicalPlan, sample_wise: &HashSet<&str>) -> Result<HashSet<Column>, String> {
    let below = plan.inputs().into_iter().map(|input| labels(input, sample_wise)).collect::<Result<Vec<_>, _>>()?;
    let all: HashSet<Column> = below.iter().flatten().cloned().collect();
    let is_label = |e: &Expr| matches!(strip(e), Expr::Column(column) if all.contains(column));
    no_subqueries(plan, sample_wise, &all)?;
    match plan {
        LogicalPlan::TableScan(scan) => {
            let own = scan.projected_schema.columns().into_iter().filter(|c| c.name == "sample");
            Ok(if sample_wise.contains(scan.table_name.table()) { own.collect() } else { HashSet::new() })
        }
        LogicalPlan::Projection(projection) => {
            let mut out = HashSet::new();
            for (expression, column) in projection.expr.iter().zip(plan.schema().columns()) {
                if is_label(expression) {
                    out.insert(column);
                } else {
                    no_labels(expression, &all)?;
                }
            }
            if !all.is_empty() && out.is_empty() {
                return Err("a part of the query drops `sample`; select it everywhere".to_owned());
            }
            Ok(out)
        }
        LogicalPlan::Filter(filter) => {
            comparisons(&filter.predicate, &all)?;
            Ok(all)
        }
        LogicalPlan::Aggregate(aggregate) => {
            if !all.is_empty() && !aggregate.group_expr.iter().any(is_label) {
                return Err("an aggregate is not grouped by `sample`; with `grain: sample` rows of different samples must not meet".to_owned());
            }
            aggregate.group_expr.iter().filter(|e| !is_label(e)).try_for_each(|e| no_labels(e, &all))?;
            aggregate.aggr_expr.iter().try_for_each(|e| no_labels(e, &all))?;
            let groups = aggregate.group_expr.iter().zip(plan.schema().columns());
            Ok(groups.filter(|(e, _)| is_label(e)).map(|(_, column)| column).collect())
        }
        LogicalPlan::Window(window) => {
            for expression in &window.window_expr {
                let Expr::WindowFunction(function) = strip(expression) else {
                    continue;
                };
                if !all.is_empty() && !function.params.partition_by.iter().any(is_label) {
                    return Err("a window is not partitioned by `sample`; with `grain: sample` rows of different samples must not meet".to_owned());
                }
                // Within a partition all labels are equal, so to order by them is harmless.
                let ordered = function.params.order_by.iter().map(|sort| &sort.expr);
                let keys = function.params.partition_by.iter().chain(ordered).filter(|e| !is_label(e));
                let values = function.params.args.iter().chain(function.params.filter.as_deref());
                keys.chain(values).try_for_each(|e| no_labels(e, &all))?;
            }
            Ok(all)
        }
        LogicalPlan::Join(join) => {
            let refers =
                plan.exists(|node| Ok(matches!(node, LogicalPlan::Subquery(subquery) if refers_to(subquery, &all))));
            if refers.unwrap_or(true) {
                return Err(LABEL_AS_VALUE.to_owned());
            }
            let both = !below[0].is_empty() && !below[1].is_empty();
            let on_sample = |left: &Expr, right: &Expr| is_label(left) && is_label(right);
            let mut joined = join.on.iter().any(|(left, right)| on_sample(left, right));
            for part in join.filter.iter().flat_map(conjuncts) {
                match strip(part) {
                    Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if on_sample(left, right) => {
                        joined = true
                    }
                    other => comparisons(other, &all)?,
                }
            }
            if both && !joined {
                return Err("a join of sample-wise tables is not on `sample`".to_owned());
            }
            let kept = plan.schema().columns();
            let outer_without = match join.join_type {
                JoinType::Left | JoinType::LeftAnti | JoinType::LeftSemi | JoinType::LeftMark => {
                    below[0].is_empty() && !below[1].is_empty()
                }
                JoinType::Right | JoinType::RightAnti | JoinType::RightSemi | JoinType::RightMark => {
                    below[1].is_empty() && !below[0].is_empty()
                }
                JoinType::Full => !both && !all.is_empty(),
                JoinType::Inner => false,
            };
            if outer_without {
                return Err(
                    "an outer join keeps rows that belong to no sample; put the sample-wise table on the kept side"
                        .to_owned(),
                );
            }
            // The side that an outer join fills with nulls has no label in those rows.
            let out = match join.join_type {
                JoinType::Left => below[0].clone(),
                JoinType::Right => below[1].clone(),
                JoinType::Full if both => {
                    return Err(
                        "a full join leaves `sample` null on either side; use a left join or UNION ALL".to_owned()
                    );
                }
                _ => all,
            };
            Ok(out.into_iter().filter(|c| kept.contains(c)).collect())
        }
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Repartition(_) | LogicalPlan::Unnest(_) => {
            let names: HashSet<&str> = all.iter().map(|c| c.name.as_str()).collect();
            Ok(plan.schema().columns().into_iter().filter(|c| names.contains(c.name.as_str())).collect())
        }
        LogicalPlan::Union(_) => {
            if below.iter().any(HashSet::is_empty) && below.iter().any(|b| !b.is_empty()) {
                return Err("a UNION mixes rows that belong to a sample with rows that belong to none".to_owned());
            }
            let inputs = plan.inputs();
            let positions = plan.schema().columns().into_iter().enumerate().filter(|(i, _)| {
                inputs.iter().zip(&below).all(|(input, labels)| labels.contains(&input.schema().columns()[*i]))
            });
            Ok(positions.map(|(_, column)| column).collect())
        }
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(_)) | LogicalPlan::Sort(_) => Ok(all),
        LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Ok(HashSet::new()),
        other if all.is_empty() => {
            let _ = other;
            Ok(HashSet::new())
        }
        LogicalPlan::Limit(_) => {
            Err("LIMIT cuts across samples; use row_number() OVER (PARTITION BY sample ...)".to_owned())
        }
        LogicalPlan::Distinct(_) => {
            Err("DISTINCT ON chooses across samples; use row_number() OVER (PARTITION BY sample ...)".to_owned())
        }
        LogicalPlan::RecursiveQuery(_) => Err("recursive queries are not available with `grain: sample`".to_owned()),
        other => Err(format!("`{}` is not available with `grain: sample`", other.display())),
    }
}

fn strip(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => strip(&alias.expr),
        other => other,
    }
}

fn conjuncts(expression: &Expr) -> Vec<&Expr> {
    match strip(expression) {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => [conjuncts(left), conjuncts(right)].concat(),
        other => vec![other],
    }
}

/// A predicate may compare labels with each other, and use them for nothing else.
fn comparisons(predicate: &Expr, labels: &HashSet<Column>) -> Result<(), String> {
    let is_label = |e: &Expr| matches!(strip(e), Expr::Column(column) if labels.contains(column));
    for part in conjuncts(predicate) {
        match part {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_label(left) && is_label(right) => {}
            Expr::IsNotNull(inner) if is_label(inner) => {}
            other => no_labels(other, labels)?,
        }
    }
    Ok(())
}

const LABEL_AS_VALUE: &str =
    "`sample` is a label, not a value: with `grain: sample` it can be selected, joined on and grouped by, nothing else";

fn no_labels(expression: &Expr, labels: &HashSet<Column>) -> Result<(), String> {
    let is_label = |e: &Expr| matches!(strip(e), Expr::Column(column) if labels.contains(column));
    let used = |e: &Expr| e.exists(|e| Ok(is_label(e))).unwrap_or(true);
    let used = match strip(expression) {
        // Counting rows counts labels, whatever they are.
        Expr::AggregateFunction(f) if f.func.name() == "count" => {
            let ordered = f.params.order_by.iter().map(|sort| &sort.expr);
            let values = f.params.args.iter().filter(|e| !is_label(e)).chain(f.params.filter.as_deref());
            values.chain(ordered).any(used)
        }
        other => used(other),
    };
    if used { Err(LABEL_AS_VALUE.to_owned()) } else { Ok(()) }
}

/// Whether a subquery refers to a label of the query around it.
fn refers_to(subquery: &Subquery, labels: &HashSet<Column>) -> bool {
    let is_label = |e: &Expr| matches!(e, Expr::OuterReferenceColumn(_, column) if labels.contains(column));
    subquery.outer_ref_columns.iter().any(is_label)
}

/// Subqueries in expressions see all samples of a batch.
fn no_subqueries(plan: &LogicalPlan, sample_wise: &HashSet<&str>, labels: &HashSet<Column>) -> Result<(), String> {
    let (mut found, mut refers) = (false, false);
    let mut look = |subquery: &Subquery| {
        let scans = subquery.subquery.exists(|node| {
            Ok(matches!(node, LogicalPlan::TableScan(scan) if sample_wise.contains(scan.table_name.table())))
        });
        found |= scans.unwrap_or(true);
        refers |= refers_to(subquery, labels);
    };
    let walked = plan.apply_expressions(|expression| {
        expression.apply(|e| {
            match e {
                Expr::ScalarSubquery(subquery) => look(subquery),
                Expr::InSubquery(within) => look(&within.subquery),
                Expr::Exists(exists) => look(&exists.subquery),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })
    });
    match walked {
        Ok(_) if found => {
            Err("a subquery reads a sample-wise table; with `grain: sample` join it on `sample` instead".to_owned())
        }
        Ok(_) if refers => Err(LABEL_AS_VALUE.to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
