//! The configuration of `command`, and what of it enters the key.

use std::collections::{BTreeMap, BTreeSet};

use arrow_schema::DataType;
use indexmap::IndexMap;
use lapicque_pipeline::config::{nearest, typed_as_written};
use lapicque_pipeline::{BindRequest, Bound, ConfigError, FileRef, Grain, PortSchema, Stage};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::files::Format;
use super::program::{find, version};
use super::stage::{CommandStage, Line};
use super::template::{Piece, Word, filled, pieces, plain, words};
use crate::declared::{Declared, DeclaredColumn, Fields, outputs};
use crate::inputs::reads;
use crate::outcome::Shape;
use crate::python::folder;
use crate::sizes::Size;

const REVISION: u32 = 1;
/// Names of placeholders that are no inputs.
const OWN: [&str; 4] = ["output", "config", "seed", "folder"];

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The command, e.g. `Rscript fit.R {signals} {output}`: `{signals}` is the file of an input, `{output}` (or `{output.name}` of several) the file to write, `{config.x}` a value, `{seed}` a number for each sample, `{folder}` the folder of the pipeline file. The program, and files that are named as words, are part of the key.
    run: String,
    /// Whether a shell reads the command, for pipes and the like (default: false). Braces of other languages are doubled where they enclose one word: `{{next}}`.
    #[serde(default)]
    shell: bool,
    /// Values of the placeholders `{config.x}`.
    #[serde(default)]
    config: Map<String, Value>,
    /// The form of the files: parquet (default), arrow or csv. In CSV, lists have a row for each of their values.
    #[serde(default)]
    format: Format,
    /// The form of the files that the program writes, where that is another.
    #[serde(default)]
    output_format: Option<Format>,
    /// The table that the program writes: signals, spikes, features, parameters, ... (default: table, of the columns that are listed).
    #[serde(default)]
    output: Option<String>,
    /// Columns of the table: `{name: {type: float64, unit: mV, description: ...}}`. Keys that are not written (channel, epoch, population) are those of the input with the same rows.
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
    /// Several tables, by name, with `table`, `columns`, `dt` and `definitions` each.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Declared>")]
    outputs: IndexMap<String, Declared>,
    /// Whether the program is started once for many samples, told apart by a column `sample` (default: false). Results must not depend on which they are.
    #[serde(default)]
    batched: bool,
    /// With `grain: table`: whether the column `sample` has names of samples instead of positions (default: false). Names enter the key.
    #[serde(default)]
    labels: bool,
    /// A command that says the version of the program, e.g. `Rscript --version`; what it says is part of the key.
    #[serde(default)]
    version_command: Option<String>,
    /// Further files that the program reads; their content is part of the key.
    #[serde(default)]
    files: Vec<String>,
    /// Threads that libraries may use within the program (default: 1).
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1024))]
    threads: u32,
    /// The most memory that the program may take, e.g. `4 GiB`, of addresses: beyond it allocations fail. No part of the key.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    memory_limit: Option<Size>,
}

fn one() -> u32 {
    1
}

pub(super) fn config_schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

