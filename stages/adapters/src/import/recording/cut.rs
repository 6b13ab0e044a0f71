//! Which windows a recording is cut into.

use lapicque_pipeline::ConfigError;
use lapicque_recording::{ChannelOutline, Stretch, Windows};

use super::summary::six_digits;

/// The numbers of the windows that every channel has whole, and what is to be told of them.
pub(super) fn windows_of(
    name: &str,
    windows: &Windows,
    channels: &[&ChannelOutline],
    stretches: Option<&[Stretch]>,
) -> Result<(Vec<u64>, String), Vec<ConfigError>> {
    let count = count_windows(name, windows, channels)?;
    // A file that may have gaps need not have any.
    let Some(stretches) = stretches.filter(|stretches| stretches.len() > 1) else {
        return Ok(((0..count).collect(), windows_note(windows, count, channels)));
    };
    let rates: Vec<f64> = channels.iter().map(|channel| channel.sampling_rate_hz).collect();
    let numbers = windows.within(stretches, &rates);
    let length_s = six_digits(windows.length_s);
    if numbers.is_empty() {
        let message = format!("no window of {length_s} s lies between the gaps of `{}`", name);
        return Err(vec![ConfigError::at("window", message)]);
    }
    let note = format!(
        "cut into windows: {} of {length_s} s, which begin at multiples of {} s; those that reach into one of {} gaps are left out",
        numbers.len(),
        six_digits(windows.step_s),
        stretches.len().saturating_sub(1)
    );
    Ok((numbers, note))
}

/// How many windows every channel has whole, gaps aside.
fn count_windows(name: &str, windows: &Windows, channels: &[&ChannelOutline]) -> Result<u64, Vec<ConfigError>> {
    let fail = |field: &str, message: String| Err(vec![ConfigError::at(field, message)]);
    if channels.is_empty() {
        return fail("window", format!("`{}` has no channel to cut", name));
    }
    let mut least = u64::MAX;
    for ChannelOutline { label, sampling_rate_hz: rate_hz, samples, .. } in channels {
        let told = |seconds: f64| format!("{} s", six_digits(seconds));
        let of = format!("channel `{label}` of `{}` at {} Hz", name, six_digits(*rate_hz));
        if windows.samples(*rate_hz) == 0 {
            return fail("window", format!("{} has no sample of {of}", told(windows.length_s)));
        }
        if windows.step_s * rate_hz < 1.0 {
            let message =
                format!("windows would begin every {}, which is less than a sample of {of}", told(windows.step_s));
            return fail("overlap", message);
        }
        let count = windows.count(*samples, *rate_hz);
        if count == 0 {
            let lasts = told(*samples as f64 / rate_hz);
            return fail("window", format!("{} is longer than {of}, which lasts {lasts}", told(windows.length_s)));
        }
        least = least.min(count);
    }
    Ok(least)
}

fn windows_note(windows: &Windows, count: u64, channels: &[&ChannelOutline]) -> String {
    let last = windows.number(count.saturating_sub(1));
    let rest = |channel: &&ChannelOutline| {
        let rate_hz = channel.sampling_rate_hz;
        channel.samples.saturating_sub(last.samples(rate_hz).end) as f64 / rate_hz
    };
    let rest_s = channels.iter().map(rest).fold(0.0, f64::max);
    let told = six_digits;
    let note = format!(
        "cut into windows: {count} of {} s, which begin every {} s",
        told(windows.length_s),
        told(windows.step_s)
    );
    if rest_s > 0.0 { format!("{note}; the last {} s are in none", told(rest_s)) } else { note }
}
