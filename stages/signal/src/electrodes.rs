//! Electrodes of the international 10-10 system on the unit sphere, by their names.
//!
//! Coordinates: x to the right ear, y to the nose, z to the vertex (Cz). With angles from the vertex in steps of 22.5 degrees
//! (10 % of the way from nasion to inion) and steps of 18 degrees around it:
//!
//! | electrodes | where |
//! |---|---|
//! | Fpz, AFz, Fz, FCz, Cz, CPz, Pz, POz, Oz | the midline, 90, 67.5, 45, 22.5, 0, ... degrees from Cz |
//! | Fpz, Fp1, AF7, F7, FT7, T7, TP7, P7, PO7, O1, Oz | the equator on the left, each 18 degrees on; even numbers on the right |
//! | AF, F, FC, C, CP, P, PO | rows: the circle through the two electrodes of the equator and that of the midline; 1, 3 and 5 (2, 4 and 6) divide each half of it into quarters |
//! | AF9, F9, FT9, T9, TP9, P9, PO9, I1 (also O9); even: 10, I2 | below those of the equator, 112.5 degrees from Cz |
//! | Nz, Iz | nasion and inion, 112.5 degrees from Cz |
//!
//! Klem et al 1999 (the 10-20 system), Chatrian et al 1985 and Nuwer et al 1998 (10-10), with the sphere of Oostenveld &
//! Praamstra 2001 Clin Neurophysiol 112:713. Real heads are no spheres: measured positions are better where there are any.
//! T3, T4, T5 and T6 are the older names of T7, T8, P7 and P8. Ears and mastoids (A1, M1) belong to no row of the system
//! and are not known.
//!
//! Names are read as recordings write them: `FP1`, `EEG Fp1-Ref`, `EEG T3-LE`, `Fc5.`. What is no electrode against a
//! common reference, such as `Fp1-F7` or `C3-A2`, is not known.

/// A direction from the centre of the head: x right, y front, z up.
pub type Direction = [f64; 3];

const STEP_FROM_VERTEX_DEG: f64 = 22.5;
const STEP_AROUND_DEG: f64 = 18.0;

/// What may stand behind an electrode without naming another place: the reference, linked ears, averages.
const REFERENCES: [&str; 6] = ["ref", "reference", "le", "avg", "average", "car"];

/// An electrode of the 10-10 system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Electrode {
    row: &'static str,
    /// 0 on the midline, odd on the left, even on the right.
    number: u8,
}

/// Letters of a row, its place from front to back (0 for Nz to 10 for Iz), and the numbers that it has.
struct Row {
    letters: &'static str,
    place: u8,
    numbers: std::ops::RangeInclusive<u8>,
}

const ROWS: [Row; 14] = [
    Row { letters: "N", place: 0, numbers: 0..=0 },
    Row { letters: "Fp", place: 1, numbers: 0..=2 },
    Row { letters: "AF", place: 2, numbers: 0..=10 },
    Row { letters: "F", place: 3, numbers: 0..=10 },
    Row { letters: "FC", place: 4, numbers: 0..=6 },
    Row { letters: "FT", place: 4, numbers: 7..=10 },
    Row { letters: "C", place: 5, numbers: 0..=6 },
    Row { letters: "T", place: 5, numbers: 7..=10 },
    Row { letters: "CP", place: 6, numbers: 0..=6 },
    Row { letters: "TP", place: 6, numbers: 7..=10 },
    Row { letters: "P", place: 7, numbers: 0..=10 },
    Row { letters: "PO", place: 8, numbers: 0..=10 },
    Row { letters: "O", place: 9, numbers: 0..=2 },
    Row { letters: "I", place: 10, numbers: 0..=2 },
];

