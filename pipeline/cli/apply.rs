//! `lapicque apply`: one stage on files, as a pipeline of import and stage on a store in memory.

use std::path::{Path, PathBuf};

use lapicque_pipeline::config::{Located, nearest, parse_argument, parse_yaml};
use lapicque_pipeline::{
    Diagnostic, Diagnostics, Graph, Kind, MemoryStore, Pipeline, Ports, RunOptions, StageRun, Written, read_output,
    replace_written, set_field,
};
use lapicque_schemas::tables::{FREE, TableSpec, model, parameters, signals};
use serde_json::{Map, Value, json};

use crate::arguments::{Apply, Format, Shared};
use crate::error::CommandError;
use crate::progress::Progress;
use crate::project::jobs;
use crate::run::{PROGRAMS, cancelled, failure, interruptible, remarks};
use crate::table_output::{format_of, write, write_file};
use crate::tell;

/// The name of the stage that is applied.
const STAGE: &str = "apply";
/// What the names of the stages that read files begin with.
const IMPORT: &str = "import_";
/// Every input is a file, read by one of these kinds.
const FILES: [&str; 2] = ["import.", "parameters."];
/// Settings that describe a file, not the stage.
const IMPORT_SETTINGS: [&str; 5] = ["sampling_rate", "time_column", "time_unit", "unit", "channels"];

pub(crate) fn apply(command: &Apply, shared: &Shared) -> Result<(), CommandError> {
    let format = format_of(None, command.out.as_deref())?;
    let registry = lapicque::registry();
    let kind = registry.get(&command.kind).ok_or_else(|| {
        let near = nearest(&command.kind, registry.iter().map(Kind::name))
            .map(|n| format!("; did you mean `{n}`?"))
            .unwrap_or_default();
        CommandError::Input(format!("there is no kind `{}`{near}; `lapicque stages` lists them", command.kind))
    })?;
    let document = document(command, kind)?;
    let pipeline = Pipeline::parse(document, None, PathBuf::from("."), &[]).map_err(plain)?;
    let graph = Graph::bind(&pipeline, &registry).map_err(plain)?;
    if !shared.quiet {
        for note in graph.stages.iter().flat_map(|stage| &stage.bound().notes) {
            tell(&format!("note: {note}"));
        }
    }
    let output = output_number(command, &graph)?;
    interruptible();
    let store = MemoryStore::default();
    let progress = Progress::new(shared.quiet);
    let options = RunOptions {
        jobs: jobs(shared),
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: cancelled(),
        store_uri: "memory".to_owned(),
        settings: command.set.clone(),
    };
    let record = lapicque_pipeline::run(&pipeline, &graph, &store, &options, &|event| progress.hear(event))?;
    progress.finish();
    if !shared.quiet {
        remarks(&record);
    }
    if cancelled().load(std::sync::atomic::Ordering::Relaxed) {
        return Err(CommandError::Interrupted);
    }
    let stage: &StageRun = record.stages.iter().find(|s| s.stage == STAGE).ok_or(CommandError::StageFailed)?;
    if stage.failed == stage.samples && stage.samples > 0 {
        return Err(failure(&record, &store, &FILES)?);
    }
    let table = read_output(&store, stage, output, None)?;
    match (&command.out, stage.outputs[output].schema.table == model::TABLE, format) {
        (Some(path), true, Format::Json) => write_model(path, &table)?,
        (out, _, format) => {
            write(&table, if shared.json && out.is_none() { Format::Json } else { format }, out.as_deref())?
        }
    }
    if record.ok { Ok(()) } else { Err(failure(&record, &store, &FILES)?) }
}

/// A model is a document of its own, not a table.
pub(crate) fn write_model(path: &Path, table: &arrow::record_batch::RecordBatch) -> Result<(), CommandError> {
    let models = model::read(table).map_err(|error| CommandError::Output(error.to_string()))?;
    let documents: Result<Vec<String>, _> = models.iter().map(lapicque_stages::model_document).collect();
    let documents = documents.map_err(CommandError::Output)?;
    write_file(path, |out| Ok(documents.iter().try_for_each(|document| writeln!(out, "{document}"))?))
}

