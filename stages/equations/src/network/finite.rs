//! Whether all variables are finite.
//!
//! Objects are looked at every so many steps, the larger the rarer, so that it takes a small part of the time of a step.
//! The first step after which something was not finite is found by another run that looks after each.

use super::error::NetworkError;
use super::error::NetworkProblem;
use super::object::Object;
use crate::engine::State;
use crate::language::equation::Values;
use crate::language::error::ReadOnly;
use crate::language::scope::{Meaning, Variable};

/// Objects with this many values are looked at every [`OFTEN`] steps, twice as large ones half as often.
const SMALL: usize = 1 << 14;
/// Between two looks at small objects, in steps.
const OFTEN: u64 = 64;

/// Variables of an object that were finite when a run began.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    object: usize,
    columns: Vec<usize>,
    /// Variables that were not: they may be infinite, not NaN.
    infinite: Vec<usize>,
    every: u64,
}

/// A variable that is not finite any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    pub object: usize,
    pub column: usize,
    pub element: usize,
}

impl Watch {
    /// All variables of object `number` that can change and are finite now. What is infinite at the beginning of a run is
    /// so on purpose.
    pub(crate) fn new(object: &Object, number: usize, state: &State) -> Self {
        let is_number = |column: &usize| {
            let column = &object.layout.columns()[*column];
            let variable = object.names.meaning(&column.name);
            let changes = matches!(variable, Some(Meaning::Variable(Variable { read_only, .. }))
                if [None, Some(ReadOnly::Subexpression)].contains(&read_only));
            changes && column.values != Values::Boolean
        };
        let numbers = (0..object.own_columns()).filter(is_number);
        let (columns, infinite): (Vec<usize>, Vec<usize>) =
            numbers.partition(|&column| not_finite(state.column(column)).is_none());
        let values = columns.iter().map(|&column| state.column(column).len()).sum::<usize>();
        Self { object: number, columns, infinite, every: OFTEN * (values / SMALL).max(1) as u64 }
    }

    /// Whether it is time to look after `rounds` rounds of the clocks.
    pub(crate) fn is_due(&self, rounds: u64) -> bool {
        rounds.is_multiple_of(self.every)
    }

    /// The longest time between two looks, in rounds.
    pub(crate) fn every(&self) -> u64 {
        self.every
    }

    /// The first value that is not finite.
    pub(crate) fn find(&self, states: &[State]) -> Option<Found> {
        let state = &states[self.object];
        let found = |&column: &usize| not_finite(state.column(column)).map(|element| (column, element));
        let missing = |&column: &usize| nan(state.column(column)).map(|element| (column, element));
        let place = self.columns.iter().find_map(found).or_else(|| self.infinite.iter().find_map(missing));
        place.map(|(column, element)| Found { object: self.object, column, element })
    }

    /// The first value that is not finite of some elements, before statements on their events write over it.
    pub(crate) fn find_among(&self, state: &State, elements: &[u32]) -> Option<Found> {
        for &column in &self.columns {
            let values = state.column(column);
            let found = elements.iter().find(|&&element| values.get(element as usize).is_some_and(|v| !v.is_finite()));
            if let Some(&element) = found {
                return Some(Found { object: self.object, column, element: element as usize });
            }
        }
        None
    }
}

impl Found {
    /// What a user is told.
    pub(crate) fn error(&self, objects: &[Object], states: &[State], step: u64) -> NetworkError {
        let object = &objects[self.object];
        let problem = NetworkProblem::NotFinite {
            variable: object.layout.columns()[self.column].name.clone(),
            element: self.element as u32,
            value: states[self.object].column(self.column)[self.element],
            step,
            // Without the digits that are rounding.
            time_ms: (step as f64 * object.dt * 1e12).round() / 1e9,
        };
        NetworkError::new(&object.path, problem)
    }
}

/// The place of the first value that is NaN.
fn nan(values: &[f64]) -> Option<usize> {
    values.iter().position(|value| value.is_nan())
}

/// The place of the first value that is not finite.
fn not_finite(values: &[f64]) -> Option<usize> {
    // Adding 1 to an exponent of all ones carries over into the sign. Without branches, so that it becomes vectors.
    let carries = |value: &f64| (value.to_bits() & (u64::MAX >> 1)) + (1 << 52);
    let any = |chunk: &[f64]| chunk.iter().fold(0, |all, value| all | carries(value)) >> 63 != 0;
    let chunk = values.chunks(256).position(any)?;
    let begin = chunk * 256;
    values[begin..].iter().position(|value| !value.is_finite()).map(|place| begin + place)
}

#[cfg(test)]
mod tests {
    use super::not_finite;

    #[test]
    fn infinities_and_nan_are_found_wherever_they_are() {
        let numbers = [0.0, -0.0, 1.0, -1.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324];
        let values: Vec<f64> = numbers.iter().copied().cycle().take(700).collect();
        assert_eq!(not_finite(&values), None);
        for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for place in [0, 255, 256, 699] {
                let mut values = values.clone();
                values[place] = bad;
                assert_eq!(not_finite(&values), Some(place), "{bad} at {place}");
            }
        }
        assert_eq!(not_finite(&[]), None);
    }
}
