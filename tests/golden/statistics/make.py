"""Writes the figures of this folder; the README says with which versions."""
import itertools, json, warnings
import numpy as np, pandas as pd, scipy
from scipy import stats, special, optimize
import statsmodels, statsmodels.formula.api as smf
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")

# distributions.json
d = {}
d["two_sided_t"] = [[t, df, 2 * stats.t.sf(abs(t), df)] for t in (0.01, 0.5, 1.3, 2.9, 8.0, 45.0) for df in (1, 2, 3.7, 12, 150, 2e4)
                    if stats.t.sf(t, df) > 1e-250]
d["two_sided_normal"] = [[z, 2 * stats.norm.sf(z)] for z in (0.001, 0.3, 1.0, 1.96, 4.0, 9.0, 30.0)]
d["above_chi_squared"] = [[x, k, stats.chi2.sf(x, k)] for x in (0.001, 0.7, 3.0, 11.0, 90.0) for k in (1, 2, 3, 7, 40)]
d["two_sided_t_quantile"] = [[p, df, stats.t.isf(p / 2, df)] for p in (0.5, 0.1, 0.05, 0.001) for df in (1, 2, 5.5, 30, 1000)]
def nct(t, df, delta):  # the integral over the chi density, by adaptive quadrature: scipy's own nct loses digits in the tails
    logc = np.log(2) + df / 2 * np.log(df / 2) - special.gammaln(df / 2)
    f = lambda s: special.ndtr(t * s - delta) * np.exp(logc + (df - 1) * np.log(s) - df * s * s / 2) if s > 0 else 0.0
    width = 14 / np.sqrt(2 * df)
    lo, hi = max(0, 1 - width), 1 + width
    points = [p for p in ((delta + k) / t for k in (-6, -2, 0, 2, 6)) if lo < p < hi] if t else None
    from scipy.integrate import quad
    return quad(f, lo, hi, points=points, limit=500, epsabs=1e-14, epsrel=1e-13)[0]
cases = [(t, df, delta) for df in (1, 2, 5, 20, 198) for t in (-3.0, 0.0, 0.8, 4.0, 25.0) for delta in (-1.0, 0.5, 3.0, 24.0)]
d["noncentral_t"] = [[t, df, delta, nct(t, df, delta)] for t, df, delta in cases]
worst = max(abs(r[3] - stats.nct.cdf(*r[:3])) for r in d["noncentral_t"])
print("largest difference to scipy.stats.nct", worst)
rows = []
for t, df, conf in [(0.0, 10, 0.95), (2.2, 18, 0.95), (-4.0, 6, 0.9), (9.0, 58, 0.95), (1.1, 398, 0.99), (60.0, 12, 0.95), (0.4, 1, 0.95)]:
    tail = (1 - conf) / 2
    bracket = (t - 30 - 3 * abs(t), t + 30 + 3 * abs(t))
    ends = [optimize.brentq(lambda x: nct(t, df, x) - q, *bracket, xtol=1e-13, rtol=1e-14) for q in (1 - tail, tail)]
    rows.append([t, df, conf, *ends])
d["noncentrality_interval"] = rows
import mpmath
mpmath.mp.dps = 40
d["hedges_factor"] = [[df, float(mpmath.gamma(mpmath.mpf(df) / 2) / (mpmath.sqrt(mpmath.mpf(df) / 2) * mpmath.gamma((mpmath.mpf(df) - 1) / 2)))]
                      for df in (2, 3, 10, 58, 1000, 20000)]
json.dump(d, open("distributions.json", "w"), indent=0)

# mixed_models.csv and mixed_models.json
rng = np.random.default_rng(20261127)
frames = []
def data(name, subjects, most, slope, sd0, sd1, rho, noise, groups):
    cov = np.array([[sd0**2, rho * sd0 * sd1], [rho * sd0 * sd1, sd1**2]])
    rows = []
    for s in range(subjects):
        g = groups[s % len(groups)]
        n = int(rng.integers(2, most + 1))
        b = rng.multivariate_normal([0, 0], cov) if sd1 else np.array([rng.normal(0, sd0), 0.0]) if sd0 else np.zeros(2)
        x = np.round(rng.uniform(0, 9, n), 2)
        age = float(rng.integers(50, 80))
        for xi in x:
            y = 1.5 + 0.8 * (g == groups[1]) + 0.3 * xi + slope * (g == groups[-1]) * xi + 0.02 * (age - 60) + b[0] + b[1] * xi + rng.normal(0, noise)
            rows.append((name, f"s{s:02d}", g, age, xi, round(y, 6)))
    frames.append(pd.DataFrame(rows, columns=["data", "subject", "group", "age", "x", "y"]))
