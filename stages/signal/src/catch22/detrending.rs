//! Fluctuations of a profile around straight lines: the loop in which rs_range and dfa spend their
//! time.
//!
//! Windows of `scale` samples lie side by side; a remainder is left out. Each loses its
//! least-squares line: with the place p = i - (scale - 1) / 2 of a sample in its window, slope =
//! sum p v / (scale (scale^2 - 1) / 12). Sums of squares are taken relative to the first sample of a
//! window, or to the line from its first to its last, so that a profile far from zero and a steep one
//! cost no digits.
//!
//! Short windows are handled several at a time, one per lane; long ones with as many partial sums
//! each. What is left at the end of a long window is read together with samples before it, which
//! weigh nothing in sums. The same operations in the same order are written twice: in plain loops,
//! and for vectors of four (`avx2.rs`), as compilers make of the plain ones what they like.

#[cfg(target_arch = "x86_64")]
mod avx2;

/// What is left in a window without its line, squared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Range, squared.
    Range,
    /// Sum of squares.
    Squares,
}

const LANES: usize = 8;
const PAIR: usize = 2 * LANES;
/// From this length on a window alone keeps the lanes busy.
const LONG: usize = 40;

type Lanes = [f64; LANES];

/// What windows of one length have in common.
struct Line<'a> {
    /// Of the samples, relative to the middle.
    places: &'a [f64],
    /// Which of the last samples are not in a whole number of lanes: 1, others 0.
    rest: Lanes,
    /// Length of a window.
    len: f64,
    /// Sum of squared places.
    norm: f64,
}

/// Places of samples in windows of all lengths.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// -i .. i, of which windows of an odd length are the middle.
    odd: Vec<f64>,
    /// -i - 1/2 .. i + 1/2.
    even: Vec<f64>,
}

impl Places {
    /// For windows of up to `longest` samples.
    pub(super) fn prepare(&mut self, longest: usize) {
        let half = longest / 2 + 1;
        if self.odd.len() != 2 * half - 1 {
            let count = 2 * half as u32;
            self.odd = (1..count).map(|i| f64::from(i) - half as f64).collect();
            self.even = (0..count).map(|i| f64::from(i) - (half as f64 - 0.5)).collect();
        }
    }

    fn line(&self, scale: usize) -> Line<'_> {
        let all = if scale.is_multiple_of(2) { &self.even } else { &self.odd };
        let whole = scale - scale % LANES;
        let len = scale as f64;
        Line {
            places: &all[(all.len() - scale) / 2..][..scale],
            rest: std::array::from_fn(|lane| f64::from(u8::from(scale + lane >= whole + LANES))),
            len,
            norm: len * (len * len - 1.0) / 12.0,
        }
    }
}

/// Sum of the measure over all windows of a length that `places` was prepared for.
pub(super) fn sum_over_windows(profile: &[f64], scale: usize, measure: Measure, places: &Places) -> f64 {
    let line = places.line(scale);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the callee requires.
        #[expect(unsafe_code, reason = "measured: a third less time")]
        return unsafe { avx2::sum_over_windows(profile, measure, &line) };
    }
    sum_portably(profile, measure, &line)
}

fn sum_portably(profile: &[f64], measure: Measure, line: &Line<'_>) -> f64 {
    match measure {
        Measure::Range => sum_over::<true>(profile, line),
        Measure::Squares => sum_over::<false>(profile, line),
    }
}

fn sum_over<const RANGE: bool>(profile: &[f64], line: &Line<'_>) -> f64 {
    let scale = line.places.len();
    if scale >= LONG {
        let windows = profile.chunks_exact(scale);
        return windows.map(|window| if RANGE { squared_range(window, line) } else { squares(window, line) }).sum();
    }
    let mut totals = [0.0; LANES];
    let groups = profile.chunks_exact(LANES * scale);
    let rest = groups.remainder();
    for group in groups {
        several_windows::<RANGE>(group, line, &mut totals);
    }
    sum(&totals) + rest.chunks_exact(scale).map(|window| short_window::<RANGE>(window, line)).sum::<f64>()
}

