//! Where the values of populations and connections stand, with their units and ranges.
//!
//! What is listed and what can be located must agree; tests set every listed path.

use crate::{Bounds, Connection, Distribution, Drive, Population, Range, Rule, Shape, SpatialProfile, Spread, Synapse};

/// A value of a network that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// From the top of the description, such as `populations.E.C_m`.
    pub path: String,
    /// `1` for counts, probabilities and relative spreads.
    pub unit: &'static str,
    /// In the unit.
    pub value: f64,
}

/// Where a value stands, and what it may be.
pub(crate) struct Place<'a> {
    pub(crate) unit: &'static str,
    pub(crate) range: Range,
    pub(crate) target: Target<'a>,
}

pub(crate) enum Target<'a> {
    Number(&'a mut f64),
    Size(&'a mut u32),
    Total(&'a mut u64),
    Distribution { distribution: &'a mut Distribution, part: Part, values: Range },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part {
    Mean,
    Sd,
    Low,
    High,
    Min,
    Max,
}

const PARTS: [(Part, &str); 6] = [
    (Part::Mean, ""),
    (Part::Sd, "sd"),
    (Part::Low, "low"),
    (Part::High, "high"),
    (Part::Min, "min"),
    (Part::Max, "max"),
];

pub(crate) fn part_mut(distribution: &mut Distribution, part: Part) -> Option<&mut f64> {
    let Distribution { shape, bounds } = distribution;
    match part {
        Part::Mean => match shape {
            Shape::Constant { value: mean } | Shape::Normal { mean, .. } | Shape::Lognormal { mean, .. } => Some(mean),
            Shape::Uniform { .. } => None,
        },
        Part::Sd => match shape {
            Shape::Normal { sd, .. } | Shape::Lognormal { sd, .. } => match sd {
                Spread::Absolute(sd) | Spread::Relative(sd) => Some(sd),
            },
            Shape::Constant { .. } | Shape::Uniform { .. } => None,
        },
        Part::Low | Part::High => match shape {
            Shape::Uniform { low, .. } if part == Part::Low => Some(low),
            Shape::Uniform { high, .. } => Some(high),
            _ => None,
        },
        Part::Min | Part::Max => match bounds {
            Bounds::Between { min, max } => Some(if part == Part::Min { min } else { max }).filter(|at| at.is_finite()),
            Bounds::None | Bounds::KeepSign => None,
        },
    }
}

fn is_relative_sd(distribution: &Distribution, part: Part) -> bool {
    part == Part::Sd
        && matches!(
            distribution.shape,
            Shape::Normal { sd: Spread::Relative(_), .. } | Shape::Lognormal { sd: Spread::Relative(_), .. }
        )
}

fn distribution_entries(distribution: &Distribution, path: &str, unit: &'static str, entries: &mut Vec<Entry>) {
    let mut distribution = *distribution;
    for (part, name) in PARTS {
        let unit = if is_relative_sd(&distribution, part) { "1" } else { unit };
        if let Some(value) = part_mut(&mut distribution, part).copied() {
            let path = if name.is_empty() { path.to_owned() } else { format!("{path}.{name}") };
            entries.push(Entry { path, unit, value });
        }
    }
}

fn in_distribution<'a>(
    distribution: &'a mut Distribution,
    unit: &'static str,
    values: Range,
    rest: &[&str],
) -> Option<Place<'a>> {
    let name = match rest {
        [] => "",
        [name] if !name.is_empty() => name,
        _ => return None,
    };
    let (part, _) = PARTS.into_iter().find(|(_, part)| *part == name)?;
    part_mut(distribution, part)?;
    let range = match part {
        Part::Mean | Part::Low | Part::High => values,
        Part::Sd => Range::NonNegative,
        Part::Min | Part::Max => Range::Any,
    };
    let unit = if is_relative_sd(distribution, part) { "1" } else { unit };
    Some(Place { unit, range, target: Target::Distribution { distribution, part, values } })
}

fn number<'a>(number: &'a mut f64, unit: &'static str, range: Range) -> Option<Place<'a>> {
    Some(Place { unit, range, target: Target::Number(number) })
}

pub(crate) fn population_entries(population: &Population, entries: &mut Vec<Entry>) {
    let base = format!("populations.{}", population.name);
    let value = f64::from(population.size);
    entries.push(Entry { path: format!("{base}.size"), unit: "1", value });
    let model = population.neuron.model;
    for spec in model.parameters() {
        if let Some(distribution) = population.neuron.parameters.get(spec.symbol) {
            distribution_entries(distribution, &format!("{base}.{}", spec.symbol), spec.unit, entries);
        }
    }
    for (position, drive) in population.drives.iter().enumerate() {
        let base = match population.drives.len() {
            1 => format!("{base}.drive"),
            _ => format!("{base}.drives.{position}"),
        };
        let mut entry = |name, unit, value| entries.push(Entry { path: format!("{base}.{name}"), unit, value });
        match drive {
            Drive::Poisson { rate_hz, synapses, weight, delay_ms } => {
                entry("rate", "Hz", *rate_hz);
                entry("synapses", "1", *synapses);
                entry("delay", "ms", *delay_ms);
                distribution_entries(weight, &format!("{base}.weight"), model.weight_unit(), entries);
            }
            Drive::Current { amplitude_pa } => entry("amplitude", "pA", *amplitude_pa),
        }
    }
}

pub(crate) fn locate_in_population<'a>(population: &'a mut Population, rest: &[&str]) -> Option<Place<'a>> {
    let model = population.neuron.model;
    match rest {
        ["size"] => Some(Place { unit: "1", range: Range::SIZE, target: Target::Size(&mut population.size) }),
        ["drive", rest @ ..] => match population.drives.as_mut_slice() {
            [drive] => locate_in_drive(drive, model.weight_unit(), rest),
            _ => None,
        },
        ["drives", position, rest @ ..] => {
            let drive = population.drives.get_mut(position.parse::<usize>().ok()?)?;
            locate_in_drive(drive, model.weight_unit(), rest)
        }
        [symbol, rest @ ..] => {
            let spec = model.parameter(symbol)?;
            in_distribution(population.neuron.parameters.get_mut(*symbol)?, spec.unit, spec.range, rest)
        }
        [] => None,
    }
}

