//! Variables of compartments that equations do not define.

use std::f64::consts::PI;

use crate::engine::State;
use crate::language::equation::Values;
use crate::language::error::ReadOnly;
use crate::language::expression::{BinaryOperator, Expression};
use crate::language::flags::Model;
use crate::language::scope::Variable;
use crate::language::span::Span;
use crate::network::context::{Context, not_allowed};
use crate::network::description::{Initial, SpatialNeurons, Text};
use crate::network::error::NetworkError;
use crate::network::evaluate::{Asked, evaluate};
use crate::network::form::Form;
use crate::network::groups::Given;
use crate::spatial::Compartment;
use crate::spatial::membrane::POTENTIAL;
use crate::units::Dimension;

const NONE: Dimension = Dimension::NONE;
const METRE: Dimension = Dimension::whole([1, 0, 0, 0, 0, 0, 0]);
const SQUARE_METRE: Dimension = Dimension::whole([2, 0, 0, 0, 0, 0, 0]);
const CUBIC_METRE: Dimension = Dimension::whole([3, 0, 0, 0, 0, 0, 0]);
const AMPERE: Dimension = Dimension::whole([0, 0, 0, 1, 0, 0, 0]);
const AMPERE_BY_AREA: Dimension = Dimension::whole([-2, 0, 0, 1, 0, 0, 0]);
const FARAD_BY_AREA: Dimension = Dimension::whole([-4, -1, 4, 2, 0, 0, 0]);

