//! What is refused, in which words, and that no input takes long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::language::analysis::derivative::derivative;
use lapicque_equations::language::analysis::linear::{conditionally_linear, linear_system};
use lapicque_equations::language::analysis::simplify::simplify;
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::{
    check_condition, check_equations, check_expression, check_statements, fixed_value,
};
use lapicque_equations::language::equation::Values;
use lapicque_equations::language::error::{LanguageError, Problem};
use lapicque_equations::language::evaluate::{Value, evaluate};
use lapicque_equations::language::expression::MAX_HEIGHT;
use lapicque_equations::language::flags::{Model, check_model};
use lapicque_equations::language::scope::{Callable, Quantity, Scope, Type, Variable};
use lapicque_equations::language::{parse_expression, parse_statements, parse_unit};
use lapicque_equations::units::Dimension;

/// The first error of a block of a group of neurons, with `tau` known.
fn error(text: &str) -> LanguageError {
    let equations = match Equations::parse(text) {
        Ok(equations) => equations,
        Err(error) => return error,
    };
    if let Err(error) = check_model(&equations, Model::Neurons) {
        return error;
    }
    let mut scope = Scope::neurons(&equations);
    scope.add_parameter("tau", Quantity { value: 0.01, dimension: Dimension::SECOND });
    match check_equations(&equations, &scope) {
        Ok(()) => panic!("{text} is not refused"),
        Err(error) => error,
    }
}

#[test]
fn errors_show_their_lines_with_carets() {
    let text = "# a neuron\ndv/dt = (I - v)/tau : volt\nI : amp";
    let expected = "\
the sides of `-` have different units: amp and volt
  at line 2, column 10
  |
2 | dv/dt = (I - v)/tau : volt
  |          ^^^^^
  |
2 | dv/dt = (I - v)/tau : volt
  |          - this has the unit amp
  |
2 | dv/dt = (I - v)/tau : volt
  |              - this has the unit volt";
    assert_eq!(error(text).render(text), expected);

    let text = "dv/dt = -v/(10*secnd) : 1";
    let expected = "\
nothing has the name `secnd`; did you mean `second`?
  at line 1, column 16
  |
1 | dv/dt = -v/(10*secnd) : 1
  |                ^^^^^";
    assert_eq!(error(text).render(text), expected);
}

#[test]
fn messages_say_what_was_expected_and_found() {
    for (text, expected) in [
        ("dv/dt = -v : volt", "dv/dt should have the unit volt/second, and has volt"),
        ("dv/dt = v and 1 : 1", "`and` works on what is true or false, and this is a number"),
        ("v = 1*volt : amp", "`v` should have the unit amp, and has volt"),
        ("dv/dt = exp(v)/tau : volt", "argument 1 of `exp` should have the unit 1, and has volt"),
        ("dv/dt = xi : 1", "dv/dt should have the unit 1/second, and has 1/second**0.5"),
        ("dv/dt = -v/tau : mV", "variables are kept in SI units: `volt`, not `mV`"),
        ("dv/dt = -v/tau", "expected `:` and a unit (`: 1` for none), found the end"),
        ("dv/dt = -v/tau\ndw/dt = 1 : 1", "expected `:` and a unit (`: 1` for none), found `dw`"),
        ("dv/dx = -v/tau : 1", "derivatives are by time: `dv/dt`, not `dv/dx`"),
        ("a = b : 1\nb = c : 1\nc = a : 1", "subexpressions go in a circle: a -> b -> c -> a"),
        ("dv/dt = -v/taus : 1", "nothing has the name `taus`; did you mean `tau`?"),
        ("dv/dt = epx(v)/tau : 1", "no function has the name `epx`; did you mean `exp`?"),
        ("dv/dt = -v/tau : vlt", "`vlt` is no unit; did you mean `volt`?"),
        ("dv/dt = -v/tau : 1 (unless refractry)", "`unless refractry` is no flag; did you mean `unless refractory`?"),
        ("dv/dt = 3mV/tau : 1", "a number ends in `m`; a unit is multiplied, as in `3*mV`"),
        ("dv/dt = v² : 1", "`²` has no meaning in equations"),
        ("dv/dt = exp/tau : 1", "`exp` is a function; it needs arguments in parentheses"),
        ("dv/dt = (v > 0.5)/tau : 1", "`/` works on numbers, and this is true or false; `int(...)` makes 1 or 0 of it"),
        ("v : 1 (constant, constant)", "the flag `constant` stands twice"),
        ("v : 1 (constant, linked)", "the flags `constant` and `linked` exclude each other"),
        ("dv/dt = (v*volt)**tau/tau : 1", "an exponent has no unit, and this has second"),
        (
            "x = v**0.123 : 1\nv : volt",
            "the unit volt cannot be raised to the power 0.123: exponents of units must be multiples of 1/60",
        ),
        ("x = sqrt(v) + w : volt\nv : volt**2\nw : 1", "the sides of `+` have different units: volt and 1"),
        ("x = f(y=1) : 1", "arguments with names cannot be used in equations; arguments stand in their order"),
    ] {
        assert_eq!(error(text).to_string(), expected, "{text}");
    }
}

