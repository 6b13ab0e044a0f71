//! Ten minutes of 32 channels at 500 Hz (9.6 million samples), as 16-bit EDF in memory and on disk, 24-bit BDF, 16-bit BrainVision, float32 NPY, and one
//! channel of it as CSV.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::{self, BufReader, Cursor};

use divan::counter::BytesCount;
use lapicque_recording::{CsvOptions, FORMATS, Parts, ReadOptions, ReadSeek, read_csv, read_edf, read_npy};

const CHANNELS: usize = 32;
const RATE: usize = 500;
const SECONDS: usize = 600;

fn main() {
    divan::main();
}

fn edf(magic: &str, limits: [&str; 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| bytes.extend(format!("{text:width$}").bytes());
    let header_bytes = (256 * (CHANNELS + 1)).to_string();
    let fields = [magic, "X", "X", "02.03.02", "21.30.05", &header_bytes, ""];
    for (text, width) in fields.into_iter().zip([8, 80, 80, 8, 8, 8, 44]) {
        put(text, width);
    }
    put(&SECONDS.to_string(), 8);
    put("1", 8);
    put(&CHANNELS.to_string(), 4);
    let rate = RATE.to_string();
    let per_signal = ["EEG", "", "uV", "-500", "500", limits[0], limits[1], "", &rate, ""];
    for (text, width) in per_signal.into_iter().zip([16, 80, 8, 8, 8, 8, 8, 80, 8, 32]) {
        for _ in 0..CHANNELS {
            put(text, width);
        }
    }
    let width = if magic == "0" { 2 } else { 3 };
    bytes.extend((0..CHANNELS * RATE * SECONDS).flat_map(|i| (i as i32).to_le_bytes().into_iter().take(width)));
    bytes
}

fn edf_16() -> Vec<u8> {
    edf("0", ["-32768", "32767"])
}

/// As two files, of which the header names the other.
struct BrainVision(Vec<u8>, Vec<u8>);

impl Parts for BrainVision {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        Ok(Box::new(Cursor::new(if part.is_none() { &self.0 } else { &self.1 })))
    }
}

fn brainvision() -> BrainVision {
    let channels: String = (1..=CHANNELS).map(|channel| format!("Ch{channel}=E{channel},,0.5\n")).collect();
    let header = format!(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile=x.eeg\nNumberOfChannels={CHANNELS}\n\
         SamplingInterval=2000\n[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n{channels}"
    );
    let data = (0..CHANNELS * RATE * SECONDS).flat_map(|i| (i as i16).to_le_bytes()).collect();
    BrainVision(header.into_bytes(), data)
}

fn npy() -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({CHANNELS}, {}), }}\n", RATE * SECONDS);
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend((0..CHANNELS * RATE * SECONDS).flat_map(|i| (i as f32).to_le_bytes()));
    bytes
}

fn csv() -> Vec<u8> {
    let mut text = "time_s,Cz\n".to_owned();
    for sample in 0..RATE * SECONDS {
        let time = sample as f64 / RATE as f64;
        text += &format!("{time:.3},{:.4}\n", (time * 60.0).sin() * 40.0);
    }
    text.into_bytes()
}

#[divan::bench(sample_count = 10)]
fn edf_32_channels(bencher: divan::Bencher<'_, '_>) {
    let bytes = edf_16();
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| read_edf(&mut Cursor::new(&bytes)).unwrap());
}

/// As a pipeline reads it, from the page cache.
#[divan::bench(sample_count = 10)]
fn edf_32_channels_on_disk(bencher: divan::Bencher<'_, '_>) {
    let bytes = edf_16();
    let path = std::env::temp_dir().join(format!("lapicque_bench_{}.edf", std::process::id()));
    std::fs::write(&path, &bytes).unwrap();
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| read_edf(&mut BufReader::new(File::open(&path).unwrap())).unwrap());
    std::fs::remove_file(&path).unwrap();
}

#[divan::bench(sample_count = 10)]
fn bdf_32_channels(bencher: divan::Bencher<'_, '_>) {
    let mut bytes = edf("xBIOSEMI", ["-8388608", "8388607"]);
    bytes[0] = 0xff;
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| read_edf(&mut Cursor::new(&bytes)).unwrap());
}

#[divan::bench(sample_count = 10)]
fn brainvision_32_channels(bencher: divan::Bencher<'_, '_>) {
    let format = FORMATS.iter().find(|format| format.extension() == "vhdr").unwrap();
    let mut parts = brainvision();
    let bencher = bencher.counter(BytesCount::of_slice(&parts.1));
    bencher.bench_local(|| format.read(&mut parts, &ReadOptions::default(), None).unwrap());
}

#[divan::bench(sample_count = 10)]
fn npy_32_channels(bencher: divan::Bencher<'_, '_>) {
    let bytes = npy();
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| read_npy(&mut Cursor::new(&bytes), RATE as f64).unwrap());
}

#[divan::bench(sample_count = 10)]
fn csv_1_channel(bencher: divan::Bencher<'_, '_>) {
    let bytes = csv();
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| read_csv(&mut Cursor::new(&bytes), &CsvOptions::default()).unwrap());
}
