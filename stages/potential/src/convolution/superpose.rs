//! Pairs spikes with kernels by population name, and adds up connections before the convolution where that is allowed.

use std::collections::HashSet;

use crate::kernels::{Kernel, Probe};
use crate::range::OutOfRange;

use super::{BinGrid, Term, direct, fourier, spike_counts};

/// The spikes of one population, as steps from the start of the simulation, in any order.
#[derive(Debug, Clone, Copy)]
pub struct PopulationSpikes<'a> {
    /// As the kernels name it.
    pub population: &'a str,
    /// One entry for each spike.
    pub steps: &'a [u32],
}

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Superposition {
    /// One signal per probe, all connections together.
    Total,
    /// One signal per probe and connection.
    ByConnection,
}

/// What becomes of bins that a kernel connects with spikes from outside of the recorded interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edges {
    /// They are left out: the signal is shorter by the longest kernel less one lag.
    Valid,
    /// They are there, as if there had been no spikes outside: the signal begins with a step.
    Same,
}

/// How spikes and kernels become signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// What is added up.
    pub superposition: Superposition,
    /// What becomes of the ends.
    pub edges: Edges,
    /// The first value of every kernel is that of the lag minus this many steps.
    pub lags_before_zero: usize,
}

impl Convolution {
    /// Kernels that begin at lag 0.
    pub fn causal(superposition: Superposition, edges: Edges) -> Self {
        Self { superposition, edges, lags_before_zero: 0 }
    }
}

/// A population signal; sample i belongs to bin `first_bin` + i.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The same for all signals.
    pub first_bin: usize,
    /// What is recorded.
    pub probe: Probe,
    /// (pre, post), none if it is the total.
    pub connection: Option<(String, String)>,
    /// nA um or mV, see [`Probe::unit`].
    pub values: Vec<f64>,
}

/// Why spikes and kernels do not fit.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConvolutionError {
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    #[error("kernel {pre} -> {post} needs the spikes of `{pre}`; there are those of: {known}")]
    MissingSpikes { pre: String, post: String, known: String },
    #[error("no kernel of probe {channel} takes the spikes of `{population}`")]
    MissingKernel { channel: String, population: String },
    #[error("the spikes of `{population}` are given twice")]
    DuplicateSpikes { population: String },
    #[error("kernel {pre} -> {post} of probe {channel} is given twice")]
    DuplicateKernel { pre: String, post: String, channel: String },
    #[error("kernel {pre} -> {post} has steps of {kernel_dt_ms} ms, spikes have {spikes_dt_ms} ms; they must be equal")]
    StepsDiffer { pre: String, post: String, kernel_dt_ms: f64, spikes_dt_ms: f64 },
    #[error("kernel {pre} -> {post} of probe {channel} has no samples, or some that are not finite")]
    BadKernel { pre: String, post: String, channel: String },
    #[error(
        "the spikes are recorded for {recorded_ms} ms and the kernels are {kernel_ms} ms long: \
         no value is free of spikes from before or after the recording"
    )]
    ShorterThanKernel { recorded_ms: f64, kernel_ms: f64 },
}

/// Signals of all probes among `kernels`, in the order in which these first appear.
///
/// Each probe needs kernels from every population in `spikes`, so that no input is dropped silently.
///
/// # Errors
/// Kernels and spikes that do not fit each other, see [`ConvolutionError`].
pub fn superpose(
    spikes: &[PopulationSpikes<'_>],
    kernels: &[Kernel],
    grid: &BinGrid,
    convolution: &Convolution,
) -> Result<Vec<Signal>, ConvolutionError> {
    check(spikes, kernels, grid)?;
    let Convolution { superposition, edges, lags_before_zero } = *convolution;
    let longest = kernels.iter().map(|kernel| kernel.values.len()).max().unwrap_or(1).max(lags_before_zero + 1);
    // Sum j of the kernels as they are, from their first value on, is that of bin j - lags_before_zero.
    let (first, bins) = match edges {
        Edges::Valid if longest > grid.bins => {
            let duration_ms = |bins: usize| bins as f64 * grid.dt_ms;
            let (recorded_ms, kernel_ms) = (duration_ms(grid.bins), duration_ms(longest));
            return Err(ConvolutionError::ShorterThanKernel { recorded_ms, kernel_ms });
        }
        Edges::Valid => (longest - 1, grid.bins),
        Edges::Same => (lags_before_zero, grid.bins + lags_before_zero),
    };
    let signal = |probe, connection| Signal {
        first_bin: first.saturating_sub(lags_before_zero),
        probe,
        connection,
        values: Vec::new(),
    };
    let (mut signals, outputs): (Vec<Signal>, Vec<Vec<Term>>) = match superposition {
        Superposition::Total => {
            probes(kernels).into_iter().map(|probe| (signal(probe, None), total_terms(spikes, kernels, probe))).unzip()
        }
        Superposition::ByConnection => probes(kernels)
            .into_iter()
            .flat_map(|probe| kernels.iter().filter(move |k| k.probe == probe))
            .filter_map(|kernel| {
                let term = Term { source: source(spikes, &kernel.pre)?, kernel: kernel.values.clone() };
                let connection = (kernel.pre.clone(), kernel.post.clone());
                Some((signal(kernel.probe, Some(connection)), vec![term]))
            })
            .unzip(),
    };
    let counts = |s: &PopulationSpikes<'_>| {
        let mut counts = spike_counts(s.steps, grid);
        counts.resize(bins, 0);
        counts
    };
    let counts: Vec<Vec<u32>> = spikes.iter().map(counts).collect();
    for (signal, values) in signals.iter_mut().zip(convolve(&counts, &outputs, first)) {
        signal.values = values;
    }
    Ok(signals)
}

