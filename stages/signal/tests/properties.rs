//! What holds for every series.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::catch22::{Catch22, Definitions, Feature, Options, Undefined, catch24};
use lapicque_signal::decimate::decimate;
use lapicque_signal::resample::resample_by;
use proptest::collection::vec;
use proptest::num::f64::{ANY, NORMAL};
use proptest::prelude::*;

type Filter<'a> = dyn Fn(&[f64]) -> Vec<f64> + 'a;

fn options(definitions: Definitions, undefined: Undefined) -> Options {
    Options { definitions, undefined, normalize: false }
}

proptest! {
    #[test]
    fn catch24_survives_any_bits(series in vec(ANY, 0..150)) {
        for definitions in [Definitions::V0, Definitions::V1] {
            catch24(&series, options(definitions, Undefined::Nan));
            catch24(&series, options(definitions, Undefined::Mask));
        }
    }

    #[test]
    fn masks_leave_no_holes_and_change_nothing_else(series in vec(-1e3..1e3, 2..150)) {
        let plain = catch24(&series, options(Definitions::V1, Undefined::Nan));
        let masked = catch24(&series, options(Definitions::V1, Undefined::Mask));
        for feature in Feature::ALL {
            prop_assert!(masked.get(feature).is_finite(), "{feature:?}");
            prop_assert_eq!(masked.is_masked(feature), plain.get(feature).is_nan());
            prop_assert!(masked.is_masked(feature) || masked.get(feature) == plain.get(feature));
        }
    }

    #[test]
    fn filters_survive_any_bits_and_are_linear(
        wild in vec(ANY | NORMAL, 0..80),
        a in vec(-1.0..1.0, 60),
        b in vec(-1.0..1.0, 60),
        up in 1_u32..12,
        down in 1_u32..12,
    ) {
        let length = (wild.len() * up as usize).div_ceil(down as usize);
        // Cancelling leaves the length as it is.
        prop_assert_eq!(resample_by(&wild, up, down).unwrap().len(), length);
        prop_assert_eq!(decimate(&wild, down as usize).is_ok(), wild.len() >= 28 || down == 1);
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - 2.0 * b).collect();
        let filters: [&Filter; 2] = [
            &|series| resample_by(series, up, down).unwrap(),
            &|series| decimate(series, down as usize).unwrap(),
        ];
        for filter in filters {
            for ((sum, a), b) in filter(&sum).into_iter().zip(filter(&a)).zip(filter(&b)) {
                prop_assert!((sum - (a - 2.0 * b)).abs() < 1e-9);
            }
        }
    }
}

/// A workspace can be made on one thread and used on another.
#[test]
fn workspaces_can_be_sent() {
    fn assert_send<T: Send>(_: &T) {}
    assert_send(&Catch22::new(Options::default()));
}
