//! Binding: every stage of a pipeline is checked against its inputs, and the graph is put together.

use std::collections::HashSet;

use lapicque_schemas::tables::FREE;
use lapicque_schemas::{Labels, TableSchema};

use crate::config::nearest;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::feedback::{connect, points_of, rounds_of};
use crate::file_memo::FileMemo;
use crate::files::Files;
use crate::graph::{BoundStage, Domain, Graph, Port};
use crate::groups::components;
use crate::kind::{BindRequest, Bound, ConfigError, Grain, Kind, PortMode, PortSchema, Ports, Read, Registry};
use crate::pipeline_file::{Pipeline, StageRef, StageSpec, WHERE, is_selection};

/// The number of an output is kept in a byte.
const MOST_OUTPUTS: usize = 255;

impl Graph {
    /// Binds every stage; reports all problems of stages whose inputs are sound.
    pub fn bind(pipeline: &Pipeline, registry: &Registry) -> Result<Self, Diagnostics> {
        Self::bind_with(pipeline, registry, &FileMemo::default())
    }

    /// As [`Graph::bind`], without reading again what is known of files from before.
    pub fn bind_with(pipeline: &Pipeline, registry: &Registry, memo: &FileMemo) -> Result<Self, Diagnostics> {
        let order = topological_order(pipeline)?;
        let mut binder = Binder { pipeline, registry, memo, stages: Vec::new(), problems: Vec::new() };
        for name in order {
            let bound = binder.stage(name);
            // Its samples are a stage of their own.
            let points = bound.as_ref().and_then(|bound| points_of(bound, binder.stages.len()));
            let rounds = points.is_some();
            binder.stages.push(bound.map(|bound| if rounds { rounds_of(bound) } else { bound }));
            if rounds {
                binder.stages.push(points);
            }
        }
        let Binder { stages, mut problems, .. } = binder;
        let Some(mut stages) = stages.into_iter().collect::<Option<Vec<_>>>() else {
            return Err(Diagnostics(problems));
        };
        connect(pipeline, &mut stages, &mut problems);
        unread_columns(pipeline, &stages, &mut problems);
        let components = components(pipeline, &stages, &mut problems);
        if problems.is_empty() {
            Ok(Self { name: pipeline.name.clone(), file: String::new(), stages, components })
        } else {
            Err(Diagnostics(problems))
        }
    }
}

/// Inputs first; otherwise as in the file.
fn topological_order(pipeline: &Pipeline) -> Result<Vec<&str>, Diagnostics> {
    let mut problems = Vec::new();
    for (name, spec) in &pipeline.stages {
        for (port, from) in spec.inputs.iter().filter(|(_, from)| !pipeline.stages.contains_key(&from.stage)) {
            if is_selection(name) {
                continue;
            }
            let near = nearest(&from.stage, pipeline.stages.keys().map(String::as_str));
            let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            let field = format!("stages.{name}.inputs.{port}");
            problems.push(pipeline.source.diagnostic(&field, format!("there is no stage `{}`{near}", from.stage)));
        }
    }
    if !problems.is_empty() {
        return Err(Diagnostics(problems));
    }
    let mut order: Vec<&str> = Vec::new();
    while order.len() < pipeline.stages.len() {
        let ready = pipeline.stages.iter().find(|(name, spec)| {
            let selection = spec.select.iter().map(|select| &select.stage);
            let mut needs = spec.inputs.values().map(|from| &from.stage).chain(selection);
            !order.contains(&name.as_str()) && needs.all(|stage| order.contains(&stage.as_str()))
        });
        match ready {
            Some((name, _)) => order.push(name),
            None => return Err(cycle(pipeline, &order).into()),
        }
    }
    Ok(order)
}

fn cycle(pipeline: &Pipeline, done: &[&str]) -> Diagnostic {
    let waiting = |name: &str| !done.contains(&name);
    let mut path: Vec<&str> = pipeline.stages.keys().map(String::as_str).filter(|name| waiting(name)).take(1).collect();
    while let Some(&last) = path.last() {
        let Some(next) =
            pipeline.stages[last].inputs.values().map(|from| from.stage.as_str()).find(|name| waiting(name))
        else {
            break;
        };
        let seen = path.iter().position(|&name| name == next);
        path.push(next);
        if let Some(start) = seen {
            path.drain(..start);
            break;
        }
    }
    path.reverse();
    let field = format!("stages.{}.inputs", path.first().copied().unwrap_or_default());
    pipeline.source.diagnostic(&field, format!("stages depend on each other in a circle: {}", path.join(" -> ")))
}

