//! Clocks, and the order in which things happen in a step.
//!
//! Each clock counts steps; step k is at the time k dt. In each round those clocks move whose time is the earliest of
//! all. A run ends at step round(T/dt) of a clock if that is within a ten thousandth of a step of T, else at the next
//! above.

use super::context::not_allowed;
use super::description::Slot;
use super::error::NetworkError;

/// Times that differ by less than this part of a step are the same.
const SAME: f64 = 1e-4;
/// Runs of more steps would lose steps to rounding of times.
pub(crate) const MOST_STEPS: f64 = (1_u64 << 40) as f64;

/// A clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    /// Its step, in s.
    pub dt: f64,
    /// Whether it follows the step of the model.
    follows: bool,
    /// The number of the step that comes next.
    pub step: u64,
    /// Behind the last step of the run.
    end: u64,
}

/// All clocks of a model, the first of which is that of the model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clocks {
    all: Vec<Clock>,
    /// Which clocks move in this round.
    moving: Vec<bool>,
}

impl Clocks {
    /// The clock of the model.
    pub(crate) fn new(dt: f64) -> Self {
        Self { all: vec![Clock { dt, follows: true, step: 0, end: 0 }], moving: vec![false] }
    }

    /// The number of the clock of step `dt`; of that of the model if there is none.
    pub(crate) fn of(&mut self, dt: Option<f64>) -> usize {
        let Some(dt) = dt else { return 0 };
        let known = self.all.iter().position(|clock| !clock.follows && clock.dt == dt);
        known.unwrap_or_else(|| {
            self.all.push(Clock { dt, follows: false, step: 0, end: 0 });
            self.moving.push(false);
            self.all.len() - 1
        })
    }

    /// A clock.
    pub(crate) fn clock(&self, number: usize) -> &Clock {
        &self.all[number]
    }

    /// Gives the clock of the model another step at time `now`.
    ///
    /// # Errors
    /// A time that is no whole number of steps.
    pub(crate) fn change(&mut self, path: &str, dt: f64, now: f64) -> Result<(), NetworkError> {
        if self.all[0].dt == dt {
            return Ok(());
        }
        let Some(step) = nearest_step(now, dt) else {
            let allowed = format!("the time so far, {now} s, is a whole number of steps");
            return Err(not_allowed(path, format!("{dt} s"), allowed));
        };
        self.all[0].dt = dt;
        self.all[0].step = step;
        Ok(())
    }

    /// Prepares a run from `start` to `end`, in s. Gives the number of steps of the clock with the most.
    ///
    /// # Errors
    /// Runs that are too long.
    pub(crate) fn prepare(&mut self, path: &str, start: f64, end: f64) -> Result<u64, NetworkError> {
        let mut most = 0;
        for clock in &mut self.all {
            if end / clock.dt > MOST_STEPS {
                let allowed = format!("at most {MOST_STEPS} steps of {} s", clock.dt);
                return Err(not_allowed(path, format!("a run to {end} s"), allowed));
            }
            clock.step = clock.step.max(step_at(start, clock.dt));
            clock.end = step_at(end, clock.dt);
            most = most.max(clock.end.saturating_sub(clock.step));
        }
        Ok(most)
    }

    /// Finds out which clocks move next. Says whether any does: none when the run is over.
    pub(crate) fn round(&mut self) -> bool {
        let going = |clock: &Clock| clock.step < clock.end;
        let time = |clock: &Clock| clock.step as f64 * clock.dt;
        let first = self.all.iter().filter(|clock| going(clock)).map(time).fold(f64::INFINITY, f64::min);
        let mut any = false;
        for (clock, moving) in self.all.iter().zip(&mut self.moving) {
            *moving = going(clock) && time(clock) - first <= SAME * clock.dt;
            any |= *moving;
        }
        any
    }

    /// How many steps of `dt` (in s) the longest clock of this run would make since the beginning.
    pub(crate) fn steps_by(&self, dt: f64) -> u64 {
        let end = self.all.iter().map(|clock| clock.end as f64 * clock.dt).fold(0.0, f64::max);
        (end / dt).ceil() as u64
    }

    /// Moves the clocks of this round on.
    pub(crate) fn advance(&mut self) {
        for (clock, &moving) in self.all.iter_mut().zip(&self.moving) {
            clock.step += u64::from(moving);
        }
    }

    /// Whether this clock moves in this round.
    pub(crate) fn moves(&self, number: usize) -> bool {
        self.moving[number]
    }
}

/// The step that is at the time, if there is one.
fn nearest_step(time: f64, dt: f64) -> Option<u64> {
    let step = (time / dt).round();
    ((step * dt - time).abs() <= SAME * dt).then_some(step as u64)
}

/// The step at a time, or the next one after it.
fn step_at(time: f64, dt: f64) -> u64 {
    nearest_step(time, dt).unwrap_or_else(|| (time / dt).ceil() as u64)
}

/// When something happens in a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    slot: usize,
    order: i32,
    name: String,
}

#[cfg(test)]
impl Place {
    pub(crate) fn name_and_order(&self) -> (&str, i32) {
        (&self.name, self.order)
    }
}

/// The slots of a step, in their order.
pub(crate) struct Slots(Vec<String>);

impl Slots {
    /// Those of a model, or the usual ones.
    ///
    /// # Errors
    /// Names that are no slots, and slots that are there twice.
    pub(crate) fn new(schedule: Option<&[String]>) -> Result<Self, NetworkError> {
        let usual = || super::description::SLOTS.map(str::to_owned).to_vec();
        let Some(schedule) = schedule else { return Ok(Self(usual())) };
        for (place, name) in schedule.iter().enumerate() {
            if !usual().contains(name) {
                let allowed = format!("slots are {}", usual().join(", "));
                return Err(not_allowed("schedule", format!("`{name}`"), allowed));
            }
            if schedule[..place].contains(name) {
                return Err(not_allowed("schedule", format!("`{name}` twice"), "each slot once".to_owned()));
            }
        }
        Ok(Self(schedule.to_vec()))
    }

    /// The place of something in a step.
    ///
    /// # Errors
    /// A slot that the schedule of the model leaves out.
    pub(crate) fn place(&self, path: &str, slot: &Slot, order: i32, name: String) -> Result<Place, NetworkError> {
        let Some(slot) = slot.place(&self.0) else {
            let allowed = format!("the schedule of the model has {}", self.0.join(", "));
            return Err(not_allowed(path, format!("the slot `{}`", slot.name()), allowed));
        };
        Ok(Place { slot, order, name })
    }
}
