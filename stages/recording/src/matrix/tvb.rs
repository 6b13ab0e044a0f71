//! Connectivities of The Virtual Brain: a ZIP archive of text files, in a folder or not.
//!
//! | file | holds |
//! |---|---|
//! | weights.txt | a matrix, rows are targets |
//! | tract_lengths.txt | a matrix, mm |
//! | centres.txt, centers.txt | name, x, y, z in mm of each region |
//! | hemispheres.txt | 1 for each region of the right hemisphere, 0 for the left |
//!
//! Others (areas.txt, average_orientations.txt, cortical.txt, info.txt) are not read. Files that are compressed a second time (.bz2) are refused by name.

use std::io::{Read, Seek};

use super::{Matrix, MatrixError, matrix_of};
use crate::npz::{NpzError, content, names};

/// What the archive holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Tvb {
    /// Regions x regions.
    pub weights: Matrix,
    /// Regions x regions, mm.
    pub lengths_mm: Option<Matrix>,
    /// Regions x 3, with the names of regions as those of rows.
    pub centres_mm: Option<Matrix>,
    /// Whether each region is in the right hemisphere.
    pub is_right: Option<Vec<bool>>,
}

/// What is wrong with such an archive.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum TvbError {
    #[error("it is no ZIP archive, or a damaged one: {0}")]
    Archive(#[from] NpzError),
    #[error("the archive has no `weights.txt`; in it: {found}")]
    NoWeights { found: String },
    #[error("`{name}` is compressed within the archive, which is not read; unpack it, and pack `{without}` instead")]
    Compressed { name: String, without: String },
    #[error("the archive has several files called `{name}`")]
    Several { name: &'static str },
    #[error("`{name}`: {error}")]
    Text { name: String, error: MatrixError },
    #[error("`{name}` has {found} {what}; {expected} are due")]
    Shape { name: String, found: usize, what: &'static str, expected: usize },
    #[error("`{name}` is {value} in row {row}; allowed: 0 (left), 1 (right)")]
    Hemisphere { name: String, row: usize, value: f64 },
}

/// Reads an archive.
///
/// # Errors
/// An archive that is damaged or lacks weights, files that are no matrices or not of one number of regions.
pub fn read_tvb(reader: &mut (impl Read + Seek)) -> Result<Tvb, TvbError> {
    let names = names(reader)?;
    let mut matrix = |name: &'static str| -> Result<Option<(String, Matrix)>, TvbError> {
        let Some(place) = place(&names, name)? else {
            return Ok(None);
        };
        let bytes = content(reader, place)?.unwrap_or_default();
        let matrix = matrix_of(&bytes).map_err(|error| TvbError::Text { name: place.to_owned(), error })?;
        Ok(Some((place.to_owned(), matrix)))
    };
    let Some((_, weights)) = matrix("weights.txt")? else {
        let found = names.iter().take(12).map(|name| name.chars().take(80).collect::<String>());
        return Err(TvbError::NoWeights { found: found.collect::<Vec<_>>().join(", ") });
    };
    let regions = weights.rows;
    let due = |name: &str, found: usize, what: &'static str, expected: usize| match found == expected {
        true => Ok(()),
        false => Err(TvbError::Shape { name: name.to_owned(), found, what, expected }),
    };
    let lengths_mm = matrix("tract_lengths.txt")?;
    if let Some((name, lengths)) = &lengths_mm {
        due(name, lengths.rows, "rows", regions)?;
        due(name, lengths.columns, "columns", regions)?;
    }
    let centres_mm = match matrix("centres.txt")? {
        None => matrix("centers.txt")?,
        found => found,
    };
    if let Some((name, centres)) = &centres_mm {
        due(name, centres.rows, "rows", regions)?;
        due(name, centres.columns, "columns of numbers", 3)?;
    }
    let is_right = match matrix("hemispheres.txt")? {
        None => None,
        Some((name, sides)) => {
            due(&name, sides.values.len(), "numbers", regions)?;
            let side = |(row, &value): (usize, &f64)| match value {
                0.0 => Ok(false),
                1.0 => Ok(true),
                value => Err(TvbError::Hemisphere { name: name.clone(), row: row + 1, value }),
            };
            Some(sides.values.iter().enumerate().map(side).collect::<Result<_, _>>()?)
        }
    };
    let of = |found: Option<(String, Matrix)>| found.map(|(_, matrix)| matrix);
    Ok(Tvb { weights, lengths_mm: of(lengths_mm), centres_mm: of(centres_mm), is_right })
}

/// The name of a file of the archive, whatever folder it lies in.
fn place<'a>(names: &'a [String], name: &'static str) -> Result<Option<&'a str>, TvbError> {
    let is_called =
        |path: &&String, wanted: &str| path.rsplit('/').next() == Some(wanted) && !path.contains("__MACOSX");
    let found: Vec<&String> = names.iter().filter(|path| is_called(path, name)).collect();
    match found.as_slice() {
        [one] => Ok(Some(one)),
        [] => match names.iter().find(|path| is_called(path, &format!("{name}.bz2"))) {
            Some(path) => Err(TvbError::Compressed { name: path.clone(), without: name.to_owned() }),
            None => Ok(None),
        },
        _ => Err(TvbError::Several { name }),
    }
}
