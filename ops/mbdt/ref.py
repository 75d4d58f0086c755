"""mbdt as a PyTorch module, for cross-checks and as a baseline.

forward takes the inputs in the order of op.json and returns the output (a
tuple, where there are several, in the order of op.json).  Dimensions of
op.json may be passed as keywords; those that the shapes tell are ignored.
"""

import torch


class Model(torch.nn.Module):
    def forward(self, borders, x, **dims):
        start = torch.arange(len(borders), device=x.device)[:, None]
        return torch.searchsorted(borders, x) + start * borders.shape[1]
