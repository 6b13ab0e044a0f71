//! What is refused, in words.

use lapicque_neuralmass::control::{Descent, costs, descend, respond};
use lapicque_neuralmass::models::hopf::Hopf;

use crate::case::Case;

fn refused(change: impl FnOnce(&mut Case<Hopf>), says: &str) {
    let mut case = Case::new(Hopf { diffusive: true }, 2, 10, &[]);
    change(&mut case);
    let found = costs(&case.problem(), &[0.0; 40], &mut || true).unwrap_err().to_string();
    assert!(found.contains(says), "{found}");
}

#[test]
fn problems() {
    refused(|case| case.sets.clear(), "at least one set of parameters and one step; there are 0 sets and 10 steps");
    refused(|case| case.steps = 0, "there are 1 sets and 0 steps");
    refused(|case| case.steps = 1 << 40, "GB of memory");
    refused(|case| case.time_step_ms = f64::NAN, "`time_step` is NaN ms");
    refused(|case| case.target.truncate(3), "`target` has 3 values; 40 are needed");
    refused(|case| case.target[25] = f64::NAN, "the target of `y` of node 0 at step 5 is NaN");
    refused(|case| case.cost_matrix[1] = -1.0, "`cost_matrix` is -1: it must be a number, not below 0");
    refused(
        |case| case.cost_matrix.fill(0.0),
        "`cost_matrix` is 0 everywhere: no output of any node would have a target",
    );
    refused(
        |case| case.cost_interval = 3..3,
        "`cost_interval` goes from step 3 to step 3: it must hold at least one of the 10",
    );
    refused(|case| case.control_interval = 0..11, "`control_interval` goes from step 0 to step 11");
    refused(|case| case.weights[0] = 0.0, "`precision` is 0: it must be a number above 0");
    refused(|case| case.weights[1] = f64::INFINITY, "`energy` is inf");
    refused(|case| case.weights[2] = -0.1, "`sparsity` is -0.1");
    refused(|case| case.control_matrix.fill(false), "`control_matrix` is 0 everywhere");
    refused(|case| case.limits[2] = 0.0, "`limit` is 0: it must be a number above 0");
}

/// Where the cost matrix is 0, a target may be missing.
#[test]
fn a_target_may_be_missing_where_it_does_not_count() {
    let mut case = Case::new(Hopf { diffusive: true }, 2, 10, &[]);
    case.cost_matrix[2] = 0.0;
    case.target[20..30].fill(f64::NAN);
    case.cost_interval = 0..9;
    case.target[9] = f64::NAN;
    assert!(case.costs(&case.zeros()).total().is_finite());
    assert!(case.gradient(&case.zeros()).iter().all(|g| g.is_finite()));
}

#[test]
fn controls() {
    let mut case = Case::new(Hopf { diffusive: true }, 2, 10, &[]);
    case.control_matrix[3] = false;
    case.control_interval = 0..8;
    case.limits.fill(0.5);
    let refused = |place: usize, value: f64| {
        let mut control = case.zeros();
        control[place] = value;
        costs(&case.problem(), &control, &mut || true).unwrap_err().to_string()
    };
    assert_eq!(
        refused(32, 0.1),
        "the control of `y_ext` of node 1 at step 2 is 0.1: it must be 0, because it is not controlled"
    );
    assert!(refused(9, 0.1).contains("`x_ext` of node 0 at step 9 is 0.1: it must be 0"));
    assert!(refused(1, -0.6).contains("it must lie between -0.5 and 0.5"));
    assert!(refused(1, f64::NAN).contains("is NaN: it must be a number"));
    let found = costs(&case.problem(), &[0.0], &mut || true).unwrap_err().to_string();
    assert_eq!(found, "`control` has 1 values; 40 are needed");
    let found = respond(&case.problem(), 1, &case.zeros(), &mut || true).unwrap_err().to_string();
    assert_eq!(found, "`sets` has 1 values; 2 are needed");
    let descent = Descent { first_step: 0.0, ..Descent::default() };
    let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap_err().to_string();
    assert_eq!(found, "`first_step` is 0: it must be a number above 0");
}
