//! The pipeline file: stages by name, what each is, and how they are wired.
//!
//! Read in two passes: here the skeleton and the reserved keys; then every kind reads the rest of its stage
//! (in `bind`), with the places of the first pass for its errors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::as_written::{Written, replace_written, written_below};
use crate::config::{Located, Place, nearest, parse_argument, parse_yaml, typed};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kind::Grain;
use crate::settings::{all_fields, no_stage, replacement, set_field};

/// The format of the pipeline file that this version reads.
pub const FORMAT: u64 = 1;

const TOP_KEYS: [&str; 4] = ["lapicque", "name", "seed", "stages"];
/// Keys of every stage; kinds cannot use them for their configuration.
pub const RESERVED_KEYS: [&str; 12] = [
    "kind", "inputs", "feedback", "keep", "seed", "on_error", "timeout", "retries", "where", "revision", "grain",
    "batch",
];
/// What the name of the stage ends with that answers the `where` of another; users cannot give such names.
pub(crate) const WHERE: &str = "__where";

#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    pub name: String,
    pub seed: u64,
    pub stages: IndexMap<String, StageSpec>,
    pub source: Source,
}

/// Where a pipeline was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub path: Option<PathBuf>,
    /// Relative paths of the file start here.
    pub folder: PathBuf,
    /// The file as read.
    pub text: String,
    located: Located,
    /// Fields that were set on the command line, by their path from the root of the file, and what was said.
    settings: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StageSpec {
    pub kind: String,
    pub inputs: IndexMap<String, StageRef>,
    /// Of a stage that makes samples in rounds: what it learns from, below itself.
    pub feedback: IndexMap<String, StageRef>,
    /// Whether the output's rows are stored, or only their digests.
    pub keep: bool,
    pub seed: Option<u64>,
    pub on_error: OnError,
    /// A sample that takes longer fails.
    pub timeout: Option<Duration>,
    /// How often a sample is tried again that panicked or took too long.
    pub retries: u32,
    /// The stage that answers `where`.
    pub select: Option<StageRef>,
    /// Raised by the user to compute anew.
    pub revision: u64,
    pub grain: Option<Grain>,
    /// Samples in a batch at most.
    pub batch: Option<usize>,
    /// What the kind reads: an object.
    pub config: Value,
    /// What its numbers were written as, where they do not show it.
    pub written: Written,
    /// Fields of the configuration that were set on the command line.
    pub set_by_user: BTreeSet<String>,
}

/// `stage` or `stage.output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageRef {
    pub stage: String,
    pub output: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Nothing table-grain runs downstream; the run fails.
    Fail,
    /// Table-grain stages run on what exists.
    Skip,
}

impl Pipeline {
    /// Reads a pipeline file; `settings` are `stage.field=value` or `stage={kind: ...}` from the command line.
    pub fn read(path: &Path, settings: &[String]) -> Result<Self, Diagnostics> {
        let at_file = |message: String| Diagnostic { file: Some(path.to_owned()), ..Diagnostic::new("", message) };
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => at_file("there is no such pipeline file".to_owned()),
            std::io::ErrorKind::InvalidData => at_file("it is no text in UTF-8".to_owned()),
            _ => at_file(format!("cannot be read: {error}")),
        })?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Self::parse(text, Some(path.to_owned()), folder, settings)
    }

    /// Parses the text of a pipeline file.
    pub fn parse(
        text: String,
        path: Option<PathBuf>,
        folder: PathBuf,
        settings: &[String],
    ) -> Result<Self, Diagnostics> {
        let located = parse_yaml(&text).map_err(|error| {
            let (path, folder, text) = (path.clone(), folder.clone(), text.clone());
            let source = Source { path, folder, text, located: Located::empty(), settings: Vec::new() };
            source.diagnostic_at(error.place, "", error.message)
        })?;
        let settings_said = settings.iter().filter_map(|setting| {
            let (path, _) = setting.split_once('=')?;
            Some((format!("stages.{path}"), setting.clone()))
        });
        let source = Source { path, folder, text, located, settings: settings_said.collect() };
        let mut reader = Reader { source: &source, problems: Vec::new() };
        let pipeline = reader.pipeline(settings);
        match pipeline {
            Some(pipeline) if reader.problems.is_empty() => Ok(Self { source, ..pipeline }),
            _ => Err(Diagnostics(reader.problems)),
        }
    }
}

