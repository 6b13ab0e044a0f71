use std::io::Write;

use flate2::Crc;
use flate2::write::DeflateEncoder;

use crate::in_memory::InMemory;
use crate::{Format, FormatError, Outline, ReadOptions, Recording, Windows};

fn npy(channels: usize, samples: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': ({channels}, {samples}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend((0..channels * samples).flat_map(|i| ((i * 37 % 1000) as i16 - 500).to_le_bytes()));
    bytes
}

/// An archive as NumPy writes it; `long` as of more than 4 GB.
fn archive(files: &[(&str, Vec<u8>)], deflated: bool, long: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let mut sum = Crc::new();
        sum.update(content);
        let stored = match deflated {
            false => content.clone(),
            true => {
                let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
        };
        let (compressed, length, at) = (stored.len() as u64, content.len() as u64, bytes.len() as u64);
        let short = |number: u64| if long { u32::MAX } else { number as u32 }.to_le_bytes();
        let mut common = Vec::new();
        common.extend([45, 0, 0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0, 0]);
        common.extend(sum.sum().to_le_bytes());
        common.extend(short(compressed));
        common.extend(short(length));
        common.extend((name.len() as u16).to_le_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend([4, 0]);
        bytes.extend(name.bytes());
        // An extra field that only the header of the file has.
        bytes.extend([0x99, 0x99, 0, 0]);
        bytes.extend(stored);
        directory.extend(b"PK\x01\x02\x2d\0");
        directory.extend(&common);
        let extra = if long { 28_u16 } else { 0 };
        directory.extend(extra.to_le_bytes());
        directory.extend([0; 10]);
        directory.extend(short(at));
        directory.extend(name.bytes());
        if long {
            directory.extend([1, 0, 24, 0]);
            [length, compressed, at].iter().for_each(|number| directory.extend(number.to_le_bytes()));
        }
    }
    let (at, length) = (bytes.len() as u64, directory.len() as u64);
    bytes.extend(directory);
    let count = files.len() as u64;
    if long {
        let end_at = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([0; 12]);
        [count, count, length, at].iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(end_at.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
    }
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        bytes.extend(if long { u16::MAX } else { count as u16 }.to_le_bytes());
    }
    for number in [length, at] {
        bytes.extend(if long { u32::MAX } else { number as u32 }.to_le_bytes());
    }
    bytes.extend([3, 0]);
    bytes.extend(b"end");
    bytes
}

fn options(variable: Option<&str>) -> ReadOptions<'_> {
    ReadOptions { sampling_rate_hz: Some(100.0), variable, ..ReadOptions::default() }
}

fn read(bytes: &[u8], variable: Option<&str>) -> Result<(Outline, Recording), FormatError> {
    let mut file = InMemory::of(&[("x.npz", bytes)]);
    let format: &dyn Format = file.format();
    let outline = format.outline(&mut file, &options(variable));
    let recording = format.read(&mut file, &options(variable), None)?;
    Ok((outline.unwrap(), recording))
}

fn message(bytes: &[u8], variable: Option<&str>) -> String {
    read(bytes, variable).unwrap_err().to_string()
}

#[test]
fn the_array_of_an_archive_is_read_however_it_is_packed() {
    let expected = crate::read_npy(&mut std::io::Cursor::new(npy(3, 50_000)), 100.0).unwrap();
    for deflated in [false, true] {
        for long in [false, true] {
            let bytes = archive(&[("lfp.npy", npy(3, 50_000)), ("fs.npy", npy(1, 1))], deflated, long);
            let (outline, recording) = read(&bytes, Some("lfp")).unwrap();
            assert_eq!(recording, expected, "{deflated} {long}");
            assert_eq!((outline.channels.len(), outline.missing), (3, Some(0)));
            assert!(outline.channels.iter().all(|channel| channel.samples == 50_000));
            let mut file = InMemory::of(&[("x.npz", &bytes)]);
            let window = Windows { length_s: 3.0, step_s: 70.0 }.number(6);
            let part = file.format().read(&mut file, &options(Some("lfp")), Some(&window)).unwrap();
            for (part, whole) in part.channels.iter().zip(&expected.channels) {
                assert_eq!((part.start_s, &part.samples[..]), (420.0, &whole.samples[42_000..42_300]));
            }
            let alone = archive(&[("lfp.npy", npy(3, 50_000)), ("readme.txt", vec![b'x'; 9])], deflated, long);
            assert_eq!(read(&alone, None).unwrap().1, expected);
        }
    }
}

#[test]
fn which_array_is_meant_must_be_clear() {
    let two = archive(&[("a.npy", npy(1, 4)), ("b.npy", npy(1, 4))], false, false);
    assert_eq!(message(&two, None), "the archive has 2 arrays: a, b; `variable` says which of them has the signals");
    assert_eq!(message(&two, Some("c")), "the archive has no array `c`; in it: a, b");
    let none = archive(&[("a.txt", vec![1])], false, false);
    assert_eq!(message(&none, None), "the archive has no array (`.npy`); in it: a.txt");
    assert!(message(&archive(&[], false, false), None).ends_with("in it: nothing"));
    let mut file = InMemory::of(&[("x.npz", &two)]);
    let error = file.format().outline(&mut file, &ReadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("an NPZ file has no sampling rate"), "{error}");
}

#[test]
fn damage_is_told() {
    for deflated in [false, true] {
        let bytes = archive(&[("a.npy", npy(2, 2000))], deflated, false);
        // Somewhere in the values: the checksum of the archive tells it.
        for place in [300, 400, 700] {
            let mut damaged = bytes.clone();
            damaged[place] ^= 16;
            let told = message(&damaged, None);
            assert!(told.contains("damaged") || told.contains("corrupt") || told.contains("ends early"), "{told}");
        }
        assert!(message(&bytes[..bytes.len() - 30], None).starts_with("not an NPZ file"));
    }
    let bytes = archive(&[("a.npy", npy(2, 20))], false, false);
    let replaced = |from: &[u8], to: &[u8]| {
        let place = bytes.windows(from.len()).rposition(|part| part == from).unwrap();
        let mut damaged = bytes.clone();
        damaged[place..place + to.len()].copy_from_slice(to);
        damaged
    };
    let method = |method: u8, flags: u8| [b"PK\x01\x02\x2d\0\x2d\0".as_slice(), &[flags, 0, method]].concat();
    let changed = |to: &[u8]| message(&replaced(b"PK\x01\x02", to), None);
    assert!(changed(&method(14, 0)).contains("`a.npy` is compressed by method 14; allowed: none (0) and deflate (8)"));
    assert!(changed(&method(0, 1)).contains("encrypted"));
    assert!(
        message(&replaced(b"PK\x05\x06", b"PK\x05\x06\0\0\0\0\x01\0\x01\0\xff\xff\xff\0"), None).contains("damaged")
    );
    // A bomb: a few bytes that would be a gigabyte.
    let mut zeros = npy(1, 1);
    zeros.resize(40 << 20, 0);
    let bomb = archive(&[("a.npy", zeros)], true, false);
    assert!(message(&bomb, None).contains("at most 64 times as many are read"));
    assert!(message(&archive(&[("a.npy", vec![0; 9])], false, false), None).starts_with("`a`: "));
}