struct Binder<'a> {
    pipeline: &'a Pipeline,
    registry: &'a Registry,
    memo: &'a FileMemo,
    /// `None` where binding failed: what depends on it is not reported.
    stages: Vec<Option<BoundStage>>,
    problems: Vec<Diagnostic>,
}

impl Binder<'_> {
    fn problem(&mut self, stage: &str, field: &str, message: impl ToString) {
        if let Some(selecting) = stage.strip_suffix(WHERE) {
            self.problems.push(self.pipeline.source.diagnostic(&format!("stages.{selecting}.where"), message));
            return;
        }
        let field = if field.is_empty() { format!("stages.{stage}") } else { format!("stages.{stage}.{field}") };
        self.problems.push(self.pipeline.source.diagnostic(&field, message));
    }

    fn stage(&mut self, name: &str) -> Option<BoundStage> {
        let spec = &self.pipeline.stages[name];
        let Some(kind) = self.registry.get(&spec.kind) else {
            let near =
                nearest(&spec.kind, self.registry.iter().map(Kind::name)).map(|n| format!("; did you mean `{n}`?"));
            let message =
                format!("there is no kind `{}`{}; `lapicque stages` lists them", spec.kind, near.unwrap_or_default());
            self.problem(name, "kind", message);
            return None;
        };
        let inputs = self.inputs(name, spec, kind)?;
        if is_selection(name) && inputs.iter().any(|(port, ..)| !port.sample_wise) {
            self.problem(name, "", "`where` selects samples; this input has no rows of samples");
            return None;
        }
        let schemas: Vec<PortSchema> = inputs.iter().map(|(port, ..)| port.clone()).collect();
        let files = Files::new(&self.pipeline.source.folder, spec.set_by_user.clone()).with_memo(self.memo);
        let feedback: Vec<String> = spec.feedback.keys().cloned().collect();
        let request = BindRequest {
            config: &spec.config,
            written: &spec.written,
            inputs: &schemas,
            grain: spec.grain,
            feedback: &feedback,
            files: &files,
        };
        let stage = match kind.bind(&request) {
            Ok(stage) => stage,
            Err(errors) => {
                for ConfigError { field, message } in errors {
                    self.problem(name, &field, message);
                }
                return None;
            }
        };
        let bound = stage.bound();
        if spec.grain.is_some_and(|grain| grain != bound.grain) {
            self.problem(name, "grain", format!("`{}` has a grain of its own; leave `grain` out", spec.kind));
        }
        let (domain, made_by) = match self.domain(bound, &inputs) {
            Ok(found) => found,
            Err(message) => {
                self.problem(name, "", message);
                return None;
            }
        };
        if bound.outputs.is_empty() || bound.outputs.len() > MOST_OUTPUTS {
            let message =
                format!("`{}` has {} outputs; 1 to {MOST_OUTPUTS} are allowed", spec.kind, bound.outputs.len());
            self.problem(name, "kind", message);
            return None;
        }
        let mut ports: Vec<Port> = Vec::with_capacity(inputs.len());
        for (port, stage, output) in inputs {
            let Some(read) = bound.reads.iter().find(|read| read.port == port.port).cloned() else {
                // What is not declared would be neither in the key nor passed on.
                let message = format!("`{}` does not say what it reads of the input `{}`", spec.kind, port.port);
                self.problem(name, &format!("inputs.{}", port.port), message);
                return None;
            };
            let last_round = self.stages[stage].as_ref().is_some_and(|from| from.bound().rounds().is_some());
            let (name, sample_wise) = (port.port, port.sample_wise);
            ports.push(Port { name, stage, output, sample_wise, read, selects: false, last_round });
        }
        ports.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(select) = &spec.select {
            let number = self.stages.iter().position(|s| s.as_ref().is_some_and(|s| s.name == select.stage))?;
            let read = Read::columns("where", []);
            // Selection comes before everything else.
            let name = "where".to_owned();
            let select =
                Port { name, stage: number, output: 0, sample_wise: true, read, selects: true, last_round: false };
            ports.insert(0, select);
        }
        let sample_wise = bound.grain == Grain::Sample;
        ports.iter_mut().for_each(|port| port.sample_wise &= sample_wise);
        let seed = spec.seed.unwrap_or(self.pipeline.seed);
        Some(BoundStage {
            name: name.to_owned(),
            spec: spec.clone(),
            stage,
            ports,
            domain,
            made_by,
            feedback: Vec::new(),
            seed,
            folder: self.pipeline.source.folder.clone(),
        })
    }

    /// Schema, stage and output at each port; `None` where one is wrong.
    fn inputs(&mut self, name: &str, spec: &StageSpec, kind: &dyn Kind) -> Option<Vec<(PortSchema, usize, usize)>> {
        let mut sound = true;
        if let Ports::Named(ports) = kind.ports() {
            let names: Vec<&str> = ports.iter().map(|p| &*p.name).collect();
            for port in spec.inputs.keys().filter(|port| !names.contains(&port.as_str())) {
                let near =
                    nearest(port, names.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                let takes = if names.is_empty() { "no inputs".to_owned() } else { names.join(", ") };
                self.problem(
                    name,
                    &format!("inputs.{port}"),
                    format!("`{}` has no input `{port}`{near} (it takes: {takes})", spec.kind),
                );
                sound = false;
            }
            for port in ports.iter().filter(|port| port.required && !spec.inputs.contains_key(&*port.name)) {
                let message = format!(
                    "the input `{}` (a {} table) is missing; e.g. `{}: STAGE`",
                    port.name, port.table, port.name
                );
                self.problem(name, "inputs", message);
                sound = false;
            }
        }
        let mut inputs = Vec::new();
        for (port, from) in &spec.inputs {
            match self.input(name, port, from, kind) {
                Some(input) => inputs.push(input),
                None => sound = false,
            }
        }
        sound.then_some(inputs)
    }

    fn input(
        &mut self,
        name: &str,
        port: &str,
        from: &StageRef,
        kind: &dyn Kind,
    ) -> Option<(PortSchema, usize, usize)> {
        let mut number = self.stages.iter().position(|s| s.as_ref().is_some_and(|s| s.name == from.stage))?;
        if let (true, Some(search)) = (from.output.is_some(), self.stages[number].as_ref()?.made_by) {
            // Of a search, its points are a stage of their own; further outputs are of its rounds.
            let of_rounds = self.stages[search].as_ref()?.bound().outputs.iter().skip(1);
            if self.stages[number].as_ref()?.is_made()
                && of_rounds.into_iter().any(|output| Some(&output.name) == from.output.as_ref())
            {
                number = search;
            }
        }
        let upstream = self.stages[number].as_ref()?;
        let outputs = &upstream.bound().outputs;
        let output = match &from.output {
            None => Some(0),
            Some(output) => outputs.iter().position(|o| &o.name == output),
        };
        let Some(output) = output else {
            let names: Vec<&str> = outputs.iter().map(|o| o.name.as_str()).collect();
            let message = format!(
                "`{}` has no output `{}` (it has: {})",
                from.stage,
                from.output.as_deref().unwrap_or_default(),
                names.join(", ")
            );
            self.problem(name, &format!("inputs.{port}"), message);
            return None;
        };
        let schema = outputs[output].schema.labelled();
        let sample_wise = upstream.domain.is_sample_wise() && upstream.bound().rounds().is_none();
        if let Ports::Named(ports) = kind.ports()
            && let Some(spec) = ports.iter().find(|p| p.name == port)
        {
            if spec.mode == PortMode::Broadcast && sample_wise {
                let what = if spec.table == FREE { String::new() } else { format!("{} ", spec.table) };
                let message = format!(
                    "a whole {what}table is due; `{}` has one for every sample (a stage of kind sql with `SELECT * FROM ...` makes one of all)",
                    from.stage
                );
                self.problem(name, &format!("inputs.{port}"), message);
                return None;
            }
            let fits = schema.table == spec.table || schema.table == "table" || spec.table == "table";
            if !fits {
                let message = format!("a {} table is due; `{}` gives a {} table", spec.table, from, schema.table);
                self.problem(name, &format!("inputs.{port}"), message);
                return None;
            }
        }
        let samples = match upstream.made_by {
            Some(search) => {
                self.stages[search].as_ref()?.bound().rounds().and_then(|r| usize::try_from(r.most_points).ok())
            }
            None => sample_wise.then(|| upstream.domain.len()),
        };
        Some((PortSchema { port: port.to_owned(), schema, sample_wise, samples }, number, output))
    }

    /// The samples of a stage: those of its points, or of its sample-wise inputs in order of first appearance.
    fn domain(&self, bound: &Bound, inputs: &[(PortSchema, usize, usize)]) -> Result<(Domain, Option<usize>), String> {
        if let Some(points) = bound.points() {
            let labels = match &points.labels {
                Some(labels) => labels.iter().collect(),
                None => points.digests.iter().collect(),
            };
            return Ok((Domain::Samples(labels), None));
        }
        if bound.rounds().is_some() {
            return match bound.grain {
                Grain::Table => Ok((Domain::Samples(Labels::default()), None)),
                Grain::Sample => Err("a search sees whole tables".to_owned()),
            };
        }
        if bound.grain == Grain::Table {
            return Ok((Domain::Single, None));
        }
        let sampled = inputs.iter().filter(|(port, ..)| port.sample_wise);
        let origins = sampled.filter_map(|(port, stage, _)| Some((&port.port, self.stages[*stage].as_ref()?)));
        let origins: Vec<(&String, Option<usize>)> = origins.map(|(port, from)| (port, from.made_by)).collect();
        if let Some((first, search)) = origins.iter().find(|(_, made_by)| made_by.is_some()) {
            if let Some((other, _)) = origins.iter().find(|(_, made_by)| made_by != search) {
                let name = search.and_then(|search| self.stages[search].as_ref()).map_or("", |s| s.spec_name());
                return Err(format!(
                    "`{name}` makes the samples of the input `{first}`, and not those of `{other}`: a stage takes samples of one origin"
                ));
            }
            return Ok((Domain::Samples(Labels::default()), *search));
        }
        let mut domain: Option<Labels> = None;
        for (port, stage, _) in inputs.iter().filter(|(port, ..)| port.sample_wise) {
            let Some(Domain::Samples(labels)) = self.stages[*stage].as_ref().map(|s| &s.domain) else {
                return Err(format!("the input `{}` has no samples", port.port));
            };
            domain = Some(match domain {
                None => labels.clone(),
                Some(known) if known.is_same(labels) || known == *labels => known,
                Some(known) => {
                    let mut seen: HashSet<&str> = known.iter().collect();
                    let new: Vec<&str> = labels.iter().filter(|label| seen.insert(label)).collect();
                    known.iter().chain(new).collect()
                }
            });
        }
        Ok((domain.map_or(Domain::Single, Domain::Samples), None))
    }
}

