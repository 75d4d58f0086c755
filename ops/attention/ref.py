"""attention as a PyTorch module, for cross-checks and as a baseline.

forward takes the inputs in the order of op.json and returns the output (a
tuple, where there are several, in the order of op.json).  causal, which no
shape tells, is a keyword; other dimensions of op.json may be passed as
keywords and are ignored.
"""

import torch


class Model(torch.nn.Module):
    def forward(self, q, k, v, *, causal, **dims):
        return torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=bool(causal))
