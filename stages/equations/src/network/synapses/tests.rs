//! Synapses of small networks: what is solved from event to event, summed, stepped, seen of neurons, and refused.

use std::collections::BTreeMap;

use lapicque_numerics::random::StreamKey;
use serde_json::{Value, json};

use super::super::connect::Pairs;
use super::super::context::Context;
use super::super::test_synapses::{Network, model, network};

const DT: f64 = 1e-4;

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-13 * (1.0 + b.abs()), "{found:?} is not {expected:?}");
    }
}

fn spiking(size: u32, equations: &str) -> Value {
    json!({"size": size, "equations": equations, "threshold": "rand() > 2"})
}

/// One synapse that is sent events at these steps, each with its pathway.
fn events(network: &mut Network<'_>, events: &[(u64, usize)]) {
    for step in 0..=events.last().unwrap().0 {
        for pathway in 0..network.synapses["S"].pathways.len() {
            let fires = events.contains(&(step, pathway));
            network.step("S", pathway, if fires { &[0] } else { &[] }, step);
        }
    }
}

#[test]
fn traces_decay_from_event_to_event() {
    let model = model(json!({
        "constants": {"tau": "20*ms", "rise": "5*ms"},
        "neurons": {"A": spiking(1, ""), "B": spiking(1, "y : 1")},
        "synapses": {"S": {
            "source": "A", "target": "B",
            "equations": "w : 1\ngap : second\ndpre/dt = -pre/tau : 1 (event-driven)\n\
                          dpost/dt = (1 - post)/tau : 1 (event-driven)\ndflat/dt = 3*Hz : 1 (event-driven)",
            "on_pre": "pre += 1; w += post; gap = t - lastupdate",
            "on_post": "post -= 0.5; w -= pre; y_post += pre"
        }}
    }));
    let mut network = network(&model, &[(0, 0)]).unwrap();
    events(&mut network, &[(10, 0), (30, 1), (90, 0), (95, 1)]);
    let tau = 20e-3;
    let decay = |steps: f64| (-steps * DT / tau).exp();
    let to_one = |value: f64, steps: f64| 1.0 + (value - 1.0) * decay(steps);
    let first_post = to_one(0.0, 10.0);
    let pre_30 = decay(20.0);
    let post_30 = to_one(first_post, 20.0) - 0.5;
    let pre_90 = pre_30 * decay(60.0) + 1.0;
    let post_90 = to_one(post_30, 60.0);
    let pre_95 = pre_90 * decay(5.0);
    close(network.values("S", "w"), &[first_post - pre_30 + post_90 - pre_95]);
    close(network.values("S", "pre"), &[pre_95]);
    close(network.values("S", "post"), &[to_one(post_90, 5.0) - 0.5]);
    close(network.values("S", "flat"), &[3.0 * 95.0 * DT]);
    close(network.values("S", "gap"), &[60.0 * DT]);
    close(network.values("S", "lastupdate"), &[95.0 * DT]);
    close(network.values("B", "y"), &[pre_30 + pre_95]);
}

#[test]
fn traces_that_depend_on_each_other_are_solved_together() {
    // x' = -x/a, y' = (x - y)/b: y(t) = (y0 - k) exp(-t/b) + k exp(-t/a) with k = x0 a/(a - b).
    let model = model(json!({
        "neurons": {"A": spiking(2, ""), "B": spiking(2, "")},
        "synapses": {"S": {
            "source": "A", "target": "B",
            "equations": "dy/dt = (x - y)/b : 1 (event-driven)\ndx/dt = -x/a : 1 (event-driven)\na : second\nb : second",
            "initial": {"a": {"values": [20, 7], "unit": "ms"}, "b": {"values": [5, 9], "unit": "ms"}, "x": 1, "y": 0.25},
            "on_pre": "x += 1"
        }}
    }));
    let mut network = network(&model, &[(0, 1), (1, 1)]).unwrap();
    network.step("S", 0, &[], 0);
    network.step("S", 0, &[0], 120);
    network.step("S", 0, &[0, 1], 121);
    let solved = |a: f64, b: f64, x: f64, y: f64, t: f64| {
        let k = x * a / (a - b);
        (x * (-t / a).exp(), (y - k) * (-t / b).exp() + k * (-t / a).exp())
    };
    let (x, y) = solved(20e-3, 5e-3, 1.0, 0.25, 120.0 * DT);
    let (x, y) = solved(20e-3, 5e-3, x + 1.0, y, DT);
    let (x1, y1) = solved(7e-3, 9e-3, 1.0, 0.25, 121.0 * DT);
    close(network.values("S", "x"), &[x + 1.0, x1 + 1.0]);
    close(network.values("S", "y"), &[y, y1]);
}

