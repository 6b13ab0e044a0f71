//! How well estimates tell the weights of a network: correlation, areas under curves, error of a line through the origin.
//!
//! | score | of estimates e and weights w over pairs | 1 where |
//! |---|---|---|
//! | correlation | Pearson's | e is a rising line of w |
//! | auroc | probability that a connected pair has a larger e than one that is not, ties counting half | e tells them apart |
//! | average_precision | sum over thresholds of precision times what recall gains; equal e are one threshold | the same |
//! | error_through_origin | min over a >= 0 of sum (e - a w)^2 / sum e^2 (Lepperod et al. 2023) | w tells nothing; 0 is best |
//!
//! A pair is connected where w is not 0.
//!
//! References: Lepperod et al. (2023) PLoS Comput Biol 19:e1011574; Hanley & McNeil (1982) Radiology 143:29.

use super::ConnectivityError;

/// Scores of one estimator; NaN where they are undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// Pearson's correlation; undefined where estimates or weights are all equal.
    pub correlation: f64,
    /// Area under the receiver operating characteristic; undefined without connected pairs, or without others.
    pub auroc: f64,
    /// Average precision; undefined without connected pairs.
    pub average_precision: f64,
    /// Error of a line through the origin; undefined where all estimates are 0, or all weights.
    pub error_through_origin: f64,
    /// Pairs that were scored.
    pub pairs: usize,
    /// Pairs whose estimate is undefined (NaN or infinite), which were left out.
    pub undefined: usize,
}

/// Scores estimates against weights, pair by pair. With `absolute` a large estimate of either sign tells a connection,
/// otherwise one above 0; correlation and error keep signs.
///
/// # Errors
/// Lists of different lengths, or weights that are not finite.
pub fn scores(estimates: &[f64], weights: &[f64], absolute: bool) -> Result<Scores, ConnectivityError> {
    if estimates.len() != weights.len() {
        return Err(ConnectivityError::Length { found: estimates.len(), due: weights.len() });
    }
    if let Some(place) = weights.iter().position(|weight| !weight.is_finite()) {
        return Err(ConnectivityError::Weight { place, found: weights[place] });
    }
    let pairs = estimates.iter().copied().zip(weights.iter().copied());
    let mut defined: Vec<(f64, f64)> = pairs.filter(|(estimate, _)| estimate.is_finite()).collect();
    let correlation = correlation(&defined);
    let error_through_origin = error_through_origin(&defined);
    if absolute {
        defined.iter_mut().for_each(|(estimate, _)| *estimate = estimate.abs());
    }
    let (auroc, average_precision) = areas(defined.clone());
    let undefined = estimates.len() - defined.len();
    Ok(Scores { correlation, auroc, average_precision, error_through_origin, pairs: defined.len(), undefined })
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (mean_e, mean_w) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut ew, mut ee, mut ww) = (0.0, 0.0, 0.0);
    for (e, w) in pairs {
        let (e, w) = (e - mean_e, w - mean_w);
        ew += e * w;
        ee += e * e;
        ww += w * w;
    }
    // Equal numbers have a mean that rounding may move off them.
    let same = |of: fn(&(f64, f64)) -> f64| pairs.iter().all(|pair| of(pair) == of(&pairs[0]));
    if same(|pair| pair.0) || same(|pair| pair.1) { f64::NAN } else { ew / (ee.sqrt() * ww.sqrt()) }
}

fn error_through_origin(pairs: &[(f64, f64)]) -> f64 {
    let sum = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (ew, ee, ww) = (sum(|(e, w)| e * w), sum(|(e, _)| e * e), sum(|(_, w)| w * w));
    if ee == 0.0 || ww == 0.0 { f64::NAN } else { 1.0 - ew.max(0.0).powi(2) / (ee * ww) }
}

