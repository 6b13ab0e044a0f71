use super::*;

const PLAIN: States = States { threshold: 1.0, hysteresis: 0.0, shortest: 1 };

#[test]
fn states_that_are_cut_by_the_ends_have_no_duration() {
    let found = up_down(&[2.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0], &PLAIN);
    assert_eq!((found.fraction_up, found.up_states, found.transitions), (3.0 / 7.0, 2.0, 3.0 / 7.0));
    assert_eq!((found.up_duration, found.down_duration), (1.0, 3.0));
    let flat = up_down(&[2.0; 5], &PLAIN);
    assert_eq!((flat.fraction_up, flat.up_states, flat.transitions), (1.0, 1.0, 0.0));
    assert!(flat.up_duration.is_nan() && flat.down_duration.is_nan());
    assert!(up_down(&[], &PLAIN).fraction_up.is_nan());
    assert!(up_down(&[1.0, f64::NAN], &PLAIN).up_states.is_nan());
    assert_eq!(up_down(&[1.0], &PLAIN).fraction_up, 1.0);
}

#[test]
fn hysteresis_holds_a_state_between_two_values() {
    let series = [0.8, 1.2, 0.8, 1.2, 0.4, 0.8, 1.0];
    assert_eq!(up_down(&series, &PLAIN).up_states, 3.0);
    let held = States { hysteresis: 0.5, ..PLAIN };
    assert_eq!(runs(&series, &held), [(false, 1), (true, 3), (false, 2), (true, 1)]);
}

#[test]
fn short_states_count_to_those_before() {
    let series = [0.0, 2.0, 2.0, 2.0, 0.0, 2.0, 0.0, 0.0, 2.0];
    let states = States { shortest: 2, ..PLAIN };
    assert_eq!(runs(&series, &states), [(true, 6), (false, 3)]);
    assert_eq!(runs(&[0.0, 2.0], &States { shortest: 5, ..PLAIN }), [(false, 2)]);
}
