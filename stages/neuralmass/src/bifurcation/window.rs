//! Extremes, period and heights of the maxima of a trace. Definitions stand at the top of `bifurcation.rs`.

/// What rounding leaves of a fixed point, as a part of its size.
const ROUNDING: f64 = 1e-10;
/// Periods of more cycles are not told from chaos.
const MOST_CYCLES: usize = 64;
/// Cycles that repeat after several others differ by this part of what all cycles differ by, at most.
const DRIFT: f64 = 0.1;

/// What a trace does in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Least value.
    pub minimum: f64,
    /// Largest value.
    pub maximum: f64,
    /// Of all values.
    pub mean: f64,
    /// NaN where there is none.
    pub period_ms: f64,
    /// How many heights local maxima have.
    pub maxima: u32,
}

/// From one upward crossing of the mean to the next.
struct Cycle {
    begin: f64,
    end: f64,
    minimum: f64,
    maximum: f64,
}

impl Window {
    /// Of a trace at steps of `time_step_ms`; all NaN where it has no values, or some that are no numbers.
    pub fn of(values: &[f64], time_step_ms: f64, tolerance: f64) -> Self {
        let (mut minimum, mut maximum, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for &value in values {
            minimum = if value < minimum { value } else { minimum };
            maximum = if value > maximum { value } else { maximum };
            sum += value;
        }
        let mean = sum / values.len() as f64;
        if !mean.is_finite() {
            return Self { minimum: f64::NAN, maximum: f64::NAN, mean: f64::NAN, period_ms: f64::NAN, maxima: 0 };
        }
        let window = Self { minimum, maximum, mean, period_ms: f64::NAN, maxima: 0 };
        if window.is_constant() {
            return window;
        }
        let cycles = cycles(values, mean);
        let apart = tolerance * (maximum - minimum);
        let period_ms = period(&cycles, tolerance, apart).map_or(f64::NAN, |steps| steps * time_step_ms);
        Self { period_ms, maxima: heights(values, apart), ..window }
    }

    /// Whether nothing moves but by rounding.
    pub fn is_constant(&self) -> bool {
        self.maximum - self.minimum <= ROUNDING * self.minimum.abs().max(self.maximum.abs())
    }
}

/// Between crossings of the mean, in steps.
fn cycles(values: &[f64], mean: f64) -> Vec<Cycle> {
    let mut cycles: Vec<Cycle> = Vec::new();
    let mut open: Option<Cycle> = None;
    for (step, pair) in values.windows(2).enumerate() {
        let [before, after] = [pair[0], pair[1]];
        if before < mean && mean <= after {
            let crossing = step as f64 + (mean - before) / (after - before);
            let next = Cycle { begin: crossing, end: crossing, minimum: after, maximum: after };
            cycles.extend(open.replace(next).map(|cycle| Cycle { end: crossing, ..cycle }));
        } else if let Some(cycle) = &mut open {
            cycle.minimum = cycle.minimum.min(after);
            cycle.maximum = cycle.maximum.max(after);
        }
    }
    cycles
}

/// In steps.
fn period(cycles: &[Cycle], tolerance: f64, apart: f64) -> Option<f64> {
    let of_cycles = |p: usize| {
        let periods = cycles.len() / p;
        (cycles[periods * p - 1].end - cycles[0].begin) / periods as f64
    };
    let figures: [(fn(&Cycle) -> f64, f64); 3] = [
        (|cycle| cycle.end - cycle.begin, if cycles.is_empty() { 0.0 } else { tolerance * of_cycles(1) }),
        (|cycle| cycle.maximum, apart),
        (|cycle| cycle.minimum, apart),
    ];
    let repeats = |p: &usize| {
        figures.iter().all(|&(figure, allowed)| {
            let of_all = spread(cycles.iter().map(figure));
            // A drift is seen in each class as well; a period of several cycles is not.
            let most = if of_all <= allowed { allowed } else { allowed.min(DRIFT * of_all) };
            (0..*p).all(|first| spread(cycles.iter().skip(first).step_by(*p).map(figure)) <= most)
        })
    };
    (1..=(cycles.len() / 2).min(MOST_CYCLES)).find(repeats).map(of_cycles)
}

fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    high - low
}

