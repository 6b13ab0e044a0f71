//! Ball-and-sticks cells: a cylindrical soma with straight dendrites along the z axis (depth, towards the surface).
//!
//! | parameter | default (Hagen et al 2022, E cell) | unit |
//! |---|---|---|
//! | soma length, diameter | 30, 30 | um |
//! | basal stick, down: length, diameter | 200, 2 | um |
//! | apical stick, up: length, diameter | 1000, 3 (I cell 200, 2) | um |
//! | axial resistivity R_a | 100 | ohm cm |
//! | membrane capacitance c_m | 1 | uF/cm2 |
//!
//! The soma's centre is at z = 0; sticks begin at its ends. Segments per section follow the d-lambda rule of Hines &
//! Carnevale (2001): `n = 2 floor((L / (0.1 lambda_100) + 0.9) / 2) + 1`, where
//! `lambda_100 = 1e5 sqrt(d / (4 pi 100 R_a c_m))` um is the space constant at 100 Hz.
//! Neighbouring centres are joined by `g = 1 / (R_a l_i / 2 A_i + R_a l_j / 2 A_j)`; ends are sealed.

use std::f64::consts::PI;

use crate::range::{OutOfRange, positive};

/// Part of a cell, as synapse placement and channel densities tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// The cell body.
    Soma,
    /// Basal dendrite.
    Basal,
    /// Apical dendrite.
    Apical,
}

/// Where a stick points, from the soma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the cortical surface, growing z.
    Up,
    /// Away from the cortical surface.
    Down,
}

/// A straight dendrite that begins at the soma's upper or lower end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stick {
    /// Which part of the cell it is.
    pub region: Region,
    /// Where it points.
    pub direction: Direction,
    /// Along its axis.
    pub length_um: f64,
    /// Across.
    pub diameter_um: f64,
}

/// A cell with its soma at z = 0.
#[derive(Debug, Clone, PartialEq)]
pub struct BallAndSticks {
    /// Of the cylinder that is the soma.
    pub soma_length_um: f64,
    /// Of the cylinder that is the soma.
    pub soma_diameter_um: f64,
    /// The dendrites.
    pub sticks: Vec<Stick>,
    /// R_a.
    pub axial_resistivity_ohm_cm: f64,
    /// c_m.
    pub membrane_capacitance_uf_per_cm2: f64,
}

/// Whether z coordinates of segment ends are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndRounding {
    /// They are not.
    #[default]
    Exact,
    /// To 3 decimals of a um, as LFPykernels does; changes kernels by less than 1e-5.
    ThreeDecimals,
}

/// One isopotential piece of a cable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compartment {
    /// Which part of the cell it is.
    pub region: Region,
    /// Depth of the centre relative to the soma.
    pub z_um: f64,
    /// Along its axis.
    pub length_um: f64,
    /// Across.
    pub diameter_um: f64,
    /// Of the mantle.
    pub area_um2: f64,
    /// Index of the neighbour nearer to the soma; none for the soma itself. Always below the own index.
    pub parent: Option<usize>,
    /// To the parent; 0 for the soma.
    pub axial_conductance_us: f64,
    /// Of its membrane.
    pub capacitance_nf: f64,
}

/// A cell cut into compartments, the soma first.
#[derive(Debug, Clone, PartialEq)]
pub struct Cable {
    /// The soma first; parents stand before their children.
    pub compartments: Vec<Compartment>,
}

impl BallAndSticks {
    /// The pyramidal cell of Hagen et al (2022): one basal stick and an apical one that reaches 1 mm up.
    pub fn hagen_excitatory() -> Self {
        Self::hagen(30.0, 1000.0, 3.0)
    }

    /// The interneuron of Hagen et al (2022), of about equal reach up and down.
    pub fn hagen_inhibitory() -> Self {
        Self::hagen(15.0, 200.0, 2.0)
    }

    /// Cuts the cell into compartments.
    ///
    /// # Errors
    /// A length, diameter, resistivity or capacitance that is not finite and above 0.
    pub fn compartments(&self, rounding: EndRounding) -> Result<Cable, OutOfRange> {
        self.check()?;
        let mut cable = Cable { compartments: Vec::new() };
        let half_soma = 0.5 * self.soma_length_um;
        let soma = self.section(Region::Soma, -half_soma, half_soma, self.soma_diameter_um);
        self.append(&mut cable, &soma, rounding);
        for stick in &self.sticks {
            let sign = match stick.direction {
                Direction::Up => 1.0,
                Direction::Down => -1.0,
            };
            let (start, end) = (sign * half_soma, sign * (half_soma + stick.length_um));
            let section = self.section(stick.region, start, end, stick.diameter_um);
            self.append(&mut cable, &section, rounding);
        }
        Ok(cable)
    }

    fn hagen(soma_diameter_um: f64, apical_length_um: f64, apical_diameter_um: f64) -> Self {
        Self {
            soma_length_um: 30.0,
            soma_diameter_um,
            sticks: vec![
                Stick { region: Region::Basal, direction: Direction::Down, length_um: 200.0, diameter_um: 2.0 },
                Stick {
                    region: Region::Apical,
                    direction: Direction::Up,
                    length_um: apical_length_um,
                    diameter_um: apical_diameter_um,
                },
            ],
            axial_resistivity_ohm_cm: 100.0,
            membrane_capacitance_uf_per_cm2: 1.0,
        }
    }

