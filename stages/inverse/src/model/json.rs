//! A model as one JSON document: its head, with the arrays of numbers in it as nested lists, by their paths.
//!
//! Documents of earlier versions are read as well: version 2 had the trees of forests one by one, and the triangle of the leverage as a list of rows; version 1
//! had no leverage.

use serde_json::{Map, Number, Value};

use super::parts::{FORMAT_VERSION, Model, ModelHead, unknown_version};
use crate::InverseError;
use crate::estimators::{Members, NamedArray};

impl Model {
    /// One JSON document.
    ///
    /// # Errors
    /// A number that JSON does not have; a model that passes its check has none.
    pub fn to_json(&self) -> Result<String, InverseError> {
        let (head, arrays) = self.parts();
        let head = serde_json::to_value(head).map_err(|error| not_json(&error))?;
        Ok(nested(head, &arrays).to_string())
    }

    /// The model of a document.
    ///
    /// # Errors
    /// Text that is no model document, and what [`Model::of_parts`] refuses.
    pub fn from_json(text: &str) -> Result<Self, InverseError> {
        let (head, arrays) = parts(serde_json::from_str(text).map_err(|error| not_json(&error))?)?;
        let head: ModelHead = serde_json::from_value(head).map_err(|error| not_json(&error))?;
        Self::of_parts(head, arrays)
    }
}

fn not_json(error: &serde_json::Error) -> InverseError {
    InverseError::Document { field: "document".to_owned(), problem: error.to_string() }
}

/// The document of a head, as JSON, and arrays.
pub fn nested(mut head: Value, arrays: &[NamedArray]) -> Value {
    for NamedArray { name, shape, values } in arrays {
        // Numbers of nodes and features read better as whole numbers, and mean the same.
        let whole = values
            .iter()
            .all(|value| value.fract() == 0.0 && value.abs() < 1e15 && value.to_bits() != (-0.0f64).to_bits());
        let lists = lists(shape, &mut values.iter().copied(), whole);
        insert(&mut head, &name.split('.').collect::<Vec<_>>(), lists);
    }
    head
}

fn insert(place: &mut Value, path: &[&str], value: Value) {
    match (path.split_first(), place) {
        (Some((&name, below)), Value::Object(map)) => {
            insert(map.entry(name).or_insert_with(|| Value::Object(Map::new())), below, value);
        }
        (_, place) => *place = value,
    }
}

fn lists(shape: &[usize], values: &mut impl Iterator<Item = f64>, whole: bool) -> Value {
    match shape.split_first() {
        Some((&length, inner)) => Value::Array((0..length).map(|_| lists(inner, values, whole)).collect()),
        None => match values.next() {
            Some(value) if whole => Value::Number(Number::from(value as i64)),
            value => value.and_then(Number::from_f64).map_or(Value::Null, Value::Number),
        },
    }
}

/// The head of a document of any version, as one of this version, and its arrays: the lists within `fitted` and `leverage`.
///
/// # Errors
/// A list that is no array of numbers.
pub fn parts(document: Value) -> Result<(Value, Vec<NamedArray>), InverseError> {
    let mut head = upgraded(document)?;
    let mut arrays = Vec::new();
    if let Some(Value::Object(kinds)) = head.get_mut("fitted") {
        for (kind, of_kind) in kinds {
            let path = format!("fitted.{kind}");
            take_arrays(&path, of_kind, &mut arrays)?;
            if kind == Members::KIND {
                for_each_part(&path, of_kind, &mut |path, member| take_arrays_of_member(path, member, &mut arrays))?;
            }
        }
    }
    if let Some(leverage) = head.get_mut("leverage") {
        take_arrays("leverage", leverage, &mut arrays)?;
    }
    Ok((head, arrays))
}

fn take_arrays_of_member(path: &str, member: &mut Value, arrays: &mut Vec<NamedArray>) -> Result<(), InverseError> {
    take_arrays(path, member, arrays)?;
    if let Some(fitted) = member.get_mut("fitted") {
        take_arrays(&format!("{path}.fitted"), fitted, arrays)?;
    }
    let Some(steps) = member.get_mut("steps") else {
        return Ok(());
    };
    for_each_part(&format!("{path}.steps"), steps, &mut |path, step| take_arrays(path, step, arrays))
}

fn for_each_part(
    path: &str,
    whole: &mut Value,
    take: &mut dyn FnMut(&str, &mut Value) -> Result<(), InverseError>,
) -> Result<(), InverseError> {
    let parts = whole.as_object_mut().into_iter().flatten();
    parts.into_iter().try_for_each(|(name, part)| take(&format!("{path}.{name}"), part))
}

