//! The loops over windows for vectors of four, operation by operation those of the plain ones.
//!
//! Only what the compiler vectorises badly by itself is here.

use std::arch::x86_64::*;

use super::super::four::load;
use super::{LANES, LONG, Line, Measure, chord, short_window, squares_left};

/// A pair of lanes.
type Four = [__m256d; 4];

#[target_feature(enable = "avx2")]
pub(super) fn sum_over_windows(profile: &[f64], measure: Measure, line: &Line<'_>) -> f64 {
    match measure {
        Measure::Range => sum_over::<true>(profile, line),
        Measure::Squares => sum_over::<false>(profile, line),
    }
}

#[target_feature(enable = "avx2")]
fn sum_over<const RANGE: bool>(profile: &[f64], line: &Line<'_>) -> f64 {
    let scale = line.places.len();
    let mut total = 0.0;
    if scale >= LONG {
        for window in profile.chunks_exact(scale) {
            total += if RANGE { squared_range(window, line) } else { squares(window, line) };
        }
        return total;
    }
    let mut totals = [_mm256_setzero_pd(); 2];
    let mut rows = [[_mm256_setzero_pd(); LONG]; 2];
    let groups = profile.chunks_exact(LANES * scale);
    let rest = groups.remainder();
    for group in groups {
        let (first, second) = group.split_at(4 * scale);
        transpose(first, &mut rows[0][..scale]);
        transpose(second, &mut rows[1][..scale]);
        let [first, second] = &rows;
        let measures = if RANGE { ranges([first, second], line) } else { squares_side_by_side([first, second], line) };
        totals = [_mm256_add_pd(totals[0], measures[0]), _mm256_add_pd(totals[1], measures[1])];
    }
    for window in rest.chunks_exact(scale) {
        total += short_window::<RANGE>(window, line);
    }
    sum(_mm256_add_pd(totals[0], totals[1])) + total
}

/// Row i becomes the samples i of four windows.
#[target_feature(enable = "avx2")]
fn transpose(windows: &[f64], rows: &mut [__m256d]) {
    let scale = rows.len();
    let (a, others) = windows.split_at(scale);
    let (b, others) = others.split_at(scale);
    let (c, d) = others.split_at(scale);
    let (a_fours, b_fours) = (a.as_chunks::<4>().0.iter(), b.as_chunks::<4>().0.iter());
    let (c_fours, d_fours) = (c.as_chunks::<4>().0.iter(), d.as_chunks::<4>().0.iter());
    let fours = a_fours.zip(b_fours).zip(c_fours.zip(d_fours));
    for (((a, b), (c, d)), rows) in fours.zip(rows.as_chunks_mut::<4>().0) {
        *rows = transposed([load(a, 0), load(b, 0), load(c, 0), load(d, 0)]);
    }
    // What remains is read together with rows before it.
    if let (Some(a), Some(b), Some(c), Some(d), Some(rows)) =
        (a.last_chunk::<4>(), b.last_chunk::<4>(), c.last_chunk::<4>(), d.last_chunk::<4>(), rows.last_chunk_mut())
    {
        *rows = transposed([load(a, 0), load(b, 0), load(c, 0), load(d, 0)]);
    }
}

/// Squared ranges of eight windows: the two halves wait for their sums together.
#[target_feature(enable = "avx2")]
fn ranges([first, second]: [&[__m256d; LONG]; 2], line: &Line<'_>) -> [__m256d; 2] {
    let mut moments = [_mm256_setzero_pd(); 2];
    for ((a, b), place) in first.iter().zip(second).zip(line.places) {
        let place = _mm256_set1_pd(*place);
        moments[0] = _mm256_add_pd(moments[0], _mm256_mul_pd(*a, place));
        moments[1] = _mm256_add_pd(moments[1], _mm256_mul_pd(*b, place));
    }
    let norm = _mm256_set1_pd(line.norm);
    let slopes = [_mm256_div_pd(moments[0], norm), _mm256_div_pd(moments[1], norm)];
    let (mut low, mut high) = ([_mm256_set1_pd(f64::INFINITY); 2], [_mm256_set1_pd(f64::NEG_INFINITY); 2]);
    for ((a, b), place) in first.iter().zip(second).zip(line.places) {
        let place = _mm256_set1_pd(*place);
        let a = _mm256_sub_pd(*a, _mm256_mul_pd(slopes[0], place));
        let b = _mm256_sub_pd(*b, _mm256_mul_pd(slopes[1], place));
        low = [_mm256_min_pd(a, low[0]), _mm256_min_pd(b, low[1])];
        high = [_mm256_max_pd(a, high[0]), _mm256_max_pd(b, high[1])];
    }
    let (a, b) = (_mm256_sub_pd(high[0], low[0]), _mm256_sub_pd(high[1], low[1]));
    [_mm256_mul_pd(a, a), _mm256_mul_pd(b, b)]
}

