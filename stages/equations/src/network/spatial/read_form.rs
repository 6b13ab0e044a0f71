//! Forms of neurons: from what a model file says to compartments, with the names of parts of a neuron.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::language::error::nearest;
use crate::network::context::{Context, not_allowed};
use crate::network::description::{MorphologySource, SectionOfNeuron, Text, ThresholdLocation};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::network::form::Form;
use crate::spatial::{Morphology, MorphologyError, Section, Shape, swc};
use crate::units::Dimension;

const METRE: Dimension = Dimension::whole([1, 0, 0, 0, 0, 0, 0]);

/// The form that a model says, `path` being that of its morphology.
///
/// # Errors
/// Forms that nothing can have, files that are not there or broken.
pub(super) fn form(context: &Context<'_>, path: &str, source: &MorphologySource) -> Result<Form, NetworkError> {
    match source {
        MorphologySource::Swc(name) => of_file(context, &format!("{path}.swc"), name),
        MorphologySource::Sections(sections) => of_sections(context, &format!("{path}.sections"), sections),
    }
}

fn of_file(context: &Context<'_>, path: &str, name: &str) -> Result<Form, NetworkError> {
    let content = context.model.files.get(name).ok_or_else(|| {
        let suggestion = nearest(name, context.model.files.keys().map(String::as_str));
        NetworkError::new(path, NetworkProblem::Unknown { kind: "file", name: name.to_owned(), suggestion })
    })?;
    let morphology = swc::read(content).map_err(|error| {
        NetworkError::new(path, NetworkProblem::File { name: name.to_owned(), error: Box::new(error) })
    })?;
    let mut parts: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    for section in 0..morphology.sections() {
        let range = morphology.range(section);
        let structure = morphology.compartments().get(range.start).and_then(|own| own.structure).unwrap_or(0);
        parts.entry(structure_name(structure)).or_default().push(range);
    }
    Ok(Form { morphology, parts })
}

/// What SWC files mean with their numbers.
fn structure_name(structure: u32) -> String {
    match structure {
        1 => "soma".to_owned(),
        2 => "axon".to_owned(),
        3 => "dendrite".to_owned(),
        4 => "apical".to_owned(),
        other => format!("structure_{other}"),
    }
}

