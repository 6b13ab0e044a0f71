//! Processes of users' programs: started in a group of their own, ended with all that they have started.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::guard;

/// How long a process that has closed its pipes may take to end.
const ENDING: Duration = Duration::from_secs(1);

/// Programs that divide sums among threads give other bits for another number of threads.
const THREADS: [&str; 8] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
];

/// A process, and all that it starts; ended when it is dropped.
pub(crate) struct Process {
    child: Child,
    ended: bool,
}

/// Starts a program that computes on so many threads. It must not begin its work before it has read something: it is watched
/// over as soon as this has returned.
pub(crate) fn start(command: &mut Command, threads: usize) -> io::Result<Process> {
    for name in THREADS {
        command.env(name, threads.to_string());
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    guard::begin();
    let child = command.spawn()?;
    guard::watch(child.id());
    Ok(Process { child, ended: false })
}

impl Process {
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends the process and what it has started, at once; says how it had ended before, if it had.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        let before = self.ended();
        if !self.ended {
            self.ended = true;
            self.kill_group();
            // It is dead or dying: this does not wait for long.
            let _ = self.child.wait();
            guard::forget(self.child.id());
        }
        before
    }

    /// How it ended, of a process that seems to have; one that has not is ended.
    pub(crate) fn end_soon(&mut self) -> Option<ExitStatus> {
        let began = Instant::now();
        while self.ended().is_none() && began.elapsed() < ENDING {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.end()
    }

    #[cfg(unix)]
    fn kill_group(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        if let Ok(group) = i32::try_from(self.child.id()) {
            // The group may be gone already.
            let _ = killpg(nix::unistd::Pid::from_raw(group), Signal::SIGKILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_group(&mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// How a process ended, as a part of a sentence.
pub(crate) fn how(status: Option<ExitStatus>) -> String {
    let Some(status) = status else {
        return "stopped answering".to_owned();
    };
    if let Some(code) = status.code() {
        return format!("ended with exit code {code}");
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            4 => " (SIGILL: an instruction that this processor does not have)",
            6 => " (SIGABRT: it gave up)",
            8 => " (SIGFPE: an impossible division of whole numbers)",
            9 => " (SIGKILL: the memory may have run out, or somebody ended it)",
            11 => " (SIGSEGV: it used memory that is not its own)",
            15 => " (SIGTERM: somebody ended it)",
            _ => "",
        };
        return format!("was ended by signal {signal}{name}");
    }
    "ended".to_owned()
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "(sleep 1000 & echo $! > inner; sleep 1000)"]).current_dir(folder.path());
        let mut process = start(&mut command, 1).unwrap();
        let inner = folder.path().join("inner");
        let began = Instant::now();
        let pid = loop {
            let text = std::fs::read_to_string(&inner).unwrap_or_default();
            if let Ok(pid) = text.trim().parse::<u32>() {
                break pid;
            }
            assert!(began.elapsed() < Duration::from_secs(60));
        };
        assert!(process.end().is_none(), "it had not ended by itself");
        let alive = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            status.is_ok_and(|status| !status.contains(") Z "))
        };
        while alive() {
            assert!(began.elapsed() < Duration::from_secs(60));
        }
    }

    #[test]
    fn ends_are_told_in_words() {
        let end = |script: &str| {
            let mut process = start(Command::new("/bin/sh").args(["-c", script]), 1).unwrap();
            how(process.end_soon())
        };
        assert_eq!(end("exit 3"), "ended with exit code 3");
        assert!(end("kill -SEGV $$").starts_with("was ended by signal 11 (SIGSEGV"));
    }
}
