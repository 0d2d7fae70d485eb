"""The label table, the DKT25 merge and the protocols of Mindboggle-101 (oracles.md)."""

from collections import Counter

from contreg_adapters.mindboggle import Mindboggle

TABLE = Mindboggle().label_table()
PROTOCOLS = {protocol.name: protocol for protocol in Mindboggle().protocols()}
FAIM = PROTOCOLS["mindboggle/faim"]


def per_hemisphere(protocol):
    return {
        name: (len(ids) // 2, Counter(id_ // 1000 for id_ in ids)) for name, ids in protocol.regions.items()
    }


def both(sizes):
    return {name: (n, {1: n, 2: n}) for name, n in sizes.items()}


def test_62_labels_1xxx_left_2xxx_right():
    assert len(TABLE) == len({label.id for label in TABLE}) == 62
    assert all(label.side == {1: "L", 2: "R"}[label.id // 1000] for label in TABLE)
    assert {label.id for label in TABLE if label.side == "R"} == {
        label.id + 1000 for label in TABLE if label.side == "L"
    }
    assert not {1001, 1004, 1032, 1033} & {label.id for label in TABLE}


def test_merge_to_25_labels_a_side():
    left = {k: v for k, v in FAIM.merge.items() if k < 2000}
    assert left == {1010: 1002, 1023: 1002, 1026: 1002, 1027: 1003, 1019: 1018, 1020: 1018}
    assert FAIM.merge == left | {k + 1000: v + 1000 for k, v in left.items()}
    assert len(FAIM.labels) == 50
    assert set(FAIM.labels) == {FAIM.merge.get(label.id, label.id) for label in TABLE}


def test_region_sizes():
    sizes = {"frontal": 10, "parietal": 5, "occipital": 4, "temporal": 7, "cingulate": 5}
    assert per_hemisphere(PROTOCOLS["mindboggle/contreg"]) == both(sizes)
    assert per_hemisphere(FAIM) == both(sizes | {"frontal": 7, "cingulate": 2})
    lobes = per_hemisphere(PROTOCOLS["mindboggle/lobes"])
    assert lobes == both(sizes | {"cingulate": 4, "insula": 1})


def test_every_label_is_in_one_region():
    for protocol in PROTOCOLS.values():
        assert sorted(k for ids in protocol.regions.values() for k in ids) == sorted(protocol.labels)
        assert not protocol.identity_pairs


def test_headlines():
    assert Mindboggle.default_protocol == "mindboggle/contreg"
    assert {name: protocol.headline for name, protocol in PROTOCOLS.items()} == {
        "mindboggle/contreg": "fused",
        "mindboggle/faim": "labelmean",
        "mindboggle/lobes": "fused",
    }
