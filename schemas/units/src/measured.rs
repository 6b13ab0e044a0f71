//! Numbers in a unit that is fixed by their type, for fields of configuration structs.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::quantity::write_number;
use crate::{Quantity, QuantityError};

/// A unit that a type stands for.
pub trait CanonicalUnit {
    /// As [`crate::Unit::parse`] reads it; `1` where a bare number is allowed.
    const UNIT: &'static str;
    /// What is measured, in words.
    const NAME: &'static str;
}

/// A number in the unit of `U`.
///
/// Reads text with any unit of the same dimension (`12 s`) and writes text in its own (`12000 ms`), through serde as
/// through [`FromStr`] and [`fmt::Display`]. Plain numbers (`U::UNIT` is `1`) are read and written as numbers; they may
/// also be read as text, `20 %`.
pub struct Measured<U> {
    value: f64,
    unit: PhantomData<fn() -> U>,
}

/// In ms.
pub type Time = Measured<Milliseconds>;
/// In mV.
pub type Voltage = Measured<Millivolts>;
/// In pA.
pub type Current = Measured<Picoamperes>;
/// In pF.
pub type Capacitance = Measured<Picofarads>;
/// In nS.
pub type Conductance = Measured<Nanosiemens>;
/// In Hz.
pub type Frequency = Measured<Hertz>;
/// In um.
pub type Length = Measured<Micrometres>;
/// In S/m.
pub type Conductivity = Measured<SiemensPerMetre>;
/// In S/cm^2.
pub type ConductanceDensity = Measured<SiemensPerSquareCentimetre>;
/// In nA um.
pub type DipoleMoment = Measured<NanoampereMicrometres>;
/// A plain number that may be written with `%`: `10 %` is 0.1.
pub type Fraction = Measured<Number>;
/// In percent: `10 %` is 10.
pub type Percent = Measured<Percents>;

/// The unit of [`Time`], ms.
#[derive(Debug)]
pub enum Milliseconds {}
impl CanonicalUnit for Milliseconds {
    const UNIT: &'static str = "ms";
    const NAME: &'static str = "time";
}

/// The unit of [`Voltage`], mV.
#[derive(Debug)]
pub enum Millivolts {}
impl CanonicalUnit for Millivolts {
    const UNIT: &'static str = "mV";
    const NAME: &'static str = "voltage";
}

/// The unit of [`Current`], pA.
#[derive(Debug)]
pub enum Picoamperes {}
impl CanonicalUnit for Picoamperes {
    const UNIT: &'static str = "pA";
    const NAME: &'static str = "current";
}

/// The unit of [`Capacitance`], pF.
#[derive(Debug)]
pub enum Picofarads {}
impl CanonicalUnit for Picofarads {
    const UNIT: &'static str = "pF";
    const NAME: &'static str = "capacitance";
}

/// The unit of [`Conductance`], nS.
#[derive(Debug)]
pub enum Nanosiemens {}
impl CanonicalUnit for Nanosiemens {
    const UNIT: &'static str = "nS";
    const NAME: &'static str = "conductance";
}

/// The unit of [`Frequency`], Hz.
#[derive(Debug)]
pub enum Hertz {}
impl CanonicalUnit for Hertz {
    const UNIT: &'static str = "Hz";
    const NAME: &'static str = "frequency";
}

/// The unit of [`Length`], um.
#[derive(Debug)]
pub enum Micrometres {}
impl CanonicalUnit for Micrometres {
    const UNIT: &'static str = "um";
    const NAME: &'static str = "length";
}

/// The unit of [`Conductivity`], S/m.
#[derive(Debug)]
pub enum SiemensPerMetre {}
impl CanonicalUnit for SiemensPerMetre {
    const UNIT: &'static str = "S/m";
    const NAME: &'static str = "conductivity";
}

/// The unit of [`ConductanceDensity`], S/cm^2.
#[derive(Debug)]
pub enum SiemensPerSquareCentimetre {}
impl CanonicalUnit for SiemensPerSquareCentimetre {
    const UNIT: &'static str = "S/cm^2";
    const NAME: &'static str = "conductance density";
}

/// The unit of [`DipoleMoment`], nA um.
#[derive(Debug)]
pub enum NanoampereMicrometres {}
impl CanonicalUnit for NanoampereMicrometres {
    const UNIT: &'static str = "nA um";
    const NAME: &'static str = "dipole moment";
}

/// The unit of [`Fraction`], 1.
#[derive(Debug)]
pub enum Number {}
impl CanonicalUnit for Number {
    const UNIT: &'static str = "1";
    const NAME: &'static str = "fraction";
}

/// The unit of [`Percent`], %.
#[derive(Debug)]
pub enum Percents {}
impl CanonicalUnit for Percents {
    const UNIT: &'static str = "%";
    const NAME: &'static str = "fraction";
}

impl<U> Measured<U> {
    /// From a number in the unit of `U`.
    pub const fn new(value: f64) -> Self {
        Self { value, unit: PhantomData }
    }

    /// In the unit of `U`.
    pub const fn value(self) -> f64 {
        self.value
    }
}

