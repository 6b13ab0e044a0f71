//! SWC files: what is a morphology has compartments with a geometry, and a cable on it that keeps its charge.

use lapicque_equations::spatial::{Cable, Scratch, swc};

pub fn target(data: &[u8]) {
    let morphology = match swc::read(data) {
        Ok(morphology) => morphology,
        Err(error) => return assert!(error.to_string().len() < 500, "{error}"),
    };
    let compartments = morphology.compartments();
    for own in compartments {
        let positive = [own.length, own.diameter, own.area, own.volume, own.r_length_1, own.r_length_2];
        assert!(positive.iter().all(|x| x.is_finite() && *x > 0.0) && own.distance >= 0.0, "{own:?}");
    }
    let count = compartments.len();
    let cable = Cable::new(&morphology, &[0.01], 1.0, 1e-4).unwrap();
    let mut v = vec![-0.07; count];
    cable.step(&mut v, &vec![0.0; count], &vec![0.0; count], &mut Scratch::default()).unwrap();
    assert!(v.iter().all(|v| (v + 0.07).abs() < 1e-9), "{v:?}");
}
