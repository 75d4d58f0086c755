"""batch_event_truncate as a PyTorch module, for cross-checks and as a baseline.

forward takes the inputs in the order of op.json and returns the outputs, a
tuple in the order of op.json.  N, which no shape tells, is a keyword; other
dimensions of op.json may be passed as keywords and are ignored.  Outputs with
a length have their declared shape, with zeros behind the length.
"""

import torch


def owner(lengths, size):
    """For each of size items of every row: which run of lengths it is in, its
    place in the run, and whether it is in any."""
    end = lengths.cumsum(1)
    i = torch.arange(size, device=lengths.device).expand(len(lengths), size)
    run = torch.searchsorted(end, i.contiguous(), right=True)
    used = run < lengths.shape[1]
    run = run.clamp(max=lengths.shape[1] - 1)
    return run, i - (end - lengths).gather(1, run), used


def pack(x, keep, size):
    """The kept items of each row, moved to its front."""
    to = torch.where(keep, keep.cumsum(1) - 1, size)
    return x.new_zeros(len(x), size + 1).scatter(1, to, x)[:, :size]


class Model(torch.nn.Module):
    def forward(self, outer_lengths, inner_lengths, values, *, N, **dims):
        U, events = outer_lengths.shape[1], inner_lengths.shape[1]
        K = min(N, events // U)
        outer_out = outer_lengths.clamp(max=N)
        user, place, used = owner(outer_lengths, events)
        keep = used & (place < N)
        event, _, used = owner(inner_lengths * used, values.shape[1])
        keep_value = used & keep.gather(1, event)
        return (outer_out, pack(inner_lengths, keep, U * K),
                pack(values, keep_value, U * K * 3),
                keep.sum(1), keep_value.sum(1))
