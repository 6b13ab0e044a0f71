//! Networks of populations: working points, linear response, spectra.
//!
//! | question | function | source |
//! |---|---|---|
//! | what does a network hold, in the terms of the theory? | [`Parameters`], [`Parameters::from_network`] | |
//! | what does each population receive? | [`input`] | Fourcaud & Brunel (2002), Eq 3.4 |
//! | at which rates do the populations fire? | [`working_point`], [`scan`], [`fixed_points`] | Brunel (2000) |
//! | which external rates lead to a given working point? | [`external_rates`] | Senk et al. (2020), App F |
//! | how do populations answer each other? | [`transfer_function_matrix`], [`effective_connectivity`], [`propagator`] | Bos et al. (2016), Eq 4 and 16 |
//! | how do their rates fluctuate? | [`power_spectra`], [`cross_spectra`] | Eq 18 |
//! | in which modes? | [`modes()`] | |
//! | which connections make an oscillation? | [`sensitivity()`], [`sensitivity_of_all_modes`] | Eq 7 |
//! | which low-pass filter resembles a population? | [`fit_low_pass`], [`scan_low_pass`], [`low_pass_weights`] | Senk et al. (2020), Fig 5 |
//! | what does a single synapse do? how are pairs of neurons correlated? | [`effective_weights`], [`covariances()`], [`population_covariances`] | Helias et al. (2013); Layer et al. (2023) |
//!
//! Units are SI. Matrices have a row for each target and a column for each source.
//! Neurons of a population are alike and receive independent Gaussian noise; finite size enters as noise of the rates only.
//!
//! Fourcaud & Brunel (2002) Neural Comput 14:2057. Brunel (2000) J Comput Neurosci 8:183. Bos, Diesmann & Helias (2016)
//! PLOS Comput Biol 12:e1005132. Senk et al. (2020) Phys Rev Research 2:023174. Helias, Tetzlaff & Diesmann (2013) New J
//! Phys 15:023002. Layer et al. (2022) Front Neuroinform 16:835657, whose toolbox NNMT the tests compare with.

mod assignment;
pub(crate) mod checks;
mod covariances;
mod delay;
pub(crate) mod description;
mod eigen;
mod error;
mod external;
mod fixed_point;
mod fixed_points;
mod from_network;
mod input;
mod low_pass;
mod modes;
mod parameters;
pub(crate) mod relaxation;
mod response;
mod sensitivity;
mod spectra;

pub use covariances::{Covariances, Order, covariances, effective_weights, population_covariances, spectral_bound};
pub use delay::{Delay, DelayDistribution};
pub use eigen::{Eigen, eigen, eigenvalues};
pub use error::LinearError;
pub use external::{ExternalRateError, ExternalRates, external_rates};
pub use fixed_point::{FixedPointError, Search, WorkingPoint, working_point};
pub use fixed_points::{fixed_points, scan};
pub use input::input;
pub use low_pass::{LowPass, LowPassError, fit_low_pass, low_pass_weights, scan_low_pass};
pub use modes::{Modes, SpectrumOf, modes};
pub use parameters::{Drive, ParameterError, Parameters, Population};
pub(crate) use response::mean_coupling;
pub use response::{delay_factors, effective_connectivity, propagator, total_response, transfer_function_matrix};
pub use sensitivity::{Sensitivity, sensitivity, sensitivity_of_all_modes};
pub use spectra::{cross_spectra, power_spectra};