pub(super) fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = typed_as_written(request.config, request.written)?;
    let grain = request.grain.unwrap_or(Grain::Sample);
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
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    let all: Vec<Piece> = pieces(&config.run);
    let used: BTreeSet<&str> = all
        .iter()
        .filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
        .collect();
    placeholders(&config, request.inputs, &names, &used, &mut problems);
    let mut files: Vec<(String, FileRef)> = Vec::new();
    let line = line(request, &config, &mut files).unwrap_or_else(|found| {
        problems.extend(found);
        Line::Words(Vec::new())
    });
    for (number, name) in config.files.iter().enumerate() {
        match request.open(&format!("files.{number}"), name) {
            Ok(file) => files.push((format!("files/{name}"), file)),
            Err(problem) => problems.push(problem),
        }
    }
    let version = config.version_command.as_ref().map(|line| {
        let words = words(line).ok_or_else(|| "a quotation has no end".to_owned())?;
        let words: Vec<String> = words.iter().map(|word| filled(word, &BTreeMap::new(), plain)).collect();
        version(&words, &folder(request))
    });
    let version = version.transpose().unwrap_or_else(|message| {
        problems.push(ConfigError::at("version_command", message));
        None
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut canonical = json!({"run": config.run, "config": config.config, "format": config.format});
    let mut add = |given: bool, name: &str, value: Value| {
        if given {
            canonical[name] = value;
        }
    };
    add(config.shell, "shell", json!(true));
    add(config.output_format.is_some(), "output_format", json!(config.output_format));
    add(config.batched, "batched", json!(true));
    add(config.threads != 1, "threads", json!(config.threads));
    add(version.is_some(), "version", json!(version));
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    bound.grain = grain;
    bound.random = used.contains("seed");
    bound.reads = reads(request.inputs, config.labels);
    bound.files = files.iter().map(|(name, file)| (name.clone(), file.digest)).collect();
    let seeded = bound.random;
    let shape =
        Shape { outputs: bound.outputs.clone(), grain, batched: config.batched && grain == Grain::Sample, seeded };
    let mut values = BTreeMap::new();
    values.insert("folder".to_owned(), folder(request).display().to_string());
    for name in used.iter().filter_map(|name| name.strip_prefix("config.")) {
        if let Some(value) = value_of(&config.config, name) {
            values.insert(format!("config.{name}"), value);
        }
    }
    Ok(Box::new(CommandStage {
        bound,
        shape,
        line,
        values,
        format: config.format,
        output_format: config.output_format.unwrap_or(config.format),
        threads: config.threads as usize,
        memory_limit: config.memory_limit.map(|size| size.0),
        files: files.into_iter().map(|(_, file)| file).collect(),
    }))
}

fn plain_problems(config: &Config, grain: Grain, inputs: &[PortSchema]) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| problems.push(ConfigError::at(field, message));
    if config.threads == 0 || config.threads > 1024 {
        wrong("threads", format!("expected 1 to 1024, got {}", config.threads));
    }
    if config.batched && grain == Grain::Table {
        wrong("batched", "with `grain: table` the program is started once, for all samples; remove it".to_owned());
    }
    if config.batched && !inputs.iter().any(|input| input.sample_wise) {
        wrong("batched", "no input has samples, so the program is started once; remove it".to_owned());
    }
    if config.labels && (grain == Grain::Sample || !inputs.iter().any(|input| input.sample_wise)) {
        wrong(
            "labels",
            "only a stage with `grain: table` and an input with samples sees their names; remove it".to_owned(),
        );
    }
    for input in inputs {
        if OWN.contains(&input.port.as_str()) {
            wrong(
                &format!("inputs.{}", input.port),
                format!("`{{{}}}` means something else; give the input another name", input.port),
            );
        }
        let is_binary = |field: &&std::sync::Arc<arrow_schema::Field>| match field.data_type() {
            DataType::List(item) => item.data_type().is_nested() || *item.data_type() == DataType::Binary,
            other => *other == DataType::Binary,
        };
        if let Some(field) = input.schema.arrow.fields().iter().find(is_binary).filter(|_| config.format == Format::Csv)
        {
            wrong(
                &format!("inputs.{}", input.port),
                format!("CSV cannot hold the column `{}`; write `format: parquet` or `format: arrow`", field.name()),
            );
        }
    }
    problems
}

