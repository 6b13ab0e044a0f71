"""Exact steps of backward Euler on a branched passive neuron; prints branched.csv. Standard library only."""

from decimal import Decimal as D, getcontext

getcontext().prec = 50
PI = D("3.14159265358979323846264338327950288419716939937510")
UM = D("1e-6")


def cone(l, d1, d2):
    l, d1, d2 = (D(x) * UM for x in (l, d1, d2))
    d = (d1 + d2) / 2
    return PI / 2 * (d1 + d2) * ((d1 - d2) ** 2 / 4 + l * l).sqrt(), PI / 2 * d1 * d / l, PI / 2 * d * d2 / l


taper = ["1.5", "1.3", "1.0", "0.8", "0.5"]
sections = [
    (None, [(PI * (20 * UM) ** 2, D(1), D(1))]),
    (0, [cone(10, 2, 2)] * 10),
    (1, [cone(30, "1.2", "1.2")] * 5),
    (1, [cone(20, a, b) for a, b in zip(taper, taper[1:])]),
    (0, [cone(20, 1, 1)] * 10),
]
ri, cm, dt, gl, el = D(1), D("0.01"), D("25e-6"), D(1), D("-0.07")
count = sum(len(compartments) for _, compartments in sections)
size = count + len(sections)  # a node at the end of each section
matrix = [[D(0)] * size for _ in range(size)]
areas = []


def link(a, b, g):
    matrix[a][a] += g
    matrix[b][b] += g
    matrix[a][b] -= g
    matrix[b][a] -= g


for number, (parent, compartments) in enumerate(sections):
    before = None
    for area, r1, r2 in compartments:
        own = len(areas)
        areas.append(area)
        if before is not None:
            link(own - 1, own, 1 / (ri * (1 / before + 1 / r1)))
        elif parent is not None:
            link(count + parent, own, r1 / ri)
        before = r2
    link(own, count + number, before / ri)
for i in range(count):
    matrix[i][i] += areas[i] * (cm / dt + gl)
matrix[0][0] += D("0.5e-9")
point = [D("0.05e-9") if i == 14 else D(0) for i in range(count)]

for k in range(size):  # LU without pivoting: the matrix is positive definite
    for i in range(k + 1, size):
        matrix[i][k] /= matrix[k][k]
        for j in range(k + 1, size):
            matrix[i][j] -= matrix[i][k] * matrix[k][j]


def solve(x):
    for i in range(size):
        x[i] -= sum(matrix[i][j] * x[j] for j in range(i))
    for i in reversed(range(size)):
        x[i] = (x[i] - sum(matrix[i][j] * x[j] for j in range(i + 1, size))) / matrix[i][i]
    return x


v = [el] * count
columns = []
for step in range(1, 41):
    v = solve([areas[i] * (cm / dt * v[i] + gl * el) + point[i] for i in range(count)] + [D(0)] * len(sections))[:count]
    if step in (1, 10, 40):
        columns.append([x - el for x in v])
print("step_1,step_10,step_40")
for row in zip(*columns):
    print(",".join(repr(float(x)) for x in row))
