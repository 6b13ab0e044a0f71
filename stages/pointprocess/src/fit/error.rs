//! Why there is no fit.

/// What is wrong with spikes, filters or a penalty, or what became of a fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// A field outside of its range.
    #[error("`{field}` is {found}; {allowed}")]
    OutOfRange {
        /// Its name.
        field: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A list of another length than is needed.
    #[error("`{field}` has {found} values; expected {due}")]
    Length {
        /// What it is.
        field: &'static str,
        /// How long it is.
        found: usize,
        /// How long it must be.
        due: usize,
    },
    /// A neuron that is not there.
    #[error("neuron {found} is named, but there are {neurons} neurons (numbered from 0)")]
    NoSuchNeuron {
        /// The neuron.
        found: usize,
        /// How many there are.
        neurons: usize,
    },
    /// A spike or a pulse outside of the recording.
    #[error("`{series}` has a value in bin {bin}, but there are {bins} bins (numbered from 0)")]
    NoSuchBin {
        /// Whose value.
        series: String,
        /// Its bin.
        bin: u64,
        /// How many there are.
        bins: u32,
    },
    /// More than one spike in a bin of a model that has none or one.
    #[error(
        "neuron {neuron} has {found} spikes in bin {bin}; the model has one at most: take shorter bins or Poisson counts"
    )]
    Count {
        /// Which neuron.
        neuron: usize,
        /// Where.
        bin: u32,
        /// How many.
        found: u32,
    },
    /// A value of a stimulus that is no number.
    #[error("stimulus `{name}` is {found} in bin {bin}; expected a finite number")]
    Stimulus {
        /// Its name.
        name: String,
        /// Where.
        bin: u32,
        /// What it is.
        found: f64,
    },
    /// A recording that filters reach beyond.
    #[error("the recording has {bins} bins, of which the first {skipped} are left out, as filters reach back so far")]
    TooShort {
        /// How many there are.
        bins: u32,
        /// How many of them cannot be used.
        skipped: u32,
    },
    /// All bins of a neuron are left out.
    #[error("no bins are left for neuron {neuron}: all of them follow an own spike too closely")]
    NothingLeft {
        /// Which neuron.
        neuron: usize,
    },
    /// More than memory is given for.
    #[error(
        "`{field}` would need {found} values; at most {most} are allowed: take shorter filters, fewer functions or fewer sources"
    )]
    TooLarge {
        /// What it is.
        field: &'static str,
        /// How many values it has.
        found: u64,
        /// How many it may have.
        most: u64,
    },
    /// Activity of a fitted model that feeds itself.
    #[error(
        "the fitted model runs away: {found} spikes per neuron and bin around bin {bin}, above {allowed}; its \
         excitation feeds itself, which a penalty may prevent"
    )]
    RunAway {
        /// Where.
        bin: u32,
        /// Mean count of a neuron in a bin.
        found: f64,
        /// The largest that is allowed.
        allowed: f64,
    },
    /// It was told to stop.
    #[error("the fit was cancelled")]
    Cancelled,
}

pub(super) fn check(field: &'static str, found: f64, is_allowed: bool, allowed: &'static str) -> Result<(), FitError> {
    if is_allowed && found.is_finite() { Ok(()) } else { Err(FitError::OutOfRange { field, found, allowed }) }
}
