"""A connectome in the place of a measured one: regions in two mirrored hemispheres, links that are rarer the longer they are.

    python3 connectome.py 80 > connectome.csv

The weight of a link of distance d (mm) is lognormal times exp(-d / 25), half of that between hemispheres, and stronger between mirrored
regions; three in ten are kept. Fibres are 1.3 times as long as the distance. Needs numpy.
"""

import sys

import numpy as np

regions = int(sys.argv[1])
half = regions // 2
random = np.random.default_rng(1)

left = []
while len(left) < half:
    place = random.uniform(-1, 1, 3)
    millimetres = place * [60, 80, 55]
    if 0.55 < np.linalg.norm(place) < 1 and millimetres[0] < -8:
        left.append(millimetres)
places = np.vstack([left, left * np.array([-1, 1, 1])])
names = [f"L{i + 1:02d}" for i in range(half)] + [f"R{i + 1:02d}" for i in range(half)]

distance = np.linalg.norm(places[:, None] - places[None], axis=2)
weight = np.exp(-distance / 25) * np.exp(random.normal(0, 1, distance.shape))
weight = (weight + weight.T) / 2
for i in range(half):
    weight[i, i + half] = weight[i + half, i] = 0.3 * np.exp(random.normal(0, 0.5))
weight[:half, half:] *= 0.5
weight[half:, :half] *= 0.5
np.fill_diagonal(weight, 0)
weight[weight < np.quantile(weight[~np.eye(regions, dtype=bool)], 0.7)] = 0
weight /= weight.max()

print("source,target,weight,length_mm")
for target in range(regions):
    for source in np.flatnonzero(weight[target]):
        print(f"{names[source]},{names[target]},{weight[target, source]:.6f},{1.3 * distance[target, source]:.1f}")