#[test]
fn places_are_those_of_the_text() {
    let place = |text: &str| {
        let error = error(text);
        (error.line_and_column(text), error.span.text(text).to_owned())
    };
    assert_eq!(place("# é\ndv/dt = (1 +\n  w)/tau : 1"), ((3, 3), "w".to_owned()));
    assert_eq!(place("dv/dt = -v/tau\n\n\ndw/dt = 1 : 1"), ((1, 15), String::new()));
    assert_eq!(place("v : 1\n  v : 1"), ((2, 3), "v".to_owned()));
    // Of a text that lies in another.
    let moved = error("v : 1\n  v : 1").moved(100);
    assert_eq!((moved.span.start, moved.related[0].0.start), (108, 100));
}

#[test]
fn dimensions_are_written_as_they_are_read() {
    for text in [
        "1",
        "volt",
        "volt/second",
        "siemens/metre**2",
        "farad/metre**2",
        "amp/metre**2",
        "1/second",
        "1/second**0.5",
        "ohm*metre",
        "volt**2",
        "1/volt",
        "metre**3*second**2",
        "joule/kelvin",
        "volt*second**0.5",
        "mole/metre**3",
        "kilogram*metre**1.5/kelvin",
    ] {
        let (values, dimension) = parse_unit(text).unwrap();
        assert_eq!(values, Values::Float);
        let shown = dimension.to_string();
        assert_eq!(parse_unit(&shown).unwrap().1, dimension, "{text} is shown as {shown}");
    }
    for (text, shown) in
        [("amp*ohm/second", "volt/second"), ("siemens*volt", "amp"), ("hertz", "1/second"), ("volt*amp", "watt")]
    {
        assert_eq!(parse_unit(text).unwrap().1.to_string(), shown);
    }
}

fn statement_scope() -> Scope {
    let equations =
        Equations::parse("dv/dt = -v/tau : volt\nx = v*2 : volt\nw : 1\nb : boolean\nc : 1 (constant)\nn : integer");
    let mut scope = Scope::neurons(&equations.unwrap());
    scope.add_parameter("tau", Quantity { value: 0.01, dimension: Dimension::SECOND });
    scope.add_refractoriness();
    scope
}

