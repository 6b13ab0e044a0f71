//! The fixed and varying effects that a configuration names, and the rows of a mixed model.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_statistics::mixed_model::{Model, Predictor, Term, Values};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{Source, Tables};
use super::rows::{Rows, Series};
use super::units::{in_order, level_named};

/// Effects that vary, around the fixed ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Random {
    /// The column that intercepts vary by, such as `subject`, or `sample`.
    pub(super) by: String,
    /// Fixed effects whose size varies as well. Default: none.
    #[serde(default)]
    pub(super) slopes: Vec<String>,
}

/// The columns of a model, and how they go together.
pub(super) struct Effects {
    predictors: Vec<Effect>,
    terms: Vec<Term>,
    by: Source,
    slopes: Vec<usize>,
}

struct Effect {
    source: Source,
    is_categorical: bool,
    reference: Option<String>,
}

/// Predictors of all rows of features.
pub(super) struct Columns {
    predictors: Vec<Predictor>,
    /// Of each row, whether all predictors and the grouping factor are there.
    complete: Vec<bool>,
    /// The level that effects vary by, of each row.
    level: Vec<usize>,
    epochs: Vec<f64>,
}

impl Effects {
    pub(super) fn bind(
        tables: &Tables<'_>,
        fixed: &[String],
        random: &Random,
        categorical: &[String],
        reference: &BTreeMap<String, String>,
        problems: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let by = tables.source("random.by", &random.by, problems);
        let mut names: Vec<&str> = Vec::new();
        let mut sources: Vec<Source> = Vec::new();
        let mut terms: Vec<Term> = Vec::new();
        for (i, term) in fixed.iter().enumerate() {
            let field = format!("fixed.{i}");
            if term.contains(['*', '+', '~', '|', '(']) {
                let message = format!(
                    "`{term}` is a formula; write its terms one by one, as in `[group, age, group:age]` for `group * age`"
                );
                problems.push(ConfigError::at(field, message));
                continue;
            }
            let mut of = Vec::new();
            for part in term.split(':').map(str::trim) {
                let known = names.iter().position(|name| *name == part);
                let Some(place) = known.or_else(|| {
                    let source = tables.source(&field, part, problems)?;
                    names.push(part);
                    sources.push(source);
                    Some(names.len() - 1)
                }) else {
                    continue;
                };
                if of.contains(&place) {
                    problems.push(ConfigError::at(&field, format!("`{part}` is twice in `{term}`")));
                }
                of.push(place);
            }
            if by.as_ref().is_some_and(|by| of.iter().any(|&place| sources[place].name == by.name)) {
                problems.push(ConfigError::at(
                    &field,
                    format!("effects vary by `{}`, so it is no fixed effect", random.by),
                ));
            }
            let set = |term: &Term| term.of.iter().copied().collect::<BTreeSet<usize>>();
            let term = Term { of };
            if terms.iter().any(|other| set(other) == set(&term)) {
                problems.push(ConfigError::at(&field, format!("`{}` is named twice", fixed[i])));
            }
            terms.push(term);
        }
        check_margins(fixed, &terms, &names, problems);
        let mut slopes = Vec::new();
        for (i, slope) in random.slopes.iter().enumerate() {
            let field = format!("random.slopes.{i}");
            match names.iter().position(|name| name == slope) {
                Some(place) if slopes.contains(&place) => {
                    problems.push(ConfigError::at(field, format!("`{slope}` is named twice")));
                }
                Some(place) => slopes.push(place),
                None => {
                    let message = format!(
                        "`{slope}` is no fixed effect, so its slopes would vary around zero; add it to `fixed` (there are: {})",
                        names.join(", ")
                    );
                    problems.push(ConfigError::at(field, message));
                }
            }
        }
        for (i, name) in categorical.iter().enumerate().filter(|(_, name)| !names.contains(&name.as_str())) {
            let message = format!("`{name}` is no fixed effect (there are: {})", names.join(", "));
            problems.push(ConfigError::at(format!("categorical.{i}"), message));
        }
        let effect = |source: Source| Effect {
            is_categorical: !source.is_number || categorical.contains(&source.name),
            reference: reference.get(&source.name).cloned(),
            source,
        };
        let predictors: Vec<Effect> = sources.into_iter().map(effect).collect();
        for name in reference.keys() {
            let message = match predictors.iter().find(|effect| effect.source.name == *name) {
                None => format!("`{name}` is no fixed effect (there are: {})", names.join(", ")),
                Some(effect) if !effect.is_categorical => {
                    format!(
                        "`{name}` holds numbers and has no levels; name it under `categorical` if its numbers are names"
                    )
                }
                Some(_) => continue,
            };
            problems.push(ConfigError::at(format!("reference.{name}"), message));
        }
        Some(Self { predictors, terms, by: by?, slopes })
    }

    pub(super) fn sources(&self) -> Vec<&Source> {
        self.predictors.iter().map(|effect| &effect.source).chain([&self.by]).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.sources().iter().any(|source| source.name == name)
    }

