//! Ensembles of networks of one kind, each trained from other weights and with other rows set aside. Their density is the mean of the members' densities.

use lapicque_numerics::random::{Generator, StreamKey};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::arrays::{Array, take, wrong};
use crate::columns::{Scaling, check_table, scaled_columns, scaled_rows};
use crate::conditional::ConditionalDensity;
use crate::descent::{Batch, Descent, EpochLoss, Objective, Rows, Watch, descend};
use crate::error::DensityError;
use crate::network::Network;
use crate::settings::{DensityKind, Training};

/// Columns that are computed together.
const TOGETHER: usize = 256;

/// A trained density. Equal settings and equal arrays give equal bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    kind: DensityKind,
    value_count: usize,
    context_count: usize,
    network: Network,
    members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq)]
struct Member {
    values: Scaling,
    contexts: Scaling,
    /// Trained in 32 bits, evaluated in 64.
    parameters: Vec<f64>,
}

/// A density with the losses of its training: minus the log density, per row, in the units of the values.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// What was trained.
    pub density: Density,
    /// By member, then by epoch.
    pub losses: Vec<EpochLoss>,
}

/// Trains a density of the columns of `values`, given those of `contexts`: rows of equal number go together. Members are trained side by side on the threads of
/// the rayon pool it is called in; the result is the same for any number of them.
///
/// # Errors
/// Settings out of range; tables without columns, with unequal or fewer than 2 rows, or with numbers that are not finite; a value that is the same in all rows
/// of a member; a loss that is not finite; [`DensityError::Cancelled`].
pub fn train_density(
    kind: &DensityKind,
    training: &Training,
    values: ArrayView2<'_, f64>,
    contexts: ArrayView2<'_, f64>,
    stream: StreamKey,
    watch: Watch<'_>,
) -> Result<Trained, DensityError> {
    kind.check()?;
    training.check()?;
    check_table(values, "values")?;
    check_table(contexts, "contexts")?;
    if values.nrows() != contexts.nrows() {
        let (values, contexts) = (values.nrows(), contexts.nrows());
        return Err(DensityError::Rows { what: "values", values, other: "contexts", contexts });
    }
    if values.nrows() < 2 {
        return Err(DensityError::TooFewRows { rows: values.nrows(), needed: 2 });
    }
    if let Some(column) = Scaling::first_constant(values, &(0..values.nrows()).collect::<Vec<_>>()) {
        return Err(DensityError::ConstantValue { column });
    }
    let network = Network::new(kind, values.ncols(), contexts.ncols());
    let one = |member: usize| {
        let stream = stream.derive(&format!("member {member}"));
        train_member(&network, training, (values, contexts), (member, stream), watch)
    };
    let members: Vec<_> = (0..training.members).into_par_iter().map(one).collect();
    let (mut trained, mut losses) = (Vec::new(), Vec::new());
    for member in members {
        let (member, of_member) = member?;
        trained.push(member);
        losses.extend(of_member);
    }
    let (value_count, context_count) = (values.ncols(), contexts.ncols());
    let density = Density { kind: kind.clone(), value_count, context_count, network, members: trained };
    Ok(Trained { density, losses })
}