#[test]
fn statements_are_checked() {
    let scope = statement_scope();
    let check = |text: &str| check_statements(&parse_statements(text).unwrap(), &scope);
    let locals = check("new = v/(2*mV); w += new\n v = (-70*\n mV); on = v > 0*mV and b; b = on # and so on").unwrap();
    let names: Vec<(&str, Type)> = locals.iter().map(|local| (local.name.as_str(), local.gives)).collect();
    assert_eq!(names, [("new", Type::Number(Dimension::NONE)), ("on", Type::Boolean)]);
    check("v *= 2; v /= 2; v %= 10*mV; n = 2; not_refractory = True").unwrap();
    assert!(check("").unwrap().is_empty());

    for (text, expected) in [
        ("v = 0", "what is written to `v` should have the unit volt, and has 1"),
        ("v *= 2*mV", "the factor of `v` should have the unit 1, and has volt"),
        ("x = 1*mV", "`x` cannot be written: it is computed from its equation"),
        ("c = 1", "`c` cannot be written: it is declared `constant`"),
        ("t = 1*ms", "`t` cannot be written: it is given by the simulation"),
        ("tau = 1*ms", "`tau` cannot be written: it is a fixed parameter"),
        ("new += 1", "`new` is no variable; a new local variable begins with `new = ...`"),
        ("mV = 1", "`mV` is no name for a variable: it is a unit"),
        ("w = v > 0*mV", "what is written to `w` should be a number, and is true or false"),
        ("b = 1", "what is written to `b` should be true or false, and is a number"),
        ("b += 1", "`+=` works on numbers, and this is true or false; `int(...)` makes 1 or 0 of it"),
        ("w = xi", "nothing has the name `xi`"),
        ("old = new", "nothing has the name `new`"),
    ] {
        let found = check(text).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{text}: {found}");
    }
    for text in ["v", "v == 1", "a = b = c", "1 = v", "v += ", "if v: w", "v = 1 w = 2"] {
        assert!(parse_statements(text).is_err(), "{text}");
    }
}

#[test]
fn comparisons_count_in_statements_alone() {
    let text = "v += 2*mV*(rand() < 0.5) - -(1 < 2)*mV";
    let statements = parse_statements(text).unwrap();
    assert_eq!(statements[0].to_string(), "v += 2*mV*int(rand() < 0.5) - -int(1 < 2)*mV");
    check_statements(&statements, &statement_scope()).unwrap();
    assert!(parse_expression("2*(1 < 2)").is_err());
    // Variables that are true or false have no such form.
    assert!(check_statements(&parse_statements("w = 2*b").unwrap(), &statement_scope()).is_err());
}

#[test]
fn conditions_are_true_or_false() {
    let scope = statement_scope();
    let check = |text: &str| check_condition(&parse_expression(text).unwrap(), &scope, "the threshold");
    check("v > -50*mV and not b or 0 < w <= 1 and b == (w > 2)").unwrap();
    assert_eq!(check("v").unwrap_err().to_string(), "the threshold should be true or false, and is a number");
    assert!(check("b < b").is_err());
    assert!(check("1 < b").is_err());
    assert!(check("v > 0").is_err());
    assert!(check("0*mV < v < 1").is_err());
}

#[test]
fn synapses_have_flags_and_names_of_their_own() {
    let check = |text: &str| check_model(&Equations::parse(text).unwrap(), Model::Synapses);
    check("w : 1\ndapre/dt = -apre/tau : 1 (event-driven)\ndapost/dt = -apost/tau : 1 (event-driven)").unwrap();
    check("g_post = w*s : siemens (summed)\nw : siemens\nds/dt = -s/tau : 1 (clock-driven)").unwrap();
    for (text, expected) in [
        ("j : 1", "`j` is no name"),
        ("delay : second", "`delay` is no name"),
        ("w_post : 1", "`w_post` is no name"),
        ("da/dt = -a/tau : 1 (event-driven, clock-driven)", "the flags"),
        ("da/dt = -a/tau : 1 (unless refractory)", "an equation of a derivative cannot have the flag"),
        ("x_post = a : 1 (summed, shared)\na : 1", "the flags"),
        ("da/dt = -a/tau : 1 (event-driven)\ndb/dt = c/tau : 1\nc = a : 1", "`a` is event-driven, and `b` is not"),
        ("da/dt = -c/tau : 1 (event-driven)\ndb/dt = -b/tau : 1\nc = b : 1", "`a` is event-driven, and `b` is not"),
        ("da/dt = -a/tau : 1 (event-driven)\nx_post = a : 1 (summed)", "`a` is event-driven, and `x_post` is not"),
    ] {
        let found = check(text).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{text}: {found}");
    }
}

