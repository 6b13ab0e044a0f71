"""A module beside the script: its content is part of the key as well."""

import numpy as np


def boxcar(values, width):
    return np.convolve(values, np.full(width, 1 / width), mode="valid")
