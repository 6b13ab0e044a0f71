//! `potential.lead_field`: the potential at each electrode per unit of each dipole ([`lapicque_potential::head`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::lead_field::{self, LeadFieldRow};

use super::head_config::{Config, Model, Montage, montage};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "potential.lead_field",
    summary: "Compute the potential at each electrode per unit of each dipole",
    ports: &[],
    config_schema: schema_of::<Config>,
    bind,
};

struct LeadFieldStage {
    bound: Bound,
    montage: Montage,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if config.model == Model::LeadField {
        return problem("model", "`lead_field` computes nothing; allowed are `four_sphere` and `infinite`");
    }
    let montage = montage(&config)?;
    let bound =
        bound(REVISION, &config, &Config::default(), request, vec![Output::new("lead_field", lead_field::schema())])?;
    Ok(Box::new(LeadFieldStage { bound, montage }))
}

impl Stage for LeadFieldStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |_, _| {
            let Montage { dipoles, electrodes, lead_field } = &self.montage;
            let mut rows = Vec::with_capacity(dipoles.len() * electrodes.len());
            for (number, dipole) in dipoles.iter().enumerate() {
                for (electrode, gain) in electrodes.iter().zip(lead_field.of_dipole(number)) {
                    rows.push(LeadFieldRow {
                        electrode: electrode.clone(),
                        dipole: dipole.name.clone(),
                        mv_per_na_um: *gain,
                    });
                }
            }
            lead_field::write(&rows).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}