/// Columns of sources that nobody reads: most are misspelt parameters.
fn unread_columns(pipeline: &Pipeline, stages: &[BoundStage], problems: &mut Vec<Diagnostic>) {
    for (number, source) in stages.iter().enumerate() {
        let Some(points) = source.bound().points() else {
            continue;
        };
        let schema: &TableSchema = &source.bound().outputs[0].schema;
        if schema.table != lapicque_schemas::tables::parameters::TABLE {
            continue;
        }
        let readers: Vec<(&BoundStage, &Port)> = stages
            .iter()
            .flat_map(|s| s.ports.iter().map(move |p| (s, p)))
            .filter(|(_, p)| p.stage == number)
            .collect();
        if readers.is_empty() {
            continue;
        }
        let is_read = |column: &str| {
            readers
                .iter()
                .any(|(_, port)| port.read.columns.as_ref().is_none_or(|columns| columns.iter().any(|c| c == column)))
        };
        let accepted: Vec<&str> =
            readers.iter().flat_map(|(s, _)| s.bound().accepts.iter().map(String::as_str)).collect();
        // What a stage would read is no mistake, also where it finds that it can do without.
        let is_known = |column: &str| is_read(column) || accepted.contains(&column);
        for column in schema.column_names().filter(|c| !points.unread.iter().any(|u| u == c) && !is_known(c)) {
            let near =
                nearest(column, accepted.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            let message = format!("no stage reads the column `{column}`{near} (list it under `labels` if none should)");
            problems.push(pipeline.source.diagnostic(&format!("stages.{}", source.name), message));
        }
    }
}
