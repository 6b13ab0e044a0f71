//! What the engine hands out: records, and where a run ended.

use super::engine::{Engine, Sink};
use super::setting::{Block, State};
use crate::{Lanes, Model, Real, WIDTH};

impl Engine<'_> {
    #[inline(always)]
    pub(super) fn record<M: Model>(&mut self, model: &M, outputs: &mut [Lanes]) {
        let record = &self.settings.record;
        let due = self.step.is_multiple_of(record.every);
        if record.outputs.is_empty() || !(due || record.average) {
            return;
        }
        let (ns, na, nd) = (self.description.states.len(), self.description.algebraic.len(), self.description.derived);
        let kept = record.outputs.len();
        for b in 0..self.blocks {
            let (derived, states) = (&self.derived[b * nd..(b + 1) * nd], &self.states[b * ns..(b + 1) * ns]);
            model.outputs(derived, states, &self.algebraic[b * na..(b + 1) * na], outputs);
            for (k, &o) in record.outputs.iter().enumerate() {
                let sum = &mut self.sums[b * kept + k];
                if record.average {
                    *sum += outputs[o];
                } else {
                    *sum = outputs[o];
                }
                if due {
                    self.records.push(if record.average { *sum * (1.0 / record.every as f64) } else { *sum });
                    *sum = Lanes::of(0.0);
                }
            }
        }
        if due {
            if self.recorded == 0 {
                self.first_record = self.step;
            }
            self.recorded += 1;
        }
    }

    pub(super) fn hand_over(&mut self, sink: Sink<'_>) {
        if self.recorded == 0 {
            return;
        }
        let (nodes, kept, records) = (self.network.nodes(), self.settings.record.outputs.len(), self.recorded);
        let mut values = vec![0.0; self.sets.len() * kept * nodes * records];
        for (block, lanes) in self.lanes.chunks(WIDTH).enumerate() {
            for output in 0..kept {
                for r in 0..records {
                    let record = self.records[(r * self.blocks + block) * kept + output];
                    for (value, lane) in record.0.iter().zip(lanes).filter(|(_, lane)| lane.real) {
                        values[((lane.set * kept + output) * nodes + lane.node) * records + r] = *value;
                    }
                }
            }
        }
        let (first_set, sets, first_step) = (self.first_set, self.sets.len(), self.first_record);
        sink(&Block { first_set, sets, outputs: kept, nodes, first_step, records, values: &values });
        self.records.clear();
        self.recorded = 0;
    }

    pub(super) fn state(&self, set: usize) -> State {
        let nodes = self.network.nodes();
        let of = |lanes: &[Lanes]| {
            let count = lanes.len() / self.blocks;
            let mut values = vec![0.0; count * nodes];
            for (k, lane) in self.lanes.iter().enumerate().filter(|(_, lane)| lane.real && lane.set == set) {
                for v in 0..count {
                    values[v * nodes + lane.node] = lanes[k / WIDTH * count + v].0[k % WIDTH];
                }
            }
            values
        };
        let in_set = if self.side_by_side { set } else { 0 };
        let rows = 0..self.description.sources * nodes;
        let history = rows
            .flat_map(|row| (self.now + 1 - self.kept..=self.now).map(move |time| (row, time)))
            .map(|(row, time)| self.history[(row * self.capacity + time) * self.width + in_set])
            .collect();
        let (states, algebraic, noise) = (of(&self.states), of(&self.algebraic), of(&self.noise));
        State { step: self.step, states, algebraic, noise, history }
    }
}