impl Source {
    /// A problem of a field, by its path from the root of the file. What was set on the command line is no line of the file.
    pub fn diagnostic(&self, field: &str, message: impl ToString) -> Diagnostic {
        let is_set = |set: &str| field.strip_prefix(set).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        match self.settings.iter().rev().find(|(set, _)| is_set(set)) {
            Some((_, said)) => Diagnostic { option: Some(format!("--set {said}")), ..Diagnostic::new(field, message) },
            None => self.diagnostic_at(self.located.place(field), field, message),
        }
    }

    /// The values of the file, whatever its comments and layout are.
    pub fn says_the_same(&self, text: &str) -> bool {
        self.text == text || parse_yaml(text).is_ok_and(|other| other.value == self.located.value)
    }

    fn diagnostic_at(&self, place: Option<Place>, field: &str, message: impl ToString) -> Diagnostic {
        let line = place.and_then(|p| self.text.lines().nth(usize::try_from(p.line).ok()?.checked_sub(1)?));
        Diagnostic {
            file: self.path.clone(),
            place,
            source_line: line.map(str::to_owned),
            ..Diagnostic::new(field, message)
        }
    }
}

impl Located {
    fn empty() -> Self {
        Self { value: Value::Null, places: Default::default(), written: Written::new() }
    }
}

