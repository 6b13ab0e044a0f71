//! `connectome.import`: weights and lengths of fibres of users, as a connectome ([`lapicque_neuralmass::connectome`] says what is done to them).
//!
//! Several files are a sample each, or one mean. What a result depends on is what comes out: where a file lies computes nothing anew. Files are read when a
//! pipeline is checked.

mod config;
mod files;

use lapicque_neuralmass::connectome::{
    Connectome, ConnectomeError, Hemisphere, Normalisation, Place, Threshold, mean, refuse_memory,
};
use lapicque_pipeline::{BindRequest, ConfigError, FileRef, Stage};
use lapicque_recording::matrix::Matrix;

use super::tables::{outputs, tables};
use crate::import::names_of;
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::read_files::{ReadFiles, digest_of};
use config::{Config, Normalise, Rows};
pub(crate) use files::matrix;
use files::{Subject, divisors, names, read_subject};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "connectome.import",
    summary: "Read a connectome (weights, lengths, names and places of nodes) from NPY, CSV, MAT, Parquet and TVB files",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    config.check()?;
    one(|| import(request, &config))
}

fn one<T>(work: impl FnOnce() -> Result<T, ConfigError>) -> Result<T, Vec<ConfigError>> {
    work().map_err(|error| vec![error])
}

fn import(request: &BindRequest<'_>, config: &Config) -> Result<Box<dyn Stage>, ConfigError> {
    let weights = opened(request, "path", &config.path)?;
    let lengths = beside(request, "lengths", config.lengths.as_deref(), weights.len())?;
    let by = beside(request, "divisors", config.divisors.as_deref(), weights.len())?;
    let labels = config.labels.as_deref().map(|path| request.open("labels", path).and_then(|file| names(&file)));
    let labels = labels.transpose()?;
    let positions = config.positions.as_deref().map(|path| request.open("positions", path));
    let positions = positions.transpose()?.map(|file| Ok((matrix(&file, "positions", None)?, file))).transpose()?;
    let mut notes: Vec<String> = paired(&weights, "lengths", &lengths).into_iter().collect();
    notes.extend(paired(&weights, "divisors", &by));
    let mut subjects = Vec::with_capacity(weights.len());
    for (number, file) in weights.iter().enumerate() {
        let subject = read_subject(file, of(&lengths, number), config)?;
        let fail = |message: String| ConfigError::at("path", format!("`{}`: {message}", file.name));
        let (labels, places) =
            nodes(&subject, labels.as_deref(), positions.as_ref().map(|(matrix, _)| matrix)).map_err(fail)?;
        if subject.lengths_mm.is_none() && number == 0 {
            notes.push("there are no lengths of fibres: they are 0, and nothing is delayed".to_owned());
        }
        let by = of(&by, number).map(divisors).transpose()?;
        let connectome = prepared(subject, labels, by.as_deref(), config).map_err(|error| fail(error.to_string()))?;
        subjects.push((connectome, places));
    }
    let names = names_of(&weights.iter().map(|file| file.name.as_str()).collect::<Vec<_>>());
    let fail = |error: ConnectomeError| ConfigError::at("path", error);
    let threshold = config.threshold.map(Threshold::Absolute).or(config.density.map(Threshold::Density));
    let kept = |connectome: Connectome| match threshold {
        Some(threshold) => connectome.thresholded(threshold),
        None => Ok(connectome),
    };
    if config.mean {
        let places = subjects.first().map(|(_, places)| places.clone()).unwrap_or_default();
        if subjects.iter().any(|(_, other)| *other != places) {
            return Err(ConfigError::at("mean", "nodes lie elsewhere in other files; a mean has no places for them"));
        }
        let order = weights.iter().map(|file| format!("`{}`", file.name)).collect::<Vec<_>>();
        if order.len() > 1 {
            notes.push(format!("the mean of {} files, summed in the order {}", order.len(), order.join(", ")));
        }
        let mean = mean(subjects.into_iter().map(|(connectome, _)| connectome)).and_then(kept).map_err(fail)?;
        return finish(None, vec![(mean, places)], notes);
    }
    let subjects: Vec<(Connectome, Vec<Place>)> = subjects
        .into_iter()
        .map(|(connectome, places)| Ok((kept(connectome)?, places)))
        .collect::<Result<_, _>>()
        .map_err(fail)?;
    finish((subjects.len() > 1).then_some(names), subjects, notes)
}

fn finish(
    labels: Option<Vec<String>>,
    subjects: Vec<(Connectome, Vec<Place>)>,
    notes: Vec<String>,
) -> Result<Box<dyn Stage>, ConfigError> {
    let mut read = Vec::with_capacity(subjects.len());
    for (connectome, places) in subjects {
        let tables = tables(&connectome, places).map_err(|error| ConfigError::at("path", error))?;
        let digest = digest_of("lapicque imported connectome 1", &tables);
        read.push((tables.to_vec(), digest.map_err(|error| ConfigError::at("path", error))?));
    }
    Ok(Box::new(ReadFiles::new(REVISION, outputs(), labels, read, notes)))
}

/// The files of a name or pattern, sorted by name.
fn opened(request: &BindRequest<'_>, field: &str, path: &str) -> Result<Vec<FileRef>, ConfigError> {
    request.matching(field, path)?.iter().map(|path| request.open(field, path)).collect()
}

