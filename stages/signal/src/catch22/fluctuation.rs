//! rs_range and dfa: where the scaling of fluctuations changes its exponent.
//!
//! The profile is the cumulated y (dfa: of every second sample). For up to 50 log-spaced window
//! lengths tau from 5 to floor(N / 2), each of the floor(N / tau) windows loses its least-squares
//! line; F(tau) is the root mean square over windows of the range of what is left (rs_range), or
//! its root mean square over samples (dfa). Two lines are then fitted to ln F against ln tau, one
//! to the first i scales, one from scale i on (shared): the feature is the best i / (number of
//! scales), i = minP..=nT - minP.
//!
//! v1: N samples after decimation; minP = max(8, round(nT / 4)); NaN for N < 10 or nT < 2 minP;
//! score SSE_1 + SSE_2, the first i within 1e-9 of the smallest.
//! v0: the scales end at floor(n / 2) of the undecimated series, which for dfa reaches windows as
//! long as the profile; minP = 6; 0 below 12 scales; score ||r_1|| + ||r_2||, the first smallest.

use super::Definitions;
use super::detrending::{Measure, Places, sum_over_windows};
use super::standardise::sum_of;
use crate::resample::dot;

const SCALES: usize = 50;
const SHORTEST: f64 = 5.0;

/// What does not depend on the series but on its length.
#[derive(Debug, Default)]
pub(super) struct Fluctuations {
    places: Places,
    of_range: Scales,
    of_squares: Scales,
}

/// Window lengths and their logarithms.
#[derive(Debug, Default)]
struct Scales {
    longest: usize,
    lengths: Vec<(usize, f64)>,
}

impl Fluctuations {
    pub(super) fn breakpoint(
        &mut self,
        values: &[f64],
        measure: Measure,
        definitions: Definitions,
        profile: &mut Vec<f64>,
    ) -> f64 {
        let (stride, known) = match measure {
            Measure::Range => (1, &mut self.of_range),
            Measure::Squares => (2, &mut self.of_squares),
        };
        let n = values.len();
        let (len, longest) = match definitions {
            Definitions::V1 => (n.div_ceil(stride), n.div_ceil(stride) / 2),
            Definitions::V0 => (n / stride, n / 2),
        };
        if known.longest != longest {
            let lengths = scales(longest).into_iter().map(|scale| (scale, (scale as f64).ln())).collect();
            *known = Scales { longest, lengths };
        }
        let scales = &known.lengths;
        let least = match definitions {
            Definitions::V1 => (scales.len() as f64 / 4.0).round().max(8.0) as usize,
            Definitions::V0 => 6,
        };
        if scales.len() < 2 * least || len < 10 {
            return match definitions {
                Definitions::V1 => f64::NAN,
                Definitions::V0 => 0.0,
            };
        }
        cumulate(values, stride, len, profile);
        self.places.prepare(n / 2);
        let point =
            |&(scale, x): &(usize, f64)| Point { x, y: fluctuation(profile, scale, measure, &self.places).ln() };
        let points: Vec<Point> = scales.iter().map(point).collect();
        best_split(&points, least, definitions) as f64 / points.len() as f64
    }
}

/// Unique rounded lengths, log-spaced from 5 to `longest`.
fn scales(longest: usize) -> Vec<usize> {
    let step = ((longest as f64).ln() - SHORTEST.ln()) / (SCALES as f64 - 1.0);
    let mut scales: Vec<usize> = (0..SCALES)
        .map(|i| if i + 1 == SCALES { longest } else { (SHORTEST.ln() + i as f64 * step).exp().round() as usize })
        .collect();
    scales.dedup();
    scales
}

fn cumulate(values: &[f64], stride: usize, len: usize, profile: &mut Vec<f64>) {
    let mut sum = 0.0;
    profile.clear();
    profile.extend((0..len).map(|i| {
        sum += values[i * stride];
        sum
    }));
}

fn fluctuation(profile: &[f64], scale: usize, measure: Measure, places: &Places) -> f64 {
    let windows = (profile.len() / scale) as f64;
    let total = sum_over_windows(profile, scale, measure, places);
    match measure {
        Measure::Range => (total / windows).sqrt(),
        Measure::Squares => (total / (windows * scale as f64)).sqrt(),
    }
}

#[derive(Debug, Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

/// The number of points of the first line.
fn best_split(points: &[Point], least: usize, definitions: Definitions) -> usize {
    let candidates = least..=points.len() - least;
    let score = |split: usize| {
        let (first, second) = (line_error(&points[..split]), line_error(&points[split - 1..]));
        match definitions {
            Definitions::V1 => first + second,
            Definitions::V0 => first.sqrt() + second.sqrt(),
        }
    };
    let scores: Vec<f64> = candidates.map(score).collect();
    let smallest = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let tolerance = match definitions {
        Definitions::V1 => 1.0 + 1e-9,
        Definitions::V0 => 1.0,
    };
    // All scores are NaN if a scale has no fluctuation at all (ln 0): the first split then.
    least + scores.iter().position(|&score| score <= smallest * tolerance).unwrap_or(0)
}

/// Sum of squared residuals of the least-squares line of up to `SCALES` points.
fn line_error(points: &[Point]) -> f64 {
    let n = points.len() as f64;
    let (mut x, mut y) = ([0.0; SCALES], [0.0; SCALES]);
    let (x, y) = (&mut x[..points.len()], &mut y[..points.len()]);
    for ((x, y), point) in x.iter_mut().zip(y.iter_mut()).zip(points) {
        (*x, *y) = (point.x, point.y);
    }
    let (mean_x, mean_y) = (sum_of(x, |x| x) / n, sum_of(y, |y| y) / n);
    x.iter_mut().for_each(|x| *x -= mean_x);
    y.iter_mut().for_each(|y| *y -= mean_y);
    let slope = dot(x, y) / dot(x, x);
    for (y, x) in y.iter_mut().zip(x) {
        *y -= slope * *x;
    }
    sum_of(y, |residual| residual * residual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_unique_and_end_at_half() {
        assert_eq!(scales(5), [5]);
        let scales = scales(500);
        assert_eq!((scales[0], scales[scales.len() - 1]), (5, 500));
        assert!(scales.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_line_has_no_fluctuation_and_a_zigzag_a_known_one() {
        let line: Vec<f64> = (0..40).map(|i| 1e6 + 3.0 * f64::from(i)).collect();
        let mut places = Places::default();
        places.prepare(2000);
        for measure in [Measure::Range, Measure::Squares] {
            assert!(fluctuation(&line, 8, measure, &places) < 1e-8);
        }
        let zigzag: Vec<f64> = (0..4000).map(|i| f64::from(i % 2)).collect();
        let of = |measure| fluctuation(&zigzag, 2000, measure, &places);
        assert!((of(Measure::Range) - 1.0).abs() < 1e-2);
        assert!((of(Measure::Squares) - 0.5).abs() < 1e-3);
    }

    #[test]
    fn the_corner_of_two_lines_is_found() {
        let points: Vec<Point> = (0..40).map(f64::from).map(|x| Point { x, y: x + (x - 14.0).max(0.0) }).collect();
        for definitions in [Definitions::V0, Definitions::V1] {
            // The corner is the fifteenth point and belongs to both lines.
            assert_eq!(best_split(&points, 8, definitions), 15);
        }
    }
}
