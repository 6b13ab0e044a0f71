//! Binding searches: their two stages, and what they learn from.

use lapicque_schemas::Labels;

use crate::config::nearest;
use crate::diagnostic::Diagnostic;
use crate::graph::{BoundStage, Domain, Port, ROUNDS};
use crate::kind::{
    Batch, Bound, ConfigError, Context, Output, Points, PortSchema, Read, SampleError, SampleOutput, Samples, Stage,
};
use crate::pipeline_file::{Pipeline, StageRef};

/// Names of tables that every round sees.
const POINTS: &str = "points";

/// The stage of the samples that a search makes, which has this number; none of other stages.
pub(crate) fn points_of(bound: &BoundStage, number: usize) -> Option<BoundStage> {
    let search = bound.bound();
    let rounds = search.rounds()?;
    let mut spec = bound.spec.clone();
    spec.inputs.clear();
    spec.feedback.clear();
    spec.select = None;
    spec.keep = true;
    let output = Output::new(&search.outputs[0].name, search.outputs[0].schema.clone());
    let mut of_points = Bound::new(1, serde_json::json!({}), &[], vec![output]);
    of_points.samples = Samples::Known(Points { labels: None, digests: Vec::new(), unread: rounds.unread.clone() });
    Some(BoundStage {
        name: bound.name.clone(),
        spec,
        stage: Box::new(MadePoints(of_points)),
        ports: Vec::new(),
        domain: Domain::Samples(Labels::default()),
        made_by: Some(number),
        feedback: Vec::new(),
        seed: bound.seed,
        folder: bound.folder.clone(),
    })
}

/// The stage of the rounds of a search.
pub(crate) fn rounds_of(bound: BoundStage) -> BoundStage {
    BoundStage { name: format!("{}{ROUNDS}", bound.name), ..bound }
}

/// The rows of points that a search has made: they are stored with the round that makes them.
struct MadePoints(Bound);

impl Stage for MadePoints {
    fn bound(&self) -> &Bound {
        &self.0
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let failure = || Err(SampleError::internal("points of a search come with their round"));
        batch.samples.iter().map(|_| failure()).collect()
    }
}

/// Connects searches with what they learn from, once all stages are bound.
pub(crate) fn connect(pipeline: &Pipeline, stages: &mut [BoundStage], problems: &mut Vec<Diagnostic>) {
    for number in 0..stages.len() {
        if stages[number].is_made() {
            continue;
        }
        let name = stages[number].spec_name().to_owned();
        let mut fail = |field: &str, message: String| {
            problems.push(pipeline.source.diagnostic(&format!("stages.{name}.{field}"), message));
        };
        let spec = &stages[number].spec;
        let Some(rounds) = stages[number].bound().rounds() else {
            if !spec.feedback.is_empty() {
                fail("feedback", format!("`{}` makes no samples from results; leave `feedback` out", spec.kind));
            }
            continue;
        };
        if !spec.keep {
            fail("keep", "the points of a search are always kept; leave `keep` out".to_owned());
        }
        if rounds.most_rounds > 1 && spec.feedback.is_empty() {
            let example = "name the stages that it learns from, below itself, e.g. `feedback: {features: STAGE}`";
            fail("feedback", format!("`{}` learns from results: {example}", spec.kind));
            continue;
        }
        // One round has nothing to learn from.
        if spec.feedback.is_empty() {
            continue;
        }
        let mut ports = Vec::new();
        for (port, from) in &spec.feedback {
            match port_of(stages, number, port, from) {
                Ok(found) => ports.push(found),
                Err(message) => fail(&format!("feedback.{port}"), message),
            }
        }
        if ports.len() < spec.feedback.len() {
            continue;
        }
        let schemas: Vec<PortSchema> = ports.iter().map(|(schema, _)| schema.clone()).collect();
        match stages[number].stage.feedback(&schemas) {
            Ok(reads) => {
                let mut connected = Vec::new();
                for (schema, mut port) in ports {
                    match reads.iter().find(|read| read.port == schema.port) {
                        Some(read) => {
                            port.read = read.clone();
                            connected.push(port);
                        }
                        None => fail(
                            &format!("feedback.{}", schema.port),
                            format!("`{}` learns nothing from it", stages[number].spec.kind),
                        ),
                    }
                }
                connected.sort_by(|a, b| a.name.cmp(&b.name));
                stages[number].feedback = connected;
            }
            Err(errors) => {
                errors.into_iter().for_each(|ConfigError { field, message }| fail(&field, message));
            }
        }
    }
}

/// A table that a search learns from.
fn port_of(stages: &[BoundStage], search: usize, port: &str, from: &StageRef) -> Result<(PortSchema, Port), String> {
    let name = stages[search].spec_name();
    if port == POINTS || stages[search].spec.inputs.contains_key(port) {
        return Err(format!("`{port}` is the name of another table that `{name}` sees; give it another"));
    }
    let Some(number) = stages.iter().position(|stage| stage.name == from.stage) else {
        let names = stages.iter().filter(|s| s.name == s.spec_name()).map(|stage| stage.name.as_str());
        let near = nearest(&from.stage, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(format!("there is no stage `{}`{near}", from.stage));
    };
    let stage = &stages[number];
    if stage.is_made() && stage.made_by == Some(search) {
        return Err(format!("`{name}` knows its own points; name a stage that is computed from them"));
    }
    if stage.made_by != Some(search) {
        return Err(format!(
            "`{}` has no rows for each sample of `{name}`: a search learns from sample-wise stages below itself",
            from.stage
        ));
    }
    if !stage.spec.keep {
        return Err(format!("`{}` keeps no rows; leave `keep: false` out there", from.stage));
    }
    let outputs = &stage.bound().outputs;
    let output = match &from.output {
        None => Some(0),
        Some(output) => outputs.iter().position(|o| &o.name == output),
    };
    let output = output.ok_or_else(|| {
        let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
        format!(
            "`{}` has no output `{}` (it has: {})",
            from.stage,
            from.output.as_deref().unwrap_or_default(),
            names.join(", ")
        )
    })?;
    let schema = outputs[output].schema.labelled();
    let schema = PortSchema { port: port.to_owned(), schema, sample_wise: true, samples: None };
    let read = Read::all(port);
    let port = Port {
        name: port.to_owned(),
        stage: number,
        output,
        sample_wise: false,
        read,
        selects: false,
        last_round: false,
    };
    Ok((schema, port))
}
