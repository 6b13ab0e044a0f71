//! The geometry of compartments.

use std::f64::consts::PI;
use std::ops::Range;

use libm::{cbrt, sqrt};

/// The most compartments that a morphology may have.
pub const MAX_COMPARTMENTS: usize = 1 << 20;

/// A neuron in compartments, ordered as its sections are, those of a section from the root outwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Morphology {
    pub(super) compartments: Vec<Compartment>,
    sections: Vec<(Option<usize>, Range<usize>)>,
}

/// An unbranched part of a neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Number of the section at whose end it begins, lower than its own; none for those that begin at the root.
    pub parent: Option<usize>,
    /// What it is like.
    pub shape: Shape,
}

/// The form of a [`Section`], in m.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A sphere, one compartment. It can only be the first section, and the only one that begins at the root.
    Soma {
        /// Of the sphere.
        diameter: f64,
    },
    /// A cylinder, cut into compartments of equal length.
    Cylinder {
        /// How many.
        compartments: usize,
        /// Of all of them together.
        length: f64,
        /// Of the cylinder.
        diameter: f64,
    },
    /// Truncated cones, a compartment each.
    Cones {
        /// Of each cone.
        lengths: Vec<f64>,
        /// At the begin, between the cones and at the end: one more than there are lengths.
        diameters: Vec<f64>,
    },
}

/// The geometry of one compartment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compartment {
    /// Along the axis, in m; of a sphere its diameter.
    pub length: f64,
    /// Mean of those at both ends, in m.
    pub diameter: f64,
    /// Of the membrane, in m^2.
    pub area: f64,
    /// In m^3.
    pub volume: f64,
    /// Way along the axes from the root to the midpoint, in m.
    pub distance: f64,
    /// Conductance from the begin to the midpoint times the resistivity, in m.
    pub r_length_1: f64,
    /// Conductance from the midpoint to the end times the resistivity, in m.
    pub r_length_2: f64,
    /// Where the midpoint is, in m; only of morphologies that have places.
    pub position: Option<[f64; 3]>,
    /// Where the axis begins and ends, in m; of a sphere both ends of a diameter. Only of morphologies that have places.
    pub ends: Option<[[f64; 3]; 2]>,
    /// What it is a part of, as SWC files number it (1 soma, 2 axon, 3 dendrite, 4 apical dendrite); only of morphologies
    /// that were made of points.
    pub structure: Option<u32>,
}

/// Sections that are no morphology.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MorphologyError {
    /// Nothing.
    #[error("no sections; give at least one")]
    NoSections,
    /// A section that begins at one which is not before it.
    #[error("section {section} begins at section {parent}; expected one before it")]
    Parent {
        /// Number of the section, from 0.
        section: usize,
        /// Where it begins.
        parent: usize,
    },
    /// A soma that is not at the root, or not alone there.
    #[error("section {section} is a soma or begins beside one; a soma must be section 0 and alone at the root")]
    Soma {
        /// Number of the section, from 0.
        section: usize,
    },
    /// A section without compartments.
    #[error("section {section} has no compartments; give at least one")]
    NoCompartments {
        /// Number of the section, from 0.
        section: usize,
    },
    /// Diameters that do not fit lengths.
    #[error(
        "section {section} has {lengths} lengths and {diameters} diameters; expected one diameter more than lengths"
    )]
    Diameters {
        /// Number of the section, from 0.
        section: usize,
        /// How many lengths.
        lengths: usize,
        /// How many diameters.
        diameters: usize,
    },
    /// A length or diameter that nothing can have.
    #[error("section {section} has the {what} {value:e} m; it must be above 0, and neither tiny nor huge")]
    Size {
        /// Number of the section, from 0.
        section: usize,
        /// `length` or `diameter`.
        what: &'static str,
        /// What it is.
        value: f64,
    },
    /// More or fewer directions than sections.
    #[error("{found} directions; expected {expected}, one for each section")]
    Directions {
        /// How many there are.
        found: usize,
        /// How many sections there are.
        expected: usize,
    },
    /// A direction that is none.
    #[error("section {section} has the direction {value:?}; it must be finite, and not 0")]
    Direction {
        /// Number of the section, from 0.
        section: usize,
        /// What it is.
        value: [f64; 3],
    },
    /// More compartments than are allowed.
    #[error("section {section} makes {found} compartments; at most {MAX_COMPARTMENTS} are allowed")]
    TooMany {
        /// Number of the section with which there are too many, from 0.
        section: usize,
        /// How many there are up to it.
        found: usize,
    },
}

