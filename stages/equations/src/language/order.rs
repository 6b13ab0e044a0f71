//! The order in which subexpressions are computed.

use std::collections::HashMap;

use super::equation::{Definition, Equation};
use super::error::{LanguageError, Problem};

/// Indices of subexpressions, each after those that it uses. Where there is a choice, the order is that of the text.
///
/// # Errors
/// [`Problem::Cycle`] with the names of one circle.
pub(super) fn order(equations: &[Equation], by_name: &HashMap<String, usize>) -> Result<Vec<usize>, LanguageError> {
    let uses: Vec<Vec<usize>> = equations.iter().map(|equation| used(equation, equations, by_name)).collect();
    let mut state = vec![State::Unseen; equations.len()];
    let mut order = Vec::new();
    for start in 0..equations.len() {
        if state[start] != State::Unseen || !is_subexpression(&equations[start]) {
            continue;
        }
        // The way from `start` to where we are, with how many uses of each were followed.
        let mut way = vec![(start, 0)];
        state[start] = State::OnTheWay;
        while let Some((at, followed)) = way.last_mut() {
            let (here, next) = (*at, uses[*at].get(*followed).copied());
            *followed += 1;
            match next {
                None => {
                    state[here] = State::Done;
                    order.push(here);
                    way.pop();
                }
                Some(next) if state[next] == State::Unseen => {
                    state[next] = State::OnTheWay;
                    way.push((next, 0));
                }
                Some(next) if state[next] == State::OnTheWay => return Err(circle(&way, next, equations)),
                Some(_) => {}
            }
        }
    }
    Ok(order)
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Unseen,
    OnTheWay,
    Done,
}

fn is_subexpression(equation: &Equation) -> bool {
    matches!(equation.definition, Definition::Subexpression(_))
}

/// Subexpressions that a subexpression uses.
fn used(equation: &Equation, equations: &[Equation], by_name: &HashMap<String, usize>) -> Vec<usize> {
    let Definition::Subexpression(expression) = &equation.definition else { return Vec::new() };
    let indices = expression.names().into_iter().filter_map(|name| by_name.get(name).copied());
    indices.filter(|&index| is_subexpression(&equations[index])).collect()
}

fn circle(way: &[(usize, usize)], back_to: usize, equations: &[Equation]) -> LanguageError {
    let names = way.iter().map(|&(index, _)| index).skip_while(|&index| index != back_to).chain([back_to]);
    // A circle of thousands is not told in full.
    let names: Vec<String> = names.take(20).map(|index| equations[index].name.clone()).collect();
    LanguageError::new(Problem::Cycle { names }, equations[back_to].name_span)
}
