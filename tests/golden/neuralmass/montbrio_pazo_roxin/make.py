"""Montbrio-Pazo-Roxin population by SciPy: python make.py > expected.json"""
import json

import numpy as np
from scipy.integrate import solve_ivp


def population(tau, Delta, eta, J, I):
    def f(t, y):
        r, v = y
        return [Delta / (np.pi * tau**2) + 2 * r * v / tau,
                (v * v + eta + J * tau * r + I - (np.pi * tau * r) ** 2) / tau]
    return f


runs = []
for tau, Delta, eta, J, I, start in [(1, 1, -5, 15, 0, [0.05, -2]), (1, 1, -5, 15, 0, [1, 0]),
                                     (10, 0.7, -4.6, 14.5, 3, [0.01, -1.5])]:
    times = [tau * t for t in [0.5, 1, 2, 5, 10, 20]]
    s = solve_ivp(population(tau, Delta, eta, J, I), [0, times[-1]], start, "DOP853", times, rtol=1e-13, atol=1e-14)
    runs.append({"tau": tau, "Delta": Delta, "eta": eta, "J": J, "I_ext": I, "start": start, "times_ms": times,
                 "states": s.y.T.tolist()})


def pair(t, y, tau=2.0, K=3.0, I=(0.5, 2.0), w=((0.0, 0.5), (1.0, 0.0))):
    c = [w[i][0] * y[0] + w[i][1] * y[2] for i in range(2)]
    one, other = [population(tau, 1, -5, 15, I[i] + K * tau * c[i]) for i in range(2)]
    return one(t, y[:2]) + other(t, y[2:])


times = [1, 2, 5, 10, 20, 40]
starts = [[0.05, -2], [0.5, 0]]
s = solve_ivp(pair, [0, 40], starts[0] + starts[1], "DOP853", times, rtol=1e-13, atol=1e-14)
network = {"tau": 2.0, "K_gl": 3.0, "I_ext": [0.5, 2.0], "weights": [[0.0, 0.5], [1.0, 0.0]], "start": starts,
           "times_ms": times, "states": s.y.T.tolist()}
print(json.dumps({"runs": runs, "network": network}, indent=1))
