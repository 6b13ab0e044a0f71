//! One portable loop for every processor: compiled for the baseline, AVX2 and AVX-512, chosen when
//! it runs.
//!
//! Rust never fuses or reorders floating-point operations, so all three give the same bits; only
//! the width of vectors differs. Write the loop in [`Kernel::run`] with `#[inline(always)]` on it
//! and on what it calls, so that it is compiled inside each variant.

/// A loop with its operands.
pub trait Kernel {
    /// What the loop gives.
    type Output;
    /// To be marked `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// Runs `kernel` with the widest vectors of this processor.
#[inline]
pub fn vectorise<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
        {
            // SAFETY: the features that `avx512` enables were detected on this processor.
            #[allow(unsafe_code)]
            return unsafe { avx512(kernel) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature that `avx2` enables was detected on this processor.
            #[allow(unsafe_code)]
            return unsafe { avx2(kernel) };
        }
    }
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sum<'a>(&'a [f32], &'a mut [f32]);

    impl Kernel for Sum<'_> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            for (y, x) in self.1.iter_mut().zip(self.0) {
                *y = *y * 1.1 + x * 0.3;
            }
        }
    }

    #[test]
    fn variants_agree_bit_for_bit() {
        let x: Vec<f32> = (0..1001).map(|i| (i as f32).sin()).collect();
        let mut portable = vec![0.1; 1001];
        let mut widest = portable.clone();
        Sum(&x, &mut portable).run();
        vectorise(Sum(&x, &mut widest));
        assert_eq!(portable, widest);
    }
}
