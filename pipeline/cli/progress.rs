//! A bar per stage, drawn from the stream of events; nothing where stderr is no terminal.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lapicque_pipeline::Event;

use crate::tell;

/// Failures told one by one; more are counted at the end.
const TOLD_FAILURES: usize = 5;
/// Parts of a sample that a bar can show.
const PARTS: u64 = 1000;

pub(crate) struct Progress {
    bars: Option<MultiProgress>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_stage: HashMap<String, Stage>,
    failures: usize,
}

struct Stage {
    bar: ProgressBar,
    started: bool,
    /// Parts shown in advance of batches that are not finished.
    ahead: f64,
}

impl Stage {
    /// The time left counts from here, not from when the stage was planned.
    fn start(&mut self) {
        if !self.started {
            self.started = true;
            show(&self.bar, "{msg:<16} {wide_bar} {percent:>3} %  {eta:>6} left");
            self.bar.reset_eta();
            self.bar.enable_steady_tick(Duration::from_millis(500));
        }
    }
}

fn show(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let bars = (!quiet && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Self { bars, state: Mutex::default() }
    }

    pub(crate) fn hear(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::SampleFailed { stage, sample, message, .. } => {
                state.failures += 1;
                let sample = if sample.is_empty() { String::new() } else { format!(", sample {sample}") };
                match state.failures {
                    n if n <= TOLD_FAILURES => self.line(&format!("error: {stage}{sample}: {message}")),
                    n if n == TOLD_FAILURES + 1 => {
                        self.line("error: more samples failed; SELECT * FROM system.events lists them")
                    }
                    _ => {}
                }
            }
            Event::NotReproduced { stage, sample } => {
                self.line(&format!(
                    "warning: {stage}, sample {sample}: computing it again gave other values than before"
                ));
            }
            Event::Verified { stage, samples, differing } => {
                self.line(&format!("verified: {stage}: {samples} samples computed again, {differing} differ"));
            }
            Event::Waiting { stage } => {
                self.line(&format!("{stage}: another run computes samples of it; waiting for them"));
            }
            Event::Damaged { message } => {
                self.line(&format!("warning: damaged, and computed again where it is needed: {message}"));
            }
            Event::StageBlocked { stage, failed_upstream } => {
                self.line(&format!("error: {stage} did not run: {failed_upstream} samples upstream failed (`on_error: skip` there leaves them out)"));
            }
            _ => {}
        }
        let Some(bars) = &self.bars else {
            return;
        };
        match event {
            Event::StagePlanned { stage, samples, cached } if cached < samples => {
                let bar = bars.add(ProgressBar::new((samples - cached) * PARTS));
                show(&bar, "{msg:<16} waiting");
                bar.set_message(stage.clone());
                state.by_stage.insert(stage.clone(), Stage { bar, started: false, ahead: 0.0 });
            }
            Event::Progress { stage, fraction } => {
                if let Some(stage) = state.by_stage.get_mut(stage) {
                    stage.start();
                    stage.ahead += fraction;
                    stage.bar.inc((fraction * PARTS as f64) as u64);
                }
            }
            Event::BatchFinished { stage, computed, cut_off, failed, .. } => {
                if let Some(stage) = state.by_stage.get_mut(stage) {
                    stage.start();
                    let done = (computed + cut_off).max(*failed) as f64;
                    let shown = stage.ahead.min(done);
                    stage.ahead -= shown;
                    stage.bar.inc(((done - shown) * PARTS as f64) as u64);
                }
            }
            Event::StageFinished { stage, .. } => {
                if let Some(stage) = state.by_stage.remove(stage) {
                    stage.bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bars) = &self.bars {
            // Bars that cannot be removed stay on the screen, and that is all.
            let _ = bars.clear();
        }
    }

    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| tell(text)),
            None => tell(text),
        }
    }
}
