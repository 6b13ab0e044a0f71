//! Measurement information: channels with their names, units and factors.

use super::FifError;
use super::tags::{numbers, text};
use crate::rates::HIGHEST_RATE_HZ;

/// As it stands in the file.
#[derive(Default)]
pub(super) struct Information {
    pub(super) channel_count: Option<i32>,
    pub(super) sampling_rate_hz: Option<f64>,
    /// A structure for each channel.
    pub(super) channels: Vec<Vec<u8>>,
    /// Blocks that say more of a channel than its structure has room for, so far.
    pub(super) extended: usize,
    /// Names of more than 15 characters, and the block that they stand in, from 1.
    pub(super) long_names: Vec<(usize, String)>,
    /// Names of bad channels, between colons.
    pub(super) bad: Option<String>,
}

pub(super) struct Header {
    pub(super) sampling_rate_hz: f64,
    pub(super) channels: Vec<FifChannel>,
    pub(super) notes: Vec<String>,
}

pub(super) struct FifChannel {
    pub(super) label: String,
    pub(super) unit: Option<String>,
    pub(super) scale: f64,
}

const MOST_CHANNELS: usize = 65_536;
/// Bytes of the structure of a channel up to its name, and with it.
const BEFORE_NAME: usize = 80;
const WITH_NAME: usize = 96;
/// Factors that leave every stored value finite.
const LARGEST_FACTOR: f64 = 1e30;

impl Information {
    pub(super) fn header(&self) -> Result<Header, FifError> {
        let rate_hz = self.sampling_rate_hz.ok_or(FifError::Missing { what: "sampling rate" })?;
        if !(rate_hz > 0.0 && rate_hz <= HIGHEST_RATE_HZ) {
            let allowed = format!("a number above 0, up to {HIGHEST_RATE_HZ} Hz");
            return Err(FifError::Field { what: "the sampling rate", found: rate_hz.to_string(), allowed });
        }
        let count = self.channel_count.ok_or(FifError::Missing { what: "number of channels" })?;
        let found = self.channels.len();
        if usize::try_from(count) != Ok(found) || !(1..=MOST_CHANNELS).contains(&found) {
            let allowed = format!("from 1 to {MOST_CHANNELS}, and one description for each; it has {found}");
            return Err(FifError::Field { what: "the number of channels", found: count.to_string(), allowed });
        }
        let mut channels =
            (1..).zip(&self.channels).map(|(number, raw)| channel(number, raw)).collect::<Result<Vec<_>, _>>()?;
        // One block for each channel, or the blocks are about something else.
        if self.extended == channels.len() {
            for (block, name) in &self.long_names {
                if let Some(channel) = block.checked_sub(1).and_then(|channel| channels.get_mut(channel))
                    && !name.is_empty()
                {
                    channel.label.clone_from(name);
                }
            }
        }
        let mut notes = Vec::new();
        let silent = channels.iter().filter(|channel| channel.scale == 0.0).count();
        if silent > 0 {
            notes.push(format!("{silent} channels have a calibration of 0: all of their values are 0"));
        }
        if let Some(bad) = self.bad.as_ref().filter(|bad| !bad.is_empty()) {
            const MOST_SHOWN: usize = 400;
            let names: String = bad.replace(':', ", ").chars().take(MOST_SHOWN).collect();
            notes.push(format!("marked as bad in the file, and read as the others: {names}"));
        }
        Ok(Header { sampling_rate_hz: rate_hz, channels, notes })
    }
}

impl Header {
    pub(super) fn is_of_another_recording_than(&self, first: &Self) -> bool {
        let same = |(own, other): (&FifChannel, &FifChannel)| own.label == other.label && own.unit == other.unit;
        self.sampling_rate_hz.to_bits() != first.sampling_rate_hz.to_bits()
            || self.channels.len() != first.channels.len()
            || !self.channels.iter().zip(&first.channels).all(same)
    }
}

fn channel(number: usize, raw: &[u8]) -> Result<FifChannel, FifError> {
    if raw.len() < BEFORE_NAME {
        let problem = format!("its description has {} bytes; {WITH_NAME} are due", raw.len());
        return Err(FifError::Channel { channel: number, label: String::new(), problem });
    }
    let name = &raw[BEFORE_NAME..raw.len().min(WITH_NAME)];
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    let label = std::str::from_utf8(name).map_or_else(|_| text(name), str::to_owned).trim().to_owned();
    let label = if label.is_empty() { number.to_string() } else { label };
    let [_, _, _, range, calibration] = numbers(raw);
    let [unit, multiplier] = numbers(&raw[72..]);
    let [range, calibration] = [range, calibration].map(|bits| f64::from(f32::from_bits(bits.cast_unsigned())));
    let scale = range * calibration;
    if scale.is_nan() || scale.abs() > LARGEST_FACTOR {
        let problem = format!("its range, {range}, and calibration, {calibration}, are no factors of values");
        return Err(FifError::Channel { channel: number, label, problem });
    }
    let (unit, further) = unit_of(unit, multiplier).map_err(|problem| FifError::Channel {
        channel: number,
        label: label.clone(),
        problem,
    })?;
    Ok(FifChannel { label, unit, scale: scale * further })
}

/// The unit of a code, with the prefix of a multiplier, and the factor of a multiplier that has none.
fn unit_of(code: i32, multiplier: i32) -> Result<(Option<String>, f64), String> {
    let symbol = match code {
        1 => "m",
        2 => "kg",
        3 => "s",
        4 => "A",
        5 => "K",
        6 => "mol",
        7 => "rad",
        8 => "sr",
        9 => "cd",
        10 => "mol/m^3",
        101 => "Hz",
        102 => "N",
        103 => "Pa",
        104 => "J",
        105 => "W",
        106 => "C",
        107 => "V",
        108 => "F",
        109 => "ohm",
        110 => "S",
        111 => "Wb",
        112 => "T",
        113 => "H",
        114 => "degC",
        115 => "lm",
        116 => "lx",
        117 => "V/m^2",
        201 => "T/m",
        202 => "A m",
        203 => "A/m",
        204 => "A/m^2",
        210 => "px",
        _ => "",
    };
    let prefix = match multiplier {
        0 => "",
        18 => "E",
        15 => "P",
        12 => "T",
        9 => "G",
        6 => "M",
        3 => "k",
        2 => "h",
        -1 => "d",
        -2 => "c",
        -3 => "m",
        -6 => "u",
        -9 => "n",
        -12 => "p",
        -15 => "f",
        -18 => "a",
        other => return Err(format!("the multiplier of its unit is 10^{other}; allowed: those of SI, up to 10^18")),
    };
    // A kilogram has its prefix already; without a unit, the factor is one of values.
    if multiplier != 0 && (symbol.is_empty() || symbol == "kg") {
        return Ok((Some(symbol.to_owned()).filter(|symbol| !symbol.is_empty()), 10_f64.powi(multiplier)));
    }
    Ok((Some(format!("{prefix}{symbol}")).filter(|unit| !unit.is_empty()), 1.0))
}
