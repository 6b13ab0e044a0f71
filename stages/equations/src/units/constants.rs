//! Constants that have names.
//!
//! Physical constants have the values of CODATA 2014 (Mohr, Newell & Taylor 2016, doi:10.1103/RevModPhys.88.035009), as in
//! Brian2.

use super::dimension::Dimension;

/// A named constant, in SI units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    /// Its name.
    pub name: &'static str,
    /// Its value, in SI units.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
}

const fn constant(name: &'static str, value: f64, exponents: [i32; 7]) -> Constant {
    Constant { name, value, dimension: Dimension::whole(exponents) }
}

/// Constants whose names no variable may have.
pub const MATHEMATICAL: [Constant; 3] = [
    constant("pi", std::f64::consts::PI, [0; 7]),
    constant("e", std::f64::consts::E, [0; 7]),
    constant("inf", f64::INFINITY, [0; 7]),
];

/// Constants whose names stand for them where nothing else has the name.
pub const PHYSICAL: [Constant; 10] = [
    constant("avogadro_constant", 6.022140857e23, [0, 0, 0, 0, 0, -1, 0]),
    constant("boltzmann_constant", 1.38064852e-23, [2, 1, -2, 0, -1, 0, 0]),
    constant("electric_constant", 8.854187817e-12, [-3, -1, 4, 2, 0, 0, 0]),
    constant("electron_mass", 9.10938356e-31, [0, 1, 0, 0, 0, 0, 0]),
    constant("elementary_charge", 1.6021766208e-19, [0, 0, 1, 1, 0, 0, 0]),
    constant("faraday_constant", 96485.33289, [0, 0, 1, 1, 0, -1, 0]),
    constant("gas_constant", 8.3144598, [2, 1, -2, 0, -1, -1, 0]),
    constant("magnetic_constant", 4e-7 * std::f64::consts::PI, [1, 1, -2, -2, 0, 0, 0]),
    constant("molar_mass_constant", 1e-3, [0, 1, 0, 0, 0, -1, 0]),
    constant("zero_celsius", 273.15, [0, 0, 0, 0, 1, 0, 0]),
];

/// The mathematical constant of this name.
pub fn mathematical_constant(name: &str) -> Option<Constant> {
    MATHEMATICAL.into_iter().find(|constant| constant.name == name)
}

/// The physical constant of this name.
pub fn physical_constant(name: &str) -> Option<Constant> {
    PHYSICAL.into_iter().find(|constant| constant.name == name)
}
