"""Leaky integrate-and-fire neurons under a constant drive and white noise."""

import numpy as np

TAU_MS, THRESHOLD_MV, RESET_MV, REFRACTORY_MS = 10.0, 20.0, 10.0, 2.0


def run(parameters, *, size, duration_ms, dt_ms, noise_mv, seed):
    drive = parameters["drive"][0]
    random = np.random.default_rng(seed)
    steps = round(duration_ms / dt_ms)
    refractory = round(REFRACTORY_MS / dt_ms)
    potential = random.uniform(RESET_MV, THRESHOLD_MV, size)
    waits = np.zeros(size, dtype=int)
    leak = np.exp(-dt_ms / TAU_MS)
    spread = noise_mv * np.sqrt(1 - leak**2)
    mean, neuron, step = np.empty(steps), [], []
    for now in range(steps):
        potential = drive + (potential - drive) * leak + spread * random.standard_normal(size)
        potential[waits > 0] = RESET_MV
        waits -= waits > 0
        fired = np.flatnonzero(potential >= THRESHOLD_MV)
        potential[fired], waits[fired] = RESET_MV, refractory
        neuron.append(fired)
        step.append(np.full(len(fired), now + 1))
        mean[now] = potential.mean()
    neuron, step = np.concatenate(neuron), np.concatenate(step)
    return {
        "spikes": {"population": np.full(len(neuron), "E"), "neuron": neuron, "step": step},
        "populations": {
            "population": "E",
            "size": size,
            "t_start_ms": 0.0,
            "t_stop_ms": float(duration_ms),
            "rate_hz": len(neuron) / size / (duration_ms / 1000),
        },
        "potential": {"channel": "E", "epoch": 0, "t0": dt_ms, "dt": dt_ms, "unit": "mV", "values": mean[np.newaxis]},
    }
