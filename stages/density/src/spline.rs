//! Monotonic rational-quadratic splines with linear tails (Durkan et al. 2019, arXiv:1906.04032, equations 4 to 8 and appendix A).
//!
//! From -tail to tail there are K bins with widths w_k, heights h_k and slopes d_k at their edges, the outermost being 1; beyond, the spline is the identity.
//! In a bin, with s = h / w, xi = (x - x_k) / w and theta = xi (1 - xi):
//!
//! y = y_k + h (s xi^2 + d_k theta) / (s + (d_{k+1} + d_k - 2 s) theta)
//!
//! dy/dx = s^2 (d_{k+1} xi^2 + 2 s theta + d_k (1 - xi)^2) / (s + (d_{k+1} + d_k - 2 s) theta)^2
//!
//! Widths are 2 tail (m + (1 - K m) softmax), heights as well, with m = 0.001; slopes are made positive. All numbers 0 give the identity, nearly.
//! Of a spline K logits of widths are first, then K of heights, then K - 1 numbers of slopes.

use crate::number::{Number, exp_all};
use crate::positive::positive;

/// Least width and height of a bin, as fractions of the whole.
const LEAST: f64 = 1e-3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spline {
    pub(crate) bins: usize,
    pub(crate) tail: f64,
}

/// The bin of one number.
struct Bin<T> {
    place: usize,
    /// Where it begins, and how far it goes, on both axes.
    x: T,
    width: T,
    y: T,
    height: T,
    /// At its two edges, with their derivatives by what the network gave.
    slopes: [(T, T); 2],
}

/// What is needed at one place in a bin.
struct Point<T> {
    theta: T,
    steepness: T,
    curve: T,
    numerator: T,
    denominator: T,
    slope: T,
}

impl Spline {
    pub(crate) fn per_value(&self) -> usize {
        3 * self.bins - 1
    }

    /// Replaces each of a row of values, and adds the logarithms of slopes. `numbers` is `per_value x count`; of each spline, logits become probabilities.
    pub(crate) fn forward<T: Number>(&self, numbers: &mut [T], values: &mut [T], log_slopes: &mut [T]) {
        let count = values.len();
        self.softmax(numbers, count);
        let tail = T::of(self.tail);
        for (column, (value, log_slope)) in values.iter_mut().zip(log_slopes).enumerate() {
            if value.abs() >= tail {
                continue;
            }
            let bin = self.bin(numbers, (column, count), |bin| bin.x + bin.width > *value);
            let point = bin.at((*value - bin.x) / bin.width);
            *value = bin.y + bin.height * point.numerator / point.denominator;
            *log_slope += point.log_slope();
        }
    }

    /// Of a row of values that went in, with the gradients of what came out, and with -1 for the logarithm of each slope: the gradient of the values, and that
    /// of the numbers in place of the numbers, whose logits are probabilities already.
    pub(crate) fn backward<T: Number>(&self, numbers: &mut [T], values: &[T], slopes: &mut [T], work: &mut Vec<T>) {
        let (count, bins, tail) = (values.len(), self.bins, T::of(self.tail));
        let reach = T::of(2.0 * self.tail * (1.0 - bins as f64 * LEAST));
        work.clear();
        work.resize(numbers.len(), T::ZERO);
        for (column, (value, slope)) in values.iter().zip(slopes.iter_mut()).enumerate() {
            if value.abs() >= tail {
                continue;
            }
            let bin = self.bin(numbers, (column, count), |bin| bin.x + bin.width > *value);
            let by = bin.gradient((*value - bin.x) / bin.width, *slope);
            *slope = by.x;
            // A bin begins where those before it end.
            let axes = [(0, -by.x, by.width), (bins, by.y, by.height)];
            for (start, of_edge, of_size) in axes {
                let probability = |place: usize| numbers[(start + place) * count + column];
                let of_place = |place: usize| match place.cmp(&bin.place) {
                    std::cmp::Ordering::Less => of_edge,
                    std::cmp::Ordering::Equal => of_size,
                    std::cmp::Ordering::Greater => T::ZERO,
                };
                let mean: T = (0..=bin.place).map(|place| probability(place) * of_place(place)).sum();
                for place in 0..bins {
                    work[(start + place) * count + column] = reach * probability(place) * (of_place(place) - mean);
                }
            }
            for (edge, of_slope) in [(bin.place, by.slopes[0]), (bin.place + 1, by.slopes[1])] {
                if edge > 0 && edge < bins {
                    work[(2 * bins + edge - 1) * count + column] = of_slope;
                }
            }
        }
        numbers.copy_from_slice(work);
    }

    /// Replaces each of a row of values by what the spline maps to it.
    pub(crate) fn inverse<T: Number>(&self, numbers: &mut [T], values: &mut [T]) {
        let count = values.len();
        self.softmax(numbers, count);
        let tail = T::of(self.tail);
        for (column, value) in values.iter_mut().enumerate() {
            if value.abs() >= tail {
                continue;
            }
            let bin = self.bin(numbers, (column, count), |bin| bin.y + bin.height > *value);
            *value = bin.x + bin.width * bin.inverse(*value - bin.y);
        }
    }

