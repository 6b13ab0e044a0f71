//! The `lapicque` command in a process of its own.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command in a folder, without the user's settings.
pub(crate) fn lapicque(folder: &Path, arguments: &[&str]) -> Answer {
    lapicque_with(folder, arguments, &[])
}

pub(crate) fn lapicque_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapicque"));
    command.current_dir(folder).args(arguments).env_remove("LAPICQUE_STORE").envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Answer { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Answer {
    /// The answer of a command that must succeed.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.stderr.contains(text)
    }
}
