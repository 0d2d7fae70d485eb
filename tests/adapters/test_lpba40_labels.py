"""The label table and the protocols of LPBA40."""

from contreg_adapters.lpba40 import Lpba40

PROTOCOLS = {protocol.name: protocol for protocol in Lpba40().protocols()}
REGIONS = {"frontal", "parietal", "occipital", "temporal", "cingulate", "putamen", "hippocampus"}


def test_56_structures_odd_left_even_right():
    table = Lpba40().label_table()
    assert len(table) == len({label.id for label in table}) == 56
    assert all(label.side == ("M" if label.id > 180 else "RL"[label.id % 2]) for label in table)
    names = {label.id: label.name for label in table}
    assert (names[163], names[165], names[181]) == ("putamen", "hippocampus", "cerebellum")


def test_protocols_and_their_labels():
    assert {name: len(protocol.labels) for name, protocol in PROTOCOLS.items()} == {
        "lpba40/contreg": 54,
        "lpba40/official": 47,
        "lpba40/faim": 52,
    }
    assert all(set(protocol.regions) == REGIONS for protocol in PROTOCOLS.values())
    assert Lpba40.default_protocol in PROTOCOLS


def test_official_parietal_stops_at_45():  # F.8: id 47 is background there
    assert PROTOCOLS["lpba40/official"].regions["parietal"] == (41, 42, 43, 44, 45)
    assert PROTOCOLS["lpba40/faim"].regions["parietal"] == tuple(range(41, 51))
    assert PROTOCOLS["lpba40/contreg"].regions == PROTOCOLS["lpba40/faim"].regions


def test_identity_pairs_and_headlines():
    assert [name for name, protocol in PROTOCOLS.items() if protocol.identity_pairs] == ["lpba40/official"]
    assert {name: protocol.headline for name, protocol in PROTOCOLS.items()} == {
        "lpba40/contreg": "fused",
        "lpba40/official": "fused",
        "lpba40/faim": "labelmean",
    }


def test_cerebellum_and_brainstem_are_in_no_protocol():
    assert not any({181, 182} & set(protocol.labels) for protocol in PROTOCOLS.values())
