//! Milliseconds of whole models, from the description to the recording: 4000 neurons with 320 000 synapses for 1 s
//! (Vogels & Abbott 2005, benchmarks 1 and 2 of Brette et al. 2007), and the same without the run.

use divan::Bencher;
use lapicque_equations::network::description::Model;
use lapicque_equations::network::{Options, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

fn cuba(duration: &str) -> Value {
    json!({
        "constants": {
            "taum": "20*ms", "taue": "5*ms", "taui": "10*ms", "Vt": "-50*mV", "Vr": "-60*mV", "El": "-49*mV",
            "we": "1.62*mV", "wi": "-9*mV",
        },
        "neurons": { "P": {
            "size": 4000,
            "equations": "dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
                dge/dt = -ge/taue : volt
                dgi/dt = -gi/taui : volt",
            "threshold": "v > Vt",
            "reset": "v = Vr",
            "refractory": "5*ms",
            "initial": { "v": "Vr + rand()*(Vt - Vr)" },
        } },
        "synapses": {
            "Ce": { "source": "P[0:3200]", "target": "P", "on_pre": "ge += we", "connect": [{ "p": 0.02 }] },
            "Ci": { "source": "P[3200:4000]", "target": "P", "on_pre": "gi += wi", "connect": [{ "p": 0.02 }] },
        },
        "monitors": { "spikes": { "s": { "of": "P" } } },
        "duration": duration,
    })
}

fn coba(duration: &str) -> Value {
    let mut model = cuba(duration);
    model["constants"] = json!({
        "taum": "20*ms", "taue": "5*ms", "taui": "10*ms", "Vt": "-50*mV", "Vr": "-60*mV", "El": "-60*mV", "Ee": "0*mV",
        "Ei": "-80*mV", "we": 0.6, "wi": 6.7,
    });
    let neurons = &mut model["neurons"]["P"];
    neurons["equations"] = json!(
        "dv/dt = (ge*(Ee - v) + gi*(Ei - v) + El - v)/taum : volt (unless refractory)
        dge/dt = -ge/taue : 1
        dgi/dt = -gi/taui : 1"
    );
    neurons["integrator"] = json!("exponential_euler");
    neurons["initial"] = json!({ "v": "Vr + rand()*(Vt - Vr)", "ge": "clip(randn()*1.5 + 4, 0, inf)", "gi": "clip(randn()*12 + 20, 0, inf)" });
    model
}

fn whole(bencher: Bencher, model: Value) {
    let key = StreamKey::new([1; 16]);
    bencher.bench(|| {
        // Refused models show as impossibly fast ones.
        let model = serde_json::from_value::<Model>(model.clone()).ok()?;
        simulate(&model, None, &Options::default(), &key, &|| false, &mut |_| ()).ok()
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn cuba_without_a_run(bencher: Bencher) {
    whole(bencher, cuba("0*ms"));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn cuba_of_a_second(bencher: Bencher) {
    whole(bencher, cuba("1*second"));
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn coba_of_a_second(bencher: Bencher) {
    whole(bencher, coba("1*second"));
}