/// Sums of squares of eight windows.
#[target_feature(enable = "avx2")]
fn squares_side_by_side([first, second]: [&[__m256d; LONG]; 2], line: &Line<'_>) -> [__m256d; 2] {
    let origins = [first[0], second[0]];
    let (mut sums, mut moments) = ([_mm256_setzero_pd(); 2], [_mm256_setzero_pd(); 2]);
    for ((a, b), place) in first.iter().zip(second).zip(line.places) {
        let place = _mm256_set1_pd(*place);
        let (a, b) = (_mm256_sub_pd(*a, origins[0]), _mm256_sub_pd(*b, origins[1]));
        sums = [_mm256_add_pd(sums[0], a), _mm256_add_pd(sums[1], b)];
        moments[0] = _mm256_add_pd(moments[0], _mm256_mul_pd(a, place));
        moments[1] = _mm256_add_pd(moments[1], _mm256_mul_pd(b, place));
    }
    let (norm, len) = (_mm256_set1_pd(line.norm), _mm256_set1_pd(line.len));
    let slopes = [_mm256_div_pd(moments[0], norm), _mm256_div_pd(moments[1], norm)];
    let means = [
        _mm256_add_pd(origins[0], _mm256_div_pd(sums[0], len)),
        _mm256_add_pd(origins[1], _mm256_div_pd(sums[1], len)),
    ];
    let mut squares = [_mm256_setzero_pd(); 2];
    for ((a, b), place) in first.iter().zip(second).zip(line.places) {
        let place = _mm256_set1_pd(*place);
        let a = _mm256_sub_pd(_mm256_sub_pd(*a, means[0]), _mm256_mul_pd(slopes[0], place));
        let b = _mm256_sub_pd(_mm256_sub_pd(*b, means[1]), _mm256_mul_pd(slopes[1], place));
        squares[0] = _mm256_add_pd(squares[0], _mm256_mul_pd(a, a));
        squares[1] = _mm256_add_pd(squares[1], _mm256_mul_pd(b, b));
    }
    squares
}

/// Vector i has the values i of the four.
#[target_feature(enable = "avx2")]
fn transposed([a, b, c, d]: Four) -> Four {
    let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
    let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
        _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
        _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
        _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
    ]
}

