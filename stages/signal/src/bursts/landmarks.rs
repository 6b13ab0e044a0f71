//! Peaks, troughs and midpoints of flanks.

/// As many peaks as troughs, a peak first, and the midpoints between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Landmarks {
    pub(super) peaks: Vec<usize>,
    /// `troughs[i]` comes after `peaks[i]`.
    pub(super) troughs: Vec<usize>,
    /// `rises[i]` lies between `troughs[i]` and `peaks[i + 1]`.
    pub(super) rises: Vec<usize>,
    /// `decays[i]` lies between `peaks[i]` and `troughs[i]`.
    pub(super) decays: Vec<usize>,
}

/// Landmarks of a series, with what is left of it in the band: `margin` values more at each end.
pub(super) fn landmarks(series: &[f64], in_band: &[f64], margin: usize) -> Landmarks {
    let (mut peaks, mut troughs) = extrema(series, in_band, margin);
    if peaks.first().is_some_and(|peak| troughs.first().is_some_and(|trough| peak > trough)) {
        troughs.remove(0);
    }
    // After a leading trough is gone, peaks and troughs take turns, a peak first.
    peaks.truncate(troughs.len());
    troughs.truncate(peaks.len());
    let decays = peaks.iter().zip(&troughs).map(|(&from, &to)| midpoint(series, from, to, -1.0)).collect();
    let rises = troughs.iter().zip(peaks.iter().skip(1)).map(|(&from, &to)| midpoint(series, from, to, 1.0)).collect();
    Landmarks { peaks, troughs, rises, decays }
}

fn extrema(series: &[f64], in_band: &[f64], margin: usize) -> (Vec<usize>, Vec<usize>) {
    let crossing = |pair: &[f64]| (pair[0] > 0.0) != (pair[1] > 0.0);
    let crossings: Vec<usize> =
        in_band.windows(2).enumerate().filter(|(_, pair)| crossing(pair)).map(|(i, _)| i).collect();
    let (mut peaks, mut troughs) = (Vec::new(), Vec::new());
    let value = |i: usize| i.checked_sub(margin).and_then(|i| series.get(i)).copied().unwrap_or(0.0);
    for ends in crossings.windows(2) {
        // The sample before a crossing: not above 0 where it rises.
        let rises = in_band[ends[0]] <= 0.0;
        let sign = if rises { 1.0 } else { -1.0 };
        let higher = |best: usize, i: usize| if sign * value(i) > sign * value(best) { i } else { best };
        let Some(extremum) = (ends[0]..ends[1]).reduce(higher) else {
            continue;
        };
        // The first sample is no extremum: nobody knows what came before it.
        if let Some(place) = extremum.checked_sub(margin).filter(|place| *place > 0 && *place < series.len()) {
            if rises { peaks.push(place) } else { troughs.push(place) }
        }
    }
    (peaks, troughs)
}

/// Where the flank crosses the middle between its ends; `sign` is -1 for a decay.
fn midpoint(series: &[f64], from: usize, to: usize, sign: f64) -> usize {
    let flank = &series[from..=to];
    let (first, last) = (sign * flank[0], sign * flank[flank.len() - 1]);
    let in_time = from + flank.len() / 2;
    if first > last {
        return in_time;
    }
    let middle = sign * ((series[from] + series[to]) / 2.0);
    // Up to the middle of a rise, and above the middle of a decay.
    let before = |x: f64| if sign > 0.0 { x <= middle } else { sign * x < middle };
    let crossings: Vec<usize> =
        flank.windows(2).enumerate().filter(|(_, pair)| before(pair[0]) && !before(pair[1])).map(|(i, _)| i).collect();
    let count = crossings.len();
    match count {
        0 => in_time,
        _ if count % 2 == 1 => from + crossings[count / 2],
        _ => from + (crossings[count / 2 - 1] + crossings[count / 2]) / 2,
    }
}
