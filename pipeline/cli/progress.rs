//! A bar per stage, drawn from the stream of events; where stderr is no terminal, a line every now and then.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lapicque_pipeline::Event;

use crate::tell;
use crate::text::duration;

/// Failures told one by one; more are counted at the end.
const TOLD_FAILURES: usize = 5;
/// How often a line is written where there are no bars.
const EVERY: Duration = Duration::from_secs(30);
/// Parts of a sample that a bar can show.
const PARTS: u64 = 1000;

pub(crate) struct Progress {
    bars: Option<MultiProgress>,
    state: Mutex<State>,
    lines: Option<Lines>,
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

/// A thread that writes a line of progress at intervals.
struct Lines {
    stages: Arc<Mutex<Vec<Counted>>>,
    end: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

/// How far a stage is, in samples.
#[derive(Debug, Clone, PartialEq)]
struct Counted {
    stage: String,
    due: u64,
    done: f64,
    /// Parts of samples told in advance of batches that are not finished.
    ahead: f64,
    /// When its first sample began.
    begun: Option<Instant>,
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
    /// Bars on a terminal, else a line every 30 s.
    pub(crate) fn new(quiet: bool) -> Self {
        Self::every(quiet, EVERY)
    }

    /// Bars on a terminal, else a line at each interval, if it is not zero.
    pub(crate) fn every(quiet: bool, every: Duration) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bars = (!quiet && is_terminal).then(MultiProgress::new);
        let lines = (!quiet && !is_terminal && !every.is_zero()).then(|| Lines::every(every));
        Self { bars, state: Mutex::default(), lines }
    }

    pub(crate) fn hear(&self, event: &Event) {
        if let Some(lines) = &self.lines {
            count(&mut lines.stages.lock().unwrap_or_else(PoisonError::into_inner), event, Instant::now());
        }
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
                // A search has made samples, or a run that met damage plans anew.
                if let Some(known) = state.by_stage.get(stage) {
                    known.bar.set_length(known.bar.position() + (samples - cached) * PARTS);
                    return;
                }
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
        if let Some(lines) = &self.lines {
            let _ = lines.end.send(());
        }
    }

    fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| tell(text)),
            None => tell(text),
        }
    }
}

impl Lines {
    fn every(every: Duration) -> Self {
        let stages: Arc<Mutex<Vec<Counted>>> = Arc::default();
        let (end, ended) = channel();
        let told = stages.clone();
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let stages = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(line) = line(&stages, begun.elapsed(), Instant::now()) {
                    tell(&line);
                }
            }
        });
        Self { stages, end, thread: Some(thread) }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // It may have been told before.
        let _ = self.end.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes an event into the counts of stages that have something to do, in the order of the plan.
fn count(stages: &mut Vec<Counted>, event: &Event, now: Instant) {
    let find = |stages: &mut Vec<Counted>, name: &str| stages.iter().position(|counted| counted.stage == name);
    match event {
        Event::StagePlanned { stage, samples, cached } => {
            // A run that met damage plans anew.
            stages.retain(|counted| counted.stage != *stage);
            if cached < samples {
                let due = samples - cached;
                stages.push(Counted { stage: stage.clone(), due, done: 0.0, ahead: 0.0, begun: None });
            }
        }
        Event::Progress { stage, fraction } => {
            if let Some(at) = find(stages, stage) {
                stages[at].begun.get_or_insert(now);
                stages[at].ahead += fraction;
            }
        }
        Event::BatchFinished { stage, computed, cut_off, failed, .. } => {
            if let Some(at) = find(stages, stage) {
                let done = (computed + cut_off).max(*failed) as f64;
                stages[at].begun.get_or_insert(now);
                stages[at].done += done;
                stages[at].ahead = (stages[at].ahead - done).max(0.0);
            }
        }
        Event::StageFinished { stage, .. } => stages.retain(|counted| counted.stage != *stage),
        _ => {}
    }
}

