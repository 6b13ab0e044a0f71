//! How a group spikes.

use lapicque_equations::network::EventRecord;

/// Figures of a group over a window of time.
pub(crate) struct Population {
    /// Mean rate in Hz.
    pub(crate) rate: f64,
    /// Mean coefficient of variation of the intervals of neurons that have at least three.
    pub(crate) variation: f64,
    /// Which part does not spike.
    pub(crate) silent: f64,
    /// Variance over mean of the spikes of all in bins of 5 ms.
    pub(crate) fano: f64,
}

impl Population {
    pub(crate) fn new(record: &EventRecord, from: f64, to: f64) -> Self {
        let size = record.size as usize;
        let mut trains = vec![Vec::new(); size];
        let bins = ((to - from) / 5e-3).round() as usize;
        let mut counts = vec![0.0; bins];
        for (element, time) in record.elements.iter().zip(&record.times) {
            if *time > from && *time < to {
                trains[*element as usize].push(*time);
                counts[(((time - from) / 5e-3) as usize).min(bins - 1)] += 1.0;
            }
        }
        let spikes: usize = trains.iter().map(Vec::len).sum();
        let variations: Vec<f64> =
            trains.iter().filter(|train| train.len() > 3).map(|train| variation(train)).collect();
        let (mean, deviation) = mean_and_deviation(&counts);
        Self {
            rate: spikes as f64 / size as f64 / (to - from),
            variation: variations.iter().sum::<f64>() / variations.len() as f64,
            silent: trains.iter().filter(|train| train.is_empty()).count() as f64 / size as f64,
            fano: deviation * deviation / mean,
        }
    }
}

fn variation(train: &[f64]) -> f64 {
    let intervals: Vec<f64> = train.windows(2).map(|two| two[1] - two[0]).collect();
    let (mean, deviation) = mean_and_deviation(&intervals);
    deviation / mean
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}