/// Area under the receiver operating characteristic, and average precision.
fn areas(mut pairs: Vec<(f64, f64)>) -> (f64, f64) {
    pairs.sort_by(|first, second| second.0.total_cmp(&first.0));
    let connected = pairs.iter().filter(|(_, weight)| *weight != 0.0).count() as f64;
    let others = pairs.len() as f64 - connected;
    let (mut above, mut false_above) = (0.0, 0.0);
    let (mut area, mut precision) = (0.0, 0.0);
    // -0 and 0 are one threshold.
    for group in pairs.chunk_by(|first, second| first.0 == second.0) {
        let found = group.iter().filter(|(_, weight)| *weight != 0.0).count() as f64;
        let wrong = group.len() as f64 - found;
        area += wrong * (above + found / 2.0);
        above += found;
        false_above += wrong;
        precision += found * above / (above + false_above);
    }
    let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { f64::NAN };
    (ratio(area, connected * others), ratio(precision, connected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_their_definitions() {
        // scikit-learn 1.5: roc_auc_score 0.75, average_precision_score 0.8333...
        let found = scores(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 2.0], false).unwrap();
        assert_eq!(found.auroc, 0.75);
        assert!((found.average_precision - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15);
        let perfect = scores(&[0.0, 0.5, 1.0], &[0.0, 1.0, 2.0], false).unwrap();
        assert!((perfect.correlation - 1.0).abs() < 1e-15 && perfect.error_through_origin.abs() < 1e-15);
        assert_eq!((perfect.auroc, perfect.average_precision, perfect.pairs), (1.0, 1.0, 3));
        let opposite = scores(&[0.0, -0.5, -1.0], &[0.0, 1.0, 2.0], false).unwrap();
        assert!((opposite.correlation + 1.0).abs() < 1e-15);
        assert_eq!((opposite.error_through_origin, opposite.auroc), (1.0, 0.0));
        assert_eq!(scores(&[0.0, -0.5, -1.0], &[0.0, 1.0, 2.0], true).unwrap().auroc, 1.0);
    }

    #[test]
    fn equal_estimates_are_one_threshold() {
        let found = scores(&[0.0, -0.0, 0.0, 0.0], &[1.0, 0.0, 0.0, 1.0], false).unwrap();
        assert_eq!((found.auroc, found.average_precision), (0.5, 0.5));
        assert!(found.correlation.is_nan() && found.error_through_origin.is_nan());
    }

    #[test]
    fn undefined_estimates_are_left_out_and_counted() {
        let found = scores(&[f64::NAN, 1.0, f64::INFINITY, 0.0], &[5.0, 1.0, 0.0, 0.0], false).unwrap();
        assert_eq!((found.pairs, found.undefined, found.auroc), (2, 2, 1.0));
        let none = scores(&[f64::NAN], &[1.0], false).unwrap();
        assert!(none.correlation.is_nan() && none.auroc.is_nan() && none.average_precision.is_nan());
        assert!(scores(&[], &[], false).unwrap().error_through_origin.is_nan());
    }

    #[test]
    fn without_connections_or_without_others_there_is_no_area() {
        let unconnected = scores(&[1.0, 2.0], &[0.0, 0.0], false).unwrap();
        assert!(unconnected.auroc.is_nan() && unconnected.average_precision.is_nan());
        let connected = scores(&[1.0, 2.0], &[1.0, -1.0], false).unwrap();
        assert!(connected.auroc.is_nan());
        assert_eq!(connected.average_precision, 1.0);
    }

    #[test]
    fn lists_that_do_not_fit_and_weights_that_are_no_numbers_are_errors() {
        assert_eq!(
            scores(&[1.0], &[], false).unwrap_err().to_string(),
            "1 estimates for 0 weights; one for each is needed"
        );
        assert_eq!(
            scores(&[1.0], &[f64::NAN], false).unwrap_err().to_string(),
            "weight 0 (from 0) is NaN; weights are finite numbers"
        );
    }
}
