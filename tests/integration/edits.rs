//! Random edits of one pipeline on one store: after each, the tables are those of a run from scratch, and what ran is
//! what an oracle says that knows nothing of keys and digests, only of values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Chance, Lab, Ran, numbers};

const SCRIPTS: u64 = 8;
const EDITS: usize = 14;

#[derive(Clone, Debug)]
struct State {
    /// g -> tau; the order of the rows is `order`.
    rows: BTreeMap<i64, i64>,
    order: Vec<i64>,
    revisions: [u64; 4],
    /// What `sim` multiplies by, in its query.
    factor: i64,
    keep: bool,
    /// A column that no stage reads.
    note: Option<i64>,
}

fn pipeline(state: &State) -> Value {
    let row = |g: &i64| {
        let mut row = json!({"g": g, "tau": state.rows[g]});
        if let Some(note) = state.note {
            row["note"] = json!(note);
        }
        row
    };
    let rows: Vec<Value> = state.order.iter().map(row).collect();
    let labels: Vec<&str> = state.note.iter().map(|_| "note").collect();
    let [sim, feat, fit, predict] = state.revisions;
    json!({
        "lapicque": 1,
        "name": "edits",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows, "labels": labels},
            "sim": {
                "kind": "sql", "inputs": {"p": "parameters"}, "grain": "sample", "revision": sim, "keep": state.keep, "batch": 2,
                "query": format!("SELECT sample, g, g * tau * {} AS s FROM p", state.factor),
            },
            "feat": {
                "kind": "sql", "inputs": {"sim": "sim"}, "grain": "sample", "revision": feat,
                "query": "SELECT sample, g, s / 4 AS f FROM sim",
            },
            "fit": {"kind": "sql", "inputs": {"feat": "feat"}, "revision": fit, "query": "SELECT sum(f) / 10 AS m FROM feat"},
            "predict": {
                "kind": "sql", "inputs": {"feat": "feat", "fit": "fit"}, "grain": "sample", "revision": predict,
                "query": "SELECT sample, g, m + f AS p FROM feat CROSS JOIN fit",
            },
        },
    })
}

/// Everything that was ever computed, by what it was computed from.
#[derive(Default)]
struct Oracle {
    sims: BTreeMap<(u64, i64, i64, i64), bool>,
    feats: BTreeSet<(u64, i64, i64)>,
    fits: BTreeSet<(u64, Vec<i64>)>,
    predictions: BTreeSet<(u64, i64, i64, i64)>,
}

impl Oracle {
    /// How often the function of each stage runs.
    fn expect(&mut self, state: &State) -> BTreeMap<&'static str, u64> {
        let mut ran: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut count = |stage: &'static str, runs: bool| *ran.entry(stage).or_default() += u64::from(runs);
        let [sim, feat, fit, predict] = state.revisions;
        let mut fs = Vec::new();
        for &g in &state.order {
            let tau = state.rows[&g];
            let s = g * tau * state.factor;
            let new_feat = self.feats.insert((feat, g, s));
            let known = self.sims.get(&(sim, state.factor, g, tau)).copied();
            let runs = match known {
                None => true,
                // Rows that were not kept are made again where they are kept now.
                Some(kept) if state.keep => !kept,
                // Rows that are not kept are made again for whoever needs them.
                Some(_) => new_feat,
            };
            if runs && (state.keep || known.is_none()) {
                self.sims.insert((sim, state.factor, g, tau), state.keep);
            }
            count("sim", runs);
            count("feat", new_feat);
            fs.push((g, s / 4));
        }
        count("fit", self.fits.insert((fit, fs.iter().map(|(_, f)| *f).collect())));
        let m = fs.iter().map(|(_, f)| f).sum::<i64>() / 10;
        for (g, f) in fs {
            count("predict", self.predictions.insert((predict, g, f, m)));
        }
        ran.retain(|_, runs| *runs > 0);
        ran
    }
}

fn edit(state: &mut State, chance: &mut Chance) -> String {
    let some = |state: &State, chance: &mut Chance| state.order[chance.below(state.order.len() as u64) as usize];
    match chance.below(9) {
        0 | 1 => {
            let g = state.rows.keys().max().unwrap() + 1 + chance.below(3) as i64;
            state.rows.insert(g, 1 + chance.below(5) as i64);
            state.order.push(g);
            format!("add {g}")
        }
        2 if state.order.len() > 2 => {
            let g = some(state, chance);
            state.rows.remove(&g);
            state.order.retain(|&other| other != g);
            format!("remove {g}")
        }
        3 => {
            let g = some(state, chance);
            state.rows.insert(g, 1 + chance.below(5) as i64);
            format!("change {g}")
        }
        4 => {
            let turn = 1 + chance.below(3) as usize;
            let turn = turn % state.order.len();
            state.order.rotate_left(turn);
            format!("reorder by {turn}")
        }
        5 => {
            let stage = chance.below(4) as usize;
            state.revisions[stage] = chance.below(3);
            format!("revision of {stage} to {}", state.revisions[stage])
        }
        6 => {
            state.factor = 1 + chance.below(2) as i64;
            format!("factor {}", state.factor)
        }
        7 => {
            state.keep = !state.keep;
            format!("keep {}", state.keep)
        }
        _ => {
            state.note = if state.note.is_some() { None } else { Some(chance.below(3) as i64) };
            format!("note {:?}", state.note)
        }
    }
}

fn results(ran: &Ran) -> Value {
    let pairs = |stage: &str, a: &str, b: &str| {
        let table = ran.table(stage);
        json!([numbers(&table, a), numbers(&table, b)])
    };
    json!([pairs("feat", "g", "f"), numbers(&ran.table("fit"), "m"), pairs("predict", "g", "p")])
}

#[test]
fn incremental_runs_give_what_runs_from_scratch_give_and_compute_what_the_oracle_says() {
    for script in 0..SCRIPTS {
        let mut chance = Chance(script);
        let lab = Lab::new();
        let mut oracle = Oracle::default();
        let mut state = State {
            rows: (1..=4).map(|g| (g, 2)).collect(),
            order: (1..=4).collect(),
            revisions: [0; 4],
            factor: 1,
            keep: true,
            note: None,
        };
        let mut history = Vec::new();
        for _ in 0..EDITS {
            history.push(edit(&mut state, &mut chance));
            let ran = lab.run(&pipeline(&state));
            assert!(ran.record.ok, "{history:?}");
            let mut computed = ran.computed();
            computed.remove("parameters");
            assert_eq!(computed, oracle.expect(&state), "script {script}: {history:?}\n{state:?}");
            assert_eq!(results(&ran), results(&Lab::new().run(&pipeline(&state))), "script {script}: {history:?}");
        }
    }
}
