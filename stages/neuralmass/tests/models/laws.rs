//! What every model must hold to.

use lapicque_neuralmass::models::{
    fhn::FitzHughNagumo, hopf::Hopf, jansen_rit::JansenRit, kuramoto::Kuramoto, montbrio_pazo_roxin::MontbrioPazoRoxin,
    thalamus::Thalamus, wc::WilsonCowan, ww::WongWang,
};
use lapicque_neuralmass::{Arriving, Lanes, Model, Real, WIDTH};

/// Derivatives, then all that is seen, with everything that arrives at the same small value.
fn step<M: Model, R: Real>(model: &M, derived: &[R], states: &[R], arrives: f64) -> Vec<R> {
    let description = model.description();
    let [coupling, inputs, noise] = [description.couplings.len(), description.inputs.len(), description.noise.len()]
        .map(|count| vec![R::of(arrives); count]);
    let arriving =
        Arriving { coupling: &coupling, weight_sum: R::of(1.5), delayed: &[], inputs: &inputs, noise: &noise };
    let mut rates = vec![R::of(0.0); states.len()];
    let mut algebraic = vec![R::of(0.0); description.algebraic.len()];
    model.derivatives(derived, states, &arriving, &mut rates, &mut algebraic);
    let mut next: Vec<R> = states.iter().zip(&rates).map(|(&state, &rate)| state + rate * 0.01).collect();
    model.constrain(derived, &mut next);
    let mut outputs = vec![R::of(0.0); description.outputs.len()];
    model.outputs(derived, &next, &algebraic, &mut outputs);
    let mut sources = vec![R::of(0.0); description.sources];
    model.sources(derived, &next, &algebraic, &mut sources);
    [rates, next, outputs, sources].concat()
}

fn holds<M: Model>(model: &M) {
    let description = model.description();
    let name = description.name;
    let mut names: Vec<&str> = description.parameters.iter().map(|parameter| parameter.name).collect();
    names.extend(description.inputs.iter().map(|input| input.name));
    names.sort_unstable();
    names.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1], "{name}: two of a name"));
    for parameter in &description.parameters {
        let default = parameter.default;
        assert!(parameter.range.contains(default), "{name}: {} = {default}", parameter.name);
    }
    for &mean in &description.noise {
        assert!(
            description.parameters[mean].name.ends_with("_ou_mean"),
            "{name}: {}",
            description.parameters[mean].name
        );
    }
    assert!(description.bold.0 < description.outputs.len());
    assert!(description.couplings.iter().all(|coupling| coupling.source < description.sources));

    let defaults: Vec<f64> = description.parameters.iter().map(|parameter| parameter.default).collect();
    let mut derived = vec![0.0; description.derived];
    model.derive(&defaults, &mut derived);
    let lane_derived: Vec<Lanes> = derived.iter().map(|&value| Lanes::of(value)).collect();

    // Lanes hold what single numbers give, bit for bit.
    let at = |part: f64| -> Vec<f64> {
        let within =
            |state: &lapicque_neuralmass::StateSpec| state.initial[0] + part * (state.initial[1] - state.initial[0]);
        description.states.iter().map(within).collect()
    };
    let places: Vec<Vec<f64>> = (0..WIDTH).map(|lane| at((lane as f64 + 0.5) / WIDTH as f64)).collect();
    let lanes: Vec<Lanes> =
        (0..description.states.len()).map(|state| Lanes(std::array::from_fn(|lane| places[lane][state]))).collect();
    let together = step(model, &lane_derived, &lanes, 0.3);
    for (lane, place) in places.iter().enumerate() {
        for (one, lanes) in step(model, &derived, place, 0.3).into_iter().zip(&together) {
            assert!(one.is_finite() && one.to_bits() == lanes.0[lane].to_bits(), "{name}: {one} {}", lanes.0[lane]);
        }
    }

    // Finite differences are finite, and halve their distance as they must where they are derivatives.
    let place = at(0.37);
    for state in 0..place.len() {
        let slope = |width: f64| -> Vec<f64> {
            let [below, above] = [-width, width].map(|shift| {
                let mut place = place.clone();
                place[state] += shift;
                step(model, &derived, &place, 0.3)
            });
            above.iter().zip(below).take(place.len()).map(|(above, below)| (above - below) / (2.0 * width)).collect()
        };
        let width = 1e-5 * place[state].abs().max(1e-3);
        for (coarse, fine) in slope(2.0 * width).into_iter().zip(slope(width)) {
            assert!(
                coarse.is_finite() && (coarse - fine).abs() <= 1e-4 * (1.0 + fine.abs()),
                "{name}: {coarse} {fine}"
            );
        }
    }

    // What is not a number stays so.
    for state in 0..place.len() {
        let mut broken = place.clone();
        broken[state] = f64::NAN;
        let seen = step(model, &derived, &broken, 0.3);
        let counted = seen[..place.len()].iter().filter(|rate| rate.is_nan()).count();
        assert!(counted > 0, "{name}: {} no longer shows", description.states[state].name);
        assert!(seen[place.len() + state].is_nan(), "{name}: {}", description.states[state].name);
    }
    if !(description.inputs.is_empty() && description.couplings.is_empty()) {
        let seen = step(model, &derived, &place, f64::NAN);
        assert!(seen[..place.len()].iter().any(|rate| rate.is_nan()), "{name}: what arrives no longer shows");
    }
}

#[test]
fn of_every_model() {
    for diffusive in [false, true] {
        holds(&Hopf { diffusive });
        holds(&FitzHughNagumo { diffusive });
    }
    for clip in [false, true] {
        holds(&WilsonCowan { clip });
    }
    for compat in [false, true] {
        holds(&WongWang { compat });
        holds(&Thalamus { compat });
    }
    for nodes in [1, 80] {
        holds(&Kuramoto { nodes });
    }
    holds(&JansenRit);
    holds(&MontbrioPazoRoxin);
}

/// Derivatives of the inhibitory gating of ww at si = 0 and a current that gives x = a I - b.
fn ww_rate_khz(x: f64) -> f64 {
    let model = WongWang::default();
    let description = model.description();
    let place = |name: &str| description.parameters.iter().position(|parameter| parameter.name == name).unwrap();
    let mut parameters: Vec<f64> = description.parameters.iter().map(|parameter| parameter.default).collect();
    parameters[place("inh_current_baseline")] = 0.0;
    parameters[place("b_inh")] = -x;
    let mut derived = vec![0.0; description.derived];
    model.derive(&parameters, &mut derived);
    step(&model, &derived, &[0.0, 0.0], 0.0)[1]
}

#[test]
fn rates_of_ww_have_a_value_at_threshold_and_far_from_it() {
    let d = 87.0_f64;
    assert!((ww_rate_khz(0.0) * d - 1.0).abs() < 1e-7);
    for x in [-20.0, -0.3, -1e-3, 1e-6, 1e-3, 0.2, 30.0] {
        let plain = x / -(-d * x).exp_m1();
        assert!((ww_rate_khz(x) - plain).abs() <= 1e-9 * plain.abs() + 1e-300, "{x}: {} {plain}", ww_rate_khz(x));
    }
    assert_eq!(ww_rate_khz(1e6), 1e6);
    assert!(ww_rate_khz(-1e6).abs() < 1e-300);
}
