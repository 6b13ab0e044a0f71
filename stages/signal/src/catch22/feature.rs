//! The 24 features and their names.
//!
//! Three names are in use for each: the short one (Lubba et al. 2019, as printed by every wrapper
//! since 2021), the long name of definition v1 (hctsa v3.0.0) and the legacy long name of
//! definition v0. The short names `low_freq_power` and `median_freq` were swapped in pycatch22
//! 0.4.5 (its `centroid_freq` held the power): here each name says what it is. Values are always in
//! v1 order; `Feature::V0_ORDER` gives the order of the vectors that pycatch22 0.4 and 0.6
//! returned.
//!
//! Reference: Lubba CH et al. (2019) Data Min Knowl Disc 33:1821, 10.1007/s10618-019-00647-x, table
//! 1.

/// One member of catch24. `feature as usize` is its place in [`super::Catch24::values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Centre of the fullest of 5 bins.
    Mode5,
    /// Centre of the fullest of 10 bins.
    Mode10,
    /// Where in time the large positive deviations are, -1 (start) to 1 (end).
    OutlierTimingPos,
    /// Where in time the large negative deviations are, -1 (start) to 1 (end).
    OutlierTimingNeg,
    /// Lag at which the autocorrelation falls below 1/e.
    AcfTimescale,
    /// Lag of the first minimum of the autocorrelation.
    AcfFirstMin,
    /// Power in the lowest fifth of frequencies.
    LowFreqPower,
    /// Angular frequency that halves the power, radians per sample.
    MedianFreq,
    /// Error of forecasting by the mean of the last three samples.
    ForecastError,
    /// How much differencing shortens the correlation.
    WhitenTimescale,
    /// Fraction of steps above 0.04 standard deviations.
    HighFluctuation,
    /// Longest run above the mean.
    StretchHigh,
    /// Longest run of steps that do not increase.
    StretchDecreasing,
    /// Entropy of successive pairs of three equiprobable letters.
    EntropyPairs,
    /// Automutual information at lag 2.
    Ami2,
    /// Mean cubed step: asymmetry under time reversal.
    Trev,
    /// Lag of the first minimum of the Gaussian automutual information.
    AmiTimescale,
    /// Spread of the transition probabilities between three letters.
    TransitionVariance,
    /// Lag of the first clear peak of the autocovariance.
    Periodicity,
    /// Departure of step lengths in a two-dimensional embedding from exponential.
    EmbeddingDist,
    /// Where the scaling of rescaled ranges breaks, as a fraction of scales.
    RsRange,
    /// Where the scaling of detrended fluctuations breaks, as a fraction of scales.
    Dfa,
    /// Mean of the series, in its unit.
    Mean,
    /// Standard deviation with divisor n - 1, in the unit of the series.
    Std,
}

impl Feature {
    /// All features in v1 order.
    pub const ALL: [Feature; 24] = [
        Feature::Mode5,
        Feature::Mode10,
        Feature::OutlierTimingPos,
        Feature::OutlierTimingNeg,
        Feature::AcfTimescale,
        Feature::AcfFirstMin,
        Feature::LowFreqPower,
        Feature::MedianFreq,
        Feature::ForecastError,
        Feature::WhitenTimescale,
        Feature::HighFluctuation,
        Feature::StretchHigh,
        Feature::StretchDecreasing,
        Feature::EntropyPairs,
        Feature::Ami2,
        Feature::Trev,
        Feature::AmiTimescale,
        Feature::TransitionVariance,
        Feature::Periodicity,
        Feature::EmbeddingDist,
        Feature::RsRange,
        Feature::Dfa,
        Feature::Mean,
        Feature::Std,
    ];

    /// The order in which pycatch22 0.4 and 0.6 return their values.
    pub const V0_ORDER: [Feature; 24] = [
        Feature::Mode5,
        Feature::Mode10,
        Feature::AcfTimescale,
        Feature::AcfFirstMin,
        Feature::Ami2,
        Feature::Trev,
        Feature::HighFluctuation,
        Feature::StretchHigh,
        Feature::TransitionVariance,
        Feature::Periodicity,
        Feature::EmbeddingDist,
        Feature::AmiTimescale,
        Feature::WhitenTimescale,
        Feature::OutlierTimingPos,
        Feature::OutlierTimingNeg,
        Feature::LowFreqPower,
        Feature::StretchDecreasing,
        Feature::EntropyPairs,
        Feature::RsRange,
        Feature::Dfa,
        Feature::MedianFreq,
        Feature::ForecastError,
        Feature::Mean,
        Feature::Std,
    ];