/// As many windows as there are lanes, side by side.
fn several_windows<const RANGE: bool>(group: &[f64], line: &Line<'_>, totals: &mut Lanes) {
    let mut rows = [[0.0; LANES]; LONG];
    let scale = line.places.len();
    for (lane, window) in group.chunks_exact(scale).enumerate() {
        for (row, value) in rows.iter_mut().zip(window) {
            row[lane] = *value;
        }
    }
    let origin = if RANGE { [0.0; LANES] } else { rows[0] };
    let (mut sums, mut moments) = ([0.0; LANES], [0.0; LANES]);
    for (row, place) in rows.iter().zip(line.places) {
        for lane in 0..LANES {
            sums[lane] += row[lane] - origin[lane];
            moments[lane] += (row[lane] - origin[lane]) * place;
        }
    }
    let (mut low, mut high, mut squares) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES], [0.0; LANES]);
    for (row, place) in rows.iter().zip(line.places) {
        for lane in 0..LANES {
            let slope = moments[lane] / line.norm;
            if RANGE {
                // The mean does not change the range.
                let residual = row[lane] - slope * place;
                low[lane] = smaller(residual, low[lane]);
                high[lane] = larger(residual, high[lane]);
            } else {
                let residual = row[lane] - (origin[lane] + sums[lane] / line.len) - slope * place;
                squares[lane] += residual * residual;
            }
        }
    }
    for lane in 0..LANES {
        let range = high[lane] - low[lane];
        totals[lane] += if RANGE { range * range } else { squares[lane] };
    }
}

/// One of those that are too few for all lanes.
fn short_window<const RANGE: bool>(window: &[f64], line: &Line<'_>) -> f64 {
    let origin = window[0];
    let (mut sum, mut moment) = (0.0, 0.0);
    for (value, place) in window.iter().zip(line.places) {
        sum += value - origin;
        moment += (value - origin) * place;
    }
    let (mean, slope) = (sum / line.len, moment / line.norm);
    let (mut low, mut high, mut squares) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    for (value, place) in window.iter().zip(line.places) {
        let residual = (value - origin) - slope * place;
        low = smaller(residual, low);
        high = larger(residual, high);
        squares += (residual - mean) * (residual - mean);
    }
    if RANGE { (high - low) * (high - low) } else { squares }
}

fn squared_range(window: &[f64], line: &Line<'_>) -> f64 {
    let mut moments = [0.0; PAIR];
    in_parts(window, line, |first, values, places, weights| {
        for (lane, value) in values.iter().enumerate() {
            moments[first + lane] += value * (places[lane] * weights[lane]);
        }
    });
    let slope = sum_of_pair(&moments) / line.norm;
    let (mut low, mut high) = ([f64::INFINITY; PAIR], [f64::NEG_INFINITY; PAIR]);
    in_parts(window, line, |first, values, places, _| {
        for (lane, value) in values.iter().enumerate() {
            // The mean does not change the range.
            let residual = value - slope * places[lane];
            low[first + lane] = smaller(residual, low[first + lane]);
            high[first + lane] = larger(residual, high[first + lane]);
        }
    });
    let range = high.into_iter().fold(f64::NEG_INFINITY, larger) - low.into_iter().fold(f64::INFINITY, smaller);
    range * range
}

fn squares(window: &[f64], line: &Line<'_>) -> f64 {
    let (middle, chord) = chord(window, line);
    let (mut sums, mut moments, mut squares) = ([0.0; PAIR], [0.0; PAIR], [0.0; PAIR]);
    in_parts(window, line, |first, values, places, weights| {
        for (lane, value) in values.iter().enumerate() {
            let rest = ((value - middle) - chord * places[lane]) * weights[lane];
            sums[first + lane] += rest;
            moments[first + lane] += rest * places[lane];
            squares[first + lane] += rest * rest;
        }
    });
    squares_left(sum_of_pair(&sums), sum_of_pair(&moments), sum_of_pair(&squares), line)
}

/// Middle and slope of the line from the first sample to the last.
fn chord(window: &[f64], line: &Line<'_>) -> (f64, f64) {
    let (first, last) = (window[0], window[window.len() - 1]);
    (0.5 * (first + last), (last - first) / (line.len - 1.0))
}

/// Of squares around the chord, those around the least-squares line.
fn squares_left(sum: f64, moment: f64, squares: f64, line: &Line<'_>) -> f64 {
    (squares - sum * sum / line.len - moment * moment / line.norm).max(0.0)
}

