//! Where electrodes are: as the configuration says, or by their names in the 10-10 system ([`lapicque_signal::electrodes`]).

use std::collections::BTreeMap;

use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_signal::electrodes::{Direction, Electrode};
use lapicque_signal::rereference::angle;

/// By the name of a channel or electrode: x right, y front, z up. Only the direction from the origin, the centre of the head, counts.
pub(super) type Positions = BTreeMap<String, [f64; 3]>;

/// Two electrodes that are nearer than this (radians) are at one place.
const SAME_PLACE: f64 = 1e-4;

pub(super) fn check_positions(positions: &Positions) -> Vec<ConfigError> {
    let bad = |place: &[f64; 3]| !place.iter().all(|x| x.is_finite()) || place.iter().all(|x| *x == 0.0);
    let problem = |(name, place): (&String, &[f64; 3])| {
        let [x, y, z] = place;
        let message = format!(
            "[{x}, {y}, {z}] is no direction from the centre of the head: numbers other than [0, 0, 0] are due"
        );
        ConfigError::at(format!("positions.{name}"), message)
    };
    positions.iter().filter(|(_, place)| bad(place)).map(problem).collect()
}

/// Of a channel; `None` where it is not known.
pub(super) fn direction(channel: &str, positions: &Positions) -> Option<Direction> {
    if let Some(place) = positions.get(channel) {
        return Some(*place);
    }
    let electrode = Electrode::of(channel)?;
    let given = positions.iter().find(|(name, _)| Electrode::of(name) == Some(electrode));
    Some(given.map_or_else(|| electrode.direction(), |(_, place)| *place))
}

/// Of channels that must all have one, at different places; `without` says what to do about one that has none.
pub(super) fn directions(
    channels: &[&str],
    positions: &Positions,
    without: &str,
) -> Result<Vec<Direction>, SampleError> {
    let mut places: Vec<Direction> = Vec::with_capacity(channels.len());
    for channel in channels {
        let Some(place) = direction(channel, positions) else {
            let unknown: Vec<&str> = channels.iter().copied().filter(|c| direction(c, positions).is_none()).collect();
            let others = match unknown.len() - 1 {
                0 => String::new(),
                others => format!(" (nor do {others} others: {})", unknown[1..].join(", ")),
            };
            return Err(SampleError::input(format!(
                "channel {channel} has no known position{others}: it is no electrode of the 10-10 system; \
                 give `positions: {{{channel}: [x, y, z]}}`{without}"
            )));
        };
        if let Some(other) = places.iter().position(|other| angle(other, &place) < SAME_PLACE) {
            return Err(SampleError::input(format!(
                "channels {} and {channel} are at the same place",
                channels[other]
            )));
        }
        places.push(place);
    }
    Ok(places)
}
