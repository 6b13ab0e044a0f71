//! What code of synapses sees of the neurons on both sides.
//!
//! `x_pre` is the variable `x` of the presynaptic neuron, `x_post` that of the postsynaptic one, and so is `x` where
//! synapses have no variable of that name. Subexpressions of neurons are put in with the variables that they are made of;
//! what is a number there (`dt`, `N`, constants) stays that number, and `i` is the number of the neuron in its group.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::context::{Context, Members};
use super::super::groups::{LAST_SPIKE, NOT_REFRACTORY};
use super::super::object::{Elements, Object, Remote};
use crate::engine::Column;
use crate::language::analysis::inline::substitute;
use crate::language::error::{LanguageError, ReadOnly};
use crate::language::expression::{BinaryOperator, Expression, ExpressionKind};
use crate::language::scope::{Meaning, Scope, Side, Variable};
use crate::language::span::Span;

/// Names that groups have as well, and that mean nothing of a neuron.
const GIVEN: [&str; 5] = ["t", "dt", "t_in_timesteps", "i", "N"];

/// Both sides of synapses.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    /// Where spikes come from.
    pub source: Members,
    /// Where they go to.
    pub target: Members,
    /// The presynaptic neuron of each synapse, by its number in its whole group.
    pub pre: Arc<[u32]>,
    /// The postsynaptic neuron of each synapse.
    pub post: Arc<[u32]>,
}

impl Sides {
    /// The neurons of one side.
    pub(crate) fn members(&self, side: Side) -> Members {
        match side {
            Side::Presynaptic => self.source,
            Side::Postsynaptic => self.target,
        }
    }

    /// The neuron of each synapse on one side.
    pub(crate) fn elements(&self, side: Side) -> &Arc<[u32]> {
        match side {
            Side::Presynaptic => &self.pre,
            Side::Postsynaptic => &self.post,
        }
    }
}

/// A variable of neurons that code can use.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Its column here.
    pub column: Column,
    /// Where it is kept.
    pub remote: Remote,
    /// The name here of the variable that says whether the neuron is not refractory, if it is written only then.
    pub free: Option<String>,
}

/// All that was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    /// Variables of neurons by their names here.
    pub seen: BTreeMap<String, Seen>,
    /// What other names stand for, as expressions of variables.
    pub subexpressions: HashMap<String, Expression>,
}

impl Neighbours {
    /// Learns what `name` means, and tells `names`. What is no variable of neurons is left alone.
    ///
    /// # Errors
    /// Subexpressions that are too large.
    pub(crate) fn see(
        &mut self,
        context: &Context<'_>,
        sides: &Sides,
        name: &str,
        names: &mut Scope,
    ) -> Result<(), LanguageError> {
        let sided = name
            .strip_suffix("_pre")
            .map(|base| (base, Side::Presynaptic))
            .or_else(|| name.strip_suffix("_post").map(|base| (base, Side::Postsynaptic)));
        let (base, side) = sided.unwrap_or((name, Side::Postsynaptic));
        if GIVEN.contains(&base) || self.seen.contains_key(name) || self.subexpressions.contains_key(name) {
            return Ok(());
        }
        let group = &context.objects[sides.members(side).object];
        let Some(Meaning::Variable(variable)) = group.names.meaning(base) else { return Ok(()) };
        let meant = group.inline(&Expression::name(base, Span::default()))?;
        let meant = self.translated(context, sides, side, &meant);
        let own = format!("{base}{}", suffix(side));
        // One value for all neurons is not for single events, and refractoriness is what spikes make.
        let given = variable.shared || base == NOT_REFRACTORY || base == LAST_SPIKE;
        let read_only = variable.read_only.or(given.then_some(ReadOnly::Given));
        let variable = Variable { read_only, ..variable };
        if sided.is_none() {
            names.add_variable(name, variable);
            self.subexpressions.insert(name.to_owned(), meant.clone());
        }
        if !self.seen.contains_key(&own) {
            self.subexpressions.insert(own.clone(), meant);
        }
        names.add_variable(&own, variable);
        Ok(())
    }

    /// The name of the variable of neurons that is written where `name` is.
    pub(crate) fn target<'a>(&'a self, name: &'a str) -> &'a str {
        match self.subexpressions.get(name).map(|meant| &meant.kind) {
            Some(ExpressionKind::Name(variable)) => variable,
            _ => name,
        }
    }

    /// An expression of a group as one of synapses.
    fn translated(&mut self, context: &Context<'_>, sides: &Sides, side: Side, expression: &Expression) -> Expression {
        let members = sides.members(side);
        let group = &context.objects[members.object];
        for name in expression.names() {
            if group.layout.number(name).is_some() {
                self.add_column(group, members.object, sides, side, name);
            }
        }
        let number = |value: f64| Expression::number(value, Span::default());
        let called = |name: &str| Expression::name(name, Span::default());
        substitute(expression, &|name| {
            if group.layout.number(name).is_some() {
                return Some(called(&format!("{name}{}", suffix(side))));
            }
            if let Some(quantity) = group.names.fixed(name) {
                return Some(number(quantity.value));
            }
            match name {
                "dt" => Some(number(group.dt)),
                "N" => Some(number(group.layout.elements() as f64)),
                "t_in_timesteps" => {
                    Some(Expression::call("timestep", vec![called("t"), number(group.dt)], Span::default()))
                }
                "i" => {
                    let within = called(if side == Side::Presynaptic { "i" } else { "j" });
                    Some(Expression::binary(BinaryOperator::Add, within, number(f64::from(members.start))))
                }
                _ => None,
            }
        })
    }

    fn add_column(&mut self, group: &Object, object: usize, sides: &Sides, side: Side, base: &str) {
        let name = format!("{base}{}", suffix(side));
        let Some(number) = group.layout.number(base) else { return };
        if self.seen.contains_key(&name) {
            return;
        }
        let there = &group.layout.columns()[number];
        let elements = sides.elements(side);
        let remote = match number.checked_sub(group.own_columns()).and_then(|linked| group.remotes.get(linked)) {
            // A variable that the group itself has from another.
            Some(linked) => Remote {
                object: linked.object,
                column: linked.column,
                elements: match &linked.elements {
                    Elements::Shared => Elements::Shared,
                    Elements::Listed(of) => {
                        Elements::Listed(elements.iter().map(|&element| of[element as usize]).collect())
                    }
                },
            },
            None if there.shared => Remote { object, column: number, elements: Elements::Shared },
            None => Remote { object, column: number, elements: Elements::Listed(elements.clone()) },
        };
        let held = there.unless_refractory && group.layout.number(NOT_REFRACTORY).is_some();
        let free = held.then(|| format!("{NOT_REFRACTORY}{}", suffix(side)));
        let column = Column { name: name.clone(), unless_refractory: false, ..there.clone() };
        self.subexpressions.remove(&name);
        self.seen.insert(name, Seen { column, remote, free });
        if held {
            self.add_column(group, object, sides, side, NOT_REFRACTORY);
        }
    }
}

/// What names of variables of one side end in.
pub(crate) fn suffix(side: Side) -> &'static str {
    match side {
        Side::Presynaptic => "_pre",
        Side::Postsynaptic => "_post",
    }
}