fn locate_in_drive<'a>(drive: &'a mut Drive, weight_unit: &'static str, rest: &[&str]) -> Option<Place<'a>> {
    match (drive, rest) {
        (Drive::Poisson { rate_hz, .. }, ["rate"]) => number(rate_hz, "Hz", Range::NonNegative),
        (Drive::Poisson { synapses, .. }, ["synapses"]) => number(synapses, "1", Range::NonNegative),
        (Drive::Poisson { delay_ms, .. }, ["delay"]) => number(delay_ms, "ms", Range::Positive),
        (Drive::Poisson { weight, .. }, ["weight", rest @ ..]) => {
            in_distribution(weight, weight_unit, Range::Any, rest)
        }
        (Drive::Current { amplitude_pa }, ["amplitude"]) => number(amplitude_pa, "pA", Range::Any),
        _ => None,
    }
}

pub(crate) fn connection_entries(connection: &Connection, weight_unit: &'static str, entries: &mut Vec<Entry>) {
    let base = format!("connections.{}", connection.name);
    let mut entry = |name: &str, unit, value| entries.push(Entry { path: format!("{base}.{name}"), unit, value });
    match connection.rule {
        Rule::Probability { p, .. } => entry("rule.probability", "1", p),
        Rule::InDegree { k, .. } => entry("rule.in_degree", "1", k),
        Rule::Total { n, .. } => entry("rule.total", "1", n as f64),
        Rule::AllToAll { .. } | Rule::OneToOne => {}
    }
    if let Synapse::TsodyksMarkram { u, tau_rec_ms, tau_fac_ms } = connection.synapse {
        entry("synapse.U", "1", u);
        entry("synapse.tau_rec", "ms", tau_rec_ms);
        entry("synapse.tau_fac", "ms", tau_fac_ms);
    }
    match connection.profile {
        Some(SpatialProfile::Boxcar { width_um }) => entry("profile.width", "um", width_um),
        Some(SpatialProfile::Gaussian { sd_um }) => entry("profile.sd", "um", sd_um),
        Some(SpatialProfile::Exponential { length_um }) => entry("profile.length", "um", length_um),
        None => {}
    }
    distribution_entries(&connection.weight, &format!("{base}.weight"), weight_unit, entries);
    distribution_entries(&connection.delay_ms, &format!("{base}.delay"), "ms", entries);
}

pub(crate) fn locate_in_connection<'a>(
    connection: &'a mut Connection,
    weight_unit: &'static str,
    rest: &[&str],
) -> Option<Place<'a>> {
    let Connection { rule, weight, delay_ms, synapse, profile, .. } = connection;
    match rest {
        ["rule", name] => match (rule, *name) {
            (Rule::Probability { p, .. }, "probability") => number(p, "1", Range::Fraction),
            (Rule::InDegree { k, .. }, "in_degree") => number(k, "1", Range::NonNegative),
            (Rule::Total { n, .. }, "total") => {
                Some(Place { unit: "1", range: Range::COUNT, target: Target::Total(n) })
            }
            _ => None,
        },
        ["synapse", name] => match (synapse, *name) {
            (Synapse::TsodyksMarkram { u, .. }, "U") => number(u, "1", Range::Fraction),
            (Synapse::TsodyksMarkram { tau_rec_ms, .. }, "tau_rec") => number(tau_rec_ms, "ms", Range::Positive),
            (Synapse::TsodyksMarkram { tau_fac_ms, .. }, "tau_fac") => number(tau_fac_ms, "ms", Range::NonNegative),
            _ => None,
        },
        ["profile", name] => match (profile.as_mut()?, *name) {
            (SpatialProfile::Boxcar { width_um }, "width") => number(width_um, "um", Range::Positive),
            (SpatialProfile::Gaussian { sd_um }, "sd") => number(sd_um, "um", Range::Positive),
            (SpatialProfile::Exponential { length_um }, "length") => number(length_um, "um", Range::Positive),
            _ => None,
        },
        ["weight", rest @ ..] => in_distribution(weight, weight_unit, Range::Any, rest),
        ["delay", rest @ ..] => in_distribution(delay_ms, "ms", Range::Positive, rest),
        _ => None,
    }
}
