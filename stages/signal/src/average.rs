//! Averages over epochs, sample by sample: evoked responses.
//!
//! | result | equation | source |
//! |---|---|---|
//! | mean | m_i = 1/K sum_k x_ki | Dawson 1954 Electroencephalogr Clin Neurophysiol 6:65 |
//! | median | the middle of x_1i ... x_Ki | Borda & Frost 1968 Electroencephalogr Clin Neurophysiol 25:391 |
//! | standard error | sqrt(sum_k (x_ki - m_i)^2 / (K (K - 1))), m the mean | |
//!
//! All in the unit of the signals. A value is NaN where that of any epoch is; the standard error of one epoch is NaN.

use crate::epochs::{EpochError, Pooling, pool};

/// Middle and spread of epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// Mean or median of each sample.
    pub values: Vec<f64>,
    /// Standard error of the mean of each sample.
    pub standard_error: Vec<f64>,
}

/// The average of equally long epochs, mean or median as `pooling` says; empty for none.
///
/// # Errors
/// Epochs of different lengths; the number in the message is that of the epoch.
pub fn average(epochs: &[&[f64]], pooling: Pooling) -> Result<Average, EpochError> {
    let values = pool(epochs, pooling)?;
    let others = epochs.len() as f64 - 1.0;
    // Deviation over K from m, so that over K (K - 1) is left to divide by K - 1.
    let error = |sd: f64| if others > 0.0 { sd / others.sqrt() } else { f64::NAN };
    let standard_error = pool(epochs, Pooling::StandardDeviation)?.into_iter().map(error).collect();
    Ok(Average { values, standard_error })
}

#[cfg(test)]
mod tests;
