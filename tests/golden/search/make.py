"""Medians of 15 runs of pycma: evaluations until the loss is below 1e-9, in ten dimensions, within [-5, 5] each."""
import json
import cma
import numpy as np


def sphere(x):
    return float(np.sum(x**2))


def rosenbrock(x):
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def rastrigin(x):
    return float(10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x)))


def evaluations(loss, mean, population, seed):
    options = {"bounds": [0, 1], "seed": seed, "verbose": -9, "maxfevals": 300000, "tolfun": 1e-12, "tolfunhist": 1e-12, "tolx": 1e-12 * 0.3}
    if population:
        options["popsize"] = population
    search = cma.CMAEvolutionStrategy(10 * [mean], 0.3, options)
    while not search.stop():
        points = search.ask()
        losses = [loss(-5 + 10 * np.asarray(x)) for x in points]
        hits = [i for i, found in enumerate(losses) if found < 1e-9]
        if hits:
            return search.countevals + hits[0] + 1
        search.tell(points, losses)
    return None


figures = {}
for name, loss, mean, population in [
    ("sphere", sphere, 0.8, None),
    ("rosenbrock", rosenbrock, 0.5, None),
    ("rastrigin", rastrigin, 0.8, 500),
]:
    runs = [evaluations(loss, mean, population, seed) for seed in range(1, 16)]
    done = sorted(run if run else float("inf") for run in runs)
    figures[name] = {"median": done[7], "failed": sum(run is None for run in runs)}
print(json.dumps({"cma": cma.__version__, "figures": figures}, indent=1))
