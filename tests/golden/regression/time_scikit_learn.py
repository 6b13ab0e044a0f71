"""Times scikit-learn on what `stages/inverse/benches/learners.rs` times: 20,000 rows, 22 features -> 7 targets, two processes or threads where it has them."""
import sys
import time

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import ElasticNet, Lasso
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR

random = np.random.default_rng(1)
x = random.normal(size=(20000, 22))
y = np.tanh(x @ random.normal(size=(22, 7)) / 4) + 0.3 * random.normal(size=(20000, 7))
kernel = ConstantKernel(1.0) * RBF(np.ones(22), (1e-5, 1e5)) + WhiteKernel(1.0, (1e-5, 1e5))
timed = {
    "random_forest": lambda: RandomForestRegressor(n_estimators=100, n_jobs=2, random_state=0).fit(x, y),
    "extra_trees": lambda: ExtraTreesRegressor(n_estimators=100, n_jobs=2, random_state=0).fit(x, y),
    "gradient_boosting (10 trees)": lambda: MultiOutputRegressor(GradientBoostingRegressor(n_estimators=10), n_jobs=2).fit(x, y),
    "neighbours": (lambda fitted: lambda: fitted.predict(x))(KNeighborsRegressor(n_jobs=2).fit(x, y)),
    "elastic_net": lambda: ElasticNet(alpha=0.01).fit(x, y),
    "lasso": lambda: Lasso(alpha=0.01).fit(x, y),
    "support_vector (4000 rows)": lambda: MultiOutputRegressor(SVR(), n_jobs=2).fit(x[:4000], y[:4000]),
    "gaussian_process (500 rows, 1 target)": lambda: GaussianProcessRegressor(kernel, normalize_y=True).fit(x[:500], y[:500, 0]),
}
for name, run in timed.items():
    if len(sys.argv) > 1 and not any(name.startswith(wanted) for wanted in sys.argv[1:]):
        continue
    start = time.perf_counter()
    run()
    print(f"{name}: {time.perf_counter() - start:.3f} s", flush=True)
