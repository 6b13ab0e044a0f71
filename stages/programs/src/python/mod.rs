//! `python`: a function of a user, called for each sample, each batch, or once.
//!
//! The function takes the tables of the inputs and the entries of `config` by name, and a `seed` if it asks for one. It runs
//! in interpreters that live as long as the stage, with the very text that went into the key.

mod arguments;
mod idle;
mod interpreter;
mod stage;
mod worker;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use lapicque_pipeline::config::typed_as_written;
use lapicque_pipeline::{
    BindRequest, Bound, ConfigError, FileRef, Grain, Kind, Output, PortSchema, Ports, Rounds, Samples, Stage,
};
use lapicque_schemas::Digest;
use lapicque_schemas::tables::parameters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::declared::{Declared, DeclaredColumn, Fields, outputs};
use crate::inputs::reads;
use crate::outcome::Shape;
use crate::sizes::Size;
use arguments::check_arguments;
use idle::Interpreters;
use interpreter::{Question, interpreter, probe};
use stage::PythonStage;

const REVISION: u32 = 1;
const MOST_ROUNDS: u32 = 100_000;
const MOST_POINTS: u64 = 10_000_000;
const DEFAULT_POINTS: u64 = 100_000;
/// Threads of libraries that are allowed.
const MOST_THREADS: u32 = 1024;

pub(crate) struct PythonKind;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The file with the function. What it imports from files beside it is part of the key as well.
    script: String,
    /// The function: `def run(signals, *, threshold)` takes the input `signals` and `config: {threshold: ...}`.
    #[serde(default = "run")]
    function: String,
    /// Arguments of the function beside the inputs, by name: numbers, text, lists and maps. An argument `seed` that is not given here is a random number of each sample.
    #[serde(default)]
    config: Map<String, Value>,
    /// The table that the function returns: signals, spikes, features, parameters, ... (default: table, of the columns that are listed).
    #[serde(default)]
    output: Option<String>,
    /// Columns of the table: `{name: {type: float64, unit: mV, description: ...}}`. Keys that are not returned (channel, epoch, population) are those of the input with the same rows.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, DeclaredColumn>")]
    columns: IndexMap<String, DeclaredColumn>,
    /// The time step that spikes count, e.g. `0.1 ms`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    dt: Option<lapicque_units::Time>,
    /// The version of the definitions of features: a model that was trained on others is not applied to them.
    #[serde(default)]
    definitions: Option<String>,
    /// Several tables, by name, with `table`, `columns`, `dt` and `definitions` each: the function returns a dict of them.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Declared>")]
    outputs: IndexMap<String, Declared>,
    /// What tables are to the function: pyarrow (default), pandas, polars, or numpy (a dict of arrays).
    #[serde(default, rename = "as")]
    library: Library,
    /// Whether one call has many samples, told apart by a column `sample` (default: false). Results must not depend on which they are.
    #[serde(default)]
    batched: bool,
    /// With `grain: table`: whether the column `sample` has names of samples instead of positions (default: false). Names enter the key.
    #[serde(default)]
    labels: bool,
    /// Packages whose versions are part of the key, e.g. `[numpy, scipy]`.
    #[serde(default)]
    packages: Vec<String>,
    /// Further files that the script reads; their content is part of the key.
    #[serde(default)]
    files: Vec<String>,
    /// The program, by name or path (default: the environment variable LAPICQUE_PYTHON, or python3). Its version is part of the key.
    #[serde(default)]
    interpreter: Option<String>,
    /// Makes samples, in so many rounds at most: the function gives one parameters table per call, without rows where the search has ended. It takes the tables under `feedback`, and if it likes `points` (all points of earlier rounds, with a column `round`) and `previous_NAME` (its further outputs of the round before).
    #[serde(default)]
    rounds: Option<u32>,
    /// With `rounds`: points in all rounds at most (default: 100,000).
    #[serde(default)]
    most_points: Option<u64>,
    /// Threads that libraries such as NumPy may use within a call (default: 1).
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1024))]
    threads: u32,
    /// The most memory that an interpreter may take, e.g. `4 GiB`, of addresses: beyond it allocations fail. No part of the key.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    memory_limit: Option<Size>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Library {
    #[default]
    Pyarrow,
    Pandas,
    Polars,
    Numpy,
}

impl Library {
    fn name(self) -> &'static str {
        match self {
            Self::Pyarrow => "pyarrow",
            Self::Pandas => "pandas",
            Self::Polars => "polars",
            Self::Numpy => "numpy",
        }
    }
}

fn run() -> String {
    "run".to_owned()
}

fn one() -> u32 {
    1
}

impl Kind for PythonKind {
    fn name(&self) -> &str {
        "python"
    }

    fn summary(&self) -> &str {
        "Apply a function of your own, in Python, to tables"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Any
    }