data("unbalanced", 24, 9, 0.1, 1.0, 0.0, 0.0, 0.8, ["HC", "AD"])
data("slopes", 30, 12, 0.25, 1.2, 0.4, 0.3, 0.9, ["HC", "AD", "MCI"])
data("singular", 12, 7, 0.0, 0.0, 0.0, 0.0, 1.0, ["HC", "AD"])
frame = pd.concat(frames)
frame.to_csv("mixed_models.csv", index=False)
models = [
    ("unbalanced", ["group"], []), ("unbalanced", ["group", "x", "group:x"], []), ("unbalanced", ["group", "age"], []),
    ("slopes", ["group", "x"], ["x"]), ("slopes", ["group", "x", "group:x"], ["x"]), ("slopes", ["x"], []),
    ("singular", ["group"], []),
]
out = []
for name, fixed, slopes in models:
    sub = frame[frame.data == name].reset_index(drop=True)
    terms = [t.replace("group", "C(group, Treatment('HC'))") for t in fixed]
    for reml in (True, False):
        m = smf.mixedlm("y ~ " + " + ".join(terms), sub, groups="subject", re_formula="~" + " + ".join(["1"] + slopes))
        # The best of several optimisers, the last from where the best has ended; some end where the likelihood is no number.
        finite = lambda fits: max((f for f in fits if np.isfinite(f.llf)), key=lambda f: f.llf)
        f = finite([m.fit(reml=reml, method=[method], maxiter=4000) for method in ("lbfgs", "bfgs", "cg", "powell", "nm")])
        f = finite([f] + [m.fit(reml=reml, start_params=f.params_object, method=[method], gtol=1e-11, maxiter=4000) for method in ("bfgs", "cg")])
        f = finite([f, m.fit(reml=reml, start_params=f.params_object, method=["nm"], xtol=1e-12, ftol=1e-15, maxiter=9000, maxfev=9000)])
        names = [n.replace("C(group, Treatment('HC'))[T.", "group[") for n in f.fe_params.index]
        names = ["(Intercept)" if n == "Intercept" else n for n in names]
        # Of generalised least squares with these variances, as lme4 says it. statsmodels inverts the Hessian of all parameters, which
        # differs by up to 1e-3 in unbalanced data.
        gls = np.zeros((m.k_fe, m.k_fe))
        for x, z in zip(m.exog_li, m.exog_re_li):
            v = f.scale * np.eye(len(x)) + z @ np.asarray(f.cov_re) @ z.T
            gls += x.T @ np.linalg.solve(v, x)
        se = np.sqrt(np.diag(np.linalg.inv(gls)))
        print("se: largest difference to statsmodels", np.abs(se / f.bse_fe.values - 1).max())
        out.append({"data": name, "fixed": fixed, "slopes": slopes, "method": "reml" if reml else "ml", "rows": int(len(sub)),
                    "names": names, "estimates": list(f.fe_params), "se": list(se),
                    "variances": np.asarray(f.cov_re).tolist(), "residual_variance": f.scale, "log_likelihood": f.llf,
                    "aic": f.aic if not reml else None, "bic": f.bic if not reml else None})
        print(name, fixed, slopes, reml, f.llf, np.asarray(f.cov_re).tolist(), f.scale, f.converged)
json.dump(out, open("mixed_models.json", "w"), indent=1)

# tests.json: two groups over four channels, by scipy
two = {"first": rng.normal(0.4, 1, (4, 7)).round(4).tolist(), "second": rng.normal(0, 1.5, (4, 6)).round(4).tolist()}
x, y = np.array(two["first"]), np.array(two["second"])
two["pooled"] = [list(map(float, stats.ttest_ind(a, b))) for a, b in zip(x, y)]
two["welch"] = [list(map(float, stats.ttest_ind(a, b, equal_var=False))) for a, b in zip(x, y)]
two["paired"] = [list(map(float, stats.ttest_rel(a[:6], b))) for a, b in zip(x, y)]
# All 1716 relabellings, and all 64 flips of signs, written out.
def exact(stat):
    every = []
    both = np.concatenate([x, y], axis=1)
    for first in itertools.combinations(range(13), 7):
        mask = np.zeros(13, bool); mask[list(first)] = True
        every.append([abs(stat(c[mask], c[~mask])) for c in both])
    every = np.array(every); seen = np.array([abs(stat(a, b)) for a, b in zip(x, y)])
    near = 1 - 1e-12
    return {"p": (every >= seen * near).mean(0).tolist(), "p_max": [float((every.max(1) >= s * near).mean()) for s in seen], "permutations": len(every)}
two["exact_pooled"] = exact(lambda a, b: stats.ttest_ind(a, b)[0])
two["exact_welch"] = exact(lambda a, b: stats.ttest_ind(a, b, equal_var=False)[0])
diff = x[:, :6] - y
t1 = lambda v: abs(v.mean() / (v.std(ddof=1) / np.sqrt(len(v))))
every = np.array([[t1(v * np.array(signs)) for v in diff] for signs in itertools.product([1, -1], repeat=6)])
seen = np.array([t1(v) for v in diff])
two["exact_paired"] = {"p": (every >= seen * (1 - 1e-12)).mean(0).tolist(), "p_max": [float((every.max(1) >= s * (1 - 1e-12)).mean()) for s in seen], "permutations": 64}
p = [r[1] for r in two["pooled"]]
two["holm"] = multipletests(p, method="holm")[1].tolist()
two["fdr"] = multipletests(p, method="fdr_bh")[1].tolist()
json.dump(two, open("tests.json", "w"), indent=0)
print("scipy", scipy.__version__, "statsmodels", statsmodels.__version__, "numpy", np.__version__, "pandas", pd.__version__, "mpmath", mpmath.__version__)