#[test]
fn summed_variables_are_sums_over_the_synapses_of_the_part() {
    let model = model(json!({
        "neurons": {"G": spiking(5, "v : 1\ns : 1\nr : 1\nu = 2*v : 1")},
        "synapses": {"S": {
            "source": "G[1:4]", "target": "G[2:5]",
            "equations": "w : 1\ns_post = w*(u_pre - v_post) : 1 (summed)\nr_pre = w : 1 (summed)",
            "initial": {"w": "1 + i + 10*j"}
        }}
    }));
    let pairs = [(0, 0), (2, 0), (1, 2), (0, 0)];
    let mut network = network(&model, &pairs).unwrap();
    network.values("G", "v").copy_from_slice(&[0.5, 1.0, 2.0, 3.0, 4.0]);
    network.values("G", "s").fill(9.0);
    network.values("G", "r").fill(9.0);
    let Network { states, synapses, .. } = &mut network;
    let summed = &mut synapses.get_mut("S").unwrap().summed;
    assert_eq!(
        summed.iter().map(|summed| (summed.name.as_str(), summed.order)).collect::<Vec<_>>(),
        [("S_s_post", -1), ("S_r_pre", -1)]
    );
    // Twice, as nothing may be left of the first time.
    for step in 0..2 {
        summed.iter_mut().for_each(|summed| summed.run(states, step).unwrap());
    }
    let v = [0.5, 1.0, 2.0, 3.0, 4.0];
    let (mut s, mut r) = ([9.0, 9.0, 0.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0, 9.0]);
    for (i, j) in pairs {
        let w = f64::from(1 + i + 10 * j);
        s[j as usize + 2] += w * (2.0 * v[i as usize + 1] - v[j as usize + 2]);
        r[i as usize + 1] += w;
    }
    close(network.values("G", "s"), &s);
    close(network.values("G", "r"), &r);
}

#[test]
fn clock_driven_equations_read_both_sides() {
    let model = model(json!({
        "constants": {"tau": "10*ms"},
        "neurons": {"A": spiking(2, "v : 1"), "B": spiking(2, "v : 1")},
        "synapses": {"S": {
            "source": "A", "target": "B", "integrator": "euler",
            "equations": "dg/dt = (k*v_pre - g*v_post)/tau : 1 (clock-driven)\nk = 2*half : 1 (constant over dt)\n\
                          half = 0.5*i + N_post : 1 (constant over dt)"
        }}
    }));
    let mut network = network(&model, &[(0, 1), (1, 0)]).unwrap();
    network.values("A", "v").copy_from_slice(&[2.0, 3.0]);
    network.values("B", "v").copy_from_slice(&[5.0, 7.0]);
    network.values("S", "g").copy_from_slice(&[0.1, 0.2]);
    let Network { states, synapses, .. } = &mut network;
    let own = synapses.get_mut("S").unwrap();
    own.constant_over_dt.as_mut().unwrap().run(states, 0).unwrap();
    own.update.as_mut().unwrap().run(states, 0).unwrap();
    close(network.values("S", "k"), &[4.0, 5.0]);
    close(
        network.values("S", "g"),
        &[0.1 + DT / 10e-3 * (4.0 * 2.0 - 0.1 * 7.0), 0.2 + DT / 10e-3 * (5.0 * 3.0 - 0.2 * 5.0)],
    );
}

