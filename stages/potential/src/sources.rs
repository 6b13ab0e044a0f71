//! Extracellular potentials of point and line current sources in an infinite homogeneous conductor.
//!
//! ```text
//! point   M = 1 / (4 pi sigma max(r, d/2))
//! line    M = 1 / (4 pi sigma L) ln[ (sqrt(h^2 + rho^2) - h) / (sqrt(l^2 + rho^2) - l) ],   l = h + L
//! ```
//!
//! `h` is the distance along the segment beyond its end, `rho` that from its axis, at least the radius d/2. M is in mV per nA
//! with um and S/m. Holt & Koch 1999 J Comput Neurosci 6:169; Holt 1998 (thesis), eq. C.13, whose three cases of the signs of h
//! and l avoid cancellation.

use std::f64::consts::PI;

use crate::head::{HeadError, Vector};
use crate::range::{finite, positive};

/// A straight piece of membrane from `start_um` to `end_um`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// One end of its axis.
    pub start_um: Vector,
    /// The other end.
    pub end_um: Vector,
    /// Across.
    pub diameter_um: f64,
}

/// How a segment's current is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceShape {
    /// All at the mid-point.
    Point,
    /// Evenly along the axis.
    Line,
}

/// Potential (mV) at `electrode_um` per nA that leaves `segment`.
///
/// # Errors
/// Numbers that are not finite, a diameter, conductivity or (for a line) length of 0.
pub fn potential_per_current(
    segment: &Segment,
    shape: SourceShape,
    electrode_um: Vector,
    conductivity_s_per_m: f64,
) -> Result<f64, HeadError> {
    positive("conductivity_s_per_m", conductivity_s_per_m)?;
    positive("diameter_um", segment.diameter_um)?;
    for (name, place) in [("start_um", segment.start_um), ("end_um", segment.end_um), ("electrode_um", electrode_um)] {
        for x in place {
            finite(name, x)?;
        }
    }
    let factor = 1.0 / (4.0 * PI * conductivity_s_per_m);
    let radius = 0.5 * segment.diameter_um;
    Ok(match shape {
        SourceShape::Point => {
            let middle = [0, 1, 2].map(|i| 0.5 * (segment.start_um[i] + segment.end_um[i]));
            factor / distance(middle, electrode_um).max(radius)
        }
        SourceShape::Line => {
            let length = distance(segment.start_um, segment.end_um);
            positive("length of the segment", length)?;
            factor / length * line_integral(segment, length, electrode_um, radius)
        }
    })
}

/// The logarithm of eq. C.13.
fn line_integral(segment: &Segment, length: f64, electrode: Vector, radius: f64) -> f64 {
    let along: f64 =
        (0..3).map(|i| (electrode[i] - segment.end_um[i]) * (segment.end_um[i] - segment.start_um[i]) / length).sum();
    let from_end = distance(electrode, segment.end_um);
    let axis_squared = (from_end * from_end - along * along).max(radius * radius);
    let (h, l) = (along, along + length);
    let reach = |x: f64| (x * x + axis_squared).sqrt() + x.abs();
    if h >= 0.0 {
        (reach(l) / reach(h)).ln()
    } else if l <= 0.0 {
        (reach(h) / reach(l)).ln()
    } else {
        (reach(h) * reach(l) / axis_squared).ln()
    }
}

fn distance(a: Vector, b: Vector) -> f64 {
    (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
}