    fn config_schema(&self) -> Value {
        schemars::schema_for!(Config).to_value()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = typed_as_written(request.config, request.written)?;
        let own_grain = if config.rounds.is_some() { Grain::Table } else { Grain::Sample };
        let grain = request.grain.unwrap_or(own_grain);
        let mut problems = plain_problems(&config, grain, request.inputs);
        let fields = Fields {
            output: config.output.as_deref(),
            columns: &config.columns,
            dt: config.dt,
            definitions: config.definitions.as_deref(),
            outputs: &config.outputs,
        };
        let outputs = outputs(&fields, grain).unwrap_or_else(|found| {
            problems.extend(found);
            Vec::new()
        });
        let script = match request.open("script", &config.script) {
            Ok(script) => script,
            Err(problem) => {
                problems.push(problem);
                return Err(problems);
            }
        };
        let program = interpreter(request, config.interpreter.as_deref());
        let absolute = std::path::absolute(script.path()).map_err(|error| vec![ConfigError::at("script", error)])?;
        let folder = folder(request);
        let question = Question {
            script: &absolute,
            name: &config.script,
            function: &config.function,
            packages: &config.packages,
            library: config.library.name(),
        };
        let probed = match probe(&program, &folder, &question) {
            Ok(probed) => probed,
            Err(problem) => {
                problems.push(problem);
                return Err(problems);
            }
        };
        if let Some(wrong) = &probed.wrong {
            problems.push(ConfigError::at("script", wrong));
            return Err(problems);
        }
        problems.extend(rounds_problems(&config, grain, request, &outputs));
        let mut ports: Vec<&str> = request.inputs.iter().map(|input| input.port.as_str()).collect();
        ports.extend(request.feedback.iter().map(String::as_str));
        let history = history(&config, &outputs, &probed);
        ports.extend(history.iter().map(String::as_str));
        let takes = check_arguments(&config.script, &config.function, &probed, &ports, &config.config);
        let seeded = takes.unwrap_or_else(|found| {
            problems.extend(found);
            false
        });
        let files = files(request, &config, &script, &probed.modules);
        let (texts, further) = match files {
            Ok(files) if problems.is_empty() => files,
            Ok(_) => return Err(problems),
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        let mut canonical = json!({
            "function": config.function, "config": config.config, "as": config.library.name(),
            "interpreter": probed.python, "packages": probed.packages,
        });
        if config.batched {
            canonical["batched"] = json!(true);
        }
        if config.threads != 1 {
            canonical["threads"] = json!(config.threads);
        }
        let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
        bound.grain = grain;
        bound.random = seeded;
        bound.reads = reads(request.inputs, config.labels);
        if let Some(rounds) = config.rounds {
            let most_points = config.most_points.unwrap_or(DEFAULT_POINTS);
            bound.samples = Samples::Made(Rounds { most_rounds: rounds, most_points, unread: Vec::new() });
        }
        let by_name = |(name, file): &(String, FileRef)| (name.clone(), file.digest);
        let named: Vec<(String, Digest)> =
            texts.iter().map(|text| (text.key.clone(), text.file.digest)).chain(further.iter().map(by_name)).collect();
        bound.files = named;
        if !probed.unlisted.is_empty() {
            bound.notes.push(format!(
                "`{}` imports {}, whose versions are not part of the key; list them in `packages` to compute anew when they change",
                config.script,
                probed.unlisted.join(", ")
            ));
        }
        let shape =
            Shape { outputs: bound.outputs.clone(), grain, batched: config.batched && grain == Grain::Sample, seeded };
        let module = |text: &Text| json!({"module": text.module, "file": text.relative, "package": text.package, "name": text.shown, "text": text.text});
        let modules = texts[1..].iter().map(module);
        let folders = probed.modules.iter().filter(|module| module.file.is_none());
        let folders = folders.map(|module| json!({"module": module.module, "file": null, "package": true}));
        let setup = json!({
            "path": absolute, "name": config.script, "text": texts[0].text, "modules": modules.chain(folders).collect::<Vec<_>>(),
            "function": config.function, "config": config.config, "as": config.library.name(),
            "memory_limit": config.memory_limit.map(|size| size.0),
            "outputs": bound.outputs.iter().map(|output| json!({
                "name": output.name, "columns": output.schema.column_names().collect::<Vec<_>>(), "keys": output.schema.key,
            })).collect::<Vec<_>>(),
        });
        let files = texts.into_iter().map(|text| text.file).chain(further.into_iter().map(|(_, file)| file)).collect();
        Ok(Box::new(PythonStage {
            bound,
            shape,
            program,
            folder,
            threads: config.threads as usize,
            setup,
            files,
            interpreters: Interpreters::new(),
            history: config.rounds.map(|_| history),
            unloaded: std::sync::OnceLock::new(),
        }))
    }
}

/// What is wrong with rounds.
fn rounds_problems(config: &Config, grain: Grain, request: &BindRequest<'_>, outputs: &[Output]) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let Some(rounds) = config.rounds else {
        if config.most_points.is_some() {
            problems.push(ConfigError::at("most_points", "it goes with `rounds`; remove it"));
        }
        return problems;
    };
    let most = config.most_points.unwrap_or(DEFAULT_POINTS);
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        problems.push(ConfigError::at("rounds", format!("{rounds} rounds; 1 to {MOST_ROUNDS} are allowed")));
    }
    if !(1..=MOST_POINTS).contains(&most) {
        problems.push(ConfigError::at("most_points", format!("{most} points; 1 to {MOST_POINTS} are allowed")));
    }
    if grain == Grain::Sample {
        problems
            .push(ConfigError::at("rounds", "a function that makes samples sees whole tables; remove `grain: sample`"));
    }
    if outputs.first().is_some_and(|output| output.schema.table != parameters::TABLE) {
        problems.push(ConfigError::at(
            "rounds",
            "the first table of a function that makes samples is `output: parameters`",
        ));
    }
    for name in request.feedback.iter().filter(|name| config.config.contains_key(*name)) {
        problems.push(ConfigError::at(format!("config.{name}"), "it is the name of a table under `feedback` as well"));
    }
    problems
}