    /// # Errors
    /// An unknown reference level.
    pub(super) fn columns(&self, rows: &Rows<'_>, notes: &mut Vec<String>) -> Result<Columns, SampleError> {
        let by = rows.texts(&self.by)?;
        let mut complete: Vec<bool> = by.iter().map(Option::is_some).collect();
        let mut predictors = Vec::with_capacity(self.predictors.len());
        for Effect { source, is_categorical, reference } in &self.predictors {
            let values = if *is_categorical {
                let texts = rows.texts(source)?;
                complete.iter_mut().zip(&texts).for_each(|(complete, text)| *complete &= text.is_some());
                let mut names = in_order(texts.iter().flatten().cloned().collect());
                match reference {
                    Some(reference) => {
                        let field = format!("reference.{}", source.name);
                        let place = level_named(&source.name, &field, &names, reference)?;
                        let first = names.remove(place);
                        names.insert(0, first);
                    }
                    None => notes.extend(names.first().map(|first| {
                        format!(
                            "`{0}`: levels are compared with `{first}`, the first in order; `reference` names another",
                            source.name
                        )
                    })),
                }
                let level = |text: &Option<String>| names.iter().position(|name| Some(name) == text.as_ref());
                let of_row = texts.iter().map(|text| level(text).unwrap_or_default()).collect();
                Values::Levels { names, of_row }
            } else {
                let numbers = rows.numbers(source)?;
                complete.iter_mut().zip(&numbers).for_each(|(complete, number)| *complete &= number.is_finite());
                Values::Numbers(numbers)
            };
            predictors.push(Predictor { name: source.name.clone(), values });
        }
        let incomplete = complete.iter().filter(|complete| !**complete).count();
        if incomplete > 0 {
            notes.push(format!(
                "{incomplete} rows without a value of all effects and of `{}` are left out",
                self.by.name
            ));
        }
        let levels = in_order(by.iter().flatten().cloned().collect());
        let number: BTreeMap<&String, usize> = levels.iter().enumerate().map(|(number, name)| (name, number)).collect();
        let level = by.iter().map(|name| name.as_ref().map_or(0, |name| number[name])).collect();
        Ok(Columns { predictors, complete, level, epochs: rows.epochs()? })
    }

    /// The model of the rows of a series and their values, in an order that their content fixes.
    pub(super) fn model(&self, columns: &Columns, series: &Series) -> (Model, Vec<f64>) {
        let mut numbers: Vec<(usize, f64)> =
            series.numbers.iter().copied().filter(|(row, _)| columns.complete[*row]).collect();
        let of_predictors = |a: usize, b: usize| {
            let orders = columns.predictors.iter().map(|predictor| match &predictor.values {
                Values::Numbers(values) => values[a].total_cmp(&values[b]),
                Values::Levels { of_row, .. } => of_row[a].cmp(&of_row[b]),
            });
            orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        };
        numbers.sort_by(|&(a, of_a), &(b, of_b)| {
            columns.level[a]
                .cmp(&columns.level[b])
                .then_with(|| columns.epochs[a].total_cmp(&columns.epochs[b]))
                .then_with(|| of_predictors(a, b))
                .then_with(|| of_a.total_cmp(&of_b))
        });
        let rows: Vec<usize> = numbers.iter().map(|(row, _)| *row).collect();
        let predictor = |predictor: &Predictor| Predictor {
            name: predictor.name.clone(),
            values: match &predictor.values {
                Values::Numbers(values) => Values::Numbers(rows.iter().map(|&row| values[row]).collect()),
                Values::Levels { names, of_row } => {
                    Values::Levels { names: names.clone(), of_row: rows.iter().map(|&row| of_row[row]).collect() }
                }
            },
        };
        let model = Model {
            predictors: columns.predictors.iter().map(predictor).collect(),
            terms: self.terms.clone(),
            by: self.by.name.clone(),
            level_of_row: rows.iter().map(|&row| columns.level[row]).collect(),
            slopes: self.slopes.clone(),
        };
        (model, numbers.into_iter().map(|(_, value)| value).collect())
    }
}

/// Parts of an interaction stand by themselves as well: without them its columns mean something else.
fn check_margins(fixed: &[String], terms: &[Term], names: &[&str], problems: &mut Vec<ConfigError>) {
    for term in terms.iter().filter(|term| term.of.len() > 1) {
        for left_out in &term.of {
            let part: BTreeSet<usize> = term.of.iter().copied().filter(|of| of != left_out).collect();
            if !terms.iter().any(|other| other.of.iter().copied().collect::<BTreeSet<usize>>() == part) {
                let name = |of: &mut dyn Iterator<Item = usize>| of.map(|of| names[of]).collect::<Vec<_>>().join(":");
                let (whole, part) = (name(&mut term.of.iter().copied()), name(&mut part.into_iter()));
                let place =
                    fixed.iter().position(|text| text.split(':').map(str::trim).collect::<Vec<_>>().join(":") == whole);
                let field = place.map_or_else(|| "fixed".to_owned(), |place| format!("fixed.{place}"));
                problems.push(ConfigError::at(field, format!("`{whole}` needs `{part}` as a fixed effect of its own")));
            }
        }
    }
}
