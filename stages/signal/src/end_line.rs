//! A series as the line through its first and last value, and what is left, continued by reflection.
//!
//! x_i = L_i + r_i with L_i = x_0 + i (x_(n-1) - x_0) / (n - 1), so r_0 = r_(n-1) = 0. Beyond its
//! ends the line goes on and r is reflected with its sign changed, r_(-i) = -r_i, again and again: r
//! has the period 2 (n - 1). This is the reflection of x through its end points, 2 x_0 - x_i, known as
//! odd. A filter of gain 1 at frequency 0 and without phase shift keeps every line, so it need see r
//! alone; offsets and trends of any size then do not pass through its arithmetic.

/// The line through the first and the last value; constant for one value, 0 for none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndLine {
    first: f64,
    slope: f64,
}

impl EndLine {
    pub(crate) fn of(series: &[f64]) -> EndLine {
        match series {
            [] => EndLine { first: 0.0, slope: 0.0 },
            [only] => EndLine { first: *only, slope: 0.0 },
            [first, .., last] => EndLine { first: *first, slope: (last - first) / (series.len() - 1) as f64 },
        }
    }

    /// The line at a place in samples, 0 for the first.
    pub(crate) fn at(&self, place: f64) -> f64 {
        self.first + self.slope * place
    }

    /// r, with `before` and `after` values of its reflections at the ends.
    pub(crate) fn remainder(&self, series: &[f64], before: usize, after: usize) -> Vec<f64> {
        let n = series.len();
        let mut rest = vec![0.0; before + n + after];
        for (i, (rest, x)) in rest[before..].iter_mut().zip(series).enumerate() {
            *rest = x - self.at(i as f64);
        }
        if n < 2 {
            return rest;
        }
        let period = 2 * (n - 1);
        for i in 1..=before {
            let place = period - (i - 1) % period - 1;
            rest[before - i] = if place < n { rest[before + place] } else { -rest[before + period - place] };
        }
        for i in n..n + after {
            let place = i % period;
            rest[before + i] = if place < n { rest[before + place] } else { -rest[before + period - place] };
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_reflected_with_its_sign_changed_again_and_again() {
        let series = [1.0, 4.0, 7.0, 4.0];
        let line = EndLine::of(&series);
        assert_eq!([0.0, 3.0, -1.0].map(|place| line.at(place)), [1.0, 4.0, 0.0]);
        // r = 0, 2, 4, 0.
        assert_eq!(line.remainder(&series, 0, 0), [0.0, 2.0, 4.0, 0.0]);
        let expected = [
            // Before the first value, the last of these next to it.
            [0.0, 2.0, 4.0, 0.0, -4.0, -2.0].as_slice(),
            &[0.0, 2.0, 4.0, 0.0],
            &[-4.0, -2.0, 0.0, 2.0, 4.0, 0.0, -4.0],
        ]
        .concat();
        let rest: Vec<f64> = line.remainder(&series, 6, 7).iter().map(|r| r + 0.0).collect();
        assert_eq!(rest, expected);
        // The series through its first point: 2 x_0 - x_1.
        assert_eq!(line.at(-1.0) + rest[5], 2.0 * 1.0 - 4.0);
    }

    #[test]
    fn short_series_are_lines() {
        assert_eq!(EndLine::of(&[]).remainder(&[], 2, 3), [0.0; 5]);
        assert_eq!(EndLine::of(&[7.0]).remainder(&[7.0], 2, 3), [0.0; 6]);
        assert_eq!(EndLine::of(&[7.0]).at(-3.5), 7.0);
        assert_eq!(EndLine::of(&[7.0, 9.0]).remainder(&[7.0, 9.0], 2, 3), [0.0; 7]);
        assert_eq!(EndLine::of(&[7.0, 9.0]).at(2.0), 11.0);
    }
}
