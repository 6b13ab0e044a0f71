//! What names mean where pairs are chosen.

use crate::language::equation::Values;
use crate::language::error::ReadOnly;
use crate::language::scope::{Meaning, Quantity, Scope, Side, Variable};
use crate::network::context::{Context, Members};
use crate::units::Dimension;

/// The neurons that are connected, and what expressions about them can use: `i`, `j`, `N_pre`, `N_post`, constants, and
/// variables of both sides with `_pre` or `_post`.
pub(super) struct Names<'a> {
    pub(super) context: &'a Context<'a>,
    /// The path of the way of connecting.
    pub(super) path: String,
    pub(super) source: Members,
    pub(super) target: Members,
    pub(super) scope: Scope,
}

impl<'a> Names<'a> {
    pub(super) fn new(context: &'a Context<'a>, path: String, source: Members, target: Members) -> Self {
        let mut scope = context.constants.clone();
        for (side, members) in [(Side::Presynaptic, source), (Side::Postsynaptic, target)] {
            let object = &context.objects[members.object];
            let columns = object.layout.columns().iter().map(|column| &column.name);
            for name in object.equations.equations().iter().map(|equation| &equation.name).chain(columns) {
                if let Some(Meaning::Variable(variable)) = object.names.meaning(name) {
                    scope.add_variable(&format!("{name}{}", suffix(side)), variable);
                }
            }
            let size = Quantity { value: f64::from(members.size()), dimension: Dimension::NONE };
            scope.add_parameter(&format!("N{}", suffix(side)), size);
        }
        let number = Variable {
            values: Values::Integer,
            dimension: Dimension::NONE,
            read_only: Some(ReadOnly::Given),
            shared: false,
        };
        scope.add_variable("i", number);
        scope.add_variable("j", number);
        Self { context, path, source, target, scope }
    }

    /// The path of a field of the way.
    pub(super) fn at(&self, field: &str) -> String {
        format!("{}.{field}", self.path)
    }

    /// The neurons of one side.
    pub(super) fn members(&self, side: Side) -> Members {
        match side {
            Side::Presynaptic => self.source,
            Side::Postsynaptic => self.target,
        }
    }

    /// The side and the name there of what a name stands for, where it is a variable of neurons.
    pub(super) fn variable<'b>(&self, name: &'b str) -> Option<(Side, &'b str)> {
        if !matches!(self.scope.meaning(name), Some(Meaning::Variable(_))) {
            return None;
        }
        let presynaptic = name.strip_suffix("_pre").map(|name| (Side::Presynaptic, name));
        presynaptic.or_else(|| name.strip_suffix("_post").map(|name| (Side::Postsynaptic, name)))
    }
}

/// What the names of variables of a side end with.
fn suffix(side: Side) -> &'static str {
    match side {
        Side::Presynaptic => "_pre",
        Side::Postsynaptic => "_post",
    }
}

/// The name of the number of a neuron of a side.
pub(super) fn index(side: Side) -> &'static str {
    match side {
        Side::Presynaptic => "i",
        Side::Postsynaptic => "j",
    }
}

/// The other side.
pub(super) fn other(side: Side) -> Side {
    match side {
        Side::Presynaptic => Side::Postsynaptic,
        Side::Postsynaptic => Side::Presynaptic,
    }
}