/// What the function takes of the rounds before, beside the tables under `feedback`.
fn history(config: &Config, outputs: &[Output], probed: &interpreter::Probed) -> Vec<String> {
    if config.rounds.is_none() {
        return Vec::new();
    }
    let takes = |name: &String| match &probed.signature {
        Some(signature) => signature.any || signature.arguments.contains(name),
        None => true,
    };
    let previous = outputs.iter().skip(1).map(|output| format!("previous_{}", output.name));
    std::iter::once("points".to_owned()).chain(previous).filter(takes).collect()
}

/// The working directory of programs: the folder of the pipeline file.
pub(crate) fn folder(request: &BindRequest<'_>) -> std::path::PathBuf {
    let folder = request.files.pipeline_folder;
    let folder = if folder.as_os_str().is_empty() { std::path::Path::new(".") } else { folder };
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// What can be seen without looking at files.
fn plain_problems(config: &Config, grain: Grain, inputs: &[PortSchema]) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: &str| problems.push(ConfigError::at(field, message));
    if config.threads == 0 || config.threads > MOST_THREADS {
        wrong("threads", &format!("expected 1 to {MOST_THREADS}, got {}", config.threads));
    }
    if config.batched && grain == Grain::Table {
        wrong("batched", "with `grain: table` there is one call, which has all samples; remove it");
    }
    if config.labels && grain == Grain::Sample {
        wrong("labels", "only a stage with `grain: table` sees names of samples; set it, or remove `labels`");
    }
    if config.labels && !inputs.iter().any(|input| input.sample_wise) {
        wrong("labels", "no input has samples; remove `labels`");
    }
    if config.batched && !inputs.iter().any(|input| input.sample_wise) {
        wrong("batched", "no input has samples, so there is one call; remove it");
    }
    problems
}

/// A file of code: what it is in the key, and to Python.
struct Text {
    key: String,
    file: FileRef,
    text: String,
    module: String,
    relative: Option<String>,
    package: bool,
    shown: String,
}

type Opened = (Vec<Text>, Vec<(String, FileRef)>);

/// The script, the modules beside it, and further files.
fn files(
    request: &BindRequest<'_>,
    config: &Config,
    script: &FileRef,
    modules: &[interpreter::Module],
) -> Result<Opened, Vec<ConfigError>> {
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    let of_script = config.script.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let mut take =
        |key: String, file: FileRef, module: &str, relative: Option<&String>, package: bool, shown: String| match file
            .text()
        {
            Ok(text) => {
                texts.push(Text {
                    key,
                    file,
                    text,
                    module: module.to_owned(),
                    relative: relative.cloned(),
                    package,
                    shown,
                });
            }
            Err(error) => problems.push(ConfigError::at("script", format!("cannot read `{shown}` as text: {error}"))),
        };
    take("script".to_owned(), script.clone(), "", None, false, config.script.clone());
    let mut unopened = Vec::new();
    for module in modules {
        let Some(relative) = &module.file else {
            continue;
        };
        let shown = format!("{of_script}{relative}");
        match request.open("script", &shown) {
            Ok(file) => take(format!("script/{relative}"), file, &module.module, Some(relative), module.package, shown),
            Err(problem) => unopened.push(problem),
        }
    }
    problems.extend(unopened);
    let mut further = Vec::new();
    for (number, name) in config.files.iter().enumerate() {
        let field = format!("files.{number}");
        match request.open(&field, name) {
            Ok(file) => further.push((format!("files/{name}"), file)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok((texts, further)) } else { Err(problems) }
}