/// Sums of terms, from the bin `first` to the last of the counts.
fn convolve(counts: &[Vec<u32>], outputs: &[Vec<Term>], first: usize) -> Vec<Vec<f64>> {
    let transforms = fourier::Plan::cheapest(counts, outputs, first);
    if direct::cost(counts, outputs) <= transforms.cost() {
        direct::convolve(counts, outputs, first)
    } else {
        transforms.convolve(counts, outputs, first)
    }
}

/// Kernels of one source are added before the convolution: one term per source.
fn total_terms(spikes: &[PopulationSpikes<'_>], kernels: &[Kernel], probe: Probe) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for kernel in kernels.iter().filter(|k| k.probe == probe) {
        let Some(source) = source(spikes, &kernel.pre) else {
            continue;
        };
        match terms.iter_mut().find(|term| term.source == source) {
            Some(term) => add(&mut term.kernel, &kernel.values),
            None => terms.push(Term { source, kernel: kernel.values.clone() }),
        }
    }
    terms
}

fn add(sum: &mut Vec<f64>, values: &[f64]) {
    if sum.len() < values.len() {
        sum.resize(values.len(), 0.0);
    }
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

fn source(spikes: &[PopulationSpikes<'_>], population: &str) -> Option<usize> {
    spikes.iter().position(|s| s.population == population)
}

fn probes(kernels: &[Kernel]) -> Vec<Probe> {
    let mut probes = Vec::new();
    for kernel in kernels {
        if !probes.contains(&kernel.probe) {
            probes.push(kernel.probe);
        }
    }
    probes
}

fn check(spikes: &[PopulationSpikes<'_>], kernels: &[Kernel], grid: &BinGrid) -> Result<(), ConvolutionError> {
    let mut populations = HashSet::new();
    for s in spikes {
        if !populations.insert(s.population) {
            return Err(ConvolutionError::DuplicateSpikes { population: s.population.into() });
        }
    }
    for (i, kernel) in kernels.iter().enumerate() {
        check_kernel(kernel, spikes, grid)?;
        let same = |k: &Kernel| k.pre == kernel.pre && k.post == kernel.post && k.probe == kernel.probe;
        if kernels[..i].iter().any(same) {
            return Err(ConvolutionError::DuplicateKernel {
                pre: kernel.pre.clone(),
                post: kernel.post.clone(),
                channel: kernel.probe.channel(),
            });
        }
    }
    for probe in probes(kernels) {
        for s in spikes {
            let taken = |k: &Kernel| k.probe == probe && k.pre == s.population;
            if !kernels.iter().any(taken) {
                return Err(ConvolutionError::MissingKernel {
                    channel: probe.channel(),
                    population: s.population.into(),
                });
            }
        }
    }
    Ok(())
}

fn check_kernel(kernel: &Kernel, spikes: &[PopulationSpikes<'_>], grid: &BinGrid) -> Result<(), ConvolutionError> {
    let (pre, post) = (kernel.pre.clone(), kernel.post.clone());
    if source(spikes, &pre).is_none() {
        let known: Vec<&str> = spikes.iter().map(|s| s.population).collect();
        return Err(ConvolutionError::MissingSpikes { pre, post, known: known.join(", ") });
    }
    // A step may have been through a text of 12 digits.
    if (kernel.dt_ms - grid.dt_ms).abs() > 1e-9 * grid.dt_ms || kernel.dt_ms.is_nan() {
        return Err(ConvolutionError::StepsDiffer { pre, post, kernel_dt_ms: kernel.dt_ms, spikes_dt_ms: grid.dt_ms });
    }
    if kernel.values.is_empty() || kernel.values.iter().any(|v| !v.is_finite()) {
        return Err(ConvolutionError::BadKernel { pre, post, channel: kernel.probe.channel() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(pre: &str, post: &str, values: &[f64]) -> Kernel {
        Kernel { pre: pre.into(), post: post.into(), probe: Probe::DipoleZ, dt_ms: 0.5, values: values.to_vec() }
    }

    fn spikes<'a>(population: &'a str, steps: &'a [u32]) -> PopulationSpikes<'a> {
        PopulationSpikes { population, steps }
    }

    fn same(superposition: Superposition) -> Convolution {
        Convolution::causal(superposition, Edges::Same)
    }

    fn grid() -> BinGrid {
        BinGrid::new(1.0, 4.0, 0.5).unwrap()
    }

    #[test]
    fn a_kernel_starts_in_the_bin_of_its_spike() {
        let kernels = [kernel("A", "A", &[1.0, 2.0, 3.0])];
        let signals = superpose(&[spikes("A", &[1, 3, 7, 8])], &kernels, &grid(), &same(Superposition::Total)).unwrap();
        assert_eq!(signals[0].values, [0.0, 1.0, 2.0, 3.0, 0.0, 2.0]);
        assert_eq!(signals[0].connection, None);
    }

    #[test]
    fn the_total_is_the_sum_over_connections_of_unequal_length() {
        let kernels = [kernel("A", "A", &[1.0]), kernel("A", "B", &[0.0, 2.0]), kernel("B", "A", &[0.0, 0.0, -1.0])];
        let input = [spikes("A", &[2, 4]), spikes("B", &[2])];
        let run = |s| superpose(&input, &kernels, &grid(), &same(s)).unwrap();
        let (total, parts) = (run(Superposition::Total), run(Superposition::ByConnection));
        assert_eq!(total.len(), 1);
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1].connection, Some(("A".into(), "B".into())));
        for i in 0..6 {
            let sum: f64 = parts.iter().map(|p| p.values[i]).sum();
            assert_eq!(total[0].values[i], sum);
        }
        assert_eq!(total[0].values, [1.0, 2.0, 0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn valid_samples_need_no_spikes_from_outside() {
        let kernels = [kernel("A", "A", &[1.0, 2.0, 3.0])];
        let run = |grid: &BinGrid| {
            superpose(
                &[spikes("A", &[1, 3, 7, 8, 9])],
                &kernels,
                grid,
                &Convolution::causal(Superposition::Total, Edges::Valid),
            )
        };
        let signal = run(&grid()).unwrap().remove(0);
        assert_eq!((signal.first_bin, signal.values), (2, vec![2.0, 3.0, 0.0, 2.0]));
        let exact = run(&BinGrid::new(1.0, 2.5, 0.5).unwrap()).unwrap().remove(0);
        assert_eq!((exact.first_bin, exact.values), (2, vec![2.0]));
        let message = run(&BinGrid::new(1.0, 2.0, 0.5).unwrap()).unwrap_err().to_string();
        assert!(message.contains("recorded for 1 ms") && message.contains("kernels are 1.5 ms"), "{message}");
    }

    #[test]
    fn silence_and_no_kernels_are_results() {
        let kernels = [kernel("A", "A", &[1.0])];
        let silent = superpose(&[spikes("A", &[])], &kernels, &grid(), &same(Superposition::Total));
        assert_eq!(silent.unwrap()[0].values, [0.0; 6]);
        let none = superpose(&[], &[], &grid(), &same(Superposition::Total));
        assert!(none.unwrap().is_empty());
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let run = |spikes: &[PopulationSpikes<'_>], kernels: &[Kernel]| {
            superpose(spikes, kernels, &grid(), &same(Superposition::Total)).unwrap_err()
        };
        let a = spikes("A", &[2]);
        let (b, aa) = (spikes("B", &[2]), kernel("A", "A", &[1.0]));
        assert!(matches!(run(&[b], std::slice::from_ref(&aa)), ConvolutionError::MissingSpikes { .. }));
        assert!(matches!(run(&[a, b], std::slice::from_ref(&aa)), ConvolutionError::MissingKernel { .. }));
        assert!(matches!(run(&[a, a], std::slice::from_ref(&aa)), ConvolutionError::DuplicateSpikes { .. }));
        assert!(matches!(run(&[a], &[aa.clone(), aa.clone()]), ConvolutionError::DuplicateKernel { .. }));
        for values in [&[][..], &[f64::NAN], &[1.0, f64::INFINITY]] {
            assert!(matches!(run(&[a], &[kernel("A", "A", values)]), ConvolutionError::BadKernel { .. }));
        }
        let coarse = Kernel { dt_ms: 1.0, ..aa };
        assert!(matches!(run(&[a], &[coarse]), ConvolutionError::StepsDiffer { .. }));
    }
}
