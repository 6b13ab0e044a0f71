//! SWC files of reconstructed neurons: a point a line, `index structure x y z radius parent`, lengths in um; the parent of
//! the root is -1, `#` begins a comment.
//!
//! Points may stand in any order, a child before its parent too. A file is one neuron: one root.

use super::Morphology;
use super::points::{Place, Point, PointsError, PointsProblem, from_points};
use crate::spatial::MAX_COMPARTMENTS;

/// The morphology of a file, made as [`from_points`] does.
///
/// # Errors
/// See [`PointsProblem`]; all that is about a point names its line.
pub fn read(file: &[u8]) -> Result<Morphology, PointsError> {
    let (points, lines) = points(file)?;
    from_points(&points).map_err(|error| {
        let place = match error.place {
            Some(Place::Point(point)) => lines.get(point).map(|&line| Place::Line(line)),
            other => other,
        };
        PointsError { place, problem: error.problem }
    })
}

/// The points of a file, with the numbers of their lines, from 1.
///
/// # Errors
/// [`PointsProblem::Fields`], [`PointsProblem::Field`], [`PointsProblem::TooMany`].
pub fn points(file: &[u8]) -> Result<(Vec<Point>, Vec<usize>), PointsError> {
    // Comments may have any encoding.
    let text = String::from_utf8_lossy(file);
    let (mut points, mut lines) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let text = text.split('#').next().unwrap_or_default();
        if text.trim().is_empty() {
            continue;
        }
        let point = point(text)
            .and_then(|point| if points.len() < MAX_COMPARTMENTS { Ok(point) } else { Err(PointsProblem::TooMany) });
        points.push(point.map_err(|problem| PointsError { place: Some(Place::Line(line)), problem })?);
        lines.push(line);
    }
    Ok((points, lines))
}

fn point(text: &str) -> Result<Point, PointsProblem> {
    let fields: Vec<&str> = text.split_whitespace().take(8).collect();
    let &[index, structure, x, y, z, radius, parent] = fields.as_slice() else {
        return Err(PointsProblem::Fields { found: text.split_whitespace().count() });
    };
    let parent = whole("the parent", parent)?;
    Ok(Point {
        index: whole("the index", index)?,
        structure: structure.parse().map_err(|_| wrong("the structure", structure, "a whole number >= 0"))?,
        position: [micrometres("x", x)?, micrometres("y", y)?, micrometres("z", z)?],
        diameter: 2.0 * micrometres("the radius", radius)?,
        parent: (parent != -1).then_some(parent),
    })
}

fn whole(field: &'static str, text: &str) -> Result<i64, PointsProblem> {
    text.parse().map_err(|_| wrong(field, text, "a whole number"))
}

/// A length in m, from its text in um.
fn micrometres(field: &'static str, text: &str) -> Result<f64, PointsProblem> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value * 1e-6),
        _ => Err(wrong(field, text, "a number, in um")),
    }
}

fn wrong(field: &'static str, text: &str, expected: &'static str) -> PointsProblem {
    PointsProblem::Field { field, found: text.chars().take(40).collect(), expected }
}