impl<U: CanonicalUnit> Measured<U> {
    /// What a bare number gets as an answer where a unit is due.
    fn bare_number(value: f64) -> QuantityError {
        let number = write_number(value);
        QuantityError::NoUnit { example: format!("{number} {}", U::UNIT), text: number }
    }

    fn takes_bare_numbers() -> bool {
        U::UNIT == "1"
    }
}

impl<U> Clone for Measured<U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<U> Copy for Measured<U> {}

impl<U> PartialEq for Measured<U> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<U> PartialOrd for Measured<U> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<U> From<f64> for Measured<U> {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

impl<U> From<Measured<U>> for f64 {
    fn from(measured: Measured<U>) -> Self {
        measured.value
    }
}

impl<U: CanonicalUnit> fmt::Debug for Measured<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", U::NAME)
    }
}

impl<U: CanonicalUnit> fmt::Display for Measured<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = write_number(self.value);
        if Self::takes_bare_numbers() { f.pad(&number) } else { f.pad(&format!("{number} {}", U::UNIT)) }
    }
}

impl<U: CanonicalUnit> FromStr for Measured<U> {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Quantity::parse_in(text, U::UNIT).map(Self::new)
    }
}

impl<U: CanonicalUnit> Serialize for Measured<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if Self::takes_bare_numbers() { serializer.serialize_f64(self.value) } else { serializer.collect_str(self) }
    }
}

impl<'de, U: CanonicalUnit> Deserialize<'de> for Measured<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MeasuredVisitor(PhantomData))
    }
}

struct MeasuredVisitor<U>(PhantomData<U>);

impl<U: CanonicalUnit> Visitor<'_> for MeasuredVisitor<U> {
    type Value = Measured<U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} such as `{}`", U::NAME, Measured::<U>::new(1.0))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if !value.is_finite() {
            return Err(E::custom(format!("{value} is not a finite number")));
        }
        if Measured::<U>::takes_bare_numbers() {
            return Ok(Measured::new(value));
        }
        Err(E::custom(Measured::<U>::bare_number(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_f64(value as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unit;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Settings {
        duration: Time,
        weight: Current,
        share: Fraction,
    }

    fn message<T: for<'a> Deserialize<'a> + fmt::Debug>(json: &str) -> String {
        serde_json::from_str::<T>(json).unwrap_err().to_string()
    }

    #[test]
    fn fields_read_any_unit_and_write_their_own() {
        let json = r#"{"duration":"12 s","weight":"0.02989 nA","share":"20 %"}"#;
        let settings: Settings = serde_json::from_str(json).unwrap();
        assert_eq!(settings.duration.value(), 12_000.0);
        assert_eq!(settings.weight.value(), 29.89);
        let written = serde_json::to_string(&settings).unwrap();
        assert_eq!(written, r#"{"duration":"12000 ms","weight":"29.89 pA","share":0.2}"#);
        assert_eq!(serde_json::from_str::<Settings>(&written).unwrap(), settings);
    }

    #[test]
    fn bare_numbers_only_where_no_unit_is_due() {
        assert!(message::<Current>("26").starts_with("`26` has no unit; write e.g. `26 pA`"));
        assert!(message::<Voltage>("-65.5").starts_with("`-65.5` has no unit; write e.g. `-65.5 mV`"));
        assert!(message::<Percent>("10").starts_with("`10` has no unit; write e.g. `10 %`"));
        assert_eq!(serde_json::from_str::<Fraction>("1").unwrap().value(), 1.0);
        assert_eq!("0.25".parse::<Fraction>().unwrap().value(), 0.25);
        assert_eq!("0.25 1".parse::<Percent>().unwrap().value(), 25.0);
    }

    #[test]
    fn other_dimensions_and_types_are_refused() {
        assert!(message::<Voltage>(r#""12 s""#).starts_with("`12 s` is a time; a voltage such as `1 mV` is expected"));
        assert!(message::<Time>(r#""12 mS""#).contains("did you mean `12 ms`?"));
        assert!(message::<Time>("null").contains("expected a time such as `1 ms`"));
        assert!(message::<Time>("[]").contains("expected a time such as `1 ms`"));
        assert!(message::<Fraction>(r#""5 mV""#).contains("is a voltage; a dimensionless number such as `1`"));
    }

    #[test]
    fn aliases_have_the_dimension_they_are_named_after() {
        fn check<U: CanonicalUnit>(dimension: &str) {
            let unit = Unit::parse(U::UNIT).unwrap();
            assert_eq!(unit.dimension().to_string(), dimension, "{}", U::UNIT);
        }
        check::<Milliseconds>("time");
        check::<Millivolts>("voltage");
        check::<Picoamperes>("current");
        check::<Picofarads>("capacitance");
        check::<Nanosiemens>("conductance");
        check::<Hertz>("frequency");
        check::<Micrometres>("length");
        check::<SiemensPerMetre>("conductivity");
        check::<SiemensPerSquareCentimetre>("conductance density");
        check::<NanoampereMicrometres>("dipole moment");
        check::<Number>("dimensionless number");
        check::<Percents>("dimensionless number");
        assert_eq!(format!("{:?}", Time::new(2.5)), "time(2.5 ms)");
    }
}
