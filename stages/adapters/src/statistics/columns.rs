//! Which columns are values, which say to which group a row belongs, and in which of the two tables they are.

use arrow_schema::DataType;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, ConfigError, PortMode, PortSchema, PortSpec, Read};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::FREE;

pub(super) const FEATURES: &str = "features";
pub(super) const GROUPS: &str = "groups";
pub(super) const SAMPLE: &str = "sample";
pub(super) const CHANNEL: &str = "channel";
pub(super) const EPOCH: &str = "epoch";
/// Of whom a sample is, where a table says so.
pub(super) const SUBJECT: &str = "subject";

/// Features, predictions or any other table of numbers, and a table with a row per sample that says what it is of.
pub(super) const PORTS: &[PortSpec] =
    &[PortSpec::new(FEATURES, FREE, PortMode::Either, true), PortSpec::new(GROUPS, FREE, PortMode::Either, false)];

/// The tables that a stage is bound to.
pub(super) struct Tables<'a> {
    pub(super) features: &'a PortSchema,
    pub(super) groups: Option<&'a PortSchema>,
}

/// A column and the input that it is read from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub(super) port: &'static str,
    pub(super) name: String,
    /// Whether it holds numbers, fractions or not.
    pub(super) is_number: bool,
}

/// The columns whose numbers are compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    pub(super) columns: Vec<String>,
    /// The column of text that says what a row is of, as `target` of predictions.
    pub(super) split: Option<String>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(request: &'a BindRequest<'_>) -> Result<Self, Vec<ConfigError>> {
        let Some(features) = request.input(FEATURES) else {
            return Err(vec![ConfigError::at("inputs", "the input `features` is missing")]);
        };
        Ok(Self { features, groups: request.input(GROUPS) })
    }

    /// The column that the configuration names at `field`: of the groups, else of the features.
    pub(super) fn source(&self, field: &str, name: &str, problems: &mut Vec<ConfigError>) -> Option<Source> {
        let found = self.find(name);
        if found.is_none() {
            let known: Vec<&str> = self.groups.into_iter().chain([self.features]).flat_map(names).collect();
            let near = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
            let tables =
                if self.groups.is_some() { "neither groups nor features have" } else { "the features do not have" };
            let known = known.join(", ");
            problems.push(ConfigError::at(
                field,
                format!("{tables} a column `{name}`{} (there are: {known})", near.unwrap_or_default()),
            ));
        }
        found
    }

    pub(super) fn find(&self, name: &str) -> Option<Source> {
        // Schemas of sample-wise tables do not name it.
        if name == SAMPLE {
            return self.has_samples().then(|| Source { port: FEATURES, name: SAMPLE.to_owned(), is_number: false });
        }
        let source = |port: &'static str, schema: &TableSchema| {
            let is_number = schema.column(name)?.data_type().is_numeric();
            Some(Source { port, name: name.to_owned(), is_number })
        };
        // Channels and epochs are those of the rows.
        let of_groups = self.groups.filter(|_| ![CHANNEL, EPOCH].contains(&name));
        of_groups.and_then(|groups| source(GROUPS, &groups.schema)).or_else(|| source(FEATURES, &self.features.schema))
    }

    /// Whether samples are told apart by their labels: a whole table says by them whose its rows are.
    pub(super) fn by_label(&self) -> bool {
        let sample_wise = self.features.sample_wise && self.groups.is_none_or(|groups| groups.sample_wise);
        !sample_wise
    }

    /// Whether rows say of which sample they are.
    pub(super) fn has_samples(&self) -> bool {
        self.features.sample_wise || self.features.schema.column(SAMPLE).is_some()
    }

    /// Tables whose rows cannot be joined.
    pub(super) fn check_join(&self, problems: &mut Vec<ConfigError>) {
        let message = "this whole table has no column `sample` that says to which sample a row belongs";
        if let Some(groups) = self.groups {
            for input in [self.features, groups] {
                if !input.sample_wise && input.schema.column(SAMPLE).is_none() {
                    problems.push(ConfigError::at(format!("inputs.{}", input.port), message));
                }
            }
        }
    }

    /// The values that are compared: those that the configuration names, or all columns of fractional numbers that are nothing else.
    pub(super) fn values(
        &self,
        values: Option<&[String]>,
        split: Option<&str>,
        taken: &[&Source],
        (problems, notes): (&mut Vec<ConfigError>, &mut Vec<String>),
    ) -> Values {
        let schema = &self.features.schema;
        let is_text = |name: &str| schema.column(name).is_some_and(|field| is_text(field.data_type()));
        let is_fraction = |name: &str| schema.column(name).is_some_and(|field| field.data_type().is_floating());
        let of_predictions = is_text("target") && is_fraction("mean");
        let split = match split {
            None => of_predictions.then(|| "target".to_owned()),
            Some(name) if is_text(name) && name != CHANNEL && name != SAMPLE => Some(name.to_owned()),
            Some(name) => {
                let texts: Vec<&str> =
                    schema.column_names().filter(|name| is_text(name) && ![CHANNEL, SAMPLE].contains(name)).collect();
                let known = if texts.is_empty() {
                    "there are none".to_owned()
                } else {
                    format!("there are: {}", texts.join(", "))
                };
                let message = format!("`{name}` is no column of text of the features beside `channel` ({known})");
                problems.push(ConfigError::at("split", message));
                None
            }
        };
        let is_taken = |name: &str| {
            [SAMPLE, CHANNEL, EPOCH].contains(&name)
                || taken.iter().any(|source| source.port == FEATURES && source.name == name)
        };
        let Some(named) = values else {
            if of_predictions {
                return Values { columns: vec!["mean".to_owned()], split };
            }
            let columns: Vec<String> =
                schema.column_names().filter(|name| is_fraction(name) && !is_taken(name)).map(str::to_owned).collect();
            let whole: Vec<&str> = schema
                .column_names()
                .filter(|name| schema.column(name).is_some_and(|f| f.data_type().is_integer()) && !is_taken(name))
                .collect();
            if !whole.is_empty() {
                notes.push(format!(
                    "columns of whole numbers are compared where `values` names them: {}",
                    whole.join(", ")
                ));
            }
            if columns.is_empty() {
                problems.push(ConfigError::at(
                    "inputs.features",
                    "this table has no columns of fractional numbers; name others by `values`",
                ));
            }
            return Values { columns, split };
        };
        if named.is_empty() {
            problems.push(ConfigError::at("values", "no column is named"));
        }
        for (i, name) in named.iter().enumerate() {
            let message = match schema.column(name) {
                None => {
                    let known: Vec<&str> = schema
                        .column_names()
                        .filter(|n| schema.column(n).is_some_and(|f| f.data_type().is_numeric()))
                        .collect();
                    let near = nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
                    format!(
                        "the features have no column `{name}`{} (numbers: {})",
                        near.unwrap_or_default(),
                        known.join(", ")
                    )
                }
                Some(field) if !field.data_type().is_numeric() => format!("the column `{name}` holds no numbers"),
                Some(_) if is_taken(name) => format!("`{name}` says whose a row is; it is no value"),
                Some(_) if named[..i].contains(name) => format!("`{name}` is named twice"),
                Some(_) => continue,
            };
            problems.push(ConfigError::at(format!("values.{i}"), message));
        }
        Values { columns: named.to_vec(), split }
    }

    /// What is read: the values, and these columns.
    pub(super) fn reads(&self, values: &Values, sources: &[&Source], labels_of_rows: bool) -> Vec<Read> {
        let by_label = self.by_label();
        let of_port = |input: &PortSchema, columns: Vec<String>| {
            let mut names: Vec<String> = Vec::new();
            let sample = (!input.sample_wise && (self.groups.is_some() || labels_of_rows)).then(|| SAMPLE.to_owned());
            for name in sample.into_iter().chain(columns) {
                if !names.contains(&name) && input.schema.column(&name).is_some() {
                    names.push(name);
                }
            }
            Read { labels: by_label && input.sample_wise, ..Read::columns(&input.port, names) }
        };
        let of_sources = |port: &str| {
            sources
                .iter()
                .filter(|source| source.port == port && source.name != SAMPLE)
                .map(|source| source.name.clone())
                .collect::<Vec<_>>()
        };
        let keys = [CHANNEL, EPOCH].map(str::to_owned).into_iter();
        let of_features = keys
            .chain(values.split.clone())
            .chain(values.columns.iter().cloned())
            .chain(of_sources(FEATURES))
            .collect();
        let features = of_port(self.features, of_features);
        std::iter::once(features).chain(self.groups.map(|groups| of_port(groups, of_sources(GROUPS)))).collect()
    }
}

/// Names of columns but for that of the sample.
fn names(input: &PortSchema) -> Vec<&str> {
    input.schema.column_names().filter(|name| *name != SAMPLE).collect()
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}
