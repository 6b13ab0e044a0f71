//! `simulate.point_process`: spikes of a network of stochastic neurons in discrete time ([`lapicque_pointprocess`]), one network per sample.

use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, PortMode, PortSpec, SampleError, SampleInput, SampleOutput, Stage,
    each_sample,
};
use lapicque_pointprocess::{Network, PointProcessError, Step, Stream, simulate_into};
use lapicque_schemas::tables::{FREE, connectivity, parameters};

use super::point_process_config::{Config, Driven};
use super::point_process_network::{Inputs, PointProcess};
use super::point_process_stimuli::MASKS;
use super::point_process_tables::{Recorder, outputs};
use super::seed::read_seed;
use crate::kind_config::{SimpleKind, read, schema_of};

const REVISION: u32 = 1;
const PURPOSE: &str = "simulate.point_process";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectivity", connectivity::TABLE, PortMode::Either, false),
    PortSpec::new(MASKS, FREE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "simulate.point_process",
    summary: "Simulate a network of stochastic spiking neurons: generalised linear and linear-nonlinear-Poisson models",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct PointProcessStage {
    bound: Bound,
    network: PointProcess,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let network = PointProcess::bind(config, request, &mut notes)?;
    let outputs = outputs(network.schedule().dt_ms, network.record());
    let mut bound = Bound::new(REVISION, network.canonical()?, request.inputs, outputs);
    network.declare(&mut bound, request);
    read_seed(&mut bound, request.input("parameters").map(|input| &input.schema));
    bound.random = true;
    bound.notes = notes;
    bound.work = Some(network.work());
    Ok(Box::new(PointProcessStage { bound, network }))
}

impl Stage for PointProcessStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        // One network for all samples is read once.
        let whole = batch.whole(connectivity::TABLE).map(|table| self.network.network(Some(table)));
        each_sample(batch, |number, sample| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let driven = self.network.model().of_sample(batch.table(number, "parameters"))?;
            let own;
            let network = match &whole {
                Some(whole) => whole.as_ref().map_err(Clone::clone)?,
                None => {
                    own = self.network.network(batch.table(number, connectivity::TABLE))?;
                    &own
                }
            };
            let inputs = self.network.inputs(network, batch.table(number, MASKS))?;
            self.simulate(context, sample, &driven, network, &inputs)
        })
    }
}

impl PointProcessStage {
    fn simulate(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        driven: &Driven,
        network: &Network,
        inputs: &Inputs,
    ) -> Result<SampleOutput, SampleError> {
        let model = driven.settings.model().map_err(SampleError::input)?;
        self.network.affordable(&model, network.neurons()).map_err(SampleError::input)?;
        let key = StreamKey::new(sample.stream(PURPOSE));
        let stimuli = self.network.stimuli(driven, inputs, &key)?;
        let (schedule, record) = (self.network.schedule(), self.network.record());
        let mut recorder = Recorder::new(&model, inputs.populations(), schedule, record).map_err(SampleError::input)?;
        let run = self.network.run();
        let mut input = |step: u64, drive: &mut [f64]| stimuli.iter().for_each(|(_, input)| input.add(step, drive));
        let tell_every = (run.steps / 100).max(1);
        let mut take = |step: &Step<'_>| {
            if (step.step + 1).is_multiple_of(tell_every) {
                (context.progress)(tell_every as f64 / run.steps as f64);
            }
            recorder.take(step)
        };
        let (mut draws, go_on) = (Stream::new(&key, 0), || !context.is_cancelled());
        let ran = simulate_into(&model, network, &run, &mut draws, &mut input, &go_on, &mut take);
        ran.map_err(|error| match error {
            PointProcessError::Cancelled => SampleError::cancelled(),
            error => SampleError::input(error),
        })?;
        let tables = recorder.tables(inputs.populations(), &stimuli).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables, notes: Vec::new() })
    }
}
