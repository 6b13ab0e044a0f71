//! Complexity: how irregular, rough and predictable a series is, one number per measure.
//!
//! x_0 .. x_(n-1) is the series, d_i = x_(i+1) - x_i its increments, var the population variance
//! (divisor n). No measure but [`autocorrelation_decay`] (in samples) depends on a sampling rate, and
//! none but [`Hjorth::activity`] (unit^2) and [`line_length`] (unit) on the unit.
//!
//! | function | equation | NaN below n = | constant series | reference |
//! |---|---|---|---|---|
//! | [`hjorth`] activity | var(x) | 1 | 0 | Hjorth B (1970) Electroencephalogr Clin Neurophysiol 29:306 |
//! | mobility | sqrt(var(d) / var(x)), per sample | 2 | NaN | as above |
//! | complexity | mobility(d) / mobility(x) | 3 | NaN | as above |
//! | [`permutation_entropy`] | -sum_pi p(pi) log2 p(pi) over orders of m values, `delay` apart; equal values rank by time | (m - 1) delay + 1 | 0 | Bandt C & Pompe B (2002) Phys Rev Lett 88:174102, definition 1 |
//! | [`sample_entropy`] | -ln(A / B): pairs of the n - m first templates that match over m + 1 (A) and m (B) values | m + 2 | NaN | Richman JS & Moorman JR (2000) Am J Physiol 278:H2039, p. H2042 |
//! | [`approximate_entropy`] | phi_m - phi_(m+1), phi_m = mean_i ln C_i^m, C_i^m the part of templates that match i, itself included | m + 1 | NaN | Pincus SM (1991) PNAS 88:2297, equations 3-5 |
//! | [`multiscale_entropy`] | sample entropy of means of s values side by side, s = 1 .. S, tolerance of the whole series | s (m + 2) | NaN | Costa M et al. (2002) Phys Rev Lett 89:068102 |
//! | [`svd_entropy`] | -sum_k s_k log2 s_k of the singular values (their sum is 1) of the matrix of delayed rows | m delay | 0 | Roberts SJ et al. (1999) Med Biol Eng Comput 37:93 |
//! | [`spectral_entropy`] | -sum_k p_k log2 p_k of the power spectrum (its sum is 1), 0 Hz included | 2 | NaN | Inouye T et al. (1991) Electroencephalogr Clin Neurophysiol 79:204 |
//! | [`lempel_ziv`] | phrases of the exhaustive history of x_i > median | 1 | 2, or 1 for one value | Lempel A & Ziv J (1976) IEEE Trans Inf Theory 22:75, section III |
//! | normalised | phrases / (n / log2 n) | 2 | as many | Zhang Y et al. (2009) J Math Chem 46:1203 |
//! | [`hurst`] | slope of ln(R/S) over ln(window), less that of white noise, plus 1/2 | 40 | NaN | Weron R (2002) Physica A 312:285, equations 1-5 |
//! | [`higuchi_fd`] | slope of ln L(k) over ln(1/k), k = 1 .. K | 2 K | NaN | Higuchi T (1988) Physica D 31:277, equations 2-4 |
//! | [`katz_fd`] | log10(n - 1) / log10(max_i abs(x_i - x_0) / mean abs(d)) | 3 | NaN | Katz MJ (1988) Comput Biol Med 18:145, equation 6, distances in amplitude alone |
//! | [`petrosian_fd`] | log10 n / (log10 n + log10(n / (n + 0.4 c))), c sign changes of d | 2 | 1 | Petrosian A (1995) Proc IEEE CBMS 212 |
//! | [`line_length`] | sum abs(d) | 2 | 0 | Esteller R et al. (2001) Proc IEEE EMBS 2:1707, equation 1 |
//! | [`zero_crossings`] | steps between x < 0 and x >= 0 | 2 | 0 | Kedem B (1986) Proc IEEE 74:1477 |
//! | [`autocorrelation_decay`] | first lag, linearly interpolated, at which the biased autocorrelation is below 1/e | 2 | NaN | Box GEP & Jenkins GM, Time Series Analysis, equation 2.1.13 |
//!
//! Templates i and j match where all abs(x_(i+k) - x_(j+k)) <= r, r = tolerance sqrt(var(x)). An entropy
//! without a pair that matches is undefined: NaN (antropy: infinite if only A is 0). Values that differ by exactly r
//! match, as in the references and in antropy but for its sample entropy of fewer than 5000 values.
//! A series with a value that is not finite gives NaN everywhere, one whose squares overflow (from about 1e150 on) in
//! all that squares it. A standard deviation below four roundings of the largest value counts as 0.
//! Defaults reproduce antropy 0.2.3.
//!
//! All are O(n) or O(n log n) but the matching of templates in a k-d tree, about n^(5/3) for m = 2, with a function
//! that is asked now and then whether to stop: some milliseconds for 5000 samples, a second for 100,000 and some
//! twenty for a million.

mod decay;
mod embedding;
mod fractal;
mod hjorth;
mod hurst;
mod lempel_ziv;
mod matching;
mod ordinal;
mod roughness;
mod spectral;
mod templates;
mod variance;

pub use decay::autocorrelation_decay;
pub use embedding::svd_entropy;
pub use fractal::{higuchi_fd, katz_fd, petrosian_fd};
pub use hjorth::{Hjorth, hjorth};
pub use hurst::hurst;
pub use lempel_ziv::{LempelZiv, lempel_ziv};
pub use matching::{Matching, approximate_entropy, multiscale_entropy, sample_and_approximate_entropy, sample_entropy};
pub use ordinal::{Embedding, HIGHEST_ORDER, permutation_entropy};
pub use roughness::{line_length, zero_crossings};
pub use spectral::{periodogram_entropy, spectral_entropy};
pub use templates::{LONGEST_TEMPLATE, Stopped};

#[cfg(test)]
mod tests;
