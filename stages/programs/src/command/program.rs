//! Finds programs, and asks them for their version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::printed::Printed;
use crate::process::{how, start};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(60);
/// Characters of a version that are kept.
const LONGEST: usize = 2000;

/// The file of a program: a path, from this folder, or a name that is looked up in PATH.
pub(super) fn find(name: &str, folder: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        let path = folder.join(name);
        return match path.is_file() {
            true => Ok(std::path::absolute(&path).unwrap_or(path)),
            false => Err(format!("there is no program `{}`", path.display())),
        };
    }
    let places = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&places).map(|place| place.join(name)).find(|path| is_program(path));
    found.ok_or_else(|| format!("there is no program `{name}` in PATH; install it, or give its path"))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// What a command says of its version.
pub(super) fn version(words: &[String], folder: &Path) -> Result<String, String> {
    let [name, arguments @ ..] = words else {
        return Err("it is empty; write e.g. `Rscript --version`".to_owned());
    };
    let program = find(name, folder)?;
    let shown = words.join(" ");
    let failed = |error: std::io::Error| format!("cannot start `{shown}`: {error}");
    let (listen, speak) = std::io::pipe().map_err(failed)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.stdout(speak.try_clone().map_err(failed)?).stderr(speak);
    let mut process = start(&mut command, 1).map_err(failed)?;
    drop(command);
    let printed = Printed::hear(listen, None).map_err(failed)?;
    let began = Instant::now();
    let status = loop {
        match process.ended() {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                return Err(format!("`{shown}` says nothing for {} s", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    process.end();
    let said: String = printed.all().unwrap_or_default().chars().take(LONGEST).collect();
    match (status.success(), said.is_empty()) {
        (true, false) => Ok(said),
        (true, true) => Err(format!("`{shown}` says nothing")),
        (false, _) => Err(format!("`{shown}` {}", how(Some(status)))),
    }
}