/// Every placeholder has a value, and everything that is given is used.
fn placeholders(
    config: &Config,
    inputs: &[PortSchema],
    outputs: &[&str],
    used: &BTreeSet<&str>,
    problems: &mut Vec<ConfigError>,
) {
    let mut known: Vec<String> = inputs.iter().map(|input| input.port.clone()).collect();
    let paths = match outputs.len() {
        1 => vec!["output".to_owned(), format!("output.{}", outputs[0])],
        _ => outputs.iter().map(|name| format!("output.{name}")).collect(),
    };
    known.extend(paths.iter().cloned());
    known.extend(["seed", "folder"].map(str::to_owned));
    known.extend(config.config.keys().map(|key| format!("config.{key}")));
    for name in used {
        let is_value = name.strip_prefix("config.").is_some_and(|path| value_of(&config.config, path).is_some());
        if is_value || known.iter().any(|known| known == name) {
            continue;
        }
        let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{{{near}}}`?"));
        let all: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
        let message = format!(
            "`{{{name}}}` has no value{} (there are: {}); braces that are no placeholder are doubled: `{{{{{name}}}}}`",
            near.unwrap_or_default(),
            all.join(", ")
        );
        problems.push(ConfigError::at("run", message));
    }
    for input in inputs.iter().filter(|input| !used.contains(input.port.as_str())) {
        let message = format!("the command does not read it; write `{{{}}}` where its file belongs", input.port);
        problems.push(ConfigError::at(format!("inputs.{}", input.port), message));
    }
    for key in config.config.keys() {
        let path = format!("config.{key}");
        let below = format!("{path}.");
        if !used.iter().any(|name| *name == path || name.starts_with(&below)) {
            problems
                .push(ConfigError::at(&path, format!("the command does not use it; write `{{{path}}}`, or remove it")));
        }
    }
    let is_written = |name: &&str| {
        let of_name = format!("output.{name}");
        used.contains(of_name.as_str()) || (outputs.len() == 1 && used.contains("output"))
    };
    let unwritten = outputs.iter().find(|name| !is_written(name));
    if let Some(name) = unwritten {
        let placeholder = if outputs.len() == 1 { "{output}".to_owned() } else { format!("{{output.{name}}}") };
        problems
            .push(ConfigError::at("run", format!("the command does not say where it writes; write `{placeholder}`")));
    }
}

/// A value of the configuration as text; lists and maps as JSON.
fn value_of(config: &Map<String, Value>, path: &str) -> Option<String> {
    let mut parts = path.split('.');
    let mut value = config.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// The command, with the files that it names in the places of their names.
fn line(
    request: &BindRequest<'_>,
    config: &Config,
    files: &mut Vec<(String, FileRef)>,
) -> Result<Line, Vec<ConfigError>> {
    let of_user = request.files.set_by_user.contains("run");
    let base = if of_user { std::path::PathBuf::from(".") } else { folder(request) };
    let mut problems = Vec::new();
    let mut named = |name: &str| -> Option<String> {
        let is_file = !name.is_empty() && !name.starts_with('-') && base.join(name).is_file();
        let file = is_file.then(|| request.open("run", name))?;
        match file {
            Ok(file) => {
                let path = std::path::absolute(file.path()).ok()?.display().to_string();
                files.push((format!("run/{name}"), file));
                Some(path)
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    };
    if config.shell {
        // Blanks stay as they are: they may stand within quotation marks.
        let with_files =
            |part: &str| named(part).map_or_else(|| part.to_owned(), |path| super::template::quoted(&path));
        let text: String = config
            .run
            .split_inclusive([' ', '\n', '\t'])
            .map(|part| {
                let bare = part.trim_end_matches([' ', '\n', '\t']);
                (bare, &part[bare.len()..])
            })
            .scan(with_files, |with_files, (bare, blank)| Some(with_files(bare) + blank))
            .collect();
        return if problems.is_empty() { Ok(Line::Shell(pieces(&text))) } else { Err(problems) };
    }
    let at = |message: &str| vec![ConfigError::at("run", message)];
    let mut words = words(&config.run).ok_or_else(|| at("a quotation has no end"))?;
    for word in words.iter_mut().skip(1) {
        if let [Piece::Text(text)] = word.as_slice()
            && let Some(path) = named(text)
        {
            *word = vec![Piece::Text(path)];
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let name = match words.first().map(Word::as_slice) {
        Some([Piece::Text(name)]) if !name.is_empty() => name.clone(),
        None => return Err(at("it is empty; write e.g. `Rscript fit.R {points} {output}`")),
        Some(_) => return Err(at("it must begin with the name or the path of a program")),
    };
    let program = find(&name, &base).map_err(|message| at(&message))?;
    let path = program.display().to_string();
    let file = request.open("run", &path).map_err(|error| vec![error])?;
    files.push((format!("run/{name}"), file));
    words[0] = vec![Piece::Text(path)];
    Ok(Line::Words(words))
}