    fn softmax<T: Number>(&self, numbers: &mut [T], count: usize) {
        let (widths, rest) = numbers.split_at_mut(self.bins * count);
        for logits in [widths, &mut rest[..self.bins * count]] {
            let mut highest = logits[..count].to_vec();
            for row in logits.chunks_exact(count).skip(1) {
                highest.iter_mut().zip(row).for_each(|(highest, logit)| *highest = highest.max(*logit));
            }
            for row in logits.chunks_exact_mut(count) {
                row.iter_mut().zip(&highest).for_each(|(logit, highest)| *logit -= *highest);
            }
            exp_all(logits);
            let mut totals = vec![T::ZERO; count];
            for row in logits.chunks_exact(count) {
                totals.iter_mut().zip(row).for_each(|(total, part)| *total += *part);
            }
            totals.iter_mut().for_each(|total| *total = T::ONE / *total);
            for row in logits.chunks_exact_mut(count) {
                row.iter_mut().zip(&totals).for_each(|(part, scale)| *part *= *scale);
            }
        }
    }

    /// The first bin that ends above, or the last.
    fn bin<T: Number>(
        &self,
        numbers: &[T],
        (column, count): (usize, usize),
        ends_above: impl Fn(&Bin<T>) -> bool,
    ) -> Bin<T> {
        let bins = self.bins;
        let least = T::of(2.0 * self.tail * LEAST);
        let reach = T::of(2.0 * self.tail * (1.0 - bins as f64 * LEAST));
        let number = |row: usize| numbers[row * count + column];
        let size = |row: usize| least + reach * number(row);
        let none = (T::ONE, T::ZERO);
        let edge = T::of(-self.tail);
        let mut bin = Bin { place: 0, x: edge, width: size(0), y: edge, height: size(bins), slopes: [none, none] };
        while !ends_above(&bin) && bin.place + 1 < bins {
            bin.place += 1;
            bin.x += bin.width;
            bin.y += bin.height;
            bin.width = size(bin.place);
            bin.height = size(bins + bin.place);
        }
        if bin.place > 0 {
            bin.slopes[0] = positive(number(2 * bins + bin.place - 1));
        }
        if bin.place + 1 < bins {
            bin.slopes[1] = positive(number(2 * bins + bin.place));
        }
        bin
    }
}

/// Gradients by the parts of a bin, and by the value.
struct ByPart<T> {
    x: T,
    width: T,
    y: T,
    height: T,
    /// By what the network gave.
    slopes: [T; 2],
}

impl<T: Number> Bin<T> {
    fn at(&self, xi: T) -> Point<T> {
        let two = T::of(2.0);
        let [(left, _), (right, _)] = self.slopes;
        let rest = T::ONE - xi;
        let theta = xi * rest;
        let steepness = self.height / self.width;
        let curve = right + left - two * steepness;
        Point {
            theta,
            steepness,
            curve,
            numerator: steepness * xi * xi + left * theta,
            denominator: steepness + curve * theta,
            slope: right * xi * xi + two * steepness * theta + left * rest * rest,
        }
    }

    /// For a loss of which `out` is the gradient by what comes out, and -1 that by the logarithm of the slope.
    fn gradient(&self, xi: T, out: T) -> ByPart<T> {
        let two = T::of(2.0);
        let point = self.at(xi);
        let Point { theta, steepness, curve, numerator, denominator, slope } = point;
        let [(left, left_by), (right, right_by)] = self.slopes;
        let rest = T::ONE - xi;
        let by_numerator = out * self.height / denominator;
        let mut by_height = out * numerator / denominator;
        let by_denominator = (two - by_numerator * numerator) / denominator;
        let by_slope = -T::ONE / slope;
        let by_curve = by_denominator * theta;
        let by_theta = by_denominator * curve + by_numerator * left + by_slope * two * steepness;
        let by_steepness =
            -two / steepness + by_denominator - two * by_curve + by_numerator * xi * xi + by_slope * two * theta;
        let by_left = by_curve + by_numerator * theta + by_slope * rest * rest;
        let by_right = by_curve + by_slope * xi * xi;
        let by_xi = by_numerator * two * steepness * xi
            + by_slope * two * (right * xi - left * rest)
            + by_theta * (T::ONE - two * xi);
        by_height += by_steepness / self.width;
        let by_width = -(by_steepness * steepness + by_xi * xi) / self.width;
        ByPart {
            x: by_xi / self.width,
            width: by_width,
            y: out,
            height: by_height,
            slopes: [by_left * left_by, by_right * right_by],
        }
    }

    /// The xi at which the spline is so far above the bin's lower edge: the root of a quadratic between 0 and 1, in the form that loses no digits.
    fn inverse(&self, above: T) -> T {
        let [(left, _), (right, _)] = self.slopes;
        let steepness = self.height / self.width;
        let curve = right + left - T::of(2.0) * steepness;
        let a = self.height * (steepness - left) + above * curve;
        let b = self.height * left - above * curve;
        let c = -steepness * above;
        let root = (b * b - T::of(4.0) * a * c).max(T::ZERO).sqrt();
        (T::of(2.0) * c / (-b - root)).max(T::ZERO).min(T::ONE)
    }
}

impl<T: Number> Point<T> {
    fn log_slope(&self) -> T {
        let ratio = self.steepness / self.denominator;
        (ratio * ratio * self.slope).ln()
    }
}
