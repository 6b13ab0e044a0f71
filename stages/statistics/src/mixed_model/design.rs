//! What a model is made of: predictors, terms, and the columns that they become.
//!
//! A predictor of numbers is a column. One of levels is a column for each level but the first, the reference: 1 in rows of the
//! level, else 0 (treatment contrasts). An interaction has the products of the columns of its predictors.

use nalgebra::DMatrix;

/// A predictor with a value in every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictor {
    /// What columns and messages call it.
    pub name: String,
    /// Its values, one per row.
    pub values: Values,
}

/// Values of a predictor.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers, all finite.
    Numbers(Vec<f64>),
    /// Levels.
    Levels {
        /// Names; the first is the reference.
        names: Vec<String>,
        /// The level of each row.
        of_row: Vec<usize>,
    },
}

/// A main effect or an interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Indices of its predictors; several are an interaction.
    pub of: Vec<usize>,
}

/// A model without the values that it explains.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What terms and slopes are made of.
    pub predictors: Vec<Predictor>,
    /// Fixed effects beside the intercept.
    pub terms: Vec<Term>,
    /// What the effects vary by, such as `subject`.
    pub by: String,
    /// The level of each row, from 0.
    pub level_of_row: Vec<usize>,
    /// Predictors whose effect varies by level, beside the intercept.
    pub slopes: Vec<usize>,
}

/// A model that cannot be fitted, whatever the values are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A predictor does not vary.
    #[error("`{predictor}` has one level, `{level}`; a fixed effect needs two or more")]
    OneLevel {
        /// Its name.
        predictor: String,
        /// The level of all rows.
        level: String,
    },
    /// Rows of a level are missing.
    #[error("no value has the level `{level}` of `{predictor}`")]
    MissingLevel {
        /// Name of the predictor.
        predictor: String,
        /// Name of the level.
        level: String,
    },
    /// Columns depend on each other.
    #[error(
        "the fixed effect `{column}` follows from those before it ({before}), so that its size is not defined; leave it, or one of them, out"
    )]
    Collinear {
        /// The first column that does.
        column: String,
        /// The others.
        before: String,
    },
    /// The same of effects that vary.
    #[error("the slope `{column}` follows from the intercept and the slopes before it; leave it out")]
    CollinearSlope {
        /// The first column that does.
        column: String,
    },
    /// Nothing to estimate variances from.
    #[error("all values have one {by}; effects that vary by {by} need two or more")]
    OneGroup {
        /// What effects vary by.
        by: String,
    },
    /// As many effects as values.
    #[error(
        "{values} values of {levels} levels of `{by}` are too few for {effects} effects of each level: more than {} are needed{}",
        levels * effects, if *effects == 1 { ", so some levels need several" } else { "" }
    )]
    TooManyEffects {
        /// What effects vary by.
        by: String,
        /// Rows.
        values: usize,
        /// Levels of the factor.
        levels: usize,
        /// Of each level.
        effects: usize,
    },
    /// No more rows than columns.
    #[error("{values} values are too few for {columns} fixed effects with the intercept")]
    TooFewValues {
        /// Rows.
        values: usize,
        /// Columns.
        columns: usize,
    },
}

/// A column of a matrix and the term that it belongs to; the intercept belongs to none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) term: Option<usize>,
    values: Vec<f64>,
}

impl Model {
    /// What a term is called: its predictors, joined by `:`.
    pub fn term_name(&self, term: &Term) -> String {
        let names: Vec<&str> = term.of.iter().map(|&of| self.predictors[of].name.as_str()).collect();
        names.join(":")
    }

    /// The model without a term; none where the term is part of an interaction that remains.
    pub fn without(&self, term: usize) -> Option<Self> {
        let dropped = &self.terms[term];
        let holds = |other: &Term| other != dropped && dropped.of.iter().all(|of| other.of.contains(of));
        if self.terms.iter().any(holds) {
            return None;
        }
        let mut reduced = self.clone();
        reduced.terms.remove(term);
        Some(reduced)
    }

    /// The columns of fixed effects in some rows, the intercept first.
    pub(super) fn fixed(&self, rows: &[usize]) -> Result<Vec<Column>, ModelError> {
        self.check_levels(rows)?;
        let mut columns = vec![intercept(rows)];
        for (number, term) in self.terms.iter().enumerate() {
            let of_term = self.columns_of(term, rows);
            columns.extend(of_term.into_iter().map(|column| Column { term: Some(number), ..column }));
        }
        Ok(columns)
    }

