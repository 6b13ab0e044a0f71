//! Tables and arrays of spikes. The first byte chooses the format and what becomes of two spikes in a step; what is read goes onto a grid.

use std::io::Cursor;

use lapicque_recording::TimeUnit;
use lapicque_recording::delimited::Separator;
use lapicque_recording::spikes::{GridOptions, SameStep, SpikeColumns, on_grid, read_spike_npy, read_spike_table};

pub fn target(data: &[u8]) {
    let (&choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    let separator = if choice & 1 == 0 { Separator::Comma } else { Separator::Tab };
    let unit = (choice & 2 != 0).then_some(TimeUnit::Microseconds);
    let trains = match choice & 4 {
        0 => {
            let columns = |names: &[&str]| SpikeColumns::of(names, None, unit, (None, None));
            read_spike_table(Cursor::new(bytes), separator, columns, "all").map(|(trains, ..)| trains)
        }
        _ => read_spike_npy(&mut Cursor::new(bytes), TimeUnit::Seconds, "all"),
    };
    let trains = match trains {
        Ok(trains) => trains,
        Err(error) => {
            assert!(error.to_string().len() <= 10_000 + 10 * bytes.len());
            return;
        }
    };
    let same_step = if choice & 8 == 0 { SameStep::Merge } else { SameStep::Refuse };
    for (_, trains) in &trains.samples {
        let options = GridOptions { resolution_ms: 0.1, same_step, ..GridOptions::default() };
        let Ok(grid) = on_grid(trains, &options) else {
            continue;
        };
        let there: usize = trains.iter().map(|train| train.times_ms.len()).sum();
        assert_eq!(grid.step.len() as u64 + grid.merged + grid.outside, there as u64);
        assert!(grid.rounding_ms <= 0.051 && grid.start_ms < grid.stop_ms);
        let spikes: Vec<_> = grid.population.iter().zip(&grid.step).zip(&grid.neuron).collect();
        assert!(spikes.is_sorted());
        for ((population, _), neuron) in spikes {
            assert!(*neuron < grid.populations[usize::from(*population)].size);
        }
    }
}