/// The pipeline: an import for each file, and the stage. As YAML, so that names stay as they were written.
fn document(command: &Apply, kind: &dyn Kind) -> Result<String, CommandError> {
    let Located { value: mut config, mut written, .. } = configuration(command)?;
    let own_fields = kind.config_schema()["properties"].clone();
    let mut import_settings = Map::new();
    let mut import_written = Written::new();
    for setting in &command.set {
        let Some((field, value)) = setting.split_once('=') else {
            return Err(CommandError::Input(format!("--set {setting}: `field=value` is due")));
        };
        let Located { value, written: of_value, .. } = parse_argument(value);
        if IMPORT_SETTINGS.contains(&field) && own_fields.get(field).is_none() {
            import_settings.insert(field.to_owned(), value);
            replace_written(&mut import_written, field, &of_value);
        } else if set_field(&mut config, field, value) {
            replace_written(&mut written, field, &of_value);
        } else {
            return Err(CommandError::Input(format!(
                "--set {setting}: `{field}` leads through a value that is no map"
            )));
        }
    }
    let mut stages = Map::new();
    let mut all_written = Written::new();
    let mut inputs = Map::new();
    for (port, table, file) in ports(command, kind)? {
        let mut import = match table {
            signals::TABLE => json!({"kind": "import.recording", "path": file}),
            // Only the targets of an inverse model are read of its parameters.
            parameters::TABLE if command.kind.starts_with("inverse.") => {
                let targets = config.get("targets").filter(|targets| targets.is_array()).cloned();
                json!({
                    "kind": "import.table",
                    "path": file,
                    "table": parameters::TABLE,
                    "extra_columns": "allow",
                    "required": targets.unwrap_or_else(|| json!([])),
                })
            }
            parameters::TABLE => json!({"kind": "parameters.list", "file": file}),
            "table" => json!({"kind": "import.table", "path": file}),
            table => json!({"kind": "import.table", "path": file, "table": table}),
        };
        let name = format!("{IMPORT}{}", port.to_lowercase());
        if let (signals::TABLE, Value::Object(import)) = (table, &mut import) {
            import.extend(import_settings.clone());
            replace_written(&mut all_written, &format!("stages.{name}"), &import_written);
        }
        inputs.insert(port, json!(name));
        stages.insert(name, import);
    }
    let Value::Object(mut stage) = config else {
        return Err(CommandError::Input("a configuration is a map".to_owned()));
    };
    stage.insert("kind".to_owned(), json!(command.kind));
    stage.insert("inputs".to_owned(), Value::Object(inputs));
    stages.insert(STAGE.to_owned(), Value::Object(stage));
    replace_written(&mut all_written, &format!("stages.{STAGE}"), &written);
    let document =
        json!({"lapicque": lapicque_pipeline::FORMAT, "name": STAGE, "seed": command.seed, "stages": stages});
    Ok(as_written(&document, "", &all_written))
}

/// The configuration of the file that `--config` names.
fn configuration(command: &Apply) -> Result<Located, CommandError> {
    let empty = || parse_argument("{}");
    let Some(path) = &command.config else {
        return Ok(empty());
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| CommandError::Input(format!("{}: {error}", path.display())))?;
    let located = parse_yaml(&text).map_err(|error| {
        let place = error.place.map(|p| format!(":{}:{}", p.line, p.column)).unwrap_or_default();
        CommandError::Input(format!("{}{place}: {}", path.display(), error.message))
    })?;
    match located.value {
        Value::Null => Ok(empty()),
        Value::Object(_) => Ok(located),
        _ => Err(CommandError::Input(format!("{}: a configuration is a map", path.display()))),
    }
}

/// JSON, which is YAML as well, but for numbers and booleans as they were written.
fn as_written(value: &Value, path: &str, written: &Written) -> String {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate().map(|(i, item)| as_written(item, &below(&i.to_string()), written));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                format!("{}: {}", json!(key), as_written(value, &below(key), written))
            };
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Number(_) | Value::Bool(_) => written.get(path).cloned().unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    }
}

