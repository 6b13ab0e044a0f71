//! Differences of conditional means, instrumental variables, differences in differences (Lepperod et al. 2023).
//!
//! A trial has booleans x, y, z of a pair and the baselines x0, y0 ([`super::Windows`]). With E[a|b=1] the mean of a over the
//! trials where b holds:
//!
//! | estimator | is |
//! |---|---|
//! | ols | E\[y\|x=1\] - E\[y\|x=0\] |
//! | iv | (E\[y\|z=0\] - E\[y\|z=1\]) / (E\[x\|z=0\] - E\[x\|z=1\]), the estimator of Wald (1940) |
//! | brew | E\[y\|x=1\] - E\[y\|z=1\] |
//! | ols_did | ols with y - y0 for y |
//! | iv_did | iv with y - y0 for y and x - x0 for x |
//! | brew_did | brew with y - y0 for y |
//!
//! Common drive raises x and y together and so biases ols; whether the source was refractory when the stimulus came (z)
//! moves x alone, which iv uses. Each is a function of sixteen sums over trials, so sums of several recordings may be
//! added before it is taken.
//!
//! References: Lepperod, Stoeber, Hafting, Fyhn & Koerding (2023) PLoS Comput Biol 19:e1011574,
//! doi:10.1371/journal.pcbi.1011574; Wald (1940) Ann Math Stat 11:284; Angrist & Pischke (2009) Mostly Harmless
//! Econometrics, chapters 4 and 5.

use super::ConnectivityError;

/// Counts of trials where something holds: the sixteen sums of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// y and z.
    pub yz: u64,
    /// z.
    pub z: u64,
    /// y, not z.
    pub yzinv: u64,
    /// Not z.
    pub zinv: u64,
    /// y and x.
    pub yx: u64,
    /// x.
    pub x: u64,
    /// y, not x.
    pub yxinv: u64,
    /// Not x.
    pub xinv: u64,
    /// x and z.
    pub xz: u64,
    /// x, not z.
    pub xzinv: u64,
    /// y0 and z.
    pub y0z: u64,
    /// y0 and x.
    pub y0x: u64,
    /// y0, not z.
    pub y0zinv: u64,
    /// y0, not x.
    pub y0xinv: u64,
    /// x0 and z.
    pub x0z: u64,
    /// x0, not z.
    pub x0zinv: u64,
}

/// An estimator of the effect of one neuron on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// Difference of means.
    Ols,
    /// Instrumental variable.
    Iv,
    /// Response when the source fires, against that when it is refractory.
    Brew,
    /// Difference of means of differences from the baseline.
    OlsDid,
    /// Instrumental variable of differences from the baseline.
    IvDid,
    /// `Brew` of differences from the baseline.
    BrewDid,
}

impl Estimator {
    /// In the order of [`Estimates`].
    pub const ALL: [Self; 6] = [Self::Ols, Self::Iv, Self::Brew, Self::OlsDid, Self::IvDid, Self::BrewDid];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        ["ols", "iv", "brew", "ols_did", "iv_did", "brew_did"][self as usize]
    }
}

/// One number for each of [`Estimator::ALL`]: change of the probability of a spike of the target, NaN where a condition is
/// met by no trial or the instrument moves nothing.
pub type Estimates = [f64; 6];

/// The estimators of a pair.
pub fn estimate(sums: &Sums) -> Estimates {
    let mean = |sum: u64, of: u64| if of == 0 { f64::NAN } else { sum as f64 / of as f64 };
    let ratio = |above: f64, below: f64| if below == 0.0 { f64::NAN } else { above / below };
    let (y_x, y_xinv) = (mean(sums.yx, sums.x), mean(sums.yxinv, sums.xinv));
    let (y_z, y_zinv) = (mean(sums.yz, sums.z), mean(sums.yzinv, sums.zinv));
    let (x_z, x_zinv) = (mean(sums.xz, sums.z), mean(sums.xzinv, sums.zinv));
    let (y0_x, y0_xinv) = (mean(sums.y0x, sums.x), mean(sums.y0xinv, sums.xinv));
    let (y0_z, y0_zinv) = (mean(sums.y0z, sums.z), mean(sums.y0zinv, sums.zinv));
    let (x0_z, x0_zinv) = (mean(sums.x0z, sums.z), mean(sums.x0zinv, sums.zinv));
    let ols = y_x - y_xinv;
    let brew = y_x - y_z;
    let iv_did = ratio((y_zinv - y0_zinv) - (y_z - y0_z), (x_zinv - x0_zinv) - (x_z - x0_z));
    [ols, ratio(y_zinv - y_z, x_zinv - x_z), brew, ols - (y0_x - y0_xinv), iv_did, brew - (y0_x - y0_z)]
}