fn take_arrays(path: &str, value: &mut Value, arrays: &mut Vec<NamedArray>) -> Result<(), InverseError> {
    let Value::Object(map) = value else {
        return Ok(());
    };
    let names: Vec<String> = map.iter().filter(|(_, value)| value.is_array()).map(|(name, _)| name.clone()).collect();
    for name in names {
        let path = format!("{path}.{name}");
        let list = map.shift_remove(&name).unwrap_or_default();
        let (mut shape, mut values) = (Vec::new(), Vec::new());
        flatten(&path, &list, 0, &mut shape, &mut values)?;
        arrays.push(NamedArray { name: path, shape, values });
    }
    Ok(())
}

/// Appends the numbers of nested lists, and checks that lists beside each other have one length.
fn flatten(
    path: &str,
    value: &Value,
    depth: usize,
    shape: &mut Vec<usize>,
    values: &mut Vec<f64>,
) -> Result<(), InverseError> {
    let wrong = |problem: String| Err(InverseError::Document { field: path.to_owned(), problem });
    let first = values.is_empty();
    match value {
        Value::Array(items) => {
            match shape.get(depth) {
                None if first => shape.push(items.len()),
                Some(&length) if length == items.len() => {}
                Some(length) => return wrong(format!("has {} entries; those before it have {length}", items.len())),
                None => return wrong("is a list; those before it are numbers".to_owned()),
            }
            for (place, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{place}]"), item, depth + 1, shape, values)?;
            }
            Ok(())
        }
        Value::Number(number) if shape.len() == depth => {
            values.push(number.as_f64().unwrap_or(f64::NAN));
            Ok(())
        }
        Value::Number(number) => wrong(format!("is {number}; those before it are lists")),
        other => wrong(format!("is {other}; it must be a number")),
    }
}

/// A document of an earlier version as one of this version.
fn upgraded(mut document: Value) -> Result<Value, InverseError> {
    match document.get("format_version").and_then(Value::as_u64) {
        Some(version) if version < u64::from(FORMAT_VERSION) && version > 0 => {}
        Some(version) if version != u64::from(FORMAT_VERSION) => return Err(unknown_version(version)),
        _ => return Ok(document),
    }
    if let Some(map) = document.as_object_mut() {
        map.insert("format_version".to_owned(), FORMAT_VERSION.into());
    }
    if let Some(whitening) = document.pointer_mut("/leverage/whitening") {
        *whitening = triangle(whitening)?;
    }
    let seed = document.pointer_mut("/estimator/random_forest").and_then(Value::as_object_mut);
    let seed = seed.and_then(|parameters| parameters.shift_remove("seed")).unwrap_or_else(|| 0.into());
    if let Some(forests @ Value::Array(_)) = document.pointer_mut("/fitted/random_forest") {
        *forests = all_trees(forests, seed)?;
    }
    Ok(document)
}

fn triangle(rows: &Value) -> Result<Value, InverseError> {
    let mut flat = Vec::new();
    for (row, line) in rows.as_array().into_iter().flatten().enumerate() {
        let line = line.as_array().map_or(&[][..], Vec::as_slice);
        crate::error::check_length(
            &format!("leverage.whitening[{row}]"),
            line.len(),
            row + 1,
            "features up to this one",
        )?;
        flat.extend_from_slice(line);
    }
    Ok(Value::Array(flat))
}

/// The nodes of the trees of all targets, one after the other.
fn all_trees(forests: &Value, seed: Value) -> Result<Value, InverseError> {
    const COLUMNS: [&str; 5] = ["feature", "threshold", "at_most", "above", "value"];
    let mut columns: [Vec<Value>; 5] = Default::default();
    let (mut trees_of_target, mut nodes_of_tree) = (Vec::new(), Vec::new());
    for (target, forest) in forests.as_array().into_iter().flatten().enumerate() {
        let trees = forest.get("trees").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        trees_of_target.push(trees.len().into());
        for (place, tree) in trees.iter().enumerate() {
            let column = |name: &str| tree.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let nodes = column("value").len();
            let field = format!("fitted.random_forest[{target}].trees[{place}]");
            for (name, all) in COLUMNS.iter().zip(&mut columns) {
                crate::error::check_length(
                    &format!("{field}.{name}"),
                    column(name).len(),
                    nodes,
                    "entries of `value`",
                )?;
                all.extend_from_slice(column(name));
            }
            nodes_of_tree.push(nodes.into());
        }
    }
    let arrays = COLUMNS.iter().zip(columns).map(|(name, values)| ((*name).to_owned(), Value::Array(values)));
    let counts = [
        ("seed".to_owned(), seed),
        ("trees_of_target".to_owned(), Value::Array(trees_of_target)),
        ("nodes_of_tree".to_owned(), Value::Array(nodes_of_tree)),
    ];
    Ok(Value::Object(counts.into_iter().chain(arrays).collect()))
}