#[test]
fn variables_come_before_parameters_and_these_before_constants() {
    let equations = Equations::parse("gas_constant : 1").unwrap();
    let mut scope = Scope::neurons(&equations);
    let volt = Quantity { value: 2.0, dimension: Dimension::VOLT };
    assert!(!scope.add_parameter("gas_constant", volt));
    assert!(scope.add_parameter("zero_celsius", volt));
    let of = |text: &str| check_expression(&parse_expression(text).unwrap(), &scope).unwrap();
    assert_eq!(of("gas_constant"), Type::Number(Dimension::NONE));
    assert_eq!(of("zero_celsius"), Type::Number(Dimension::VOLT));
    assert_eq!(fixed_value(&parse_expression("2*zero_celsius").unwrap(), &scope).unwrap().value, 4.0);
    let error = fixed_value(&parse_expression("2*gas_constant").unwrap(), &scope).unwrap_err();
    assert!(matches!(error.problem, Problem::NotFixed { .. }));
    assert!(fixed_value(&parse_expression("rand()").unwrap(), &scope).is_err());
    assert!(fixed_value(&parse_expression("1 < 2").unwrap(), &scope).is_err());
}

#[test]
fn callables_have_their_arguments_checked() {
    let mut scope = statement_scope();
    let arguments = vec![Type::Number(Dimension::VOLT), Type::Boolean];
    scope.add_callable("f", Callable::Function { arguments, result: Type::Boolean, stateful: true });
    let per_element = Callable::TimedArray { dimension: Dimension::VOLT, per_element: true, constant_over_step: true };
    scope.add_callable("TA", per_element);
    let any = Variable { values: Values::Float, dimension: Dimension::VOLT, read_only: None, shared: false };
    scope.add_variable("v_post", any);
    let check = |text: &str| check_expression(&parse_expression(text).unwrap(), &scope);
    assert_eq!(check("f(v_post, b)"), Ok(Type::Boolean));
    assert_eq!(check("TA(t, i)"), Ok(Type::Number(Dimension::VOLT)));
    for text in [
        "f(v, 1)",
        "f(b, b)",
        "f(v)",
        "TA(t)",
        "TA(1, i)",
        "TA(v, i)",
        "clip(v, 0, 1)",
        "timestep(v, dt)",
        "abs(b)",
        "int(v)",
    ] {
        assert!(check(text).is_err(), "{text}");
    }
}

#[test]
fn numbers_are_those_of_python() {
    let value = |text: &str| evaluate(&parse_expression(text).unwrap(), &|_| None).unwrap();
    for (text, expected) in [
        ("-2**2", -4.0),
        ("2**3**2", 512.0),
        ("2**-1", 0.5),
        ("-7 // 2", -4.0),
        ("7 // -2", -4.0),
        ("-7 % 3", 2.0),
        ("7 % -3", -2.0),
        ("1 - 2 - 3", -4.0),
        ("8/4/2", 1.0),
        ("2*3 % 4", 2.0),
        (".5 + 1. + 1e-1 + 2E+1", 21.6),
        ("int(not 1 > 2 and 2 > 1)", 1.0),
        ("int(1 < 3 < 2)", 0.0),
        ("int(-1.5)", -1.0),
        ("exprel(0) + exprel(1e-9)", 2.0000000005),
        ("clip(3, 0, 2) + clip(-1, 0, 2)", 2.0),
        ("timestep(0.3, 0.1)", 3.0),
        ("sign(-2) + sign(0) + floor(-1.5) + ceil(1.5)", -1.0),
    ] {
        let Value::Number(found) = value(text) else { panic!("{text}") };
        assert!((found - expected).abs() <= 1e-12, "{text}: {found}");
    }
    assert_eq!(value("True and False or True"), Value::Boolean(true));
    for text in [
        "1e999",
        "0x10",
        "1j",
        "1_000",
        "1..2",
        "a b",
        "a ? b",
        "",
        "(",
        ")",
        "a,",
        "f(",
        "f(a b)",
        "a[1]",
        "a.b",
        "'a'",
        "lambda: 1",
        "a if b",
        "not",
        "a **",
        "a === b",
        "a & b",
        "a\u{a0}b",
    ] {
        assert!(parse_expression(text).is_err(), "{text}");
    }
}