fn train_member(
    network: &Network,
    training: &Training,
    (values, contexts): (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
    (member, stream): (usize, StreamKey),
    watch: Watch<'_>,
) -> Result<(Member, Vec<EpochLoss>), DensityError> {
    let mut order = stream.stream("rows set aside", 0).permutation(values.nrows());
    let aside = (values.nrows() as f64 * training.validation_fraction).round() as usize;
    let held = order.split_off(values.nrows() - aside.clamp(1, values.nrows() - 1));
    // Two rows leave one to train on, which has no spread: then all rows scale.
    let scaled_by = if order.len() > 1 { order.clone() } else { (0..values.nrows()).collect() };
    if let Some(column) = Scaling::first_constant(values, &scaled_by) {
        return Err(DensityError::ConstantValue { column });
    }
    let scaled = Member {
        values: Scaling::of(values, &scaled_by, "values")?,
        contexts: Scaling::of(contexts, &scaled_by, "contexts")?,
        parameters: Vec::new(),
    };
    let rows = |rows: &[usize]| Rows {
        values: scaled_rows(values, rows, &scaled.values),
        value_count: values.ncols(),
        contexts: scaled_rows(contexts, rows, &scaled.contexts),
        context_count: contexts.ncols(),
        count: rows.len(),
    };
    let (train, validation) = (rows(&order), rows(&held));
    let mut parameters: Vec<f32> = network.initial(&mut stream.stream("initial weights", 0));
    let descent = Descent {
        batch: training.batch,
        learning_rate: training.learning_rate,
        clip: Some(training.clip),
        max_epochs: training.max_epochs,
        patience: training.patience,
        tolerance: 0.0,
    };
    let place = (member, stream.derive("order of rows"));
    // Losses are told in the units of the values.
    let volume = scaled.values.log_volume();
    let unscaled =
        |loss: EpochLoss| EpochLoss { training: loss.training + volume, validation: loss.validation + volume, ..loss };
    let watch = Watch { epoch: &|loss| (watch.epoch)(unscaled(loss)), ..watch };
    let losses = descend(network, &mut parameters, (&train, &validation), &descent, place, watch)?;
    let losses = losses.into_iter().map(unscaled).collect();
    Ok((Member { parameters: parameters.into_iter().map(f64::from).collect(), ..scaled }, losses))
}

impl Objective<f32> for Network {
    fn loss(&self, parameters: &[f32], batch: &Batch<f32>, gradient: Option<&mut [f32]>) -> f64 {
        -self.log_density(parameters, batch, gradient).iter().map(|&density| f64::from(density)).sum::<f64>()
    }

    fn free(&self) -> Vec<f32> {
        let mut free = vec![1.0; self.parameter_count()];
        self.mask(&mut free);
        free
    }
}

impl Density {
    /// The family it belongs to, and its settings.
    pub fn kind(&self) -> &DensityKind {
        &self.kind
    }

    /// Networks of the ensemble.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// What it learned, each of members x something: `value_means`, `value_scales` (x values), `context_means`, `context_scales` (x context), `parameters`
    /// (x weights and biases of a network).
    pub fn arrays(&self) -> Vec<Array> {
        let array = |name, of: fn(&Member) -> &Vec<f64>| {
            let shape = vec![self.members.len(), self.members.first().map_or(0, |member| of(member).len())];
            Array { name, shape, values: self.members.iter().flat_map(|member| of(member).iter().copied()).collect() }
        };
        vec![
            array("value_means", |member| &member.values.means),
            array("value_scales", |member| &member.values.scales),
            array("context_means", |member| &member.contexts.means),
            array("context_scales", |member| &member.contexts.scales),
            array("parameters", |member| &member.parameters),
        ]
    }

    /// Names of the arrays that a density has, in their order.
    pub const ARRAYS: [&'static str; 5] =
        ["value_means", "value_scales", "context_means", "context_scales", "parameters"];

    /// The density that has these settings, and gave these arrays (in any order).
    ///
    /// # Errors
    /// A setting out of range; the first array that is missing, not known, of another shape, or holds a number that it cannot hold.
    pub fn of_arrays(
        kind: &DensityKind,
        value_count: usize,
        context_count: usize,
        mut arrays: Vec<Array>,
    ) -> Result<Self, DensityError> {
        kind.check()?;
        let count = arrays.iter().find(|array| array.name == "parameters").and_then(|array| array.shape.first());
        let count = count.copied().unwrap_or(1);
        if count == 0 || value_count == 0 || context_count == 0 {
            return wrong("parameters", "has no members, values or context; at least one of each is needed".to_owned());
        }
        // What is larger than all there is cannot fit, and need not be multiplied.
        let most = arrays.iter().map(|array| array.values.len()).max().unwrap_or(0);
        if value_count > most || context_count > most {
            return wrong(
                "parameters",
                format!("are too few for {value_count} values and {context_count} of the context"),
            );
        }
        let network = Network::new(kind, value_count, context_count);
        let mut take = |name: &str, width: usize| take(&mut arrays, name, &[count, width]);
        let value_means = take("value_means", value_count)?;
        let value_scales = take("value_scales", value_count)?;
        let context_means = take("context_means", context_count)?;
        let context_scales = take("context_scales", context_count)?;
        let parameters = take("parameters", network.parameter_count())?;
        if let Some(left) = arrays.first() {
            return wrong(left.name, "is not known here".to_owned());
        }
        let part = |values: &[f64], width: usize, member: usize| values[member * width..][..width].to_vec();
        let of = |member: usize| Member {
            values: Scaling {
                means: part(&value_means, value_count, member),
                scales: part(&value_scales, value_count, member),
            },
            contexts: Scaling {
                means: part(&context_means, context_count, member),
                scales: part(&context_scales, context_count, member),
            },
            parameters: part(&parameters, network.parameter_count(), member),
        };
        let members: Vec<Member> = (0..count).map(of).collect();
        for member in &members {
            member.values.check("value_scales")?;
            member.contexts.check("context_scales")?;
            let mut masked = member.parameters.clone();
            network.mask(&mut masked);
            if masked != member.parameters {
                let problem = "holds a weight that is not 0 where a value would depend on itself or on those after it";
                return wrong("parameters", problem.to_owned());
            }
        }
        Ok(Self { kind: kind.clone(), value_count, context_count, network, members })
    }
}

/// Tables of other widths, or of numbers of rows that do not go together, give NaN.
impl ConditionalDensity for Density {
    fn value_count(&self) -> usize {
        self.value_count
    }

    fn context_count(&self) -> usize {
        self.context_count
    }

    fn log_density(&self, values: ArrayView2<'_, f64>, contexts: ArrayView2<'_, f64>) -> Vec<f64> {
        let count = if values.nrows() == 1 { contexts.nrows() } else { values.nrows() };
        let fits = contexts.nrows() == 1 || contexts.nrows() == count;
        if !fits || values.ncols() != self.value_count || contexts.ncols() != self.context_count {
            return vec![f64::NAN; count];
        }
        let of_member = |member: &Member| {
            let volume = member.values.log_volume();
            let mut densities = Vec::with_capacity(count);
            for start in (0..count).step_by(TOGETHER) {
                let rows = start..count.min(start + TOGETHER);
                let batch = Batch {
                    values: scaled_columns(values, rows.clone(), &member.values),
                    contexts: scaled_columns(contexts, rows.clone(), &member.contexts),
                    count: rows.len(),
                };
                let scaled = self.network.log_density(&member.parameters, &batch, None);
                densities.extend(scaled.into_iter().map(|density| density - volume));
            }
            densities
        };
        let all: Vec<Vec<f64>> = self.members.iter().map(of_member).collect();
        let share = (self.members.len() as f64).ln();
        let mean = |row: usize| {
            let highest = all.iter().map(|of_member| of_member[row]).fold(f64::NEG_INFINITY, f64::max);
            let finite = |table: ArrayView2<'_, f64>| {
                let row = if table.nrows() == 1 { 0 } else { row };
                table.row(row).iter().all(|value| value.is_finite())
            };
            if !finite(values) || !finite(contexts) {
                return f64::NAN;
            }
            if highest == f64::NEG_INFINITY {
                return highest;
            }
            let sum: f64 = all.iter().map(|of_member| (of_member[row] - highest).exp()).sum();
            highest + sum.ln() - share
        };
        (0..count).map(mean).collect()
    }

    fn draw(&self, context: &[f64], count: usize, generator: &mut Generator) -> Array2<f64> {
        let width = self.value_count;
        let mut draws = Array2::from_elem((count, width), f64::NAN);
        // Draw by draw: a member, a component, and a normal number for each value.
        let mut of_member: Vec<(Vec<usize>, Vec<f64>, Vec<f64>)> = vec![Default::default(); self.members.len()];
        for draw in 0..count {
            let member = generator.below(self.members.len() as u64) as usize;
            let (rows, uniforms, normals) = &mut of_member[member];
            rows.push(draw);
            uniforms.push(generator.uniform());
            normals.extend((0..width).map(|_| generator.normal()));
        }
        if context.len() != self.context_count || context.iter().any(|value| !value.is_finite()) {
            return draws;
        }
        for (member, (rows, uniforms, normals)) in self.members.iter().zip(&of_member) {
            let chunks = rows.chunks(TOGETHER).zip(uniforms.chunks(TOGETHER)).zip(normals.chunks(TOGETHER * width));
            for ((rows, uniforms), normals) in chunks {
                let batch = rows.len();
                let scaled = |column: usize| member.contexts.scaled(column, context[column]);
                let contexts: Vec<f64> =
                    (0..self.context_count).flat_map(|c| std::iter::repeat_n(scaled(c), batch)).collect();
                let across: Vec<f64> =
                    (0..width).flat_map(|c| (0..batch).map(move |row| normals[row * width + c])).collect();
                let values = self.network.draw(&member.parameters, &contexts, (&across, uniforms));
                for (place, &row) in rows.iter().enumerate() {
                    for column in 0..width {
                        draws[[row, column]] = member.values.unscaled(column, values[column * batch + place]);
                    }
                }
            }
        }
        draws
    }
}