/// A variable: its name, what it measures, and what it is of a compartment.
type OfCompartment = (&'static str, Dimension, fn(&Compartment) -> f64);

/// Variables that equations do not define, with what they are of a compartment; `v` is the first. All but that are read
/// only.
pub(super) const GIVEN: [OfCompartment; 13] = [
    (POTENTIAL, Dimension::VOLT, |_| 0.0),
    ("Ic", AMPERE_BY_AREA, |_| 0.0),
    ("membrane_current", AMPERE, |_| 0.0),
    ("Cm", FARAD_BY_AREA, |_| 0.0),
    ("area", SQUARE_METRE, |own| own.area),
    ("length", METRE, |own| own.length),
    ("diameter", METRE, |own| own.diameter),
    ("distance", METRE, |own| own.distance),
    ("volume", CUBIC_METRE, |own| own.volume),
    ("r_length_1", METRE, |own| own.r_length_1),
    ("r_length_2", METRE, |own| own.r_length_2),
    ("neuron", NONE, |_| 0.0),
    ("compartment", NONE, |_| 0.0),
];

/// The name of the space constant.
pub(super) const SPACE_CONSTANT: &str = "space_constant";

/// Numbers of the first columns, as [`GIVEN`] has them.
pub(super) const V: usize = 0;
pub(super) const CHARGING: usize = 1;
pub(super) const OUTWARD: usize = 2;
pub(super) const CAPACITANCE: usize = 3;
pub(super) const AREA: usize = 4;
const NEURON: usize = 11;
const COMPARTMENT: usize = 12;

/// Columns that no name of a model can mean: gtot, I0, and both of the currents of electrodes.
pub(super) const HIDDEN: [&str; 4] = ["_gtot", "_I0", "_electrode_conductance", "_electrode_current"];

/// What a group has besides the variables of its equations.
pub(super) fn given(described: &SpatialNeurons) -> Given {
    let variables = GIVEN.map(|(name, dimension, _)| {
        // Lengths and the like are real numbers, what has no unit counts something.
        let values = if dimension == NONE { Values::Integer } else { Values::Float };
        let read_only = (name != POTENTIAL).then_some(ReadOnly::Given);
        (name, Variable { values, dimension, read_only, shared: false })
    });
    let hidden = if described.electrodes.is_empty() { 2 } else { HIDDEN.len() };
    let read_only = Some(ReadOnly::Subexpression);
    let space_constant = Variable { values: Values::Float, dimension: METRE, read_only, shared: false };
    Given {
        kind: Model::Compartments,
        variables: variables.to_vec(),
        subexpressions: vec![(SPACE_CONSTANT, space_constant)],
        hidden: HIDDEN[..hidden].to_vec(),
    }
}

/// The space constant as an expression of columns, as [`Compartment::space_constant`] has it.
pub(super) fn space_constant(resistivity: f64) -> Expression {
    use BinaryOperator::{Add, Divide, Multiply, Power};
    let number = |value: f64| Expression::number(value, Span::default());
    let name = |name: &str| Expression::name(name, Span::default());
    let two = |operator, left, right| Expression::binary(operator, left, right);
    let inverse = |of: &str| two(Divide, number(1.0), name(of));
    let between = two(Divide, name("area"), two(Add, inverse("r_length_1"), inverse("r_length_2")));
    let conductance = two(Multiply, number(resistivity), name(HIDDEN[0]));
    let root = Expression::call("sqrt", vec![conductance], Span::default());
    let numerator = two(Multiply, number(libm::cbrt(2.0 / PI)), two(Power, between, number(1.0 / 6.0)));
    two(Divide, numerator, two(Multiply, number(2.0), root))
}

/// Writes the geometry to a state.
pub(super) fn fill(state: &mut State, form: &Form) {
    let geometry = form.morphology.compartments();
    for (column, (_, _, of)) in GIVEN.iter().enumerate().skip(AREA) {
        let values = state.column_mut(column).chunks_mut(geometry.len());
        for (neuron, values) in values.enumerate() {
            for (compartment, (value, own)) in values.iter_mut().zip(geometry).enumerate() {
                *value = match column {
                    NEURON => neuron as f64,
                    COMPARTMENT => compartment as f64,
                    _ => of(own),
                };
            }
        }
    }
}

/// The capacitance of the compartments of a neuron, which are also written to `Cm`.
pub(super) fn capacitance(
    context: &Context<'_>,
    number: usize,
    form: &Form,
    described: &SpatialNeurons,
    states: &mut [State],
) -> Result<Vec<f64>, NetworkError> {
    let object = &context.objects[number];
    let path = format!("{}.capacitance", object.path);
    let count = form.compartments();
    let mut of_one = vec![f64::NAN; count];
    let mut of_text = |text: &Text| -> Result<Vec<f64>, NetworkError> {
        let asked = Asked { path: &path, text: text.as_str(), expected: FARAD_BY_AREA };
        evaluate(context, object, number, states, &asked, 0)
    };
    // Of all neurons, where it is an expression.
    let mut all = Vec::new();
    match &described.capacitance {
        Initial::Expression(text) => {
            all = of_text(text)?;
            of_one.copy_from_slice(&all[..count]);
        }
        Initial::Values { values, unit } => {
            of_one = context.values(&path, values, unit.as_deref(), FARAD_BY_AREA, count)?;
        }
        Initial::At { elements, .. } => {
            let value = format!("values for {} compartments", elements.len());
            return Err(not_allowed(&path, value, "a value for each compartment".to_owned()));
        }
        Initial::Sections(sections) => {
            for (name, text) in sections {
                let values = of_text(text)?;
                for compartment in form.part(&path, name)? {
                    of_one[compartment as usize] = values[compartment as usize];
                }
            }
        }
    }
    if let Some(compartment) = of_one.iter().position(|value| !(value.is_finite() && *value > 0.0)) {
        let value = match of_one[compartment] {
            missing if missing.is_nan() => format!("no number in compartment {compartment}"),
            wrong => format!("{wrong} F/m^2 in compartment {compartment}"),
        };
        return Err(not_allowed(&path, value, "a value above 0 for each compartment".to_owned()));
    }
    if let Some(other) = all.chunks(count).position(|values| values != of_one) {
        let value = format!("other values in neuron {other} than in neuron 0");
        return Err(not_allowed(&path, value, "the same values in all neurons".to_owned()));
    }
    for values in states[number].column_mut(CAPACITANCE).chunks_mut(count) {
        values.copy_from_slice(&of_one);
    }
    Ok(of_one)
}
