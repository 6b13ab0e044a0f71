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
print(json.dumps({"runs": runs}, indent=1))
