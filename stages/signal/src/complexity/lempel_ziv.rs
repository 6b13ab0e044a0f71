//! Lempel-Ziv complexity of a series that is above or below its median.
//!
//! The sequence is read from left to right; a phrase ends where what was read of it does not occur before
//! its own last symbol, and the last phrase may be incomplete. What occurs is looked up in a suffix
//! automaton of all that was read, so the time is linear.
//!
//! Reference: Kaspar F & Schuster HG (1987) Phys Rev A 36:842 (the same count); Blumer A et al. (1985)
//! Theor Comput Sci 40:31 (the automaton).

use super::variance::all_finite;

/// Phrases of a sequence of symbols.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LempelZiv {
    /// How many there are; NaN for an empty series.
    pub phrases: f64,
    /// Over n / log2 n, which a fair coin reaches in the limit; NaN below two values.
    pub normalized: f64,
}

/// Of a series against its median: whether x_i > median.
pub fn lempel_ziv(series: &[f64]) -> LempelZiv {
    let n = series.len();
    if n == 0 || n > (u32::MAX / 2) as usize || !all_finite(series) {
        return LempelZiv { phrases: f64::NAN, normalized: f64::NAN };
    }
    let mut sorted = series.to_vec();
    let (below, upper, _) = sorted.select_nth_unstable_by(n / 2, f64::total_cmp);
    let median = match n % 2 {
        1 => *upper,
        _ => 0.5 * *upper + 0.5 * below.iter().fold(f64::NEG_INFINITY, |most, x| most.max(*x)),
    };
    let phrases = phrases(series.iter().map(|x| *x > median), n) as f64;
    let normalized = if n < 2 { f64::NAN } else { phrases / (n as f64 / (n as f64).log2()) };
    LempelZiv { phrases, normalized }
}

const NONE: u32 = u32::MAX;

/// A class of words that end at the same places: of lengths from that of `link`, exclusive, to `len`.
#[derive(Clone, Copy)]
struct State {
    next: [u32; 2],
    link: u32,
    len: u32,
}

fn phrases(symbols: impl Iterator<Item = bool>, n: usize) -> usize {
    let mut states = Vec::with_capacity(2 * n);
    states.push(State { next: [NONE; 2], link: NONE, len: 0 });
    // The whole of what was read, and the phrase so far, with its length.
    let (mut whole, mut phrase, mut len) = (0, 0, 0);
    let mut complete = 0;
    for symbol in symbols.map(usize::from) {
        let longer = states[phrase as usize].next[symbol];
        whole = extended(&mut states, whole, symbol);
        if longer == NONE {
            complete += 1;
            (phrase, len) = (0, 0);
            continue;
        }
        (phrase, len) = (longer, len + 1);
        // The class may just have been split: the shorter words of it are in another one now.
        while states[phrase as usize].link != NONE && states[states[phrase as usize].link as usize].len >= len {
            phrase = states[phrase as usize].link;
        }
    }
    complete + usize::from(len > 0)
}

/// Adds a symbol to an automaton whose whole word has the state `whole`; returns that of the new one.
fn extended(states: &mut Vec<State>, whole: u32, symbol: usize) -> u32 {
    let new = states.len() as u32;
    states.push(State { next: [NONE; 2], link: 0, len: states[whole as usize].len + 1 });
    let mut at = whole;
    while at != NONE && states[at as usize].next[symbol] == NONE {
        states[at as usize].next[symbol] = new;
        at = states[at as usize].link;
    }
    if at == NONE {
        return new;
    }
    let old = states[at as usize].next[symbol];
    if states[old as usize].len == states[at as usize].len + 1 {
        states[new as usize].link = old;
        return new;
    }
    let clone = states.len() as u32;
    states.push(State { len: states[at as usize].len + 1, ..states[old as usize] });
    while at != NONE && states[at as usize].next[symbol] == old {
        states[at as usize].next[symbol] = clone;
        at = states[at as usize].link;
    }
    states[old as usize].link = clone;
    states[new as usize].link = clone;
    new
}
