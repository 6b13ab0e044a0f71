//! `python` with `rounds`: a function makes samples from results of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{Lab, python};

/// Bisection for the root of x^3 = 2, one point a round.
const SEARCH: &str = "
def run(value, points, previous_bounds, *, low, high):
    if points.num_rows:
        low, high = (previous_bounds[name][0].as_py() for name in ('low', 'high'))
        middle = points['x'][-1].as_py()
        assert points['round'].to_pylist() == list(range(points.num_rows))
        assert value['sample'].to_pylist() == list(range(points.num_rows))
        if value['y'][-1].as_py() > 0:
            high = middle
        else:
            low = middle
    xs = [] if high - low < 1e-3 else [(low + high) / 2]
    return {'draws': {'x': xs}, 'bounds': {'low': [low], 'high': [high]}}
";

fn search(more: &str) -> String {
    format!(
        "  draws: {{kind: python, feedback: {{value: value}}, script: search.py, config: {{low: 0.0, high: 2.0}}, rounds: 40, \
         outputs: {{draws: {{table: parameters, columns: {{x: {{}}}}}}, bounds: {{columns: {{low: {{}}, high: {{}}}}}}}}{more}}}\n\
         \x20 value: {{kind: python, inputs: {{points: draws}}, script: value.py, columns: {{y: {{}}}}}}\n"
    )
}

#[test]
fn a_function_makes_samples_from_results_of_its_own() {
    if !python() {
        return;
    }
    let lab = Lab::new();
    lab.write("search.py", SEARCH);
    lab.write("value.py", "def run(points):\n    return {'y': points['x'].to_numpy() ** 3 - 2}\n");
    let ran = lab.run(&search(""));
    assert_eq!(ran.failures(), []);
    let xs = ran.floats("draws", "x");
    assert_eq!(xs.len(), 11);
    assert!((xs[10] - 2f64.cbrt()).abs() < 1e-3, "{xs:?}");
    // It ended by itself: a round without points.
    assert_eq!(ran.floats("draws__rounds", "x"), xs);
    let problem = lab.refused(&search(", grain: sample"));
    assert!(problem.contains("remove `grain: sample`"), "{problem}");
    let problem = lab.refused(&search("").replace("rounds: 40", "most_points: 40"));
    assert!(problem.contains("it goes with `rounds`"), "{problem}");
    let problem = lab.refused(&search("").replace("{value: value}", "{values: value}"));
    assert!(problem.contains("has no argument `values`; did you mean `value`"), "{problem}");
}