/// Lengths and diameters (m) that no part of a neuron exceeds, and in which nothing overflows.
pub(super) const SIZES: Range<f64> = 1e-12..1e3;

impl Morphology {
    /// Of sections.
    ///
    /// # Errors
    /// See [`MorphologyError`].
    pub fn new(sections: &[Section]) -> Result<Self, MorphologyError> {
        let mut compartments: Vec<Compartment> = Vec::new();
        let mut known: Vec<(Option<usize>, Range<usize>)> = Vec::new();
        // Way from the root to the end of each section.
        let mut ends: Vec<f64> = Vec::new();
        let first = sections.first().ok_or(MorphologyError::NoSections)?;
        let has_soma = matches!(first.shape, Shape::Soma { .. });
        for (number, section) in sections.iter().enumerate() {
            let begin = match section.parent {
                Some(parent) => *ends.get(parent).ok_or(MorphologyError::Parent { section: number, parent })?,
                None => 0.0,
            };
            let is_soma = matches!(section.shape, Shape::Soma { .. });
            if number > 0 && (is_soma || (has_soma && section.parent.is_none())) {
                return Err(MorphologyError::Soma { section: number });
            }
            let found = compartments.len().saturating_add(section.shape.compartments());
            if found > MAX_COMPARTMENTS {
                return Err(MorphologyError::TooMany { section: number, found });
            }
            let own = compartments.len();
            ends.push(section.shape.append(number, begin, &mut compartments)?);
            known.push((section.parent, own..compartments.len()));
        }
        Ok(Self { compartments, sections: known })
    }

    /// Gives each compartment its place: sections are straight, in the direction of each. A section begins where its parent
    /// ends, or at the midpoint of a sphere; what begins at the root begins at 0. A sphere has its midpoint at 0.
    ///
    /// # Errors
    /// [`MorphologyError::Directions`], [`MorphologyError::Direction`].
    pub fn place(&mut self, directions: &[[f64; 3]]) -> Result<(), MorphologyError> {
        if directions.len() != self.sections.len() {
            let (found, expected) = (directions.len(), self.sections.len());
            return Err(MorphologyError::Directions { found, expected });
        }
        let mut ends: Vec<[f64; 3]> = Vec::with_capacity(directions.len());
        for (section, (direction, (parent, range))) in directions.iter().zip(&self.sections).enumerate() {
            let length = sqrt(direction.iter().map(|x| x * x).sum());
            if !(length > 0.0 && length.is_finite()) {
                return Err(MorphologyError::Direction { section, value: *direction });
            }
            let mut at = parent.map_or([0.0; 3], |parent| ends[parent]);
            let is_soma = self.compartments[range.start].is_sphere();
            for own in &mut self.compartments[range.clone()] {
                let moved = |by: f64| [0, 1, 2].map(|axis| at[axis] + by * direction[axis] / length);
                let (begin, end) = if is_soma { (-0.5 * own.length, 0.5 * own.length) } else { (0.0, own.length) };
                own.ends = Some([moved(begin), moved(end)]);
                own.position = Some(moved(0.5 * (begin + end)));
                if !is_soma {
                    at = moved(end);
                }
            }
            ends.push(at);
        }
        Ok(())
    }

    /// All compartments.
    pub fn compartments(&self) -> &[Compartment] {
        &self.compartments
    }

    /// How many sections there are.
    pub fn sections(&self) -> usize {
        self.sections.len()
    }

    /// The section at whose end a section begins; none at the root, and for numbers that no section has.
    pub fn parent(&self, section: usize) -> Option<usize> {
        self.sections.get(section)?.0
    }

