//! Morphologies of points with diameters.

use std::collections::HashMap;
use std::fmt;

use super::morphology::SIZES;
use super::{MAX_COMPARTMENTS, Morphology, MorphologyError, Section, Shape};

/// What is a soma.
const SOMA: u32 = 1;

/// How far, relative to its radius, the points of a soma may be from where those of a sphere are. Files round to 0.01 um.
const SPHERE_TOLERANCE: f64 = 0.02;

/// A place on a neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// By which others name it.
    pub index: i64,
    /// What it is a part of: 1 soma, 2 axon, 3 dendrite, 4 apical dendrite, or any other number.
    pub structure: u32,
    /// In m.
    pub position: [f64; 3],
    /// In m.
    pub diameter: f64,
    /// Index of the point that it is connected to; none of the root.
    pub parent: Option<i64>,
}

/// Why points are no morphology.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}{problem}", self.place.map_or_else(String::new, |place| format!("{place}: ")))]
pub struct PointsError {
    /// Where; none where it is about all points.
    pub place: Option<Place>,
    /// What is wrong.
    pub problem: PointsProblem,
}

/// Where an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Number of a point in the order in which they were given, from 0.
    Point(usize),
    /// Number of a line of a file, from 1.
    Line(usize),
}

/// What is wrong with points.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointsProblem {
    /// Nothing.
    #[error("no points; give at least one")]
    NoPoints,
    /// One point that is no soma.
    #[error("a single point must be a soma (1), got {structure}")]
    Single {
        /// What it is a part of.
        structure: u32,
    },
    /// More points than are allowed.
    #[error("more than {MAX_COMPARTMENTS} points")]
    TooMany,
    /// An index that two points have.
    #[error("another point before has the index {index} too")]
    Repeated {
        /// Of both.
        index: i64,
    },
    /// A point whose parent is not there.
    #[error("the parent {parent} is not there")]
    NoParent {
        /// What it names.
        parent: i64,
    },
    /// No point without a parent.
    #[error("all points have a parent; expected one root without")]
    NoRoot,
    /// A second point without a parent.
    #[error("a second root; expected one neuron, in which all points but one have a parent")]
    SecondRoot,
    /// Points that are their own ancestors.
    #[error("not connected to the root; the point is its own ancestor, or a descendant of one that is")]
    Circle,
    /// A coordinate that is missing, infinite or huge.
    #[error("the coordinate {value:e} m is not allowed; it must be within 1000 m of 0")]
    Position {
        /// What it is.
        value: f64,
    },
    /// A diameter that nothing can have.
    #[error("the diameter {value:e} m is not allowed; it must be above 0, and neither tiny nor huge")]
    Diameter {
        /// What it is.
        value: f64,
    },
    /// A point at the place of its parent, or very far away.
    #[error("the point is {value:e} m away from its parent; it must be above 0, and neither tiny nor huge")]
    Length {
        /// How far.
        value: f64,
    },
    /// A line with too few or too many fields.
    #[error("{found} fields; expected 7: index, structure, x, y, z, radius, parent")]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// A field that is no number.
    #[error("{field} is `{found}`; expected {expected}")]
    Field {
        /// Which.
        field: &'static str,
        /// Its text, or the begin of it.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// What is left to say when all points are right.
    #[error(transparent)]
    Morphology(#[from] MorphologyError),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Point(number) => write!(formatter, "point {number}"),
            Self::Line(number) => write!(formatter, "line {number}"),
        }
    }
}

/// A morphology with a compartment between each point and its parent, ordered depth first, children as they were given.
/// Sections end where there are several children, and where the structure changes.
///
/// A root that is a soma (structure 1) without other points of it is a sphere. So is one with two further points of it
/// that have no children, the diameter of the root, and lie a radius away from it to opposite sides, as files of
/// NeuroMorpho.Org write spheres. A soma of other points is truncated cones as all else.
///
/// Other sections begin with the diameter of their parent, but those that begin at a soma with that of their own first
/// point: a dendrite does not widen to the soma.
///
/// # Errors
/// See [`PointsProblem`].
pub fn from_points(points: &[Point]) -> Result<Morphology, PointsError> {
    let tree = Tree::new(points)?;
    let sphere = tree.sphere();
    let mut sections = Vec::new();
    let mut courses: Vec<Vec<usize>> = Vec::new();
    if sphere.is_some() {
        sections.push(Section { parent: None, shape: Shape::Soma { diameter: points[tree.root].diameter } });
        courses.push(vec![tree.root]);
    }

    let in_sphere = |point: usize| sphere.is_some_and(|others| others.contains(&Some(point)));
    let mut reached = 1 + sphere.iter().flatten().flatten().count();
    let mut waiting: Vec<(usize, usize, Option<usize>)> = Vec::new();
    let at_root = sphere.map(|_| 0);
    let first = tree.children[tree.root].iter().rev().filter(|&&child| !in_sphere(child));
    waiting.extend(first.map(|&child| (tree.root, child, at_root)));
    while let Some((begin, first, parent)) = waiting.pop() {
        let leaves_soma = points[begin].structure == SOMA && points[first].structure != SOMA;
        let wide = if leaves_soma { first } else { begin };
        let mut diameters = vec![points[wide].diameter];
        let (mut lengths, mut course) = (Vec::new(), vec![begin]);
        let (mut before, mut point) = (begin, first);
        loop {
            reached += 1;
            let value = distance(&points[before], &points[point]);
            if !SIZES.contains(&value) {
                return Err(at(point, PointsProblem::Length { value }));
            }
            lengths.push(value);
            diameters.push(points[point].diameter);
            course.push(point);
            match tree.children[point].as_slice() {
                &[only] if points[only].structure == points[point].structure => (before, point) = (point, only),
                children => {
                    let section = Some(sections.len());
                    waiting.extend(children.iter().rev().map(|&child| (point, child, section)));
                    break;
                }
            }
        }
        sections.push(Section { parent, shape: Shape::Cones { lengths, diameters } });
        courses.push(course);
    }
    if reached < points.len() {
        return Err(tree.circle());
    }
    if sections.is_empty() {
        let problem = PointsProblem::Single { structure: points[tree.root].structure };
        return Err(at(tree.root, problem));
    }
    let mut morphology =
        Morphology::new(&sections).map_err(|problem| PointsError { place: None, problem: problem.into() })?;
    place(&mut morphology, points, &courses);
    Ok(morphology)
}

