//! Pairs that may become synapses: those whose condition holds, that are taken, as many times as `n` says.

use lapicque_numerics::random::StreamKey;

use super::Created;
use super::names::{Names, index};
use super::pair_code::{BLOCK, Block, PairCode};
use crate::engine::State;
use crate::language::check::{check_number, fixed_value};
use crate::language::expression::Expression;
use crate::language::scope::{Scope, Side};
use crate::language::span::Span;
use crate::network::context::{expression, not_allowed};
use crate::network::description::Text;
use crate::network::error::NetworkError;
use crate::units::Dimension;

/// What is asked of each pair.
pub(super) struct Asked<'a> {
    /// What must hold.
    pub(super) condition: Option<&'a Expression>,
    /// With which probability it is taken.
    pub(super) p: Option<&'a Expression>,
    /// How many synapses it has.
    pub(super) n: Option<&'a Text>,
    /// The side whose numbers a generator gives, and whether those without neuron are left out.
    pub(super) generated: Option<(Side, bool)>,
    /// The name of the number `k`.
    pub(super) iterated: Option<&'a str>,
}

/// Candidates in blocks.
pub(super) struct Candidates {
    path: String,
    sizes: [f64; 2],
    code: Option<PairCode>,
    condition: Option<usize>,
    /// Where the probability is; a uniform number comes after it.
    p: Option<usize>,
    n: Count,
    generated: Option<(Side, bool)>,
    /// Whether the condition has variables of neurons that a generator gives.
    needs_neuron: bool,
    i: Vec<f64>,
    j: Vec<f64>,
    k: Vec<f64>,
}

/// How many synapses a pair has.
enum Count {
    Fixed(u32),
    Computed(usize),
}

impl Candidates {
    /// # Errors
    /// An `n` that is no whole number, what cannot be computed.
    pub(super) fn new(
        names: &Names<'_>,
        scope: &Scope,
        asked: &Asked<'_>,
        states: &mut [State],
        key: &StreamKey,
    ) -> Result<Self, NetworkError> {
        let n = n_expression(names, asked.n)?;
        let uniform = Expression::call("rand", Vec::new(), Span::default());
        let mut computed = Vec::new();
        let mut place = |expression| {
            computed.push(expression);
            computed.len() - 1
        };
        let condition = asked.condition.map(&mut place);
        let p = asked.p.map(|p| {
            let first = place(p);
            place(&uniform);
            first
        });
        let n = match &n {
            Copies::Fixed(copies) => Count::Fixed(*copies),
            Copies::Computed(expression) => Count::Computed(place(expression)),
        };
        let key = key.derive("pairs");
        let code = if computed.is_empty() {
            None
        } else {
            Some(PairCode::new(names, scope, asked.iterated, &computed, states, &key)?)
        };
        let needs_neuron = match (asked.condition, asked.generated) {
            (Some(condition), Some((side, _))) => {
                condition.names().iter().any(|name| names.variable(name).is_some_and(|(of, _)| of == side))
            }
            _ => false,
        };
        Ok(Self {
            path: names.path.clone(),
            sizes: [f64::from(names.source.size()), f64::from(names.target.size())],
            code,
            condition,
            p,
            n,
            generated: asked.generated,
            needs_neuron,
            i: Vec::new(),
            j: Vec::new(),
            k: Vec::new(),
        })
    }

    /// A pair, with the number that a generator made it from.
    ///
    /// # Errors
    /// Those of [`Candidates::finish`].
    #[inline]
    pub(super) fn push(&mut self, i: f64, j: f64, k: f64, created: &mut Created) -> Result<(), NetworkError> {
        if self.code.is_none() {
            return self.create(i, j, 1.0, created);
        }
        self.i.push(i);
        self.j.push(j);
        self.k.push(k);
        if self.i.len() == BLOCK { self.flush(created) } else { Ok(()) }
    }

    /// Creates the last synapses.
    ///
    /// # Errors
    /// Probabilities and numbers of synapses that are no such; neurons that do not exist; too many synapses.
    pub(super) fn finish(mut self, created: &mut Created) -> Result<(), NetworkError> {
        if self.i.is_empty() { Ok(()) } else { self.flush(created) }
    }

