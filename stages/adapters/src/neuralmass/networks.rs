//! Networks of the samples of a batch, each made once.

use std::sync::Arc;

use lapicque_pipeline::{Batch, SampleError};

use crate::simulate::coupled::{Connectome, Coupled};

#[derive(Default)]
pub(super) struct Networks {
    /// That of all samples.
    connectome: Option<Result<Arc<Connectome>, SampleError>>,
    /// Of that, by the bits of the speed; of a node alone, whatever the speed.
    known: Vec<(Option<u64>, Result<Arc<Coupled>, SampleError>)>,
}

impl Networks {
    /// Of the sample with this place and speed; times are the step and the duration of a run in ms.
    pub(super) fn of_sample(
        &mut self,
        batch: &Batch,
        sample: usize,
        is_coupled: bool,
        speed_mm_per_ms: f64,
        (time_step_ms, duration_ms): (f64, f64),
    ) -> Result<Arc<Coupled>, SampleError> {
        let couple =
            |connectome: &Connectome| connectome.coupled(speed_mm_per_ms, time_step_ms, duration_ms).map(Arc::new);
        let whole = if is_coupled { batch.whole("connectome") } else { None };
        if is_coupled && whole.is_none() {
            let own = batch.table(sample, "connectome");
            return couple(&Connectome::read(own.ok_or_else(|| SampleError::internal("no input `connectome`"))?)?);
        }
        let key = whole.map(|_| speed_mm_per_ms.to_bits());
        if let Some((_, known)) = self.known.iter().find(|(of, _)| *of == key) {
            return known.clone();
        }
        let made = match whole {
            None => Ok(Arc::new(Coupled::single())),
            Some(whole) => {
                let read = self.connectome.get_or_insert_with(|| Connectome::read(whole).map(Arc::new));
                read.clone().and_then(|connectome| couple(&connectome))
            }
        };
        self.known.push((key, made.clone()));
        made
    }
}
