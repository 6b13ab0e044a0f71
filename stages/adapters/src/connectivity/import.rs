//! `connectivity.import`: connections of users, as a matrix or a list.
//!
//! Several files are a sample each, in the natural order of their names (`2` before `10`). What a result depends on is what comes out: where a file lies
//! computes nothing anew. Files are read when a pipeline is checked.

mod files;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use arrow_array::RecordBatch;
use lapicque_pipeline::{BindRequest, ConfigError, Output, Stage};
use lapicque_schemas::tables::connectivity;
use lapicque_schemas::{Digest, content_digest};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::import::names_of;
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::read_files::ReadFiles;

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "connectivity.import",
    summary: "Read the connections of a network of neurons from NPY, CSV, Parquet, MAT and Matrix Market files",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// A file, a pattern such as `w0/*.npy`, or a list of them. A matrix: .npy, .npz, .csv, .tsv, .txt, .mat, .parquet, .arrow, or Matrix Market (.mtx). A list of connections: .csv, .tsv, .parquet, .arrow with columns presynaptic, postsynaptic and weight. Several files are a sample each, in the natural order of their names.
    path: Paths,
    /// The array in .mat and .npz files that have several.
    #[serde(default)]
    variable: Option<String>,
    /// What rows of matrices are: `presynaptic` (default; weights[i, j] goes from i to j) or `postsynaptic`.
    #[serde(default)]
    rows: Rows,
    /// The number of the first neuron in lists of connections, 0 (default) or 1. Matrix Market counts from 1 by itself.
    #[serde(default)]
    numbered_from: u32,
    /// How many neurons there are, where lists do not name the last ones (default: the largest number says it).
    #[serde(default)]
    neurons: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Rows {
    #[default]
    Presynaptic,
    Postsynaptic,
}

/// One name or pattern, or several.
#[derive(Debug, Clone, PartialEq)]
struct Paths(Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PathsVisitor)
    }
}

struct PathsVisitor;

impl<'de> Visitor<'de> for PathsVisitor {
    type Value = Paths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file, or a list of files")
    }

    fn visit_str<E>(self, path: &str) -> Result<Paths, E> {
        Ok(Paths(vec![path.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Paths, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Paths)
    }
}

impl JsonSchema for Paths {
    fn schema_name() -> Cow<'static, str> {
        "ConnectivityPaths".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (one, several) = (generator.subschema_for::<String>(), generator.subschema_for::<Vec<String>>());
        json_schema!({"anyOf": [one, several]})
    }
}

/// The connections of a file.
#[derive(Debug, Default)]
struct Connections {
    neurons: u32,
    /// Presynaptic, postsynaptic, weight.
    rows: Vec<(u32, u32, f64)>,
    notes: Vec<String>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.numbered_from > 1 {
        return problem("numbered_from", format!("expected 0 or 1, got {}", config.numbered_from));
    }
    if config.path.0.is_empty() {
        return problem("path", "no files; give at least one");
    }
    import(request, &config).map_err(|error| vec![error])
}

fn import(request: &BindRequest<'_>, config: &Config) -> Result<Box<dyn Stage>, ConfigError> {
    let mut paths = Vec::new();
    for path in &config.path.0 {
        let mut matching = request.matching("path", path)?;
        matching.sort_by(|one, other| natural(one, other));
        paths.extend(matching);
    }
    let (mut read, mut notes) = (Vec::new(), Vec::new());
    for path in &paths {
        let file = request.open("path", path)?;
        let fail = |message: String| ConfigError::at("path", format!("`{}`: {message}", file.name));
        let connections = files::read(&file, config)?;
        let (table, digest) = of_connections(&connections, config.neurons).map_err(fail)?;
        read.push((vec![table], digest));
        notes.extend(connections.notes.into_iter().map(|note| format!("`{}`: {note}", file.name)));
    }
    let labels = (read.len() > 1).then(|| names_of(&paths.iter().map(String::as_str).collect::<Vec<_>>()));
    let output = Output::new(connectivity::TABLE, connectivity::schema());
    Ok(Box::new(ReadFiles::new(REVISION, vec![output], labels, read, notes)))
}

fn of_connections(connections: &Connections, neurons: Option<u32>) -> Result<(RecordBatch, Digest), String> {
    if let Some((from, to, weight)) = connections.rows.iter().find(|row| !row.2.is_finite()) {
        return Err(format!(
            "the weight from neuron {from} to neuron {to} (from 0) is {weight}; it must be a finite number"
        ));
    }
    let found = connections.neurons;
    let neurons = match neurons {
        Some(neurons) if neurons < found => {
            return Err(format!("it has {found} neurons, and `neurons` is {neurons}"));
        }
        Some(neurons) => neurons,
        None => found,
    };
    if neurons == 0 {
        return Err("it has no neurons".to_owned());
    }
    let table = connectivity::write(neurons, &connections.rows).map_err(|error| error.to_string())?;
    let digest = content_digest(&table.schema(), std::slice::from_ref(&table)).map_err(|error| error.to_string())?;
    Ok((table, digest))
}

/// As people sort names: numbers in them by what they are worth.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut one_left, mut other_left) = (one, other);
    while let (Some(a), Some(b)) = (one_left.chars().next(), other_left.chars().next()) {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (of_one, of_other) = (digits(one_left), digits(other_left));
        let order = if of_one > 0 && of_other > 0 {
            let worth = |text: &str, end: usize| text[..end].trim_start_matches('0').to_owned();
            let (a, b) = (worth(one_left, of_one), worth(other_left, of_other));
            (one_left, other_left) = (&one_left[of_one..], &other_left[of_other..]);
            a.len().cmp(&b.len()).then(a.cmp(&b))
        } else {
            (one_left, other_left) = (&one_left[a.len_utf8()..], &other_left[b.len_utf8()..]);
            a.cmp(&b)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    one_left.len().cmp(&other_left.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_do() {
        let mut names = ["w10.npy", "w2.npy", "b/1", "a/10", "a/9", "w02.npy", "w1.npy", "w"];
        names.sort_by(|one, other| natural(one, other));
        assert_eq!(names, ["a/9", "a/10", "b/1", "w", "w1.npy", "w02.npy", "w2.npy", "w10.npy"]);
    }
}
