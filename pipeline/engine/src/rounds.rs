//! Goes on with searches: takes the points of rounds that are there, and opens the next.

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, DigestBuilder, Labels, content_digest};

use crate::action::Action;
use crate::execute::entry;
use crate::graph::{Domain, Port};
use crate::keys::{action_key, ingredients_digest};
use crate::kind::SampleError;
use crate::plan::Planner;
use crate::search::Search;
use crate::states::Unit;
use crate::store::{NewAction, NewBatch, StoreError};

/// What has come of a search since it was looked at.
enum Step {
    /// The next round is known by its key.
    Next,
    /// Something is to be computed first.
    Waits,
    Ended,
}

impl Planner<'_> {
    /// Goes on with a search as far as results are there: takes the points of rounds, and opens the next. True where
    /// there is something new: samples, a round, or the end.
    pub(crate) fn settle_search(&mut self, number: usize) -> Result<bool, StoreError> {
        let mut moved = false;
        while !self.searches[&number].ended {
            match self.step(number, &mut moved)? {
                Step::Next => moved = true,
                Step::Waits => return Ok(moved),
                Step::Ended => {
                    self.search(number).ended = true;
                    moved = true;
                }
            }
        }
        Ok(moved)
    }

    fn search(&mut self, number: usize) -> &mut Search {
        self.searches.entry(number).or_insert_with(Search::new)
    }

    fn step(&mut self, number: usize, moved: &mut bool) -> Result<Step, StoreError> {
        let round = self.states[number].units.len() - 1;
        if self.states[number].units[round].is_open() {
            self.settle(number)?;
        }
        let key = match &self.states[number].units[round] {
            Unit::Waiting | Unit::Missing { .. } => return Ok(Step::Waits),
            Unit::Failed { .. } | Unit::Dropped | Unit::LeftOut => {
                self.search(number).lost = true;
                return Ok(Step::Ended);
            }
            Unit::Done { found, .. } if found.rows(0) == Some(0) => return Ok(Step::Ended),
            Unit::Done { key, .. } => *key,
        };
        if self.searches[&number].ends.len() == round {
            let taken = match self.take_points(number, round, key) {
                // A plan says that a round which cannot be read is to be computed again.
                Err(error) if error.is_loss() && !self.publishes => {
                    self.states[number].units[round] = Unit::Missing { key };
                    return Ok(Step::Waits);
                }
                other => other?,
            };
            if let Err(error) = taken {
                let error = std::sync::Arc::new(error);
                self.states[number].units[round] = Unit::Failed { key, error: error.clone() };
                let search = self.search(number);
                search.lost = true;
                search.complaints.push((round, SampleError::clone(&error)));
                return Ok(Step::Ended);
            }
            *moved = true;
        }
        for below in number + 1..self.graph.stages.len() {
            if self.graph.stages[below].made_by == Some(number) {
                self.settle(below)?;
            }
        }
        let most_rounds = self.graph.stages[number].bound().rounds().map_or(0, |rounds| rounds.most_rounds);
        if round as u64 + 1 >= u64::from(most_rounds) {
            return Ok(Step::Ended);
        }
        self.learn(number, round)
    }

    /// Makes samples of the rows of a round.
    fn take_points(&mut self, number: usize, round: usize, key: Digest) -> Result<Result<(), SampleError>, StoreError> {
        let graph = self.graph;
        let bound = graph.stages[number].bound();
        let table = self.store.read(0, &bound.outputs[0].schema, &[key], None)?.pop();
        let table = table.ok_or(StoreError::NotStored { key })?;
        let digests: Vec<Digest> = (0..table.num_rows())
            .map(|row| content_digest(&table.schema(), &[table.slice(row, 1)]))
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Unsupported { message: error.to_string() })?;
        let most = bound.rounds().map_or(0, |rounds| rounds.most_points);
        let first = self.searches[&number].points.len();
        if (first + digests.len()) as u64 > most {
            let message = format!(
                "round {round} makes {} points after {first} of earlier rounds; at most {most} are allowed in all",
                digests.len()
            );
            return Ok(Err(SampleError::input(message)));
        }
        for (row, digest) in digests.iter().enumerate() {
            if !self.search(number).points.insert(*digest) {
                let message = format!(
                    "point {} of round {round} is equal to an earlier one; leave it out, or tell replicates apart by a \
                     `seed` column",
                    row + 1
                );
                return Ok(Err(SampleError::input(message)));
            }
        }
        self.search(number).ends.push(first + digests.len());
        self.extend(number, &digests);
        if self.publishes {
            self.publish_points(number, &table, &digests)?;
        }
        Ok(Ok(()))
    }

    /// Puts samples behind those that the stages below a search have.
    fn extend(&mut self, number: usize, digests: &[Digest]) {
        let made = number + 1;
        let own = digests.iter().map(ToString::to_string);
        let labels: Labels = self.domains[made].labels().map(str::to_owned).chain(own).collect();
        for (below, stage) in self.graph.stages.iter().enumerate().filter(|(_, s)| s.made_by == Some(number)) {
            self.domains[below] = Domain::Samples(labels.clone());
            let width = stage.own_inputs().count();
            let state = &mut self.states[below];
            state.units.resize(labels.len(), Unit::Waiting);
            if below == made {
                state.inputs.extend(digests);
            } else {
                state.inputs.resize(labels.len() * width, Digest([0; 16]));
            }
        }
    }

    /// Stores the rows of points as results of their own, but for those that are there.
    fn publish_points(&mut self, number: usize, table: &RecordBatch, digests: &[Digest]) -> Result<(), StoreError> {
        let made = number + 1;
        self.settle(made)?;
        let stage = &self.graph.stages[made];
        let Some(common) = &self.states[made].common else {
            return Ok(());
        };
        let shared = ingredients_digest(common);
        let keys: Vec<Digest> = digests.iter().map(|&digest| action_key(shared, &[digest])).collect();
        let missing = self.store.find(&keys)?.into_iter().enumerate().filter(|(_, found)| found.is_none());
        let new = missing.map(|(row, _)| {
            let row_table = table.slice(row, 1);
            let entry = entry(&row_table, true);
            let outcome = entry.map(|entry| vec![entry]);
            let action =
                Action { outcome, common: shared, inputs: vec![digests[row]], notes: Vec::new(), seconds: 0.0 };
            NewAction { key: keys[row], action, tables: vec![row_table] }
        });
        let actions: Vec<NewAction> = new.collect();
        let published = actions.len() as u64;
        if published > 0 {
            self.store.publish(&NewBatch { outputs: &stage.bound().outputs, common, actions })?;
        }
        self.search(number).published += published;
        Ok(())
    }

    /// Opens the round after this one, once all is known that it learns from.
    fn learn(&mut self, number: usize, round: usize) -> Result<Step, StoreError> {
        let stage = &self.graph.stages[number];
        let search = &self.searches[&number];
        let (first, end) = (search.points_before(round), search.ends[round]);
        let mut of_ports: Vec<Vec<Option<Digest>>> = Vec::with_capacity(stage.feedback.len());
        for port in &stage.feedback {
            let units = &self.states[port.stage].units[first..end];
            if units.iter().any(Unit::is_open) {
                return Ok(Step::Waits);
            }
            if units.iter().any(Unit::is_lost) && !self.skips(port.stage) {
                self.search(number).lost = true;
                return Ok(Step::Ended);
            }
            of_ports.push(self.learnt(port, units)?);
        }
        let mut history = DigestBuilder::new("lapicque history 1");
        history.digest(search.history);
        for (point, &digest) in self.states[number + 1].inputs[first..end].iter().enumerate() {
            history.digest(digest);
            for of_port in &of_ports {
                history.number(u64::from(of_port[point].is_some()));
                if let Some(digest) = of_port[point] {
                    history.digest(digest);
                }
            }
        }
        let history = history.finish();
        self.search(number).history = history;
        let inputs = self.searches[&number].inputs(round + 1);
        self.open_round(number, inputs);
        self.settle(number)?;
        Ok(Step::Next)
    }

    /// What is read of results; none of samples that have no result.
    fn learnt(&self, port: &Port, units: &[Unit]) -> Result<Vec<Option<Digest>>, StoreError> {
        let mut digests = vec![None; units.len()];
        let done: Vec<_> = units
            .iter()
            .enumerate()
            .filter_map(|(unit, state)| match state {
                Unit::Done { key, found } => Some((unit, (*key, found))),
                _ => None,
            })
            .collect();
        let actions: Vec<_> = done.iter().map(|(_, action)| *action).collect();
        for ((unit, _), digest) in done.into_iter().zip(self.port_digests(port, &actions)?) {
            digests[unit] = Some(digest);
        }
        Ok(digests)
    }

    /// Adds a unit for a round.
    fn open_round(&mut self, number: usize, inputs: [Digest; 2]) {
        let state = &mut self.states[number];
        state.units.push(Unit::Waiting);
        state.inputs.extend(inputs);
        self.domains[number] = Domain::Samples((0..state.units.len()).collect());
    }

    /// Opens the first round of each search.
    pub(crate) fn begin_searches(&mut self) {
        for number in 0..self.graph.stages.len() {
            if self.graph.stages[number].bound().rounds().is_some() {
                let search = Search::new();
                let inputs = search.inputs(0);
                self.searches.insert(number, search);
                self.open_round(number, inputs);
            }
        }
    }

    /// Walks the rounds that are in the store.
    pub(crate) fn settle_searches(&mut self) -> Result<(), StoreError> {
        let searches: Vec<usize> = self.searches.keys().copied().collect();
        for number in searches {
            self.settle(number)?;
            self.settle_search(number)?;
            for below in number + 1..self.graph.stages.len() {
                self.settle(below)?;
            }
        }
        Ok(())
    }

    /// Of a stage that has rounds, the last, once there will be no other; of one that runs once, that.
    pub(crate) fn last_unit(&self, number: usize) -> Option<usize> {
        match self.searches.get(&number) {
            None => Some(0),
            Some(search) => search.ended.then(|| (0..self.states[number].units.len()).next_back().unwrap_or_default()),
        }
    }
}