    fn check(&self) -> Result<(), OutOfRange> {
        positive("soma_length_um", self.soma_length_um)?;
        positive("soma_diameter_um", self.soma_diameter_um)?;
        positive("axial_resistivity_ohm_cm", self.axial_resistivity_ohm_cm)?;
        positive("membrane_capacitance_uf_per_cm2", self.membrane_capacitance_uf_per_cm2)?;
        for (i, stick) in self.sticks.iter().enumerate() {
            positive(format!("sticks[{i}].length_um"), stick.length_um)?;
            positive(format!("sticks[{i}].diameter_um"), stick.diameter_um)?;
        }
        Ok(())
    }

    fn section(&self, region: Region, start_um: f64, end_um: f64, diameter_um: f64) -> Section {
        let length = (end_um - start_um).abs();
        let lambda_100 = 1e5
            * (diameter_um / (4.0 * PI * 100.0 * self.axial_resistivity_ohm_cm * self.membrane_capacitance_uf_per_cm2))
                .sqrt();
        // One soma segment keeps its centre, to which both sticks are joined, at z = 0.
        let segments = match region {
            Region::Soma => 1,
            _ => 2 * ((length / (0.1 * lambda_100) + 0.9) / 2.0) as usize + 1,
        };
        Section { region, start_um, end_um, diameter_um, segments }
    }

    fn append(&self, cable: &mut Cable, section: &Section, rounding: EndRounding) {
        let n = section.segments as f64;
        let length_um = (section.end_um - section.start_um).abs() / n;
        let area_um2 = PI * section.diameter_um * length_um;
        let end = |i: usize| {
            let z = section.start_um + (section.end_um - section.start_um) * (i as f64 / n);
            match rounding {
                EndRounding::Exact => z,
                EndRounding::ThreeDecimals => (z * 1e3).round_ties_even() / 1e3,
            }
        };
        for i in 0..section.segments {
            let parent = match (section.region, i) {
                (Region::Soma, 0) => None,
                (_, 0) => Some(0),
                _ => Some(cable.compartments.len() - 1),
            };
            let half_resistance = self.half_resistance_megaohm(length_um, section.diameter_um);
            let axial_conductance_us = parent.map_or(0.0, |p| {
                let other = &cable.compartments[p];
                1.0 / (half_resistance + self.half_resistance_megaohm(other.length_um, other.diameter_um))
            });
            cable.compartments.push(Compartment {
                region: section.region,
                z_um: 0.5 * (end(i) + end(i + 1)),
                length_um,
                diameter_um: section.diameter_um,
                area_um2,
                parent,
                axial_conductance_us,
                // uF/cm2 * um2 = 1e-8 uF.
                capacitance_nf: 1e-5 * self.membrane_capacitance_uf_per_cm2 * area_um2,
            });
        }
    }

    /// From the centre of a segment to its end; ohm cm / um = 1e-2 megaohm.
    fn half_resistance_megaohm(&self, length_um: f64, diameter_um: f64) -> f64 {
        let cross_section_um2 = PI * (0.5 * diameter_um).powi(2);
        1e-2 * self.axial_resistivity_ohm_cm * 0.5 * length_um / cross_section_um2
    }
}

impl Cable {
    /// `-L^T w` for a weight per compartment: as transmembrane currents are `I = -L v` (L the axial Laplacian,
    /// symmetric), this row gives `w . I` from the potentials `v`.
    pub fn current_weights_on_potentials(&self, weights: &[f64]) -> Vec<f64> {
        let mut row = vec![0.0; self.compartments.len()];
        for (i, compartment) in self.compartments.iter().enumerate() {
            if let Some(p) = compartment.parent {
                let flow = compartment.axial_conductance_us * (weights[p] - weights[i]);
                row[i] += flow;
                row[p] -= flow;
            }
        }
        row
    }
}

struct Section {
    region: Region,
    start_um: f64,
    end_um: f64,
    diameter_um: f64,
    segments: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hagen_cells_have_27_and_11_compartments() {
        let e = BallAndSticks::hagen_excitatory().compartments(EndRounding::ThreeDecimals).unwrap();
        assert_eq!(e.compartments.len(), 27);
        assert_eq!(e.compartments[0].z_um, 0.0);
        assert_eq!(e.compartments[5].z_um, -195.0);
        assert_eq!(e.compartments[6].z_um, 38.8095);
        assert!((e.compartments[26].z_um - 991.1905).abs() < 1e-10);
        let i = BallAndSticks::hagen_inhibitory().compartments(EndRounding::Exact).unwrap();
        assert_eq!(i.compartments.len(), 11);
    }

    #[test]
    fn currents_of_a_uniform_potential_vanish_and_weights_of_one_conserve_charge() {
        let cable = BallAndSticks::hagen_excitatory().compartments(EndRounding::Exact).unwrap();
        let depths: Vec<f64> = cable.compartments.iter().map(|c| c.z_um).collect();
        let row = cable.current_weights_on_potentials(&depths);
        assert!(row.iter().sum::<f64>().abs() < 1e-12);
        let ones = cable.current_weights_on_potentials(&vec![1.0; depths.len()]);
        assert!(ones.iter().all(|&r| r == 0.0));
    }

    #[test]
    fn a_cell_without_sticks_is_one_compartment() {
        let cell = BallAndSticks { sticks: Vec::new(), ..BallAndSticks::hagen_excitatory() };
        assert_eq!(cell.compartments(EndRounding::Exact).unwrap().compartments.len(), 1);
    }

    #[test]
    fn refuses_lengths_that_are_not_positive() {
        for length_um in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut cell = BallAndSticks::hagen_excitatory();
            cell.sticks[1].length_um = length_um;
            let error = cell.compartments(EndRounding::Exact).unwrap_err();
            assert_eq!(error.parameter, "sticks[1].length_um");
        }
    }
}
