//! What generators give: for each neuron of one side, neurons of the other.

use lapicque_numerics::random::{Generator as Draws, StreamKey};

use super::candidates::{Asked, Candidates};
use super::names::{Names, index, other};
use super::pair_code::{BLOCK, Block, PairCode};
use super::sampling::{each_with_probability, subset};
use super::{ALLOWED_BYTES, BYTES_PER_SYNAPSE, Created, MOST_CANDIDATES, too_many};
use crate::engine::State;
use crate::language::equation::Values;
use crate::language::error::ReadOnly;
use crate::language::expression::{Expression, ExpressionKind};
use crate::language::generator::{Generator, Iteration, Taken, check_generator, parse_generator};
use crate::language::scope::{Side, Variable};
use crate::network::context::not_allowed;
use crate::network::description::{Connect, Indices};
use crate::network::error::NetworkError;
use crate::units::Dimension;

/// Creates the synapses of a generator, of all neurons of the given side or of those of a list.
///
/// # Errors
/// Generators that mean nothing or use what they make, numbers that are not whole, neurons that do not exist.
pub(super) fn generated(
    names: &Names<'_>,
    way: &Connect,
    of: Option<&[u32]>,
    states: &mut [State],
    key: &StreamKey,
    created: &mut Created,
) -> Result<(), NetworkError> {
    // The side whose neurons are generated.
    let (side, text) = match (&way.i, &way.j) {
        (Some(Indices::Generated(text)), _) => (Side::Presynaptic, text),
        (_, Some(Indices::Generated(text))) => (Side::Postsynaptic, text),
        _ => return Ok(()),
    };
    let path = names.at(index(side));
    let located = |error| NetworkError::language(&path, error, text);
    let generator = parse_generator(text).map_err(located)?;
    check_generator(&generator, &names.scope).map_err(located)?;
    check_sides(names, side, &path, &generator)?;
    let mut scope = names.scope.clone();
    let iterated = generator.iteration.as_ref().map(|iteration| iteration.variable.as_str());
    if let Some(variable) = iterated {
        let (values, read_only) = (Values::Integer, Some(ReadOnly::Given));
        scope.add_variable(variable, Variable { values, dimension: Dimension::NONE, read_only, shared: false });
    }
    let asked = Asked {
        condition: generator.condition.as_ref(),
        p: None,
        n: way.n.as_ref(),
        generated: Some((side, way.skip_if_invalid)),
        iterated,
    };
    let candidates = Candidates::new(names, &scope, &asked, states, key)?;
    let value = match &generator.value.kind {
        // The number itself, which needs no computing.
        ExpressionKind::Name(name) if Some(name.as_str()) == iterated => None,
        _ => Some(PairCode::new(names, &scope, iterated, &[&generator.value], states, &key.derive("value"))?),
    };
    let mut numbers = Numbers { side, value, given: Vec::new(), k: Vec::new(), candidates };
    let all: Vec<u32>;
    let rows = match of {
        Some(rows) => rows,
        None => {
            all = (0..names.members(other(side)).size()).collect();
            &all
        }
    };
    let Some(iteration) = &generator.iteration else {
        for &row in rows {
            numbers.push(f64::from(row), 0.0, created)?;
        }
        return numbers.finish(created);
    };
    let mut computed = vec![&iteration.low, &iteration.high, &iteration.step];
    match &iteration.taken {
        Taken::All => {}
        Taken::Probability(taken) | Taken::Size(taken) => computed.push(taken),
    }
    let mut code = PairCode::new(names, &scope, None, &computed, states, &key.derive("range"))?;
    let key = key.derive("sample");
    let mut looked_at = 0.0;
    for part in rows.chunks(BLOCK) {
        let given: Vec<f64> = part.iter().map(|&row| f64::from(row)).collect();
        code.run(block(side, &given, &[], &[]))?;
        for (place, &row) in part.iter().enumerate() {
            let value = |number: usize| code.result(number)[place];
            let range = Range { path: &path, given: index(other(side)), row, low: value(0), step: value(2) };
            let count = range.count(value(1))?;
            looked_at += count as f64;
            if looked_at > MOST_CANDIDATES {
                let allowed = format!("a generator gives at most {MOST_CANDIDATES} in all");
                return Err(not_allowed(&path, format!("{looked_at} numbers"), allowed));
            }
            let mut draws = key.at(u64::from(row));
            let taken = if computed.len() > 3 { value(3) } else { 1.0 };
            range
                .each(&iteration.taken, taken, count, &mut draws, &mut |k| numbers.push(f64::from(row), k, created))?;
        }
    }
    numbers.finish(created)
}

