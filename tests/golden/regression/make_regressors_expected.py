"""What scikit-learn says of the data beside this file: estimators that are no ridge.

usage: python make_regressors_expected.py FIXTURES, where FIXTURES/regression_expected.json has its elastic net, neighbours and support vectors.
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.datasets import make_friedman1
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import ElasticNet

here = Path(__file__).parent
fixture = json.loads((Path(sys.argv[1]) / "regression_expected.json").read_text())
cases = fixture["cases"]
out = {"sklearn": sklearn.__version__, "fixture_sklearn": fixture["sklearn"]}
for name, model in [("elastic_net", "ElasticNet"), ("k_nearest_neighbours", "KNeighborsRegressor"), ("support_vector", "SVR_rbf")]:
    out[name] = [case for case in cases if case["model"] == model]

table = np.genfromtxt(here / "quadratic_features.csv", delimiter=",", names=True)
x = np.stack([table[f"f{i:02d}"] for i in range(24)], axis=1)
y = np.stack([table[f"theta{i}"] for i in range(3)], axis=1)
test = table["is_test"] == 1

# Seven hundred rows, of which the last three hundred are test rows.
xf, yf = make_friedman1(n_samples=700, n_features=10, noise=1.0, random_state=3)
xf, yf = np.round(xf, 6), np.round(yf, 6)
header = ",".join([f"x{i}" for i in range(10)] + ["y"])
np.savetxt(here / "friedman.csv", np.column_stack([xf, yf]), delimiter=",", header=header, comments="", fmt="%.6f")


def errors(make, xa, ya, xb, yb, seeds=10):
    found = []
    for seed in range(seeds):
        columns = [make(seed).fit(xa, ya[:, t]).predict(xb) for t in range(ya.shape[1])]
        found.append(((np.stack(columns, axis=1) - yb) ** 2).mean(axis=0))
    return {"test_mse_mean": np.mean(found, axis=0).tolist(), "test_mse_sd": np.std(found, axis=0).tolist()}


out["statistical"] = []
for model, kinds in [
    (ExtraTreesRegressor, [{}, {"max_features": 8, "min_samples_leaf": 3}]),
    (RandomForestRegressor, [{}]),
    (GradientBoostingRegressor, [{}, {"n_estimators": 200, "subsample": 0.5, "max_depth": 4, "min_samples_leaf": 5}]),
]:
    for kw in kinds:
        make = lambda seed: model(random_state=seed, **kw)
        out["statistical"].append({
            "model": model.__name__, "kw": kw,
            "quadratic": errors(make, x[~test], y[~test], x[test], y[test], 5 if model is GradientBoostingRegressor else 10),
            "friedman": errors(make, xf[:400], yf[:400, None], xf[400:], yf[400:, None]),
        })

# Two hundred rows; target without its mean and in units of its standard deviation, as `normalize_y` does.
kernel = ConstantKernel(1.0, (1e-4, 1e4)) * RBF(np.ones(10), (1e-2, 1e4)) + WhiteKernel(0.1, (1e-6, 1e2))
gp = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=3, random_state=0, alpha=0).fit(xf[:200], yf[:200])
mean, sd = gp.predict(xf[400:], return_std=True)
theta = np.exp(gp.kernel_.theta)
out["gaussian_process"] = {
    "rows": 200, "log_marginal_likelihood": gp.log_marginal_likelihood_value_, "signal_variance": theta[0],
    "length_scales": theta[1:11].tolist(), "noise_variance": theta[11], "mean": mean.tolist(), "sd": sd.tolist(),
    "note": "sd includes the noise (predict of a kernel with WhiteKernel)",
}
(here / "regressors_expected.json").write_text(json.dumps(out, indent=None) + "\n")