    /// The short name, as in pycatch22 1.0 (`mode_5`, `acf_timescale`, ...): the column name of
    /// feature tables.
    pub fn short_name(self) -> &'static str {
        self.names()[0]
    }

    /// The long name of definition v1 (`CO_FirstCrossing_acf_1e_pointOfCrossing`).
    pub fn long_name(self) -> &'static str {
        self.names()[1]
    }

    /// The long name of definition v0, as in pycatch22 0.4 and most of the literature
    /// (`CO_f1ecac`).
    pub fn legacy_name(self) -> &'static str {
        self.names()[2]
    }

    /// The feature with this short, long or legacy name.
    pub fn from_name(name: &str) -> Option<Feature> {
        Feature::ALL.into_iter().find(|feature| feature.names().contains(&name))
    }

    fn names(self) -> [&'static str; 3] {
        match self {
            Feature::Mode5 => ["mode_5", "DN_HistogramMode_5", "DN_HistogramMode_5"],
            Feature::Mode10 => ["mode_10", "DN_HistogramMode_10", "DN_HistogramMode_10"],
            Feature::OutlierTimingPos => {
                ["outlier_timing_pos", "DN_OutlierInclude_p_001_mdrmd", "DN_OutlierInclude_p_001_mdrmd"]
            }
            Feature::OutlierTimingNeg => {
                ["outlier_timing_neg", "DN_OutlierInclude_n_001_mdrmd", "DN_OutlierInclude_n_001_mdrmd"]
            }
            Feature::AcfTimescale => ["acf_timescale", "CO_FirstCrossing_acf_1e_pointOfCrossing", "CO_f1ecac"],
            Feature::AcfFirstMin => ["acf_first_min", "CO_FirstMin_ac", "CO_FirstMin_ac"],
            Feature::LowFreqPower => {
                ["low_freq_power", "SP_Summaries_fft_area_5_1", "SP_Summaries_welch_rect_area_5_1"]
            }
            Feature::MedianFreq => ["median_freq", "SP_Summaries_fft_wq_50", "SP_Summaries_welch_rect_centroid"],
            Feature::ForecastError => ["forecast_error", "FC_LocalSimple_mean3_stde", "FC_LocalSimple_mean3_stderr"],
            Feature::WhitenTimescale => {
                ["whiten_timescale", "FC_LocalSimple_mean1_taurat", "FC_LocalSimple_mean1_tauresrat"]
            }
            Feature::HighFluctuation => ["high_fluctuation", "MD_pNN_pnn40", "MD_hrv_classic_pnn40"],
            Feature::StretchHigh => {
                ["stretch_high", "SB_BinaryStats_mean_longstretch1", "SB_BinaryStats_mean_longstretch1"]
            }
            Feature::StretchDecreasing => {
                ["stretch_decreasing", "SB_BinaryStats_diff_longstretch0", "SB_BinaryStats_diff_longstretch0"]
            }
            Feature::EntropyPairs => ["entropy_pairs", "SB_MotifThree_quantile_hh", "SB_MotifThree_quantile_hh"],
            Feature::Ami2 => ["ami2", "CO_HistogramAMI_even_5bin_ami2", "CO_HistogramAMI_even_2_5"],
            Feature::Trev => ["trev", "CO_trev_1_num", "CO_trev_1_num"],
            Feature::AmiTimescale => {
                ["ami_timescale", "IN_AutoMutualInfoStats_40_gaussian_fmmi", "IN_AutoMutualInfoStats_40_gaussian_fmmi"]
            }
            Feature::TransitionVariance => [
                "transition_variance",
                "SB_TransitionMatrix_quantile_3_ac_sumdiagcov",
                "SB_TransitionMatrix_3ac_sumdiagcov",
            ],
            Feature::Periodicity => ["periodicity", "PD_PeriodicityWang_th0_01", "PD_PeriodicityWang_th0_01"],
            Feature::EmbeddingDist => {
                ["embedding_dist", "CO_Embed2_Dist_tau_d_expfit_meandiff", "CO_Embed2_Dist_tau_d_expfit_meandiff"]
            }
            Feature::RsRange => [
                "rs_range",
                "SC_FluctAnal_2_rsrangefit_50_1_logi_prop_r1",
                "SC_FluctAnal_2_rsrangefit_50_1_logi_prop_r1",
            ],
            Feature::Dfa => ["dfa", "SC_FluctAnal_2_dfa_50_1_2_logi_prop_r1", "SC_FluctAnal_2_dfa_50_1_2_logi_prop_r1"],
            Feature::Mean => ["mean", "DN_mean", "DN_Mean"],
            Feature::Std => ["std", "DN_Spread_std", "DN_Spread_Std"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_feature() {
        for (place, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature as usize, place);
            for name in feature.names() {
                assert_eq!(Feature::from_name(name), Some(feature));
            }
        }
        assert_eq!(Feature::from_name("catch22"), None);
    }

    #[test]
    fn v0_order_is_a_permutation() {
        let mut order = Feature::V0_ORDER;
        order.sort();
        assert_eq!(order, Feature::ALL);
    }
}