    fn flush(&mut self, created: &mut Created) -> Result<(), NetworkError> {
        let Some(mut code) = self.code.take() else { return Ok(()) };
        code.run(Block { i: &self.i, j: &self.j, k: &self.k })?;
        for number in 0..self.i.len() {
            let (i, j) = (self.i[number], self.j[number]);
            let exists = i >= 0.0 && i < self.sizes[0] && j >= 0.0 && j < self.sizes[1];
            if !exists {
                if matches!(self.generated, Some((_, true))) && i.fract() == 0.0 && j.fract() == 0.0 {
                    continue;
                }
                if self.needs_neuron {
                    return Err(self.no_neuron(i, j));
                }
            }
            if self.condition.is_some_and(|condition| code.result(condition)[number] == 0.0) {
                continue;
            }
            if let Some(p) = self.p {
                let (p, uniform) = (code.result(p)[number], code.result(p + 1)[number]);
                if p.is_nan() {
                    let value = format!("{p} for i = {i} and j = {j}");
                    return Err(not_allowed(&format!("{}.p", self.path), value, "a number".to_owned()));
                }
                if uniform >= p {
                    continue;
                }
            }
            let copies = match self.n {
                Count::Fixed(_) => 1.0,
                Count::Computed(n) => code.result(n)[number],
            };
            self.create(i, j, copies, created)?;
        }
        self.code = Some(code);
        self.i.clear();
        self.j.clear();
        self.k.clear();
        Ok(())
    }

    #[inline]
    fn create(&self, i: f64, j: f64, computed: f64, created: &mut Created) -> Result<(), NetworkError> {
        let exists = i >= 0.0 && i < self.sizes[0] && j >= 0.0 && j < self.sizes[1];
        if !exists || i.fract() != 0.0 || j.fract() != 0.0 {
            let whole = i.fract() == 0.0 && j.fract() == 0.0;
            if whole && matches!(self.generated, Some((_, true))) {
                return Ok(());
            }
            return Err(self.no_neuron(i, j));
        }
        let copies = match self.n {
            Count::Fixed(copies) => copies,
            Count::Computed(_) if is_count(computed) => computed as u32,
            Count::Computed(_) => {
                let value = format!("{computed} for i = {i} and j = {j}");
                return Err(not_allowed(&format!("{}.n", self.path), value, COUNTS.to_owned()));
            }
        };
        created.push(&self.path, i as u32, j as u32, copies)
    }

    fn no_neuron(&self, i: f64, j: f64) -> NetworkError {
        let side = self.generated.map_or(Side::Postsynaptic, |(side, _)| side);
        let (found, given, size) = match side {
            Side::Presynaptic => (i, j, self.sizes[0]),
            Side::Postsynaptic => (j, i, self.sizes[1]),
        };
        let own = index(side);
        let value = format!("{own} = {found} for {} = {given}", index(super::names::other(side)));
        let allowed = if found.fract() == 0.0 {
            format!("{own} is a number from 0 to {}; `skip_if_invalid: true` leaves others out", size - 1.0)
        } else {
            format!("{own} is a whole number; `int(...)` and `//` make one")
        };
        not_allowed(&format!("{}.{own}", self.path), value, allowed)
    }
}

const COUNTS: &str = "a whole number from 0 to 4294967295; `int(...)` makes one of another";

fn is_count(n: f64) -> bool {
    n >= 0.0 && n <= f64::from(u32::MAX) && n.fract() == 0.0
}

/// How many synapses each pair has, as it is written.
pub(super) enum Copies {
    Fixed(u32),
    Computed(Expression),
}

/// Reads `n`.
///
/// # Errors
/// What is no whole number from 0.
pub(super) fn n_expression(names: &Names<'_>, text: Option<&Text>) -> Result<Copies, NetworkError> {
    let Some(text) = text else { return Ok(Copies::Fixed(1)) };
    let path = names.at("n");
    let parsed = expression(&path, text.as_str())?;
    let located = |error| NetworkError::language(&path, error, text.as_str());
    check_number(&parsed, &names.scope, Dimension::NONE, "the number of synapses").map_err(located)?;
    match fixed_value(&parsed, &names.scope) {
        Err(_) => Ok(Copies::Computed(parsed)),
        Ok(n) if is_count(n.value) => Ok(Copies::Fixed(n.value as u32)),
        Ok(_) => Err(not_allowed(&path, text.as_str().to_owned(), COUNTS.to_owned())),
    }
}
