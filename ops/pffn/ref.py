"""pffn as a PyTorch module, for cross-checks and as a baseline.

forward takes the inputs in the order of op.json and returns the output (a
tuple, where there are several, in the order of op.json).  Dimensions of
op.json may be passed as keywords; those that the shapes tell are ignored.
"""

import torch
from torch.nn.functional import gelu, rms_norm


class Model(torch.nn.Module):
    def forward(self, x, w1, b1, g1, w2, b2, g2, **dims):
        h = rms_norm(gelu(torch.bmm(x, w1) + b1), g1.shape, g1, eps=1e-6)
        return rms_norm(torch.bmm(h, w2) + b2, g2.shape, g2, eps=1e-6)