#[test]
fn parts_of_groups_count_for_themselves() {
    let model = model(json!({
        "neurons": {"G": spiking(7, "v : 1\nx = i : 1")},
        "synapses": {"S": {
            "source": "G[3:6]", "target": "G[0:3]", "multisynaptic_index": "k",
            "equations": "w : 1", "initial": {"w": "x_pre + 0.01*x_post + 0.1/N_incoming + 10*(N_outgoing - 1)"},
            "on_pre": "v_post += 1 + i + 10*j + 100*N_pre + 1000*k + 0.5*x_pre"
        }}
    }));
    let mut network = network(&model, &[(0, 0), (2, 1), (2, 1)]).unwrap();
    close(network.values("S", "w"), &[3.1, 15.06, 15.06]);
    close(network.values("S", "k"), &[0.0, 0.0, 1.0]);
    close(network.values("S", "N_post"), &[3.0]);
    network.step("S", 0, &[0, 2, 3, 5, 6], 0);
    let first = 301.0 + 1.5;
    close(network.values("G", "v"), &[first, 2.0 * (1.0 + 2.0 + 10.0 + 300.0 + 2.5) + 1000.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn delays_are_of_all_or_of_each() {
    let arrivals = |delay: Value| {
        let model = model(json!({
            "neurons": {"A": spiking(1, "d : second"), "B": spiking(3, "arrived : second")},
            "synapses": {"S": {"source": "A", "target": "B", "delay": delay, "equations": "w : second",
                               "on_pre": "arrived_post = t; w = delay"}}
        }));
        let mut network = network(&model, &[(0, 0), (0, 1), (0, 2)]).unwrap();
        for step in 0..40 {
            network.step("S", 0, if step == 1 { &[0] } else { &[] }, step);
        }
        let steps =
            network.values("B", "arrived").iter().map(|time| (time / DT).round() as i64 - 1).collect::<Vec<_>>();
        for (delay, &steps) in network.values("S", "w").iter().zip(&steps) {
            assert!((delay / DT - steps as f64).abs() <= 0.5 + 1e-9, "{delay} {steps}");
        }
        steps
    };
    assert_eq!(arrivals(json!("0.25*ms")), [3, 3, 3]);
    assert_eq!(arrivals(json!({"values": [0, 0.15, 2], "unit": "ms"})), [0, 1, 20]);
    assert_eq!(arrivals(json!("(1 + j)*ms + d_pre")), [10, 20, 30]);
    assert_eq!(arrivals(json!({"at": [1], "value": "1*ms"})), [0, 10, 0]);
    let random = arrivals(json!("rand()*3*ms"));
    assert!(random.iter().all(|steps| (0..=30).contains(steps)) && random[0] != random[1], "{random:?}");
}

#[test]
fn only_what_code_needs_has_columns() {
    let names = |code: &str| {
        let model = model(json!({
            "neurons": {"G": spiking(2, "v : 1\nu : 1\nz = v*u : 1\nq : 1")},
            "synapses": {"S": {"source": "G", "equations": "w : 1", "on_pre": code}}
        }));
        let network = network(&model, &[(0, 1)]).unwrap();
        let object = network.context.objects.last().unwrap();
        object.layout.columns()[object.own_columns()..].iter().map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    assert!(names("v_post += w").is_empty());
    assert!(names("v_post += 2; u -= 1").is_empty());
    assert_eq!(names("v_post += w*u_pre"), ["u_pre", "v_post"]);
    assert_eq!(names("w = z_pre + z"), ["u_post", "u_pre", "v_post", "v_pre"]);
}

#[test]
fn statements_at_regular_times_are_for_all_synapses_one_after_the_other() {
    let model = model(json!({
        "neurons": {"G": spiking(2, "v : 1")},
        "synapses": {"S": {
            "source": "G", "equations": "w : 1", "initial": {"w": "1 + i"},
            "run_regularly": [{"code": "v_post = 2*v_post + w"}, {"code": "v_post += w; w += 1"}]
        }}
    }));
    let mut network = network(&model, &[(0, 1), (1, 1), (1, 0)]).unwrap();
    let Network { states, synapses, .. } = &mut network;
    let regular = &mut synapses.get_mut("S").unwrap().regular;
    regular.iter_mut().for_each(|regular| regular.run(states, 0).unwrap());
    close(network.values("G", "v"), &[2.0 + 2.0, (2.0 * 1.0 + 2.0) + 3.0]);
    close(network.values("S", "w"), &[2.0, 3.0, 3.0]);
}

#[test]
fn draws_do_not_depend_on_who_else_has_an_event() {
    let drawn = |fired: &[u32]| {
        let model = model(json!({
            "neurons": {"G": spiking(4, "v : 1")},
            "synapses": {"S": {
                "source": "G", "equations": "w : 1", "on_pre": "w = rand(); v_post += rand()", "on_post": "w -= rand()"
            }}
        }));
        let mut network = network(&model, &[(0, 1), (1, 1), (2, 2), (3, 3)]).unwrap();
        network.step("S", 0, fired, 5);
        network.values("S", "w").to_vec()
    };
    let all = drawn(&[0, 1, 2, 3]);
    assert_eq!(drawn(&[1, 3]), [0.0, all[1], 0.0, all[3]]);
    assert!(all[0] != all[1] && all.iter().all(|draw| (0.0..1.0).contains(draw)), "{all:?}");
}

#[test]
fn constants_and_steps_change_while_events_are_on_their_way() {
    let model = model(json!({
        "constants": {"a": 2, "tau": "10*ms"},
        "neurons": {"G": spiking(2, "v : 1\nz = a*v : 1")},
        "synapses": {"S": {
            "source": "G", "equations": "dx/dt = -x/tau : 1 (event-driven)", "initial": {"x": 1},
            "on_pre": "v_post += a + 0*z_pre", "delay": "1*ms"
        }}
    }));
    let mut network = network(&model, &[(0, 1)]).unwrap();
    network.step("S", 0, &[0], 0);
    let stored = network.synapses["S"].pathways[0].on_its_way();
    let changed = BTreeMap::from([("a".to_owned(), super::super::description::Text::new("5"))]);
    let mut renewed = Context::new(&model, &changed, Some(DT / 2.0), &StreamKey::new([7; 16]), None).unwrap();
    renewed.by_name = network.context.by_name.clone();
    renewed.objects = network.context.objects.clone();
    renewed.objects[0] = super::super::groups::object(&renewed, "neurons", "G", &model.neurons["G"]).unwrap();
    let synapses = network.synapses.get_mut("S").unwrap();
    synapses.renew(&mut renewed, &model.synapses["S"]).unwrap();
    // One of ten steps is over, so 18 of half the length are left; then back to what was stored.
    for _ in 0..2 {
        let pathway = &mut synapses.pathways[0];
        let arrived = (0..30).find(|&step| {
            let before = network.states[0].column(0)[1];
            pathway.push(&[]);
            pathway.deliver(&mut network.states, step).unwrap();
            network.states[0].column(0)[1] == before + 5.0
        });
        assert_eq!(arrived, Some(18));
        pathway.restore(stored.clone());
        synapses.renew(&mut renewed, &model.synapses["S"]).unwrap();
    }
    close(network.values("G", "v"), &[0.0, 10.0]);
}

#[test]
fn variables_of_others_and_arrays_are_seen_through_neurons() {
    let model = model(json!({
        "timed_arrays": {"I": {"rows": [[1, 2, 3], [4, 5, 6]], "time_step": "1*ms"}},
        "neurons": {
            "A": {"size": 3, "equations": "q : 1", "initial": {"q": {"values": [10, 20, 30]}}},
            "G": {"size": 3, "threshold": "rand() > 2",
                  "equations": "q : 1 (linked)\nx = I(t, i) + q : 1\nn = N : 1\nscale : 1 (shared)",
                  "initial": {"scale": 4}, "linked": {"q": {"group": "A", "variable": "q", "neurons": [2, 1, 0]}}}
        },
        "synapses": {"S": {
            "source": "G[1:3]", "equations": "w : 1", "on_pre": "w = x_pre + 100*q_post + 1000*n_pre + scale_post"
        }}
    }));
    let mut context = Context::new(&model, &BTreeMap::new(), None, &StreamKey::new([7; 16]), None).unwrap();
    let mut states = Vec::new();
    for (name, described) in &model.neurons {
        let group = super::super::groups::object(&context, "neurons", name, described).unwrap();
        context.by_name.insert(name.clone(), context.objects.len());
        context.objects.push(group);
    }
    super::super::groups::link(&mut context, 1, &model.neurons["G"]).unwrap();
    for number in 0..2 {
        states.push(crate::engine::State::new(&context.objects[number].layout));
        let name = context.objects[number].name.clone();
        let initial = &model.neurons[&name].initial;
        super::super::initial_values::initialise(&context, number, &mut states, "initial", initial).unwrap();
    }
    let connected = Pairs { i: vec![1, 0], j: vec![0, 1], copy: vec![0, 0], ..Pairs::default() };
    let mut synapses = super::assemble(&mut context, "S", &model.synapses["S"], &mut states, &connected).unwrap();
    synapses.pathways[0].push(&[1, 2]);
    synapses.pathways[0].deliver(&mut states, 12).unwrap();
    let w = context.objects[2].layout.number("w").unwrap();
    // Neurons 2 and 1 of G are neurons 0 and 1 of A.
    close(states[2].column(w), &[6.0 + 10.0 + 2000.0 + 3000.0 + 4.0, 5.0 + 20.0 + 1000.0 + 3000.0 + 4.0]);
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let refused = |changes: Value| {
        let mut synapses = json!({"source": "G", "target": "H", "equations": "w : 1"});
        for (field, value) in changes.as_object().unwrap() {
            synapses[field] = value.clone();
        }
        let model = model(json!({
            "neurons": {
                "G": {"size": 2, "equations": "v : 1\nx : volt (shared)", "events": {"half": {"condition": "v > 0"}}},
                "H": {"size": 2, "equations": "v : 1\nc : 1 (constant)\nz = v : 1\nk : integer", "threshold": "v > 1",
                      "refractory": "1*ms"}
            },
            "synapses": {"S": synapses}
        }));
        match network(&model, &[(0, 1), (1, 0)]) {
            Ok(_) => panic!("{changes} is taken"),
            Err(error) => error.to_string(),
        }
    };
    let cases = [
        (json!({"on_pre": "v_post += w"}), "synapses.S.on_pre: `G` has no threshold, so it never spikes"),
        (json!({"on_post": "v_post += q"}), "synapses.S.on_post: nothing has the name `q`"),
        (json!({"on_post": "z_post = 1"}), "`z_post` cannot be written: it is computed from its equation"),
        (json!({"on_post": "c = 1"}), "`c` cannot be written: it is declared `constant`"),
        (json!({"on_post": "x_pre = 1*volt"}), "`x_pre` cannot be written: it is given by the simulation"),
        (json!({"on_post": "not_refractory_post = True"}), "`not_refractory_post` cannot be written"),
        (json!({"on_post": "v_post += 1*mV"}), "should have the unit 1, and has"),
        (json!({"on_post": "i = 3"}), "`i` cannot be written: it is given by the simulation"),
        (json!({"on_post": "s = w", "equations": "w : 1\ns : 1 (shared)"}), "`s` is shared by all synapses"),
        (
            json!({"on_post": "w = 1", "post_delay": "-1*ms"}),
            "synapses.S.post_delay: the delay is -1 ms: at least 0 ms",
        ),
        (json!({"on_post": "w = 1", "post_delay": "1"}), "the delay should have the unit"),
        (json!({"on_post": "w = 1", "post_delay": "w*ms"}), "delays are known before `w` has values"),
        (
            json!({"pathways": {"pre": {"spikes": "post", "code": "w = 1", "delay": "2*delay"}}}),
            "synapses.S.pathways.pre.delay: delays are known before `delay` has values",
        ),
        (json!({"on_post": "w = 1", "post_delay": "2*delay"}), "nothing has the name `delay`"),
        (json!({"on_post": "w = 1", "post_delay": "(j - 0.5)*ms"}), "the delay of synapse 1 is -0.5 ms"),
        (json!({"on_post": "w = 1", "post_delay": [1, 2]}), "values in 1: the variable has the unit"),
        (json!({"on_post": "w = 1", "post_delay": "200*second"}), "at most 1000000 steps of 0.1 ms"),
        (json!({"delay": "1*ms"}), "synapses.S.delay: it is the delay of `on_pre`, which there is none of"),
        (
            json!({"on_post": "w = 1", "pathways": {"post": {"spikes": "post", "code": "w = 2"}}}),
            "`on_post` is the pathway `post`, and there is another one",
        ),
        (
            json!({"pathways": {"a": {"spikes": "pre", "code": "w = 1", "event": "hlaf"}}}),
            "synapses.S.pathways.a.code: there is no event `hlaf`; did you mean `half`?",
        ),
        (json!({"equations": "v_post = w : 1 (summed)\nw : 1 (linked)"}), "`w` is linked"),
        (json!({"equations": "c_post = 1 : 1 (summed)"}), "`c` is no parameter `c : UNIT` of each neuron of `H`"),
        (json!({"equations": "k_post = 1 : 1 (summed)"}), "`k_post` has the unit 1, and `k` of `H` another"),
        (json!({"equations": "q = 1 : 1 (summed)"}), "it has the name of a variable of neurons"),
        (json!({"equations": "v_post = z_post : 1 (summed)"}), "`v_post` is summed up from itself"),
        (json!({"equations": "dx/dt = -x*x/ms : 1 (event-driven)"}), "is not linear"),
        (json!({"equations": "dx/dt = -x*t/ms**2 : 1 (event-driven)"}), "change within a time step"),
        (json!({"equations": "dx/dt = -x/ms + xi/ms**0.5 : 1 (event-driven)"}), "they have noise"),
        (
            json!({"equations": "dx/dt = -x/ms : 1 (event-driven)\ndy/dt = x/ms : 1 (clock-driven)"}),
            "`x` is event-driven, and `y` is not",
        ),
        (json!({"equations": "dx/dt = -x/ms : 1 (event-driven)\nlastupdate : second"}), "time of the last event"),
        (json!({"equations": "dx/dt = -x*x/ms : 1", "integrator": "exact"}), "synapses.S.integrator: "),
        (json!({"integrator": "eulr"}), "synapses.S.integrator: `eulr`: one of exact, euler"),
        (json!({"multisynaptic_index": "w"}), "synapses.S.multisynaptic_index: `w`"),
        (json!({"multisynaptic_index": "k_pre"}), "synapses.S.multisynaptic_index: `k_pre`"),
        (json!({"source": "G[1:5]"}), "synapses.S.source: "),
        (json!({"target": "Q"}), "synapses.S.target: there is no group `Q`"),
    ];
    for (changes, message) in cases {
        let error = refused(changes.clone());
        assert!(error.contains(message), "{changes}: {error}");
    }
}

#[test]
fn a_summed_variable_has_one_writer() {
    let build = |second: &str| {
        let own = |target: &str| json!({"source": "G", "target": target, "equations": "v_post = 1 : 1 (summed)"});
        let model = model(json!({
            "neurons": {"G": {"size": 4, "equations": "v : 1"}},
            "synapses": {"R": own("G[0:2]"), "S": own(second)}
        }));
        network(&model, &[(0, 0)]).err().map(|error| error.to_string())
    };
    assert_eq!(build("G[2:4]"), None);
    let error = build("G[1:3]").unwrap();
    assert!(error.contains("synapses.S.equations: `v` of `G` is summed up by `R` too"), "{error}");
}

#[test]
fn synapses_that_there_are_none_of_do_nothing() {
    let model = model(json!({
        "neurons": {"G": spiking(2, "v : 1\ns : 1")},
        "synapses": {"S": {
            "source": "G", "equations": "w : 1\ns_post = w : 1 (summed)\ndx/dt = -x/ms : 1", "delay": "(i + 1)*ms",
            "on_pre": "v_post = w*v_post", "run_regularly": [{"code": "v_post += w"}]
        }}
    }));
    let mut network = network(&model, &[]).unwrap();
    network.step("S", 0, &[0, 1], 0);
    let Network { states, synapses, .. } = &mut network;
    let own = synapses.get_mut("S").unwrap();
    own.update.as_mut().unwrap().run(states, 0).unwrap();
    own.summed[0].run(states, 0).unwrap();
    own.regular[0].run(states, 0).unwrap();
    close(network.values("G", "v"), &[0.0, 0.0]);
}