/// `after 5 min 0 s: spikes 12.5 of 50, about 15 min 0 s left; features 3 of 50`; nothing where nothing is under way.
fn line(stages: &[Counted], elapsed: Duration, now: Instant) -> Option<String> {
    let under_way = |counted: &&Counted| counted.begun.is_some() && counted.due > 0;
    let told: Vec<String> = stages.iter().filter(under_way).map(|counted| counted.told(now)).collect();
    let waiting = stages.iter().filter(|counted| counted.begun.is_none()).count();
    let stages = if waiting == 1 { "stage" } else { "stages" };
    let text = match (told.is_empty(), waiting) {
        (true, 0) => return None,
        (true, n) => format!("{n} {stages} to do"),
        (false, 0) => told.join("; "),
        (false, n) => format!("{}; {n} more {stages} to do", told.join("; ")),
    };
    Some(format!("after {}: {text}", duration(elapsed.as_secs_f64())))
}

impl Counted {
    fn told(&self, now: Instant) -> String {
        let due = self.due as f64;
        let done = (self.done + self.ahead).min(due);
        let taken = self.begun.map_or(0.0, |begun| now.saturating_duration_since(begun).as_secs_f64());
        let is_known = taken > 0.0 && done > 0.0 && done < due;
        let left = is_known.then(|| format!(", about {} left", duration(taken * (due - done) / done)));
        let done = if done.fract() < 0.05 { format!("{done:.0}") } else { format!("{done:.1}") };
        format!("{} {done} of {}{}", self.stage, self.due, left.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(stage: &str, computed: u64) -> Event {
        let stage = stage.to_owned();
        Event::BatchFinished { stage, computed, cut_off: 0, failed: 0, seconds: 1.0, bytes: 0 }
    }

    #[test]
    fn a_line_says_how_far_each_stage_is_and_what_is_left() {
        let begun = Instant::now();
        let after = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut stages = Vec::new();
        let line = |stages: &[Counted], seconds: u64| line(stages, Duration::from_secs(seconds), after(seconds));
        assert_eq!(line(&stages, 30), None);
        for (stage, samples, cached) in
            [("parameters", 50, 50), ("spikes", 50, 10), ("features", 50, 0), ("model", 1, 0)]
        {
            count(&mut stages, &Event::StagePlanned { stage: stage.to_owned(), samples, cached }, begun);
        }
        assert_eq!(line(&stages, 30).as_deref(), Some("after 30.0 s: 3 stages to do"));
        count(&mut stages, &Event::Progress { stage: "spikes".to_owned(), fraction: 0.5 }, after(30));
        assert_eq!(
            line(&stages, 60).as_deref(),
            Some("after 60.0 s: spikes 0.5 of 40, about 39 min 30 s left; 2 more stages to do")
        );
        count(&mut stages, &Event::Progress { stage: "spikes".to_owned(), fraction: 0.5 }, after(70));
        count(&mut stages, &finished("spikes", 10), after(90));
        count(&mut stages, &finished("features", 10), after(90));
        assert_eq!(
            line(&stages, 90).as_deref(),
            Some("after 90.0 s: spikes 10 of 40, about 3 min 0 s left; features 10 of 50; 1 more stage to do")
        );
        count(
            &mut stages,
            &Event::StageFinished { stage: "spikes".to_owned(), cached: 10, computed: 40, cut_off: 0, failed: 0 },
            after(120),
        );
        assert!(line(&stages, 120).is_some_and(|line| !line.contains("spikes")));
    }

    #[test]
    fn lines_end_with_what_they_tell_of() {
        let progress =
            Progress { bars: None, state: Mutex::default(), lines: Some(Lines::every(Duration::from_secs(3600))) };
        progress.hear(&Event::StagePlanned { stage: "spikes".to_owned(), samples: 1, cached: 0 });
        progress.finish();
        drop(progress);
    }
}
