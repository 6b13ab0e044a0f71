//! The profiled deviance and its gradient, from cross products of each level of the grouping factor.
//!
//! With A = L L', K_j = (I + Z_j'Z_j A)^-1 (so that Z_j' V^-1 = K_j Z_j'), C = (X' V^-1 X)^-1 and g_j = K_j Z_j' (y - X beta):
//!
//! ```text
//! d deviance = tr(S dA),   S = sum_j [ K_j Z_j'Z_j - (m / r^2) g_j g_j' - {REML: K_j Z_j'X C X'Z_j K_j'} ],   m = n or n - p
//! ```
//!
//! and so the gradient by L is twice the lower triangle of S L.

use nalgebra::{Cholesky, DMatrix, DVector};

/// Sums over the rows of each level, and over all.
pub(super) struct Products {
    pub(super) n: usize,
    zz: Vec<DMatrix<f64>>,
    zx: Vec<DMatrix<f64>>,
    zy: Vec<DVector<f64>>,
    xx: DMatrix<f64>,
    xy: DVector<f64>,
    yy: f64,
    /// log|X' X| of the columns before they were made orthonormal: REML is of these.
    log_determinant: f64,
}

/// The deviance for one L.
pub(super) struct Evaluated {
    pub(super) deviance: f64,
    /// By the lower triangle of L; the rest is zero.
    pub(super) gradient: DMatrix<f64>,
    pub(super) beta: DVector<f64>,
    /// (X' V^-1 X)^-1.
    pub(super) covariance: DMatrix<f64>,
    /// r^2.
    pub(super) residual: f64,
}

impl Products {
    /// Of columns `x` and `z` with orthonormal columns, values `y`, and the level of each row.
    pub(super) fn new(
        x: &DMatrix<f64>,
        z: &DMatrix<f64>,
        y: &DVector<f64>,
        groups: &[usize],
        levels: usize,
        log_determinant: f64,
    ) -> Self {
        let (p, q) = (x.ncols(), z.ncols());
        let mut zz = vec![DMatrix::zeros(q, q); levels];
        let mut zx = vec![DMatrix::zeros(q, p); levels];
        let mut zy = vec![DVector::zeros(q); levels];
        for (row, &group) in groups.iter().enumerate() {
            let (of_z, of_x) = (z.row(row).transpose(), x.row(row));
            zz[group] += &of_z * of_z.transpose();
            zx[group] += &of_z * of_x;
            zy[group] += &of_z * y[row];
        }
        Self {
            n: y.len(),
            zz,
            zx,
            zy,
            xx: x.transpose() * x,
            xy: x.transpose() * y,
            yy: y.norm_squared(),
            log_determinant,
        }
    }

    /// None where the deviance is no number.
    pub(super) fn evaluate(&self, l: &DMatrix<f64>, restricted: bool) -> Option<Evaluated> {
        let (p, q) = (self.xx.ncols(), l.ncols());
        let a = l * l.transpose();
        let identity = DMatrix::<f64>::identity(q, q);
        let mut log_v = 0.0;
        let mut xvx = self.xx.clone();
        let mut xvy = self.xy.clone();
        let mut yvy = self.yy;
        let mut solved = Vec::with_capacity(self.zz.len());
        for ((zz, zx), zy) in self.zz.iter().zip(&self.zx).zip(&self.zy) {
            let factor = Cholesky::new(l.transpose() * zz * l + &identity)?;
            log_v += 2.0 * factor.l_dirty().diagonal().iter().map(|d| d.ln()).sum::<f64>();
            let (lx, ly) = (l.transpose() * zx, l.transpose() * zy);
            let (wx, wy) = (factor.solve(&lx), factor.solve(&ly));
            xvx -= lx.transpose() * &wx;
            xvy -= lx.transpose() * &wy;
            yvy -= ly.dot(&wy);
            let k = (&identity + zz * &a).lu();
            solved.push((k.solve(zz)?, k.solve(zx)?, k.solve(zy)?));
        }
        let xvx = Cholesky::new(xvx)?;
        let beta = xvx.solve(&xvy);
        let residual = yvy - xvy.dot(&beta);
        let covariance = xvx.inverse();
        let m = if restricted { self.n - p } else { self.n } as f64;
        let log_xvx = self.log_determinant + 2.0 * xvx.l_dirty().diagonal().iter().map(|d| d.ln()).sum::<f64>();
        let of_fixed = if restricted { log_xvx } else { 0.0 };
        let deviance = log_v + of_fixed + m * (1.0 + (2.0 * std::f64::consts::PI * residual / m).ln());
        let mut s = DMatrix::zeros(q, q);
        for (kzz, kzx, kzy) in &solved {
            let g = kzy - kzx * &beta;
            s += kzz - &g * g.transpose() * (m / residual);
            if restricted {
                s -= kzx * &covariance * kzx.transpose();
            }
        }
        let gradient = (s * l * 2.0).lower_triangle();
        (deviance.is_finite() && residual > 0.0).then_some(Evaluated { deviance, gradient, beta, covariance, residual })
    }
}
