//! stretch_high and stretch_decreasing: the longest runs above the mean and of non-increasing
//! steps.
//!
//! v1: longest run of y_i > mean(y); longest run of d_i <= 0. v0 keeps a flaw that published
//! results contain: the last sample is ignored and a run is measured as the distance between
//! successive marks, a mark being the end of a run or the last index, and the first mark counting
//! from 0: usually run + 1.

use super::Definitions;

pub(super) fn longest_above(values: &[f64], mean: f64, definitions: Definitions) -> f64 {
    match definitions {
        Definitions::V1 => longest_run(values, |y| y - mean > 0.0),
        Definitions::V0 => {
            longest_between_marks(values.get(..values.len().saturating_sub(1)).unwrap_or(&[]), |y| y - mean <= 0.0)
        }
    }
}

pub(super) fn longest_decrease(increments: &[f64], definitions: Definitions) -> f64 {
    match definitions {
        Definitions::V1 => longest_run(increments, |d| d <= 0.0),
        Definitions::V0 => longest_between_marks(increments, |d| d >= 0.0),
    }
}

fn longest_run(values: &[f64], belongs: impl Fn(f64) -> bool) -> f64 {
    let mut run = 0_u32;
    let mut longest = 0;
    for &value in values {
        // A mask instead of a branch: in noise every second one would be mispredicted.
        run = (run + 1) & u32::from(belongs(value)).wrapping_neg();
        longest = longest.max(run);
    }
    f64::from(longest)
}

fn longest_between_marks(values: &[f64], ends: impl Fn(f64) -> bool) -> f64 {
    let mut mark = 0;
    let mut longest = 0;
    for (i, &value) in values.iter().enumerate() {
        if ends(value) || i + 1 == values.len() {
            longest = longest.max(i - mark);
            mark = i;
        }
    }
    longest as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_both_definitions() {
        let values = [-1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0];
        assert_eq!(longest_above(&values, 0.0, Definitions::V1), 3.0);
        // Marks at 0, 3 and 5, the last index that v0 looks at.
        assert_eq!(longest_above(&values, 0.0, Definitions::V0), 3.0);
        let increments = [-1.0, 0.0, -1.0, 2.0, -1.0];
        assert_eq!(longest_decrease(&increments, Definitions::V1), 3.0);
        assert_eq!(longest_decrease(&increments, Definitions::V0), 2.0);
        for definitions in [Definitions::V0, Definitions::V1] {
            assert_eq!(longest_above(&[], 0.0, definitions), 0.0);
        }
    }
}