/// What is given and what is generated must not be mixed: which neurons are made cannot depend on those that are made.
fn check_sides(names: &Names<'_>, side: Side, path: &str, generator: &Generator) -> Result<(), NetworkError> {
    let mut parts: Vec<&Expression> = vec![&generator.value];
    if let Some(Iteration { low, high, step, taken, .. }) = &generator.iteration {
        parts.extend([low, high, step]);
        match taken {
            Taken::All => {}
            Taken::Probability(taken) | Taken::Size(taken) => parts.push(taken),
        }
    }
    let own = index(side);
    for name in parts.iter().flat_map(|part| part.names()) {
        if name == own || names.variable(name).is_some_and(|(of, _)| of == side) {
            let allowed = format!("a generator of {own} is made of {} and what belongs to it", index(other(side)));
            return Err(not_allowed(path, format!("`{name}`"), allowed));
        }
    }
    Ok(())
}

/// A block in which one side is given.
fn block<'a>(generated: Side, given: &'a [f64], made: &'a [f64], k: &'a [f64]) -> Block<'a> {
    match generated {
        Side::Presynaptic => Block { i: made, j: given, k },
        Side::Postsynaptic => Block { i: given, j: made, k },
    }
}

/// The range of one neuron.
struct Range<'a> {
    path: &'a str,
    /// The name of the number of the neuron.
    given: &'static str,
    row: u32,
    low: f64,
    step: f64,
}

impl Range<'_> {
    /// How many numbers there are before `high`.
    fn count(&self, high: f64) -> Result<u64, NetworkError> {
        for (what, value) in [("start", self.low), ("end", high), ("step", self.step)] {
            if value.fract() != 0.0 {
                return Err(self
                    .refused(&format!("the {what} of the range is {value}"), "a whole number; `int(...)` makes one"));
            }
        }
        if self.step == 0.0 {
            return Err(self.refused("the step of the range is 0", "any other number"));
        }
        let count = ((high - self.low) / self.step).ceil().max(0.0);
        if count > f64::from(u32::MAX) {
            return Err(self.refused(&format!("a range of {count} numbers"), "at most 4294967295"));
        }
        Ok(count as u64)
    }

    /// The numbers that are taken.
    fn each(
        &self,
        how: &Taken,
        taken: f64,
        count: u64,
        draws: &mut Draws,
        found: &mut dyn FnMut(f64) -> Result<(), NetworkError>,
    ) -> Result<(), NetworkError> {
        let mut number = |place: u64| found(self.low + place as f64 * self.step);
        match how {
            Taken::All => (0..count).try_for_each(number),
            Taken::Probability(_) => {
                if taken.is_nan() {
                    return Err(self.refused("p is NaN", "a number"));
                }
                each_with_probability(count, taken, draws, number)
            }
            Taken::Size(_) => {
                if !(taken >= 0.0 && taken <= count as f64 && taken.fract() == 0.0) {
                    let allowed = format!("a whole number from 0 to {count}, which is how many there are");
                    return Err(self.refused(&format!("size = {taken}"), &allowed));
                }
                if taken * BYTES_PER_SYNAPSE > ALLOWED_BYTES {
                    return Err(too_many(self.path, taken, "of one neuron"));
                }
                subset(count, taken as u64, draws).into_iter().try_for_each(&mut number)
            }
        }
    }

    fn refused(&self, what: &str, allowed: &str) -> NetworkError {
        not_allowed(self.path, format!("{what} for {} = {}", self.given, self.row), allowed.to_owned())
    }
}

/// Numbers of a generator, made into candidates in blocks.
struct Numbers {
    side: Side,
    /// What a number becomes; itself where there is none.
    value: Option<PairCode>,
    given: Vec<f64>,
    k: Vec<f64>,
    candidates: Candidates,
}

impl Numbers {
    fn push(&mut self, given: f64, k: f64, created: &mut Created) -> Result<(), NetworkError> {
        if self.value.is_none() {
            return self.candidate(given, k, k, created);
        }
        self.given.push(given);
        self.k.push(k);
        if self.given.len() == BLOCK { self.flush(created) } else { Ok(()) }
    }

    fn finish(mut self, created: &mut Created) -> Result<(), NetworkError> {
        self.flush(created)?;
        self.candidates.finish(created)
    }

    fn flush(&mut self, created: &mut Created) -> Result<(), NetworkError> {
        let Some(mut code) = self.value.take() else { return Ok(()) };
        code.run(block(self.side, &self.given, &[], &self.k))?;
        for number in 0..self.given.len() {
            self.candidate(self.given[number], code.result(0)[number], self.k[number], created)?;
        }
        self.value = Some(code);
        self.given.clear();
        self.k.clear();
        Ok(())
    }

    fn candidate(&mut self, given: f64, made: f64, k: f64, created: &mut Created) -> Result<(), NetworkError> {
        match self.side {
            Side::Presynaptic => self.candidates.push(made, given, k, created),
            Side::Postsynaptic => self.candidates.push(given, made, k, created),
        }
    }
}