/// Port, its table and its file, for each file.
fn ports<'a>(command: &Apply, kind: &'a dyn Kind) -> Result<Vec<(String, &'a str, String)>, CommandError> {
    let known = match kind.ports() {
        Ports::Named(ports) => ports,
        Ports::Any => &[],
    };
    let mut taken: Vec<(String, &str, String)> = Vec::new();
    for file in &command.files {
        let named = named_port(file, kind);
        let (port, table, path) = match (named, kind.ports()) {
            (Some((port, path)), Ports::Any) => (port.to_owned(), table_of(&command.kind, port), path),
            (Some((port, path)), Ports::Named(ports)) => {
                let Some(spec) = ports.iter().find(|p| p.name == port) else {
                    let names: Vec<&str> = ports.iter().map(|p| &*p.name).collect();
                    return Err(CommandError::Input(format!(
                        "`{}` has no input `{port}` (it takes: {})",
                        command.kind,
                        names.join(", ")
                    )));
                };
                (port.to_owned(), &*spec.table, path)
            }
            (None, _) => {
                let Some(spec) = known.iter().find(|p| !taken.iter().any(|(port, ..)| *port == p.name)) else {
                    return Err(CommandError::Input(format!(
                        "`{file}`: `{}` has no input left for it; name one as PORT=FILE",
                        command.kind
                    )));
                };
                (spec.name.to_string(), &*spec.table, file.as_str())
            }
        };
        if taken.iter().any(|(other, ..)| *other == port) {
            return Err(CommandError::Input(format!("the input `{port}` is given twice")));
        }
        taken.push((port, table, path.to_owned()));
    }
    Ok(taken)
}

/// The table at a port of any name: for programs of users, the one that the port is called after.
fn table_of(kind: &str, port: &str) -> &'static str {
    let named = TableSpec::of(port).filter(|_| PROGRAMS.contains(&kind));
    named.map_or(FREE, |table| table.name)
}

/// The port that an argument names, if it is `PORT=FILE` and not a file with `=` in its name.
fn named_port<'a>(argument: &'a str, kind: &dyn Kind) -> Option<(&'a str, &'a str)> {
    let is_word = |port: &str| !port.is_empty() && port.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let (port, file) = argument.split_once('=').filter(|(port, _)| is_word(port))?;
    let is_port = match kind.ports() {
        Ports::Named(ports) => ports.iter().any(|known| known.name == port),
        Ports::Any => true,
    };
    let is_file = Path::new(argument).is_file() && !(is_port && Path::new(file).is_file());
    (!is_file).then_some((port, file))
}

fn output_number(command: &Apply, graph: &Graph) -> Result<usize, CommandError> {
    let Some(name) = &command.output else {
        return Ok(0);
    };
    let stage = graph.stages.iter().find(|s| s.name == STAGE);
    let names: Vec<&str> = stage.iter().flat_map(|s| s.bound().outputs.iter().map(|o| o.name.as_str())).collect();
    names.iter().position(|n| n == name).ok_or_else(|| {
        CommandError::Input(format!("`{}` has no output `{name}` (it has: {})", command.kind, names.join(", ")))
    })
}

/// Messages without the pipeline that the user did not write.
fn plain(diagnostics: Diagnostics) -> Diagnostics {
    let strip = |d: Diagnostic| {
        let field = d.field.strip_prefix("stages.").unwrap_or(&d.field);
        let field = field.strip_prefix(STAGE).map(|f| f.trim_start_matches('.')).unwrap_or(field);
        // A file is named by its input, not by the field that imports it.
        let field = field.strip_prefix(IMPORT).map(|f| f.strip_suffix(".path").unwrap_or(f)).unwrap_or(field);
        let message = d.message.replace(&format!("`{IMPORT}"), "`");
        Diagnostic { field: field.to_owned(), message, place: None, source_line: None, ..d }
    };
    Diagnostics(diagnostics.0.into_iter().map(strip).collect())
}
