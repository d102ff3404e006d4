"""What moves a pipeline, as sentences about all of its states.

Each rank moves whole or not at all, and neighbours move together where a beat is involved. From the sentences follows,
by induction over cycles, that beats leave in the order in which they came, none lost and none repeated, each having
crossed every rank once; that the output keeps its beat until it is taken; and that nothing stands still needlessly.
"""

from __future__ import annotations

from .aig import FALSE, TRUE
from .pipeline import Pipeline, Unbalanced

Sentence = tuple[str, int]
"""A sentence about all states and inputs, and the literal that is true where it is violated."""


def sentences(pipeline: Pipeline) -> list[Sentence]:
    """All that is said of a pipeline's control, reset included."""
    if pipeline.sink.valid is None:
        wrong = [pipeline.aig.lxor(pipeline.next[n], pipeline.moved[n]) for n in pipeline.rank]
        return [("every register loads in every cycle", pipeline.aig.any(wrong))]
    return [*_handshake(pipeline), _reset(pipeline)]


def _valids(pipeline: Pipeline) -> list[int]:
    """Whether each rank holds a beat: index 0 is the input's valid, the last the output's."""
    assert pipeline.sink.valid is not None
    found = [pipeline.outputs[pipeline.sink.valid][0]]
    for rank in range(pipeline.latency, 0, -1):
        before = {n: d for n, d in pipeline.moved.items() if pipeline.rank[n] == rank}
        found += pipeline.aig.copy([found[-1]], pipeline.aig, before)
    return found[::-1]


def _enable(pipeline: Pipeline, rank: int, validity: set[int]) -> int:
    """When a rank loads: where the next value of one of its registers does not follow its present value.

    Of several registers the one with the simplest function is taken; that the others agree is a sentence.
    """
    aig, found = pipeline.aig, []
    for node, at in pipeline.rank.items():
        if at == rank and node not in validity and len(found) < 8:
            low, high = (aig.copy([pipeline.next[node]], aig, {node: x})[0] for x in (FALSE, TRUE))
            enable = aig.lxor(low, high) ^ 1
            found.append((len(aig.cone([enable])), enable))
    if not found:
        raise Unbalanced(f"rank {rank} must hold payload, not validity alone")
    return min(found)[1]


def _handshake(pipeline: Pipeline) -> list[Sentence]:
    aig, last, source, sink = pipeline.aig, pipeline.latency, pipeline.source, pipeline.sink
    assert source.valid and source.ready and sink.valid and sink.ready
    valid = _valids(pipeline)
    validity = set().union(*(aig.support([v]) for v in valid[1:]))
    enable = [FALSE, *(_enable(pipeline, k, validity) for k in range(1, last + 1))]
    accepts, offers = pipeline.outputs[source.ready][0], pipeline.bit(source.valid)
    offered, takes = valid[last], pipeline.bit(sink.ready)
    out: list[Sentence] = []

    def never(sentence: str, *violation: int) -> None:
        out.append((sentence, aig.all(violation)))

    for k in range(1, last + 1):
        wrong = [aig.lxor(pipeline.next[n], aig.mux(enable[k], pipeline.moved[n], 2 * n))
                 for n, rank in pipeline.rank.items() if rank == k]  # fmt: skip
        never(f"rank {k} loads whole or holds whole", aig.any(wrong))
    changed = aig.copy([pipeline.next[n] ^ value for n, value in pipeline.constants.items()], aig, pipeline.constants)
    never("registers that are constants stay so", aig.any(changed))
    never("what the input offers is what rank 1 takes for valid", aig.lxor(valid[0], offers))
    never("a beat that is accepted is loaded", offers, accepts, enable[1] ^ 1)
    never("a beat that is loaded is accepted", offers, accepts ^ 1, enable[1])
    for k in range(1, last):
        never(f"rank {k} is overwritten only when its beat moves on", valid[k], enable[k], enable[k + 1] ^ 1)
        never(f"rank {k} does not keep a beat that moves on", valid[k], enable[k + 1], enable[k] ^ 1)
    never("the output keeps its beat until it is taken", offered, enable[last], takes ^ 1)
    never("the output does not keep a beat that is taken", offered, takes, enable[last] ^ 1)
    all_move = aig.all([*enable[1:], accepts])
    never("all ranks move when the output's beat is taken", takes, all_move ^ 1)
    never("all ranks move when the output offers no beat", offered ^ 1, all_move ^ 1)
    seen = [*pipeline.outputs[sink.valid], *(x for port in pipeline.ports(sink) for x in pipeline.outputs[port])]
    if not aig.support(seen) <= set(pipeline.rank):
        out.append(("what the output shows depends on registers alone", TRUE))
    after = aig.copy(seen, aig, pipeline.next)
    never("valid and payload stay while the output is not ready", offered, takes ^ 1, aig.differ(seen, after))
    return out


def _reset(pipeline: Pipeline) -> Sentence:
    aig, reset, registers = pipeline.aig, pipeline.artifact.reset, pipeline.of_register
    valid = _valids(pipeline)[1:]
    if reset is None:
        sentence = "at the start no rank holds a beat"
        after = {n: TRUE if r.initial else FALSE for n, r in registers.items() if r.initial is not None}
    elif reset["kind"] == "async":
        sentence = "while reset is active no rank holds a beat"
        after = {n: TRUE if r.reset_value else FALSE for n, r in registers.items() if r.reset_value is not None}
    else:
        sentence = "one cycle of reset empties every rank, from any state"
        during = pipeline.fixed | pipeline.reset_at(True)
        after = dict(zip(registers, aig.copy([r.d for r in registers.values()], aig, during), strict=True))
    return sentence, aig.any(aig.copy(valid, aig, after))
