//! Recordings that are larger than memory should become, and what a process takes that reads them.

use std::path::Path;

pub(crate) const CHANNELS: usize = 32;
pub(crate) const RATE_HZ: usize = 256;

/// An EDF file of 32 channels at 256 Hz, of zeros: only the header takes room on a disk. It is of 16 kB a second.
pub(crate) fn write_sparse_edf(path: &Path, recording: &str, seconds: usize) {
    let record_bytes = 2 * CHANNELS * RATE_HZ;
    let header_bytes = 256 * (CHANNELS + 1);
    let mut header = String::new();
    let fixed = [
        ("0", 8),
        ("X X X X", 80),
        (recording, 80),
        ("01.01.20", 8),
        ("00.00.00", 8),
        (&header_bytes.to_string(), 8),
        ("", 44),
        (&seconds.to_string(), 8),
        ("1", 8),
        (&CHANNELS.to_string(), 4),
    ];
    fixed.iter().for_each(|(text, width)| header.push_str(&format!("{text:<width$}")));
    let per_channel = [
        ("", 16),
        ("AgAgCl", 80),
        ("uV", 8),
        ("-3200", 8),
        ("3200", 8),
        ("-32768", 8),
        ("32767", 8),
        ("HP:0.1Hz", 80),
        (&RATE_HZ.to_string(), 8),
        ("", 32),
    ];
    for (field, (text, width)) in per_channel.iter().enumerate() {
        for channel in 0..CHANNELS {
            let text = if field == 0 { format!("E{channel}") } else { (*text).to_owned() };
            header.push_str(&format!("{text:<width$}"));
        }
    }
    assert_eq!(header.len(), header_bytes);
    std::fs::write(path, header).unwrap();
    std::fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len((header_bytes + seconds * record_bytes) as u64)
        .unwrap();
}

/// What a process of the command took at most.
pub(crate) struct Taken {
    pub(crate) memory_mb: f64,
    pub(crate) read_mb: f64,
}

/// Runs the command, which must succeed, and watches it.
pub(crate) fn watched(folder: &Path, arguments: &[&str]) -> Taken {
    let told = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lapicque"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("LAPICQUE_STORE")
        .stdout(told("stdout"))
        .stderr(told("stderr"))
        .spawn()
        .unwrap();
    let process = child.id();
    let number_after = |file: &str, field: &str| -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{process}/{file}")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let mut taken = Taken { memory_mb: 0.0, read_mb: 0.0 };
    // Both only grow while the process lives; one that has ended has no memory.
    while let Some(memory_kb) = number_after("status", "VmHWM:") {
        taken.memory_mb = taken.memory_mb.max(memory_kb * 1024.0 / 1e6);
        taken.read_mb = taken.read_mb.max(number_after("io", "rchar:").unwrap_or(0.0) / 1e6);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let status = child.wait().unwrap();
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(status.success(), "{arguments:?}: {}\n{}", text("stdout"), text("stderr"));
    eprintln!("{arguments:?}: {:.0} MB of memory, {:.0} MB read", taken.memory_mb, taken.read_mb);
    taken
}
