//! Generators of connections, and equations as templates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::language::block::Equations;
use lapicque_equations::language::generator::{Taken, check_generator, parse_generator};
use lapicque_equations::language::replace_names;
use lapicque_equations::language::scope::Scope;

fn scope() -> Scope {
    Scope::synapses(&Equations::parse("w : 1").unwrap())
}

#[test]
fn generators_have_a_value_a_range_and_a_condition() {
    let parts = |text: &str| {
        let generator = parse_generator(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
        check_generator(&generator, &scope()).unwrap_or_else(|error| panic!("{}", error.render(text)));
        let iteration = generator.iteration.as_ref();
        let range = iteration.map(|own| format!("{}: {} {} {}", own.variable, own.low, own.high, own.step));
        let taken = iteration.map_or(Taken::All, |own| own.taken.clone());
        (generator.value.to_string(), range, taken, generator.condition.map(|condition| condition.to_string()))
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(parts("i // 2"), ("i//2".into(), None, Taken::All, None));
    assert_eq!(parts("i + 1 if i > 2"), ("i + 1".into(), None, Taken::All, text("i > 2")));
    assert_eq!(parts("k for k in range(N_post)"), ("k".into(), text("k: 0 N_post 1"), Taken::All, None));
    assert_eq!(
        parts("i+(-1)**k for k in range(i - 1, i + 2) if i>0 and k != i"),
        ("i + (-1)**k".into(), text("k: i - 1 i + 2 1"), Taken::All, text("i > 0 and k != i"))
    );
    assert_eq!(parts("k for k in range(4, -1, -2)").1, text("k: 4 -1 -2"));
    let number = |text: &str| parse_generator(text).unwrap().value;
    assert_eq!(parts("k for k in sample(N_post, p=0.1)").2, Taken::Probability(number("0.1")));
    assert_eq!(parts("k for k in sample(0, N_post, 2, size=1 + i) if k != i").2, Taken::Size(number("1 + i")));
}

#[test]
fn what_is_no_generator_is_refused() {
    for (text, place) in [
        ("k for k in foo(3)", "foo"),
        ("k for k in range()", ")"),
        ("k for k in range(1, 2, 3, 4)", "k in range(1, 2, 3, 4)"),
        ("k for k in range(p=1)", "p"),
        ("k for k in sample(10)", "(10)"),
        ("k for k in sample(10, q=1)", "q"),
        ("k for k in sample(10, p=1, size=2)", ","),
        ("k for i in range(3)", "i"),
        ("k for k range(3)", "range"),
        ("k for k in range(3) while k", "while"),
        ("k for k in range(3) if", ""),
        ("", ""),
    ] {
        let error = parse_generator(text).unwrap_err();
        assert_eq!(error.span.text(text), place, "{text}: {error}");
    }
    for text in
        ["k", "i > 2", "i if i", "k for k in range(k)", "k for k in range(3*mV)", "k for k in sample(3, p=i > 1)"]
    {
        assert!(check_generator(&parse_generator(text).unwrap(), &scope()).is_err(), "{text}");
    }
}

#[test]
fn names_are_replaced_by_names_and_values() {
    let template = "dx/dt = (y - x)/tau + xx : volt (constant) # x\ny = x*dx : volt\nxx : volt";
    let replaced = replace_names(template, &[("x", "g"), ("y", "x"), ("tau", "5*ms"), ("constant", "no")]).unwrap();
    assert_eq!(replaced, "dg/dt = (x - g)/(5*ms) + xx : volt (constant) # x\nx = g*dx : volt\nxx : volt");
    assert_eq!(replace_names(template, &[]).unwrap(), template);
    // A quotient by `dt` is a derivative in front of `=` alone, and `dx` is a name of its own elsewhere.
    assert_eq!(replace_names("z = dx/dt : 1", &[("x", "y")]).unwrap(), "z = dx/dt : 1");
    assert!(replace_names(template, &[("mV", "x")]).is_err());
    assert!(replace_names("x ?", &[("x", "y")]).is_err());
    // A value is no name that can be defined.
    let valued = replace_names("x : 1", &[("x", "2")]).unwrap();
    assert!(Equations::parse(&valued).is_err());
}
