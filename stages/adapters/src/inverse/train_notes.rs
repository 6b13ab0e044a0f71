//! What a user should know of a training beside its tables.

use lapicque_inverse::Model;
use lapicque_inverse::validation::LearningPoint;

use super::training_rows::TrainingRows;

pub(super) fn notes(model: &Model, rows: &TrainingRows, curve: &[LearningPoint], targets: &[String]) -> Vec<String> {
    let mut notes = Vec::new();
    if !model.dropped_features.is_empty() {
        let names: Vec<&str> = model.dropped_features.iter().map(|f| f.name.as_str()).collect();
        notes.push(format!("features that are the same in all rows are left out: {}", names.join(", ")));
    }
    if rows.missing_samples > 0 {
        notes.push(format!(
            "{} samples have features or parameters, but not both: they are left out",
            rows.missing_samples
        ));
    }
    if rows.dropped_rows > 0 {
        notes.push(format!("{} rows with a missing feature are left out", rows.dropped_rows));
    }
    notes.extend(of_curve(curve, targets));
    notes
}

/// A fall of the error by more than this from the last part but one says that more samples would help.
const STILL_FALLING: f64 = 0.05;

fn of_curve(curve: &[LearningPoint], targets: &[String]) -> Vec<String> {
    let mut fractions: Vec<f64> = curve.iter().map(|point| point.fraction).collect();
    fractions.sort_by(f64::total_cmp);
    fractions.dedup();
    let [.., before, last] = fractions.as_slice() else { return Vec::new() };
    let of_target = |(number, name): (usize, &String)| {
        let mean = |fraction: f64| {
            let of_part = curve.iter().filter(|point| point.fraction == fraction && point.metric.target == number);
            let (sum, count) = of_part.fold((0.0, 0), |(sum, count), point| (sum + point.metric.mse, count + 1));
            sum / f64::from(count)
        };
        let samples = |fraction: f64| curve.iter().filter(|p| p.fraction == fraction).map(|p| p.samples).max();
        let fall = 1.0 - mean(*last) / mean(*before);
        let (from, to) = (samples(*before).unwrap_or_default(), samples(*last).unwrap_or_default());
        (fall > STILL_FALLING).then(|| {
            let percent = 100.0 * fall;
            format!(
                "the squared error of `{name}` falls by {percent:.0} % from {from} to {to} training samples: more \
                 simulations would help"
            )
        })
    };
    targets.iter().enumerate().filter_map(of_target).collect()
}