/// Passes the first lane, values, places and weights of one part of a window after the other: pairs of
/// lanes, what remains of one, and the last lanes where something is left of them.
fn in_parts(window: &[f64], line: &Line<'_>, mut part: impl FnMut(usize, &Lanes, &Lanes, &Lanes)) {
    const ALL: Lanes = [1.0; LANES];
    let (values, left) = window.as_chunks::<LANES>();
    let (places, _) = line.places.as_chunks::<LANES>();
    for (i, (values, places)) in values.iter().zip(places).enumerate() {
        part(LANES * (i % 2), values, places, &ALL);
    }
    if let (false, Some(values), Some(places)) = (left.is_empty(), window.last_chunk(), line.places.last_chunk()) {
        part(LANES, values, places, &line.rest);
    }
}

fn sum_of_pair(pair: &[f64; PAIR]) -> f64 {
    sum(&std::array::from_fn(|lane| pair[lane] + pair[lane + LANES]))
}

/// Halves onto each other.
fn sum(lanes: &Lanes) -> f64 {
    let four: [f64; 4] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(longest: usize) -> Places {
        let mut places = Places::default();
        places.prepare(longest);
        places
    }

    fn by_definition(profile: &[f64], scale: usize, measure: Measure) -> f64 {
        let mut total = 0.0;
        for window in profile.chunks_exact(scale) {
            let n = scale as f64;
            let (mean_i, mean_v) = (0.5 * (n - 1.0), window.iter().sum::<f64>() / n);
            let (mut ii, mut iv) = (0.0, 0.0);
            for (i, v) in window.iter().enumerate() {
                ii += (i as f64 - mean_i) * (i as f64 - mean_i);
                iv += (i as f64 - mean_i) * (v - mean_v);
            }
            let residuals: Vec<f64> =
                window.iter().enumerate().map(|(i, v)| v - mean_v - iv / ii * (i as f64 - mean_i)).collect();
            total += match measure {
                Measure::Range => {
                    let high = residuals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let low = residuals.iter().copied().fold(f64::INFINITY, f64::min);
                    (high - low) * (high - low)
                }
                Measure::Squares => residuals.iter().map(|r| r * r).sum(),
            };
        }
        total
    }

    #[test]
    fn agrees_with_the_definition_at_every_scale() {
        let mut level = 0.0;
        let profile: Vec<f64> = (0..1000_u32)
            .map(|i| {
                level += f64::from((i * i) % 101) / 50.0 - 1.0;
                level
            })
            .collect();
        let places = places(500);
        for scale in 5..=500 {
            for measure in [Measure::Range, Measure::Squares] {
                let (got, expected) =
                    (sum_over_windows(&profile, scale, measure, &places), by_definition(&profile, scale, measure));
                assert!((got / expected - 1.0).abs() < 1e-11, "scale {scale}: {got} != {expected}");
            }
        }
    }

    #[test]
    fn steep_and_distant_profiles_cost_few_digits() {
        let wave = |i: u32| (f64::from(i) * 0.37).sin();
        let places = places(77);
        for scale in [5, 13, 16, 40, 77] {
            for measure in [Measure::Range, Measure::Squares] {
                let sum = |offset: f64, slope: f64| {
                    let profile: Vec<f64> = (0..800).map(|i| offset + slope * f64::from(i) + wave(i)).collect();
                    sum_over_windows(&profile, scale, measure, &places)
                };
                let (plain, steep) = (sum(0.0, 0.0), sum(1e6, -300.0));
                assert!((steep / plain - 1.0).abs() < 1e-7, "scale {scale}: {steep} != {plain}");
            }
        }
    }

    #[test]
    fn vector_width_changes_no_bit() {
        let profile: Vec<f64> = (0..700_u32).map(|i| (f64::from(i) * 0.7).sin() * f64::from(i)).collect();
        let places = places(350);
        for scale in 5..=350 {
            for measure in [Measure::Range, Measure::Squares] {
                let dispatched = sum_over_windows(&profile, scale, measure, &places);
                // As on a processor without vectors of four.
                let portable = sum_portably(&profile, measure, &places.line(scale));
                assert_eq!(dispatched.to_bits(), portable.to_bits(), "scale {scale}");
            }
        }
    }
}