/// Says where the compartments of each section are, and what they are parts of.
fn place(morphology: &mut Morphology, points: &[Point], courses: &[Vec<usize>]) {
    let mut compartments = morphology.compartments.iter_mut();
    for course in courses {
        // A sphere is one point.
        let ends = course.windows(2).map(|ends| (ends[0], ends[1]));
        let alone = course.first().filter(|_| course.len() == 1).map(|&point| (point, point));
        for ((begin, end), compartment) in ends.chain(alone).zip(&mut compartments) {
            let (mut from, mut to) = (points[begin].position, points[end].position);
            compartment.position = Some([0, 1, 2].map(|axis| 0.5 * (from[axis] + to[axis])));
            if begin == end {
                // As files of NeuroMorpho.Org have the further points of a sphere.
                from[1] -= 0.5 * points[begin].diameter;
                to[1] += 0.5 * points[begin].diameter;
            }
            compartment.ends = Some([from, to]);
            compartment.structure = Some(points[end].structure);
        }
    }
}

/// Points that know their children, by their numbers.
struct Tree<'a> {
    points: &'a [Point],
    children: Vec<Vec<usize>>,
    root: usize,
}

impl<'a> Tree<'a> {
    fn new(points: &'a [Point]) -> Result<Self, PointsError> {
        let whole = |problem| PointsError { place: None, problem };
        if points.is_empty() {
            return Err(whole(PointsProblem::NoPoints));
        }
        if points.len() > MAX_COMPARTMENTS {
            return Err(whole(PointsProblem::TooMany));
        }
        let mut numbers = HashMap::with_capacity(points.len());
        for (number, point) in points.iter().enumerate() {
            if let Some(&value) = point.position.iter().find(|x| !(-SIZES.end..SIZES.end).contains(*x)) {
                return Err(at(number, PointsProblem::Position { value }));
            }
            if !SIZES.contains(&point.diameter) {
                return Err(at(number, PointsProblem::Diameter { value: point.diameter }));
            }
            if numbers.insert(point.index, number).is_some() {
                return Err(at(number, PointsProblem::Repeated { index: point.index }));
            }
        }
        let mut root = None;
        let mut children = vec![Vec::new(); points.len()];
        for (number, point) in points.iter().enumerate() {
            let parent = match point.parent {
                Some(parent) => {
                    let problem = PointsProblem::NoParent { parent };
                    Some(*numbers.get(&parent).ok_or_else(|| at(number, problem))?)
                }
                None => None,
            };
            match parent {
                Some(parent) => children[parent].push(number),
                None if root.is_some() => return Err(at(number, PointsProblem::SecondRoot)),
                None => root = Some(number),
            }
        }
        let root = root.ok_or_else(|| whole(PointsProblem::NoRoot))?;
        Ok(Self { points, children, root })
    }

    /// The two further points of a root that is a sphere of three points, no points where it is one of one, else none.
    fn sphere(&self) -> Option<[Option<usize>; 2]> {
        let root = &self.points[self.root];
        if root.structure != SOMA {
            return None;
        }
        let others: Vec<usize> =
            self.children[self.root].iter().copied().filter(|&child| self.points[child].structure == SOMA).collect();
        match others.as_slice() {
            [] => Some([None; 2]),
            &[a, b] => {
                let radius = 0.5 * root.diameter;
                let allowed = SPHERE_TOLERANCE * radius;
                let (one, other) = (&self.points[a], &self.points[b]);
                let fits = |point: &Point| {
                    (0.5 * point.diameter - radius).abs() <= allowed
                        && (distance(root, point) - radius).abs() <= allowed
                };
                let opposite = distance(one, other) >= 2.0 * (radius - 2.0 * allowed);
                let tips = self.children[a].is_empty() && self.children[b].is_empty();
                (fits(one) && fits(other) && opposite && tips).then_some([Some(a), Some(b)])
            }
            _ => None,
        }
    }

    /// That some points are not connected to the root, with the first of them.
    fn circle(&self) -> PointsError {
        let mut connected = vec![false; self.points.len()];
        let mut waiting = vec![self.root];
        while let Some(point) = waiting.pop() {
            connected[point] = true;
            waiting.extend(&self.children[point]);
        }
        PointsError {
            place: connected.iter().position(|connected| !connected).map(Place::Point),
            problem: PointsProblem::Circle,
        }
    }
}

fn at(point: usize, problem: PointsProblem) -> PointsError {
    PointsError { place: Some(Place::Point(point)), problem }
}

fn distance(a: &Point, b: &Point) -> f64 {
    let [x, y, z] = [0, 1, 2].map(|axis| a.position[axis] - b.position[axis]);
    libm::sqrt(x * x + y * y + z * z)
}
