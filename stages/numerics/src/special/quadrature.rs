//! Gauss-Legendre quadrature with 16 points.

/// int_a^(a+length) f(x) dx by 16 Gauss-Legendre points: exact for polynomials of degree 31.
#[inline]
pub fn gauss_legendre(a: f64, length: f64, f: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * length;
    let middle = a + half;
    half * NODES.iter().map(|&(node, weight)| weight * (f(middle - half * node) + f(middle + half * node))).sum::<f64>()
}

/// The positive nodes on [-1, 1] and their weights; the others are their mirror images.
pub const NODES: [(f64, f64); 8] = [
    (0.09501250983763744, 0.1894506104550685),
    (0.2816035507792589, 0.18260341504492358),
    (0.45801677765722737, 0.16915651939500254),
    (0.6178762444026438, 0.14959598881657674),
    (0.755404408355003, 0.12462897125553388),
    (0.8656312023878318, 0.09515851168249279),
    (0.9445750230732326, 0.062253523938647894),
    (0.9894009349916499, 0.027152459411754096),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_degree_31_are_exact() {
        for degree in 0..32 {
            let integral = gauss_legendre(1.0, 2.0, |x| x.powi(degree));
            let exact = (3_f64.powi(degree + 1) - 1.0) / f64::from(degree + 1);
            assert!((integral / exact - 1.0).abs() < 1e-14, "degree {degree}: {integral} against {exact}");
        }
    }
}
