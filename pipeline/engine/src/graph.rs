//! The bound graph: stages with their inputs, in an order in which inputs come first.

use std::path::PathBuf;

use lapicque_schemas::{Digest, DigestBuilder, Labels};

use crate::kind::{Bound, Read, Stage};
use crate::pipeline_file::StageSpec;

pub struct Graph {
    pub name: String,
    /// The pipeline file as the store knows it, so that two files of one name do not answer for each other; empty where there is none.
    pub file: String,
    /// Inputs before the stages that read them.
    pub stages: Vec<BoundStage>,
    /// Stages that run together, batch by batch, because rows between them are not kept; in order.
    pub groups: Vec<Vec<usize>>,
}

pub struct BoundStage {
    pub name: String,
    pub spec: StageSpec,
    pub stage: Box<dyn Stage>,
    pub ports: Vec<Port>,
    pub domain: Domain,
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

    /// What each unit has of its own in its key: the point of a source, then the sample-wise ports.
    pub(crate) fn own_inputs(&self) -> impl Iterator<Item = &str> {
        let point = self.bound().points.as_ref().map(|_| "point");
        point.into_iter().chain(self.ports.iter().filter(|p| p.sample_wise && !p.selects).map(|p| p.name.as_str()))
    }
}

impl Graph {
    /// Digest of all that a plan follows from, beside the store: two graphs with equal identities have equal plans.
    pub fn identity(&self) -> Digest {
        let mut all = DigestBuilder::new("lapicque graph 1");
        for stage in &self.stages {
            let bound = stage.bound();
            let spec = &stage.spec;
            let ports: Vec<_> = stage
                .ports
                .iter()
                .map(|p| (&p.name, self.stages[p.stage].name.as_str(), p.output, p.sample_wise, &p.read, p.selects))
                .collect();
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
            // Metadata of columns come in another order in every process.
            said.sort_all_objects();
            all.text(&said.to_string()).number(stage.domain.len() as u64);
            if let Some(points) = &bound.points {
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

    pub fn stage(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.name == name)
    }
}
