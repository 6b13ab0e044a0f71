//! Searches: samples that are made in rounds, from results of earlier rounds.
//!
//! A stage whose [`Bound::samples`](crate::Bound::samples) are `Made` is two stages of the graph: `NAME__rounds`, which is
//! computed once per round, and `NAME`, whose samples are the rows of the first outputs of all rounds. A round sees
//!
//! | table | rows |
//! |---|---|
//! | its inputs | whole |
//! | `points` | all points of earlier rounds, in order; `round` says of which |
//! | each table of `feedback` | of all earlier samples that have any; `sample` is the position in `points` |
//! | `previous.OUTPUT` | its own further outputs of the round before |
//!
//! and gives one table per output; no rows in the first mean that the search has ended. It is a pure function of these and
//! keeps nothing between rounds, so that the store is the checkpoint: planning walks the rounds that are there.
//!
//! ```text
//! H_0     = digest("lapicque history 1")
//! H_(r+1) = digest(H_r, for each point of round r in order: digest of the point,
//!                       then per table of feedback by name: digest of what is read of it, or that there is none)
//! key_r   = action_key(what all rounds share, [digest("lapicque round 1", r), H_r])
//! ```
//!
//! A made point is keyed by its row alone, as those of grids and lists are, so what follows from equal points is shared.

use std::collections::HashSet;

use lapicque_schemas::{Digest, DigestBuilder};

use crate::kind::SampleError;

/// What is known of a search.
pub(crate) struct Search {
    /// How many points there are after each round.
    pub(crate) ends: Vec<usize>,
    pub(crate) points: HashSet<Digest>,
    /// That of the last unit.
    pub(crate) history: Digest,
    /// There will be no further round.
    pub(crate) ended: bool,
    /// It ended because something failed.
    pub(crate) lost: bool,
    /// Points that were stored since this was asked for.
    pub(crate) published: u64,
    /// What went wrong with its points, and in which round, since this was asked for.
    pub(crate) complaints: Vec<(usize, SampleError)>,
}

impl Search {
    pub(crate) fn new() -> Self {
        Self {
            ends: Vec::new(),
            points: HashSet::new(),
            history: DigestBuilder::new("lapicque history 1").finish(),
            ended: false,
            lost: false,
            published: 0,
            complaints: Vec::new(),
        }
    }

    /// The own inputs of a round.
    pub(crate) fn inputs(&self, round: usize) -> [Digest; 2] {
        [DigestBuilder::new("lapicque round 1").number(round as u64).finish(), self.history]
    }

    /// How many points there were before a round.
    pub(crate) fn points_before(&self, round: usize) -> usize {
        round.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }
}
