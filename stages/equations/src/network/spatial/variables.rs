//! Variables of compartments that equations do not define.

use super::Form;
use crate::engine::{Column, State};
use crate::language::analysis::inline::is_stored;
use crate::language::block::Equations;
use crate::language::equation::{Definition, Flag, Values};
use crate::language::error::ReadOnly;
use crate::language::scope::{Scope, Variable};
use crate::network::context::{Context, not_allowed};
use crate::network::description::{Initial, SpatialNeurons, Text};
use crate::network::error::NetworkError;
use crate::network::evaluate::{Asked, Expected, evaluate};
use crate::spatial::Compartment;
use crate::units::Dimension;

const NONE: Dimension = Dimension::NONE;
const METRE: Dimension = Dimension::whole([1, 0, 0, 0, 0, 0, 0]);
const SQUARE_METRE: Dimension = Dimension::whole([2, 0, 0, 0, 0, 0, 0]);
const CUBIC_METRE: Dimension = Dimension::whole([3, 0, 0, 0, 0, 0, 0]);
const AMPERE: Dimension = Dimension::whole([0, 0, 0, 1, 0, 0, 0]);
const AMPERE_BY_AREA: Dimension = Dimension::whole([-2, 0, 0, 1, 0, 0, 0]);
const FARAD_BY_AREA: Dimension = Dimension::whole([-4, -1, 4, 2, 0, 0, 0]);

/// Variables that equations do not define, with what they are of a compartment; `v` is the first. All but that are read
/// only.
pub(super) const GIVEN: [(&str, Dimension, fn(&Compartment) -> f64); 13] = [
    ("v", Dimension::VOLT, |_| 0.0),
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

/// Numbers of the first columns, as [`GIVEN`] has them.
pub(super) const V: usize = 0;
pub(super) const CHARGING: usize = 1;
pub(super) const OUTWARD: usize = 2;
pub(super) const CAPACITANCE: usize = 3;
pub(super) const AREA: usize = 4;
const NEURON: usize = 11;
const COMPARTMENT: usize = 12;

/// Where a condition is written.
const CONDITION: &str = "_condition";

/// Columns that no name of a model can mean: gtot, I0, and both of the currents of electrodes.
pub(super) const HIDDEN: [&str; 4] = ["_gtot", "_I0", "_electrode_conductance", "_electrode_current"];

/// Adds what equations of compartments can use besides their own variables.
pub(super) fn add_given(names: &mut Scope) {
    for (name, dimension, _) in GIVEN {
        let read_only = (name != "v").then_some(ReadOnly::Given);
        names.add_variable(name, Variable { values: values(dimension), dimension, read_only, shared: false });
    }
}

/// Lengths and the like are real numbers, what has no unit counts something.
fn values(dimension: Dimension) -> Values {
    if dimension == NONE { Values::Integer } else { Values::Float }
}

/// All variables.
pub(super) fn columns(equations: &Equations, described: &SpatialNeurons) -> Vec<Column> {
    let refracts = described.refractory.is_some();
    let mut columns: Vec<Column> = Vec::new();
    for (name, dimension, _) in GIVEN {
        columns.push(Column { values: values(dimension), ..Column::float(name) });
    }
    for equation in equations.equations() {
        let is_kept = !matches!(equation.definition, Definition::Subexpression(_)) || is_stored(equation);
        if is_kept {
            columns.push(Column {
                name: equation.name.clone(),
                values: equation.values,
                shared: equation.has(Flag::Shared),
                unless_refractory: refracts && equation.has(Flag::UnlessRefractory),
            });
        }
    }
    if refracts {
        columns.push(Column { values: Values::Boolean, ..Column::float("not_refractory") });
        columns.push(Column::float("lastspike"));
    }
    if described.threshold.is_some() || !described.events.is_empty() {
        columns.push(Column::float(CONDITION));
    }
    let hidden = if described.electrodes.is_empty() { 2 } else { HIDDEN.len() };
    columns.extend(HIDDEN[..hidden].iter().map(|name| Column::float(name)));
    columns
}

/// Writes the geometry to a state.
pub(super) fn fill(state: &mut State, form: &Form) {
    let geometry = form.morphology.compartments();
    for (column, (_, _, of)) in GIVEN.iter().enumerate() {
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
    let expected = Expected::Number(FARAD_BY_AREA);
    let mut of_one = vec![f64::NAN; count];
    let mut of_text = |text: &Text| -> Result<Vec<f64>, NetworkError> {
        let asked = Asked { path: &path, text: text.as_str(), expected };
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
