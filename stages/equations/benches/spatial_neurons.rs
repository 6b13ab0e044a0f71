//! Models of many cables of 100 compartments with the channels of Hodgkin & Huxley: 40 steps, and building alone. Divide
//! the difference by 40 times 100 times the number of cables for the time of one compartment and step.

use divan::{Bencher, black_box};
use lapicque_equations::network::description::Model;
use lapicque_equations::network::{Options, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::json;

const STEPS: u32 = 40;

const CHANNELS: &str = "Im = gl*(El - v) + gNa*m**3*h*(ENa - v) + gK*n**4*(EK - v) : amp/meter**2
I : amp (point current)
dm/dt = alpham*(1 - m) - betam*m : 1
dn/dt = alphan*(1 - n) - betan*n : 1
dh/dt = alphah*(1 - h) - betah*h : 1
alpham = (0.1/mV)*10*mV/exprel((-v + 25*mV)/(10*mV))/ms : Hz
betam = 4*exp(-v/(18*mV))/ms : Hz
alphah = 0.07*exp(-v/(20*mV))/ms : Hz
betah = 1/(exp((-v + 30*mV)/(10*mV)) + 1)/ms : Hz
alphan = (0.01/mV)*10*mV/exprel((-v + 10*mV)/(10*mV))/ms : Hz
betan = 0.125*exp(-v/(80*mV))/ms : Hz";

fn main() {
    divan::main();
}

fn model(cables: u32, steps: u32) -> Option<Model> {
    let description = json!({
        "time_step": "0.025*ms",
        "constants": {
            "El": "10.613*mV", "ENa": "115*mV", "EK": "-12*mV",
            "gl": "0.3*msiemens/cm**2", "gK": "36*msiemens/cm**2", "gNa": "120*msiemens/cm**2",
        },
        "spatial_neurons": { "n": {
            "size": cables,
            "morphology": { "sections": [{
                "name": "axon", "cylinder": { "compartments": 100, "length": "10000*um", "diameter": "200*um" },
            }] },
            "equations": CHANNELS,
            "capacitance": "1*uF/cm**2",
            "resistivity": "35.4*ohm*cm",
            "integrator": "exponential_euler",
            "threshold": "v > 50*mV",
            "threshold_location": { "compartment": 99 },
            "refractory": "v > 40*mV",
            "initial": { "h": 0.6, "m": 0.05, "n": 0.32, "I": "3*uA*int(compartment == 0)" },
        } },
        "monitors": { "spikes": { "spikes": { "of": "n.neurons" } } },
        "duration": format!("{steps}*0.025*ms"),
    });
    serde_json::from_value(description).ok()
}

fn run(bencher: Bencher, cables: u32, steps: u32) {
    let Some(model) = model(cables, steps) else { return };
    bencher.bench_local(|| {
        let key = StreamKey::new([0; 16]);
        simulate(black_box(&model), None, &Options::default(), &key, &|| false, &mut |_| {})
    });
}

#[divan::bench(args = [100, 10_000], sample_count = 3, sample_size = 1)]
fn cables_of_hodgkin_and_huxley(bencher: Bencher, cables: u32) {
    run(bencher, cables, STEPS);
}

#[divan::bench(args = [100, 10_000], sample_count = 3, sample_size = 1)]
fn cables_of_hodgkin_and_huxley_built(bencher: Bencher, cables: u32) {
    run(bencher, cables, 1);
}
