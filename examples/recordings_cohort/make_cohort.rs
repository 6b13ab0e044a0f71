//! Makes the cohort of this example: a BIDS dataset of two groups that differ in what is written down here.
//!
//! ```sh
//! cargo run --release --example make_cohort                        # examples/recordings_cohort/cohort
//! cargo run --release --example make_cohort -- FOLDER SUBJECTS SECONDS
//! ```
//!
//! A channel is the sum of
//! - noise whose power falls as f^-exponent, with 0.5 uV^2/Hz at 10 Hz: white noise filtered by the coefficients of (1 - B)^(-exponent/2);
//! - an oscillation of 10 Hz whose amplitude goes up and down as exp(0.4 g), g being noise of the Hurst exponent `dfa`: the exponent that detrended
//!   fluctuation analysis of its envelope finds;
//! - hum of 50 Hz.
//!
//! | | control | patient | between subjects | channels |
//! |---|---|---|---|---|
//! | exponent | 1.5 | 1.2 | sd 0.12 | Fz, Pz, Oz |
//! | amplitude of the oscillation | 6 uV | 3.6 uV | sd 15 % | Pz, Oz; Fz has 3 uV in both |
//! | dfa | 0.85 | 0.6 | sd 0.04 | Pz, Oz; Fz has 0.7 in both |
#![expect(clippy::print_stdout, reason = "it is a command")]

use std::f64::consts::PI;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const RATE_HZ: usize = 200;
/// Of the table of channels: names and types.
const CHANNELS: [(&str, &str); 4] = [("Fz", "EEG"), ("Pz", "EEG"), ("Oz", "EEG"), ("EOG", "EOG")];
/// The subject whose Oz was loose.
const LOOSE: usize = 3;
/// What the largest number of a file means, in uV.
const LARGEST_UV: f64 = 500.0;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let own = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/recordings_cohort/cohort"));
    let folder = arguments.next().map_or_else(own, PathBuf::from);
    let mut number = |or: usize| arguments.next().map_or(Ok(or), |text| text.parse().map_err(io::Error::other));
    let (subjects, seconds) = (number(24)?, number(180)?);
    make(&folder, subjects, seconds)?;
    println!("{}: {subjects} subjects, {seconds} s each", folder.display());
    Ok(())
}

/// Writes the dataset; every other subject is a patient.
pub(crate) fn make(folder: &Path, subjects: usize, seconds: usize) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, text: &str| fs::write(folder.join(name), text);
    write(
        "dataset_description.json",
        "{\"Name\": \"Two groups with known effects\", \"BIDSVersion\": \"1.10.0\", \"DatasetType\": \"raw\", \"License\": \"CC0\"}\n",
    )?;
    write("README", "Made by make_cohort; no person was recorded.\n")?;
    write(
        "task-rest_eeg.json",
        "{\"TaskName\": \"rest\", \"SamplingFrequency\": 200, \"EEGReference\": \"linked mastoids\", \"PowerLineFrequency\": 50, \"SoftwareFilters\": \"n/a\"}\n",
    )?;
    write("task-rest_channels.tsv", &channels_table(false))?;
    write(
        "participants.json",
        "{\"age\": {\"Units\": \"years\"}, \"group\": {\"Levels\": {\"control\": \"healthy\", \"patient\": \"has the condition\"}}}\n",
    )?;
    let mut people = String::from("participant_id\tage\tsex\tgroup\n");
    for subject in 1..=subjects {
        let mut draws = Draws(subject as u64);
        let is_patient = subject % 2 == 0;
        let group = if is_patient { "patient" } else { "control" };
        let age = (65.0 + 6.0 * draws.normal()).round();
        let sex = if draws.uniform() < 0.5 { "F" } else { "M" };
        writeln!(people, "sub-{subject:02}\t{age}\t{sex}\t{group}").map_err(io::Error::other)?;
        let place = folder.join(format!("sub-{subject:02}/eeg"));
        fs::create_dir_all(&place)?;
        let stem = format!("sub-{subject:02}_task-rest");
        fs::write(place.join(format!("{stem}_eeg.edf")), edf(&recording(&mut draws, is_patient, subject, seconds)))?;
        if subject == LOOSE {
            fs::write(place.join(format!("{stem}_channels.tsv")), channels_table(true))?;
        }
    }
    write("participants.tsv", &people)
}

fn channels_table(is_loose: bool) -> String {
    let mut text = String::from("name\ttype\tunits\tstatus\tstatus_description\n");
    for (name, kind) in CHANNELS {
        let status = if is_loose && name == "Oz" { "bad\tloose electrode" } else { "good\tn/a" };
        text += &format!("{name}\t{kind}\tuV\t{status}\n");
    }
    text
}