#[test]
fn deep_and_long_texts_end_in_an_error_or_a_result() {
    let million = 1_000_000;
    for text in [
        "(".repeat(million),
        "-".repeat(million),
        "not ".repeat(million / 4),
        "2**".repeat(million / 3),
        "f(".repeat(million / 2),
        "1+".repeat(million / 2) + "1",
        "1<".repeat(million / 2),
        "a and ".repeat(million / 6),
        "x".repeat(million) + "y z",
        "9".repeat(million),
        "#".repeat(million),
        "\\\n".repeat(million / 2),
        "v : 1 (".repeat(million / 7),
        "v : (".to_owned() + &"(".repeat(million),
        "v : volt**".to_owned() + &"(-".repeat(million / 2),
        "v : volt".to_owned() + &"*volt".repeat(million / 5),
    ] {
        for error in [parse_expression(&text).err(), Equations::parse(&text).err(), parse_statements(&text).err()] {
            let Some(error) = error else { continue };
            assert!(error.render(&text).len() < 3_000_000);
        }
    }
    assert!(matches!(Equations::parse(&" ".repeat(20 << 20)).unwrap_err().problem, Problem::TextTooLong { .. }));
    // Chains are not nested, however long.
    let chain = "1 < ".repeat(100_000) + "2";
    assert!(evaluate(&parse_expression(&chain).unwrap(), &|_| None).is_ok());
}

#[test]
fn the_highest_trees_can_be_worked_on() {
    let terms = MAX_HEIGHT as usize - 2;
    let text = format!("dv/dt = ({}v)/tau : 1\nw : 1", "v*2 + w + ".repeat(terms / 2 - 1));
    let equations = Equations::parse(&text).unwrap();
    let mut scope = Scope::neurons(&equations);
    scope.add_parameter("tau", Quantity { value: 0.01, dimension: Dimension::SECOND });
    check_equations(&equations, &scope).unwrap();
    let system = System::clock_driven(&equations).unwrap();
    let drift = &system.equations[0].drift;
    assert!(drift.height() > MAX_HEIGHT - 5);
    assert!(linear_system(&system, &scope).is_ok());
    assert!(conditionally_linear(&system, 0).is_ok());
    assert!(derivative(drift, "v").is_ok());
    assert_eq!(simplify(drift.clone(), &scope).height(), drift.height());
    assert!(drift.to_string().len() > terms);
    let one = |_: &str| Some(Value::Number(1.0));
    assert_eq!(evaluate(drift, &one).unwrap(), Value::Number((terms / 2 - 1) as f64 * 3.0 + 1.0));
    assert!(Equations::parse(&format!("x = {}v : 1\nv : 1", "v + ".repeat(terms + 5))).is_err());
}

#[test]
fn a_hundred_thousand_variables_take_no_time() {
    let mut text = String::new();
    for index in 0..50_000 {
        let next = index + 1;
        text.push_str(&format!("dv{index}/dt = (s{index} - v{index})/tau : 1\ns{index} = v{next}*2 : 1\n"));
    }
    text.push_str("v50000 : 1");
    let equations = Equations::parse(&text).unwrap();
    check_model(&equations, Model::Neurons).unwrap();
    let mut scope = Scope::neurons(&equations);
    scope.add_parameter("tau", Quantity { value: 0.01, dimension: Dimension::SECOND });
    check_equations(&equations, &scope).unwrap();
    let system = System::clock_driven(&equations).unwrap();
    assert_eq!(linear_system(&system, &scope).unwrap().matrix.len(), 50_000 + 49_999);

    // A chain of subexpressions, each of the one before; and a circle of as many.
    let chain = |last: &str| {
        let lines = (1..100_000).map(|index| format!("x{index} = x{} : 1\n", index - 1));
        format!("x0 = {last} : 1\n{}", lines.collect::<String>())
    };
    assert_eq!(Equations::parse(&chain("1")).unwrap().subexpressions().count(), 100_000);
    assert!(matches!(Equations::parse(&chain("x99999")).unwrap_err().problem, Problem::Cycle { .. }));
}
