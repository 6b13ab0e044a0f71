//! Finds the interpreter, and asks it what a script is without running it.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use lapicque_pipeline::{BindRequest, ConfigError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::worker::{MODULE, command, read_head, skip_to_answers};
use crate::printed::{Printed, last_lines};
use crate::process::{how, start};

/// Names the interpreter where the pipeline file does not.
const VARIABLE: &str = "LAPICQUE_PYTHON";
const DEFAULT: &str = "python3";

/// What the interpreter says of itself and of a script.
#[derive(Debug, Deserialize)]
pub(super) struct Probed {
    /// Such as `cpython 3.11.7`.
    pub(super) python: String,
    executable: Option<String>,
    old: bool,
    pyarrow: bool,
    missing_as: Option<String>,
    pub(super) packages: BTreeMap<String, Option<String>>,
    /// What is wrong with the script or a module.
    pub(super) wrong: Option<String>,
    #[serde(default)]
    pub(super) modules: Vec<Module>,
    /// Modules of packages that are not listed.
    #[serde(default)]
    pub(super) unlisted: Vec<String>,
    #[serde(default)]
    pub(super) functions: Vec<String>,
    /// Whether the function may come from elsewhere than a definition.
    #[serde(default)]
    pub(super) elsewhere: bool,
    pub(super) signature: Option<Signature>,
}

/// A module beside the script.
#[derive(Debug, Deserialize)]
pub(super) struct Module {
    pub(super) module: String,
    /// From the folder of the script; none of a folder without `__init__.py`.
    pub(super) file: Option<String>,
    pub(super) package: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Signature {
    pub(super) arguments: Vec<String>,
    pub(super) required: Vec<String>,
    pub(super) positional_only: Vec<String>,
    /// Whether it takes arguments of any name.
    pub(super) any: bool,
    pub(super) is_async: bool,
    pub(super) is_decorated: bool,
}

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) script: &'a Path,
    /// As the pipeline file names it.
    pub(super) name: &'a str,
    pub(super) function: &'a str,
    pub(super) packages: &'a [String],
    pub(super) library: &'a str,
}

/// The program that is started, and how messages call it.
pub(super) fn interpreter(request: &BindRequest<'_>, configured: Option<&str>) -> PathBuf {
    let of_environment = || std::env::var(VARIABLE).ok().filter(|name| !name.is_empty());
    match configured {
        // A name is looked up in PATH, a path begins at the pipeline file.
        Some(path) if path.contains('/') => {
            let of_user = request.files.set_by_user.contains("interpreter");
            let path = if of_user { PathBuf::from(path) } else { request.files.pipeline_folder.join(path) };
            std::path::absolute(&path).unwrap_or(path)
        }
        Some(name) => PathBuf::from(name),
        None => match of_environment() {
            // The interpreter starts in another folder.
            Some(path) if path.contains('/') => std::path::absolute(&path).unwrap_or_else(|_| path.into()),
            Some(name) => PathBuf::from(name),
            None => PathBuf::from(DEFAULT),
        },
    }
}

/// Asks the interpreter; it runs no line of the script.
pub(super) fn probe(program: &Path, folder: &Path, question: &Question<'_>) -> Result<Probed, ConfigError> {
    let shown = program.display();
    let at = |message: String| ConfigError::at("interpreter", message);
    let mut command = command(program, folder);
    let unusable = |error: &dyn std::fmt::Display| at(format!("cannot start `{shown}`: {error}"));
    let (listen, speak) = std::io::pipe().map_err(|error| unusable(&error))?;
    command.stderr(speak).stdin(Stdio::piped());
    let mut process = start(&mut command, 1).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => at(format!(
            "there is no program `{shown}`; install Python 3.9 or later with pyarrow (`python3 -m pip install pyarrow`), or name one by `interpreter` or the environment variable {VARIABLE}"
        )),
        _ => unusable(&error),
    })?;
    drop(command);
    let printed = Printed::hear(listen, None).map_err(|error| unusable(&error))?;
    let request = json!({"probe": {
        "path": question.script, "name": question.name, "function": question.function,
        "packages": question.packages, "as": question.library,
    }})
    .to_string();
    if let Some(mut input) = process.child().stdin.take() {
        // A program that does not read is told by its answer.
        let _ = input
            .write_all(MODULE.as_bytes())
            .and_then(|()| input.write_all(&(request.len() as u32).to_le_bytes()))
            .and_then(|()| input.write_all(request.as_bytes()));
    }
    let answer = process.child().stdout.take().map(|output| {
        let mut output = BufReader::new(output.take(1 << 28));
        skip_to_answers(&mut output)?;
        read_head(&mut output)
    });
    let answer: Option<Value> = answer.and_then(Result::ok);
    let Some(probed) = answer.and_then(|answer| serde_json::from_value::<Probed>(answer).ok()) else {
        let status = process.end_soon();
        let said = printed.all().map(|text| format!(": {}", last_lines(&text, 1))).unwrap_or_default();
        return Err(at(format!("`{shown}` is not a Python 3.9 or later that runs here: it {}{said}", how(status))));
    };
    let program = probed.executable.as_deref().unwrap_or(DEFAULT);
    if probed.old {
        return Err(at(format!("`{shown}` is {}; expected Python 3.9 or later", probed.python)));
    }
    if !probed.pyarrow {
        return Err(at(format!("`{shown}` has no pyarrow; install it: `{program} -m pip install pyarrow`")));
    }
    if let Some(library) = &probed.missing_as {
        let message = format!("`{shown}` has no {library}; install it: `{program} -m pip install {library}`");
        return Err(ConfigError::at("as", message));
    }
    if let Some((number, name)) =
        question.packages.iter().enumerate().find(|(_, name)| probed.packages.get(*name).is_none_or(Option::is_none))
    {
        let message = format!("`{shown}` has no package `{name}`; install it: `{program} -m pip install {name}`");
        return Err(ConfigError::at(format!("packages.{number}"), message));
    }
    Ok(probed)
}
