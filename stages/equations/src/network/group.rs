//! A group as it runs: its programs, and who of it has events.

use super::context::Context;
use super::description::Neurons;
use super::error::{NetworkError, NetworkProblem};
use super::given_spikes::GivenSpikes;
use super::groups::code::{self, GroupCode, SPIKE};

/// A group with what it computes.
pub(crate) struct Group {
    /// The number of its object.
    pub number: usize,
    /// What the model says.
    pub described: Neurons,
    /// Its clock.
    pub clock: usize,
    /// Its programs.
    pub code: GroupCode,
    /// The column of conditions.
    pub condition: Option<usize>,
    /// Columns of `not_refractory` and `lastspike`.
    pub refractoriness: Option<(usize, usize)>,
    /// The place of its cable among all.
    pub spatial: Option<usize>,
    /// The number of the object of its neurons as wholes.
    pub whole: Option<usize>,
    /// Its spikes, if they are not those of a threshold.
    pub spikes: Option<GivenSpikes>,
}

/// The group that an object belongs to.
pub(crate) fn group_of(groups: &[Group], object: usize) -> Option<&Group> {
    groups.iter().find(|group| group.number == object || group.whole == Some(object))
}

/// The number of an event of an object.
///
/// # Errors
/// The object has no such event.
pub(crate) fn event_of(
    context: &Context<'_>,
    groups: &[Group],
    path: &str,
    object: usize,
    event: &str,
) -> Result<usize, NetworkError> {
    let group = group_of(groups, object);
    let mut events = group.map_or(Vec::new(), |group| code::events(&group.described));
    if group.is_some_and(|group| group.number != object) {
        // Other events are those of compartments.
        events.retain(|event| *event == SPIKE);
    }
    if group.is_some_and(|group| group.spikes.is_some()) {
        events.push(SPIKE);
    }
    let found = events.iter().position(|known| *known == event);
    found.ok_or_else(|| {
        let name = &context.objects[object].name;
        let problem = if event == SPIKE {
            NetworkProblem::Conflict(format!("`{name}` never spikes: it has no `threshold`"))
        } else {
            let suggestion = crate::language::error::nearest(event, events.iter().copied());
            NetworkProblem::Unknown { kind: "event", name: event.to_owned(), suggestion }
        };
        NetworkError::new(path, problem)
    })
}