    /// The columns of the effects that vary in some rows, the intercept first.
    pub(super) fn varying(&self, rows: &[usize]) -> Vec<Column> {
        let slopes = self.slopes.iter().flat_map(|&slope| self.columns_of(&Term { of: vec![slope] }, rows));
        std::iter::once(intercept(rows)).chain(slopes).collect()
    }

    /// Levels of the grouping factor that some rows have: of each row, and their number.
    pub(super) fn groups(&self, rows: &[usize]) -> (Vec<usize>, usize) {
        let present: std::collections::BTreeSet<usize> = rows.iter().map(|&row| self.level_of_row[row]).collect();
        let number: std::collections::BTreeMap<usize, usize> =
            present.iter().enumerate().map(|(number, &level)| (level, number)).collect();
        (rows.iter().map(|&row| number[&self.level_of_row[row]]).collect(), present.len())
    }

    fn check_levels(&self, rows: &[usize]) -> Result<(), ModelError> {
        for predictor in &self.predictors {
            let Values::Levels { names, of_row } = &predictor.values else { continue };
            let has = |level: usize| rows.iter().any(|&row| of_row[row] == level);
            let present: Vec<usize> = (0..names.len()).filter(|&level| has(level)).collect();
            if let [only] = present[..] {
                return Err(ModelError::OneLevel { predictor: predictor.name.clone(), level: names[only].clone() });
            }
            if let Some(level) = (0..names.len()).find(|level| !present.contains(level)) {
                return Err(ModelError::MissingLevel {
                    predictor: predictor.name.clone(),
                    level: names[level].clone(),
                });
            }
        }
        Ok(())
    }

    fn columns_of(&self, term: &Term, rows: &[usize]) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for &of in &term.of {
            let own = self.predictors[of].columns(rows);
            columns = match columns.is_empty() {
                true => own,
                false => columns.iter().flat_map(|a| own.iter().map(|b| a.times(b))).collect(),
            };
        }
        columns
    }
}

impl Predictor {
    fn columns(&self, rows: &[usize]) -> Vec<Column> {
        match &self.values {
            Values::Numbers(values) => {
                vec![Column {
                    name: self.name.clone(),
                    term: None,
                    values: rows.iter().map(|&row| values[row]).collect(),
                }]
            }
            Values::Levels { names, of_row } => {
                let indicator =
                    |level: usize| rows.iter().map(|&row| f64::from(u8::from(of_row[row] == level))).collect();
                let column = |level: usize| Column {
                    name: format!("{}[{}]", self.name, names[level]),
                    term: None,
                    values: indicator(level),
                };
                (1..names.len()).map(column).collect()
            }
        }
    }
}

impl Column {
    fn times(&self, other: &Self) -> Self {
        Self {
            name: format!("{}:{}", self.name, other.name),
            term: None,
            values: self.values.iter().zip(&other.values).map(|(a, b)| a * b).collect(),
        }
    }

    /// Whether all rows of each level have one value.
    pub(super) fn is_constant_within(&self, groups: &[usize], levels: usize) -> bool {
        let mut of_level: Vec<Option<f64>> = vec![None; levels];
        groups.iter().zip(&self.values).all(|(&group, &value)| *of_level[group].get_or_insert(value) == value)
    }
}

fn intercept(rows: &[usize]) -> Column {
    Column { name: "(Intercept)".to_owned(), term: None, values: vec![1.0; rows.len()] }
}

/// Orthonormal columns Q and the triangle R of the columns, or the first of them that follows from those before it.
pub(super) fn orthonormal(columns: &[Column]) -> Result<(DMatrix<f64>, DMatrix<f64>), usize> {
    let matrix = DMatrix::from_fn(columns[0].values.len(), columns.len(), |row, column| columns[column].values[row]);
    let norms: Vec<f64> = (0..columns.len()).map(|column| matrix.column(column).norm()).collect();
    let qr = matrix.qr();
    let r = qr.r();
    // What is left of a column when those before it are taken away; less than this is rounding.
    if let Some(column) = (0..columns.len()).find(|&i| r[(i, i)].abs().is_nan() || r[(i, i)].abs() <= 1e-10 * norms[i])
    {
        return Err(column);
    }
    Ok((qr.q(), r))
}