#[target_feature(enable = "avx2")]
fn squared_range(window: &[f64], line: &Line<'_>) -> f64 {
    let (values, places) = (window.as_chunks::<16>(), line.places.as_chunks::<16>());
    let last = (window.last_chunk::<8>(), line.places.last_chunk::<8>());
    let mut moments = [_mm256_setzero_pd(); 4];
    let moment = |sum: __m256d, value: __m256d, place: __m256d| _mm256_add_pd(sum, _mm256_mul_pd(value, place));
    for (values, places) in values.0.iter().zip(places.0) {
        for (i, sum) in moments.iter_mut().enumerate() {
            *sum = moment(*sum, load(values, 4 * i), load(places, 4 * i));
        }
    }
    if let (Some(values), Some(places)) = (values.1.first_chunk::<8>(), places.1.first_chunk::<8>()) {
        for (i, sum) in moments[..2].iter_mut().enumerate() {
            *sum = moment(*sum, load(values, 4 * i), load(places, 4 * i));
        }
    }
    if let (Some(values), Some(places), false) = (last.0, last.1, window.len().is_multiple_of(LANES)) {
        for i in 0..2 {
            let place = _mm256_mul_pd(load(places, 4 * i), load(&line.rest, 4 * i));
            moments[2 + i] = moment(moments[2 + i], load(values, 4 * i), place);
        }
    }
    let slope = _mm256_set1_pd(sum_of_pair(moments) / line.norm);
    let (mut low, mut high) = ([_mm256_set1_pd(f64::INFINITY); 4], [_mm256_set1_pd(f64::NEG_INFINITY); 4]);
    for (values, places) in values.0.iter().zip(places.0) {
        for i in 0..4 {
            let residual = _mm256_sub_pd(load(values, 4 * i), _mm256_mul_pd(slope, load(places, 4 * i)));
            low[i] = _mm256_min_pd(residual, low[i]);
            high[i] = _mm256_max_pd(residual, high[i]);
        }
    }
    for (values, places) in [(values.1.first_chunk::<8>(), places.1.first_chunk::<8>()), last] {
        if let (Some(values), Some(places)) = (values, places) {
            for i in 0..2 {
                let residual = _mm256_sub_pd(load(values, 4 * i), _mm256_mul_pd(slope, load(places, 4 * i)));
                low[i] = _mm256_min_pd(residual, low[i]);
                high[i] = _mm256_max_pd(residual, high[i]);
            }
        }
    }
    let low = _mm256_min_pd(_mm256_min_pd(low[0], low[1]), _mm256_min_pd(low[2], low[3]));
    let high = _mm256_max_pd(_mm256_max_pd(high[0], high[1]), _mm256_max_pd(high[2], high[3]));
    let low = _mm_min_pd(_mm256_castpd256_pd128(low), _mm256_extractf128_pd::<1>(low));
    let high = _mm_max_pd(_mm256_castpd256_pd128(high), _mm256_extractf128_pd::<1>(high));
    let low = _mm_cvtsd_f64(_mm_min_sd(low, _mm_unpackhi_pd(low, low)));
    let high = _mm_cvtsd_f64(_mm_max_sd(high, _mm_unpackhi_pd(high, high)));
    (high - low) * (high - low)
}

#[target_feature(enable = "avx2")]
fn squares(window: &[f64], line: &Line<'_>) -> f64 {
    let (middle, chord) = chord(window, line);
    let (middle, chord) = (_mm256_set1_pd(middle), _mm256_set1_pd(chord));
    let (values, left) = window.as_chunks::<16>();
    let (places, places_left) = line.places.as_chunks::<16>();
    let mut sums = [_mm256_setzero_pd(); 4];
    let (mut moments, mut squares) = (sums, sums);
    let rest_of =
        |value: __m256d, place: __m256d| _mm256_sub_pd(_mm256_sub_pd(value, middle), _mm256_mul_pd(chord, place));
    let mut add = |i: usize, rest: __m256d, place: __m256d| {
        sums[i] = _mm256_add_pd(sums[i], rest);
        moments[i] = _mm256_add_pd(moments[i], _mm256_mul_pd(rest, place));
        squares[i] = _mm256_add_pd(squares[i], _mm256_mul_pd(rest, rest));
    };
    for (values, places) in values.iter().zip(places) {
        for i in 0..4 {
            let place = load(places, 4 * i);
            add(i, rest_of(load(values, 4 * i), place), place);
        }
    }
    if let (Some(values), Some(places)) = (left.first_chunk::<8>(), places_left.first_chunk::<8>()) {
        for i in 0..2 {
            let place = load(places, 4 * i);
            add(i, rest_of(load(values, 4 * i), place), place);
        }
    }
    let last = (window.last_chunk::<8>(), line.places.last_chunk::<8>());
    if let (Some(values), Some(places), false) = (last.0, last.1, window.len().is_multiple_of(LANES)) {
        for i in 0..2 {
            let place = load(places, 4 * i);
            let rest = _mm256_mul_pd(rest_of(load(values, 4 * i), place), load(&line.rest, 4 * i));
            add(2 + i, rest, place);
        }
    }
    squares_left(sum_of_pair(sums), sum_of_pair(moments), sum_of_pair(squares), line)
}

#[target_feature(enable = "avx2")]
fn sum_of_pair(pair: Four) -> f64 {
    sum(_mm256_add_pd(_mm256_add_pd(pair[0], pair[2]), _mm256_add_pd(pair[1], pair[3])))
}

#[target_feature(enable = "avx2")]
fn sum(four: __m256d) -> f64 {
    let two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd::<1>(four));
    _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two))
}
