"""Jansen-Rit column by SciPy: python make.py > expected.json"""
import json

import numpy as np
from scipy.integrate import solve_ivp

A, B, a, b, C, e0, r, v0 = 3.25, 22.0, 100.0, 50.0, 135.0, 2.5, 0.56, 6.0
C1, C2, C3, C4 = C, 0.8 * C, 0.25 * C, 0.25 * C


def S(v):
    return 2 * e0 / (1 + np.exp(r * (v0 - v)))


def column(p):
    """Seconds; y3, y4, y5 in mV/s."""
    def f(t, y):
        return [
            y[3], y[4], y[5],
            A * a * S(y[1] - y[2]) - 2 * a * y[3] - a * a * y[0],
            A * a * (p + C2 * S(C1 * y[0])) - 2 * a * y[4] - a * a * y[1],
            B * b * C4 * S(C3 * y[0]) - 2 * b * y[5] - b * b * y[2],
        ]
    return f


start = [0.1, 10.0, 5.0, 0.0, 0.0, 0.0]
times = [10, 50, 100, 250, 500, 1000]
runs = []
for p in [120.0, 220.0, 320.0]:
    s = solve_ivp(column(p), [0, 1], start, "DOP853", [t / 1000 for t in times], rtol=1e-13, atol=1e-13)
    runs.append({"p": p, "states": [list(y[:3]) + list(y[3:] / 1000) for y in s.y.T]})


def pair(t, y, K=10.0, p=(220.0, 120.0), w=((0.0, 0.5), (1.0, 0.0))):
    rate = [S(y[1] - y[2]), S(y[7] - y[8])]
    inputs = [p[i] + K * (w[i][0] * rate[0] + w[i][1] * rate[1]) for i in range(2)]
    return column(inputs[0])(t, y[:6]) + column(inputs[1])(t, y[6:])


starts = [start, [0.05, 12.0, 9.0, 0.0, 0.0, 0.0]]
s = solve_ivp(pair, [0, 1], starts[0] + starts[1], "DOP853", [t / 1000 for t in times], rtol=1e-13, atol=1e-13)
scale = np.array([1, 1, 1, 1e-3, 1e-3, 1e-3] * 2)
network = {"K_gl": 10.0, "p": [220.0, 120.0], "weights": [[0.0, 0.5], [1.0, 0.0]], "start": starts,
           "states": [list(y * scale) for y in s.y.T]}
print(json.dumps({"start": start, "times_ms": times, "runs": runs, "network": network}, indent=1))