/// Of local maxima: equal neighbours count as one, ends do not count.
fn heights(values: &[f64], apart: f64) -> u32 {
    let mut heights = Vec::new();
    let mut rises = false;
    for pair in values.windows(2) {
        if pair[1] > pair[0] {
            rises = true;
        } else if pair[1] < pair[0] {
            if rises {
                heights.push(pair[0]);
            }
            rises = false;
        }
    }
    heights.sort_by(f64::total_cmp);
    let gaps = heights.windows(2).filter(|pair| pair[1] - pair[0] >= apart).count();
    u32::from(!heights.is_empty()) + gaps as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_MS: f64 = 0.1;

    fn of(trace: impl Fn(f64) -> f64, steps: usize) -> Window {
        let values: Vec<f64> = (0..steps).map(|step| trace(step as f64 * STEP_MS)).collect();
        Window::of(&values, STEP_MS, 0.01)
    }

    fn wave(period_ms: f64) -> impl Fn(f64) -> f64 {
        move |t: f64| (std::f64::consts::TAU * t / period_ms).sin()
    }

    #[test]
    fn a_sine_has_its_period_whatever_part_of_a_cycle_is_left_over() {
        for steps in [5000, 5123, 5377] {
            let window = of(|t| 3.0 + 2.0 * wave(17.3)(t), steps);
            assert!((window.period_ms / 17.3 - 1.0).abs() < 1e-5, "{window:?}");
            assert!((window.maximum - 5.0).abs() < 1e-3 && (window.minimum - 1.0).abs() < 1e-3, "{window:?}");
            assert_eq!(window.maxima, 1);
        }
    }

    #[test]
    fn where_every_second_cycle_is_higher_the_period_has_doubled() {
        let window = of(|t| wave(10.0)(t) + 0.2 * wave(20.0)(t), 5000);
        assert!((window.period_ms - 20.0).abs() < 1e-3, "{window:?}");
        assert_eq!(window.maxima, 2);
        // Of the same height, but of other durations.
        let window = of(|t| wave(10.0)(t + 0.5 * wave(20.0)(t + 3.0)), 5000);
        assert!((window.period_ms - 20.0).abs() < 1e-3, "{window:?}");
    }

    #[test]
    fn several_crossings_of_a_cycle_are_one_period() {
        let window = of(|t| wave(30.0)(t) + wave(10.0)(t) + 0.3 * wave(15.0)(t), 9000);
        assert!((window.period_ms - 30.0).abs() < 1e-3, "{window:?}");
    }

    #[test]
    fn what_does_not_repeat_has_no_period() {
        for trace in [
            (|t: f64| (-t / 300.0).exp() * wave(10.0)(t)) as fn(f64) -> f64,
            |t| wave(10.0)(t) + wave(10.0 * std::f64::consts::SQRT_2)(t),
            |t| (-t / 300.0).exp(),
            |t| wave(10.0)(t.powf(1.2)),
            // By little more than the tolerance.
            |t| (-t / 20e3).exp() * wave(10.0)(t),
        ] {
            let window = of(trace, 5000);
            assert!(window.period_ms.is_nan(), "{window:?}");
        }
        // Two whole periods are due.
        assert!(of(wave(200.0), 3500).period_ms.is_nan());
        assert!((of(wave(160.0), 5000).period_ms - 160.0).abs() < 0.1);
    }

    #[test]
    fn the_logistic_map_doubles_its_period_and_becomes_chaotic() {
        let orbit = |r: f64| {
            let mut x = 0.3;
            let mut values = Vec::new();
            for step in 0..4000 {
                x = r * x * (1.0 - x);
                if step >= 3000 {
                    // Crossings need what lies between.
                    values.extend([x, 0.0]);
                }
            }
            let window = Window::of(&values, 0.5, 1e-3);
            (window.period_ms, window.maxima)
        };
        assert_eq!(orbit(2.8).1, 1);
        assert_eq!(orbit(3.2).1, 2);
        assert_eq!(orbit(3.5).1, 4);
        let [one, two, four] = [2.8, 3.2, 3.5].map(|r| orbit(r).0);
        assert!(
            (one - 1.0).abs() < 1e-3 && (two - 2.0).abs() < 1e-3 && (four - 4.0).abs() < 1e-3,
            "{one} {two} {four}"
        );
        let (period, maxima) = orbit(3.9);
        assert!(period.is_nan() && maxima > 10, "{period} {maxima}");
    }

    #[test]
    fn few_values_constants_and_what_is_no_number_are_defined() {
        let fixed = Window::of(&[2.0; 100], STEP_MS, 0.01);
        assert_eq!((fixed.minimum, fixed.maximum, fixed.mean, fixed.maxima), (2.0, 2.0, 2.0, 0));
        assert!(fixed.period_ms.is_nan() && fixed.is_constant());
        let rounded: Vec<f64> = (0..100).map(|step| 2.0 + f64::from(step % 2) * 4e-16).collect();
        let rounded = Window::of(&rounded, STEP_MS, 0.01);
        assert!(rounded.period_ms.is_nan() && rounded.maxima == 0);
        assert!(Window::of(&[], STEP_MS, 0.01).mean.is_nan());
        assert!(Window::of(&[1.0, f64::NAN], STEP_MS, 0.01).maximum.is_nan());
        assert!(Window::of(&[1.0, f64::INFINITY], STEP_MS, 0.01).maximum.is_nan());
        let one = Window::of(&[3.0], STEP_MS, 0.01);
        assert_eq!((one.minimum, one.maximum, one.mean, one.maxima), (3.0, 3.0, 3.0, 0));
        let two = Window::of(&[1.0, 2.0], STEP_MS, 0.01);
        assert!(two.period_ms.is_nan() && two.maxima == 0 && two.mean == 1.5);
        assert!(Window::of(&[0.0; 5], STEP_MS, 0.01).is_constant());
    }

    #[test]
    fn flat_tops_count_once_and_ends_do_not() {
        let values = [5.0, 1.0, 3.0, 3.0, 1.0, 3.0, 1.0, 2.0, 2.0, 4.0];
        assert_eq!(Window::of(&values, STEP_MS, 0.01).maxima, 1);
        let values = [0.0, 1.0, 0.0, 2.0, 0.0];
        assert_eq!(Window::of(&values, STEP_MS, 0.01).maxima, 2);
    }
}
