//! Times in steps, by decimal texts against whole numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::grid::TimeGrid;
use proptest::prelude::*;

/// `digits` 10^-`places` as a person would write it.
fn text(digits: u64, places: u32) -> String {
    let scale = 10_u64.pow(places);
    match places {
        0 => digits.to_string(),
        _ => format!("{}.{:0width$}", digits / scale, digits % scale, width = places as usize),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Times and steps of up to three places: nothing is finer than the tic of 1 us, and no remainder is a billionth.
    #[test]
    fn decimal_texts_are_decided_by_whole_numbers(
        step in 1_u64..20_000, step_places in 0_u32..=3, time in 0_u64..900_000, time_places in 0_u32..=3,
    ) {
        let grid = TimeGrid::new(text(step, step_places).parse().unwrap()).unwrap();
        let time_ms: f64 = text(time, time_places).parse().unwrap();
        let (step, time) = (step * 10_u64.pow(3 - step_places), time * 10_u64.pow(3 - time_places));
        prop_assert_eq!(grid.steps_up(time_ms).ok(), u32::try_from(time.div_ceil(step)).ok());
        prop_assert_eq!(grid.nearest_step(time_ms).ok(), u32::try_from((2 * time + step) / (2 * step)).ok());
        prop_assert_eq!(grid.steps(time_ms).is_ok(), time % step == 0);
    }

    /// Steps of up to seven places: times are read to the last of them.
    #[test]
    fn fine_steps_make_fine_tics(tens in 0_u64..999_999, last in 1_u64..10, places in 4_u32..=7, time in 0_u64..100_000_000) {
        let step = 10 * tens + last;
        let grid = TimeGrid::new(text(step, places).parse().unwrap()).unwrap();
        let time_ms: f64 = text(time, places).parse().unwrap();
        prop_assert_eq!(grid.steps_up(time_ms).unwrap(), time.div_ceil(step) as u32);
        prop_assert_eq!(grid.nearest_step(time_ms).unwrap(), ((2 * time + step) / (2 * step)) as u32);
    }

    /// Beyond the tic, a time counts as the nearest tic, halves up.
    #[test]
    fn times_are_read_to_the_tic(step in 1_u64..5_000, time in 0_u64..10_000_000_000) {
        let grid = TimeGrid::new(text(step, 3).parse().unwrap()).unwrap();
        let time_ms: f64 = text(time, 6).parse().unwrap();
        let tics = (time + 500) / 1000;
        // A billionth of the time is whole.
        let off = (time % (step * 1000)).min(step * 1000 - time % (step * 1000));
        prop_assume!(off == 0 || off * 900_000_000 > time);
        prop_assert_eq!(grid.steps_up(time_ms).unwrap(), tics.div_ceil(step) as u32);
        prop_assert_eq!(grid.nearest_step(time_ms).unwrap(), ((2 * tics + step) / (2 * step)) as u32);
    }

    #[test]
    fn the_time_of_a_step_is_the_nearest_float_and_reads_back(step in 1_u64..20_000, places in 0_u32..=6, n in 0_u32..5_000_000) {
        let grid = TimeGrid::new(text(step, places).parse().unwrap()).unwrap();
        let expected: f64 = text(step * u64::from(n), places).parse().unwrap();
        prop_assert_eq!(grid.time_ms(n), expected);
        prop_assert_eq!(grid.steps(expected).ok(), Some(n));
        prop_assert_eq!(grid.steps_up(expected).ok(), Some(n));
        prop_assert_eq!(grid.nearest_step(expected).ok(), Some(n));
    }
}