/// One file for all, or one for each.
fn beside(
    request: &BindRequest<'_>,
    field: &'static str,
    path: Option<&str>,
    weights: usize,
) -> Result<Vec<FileRef>, ConfigError> {
    let files = path.map(|path| opened(request, field, path)).transpose()?.unwrap_or_default();
    if files.len() > 1 && files.len() != weights {
        let message = format!("{} files, and {weights} of `path`; one for all or one for each is due", files.len());
        return Err(ConfigError::at(field, message));
    }
    Ok(files)
}

fn of(files: &[FileRef], number: usize) -> Option<&FileRef> {
    if files.len() == 1 { files.first() } else { files.get(number) }
}

/// Which files belong together is told, as names alone decide it.
fn paired(weights: &[FileRef], field: &str, files: &[FileRef]) -> Option<String> {
    const MOST_SHOWN: usize = 3;
    if files.len() < 2 {
        return None;
    }
    let pair = |(one, other): (&FileRef, &FileRef)| format!("`{}` with `{}`", one.name, other.name);
    let pairs: Vec<String> = weights.iter().zip(files).take(MOST_SHOWN).map(pair).collect();
    let more = if files.len() > MOST_SHOWN { ", ..." } else { "" };
    Some(format!("`path` and `{field}` are taken together in the order of their names: {}{more}", pairs.join(", ")))
}

/// Names and places of the nodes of a subject, of what is given first: `labels`, the file of weights, `positions`, numbers.
fn nodes(
    subject: &Subject,
    labels: Option<&[String]>,
    positions: Option<&Matrix>,
) -> Result<(Vec<String>, Vec<Place>), String> {
    let nodes = subject.weights.rows;
    let positions = positions.or(subject.positions_mm.as_ref());
    if let Some(positions) = positions.filter(|positions| positions.columns != 3) {
        return Err(format!("positions have {} columns of numbers; x, y and z in mm are due", positions.columns));
    }
    let of_weights = match (&subject.weights.row_names, &subject.weights.column_names) {
        (Some(rows), Some(columns)) if rows != columns => {
            let found = rows.iter().zip(columns).find(|(row, column)| row != column);
            let (row, column) = found.unwrap_or((&rows[0], &rows[0]));
            return Err(format!(
                "a row is called `{row}` and the column of its number `{column}`; they must be the same"
            ));
        }
        (rows, columns) => rows.as_ref().or(columns.as_ref()),
    };
    let of_positions = positions.and_then(|positions| positions.row_names.as_ref());
    let given = labels.or(of_weights.map(Vec::as_slice)).or(of_positions.map(Vec::as_slice));
    let labels: Vec<String> = match given {
        Some(labels) if labels.len() == nodes => labels.to_vec(),
        Some(labels) => return Err(format!("there are {} names and {nodes} nodes", labels.len())),
        None => (0..nodes).map(|node| node.to_string()).collect(),
    };
    let mut places = vec![Place::default(); nodes];
    if let Some(positions) = positions {
        let row_of = |node: usize| match of_positions {
            Some(names) => names.iter().position(|name| *name == labels[node]),
            None => (positions.rows == nodes).then_some(node),
        };
        for (node, place) in places.iter_mut().enumerate() {
            let row = row_of(node).ok_or_else(|| match of_positions {
                Some(_) => format!("positions have no row `{}`", labels[node]),
                None => format!("positions have {} rows; there are {nodes} nodes", positions.rows),
            })?;
            let [x, y, z] = [0, 1, 2].map(|axis| positions.values[3 * row + axis]);
            if ![x, y, z].iter().all(|value| value.is_finite()) {
                return Err(format!("the position of `{}` is {x}, {y}, {z}; three numbers are due", labels[node]));
            }
            place.position_mm = Some([x, y, z]);
        }
    }
    for (place, &is_right) in places.iter_mut().zip(subject.is_right.iter().flatten()) {
        place.hemisphere = Some(if is_right { Hemisphere::Right } else { Hemisphere::Left });
    }
    Ok((labels, places))
}

/// What is done to the matrices of one subject.
fn prepared(
    subject: Subject,
    labels: Vec<String>,
    divisors: Option<&[f64]>,
    config: &Config,
) -> Result<Connectome, ConnectomeError> {
    let nodes = labels.len();
    refuse_memory(nodes as u64)?;
    let by_target = |values: Vec<f64>| match config.rows {
        Rows::Source if values.len() == nodes * nodes => {
            (0..nodes * nodes).map(|place| values[place % nodes * nodes + place / nodes]).collect()
        }
        Rows::Source | Rows::Target => values,
    };
    let lengths = subject.lengths_mm.map_or_else(|| vec![0.0; nodes * nodes], |lengths| lengths.values);
    let mut connectome = Connectome::new(labels, by_target(subject.weights.values), by_target(lengths))?;
    if config.zero_diagonal {
        connectome = connectome.without_diagonal();
    }
    if config.symmetrise {
        connectome = connectome.symmetrised();
    }
    let numbers = divisors.unwrap_or_default();
    connectome.normalised(match config.normalise {
        Normalise::None => Normalisation::None,
        Normalise::Max => Normalisation::Max,
        Normalise::Waytotal => Normalisation::Waytotal(numbers),
        Normalise::Nvoxel => Normalisation::Nvoxel(numbers),
    })
}