/// The channels of a subject in uV.
fn recording(draws: &mut Draws, is_patient: bool, subject: usize, seconds: usize) -> Vec<Vec<f64>> {
    let length = seconds * RATE_HZ;
    let exponent = if is_patient { 1.2 } else { 1.5 } + 0.12 * draws.normal();
    let amplitude = if is_patient { 3.6 } else { 6.0 } * (0.15 * draws.normal()).exp();
    let dfa = if is_patient { 0.6 } else { 0.85 } + 0.04 * draws.normal();
    let mut channels = Vec::new();
    for (name, kind) in CHANNELS {
        let mut values = falling(draws, exponent, length);
        let (amplitude, dfa) = if name == "Fz" { (3.0, 0.7) } else { (amplitude, dfa) };
        let wave = oscillation(draws, amplitude, dfa, length);
        for (time, value) in values.iter_mut().enumerate() {
            let hum = 2.0 * (2.0 * PI * 50.0 * time as f64 / RATE_HZ as f64).sin();
            *value += if kind == "EOG" { *value + hum } else { wave[time] + hum };
            if name == "Oz" && subject == LOOSE {
                *value += 60.0 * draws.normal();
            }
        }
        channels.push(values);
    }
    channels
}

/// Noise of 0.5 uV^2/Hz at 10 Hz.
fn falling(draws: &mut Draws, exponent: f64, length: usize) -> Vec<f64> {
    const AT_HZ: f64 = 10.0;
    let rate_hz = RATE_HZ as f64;
    // One-sided density of the filtered noise: 2 / rate * (2 sin(pi f / rate))^-exponent.
    let density = 2.0 / rate_hz * (2.0 * (PI * AT_HZ / rate_hz).sin()).powf(-exponent);
    let scale = (0.5 / density).sqrt();
    fractional(draws, exponent / 2.0, length, 4 * RATE_HZ).into_iter().map(|value| scale * value).collect()
}

/// An oscillation of 10 Hz, whose amplitude changes slower than every half second.
fn oscillation(draws: &mut Draws, amplitude: f64, dfa: f64, length: usize) -> Vec<f64> {
    let each = RATE_HZ / 2;
    let count = length / each + 2;
    // Fractional Gaussian noise of Hurst exponent H has power f^-(2 H - 1).
    let slow = fractional(draws, dfa - 0.5, count, count);
    let mean = slow.iter().sum::<f64>() / count as f64;
    let sd = (slow.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
    let phase = 2.0 * PI * draws.uniform();
    let value = |time: usize| {
        let (place, part) = (time / each, (time % each) as f64 / each as f64);
        let slow = slow[place] * (1.0 - part) + slow[place + 1] * part;
        let envelope = amplitude * (0.4 * (slow - mean) / sd).exp();
        envelope * (2.0 * PI * 10.0 * time as f64 / RATE_HZ as f64 + phase).cos()
    };
    (0..length).map(value).collect()
}

/// White noise filtered by (1 - B)^-d, of which the first coefficients are taken: its power falls as f^(-2 d).
fn fractional(draws: &mut Draws, d: f64, length: usize, coefficients: usize) -> Vec<f64> {
    let mut filter = vec![1.0];
    for k in 1..coefficients {
        filter.push(filter[k - 1] * (k as f64 - 1.0 + d) / k as f64);
    }
    let white: Vec<f64> = (0..length + coefficients).map(|_| draws.normal()).collect();
    let value = |time: usize| {
        let past = white[time + 1..=time + coefficients].iter().rev();
        filter.iter().zip(past).map(|(weight, value)| weight * value).sum()
    };
    (0..length).map(value).collect()
}

/// A file of records of a second.
fn edf(channels: &[Vec<f64>]) -> Vec<u8> {
    let (count, seconds) = (channels.len(), channels[0].len() / RATE_HZ);
    let mut header = String::new();
    let mut field = |value: &str, width: usize| header += &format!("{value:<width$.width$}");
    for (value, width) in [("0", 8), ("X X X X", 80), ("Startdate X X X X", 80), ("01.01.25", 8), ("12.00.00", 8)] {
        field(value, width);
    }
    for (value, width) in [(256 * (count + 1), 8), (0, 44), (seconds, 8), (1, 8), (count, 4)] {
        field(&if width == 44 { String::new() } else { value.to_string() }, width);
    }
    CHANNELS.iter().for_each(|(name, _)| field(name, 16));
    let (low, high, each) = (format!("-{LARGEST_UV}"), LARGEST_UV.to_string(), RATE_HZ.to_string());
    for (value, width) in
        [("", 80), ("uV", 8), (&low, 8), (&high, 8), ("-32767", 8), ("32767", 8), ("", 80), (&each, 8), ("", 32)]
    {
        channels.iter().for_each(|_| field(value, width));
    }
    let mut bytes = header.into_bytes();
    for second in 0..seconds {
        for channel in channels {
            for value in &channel[second * RATE_HZ..(second + 1) * RATE_HZ] {
                let digital = (value / LARGEST_UV * 32767.0).round().clamp(-32767.0, 32767.0) as i16;
                bytes.extend(digital.to_le_bytes());
            }
        }
    }
    bytes
}

/// Random numbers by SplitMix64; equal seeds give equal cohorts.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// By Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (2.0 * PI * self.uniform()).cos()
    }
}