fn of_sections(context: &Context<'_>, path: &str, described: &[SectionOfNeuron]) -> Result<Form, NetworkError> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sections = Vec::with_capacity(described.len());
    for (number, section) in described.iter().enumerate() {
        let path = format!("{path}[{number}]");
        let parent = match &section.parent {
            None => None,
            Some(parent) => Some(*numbers.get(parent.as_str()).ok_or_else(|| {
                let known: Vec<String> = numbers.keys().map(|name| format!("`{name}`")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let allowed = format!("the name of a section that stands before this one: {known}");
                not_allowed(&format!("{path}.parent"), format!("`{parent}`"), allowed)
            })?),
        };
        if section.name.is_empty() {
            return Err(not_allowed(&format!("{path}.name"), "``".to_owned(), "a name".to_owned()));
        }
        if let Some(first) = numbers.insert(&section.name, number) {
            let allowed = format!("a name that section {first} does not have");
            return Err(not_allowed(&format!("{path}.name"), format!("`{}`", section.name), allowed));
        }
        sections.push(Section { parent, shape: shape(context, &path, section)? });
    }
    let wrong = |error: MorphologyError| NetworkError::new(path, error);
    let mut morphology = Morphology::new(&sections).map_err(wrong)?;
    let directions: Vec<[f64; 3]> = described.iter().filter_map(|section| section.direction).collect();
    match described.iter().position(|section| section.direction.is_none()) {
        None => morphology.place(&directions).map_err(wrong)?,
        Some(_) if directions.is_empty() => {}
        Some(without) => {
            let problem = format!("section {without} has no `direction`; all sections have one, or none");
            return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
        }
    }
    let range_of = |(name, number): (&str, usize)| (name.to_owned(), vec![morphology.range(number)]);
    let parts = numbers.into_iter().map(range_of).collect();
    Ok(Form { morphology, parts })
}

fn shape(context: &Context<'_>, path: &str, section: &SectionOfNeuron) -> Result<Shape, NetworkError> {
    let length = |path: String, text: &Text| context.fixed(&path, text, METRE, "the length");
    let each = |field: &str, texts: &[Text]| -> Result<Vec<f64>, NetworkError> {
        let texts = texts.iter().enumerate();
        texts.map(|(number, text)| length(format!("{path}.cones.{field}[{number}]"), text)).collect()
    };
    match (&section.soma, &section.cylinder, &section.cones) {
        (Some(soma), None, None) => {
            Ok(Shape::Soma { diameter: length(format!("{path}.soma.diameter"), &soma.diameter)? })
        }
        (None, Some(cylinder), None) => Ok(Shape::Cylinder {
            compartments: cylinder.compartments as usize,
            length: length(format!("{path}.cylinder.length"), &cylinder.length)?,
            diameter: length(format!("{path}.cylinder.diameter"), &cylinder.diameter)?,
        }),
        (None, None, Some(cones)) => Ok(Shape::Cones {
            lengths: each("lengths", &cones.lengths)?,
            diameters: each("diameters", &cones.diameters)?,
        }),
        _ => {
            let problem = NetworkProblem::Conflict("a section is one of `soma`, `cylinder` and `cones`".to_owned());
            Err(NetworkError::new(path, problem))
        }
    }
}

/// The number of the compartment at a place.
///
/// # Errors
/// Places that the neuron does not have.
pub(super) fn compartment(
    form: &Form,
    context: &Context<'_>,
    path: &str,
    place: &ThresholdLocation,
) -> Result<u32, NetworkError> {
    match place {
        ThresholdLocation { compartment: Some(number), section: None, distance: None } => {
            let count = form.compartments();
            if (*number as usize) < count {
                return Ok(*number);
            }
            let allowed = format!("below {count}, as many compartments as a neuron has");
            Err(not_allowed(&format!("{path}.compartment"), number.to_string(), allowed))
        }
        ThresholdLocation { compartment: None, section: Some(name), distance } => {
            let ranges = form.ranges(&format!("{path}.section"), name)?;
            match distance {
                None => Ok(ranges.first().map_or(0, |range| range.start as u32)),
                Some(text) => at_distance(form, context, &format!("{path}.distance"), name, ranges, text),
            }
        }
        _ => {
            let problem = "either `compartment`, or `section` with or without `distance`".to_owned();
            Err(NetworkError::new(path, NetworkProblem::Conflict(problem)))
        }
    }
}

fn at_distance(
    form: &Form,
    context: &Context<'_>,
    path: &str,
    name: &str,
    ranges: &[Range<usize>],
    text: &Text,
) -> Result<u32, NetworkError> {
    let distance = context.fixed(path, text, METRE, "the distance")?;
    let [range] = ranges else {
        let problem = format!("`{name}` are {} sections; name the place by `compartment`", ranges.len());
        return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
    };
    let mut end = 0.0;
    let mut found = None;
    for (number, own) in range.clone().zip(&form.morphology.compartments()[range.clone()]) {
        // What lies at the border of two belongs to the second, at the end of the section to the last.
        if distance >= end {
            found = Some(number as u32);
        }
        end += own.length;
    }
    match found {
        // Lengths are added up here, and rounded.
        Some(number) if distance <= end * (1.0 + 1e-12) => Ok(number),
        _ => {
            let rounded = libm::round(end * 1e12) * 1e-6;
            let allowed = format!("from 0 to {rounded} um, the length of `{name}`");
            Err(not_allowed(path, text.as_str().to_owned(), allowed))
        }
    }
}
