//! Quantities with units: `29.89 pA`, `1e-4 S/cm^2`, `10 %`.
//!
//! A [`Quantity`] is a number and a [`Unit`]; a unit is a [`Dimension`] (exponents over m, kg, s, A, K, mol) times
//! 10^n · 6^k (k counts minutes and hours, the only units here that are not decimal). Exponents are whole numbers or halves:
//! noise has `mV s^-1/2`.
//! A quantity is always written with its unit; a bare number is refused where a unit is due.
//!
//! Units of one decimal family convert by shifting the exponent of the shortest decimal text of the value, so
//! `0.02989 nA` and `29.89 pA` are the same `f64`, bit for bit, and may enter a cache key.
//!
//! [`Measured`] is a number in a unit that is fixed by its type: fields of configuration structs
//! ([`Time`] in ms, [`Current`] in pA, ...) read and write text with units through serde.
//!
//! ```
//! use lapicque_units::{Quantity, Time};
//!
//! let weight: Quantity = "0.02989 nA".parse()?;
//! assert_eq!(weight.in_unit("pA")?, 29.89);
//!
//! let duration: Time = "12 s".parse()?;
//! assert_eq!(duration.value(), 12_000.0);
//! assert_eq!(
//!     "12 s".parse::<lapicque_units::Voltage>().unwrap_err().to_string(),
//!     "`12 s` is a time; a voltage such as `1 mV` is expected"
//! );
//! # Ok::<(), lapicque_units::QuantityError>(())
//! ```
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod decimal;
mod dimension;
mod error;
mod grammar;
mod measured;
mod quantity;
mod range;
mod settable;
mod suggestion;
mod symbols;
mod unit;

pub use dimension::Dimension;
pub use error::{QuantityError, UnitError};
pub use measured::{
    CanonicalUnit, Capacitance, Conductance, ConductanceDensity, Conductivity, Current, DipoleMoment, Fraction,
    Frequency, Hertz, Length, Measured, Micrometres, Milliseconds, Millivolts, NanoampereMicrometres, Nanosiemens,
    Number, Percent, Percents, Picoamperes, Picofarads, SiemensPerMetre, SiemensPerSquareCentimetre, Time, Voltage,
};
pub use quantity::{Quantity, write_number};
pub use range::Range;
pub use settable::{Entry, ModelKey, SetError, Settable};
pub use unit::Unit;