impl Electrode {
    /// The electrode that a channel is named after; `None` where the name is not known.
    pub fn of(channel: &str) -> Option<Self> {
        let name = bare(channel);
        let split = name.find(|c: char| c.is_ascii_digit()).unwrap_or_else(|| name.len().saturating_sub(1));
        let (letters, place) = name.split_at_checked(split)?;
        let number = match place {
            "z" | "Z" => 0,
            digits if digits.starts_with('0') => return None,
            digits => digits.parse().ok().filter(|number| *number > 0)?,
        };
        let (letters, number) = match (letters.to_ascii_uppercase().as_str(), number) {
            ("T", 3 | 4) => ("T", number + 4),
            ("T", 5 | 6) => ("P", number + 2),
            ("O", 9 | 10) => ("I", number - 8),
            _ => (letters, number),
        };
        let row = ROWS.iter().find(|row| row.letters.eq_ignore_ascii_case(letters))?;
        row.numbers.contains(&number).then_some(Self { row: row.letters, number })
    }

    /// As it is written today, e.g. `Fp1`.
    pub fn name(&self) -> String {
        match self.number {
            0 => format!("{}z", self.row),
            number => format!("{}{number}", self.row),
        }
    }

    /// Its direction from the centre of the sphere, of length 1.
    pub fn direction(&self) -> Direction {
        let place = ROWS.iter().find(|row| row.letters == self.row).map_or(0, |row| row.place);
        let side = if self.number % 2 == 1 { -1.0 } else { 1.0 };
        match (self.row, self.number) {
            (_, 0) => midline(place),
            ("Fp", _) => around(1, side, 4.0),
            ("O", _) => around(9, side, 4.0),
            ("I", _) => around(9, side, 5.0),
            (_, 7 | 8) => around(place, side, 4.0),
            (_, 9 | 10) => around(place, side, 5.0),
            (_, number) => in_row(place, side, f64::from(number.div_ceil(2)) / 4.0),
        }
    }
}

/// A channel's name without what recordings write around that of the electrode.
fn bare(channel: &str) -> &str {
    let mut name = channel.trim();
    if let Some((head, rest)) = name.split_at_checked(3)
        && head.eq_ignore_ascii_case("eeg")
        && rest.starts_with([' ', '-', '_', ':'])
    {
        name = rest[1..].trim();
    }
    if let Some((electrode, reference)) = name.rsplit_once('-')
        && REFERENCES.iter().any(|known| reference.trim().eq_ignore_ascii_case(known))
    {
        name = electrode.trim();
    }
    name.trim_end_matches('.')
}

/// On the midline: place 1 is Fpz, 5 is Cz, 9 is Oz.
fn midline(place: u8) -> Direction {
    let angle = ((5.0 - f64::from(place)) * STEP_FROM_VERTEX_DEG).to_radians();
    [0.0, angle.sin(), angle.cos()]
}

/// Around the head, `place` steps from the front, this many steps below the vertex.
fn around(place: u8, side: f64, steps_from_vertex: f64) -> Direction {
    let down = (steps_from_vertex * STEP_FROM_VERTEX_DEG).to_radians();
    let turn = (f64::from(place) * STEP_AROUND_DEG).to_radians();
    [side * down.sin() * turn.sin(), down.sin() * turn.cos(), down.cos()]
}

/// On the circle through the equator on both sides and the midline, this part of the way from the midline to the side.
fn in_row(place: u8, side: f64, part: f64) -> Direction {
    let top = midline(place);
    let end = around(place, 1.0, 4.0);
    // The circle is symmetric to the midline: its axes are x and the direction from between its ends to its top.
    let (half_width, rise) = (end[0], [top[1] - end[1], top[2] - end[2]]);
    let height = rise[0].hypot(rise[1]);
    let up = [rise[0] / height, rise[1] / height];
    let radius = (half_width * half_width + height * height) / (2.0 * height);
    let angle = part * half_width.atan2(radius - height);
    let below_top = radius * (1.0 - angle.cos());
    [side * radius * angle.sin(), top[1] - below_top * up[0], top[2] - below_top * up[1]]
}

#[cfg(test)]
mod tests;
