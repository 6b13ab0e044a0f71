//! Names of channels in configurations: as they are, by their electrode, or patterns with `*` and `?`.

use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::electrodes::Electrode;

/// Names are listed up to here.
const LISTED: usize = 12;

/// The channels of signals, each once, in their order.
pub(super) fn channels_of(signals: &[Signal<'_>]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    signals.iter().filter(|s| seen.insert(s.channel.as_ref())).map(|s| s.channel.to_string()).collect()
}

/// Which channels a list of names and patterns means. A name must be there; a pattern may mean none if `may_be_none`.
pub(super) fn matching(
    channels: &[String],
    field: &str,
    wanted: &[String],
    may_be_none: bool,
) -> Result<Vec<bool>, SampleError> {
    let mut meant = vec![false; channels.len()];
    for one in wanted {
        if !is_pattern(one) {
            meant[find(channels, field, one)?] = true;
            continue;
        }
        let mut any = may_be_none;
        for (meant, channel) in meant.iter_mut().zip(channels) {
            if is_like(one, channel) {
                (*meant, any) = (true, true);
            }
        }
        if !any {
            return Err(SampleError::input(format!(
                "{field}: no channel is like `{one}` (there are: {})",
                listed(channels)
            )));
        }
    }
    Ok(meant)
}

/// The channel of a name: as it is written, or the only one that is named after the same electrode.
pub(super) fn find(channels: &[String], field: &str, name: &str) -> Result<usize, SampleError> {
    if let Some(exact) = channels.iter().position(|channel| channel == name) {
        return Ok(exact);
    }
    let electrode = Electrode::of(name);
    let same = |channel: &&String| electrode.is_some() && Electrode::of(channel) == electrode;
    let of_electrode: Vec<&String> = channels.iter().filter(same).collect();
    match of_electrode[..] {
        [only] => Ok(channels.iter().position(|channel| channel == only).unwrap_or_default()),
        [] => {
            let near = nearest(name, channels.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(SampleError::input(format!(
                "{field}: there is no channel `{name}` (there are: {}){near}",
                listed(channels)
            )))
        }
        [first, second, ..] => Err(SampleError::input(format!(
            "{field}: `{name}` may be `{first}` or `{second}`, which are one electrode; write the channel's own name"
        ))),
    }
}

/// Names that cannot mean a channel.
pub(super) fn check_names(field: &str, names: &[String]) -> Vec<ConfigError> {
    let repeated = |(i, name): (usize, &String)| {
        let message = match name.trim() {
            "" => "a name is empty".to_owned(),
            _ if names[..i].contains(name) => format!("`{name}` stands there twice"),
            _ => return None,
        };
        Some(ConfigError::at(field, message))
    };
    names.iter().enumerate().filter_map(repeated).collect()
}

pub(super) fn listed(names: &[String]) -> String {
    let more = match names.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names[..names.len().min(LISTED)].join(", "))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a text is like a pattern: `*` stands for any characters, `?` for one.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and up to where of the text it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(own), _) if *own == '?' || *own == text[t] => (p, t) = (p + 1, t + 1),
            (_, Some((place, reach))) => {
                star = Some((place, reach + 1));
                (p, t) = (place + 1, reach + 1);
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_are_matched_as_a_whole() {
        for (pattern, text, expected) in [
            ("F*", "Fp1", true),
            ("F?", "Fp1", false),
            ("?z", "Cz", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*a*b*", "xaxxbx", true),
            ("*ab", "aab", true),
            ("a*b*c", "abcbd", false),
            ("EEG *-Ref", "EEG Fp1-Ref", true),
            ("f*", "Fp1", false),
            ("**", "x", true),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn names_are_found_by_their_electrode_and_never_by_guess() {
        let channels = ["EEG Fp1-Ref", "T3", "ECG", "LFP 1", "Oz", "OZ."].map(str::to_owned);
        assert_eq!(find(&channels, "channels", "Fp1").unwrap(), 0);
        assert_eq!(find(&channels, "channels", "T7").unwrap(), 1);
        assert_eq!(find(&channels, "channels", "Oz").unwrap(), 4);
        let message = |name: &str| find(&channels, "channels", name).unwrap_err().message;
        assert!(message("oz").contains("may be `Oz` or `OZ.`"), "{}", message("oz"));
        assert!(message("ECG1").contains("did you mean `ECG`?"), "{}", message("ECG1"));
        assert!(message("Fp2").starts_with("channels: there is no channel `Fp2` (there are: EEG Fp1-Ref, T3"));
        let wanted = ["LFP*".to_owned(), "T7".to_owned()];
        assert_eq!(matching(&channels, "x", &wanted, false).unwrap(), [false, true, false, true, false, false]);
        assert!(matching(&channels, "x", &["M*".to_owned()], false).is_err());
        assert_eq!(matching(&channels, "x", &["M*".to_owned()], true).unwrap(), [false; 6]);
    }
}
