//! Pathways against a plain loop over events and statements.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::super::delivery::Effect;
use super::super::test_synapses::{model, network};
use crate::language::evaluate::{Value, binary, evaluate};
use crate::language::statement::Statement;
use crate::language::{parse_expression, parse_statements};

const NEURONS: u32 = 5;
const VARIABLES: [&str; 4] = ["v", "u", "h", "c"];

/// Variables of neurons (`v`) and synapses (`w`) by name.
type Values = BTreeMap<&'static str, Vec<f64>>;

/// One event after the other, one statement after the other, each on what is there.
struct Plain<'a> {
    neurons: Values,
    synapses: Values,
    free: &'a [f64],
    pairs: &'a [(u32, u32)],
}

impl Plain<'_> {
    fn place(&self, name: &str, synapse: usize) -> Option<(&'static str, usize)> {
        let (i, j) = self.pairs[synapse];
        let (base, element) = match (name.strip_suffix("_pre"), name.strip_suffix("_post")) {
            (Some(base), _) => (base, i),
            (_, Some(base)) => (base, j),
            _ => (name, j),
        };
        VARIABLES.iter().find(|known| **known == base).map(|known| (*known, element as usize))
    }

    fn value(&self, name: &str, synapse: usize, locals: &BTreeMap<String, f64>) -> Option<Value> {
        let subexpression = match name {
            "twice" => Some("2*w - v_pre"),
            "z_post" | "z" => Some("v_post + j"),
            _ => None,
        };
        if let Some(text) = subexpression {
            return evaluate(&parse_expression(text).unwrap(), &|name| self.value(name, synapse, locals)).ok();
        }
        let own = self.synapses.get(name).map(|values| values[synapse]);
        let neuron = || self.place(name, synapse).map(|(name, element)| self.neurons[name][element]);
        let given = || match name {
            "i" => Some(f64::from(self.pairs[synapse].0)),
            "j" => Some(f64::from(self.pairs[synapse].1)),
            _ => None,
        };
        locals.get(name).copied().or(own).or_else(neuron).or_else(given).map(Value::Number)
    }

    fn event(&mut self, statements: &[Statement], synapse: usize) {
        let mut locals = BTreeMap::new();
        for statement in statements {
            let name = statement.target.as_str();
            let found = evaluate(&statement.value, &|name| self.value(name, synapse, &locals)).unwrap();
            let Value::Number(mut new) = found else { panic!("{found:?}") };
            if let Some(operator) = statement.operator.arithmetic() {
                let Some(Value::Number(old)) = self.value(name, synapse, &locals) else { panic!("{name}") };
                new = binary(operator, old, new);
            }
            if let Some(values) = self.synapses.get_mut(name) {
                values[synapse] = new;
            } else if let Some((base, element)) = self.place(name, synapse) {
                if base != "h" || self.free[element] != 0.0 {
                    self.neurons.get_mut(base).unwrap()[element] = if base == "c" { new.trunc() } else { new };
                }
            } else {
                locals.insert(name.to_owned(), new);
            }
        }
    }
}

/// Code with whether it needs no program.
const CODES: [(&str, bool); 20] = [
    ("v_post += w", true),
    ("v_post -= 0.5", true),
    ("v += 0.25; u_pre += w", true),
    ("h_post += w; c += 1", true),
    ("c_post += w", true),
    ("v_post -= w", false),
    ("v_post += w*v_pre", false),
    ("u_post += w*v_pre + twice", false),
    ("v_post += w; v_pre -= 0.5", false),
    ("v_post += 1; v_post += w", false),
    ("u_post += w; w = clip(w + 0.1*v_post, -1, 1)", false),
    ("w += 0.1; v_post = 0.5*v_post + w; u_pre += v_post", false),
    ("x = clip(w*v_pre, -1, 1); w = 0.5*w + x; v_pre = x; v *= 0.9", false),
    ("h_post += w; h_pre = 0.5*h_pre + 0.1*h_post", false),
    ("h = v_post; w = h_post - h_pre", false),
    ("c_post = 2.7*w; v_post += c_post; u_pre = u_pre + 0.1", false),
    ("v_post = z + w; u += z_post", false),
    ("v_pre = 0.5*v_post; v_post = 0.5*v_pre + w", false),
    ("w = 0.5*w + j; u_pre += w; u_post += i", false),
    ("u_post = 0.1*i; w += u_pre", false),
];

