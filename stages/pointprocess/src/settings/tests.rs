use super::*;

fn settings(form: Form, dt_ms: f64) -> Settings {
    Settings { form, dt_ms, compat: Compat::None, emission: None }
}

#[test]
fn presets_are_those_of_the_named_models() {
    for compat in [Compat::None, Compat::Spikeometric] {
        let of = |form, dt_ms| Settings { compat, ..settings(form, dt_ms) }.model().unwrap();
        assert_eq!(of(Form::bernoulli_glm(), 1.0), BernoulliGlm::default().model(compat).unwrap());
        assert_eq!(of(Form::poisson_glm(), 0.1), PoissonGlm::default().model(compat).unwrap());
        assert_eq!(of(Form::rectified_lnp(), 0.1), RectifiedLnp::default().model().unwrap());
        assert_eq!(of(Form::rectified_sam(), 0.1), RectifiedSam::default().model().unwrap());
        assert_eq!(of(Form::threshold_sam(), 0.1), ThresholdSam::default().model(compat).unwrap());
    }
}

#[test]
fn a_general_model_can_be_each_named_one() {
    let lnp = RectifiedLnp::default().model().unwrap();
    let kernel = Kernel::Exponential { tau_ms: 10.0, window_ms: 20.0 };
    let link = Link::Rectified { gain: 9.8, theta: -0.002 };
    let general = General { kernel, refractory: Vec::new(), link, r: 0.025, b: 0.001, rho: 0.0, sigma: 0.3 };
    let mut of = settings(Form::General(general.clone()), 0.1);
    of.emission = Some(Emission::Poisson);
    assert_eq!(of.model().unwrap(), lnp);
    let glm = BernoulliGlm::default().model(Compat::None).unwrap();
    let Memory::History(kernel) = glm.memory.clone() else { panic!("no history") };
    let parts =
        General { kernel: Kernel::Tabulated(kernel), refractory: glm.refractory.clone(), r: 1.0, b: 0.0, ..general };
    of = settings(Form::General(General { link: Link::Logit { theta: 5.0 }, ..parts }), 1.0);
    assert_eq!(of.model().unwrap(), Model { emission: Emission::Hazard, ..glm });
}

#[test]
fn every_value_can_be_set_and_changes_the_model() {
    let general = |kernel, link| {
        let values = General { kernel, refractory: vec![-1.0], link, r: 1.0, b: 0.5, rho: 0.1, sigma: 0.3 };
        settings(Form::General(values), 1.0)
    };
    let all = [
        settings(Form::bernoulli_glm(), 1.0),
        settings(Form::poisson_glm(), 1.0),
        settings(Form::rectified_lnp(), 1.0),
        settings(Form::rectified_sam(), 1.0),
        settings(Form::threshold_sam(), 1.0),
        general(Kernel::Tabulated(vec![1.0]), Link::Logit { theta: 1.0 }),
        general(Kernel::Activation { tau_ms: 5.0 }, Link::Threshold { theta: 1.0 }),
        general(Kernel::Exponential { tau_ms: 5.0, window_ms: 4.0 }, Link::Exponential { alpha_ms: 1.0, beta: 1.0 }),
        general(Kernel::Tabulated(vec![1.0]), Link::Rectified { gain: 1.0, theta: 1.0 }),
    ];
    for settings in all {
        for entry in settings.entries() {
            let mut other = settings.clone();
            let value = if entry.path == "rho" { 0.2 } else { entry.value + 1.0 };
            other.set(&entry.path, value).unwrap();
            assert_ne!(other.model().unwrap(), settings.model().unwrap(), "{}", entry.path);
            assert_eq!(other.entry(&entry.path).unwrap().value, value);
            assert!(other.set(&entry.path, f64::NAN).is_err());
        }
        assert!(settings.clone().set("no such value", 1.0).is_err());
    }
}

#[test]
fn windows_are_whole_steps() {
    assert_eq!(whole_steps("window", 20.0, 0.1), Ok(200));
    assert_eq!(whole_steps("window", 0.3, 0.1), Ok(3));
    assert_eq!(whole_steps("window", 0.0, 0.1), Ok(0));
    for (ms, dt_ms) in [(5.0, 2.0), (-1.0, 1.0), (f64::NAN, 1.0), (f64::INFINITY, 1.0), (1e12, 1.0)] {
        assert!(whole_steps("window", ms, dt_ms).is_err(), "{ms}");
    }
    let told = settings(Form::bernoulli_glm(), 2.0).model().unwrap_err().to_string();
    assert_eq!(told, "`coupling_window` = 5 ms is no whole number of steps of 2 ms");
    assert!(settings(Form::poisson_glm(), 0.0).model().is_err());
}

#[test]
fn a_hazard_takes_long_steps() {
    let mut glm = settings(Form::bernoulli_glm(), 2.0);
    for (path, value) in [("coupling_window", 6.0), ("abs_ref_scale", 4.0), ("rel_ref_scale", 6.0)] {
        glm.set(path, value).unwrap();
    }
    assert!(matches!(glm.model(), Err(PointProcessError::OutOfRange { field: "dt", .. })));
    glm.emission = Some(Emission::Hazard);
    assert_eq!(glm.model().unwrap().emission, Emission::Hazard);
}