struct Reader<'a> {
    source: &'a Source,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn problem(&mut self, field: &str, message: impl ToString) {
        self.problems.push(self.source.diagnostic(field, message));
    }

    fn unknown_key(&mut self, field: &str, key: &str, allowed: &[&str]) {
        let near = nearest(key, allowed.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        self.problem(field, format!("unknown key `{key}`{near} (allowed: {})", allowed.join(", ")));
    }

    fn pipeline(&mut self, settings: &[String]) -> Option<Pipeline> {
        let Value::Object(top) = &self.source.located.value else {
            self.problem("", "a pipeline file is a map with the keys `lapicque`, `name` and `stages`");
            return None;
        };
        for key in top.keys().filter(|k| !TOP_KEYS.contains(&k.as_str())) {
            self.unknown_key(key, key, &TOP_KEYS);
        }
        match top.get("lapicque") {
            Some(version) if version.as_u64() == Some(FORMAT) => {}
            Some(version) => self.problem(
                "lapicque",
                format!("unknown format {}; this version reads `lapicque: {FORMAT}`", shown(version)),
            ),
            None => self.problem("lapicque", format!("missing; start the file with `lapicque: {FORMAT}`")),
        }
        let name = match top.get("name") {
            Some(Value::String(name)) if !name.is_empty() => name.clone(),
            Some(other) => {
                self.problem("name", format!("expected a name, got {}", shown(other)));
                String::new()
            }
            None => "pipeline".to_owned(),
        };
        let seed = self.whole_number("seed", top.get("seed")).unwrap_or(0);
        let mut stages = IndexMap::new();
        match top.get("stages") {
            Some(Value::Object(map)) if !map.is_empty() => {
                for (name, value) in map {
                    let new = replacement(settings, name);
                    let value = new.as_ref().map_or(value, |new| &new.value);
                    if let Some(mut stage) = self.stage(name, value) {
                        if let Some(new) = &new {
                            stage.written = new.written.clone();
                            stage.set_by_user = all_fields(&stage.config);
                        }
                        if let Some(selection) = self.selection(name, value.get("where"), &stage) {
                            let selecting = format!("{name}{WHERE}");
                            stage.select = Some(StageRef { stage: selecting.clone(), output: None });
                            stages.insert(selecting, selection);
                        }
                        stages.insert(name.clone(), stage);
                    }
                }
            }
            _ => self.problem(
                "stages",
                "expected a map of at least one stage, e.g. `parameters: {kind: parameters.grid, ...}`",
            ),
        }
        for setting in settings {
            self.apply_setting(&mut stages, setting);
        }
        let (folder, text) = (PathBuf::new(), String::new());
        let source = Source { path: None, folder, text, located: Located::empty(), settings: Vec::new() };
        Some(Pipeline { name, seed, stages, source })
    }

    fn whole_number(&mut self, field: &str, value: Option<&Value>) -> Option<u64> {
        let value = value?;
        match typed::<u64>(value) {
            Ok(number) => Some(number),
            Err(errors) => {
                errors.into_iter().for_each(|error| self.problem(field, error.message));
                None
            }
        }
    }

    fn stage(&mut self, name: &str, value: &Value) -> Option<StageSpec> {
        let at = |key: &str| format!("stages.{name}.{key}");
        let path = format!("stages.{name}");
        let lower = |c: char| c.is_ascii_lowercase();
        if !name.starts_with(lower)
            || !name.chars().all(|c| lower(c) || c.is_ascii_digit() || c == '_')
            || name.contains("__")
        {
            self.problem(&path, "names of stages are small letters, digits and single `_`, and begin with a letter");
        }
        let Value::Object(map) = value else {
            self.problem(&path, "a stage is a map with the key `kind`");
            return None;
        };
        let kind = match map.get("kind") {
            Some(Value::String(kind)) => kind.clone(),
            _ => {
                self.problem(&path, "the key `kind` is missing, e.g. `kind: simulate.spiking`");
                return None;
            }
        };
        let keep = match map.get("keep") {
            None => true,
            Some(Value::Bool(keep)) => *keep,
            Some(other) => {
                self.problem(&at("keep"), format!("expected `true` or `false`, got {}", shown(other)));
                true
            }
        };
        let on_error = match map.get("on_error").map(|v| v.as_str()) {
            None | Some(Some("fail")) => OnError::Fail,
            Some(Some("skip")) => OnError::Skip,
            Some(_) => {
                let found = shown(&map["on_error"]);
                self.problem(&at("on_error"), format!("expected `fail` or `skip`, got {found}"));
                OnError::Fail
            }
        };
        let grain = match map.get("grain").map(|v| v.as_str()) {
            None => None,
            Some(Some("sample")) => Some(Grain::Sample),
            Some(Some("table")) => Some(Grain::Table),
            Some(_) => {
                let found = shown(&map["grain"]);
                self.problem(&at("grain"), format!("expected `sample` or `table`, got {found}"));
                None
            }
        };
        let batch = self.whole_number(&at("batch"), map.get("batch"));
        if batch == Some(0) {
            self.problem(&at("batch"), "a batch has at least 1 sample");
        }
        let retries = self.whole_number(&at("retries"), map.get("retries")).unwrap_or(0);
        if retries > 100 {
            self.problem(&at("retries"), format!("{retries} retries; at most 100 are allowed"));
        }
        let timeout = self.timeout(&at("timeout"), map.get("timeout"));
        let config: Map<_, _> = map
            .iter()
            .filter(|(key, _)| !RESERVED_KEYS.contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        Some(StageSpec {
            kind,
            inputs: self.inputs(name, "inputs", map.get("inputs")),
            feedback: self.inputs(name, "feedback", map.get("feedback")),
            keep,
            seed: self.whole_number(&at("seed"), map.get("seed")),
            on_error,
            timeout,
            retries: retries as u32,
            select: None,
            revision: self.whole_number(&at("revision"), map.get("revision")).unwrap_or(0),
            grain,
            batch: batch.and_then(|b| usize::try_from(b).ok()),
            config: Value::Object(config),
            written: written_below(&self.source.located.written, &path),
            set_by_user: BTreeSet::new(),
        })
    }

    /// A time with its unit, e.g. `30 s`.
    fn timeout(&mut self, field: &str, value: Option<&Value>) -> Option<Duration> {
        let value = value?;
        let timeout = value.as_str().and_then(|text| humantime::parse_duration(text).ok()).filter(|t| !t.is_zero());
        if timeout.is_none() {
            self.problem(field, format!("expected a time such as `500 ms`, `30 s` or `2 h`, got {}", shown(value)));
        }
        timeout
    }

    /// The stage that answers a `where`: rows for the samples that it selects, none for the others.
    fn selection(&mut self, name: &str, value: Option<&Value>, stage: &StageSpec) -> Option<StageSpec> {
        let field = format!("stages.{name}.where");
        let value = value?;
        let inputs: Vec<&String> = stage.inputs.keys().collect();
        let (port, condition) = match (value, inputs.as_slice()) {
            (Value::String(condition), [port]) => ((*port).clone(), condition),
            (Value::Object(map), _) => match map.iter().next() {
                Some((port, Value::String(condition))) if map.len() == 1 => (port.clone(), condition),
                _ => {
                    self.problem(&field, "expected one input with its condition, e.g. `{features: \"mean > 0\"}`");
                    return None;
                }
            },
            (Value::String(_), _) => {
                let inputs = inputs.iter().map(|port| port.as_str()).collect::<Vec<_>>().join(", ");
                let message = format!("name the input: `where: {{INPUT: condition}}`, with one of: {inputs}");
                self.problem(&field, message);
                return None;
            }
            _ => {
                self.problem(
                    &field,
                    format!("expected a condition such as `where: \"rate_hz > 1\"`, got {}", shown(value)),
                );
                return None;
            }
        };
        let Some(from) = stage.inputs.get(&port) else {
            let near = nearest(&port, inputs.iter().map(|i| i.as_str())).map(|n| format!("; did you mean `{n}`?"));
            self.problem(&field, format!("the stage has no input `{port}`{}", near.unwrap_or_default()));
            return None;
        };
        let query = format!("SELECT sample, 1 AS selected FROM \"{port}\" WHERE {condition}");
        Some(StageSpec {
            kind: "sql".to_owned(),
            inputs: [(port, from.clone())].into_iter().collect(),
            feedback: IndexMap::new(),
            keep: true,
            seed: None,
            on_error: stage.on_error,
            timeout: None,
            retries: 0,
            select: None,
            revision: 0,
            grain: Some(Grain::Sample),
            batch: None,
            config: serde_json::json!({"query": query}),
            written: Written::new(),
            set_by_user: BTreeSet::new(),
        })
    }

    fn inputs(&mut self, stage: &str, key: &str, value: Option<&Value>) -> IndexMap<String, StageRef> {
        let mut inputs = IndexMap::new();
        match value {
            None => {}
            Some(Value::Object(map)) => {
                for (port, from) in map {
                    match from.as_str().and_then(StageRef::parse) {
                        Some(from) => {
                            inputs.insert(port.clone(), from);
                        }
                        None => {
                            let field = format!("stages.{stage}.{key}.{port}");
                            self.problem(&field, format!("expected `stage` or `stage.output`, got {}", shown(from)));
                        }
                    }
                }
            }
            Some(other) => {
                let field = format!("stages.{stage}.{key}");
                self.problem(&field, format!("expected a map `port: stage`, got {}", shown(other)));
            }
        }
        inputs
    }

    /// `stage.field=value`, with dots for fields within fields.
    fn apply_setting(&mut self, stages: &mut IndexMap<String, StageSpec>, setting: &str) {
        let mut fail = |message: String| {
            let option = Some(format!("--set {setting}"));
            self.problems.push(Diagnostic { option, ..Diagnostic::new("", message) });
        };
        let Some((path, value)) = setting.split_once('=') else {
            return fail("expected `stage.field=value`".to_owned());
        };
        let Some((name, field)) = path.split_once('.') else {
            return match replacement(&[setting.to_owned()], path) {
                Some(_) if stages.contains_key(path) => {}
                Some(_) => fail(no_stage(path, stages.keys())),
                None => fail(format!(
                    "`{path}` names no field; expected `stage.field=value`, or `stage={{kind: ...}}` for a stage as a whole"
                )),
            };
        };
        let Some(stage) = stages.get_mut(name) else {
            return fail(no_stage(name, stages.keys()));
        };
        if RESERVED_KEYS.contains(&field) {
            return fail(format!(
                "`{field}` is reserved and stands in the pipeline file; fields of the configuration can be set, or the stage as a whole: `{name}={{kind: ...}}`"
            ));
        }
        let Located { value, written, .. } = parse_argument(value);
        match set_field(&mut stage.config, field, value) {
            true => {
                replace_written(&mut stage.written, field, &written);
                stage.set_by_user.insert(field.to_owned());
            }
            false => fail(format!("`{field}` leads through a value that is no map")),
        }
    }
}

/// A value as it stands in a message.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short += "...";
    }
    format!("`{short}`")
}

impl StageRef {
    pub fn parse(text: &str) -> Option<Self> {
        let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let (stage, output) = match text.split_once('.') {
            None => (text, None),
            Some((stage, output)) => (stage, Some(output)),
        };
        (word(stage) && output.is_none_or(word))
            .then(|| Self { stage: stage.to_owned(), output: output.map(str::to_owned) })
    }
}

impl std::fmt::Display for StageRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.output {
            None => f.write_str(&self.stage),
            Some(output) => write!(f, "{}.{output}", self.stage),
        }
    }
}

/// Whether a stage stands for the `where` of another.
pub(crate) fn is_selection(stage: &str) -> bool {
    stage.ends_with(WHERE)
}