fn close(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * (1.0 + a.abs().max(b.abs())))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn events_do_what_a_plain_loop_does(
        code in 0..CODES.len(),
        pairs in prop::collection::vec((0..NEURONS, 0..NEURONS), 1..40),
        numbers in prop::collection::vec(-1.0..1.0_f64, 60),
        free in prop::collection::vec(any::<bool>(), NEURONS as usize),
        delays in prop::collection::vec(0_u32..4, 40),
        same_delay in any::<bool>(),
        post in any::<bool>(),
        fired in prop::collection::vec(prop::collection::btree_set(0..NEURONS, 0..NEURONS as usize + 1), 1..6),
    ) {
        let (text, without_program) = CODES[code];
        let delays: Vec<u32> = (0..pairs.len()).map(|n| if same_delay { 1 } else { delays[n] }).collect();
        let in_ms: Vec<f64> = delays.iter().map(|&steps| f64::from(steps) * 0.1).collect();
        let model = model(json!({
            "neurons": {"G": {
                "size": NEURONS,
                "equations": "v : 1\nu : 1\ndh/dt = 0*Hz : 1 (unless refractory)\nc : integer\nz = v + i : 1",
                "threshold": "v > 1000", "refractory": "1*ms"
            }},
            "synapses": {"S": {
                "source": "G",
                "equations": "w : 1\ntwice = 2*w - v_pre : 1",
                "pathways": {"p": {
                    "spikes": if post { "post" } else { "pre" },
                    "code": text,
                    "delay": {"values": in_ms, "unit": "ms"}
                }}
            }}
        }));
        let mut network = network(&model, &pairs).unwrap();
        let effect = &network.synapses["S"].pathways[0].effect;
        prop_assert_eq!(matches!(effect, Effect::Sums(_)), without_program);
        let free: Vec<f64> = free.iter().map(|&free| f64::from(u8::from(free))).collect();
        let mut numbers = numbers.into_iter().cycle();
        let mut plain = Plain { neurons: Values::new(), synapses: Values::new(), free: &free, pairs: &pairs };
        for name in VARIABLES {
            let draw = |number: f64| if name == "c" { (10.0 * number).trunc() } else { number };
            let values: Vec<f64> = numbers.by_ref().take(NEURONS as usize).map(draw).collect();
            network.values("G", name).copy_from_slice(&values);
            plain.neurons.insert(name, values);
        }
        network.values("G", "not_refractory").copy_from_slice(&free);
        let values: Vec<f64> = numbers.by_ref().take(pairs.len()).collect();
        network.values("S", "w").copy_from_slice(&values);
        plain.synapses.insert("w", values);

        let statements = parse_statements(text).unwrap();
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); 20];
        for step in 0..fired.len() + 4 {
            let now: BTreeSet<u32> = fired.get(step).cloned().unwrap_or_default();
            for neuron in &now {
                for (synapse, pair) in pairs.iter().enumerate() {
                    if (if post { pair.1 } else { pair.0 }) == *neuron {
                        waiting[step + delays[synapse] as usize].push(synapse);
                    }
                }
            }
            for &synapse in &waiting[step] {
                plain.event(&statements, synapse);
            }
            network.step("S", 0, &Vec::from_iter(now), step as u64);
            for name in VARIABLES {
                let values = network.values("G", name);
                prop_assert!(close(values, &plain.neurons[name]), "{} {}: {:?}, {:?}", text, name, values, plain.neurons[name]);
            }
            prop_assert!(close(network.values("S", "w"), &plain.synapses["w"]), "{}: w", text);
        }
    }
}