impl Sums {
    /// The names, in the order of [`Sums::values`].
    pub const NAMES: [&'static str; 16] = [
        "yz_sum",
        "z_sum",
        "yzinv_sum",
        "zinv_sum",
        "yx_sum",
        "x_sum",
        "yxinv_sum",
        "xinv_sum",
        "xz_sum",
        "xzinv_sum",
        "y0z_sum",
        "y0x_sum",
        "y0zinv_sum",
        "y0xinv_sum",
        "x0z_sum",
        "x0zinv_sum",
    ];

    /// All sixteen.
    pub fn values(&self) -> [u64; 16] {
        let s = self;
        [
            s.yz, s.z, s.yzinv, s.zinv, s.yx, s.x, s.yxinv, s.xinv, s.xz, s.xzinv, s.y0z, s.y0x, s.y0zinv, s.y0xinv,
            s.x0z, s.x0zinv,
        ]
    }

    /// From all sixteen, which must be those of some trials.
    ///
    /// # Errors
    /// Responses that are more than their trials, or conditions whose trials are not the same.
    pub fn from_values(values: [u64; 16]) -> Result<Self, ConnectivityError> {
        let [yz, z, yzinv, zinv, yx, x, yxinv, xinv, xz, xzinv, y0z, y0x, y0zinv, y0xinv, x0z, x0zinv] = values;
        let sums = Self { yz, z, yzinv, zinv, yx, x, yxinv, xinv, xz, xzinv, y0z, y0x, y0zinv, y0xinv, x0z, x0zinv };
        let add = |a: u64, b: u64| u128::from(a) + u128::from(b);
        let wrong = |what| Err(ConnectivityError::Sums { what });
        if [yz, xz, y0z, x0z].iter().any(|sum| *sum > z) || [yzinv, xzinv, y0zinv, x0zinv].iter().any(|sum| *sum > zinv)
        {
            return wrong("more responses than trials with z, or without");
        }
        if [yx, y0x].iter().any(|sum| *sum > x) || [yxinv, y0xinv].iter().any(|sum| *sum > xinv) {
            return wrong("more responses than trials with x, or without");
        }
        if add(z, zinv) != add(x, xinv) || add(xz, xzinv) != u128::from(x) {
            return wrong("trials with and without z are not as many as trials with and without x");
        }
        if add(yz, yzinv) != add(yx, yxinv) || add(y0z, y0zinv) != add(y0x, y0xinv) {
            return wrong("responses by z are not as many as responses by x");
        }
        Ok(sums)
    }

    /// How many trials they are of.
    pub fn trials(&self) -> u64 {
        self.z.saturating_add(self.zinv)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four trials: x = 1100, y = 1010, z = 0001, y0 = 0001, x0 = z.
    fn sums() -> Sums {
        Sums::from_values([0, 1, 2, 3, 1, 2, 1, 2, 0, 2, 1, 0, 0, 1, 1, 0]).unwrap()
    }

    #[test]
    fn estimators_are_their_definitions() {
        let found = estimate(&sums());
        // ols: 1/2 - 1/2; iv: (2/3 - 0)/(2/3 - 0); brew: 1/2 - 0; DiD subtract E[y0|x] = 0, 1/2 and E[y0|z] = 1, 0.
        let expected = [0.0, 1.0, 0.5, 0.5, (2.0 / 3.0 + 1.0) / (2.0 / 3.0 + 1.0), 1.5];
        for ((found, expected), estimator) in found.iter().zip(expected).zip(Estimator::ALL) {
            assert!((found - expected).abs() < 1e-15, "{}: {found} {expected}", estimator.name());
        }
        assert_eq!(sums().values()[..4], [0, 1, 2, 3]);
        assert_eq!(sums().trials(), 4);
    }

    #[test]
    fn empty_conditions_leave_estimators_undefined() {
        // Never refractory: what needs z is undefined.
        let found = estimate(&Sums { z: 0, zinv: 4, x: 2, xinv: 2, xzinv: 2, yx: 1, yzinv: 1, ..Sums::default() });
        assert_eq!(found[0], 0.5);
        assert_eq!(found[3], 0.5);
        assert!([1, 2, 4, 5].iter().all(|&place| found[place].is_nan()), "{found:?}");
        // Always responding: what needs trials without x is undefined, as is an instrument that moves nothing.
        let found = estimate(&Sums { z: 2, zinv: 2, x: 4, xz: 2, xzinv: 2, ..Sums::default() });
        assert!(found[0].is_nan() && found[1].is_nan() && found[3].is_nan() && found[4].is_nan());
        assert_eq!(found[2], 0.0);
        assert!(estimate(&Sums::default()).iter().all(|estimate| estimate.is_nan()));
    }

    #[test]
    fn sums_that_contradict_each_other_are_errors() {
        let with = |place: usize, value: u64| {
            let mut values = sums().values();
            values[place] = value;
            Sums::from_values(values)
        };
        for place in 0..16 {
            let original = sums().values()[place];
            assert!(with(place, original).is_ok());
            assert!(with(place, u64::MAX).is_err(), "{}", Sums::NAMES[place]);
        }
        assert!(with(0, 1).unwrap_err().to_string().contains("responses by z are not as many"));
    }
}