    /// Numbers of the compartments of a section; an empty range for numbers that no section has.
    pub fn range(&self, section: usize) -> Range<usize> {
        self.sections.get(section).map_or(0..0, |(_, range)| range.clone())
    }
}

impl Shape {
    fn compartments(&self) -> usize {
        match self {
            Self::Soma { .. } => 1,
            Self::Cylinder { compartments, .. } => *compartments,
            Self::Cones { lengths, .. } => lengths.len(),
        }
    }

    /// Adds the compartments of a section that begins at the distance `begin`; gives the distance of its end.
    fn append(&self, section: usize, begin: f64, to: &mut Vec<Compartment>) -> Result<f64, MorphologyError> {
        if self.compartments() == 0 {
            return Err(MorphologyError::NoCompartments { section });
        }
        match self {
            Self::Soma { diameter } => {
                size(section, "diameter", *diameter)?;
                to.push(sphere(*diameter));
                Ok(begin)
            }
            Self::Cylinder { compartments, length, diameter } => {
                size(section, "length", *length)?;
                size(section, "diameter", *diameter)?;
                let each = size(section, "length", length / *compartments as f64)?;
                to.extend((0..*compartments).map(|i| cone(each, *diameter, *diameter, begin + i as f64 * each)));
                Ok(begin + length)
            }
            Self::Cones { lengths, diameters } => {
                if diameters.len() != lengths.len() + 1 {
                    let (lengths, diameters) = (lengths.len(), diameters.len());
                    return Err(MorphologyError::Diameters { section, lengths, diameters });
                }
                diameters.iter().try_for_each(|&diameter| size(section, "diameter", diameter).map(drop))?;
                let mut distance = begin;
                for (&length, ends) in lengths.iter().zip(diameters.windows(2)) {
                    size(section, "length", length)?;
                    to.push(cone(length, ends[0], ends[1], distance));
                    distance += length;
                }
                Ok(distance)
            }
        }
    }
}

fn size(section: usize, what: &'static str, value: f64) -> Result<f64, MorphologyError> {
    if SIZES.contains(&value) { Ok(value) } else { Err(MorphologyError::Size { section, what, value }) }
}

fn sphere(diameter: f64) -> Compartment {
    Compartment {
        length: diameter,
        diameter,
        area: PI * diameter * diameter,
        volume: PI / 6.0 * diameter * diameter * diameter,
        distance: 0.0,
        r_length_1: 1.0,
        r_length_2: 1.0,
        position: None,
        ends: None,
        structure: None,
    }
}

/// A truncated cone that begins at a distance.
fn cone(length: f64, d1: f64, d2: f64, begin: f64) -> Compartment {
    let diameter = 0.5 * (d1 + d2);
    let slant = sqrt(0.25 * (d1 - d2) * (d1 - d2) + length * length);
    Compartment {
        length,
        diameter,
        area: PI / 2.0 * (d1 + d2) * slant,
        volume: PI / 12.0 * length * (d1 * d1 + d1 * d2 + d2 * d2),
        distance: begin + 0.5 * length,
        r_length_1: PI / 2.0 * d1 * diameter / length,
        r_length_2: PI / 2.0 * diameter * d2 / length,
        position: None,
        ends: None,
        structure: None,
    }
}

impl Compartment {
    /// Whether it is the sphere of a soma, which begins where it ends.
    pub(super) fn is_sphere(&self) -> bool {
        self.distance == 0.0
    }

    /// The length (m) over which a constant potential falls by a factor of e in an endless cable like this compartment;
    /// of a cylinder sqrt(d/(4 Ri gtot)). For a resistivity Ri (ohm m) and a conductance of the membrane gtot (S/m^2).
    pub fn space_constant(&self, resistivity: f64, conductance: f64) -> f64 {
        let between = self.area / (1.0 / self.r_length_1 + 1.0 / self.r_length_2);
        cbrt(2.0 / PI) * sqrt(cbrt(between)) / (2.0 * sqrt(resistivity * conductance))
    }
}
