//! The bound graph: stages with their inputs, in an order in which inputs come first.

use std::path::PathBuf;

use lapicque_schemas::{Digest, DigestBuilder, Labels};

use crate::kind::{Bound, Read, Samples, Stage};
use crate::pipeline_file::{StageSpec, WHERE};

/// What the name of the stage ends with that computes the rounds of another, which makes samples.
pub(crate) const ROUNDS: &str = "__rounds";

pub struct Graph {
    pub name: String,
    /// The pipeline file as the store knows it, so that two files of one name do not answer for each other; empty where there is none.
    pub file: String,
    /// Inputs before the stages that read them.
    pub stages: Vec<BoundStage>,
    /// What runs one after the other.
    pub components: Vec<Component>,
}

/// Groups of stages that run in order; with a search, again and again until it has ended.
pub struct Component {
    /// Stages that run together, batch by batch, because rows between them are not kept.
    pub groups: Vec<Vec<usize>>,
    pub search: Option<usize>,
}

pub struct BoundStage {
    pub name: String,
    pub spec: StageSpec,
    pub stage: Box<dyn Stage>,
    pub ports: Vec<Port>,
    /// As far as it is known when the graph is bound; a [`crate::Planner`] knows the samples that a search has made.
    pub domain: Domain,
    /// The search that makes its samples.
    pub made_by: Option<usize>,
    /// Of a search: what it learns from, below itself.
    pub feedback: Vec<Port>,
    /// The seed that its random streams start from.
    pub seed: u64,
    /// Relative paths of its configuration start here.
    pub folder: PathBuf,
}

/// What a stage is computed for.
#[derive(Debug, Clone)]
pub enum Domain {
    /// Once.
    Single,
    /// For each of these samples.
    Samples(Labels),
}

/// A connected input.
pub struct Port {
    pub name: String,
    /// Number of the stage in [`Graph::stages`], and of its output.
    pub stage: usize,
    pub output: usize,
    pub sample_wise: bool,
    pub read: Read,
    /// Not an input: the stage of the `where`, whose samples with rows are selected.
    pub selects: bool,
    /// Of a stage that has rounds, the table of the last.
    pub last_round: bool,
}

impl Domain {
    /// How often the stage is computed.
    pub fn len(&self) -> usize {
        match self {
            Self::Single => 1,
            Self::Samples(labels) => labels.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of its samples; none where it is computed once.
    pub fn labels(&self) -> impl Iterator<Item = &str> + Clone {
        (0..).map_while(|unit| self.label(unit))
    }

    /// The label of a unit; none where it is computed once.
    pub fn label(&self, unit: usize) -> Option<&str> {
        match self {
            Self::Single => None,
            Self::Samples(labels) => labels.get(unit),
        }
    }

    pub fn is_sample_wise(&self) -> bool {
        matches!(self, Self::Samples(_))
    }
}

impl BoundStage {
    pub fn bound(&self) -> &Bound {
        self.stage.bound()
    }

    /// Whether its samples are the rows that a search makes.
    pub(crate) fn is_made(&self) -> bool {
        self.made_by.is_some() && self.bound().points().is_some()
    }

    /// Whether it computes the rounds of a search.
    pub fn is_search(&self) -> bool {
        self.bound().rounds().is_some()
    }

    /// The name of the stage in the pipeline file that it stands for.
    pub fn spec_name(&self) -> &str {
        [ROUNDS, WHERE].iter().find_map(|tail| self.name.strip_suffix(tail)).unwrap_or(&self.name)
    }

    /// The stages that it cannot be computed without.
    pub(crate) fn needs(&self) -> impl Iterator<Item = usize> {
        let search = self.made_by.filter(|_| self.is_made());
        self.ports.iter().map(|port| port.stage).chain(search)
    }

    /// What each unit has of its own in its key: the point of a source, then the sample-wise ports.
    pub(crate) fn own_inputs(&self) -> impl Iterator<Item = &str> {
        let own: &[&str] = match &self.bound().samples {
            Samples::Inherited => &[],
            Samples::Known(_) => &["point"],
            Samples::Made(_) => &["round", "history"],
        };
        own.iter().copied().chain(self.ports.iter().filter(|p| p.sample_wise && !p.selects).map(|p| p.name.as_str()))
    }
}

impl Graph {
    /// Digest of all that a plan follows from, beside the store: two graphs with equal identities have equal plans.
    pub fn identity(&self) -> Digest {
        let mut all = DigestBuilder::new("lapicque graph 1");
        for stage in &self.stages {
            let bound = stage.bound();
            let spec = &stage.spec;
            let wiring = |ports: &'_ [Port]| -> Vec<_> {
                let port = |p: &Port| {
                    let from = self.stages[p.stage].name.clone();
                    serde_json::json!([p.name, from, p.output, p.sample_wise, p.read, p.selects])
                };
                ports.iter().map(port).collect()
            };
            let ports = wiring(&stage.ports);
            let on_error = format!("{:?} {:?} {}", spec.on_error, spec.timeout, spec.retries);
            let mut said = serde_json::json!([
                stage.name,
                spec.kind,
                spec.keep,
                on_error,
                spec.revision,
                spec.grain,
                stage.seed,
                bound.revision,
                bound.config,
                bound.grain,
                bound.outputs,
                bound.files,
                bound.random,
                bound.order_sensitive,
                ports,
            ]);
            if let (Some(rounds), Some(said)) = (bound.rounds(), said.as_array_mut()) {
                said.push(serde_json::json!([rounds.most_rounds, rounds.most_points, wiring(&stage.feedback)]));
            }
            // Metadata of columns come in another order in every process.
            said.sort_all_objects();
            all.text(&said.to_string()).number(stage.domain.len() as u64);
            if let Some(points) = bound.points() {
                points.digests.iter().for_each(|&digest| {
                    all.digest(digest);
                });
                all.number(u64::from(points.labels.is_some()));
                points.labels.iter().flatten().for_each(|label| {
                    all.text(label);
                });
            }
        }
        all.finish()
    }

    /// How many samples of a stage a search makes at most; none of a stage whose samples are known.
    pub fn most_made(&self, stage: &BoundStage) -> Option<u64> {
        Some(self.stages[stage.made_by?].bound().rounds()?.most_points)
    }

    /// Stages that run together, in order.
    pub fn groups(&self) -> impl Iterator<Item = &Vec<usize>> {
        self.components.iter().flat_map(|component| &component.groups)
    }

    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.name == name)
    }
}
